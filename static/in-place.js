// Frames that are opened where an exception is told of in brief. Loaded when the first is.
import { getFragment } from "./client.js";
import { make } from "./dom.js";
import { hear, tell } from "./events.js";

export class InPlace {
  #link;
  #owner;
  #panes = new Map();
  #place;
  #rows = [];
  #shown = "";
  #signal;

  constructor(owner, signal) {
    this.#owner = owner;
    this.#signal = signal;
    this.#link = owner.querySelector("a[data-open]");
    this.#place = make("div", { className: "in-place", hidden: true }, this.#list() ?? "");
    this.#rows = [...this.#place.querySelectorAll("a")];
    owner.append(this.#place);
    hear("unlocked", () => this.#refresh(), signal);
  }

  /** The link of the exception opens and closes it; one of its frames opens that. */
  follow(link) {
    if (link !== this.#link) {
      this.#open(link.href);
      return;
    }
    const open = this.#owner.toggleAttribute("data-opened");
    this.#link.ariaExpanded = String(open);
    this.#place.hidden = !open;
    if (open && !this.#shown) this.#open(link.href);
  }

  /** Its frames, from the list that has those of every exception. */
  #list() {
    const own = (section) => [...section.querySelectorAll("a[data-open]")].some((row) => row.href === this.#link.href);
    const sections = [...document.querySelectorAll("[data-list] [data-exception]")].filter(own);
    return sections.at(-1)?.querySelector(":scope > ol")?.cloneNode(true); // A group holds its members: the last is it.
  }

  async #open(url) {
    this.#shown = url;
    for (const row of this.#rows) {
      if (row.href === url) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
    if (!this.#panes.has(url)) await this.#load(url);
    for (const [key, pane] of this.#panes) pane.hidden = key !== this.#shown;
  }

  async #load(url) {
    let pane;
    try {
      pane = await getFragment(url, this.#signal);
    } catch (error) {
      if (error.name === "AbortError") return;
      pane = make("p", { className: "notice problem", role: "alert", textContent: error.message });
    }
    for (const failed of this.#place.querySelectorAll(":scope > [role=alert]")) failed.remove();
    this.#place.append(pane);
    if (!pane.dataset.frame) return; // Asked for again next time.
    // Landmarks of the same name are in the page already, and may come again with the next member.
    for (const part of pane.querySelectorAll("section[aria-label], [role=region]")) part.role = "group";
    this.#panes.set(url, pane);
    tell(pane, "opened");
  }

  /** After unlocking: what is open again, now with its console. */
  #refresh() {
    for (const [url, pane] of this.#panes) {
      if (pane.querySelector("dk-console")) continue;
      pane.remove();
      this.#panes.delete(url);
    }
    if (this.#shown && !this.#panes.has(this.#shown)) this.#open(this.#shown);
  }
}
