// <dk-frames>: opens frames in place. Panes once opened stay in the page, so that their consoles keep what they said.
import { go, here, nearest } from "./address.js";
import { announce } from "./announcing.js";
import { getFragment } from "./client.js";
import { DebugkitElement, isKeyboardClick, make, unfold } from "./dom.js";
import { hear, tell } from "./events.js";
import { command, isEditable } from "./keys.js";
import { recall, remember } from "./store.js";

export class DkFrames extends DebugkitElement {
  #panes = new Map();
  #first = null; // the row that the page came with
  #signal;

  connected(signal) {
    this.#signal = signal;
    if (!this.#main) return;
    document.addEventListener("click", (event) => this.#clicked(event), { signal });
    document.addEventListener("keydown", (event) => this.#pressed(event), { signal });
    addEventListener("hashchange", () => this.#follow(), { signal });
    hear("unlocked", ({ detail }) => this.#refresh(detail), signal);
    hear("show", (event) => event.detail.frame && this.#asked(event), signal);
    this.#first = this.#current;
    const row = this.#current;
    const pane = this.querySelector("article");
    if (row && pane) this.#panes.set(row.href, pane);
    this.#listed?.addEventListener("pointerover", (event) => this.#pointed(event), { signal, once: true });
    this.#filter(recall("frames") === "app" ? "app" : "all");
    this.#follow();
    this.#reveal(this.#current);
  }

  get #main() {
    return this.querySelector("main");
  }

  get #listed() {
    return this.querySelector("[data-list]");
  }

  get #current() {
    return this.querySelector("[data-list] a[aria-current]");
  }

  get #rows() {
    return [...this.querySelectorAll("[data-list] a[data-open]")];
  }

  #clicked(event) {
    const filter = event.target.closest("button[data-filter]");
    if (filter) {
      this.#filter(filter.dataset.filter);
      remember("frames", filter.dataset.filter);
      return;
    }
    const link = event.target.closest("a[data-open]");
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    this.#open(link.href, { focus: isKeyboardClick(event) });
  }

  /** Another element asks for the pane of a frame. */
  async #asked(event) {
    event.preventDefault();
    const url = new URL(event.detail.frame, location.href).href;
    await this.#open(url);
    event.detail.answer(this.#panes.get(url) ?? null);
  }

  #pressed(event) {
    if (document.querySelector("dialog[open]")) return;
    const name = command(event, isEditable(event.target));
    const link = event.target.closest("a[data-open]");
    if (name === "next") this.#move(1);
    else if (name === "previous") this.#move(-1);
    else if (name === "console") this.#focusConsole(event);
    else if (name === "leave") event.target.blur();
    else if (name === "editor" && link) this.#edit(link);
  }

  async #pointed(event) {
    const button = this.querySelector("[data-edit]");
    const { onRows } = await import("./row-editor.js");
    onRows(this.#listed, button, event, this.#signal, (link) => this.#edit(link));
  }

  /** Opens the frame that a link leads to, here and in the editor. */
  async #edit({ href }) {
    await this.#open(href);
    this.#panes.get(href)?.querySelector("[data-open-editor]")?.click();
  }

  #focusConsole(event) {
    const unlock = this.#shown?.querySelector("[data-unlock]");
    if (!this.#console && !unlock) return;
    event.preventDefault();
    if (this.#console) this.#console.focus();
    else unlock.click(); // and then the console gets the focus
  }

  get #console() {
    return this.#shown?.querySelector("dk-console");
  }

  get #shown() {
    return [...this.#main.children].find((pane) => !pane.hidden);
  }

  /** To the next or previous row that can be seen; a folded run counts as one step over. */
  async #move(step) {
    const rows = this.#rows.filter((row) => row.checkVisibility() || row === this.#current);
    const at = rows.indexOf(this.#current);
    const row = rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + step))];
    if (!row || row === this.#current) return;
    await this.#open(row.href, { focus: true });
    const all = this.#rows;
    announce(`Frame ${all.indexOf(row) + 1} of ${all.length}`);
  }

  /** Opens a frame; it is a `step` if Back is to lead to the one before. */
  async #open(url, { focus = false, fresh = false, step = true } = {}) {
    this.#select(url);
    if (fresh || !this.#panes.has(url)) await this.#load(url);
    const pane = this.#panes.get(url);
    if (!pane || (this.#current && this.#current.href !== url)) return; // Another was asked for meanwhile.
    for (const other of this.#main.children) other.hidden = other !== pane;
    if (step) this.#tell(url);
    if (focus) pane.querySelector("h2")?.focus({ preventScroll: true });
    this.#toTop(pane);
  }

  async #load(url) {
    this.#main.setAttribute("aria-busy", "true");
    try {
      this.#put(url, await getFragment(url, this.#signal));
    } catch (error) {
      if (error.name === "AbortError") return;
      this.#refuse(error.message);
    } finally {
      this.#main.removeAttribute("aria-busy");
    }
  }

  /** A frame that cannot be had: the one that is open stays. */
  #refuse(message) {
    const shown = this.#shown;
    const notice = make("p", { className: "notice problem", role: "alert", textContent: message });
    notice.dataset.refused = "";
    shown.querySelector("[data-refused]")?.remove();
    shown.prepend(notice);
    for (const [url, pane] of this.#panes) if (pane === shown) this.#select(url);
  }

  #put(url, pane) {
    for (const notice of this.#main.querySelectorAll("[data-refused]")) notice.remove();
    const old = this.#panes.get(url);
    if (old) old.replaceWith(pane);
    else this.#main.append(pane);
    this.#panes.set(url, pane);
    tell(pane, "opened");
  }

  #tell(url) {
    const row = this.#rows.find((link) => link.href === url);
    if (row) go({ frame: number(row), name: name(row) }, { step: true });
  }

  /** After unlocking: the frame that is open again, now with its console; the others when they are opened next. */
  async #refresh({ toConsole }) {
    const url = this.#current?.href;
    for (const [key, pane] of this.#panes) {
      if (key === url || pane.querySelector("dk-console")) continue;
      pane.remove();
      this.#panes.delete(key);
    }
    if (url && !this.#panes.get(url)?.querySelector("dk-console")) await this.#open(url, { fresh: true, step: false });
    if (toConsole) this.#console?.focus();
  }

  #select(url) {
    for (const row of this.#rows) {
      if (row.href === url) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
    const row = this.#current;
    this.#markException(row);
    this.#reveal(row);
  }

  /** The exception that the frame belongs to is marked in the list and among the steps. */
  #markException(row) {
    const own = row?.closest("[data-exception]");
    for (const section of this.querySelectorAll("[data-exception]"))
      section.toggleAttribute("data-opened", section === own);
    const urls = new Set([...(own?.querySelectorAll("a[data-open]") ?? [])].map((link) => link.href));
    for (const step of document.querySelectorAll("a[data-step]")) {
      if (urls.has(step.href)) step.setAttribute("aria-current", "step");
      else if (urls.size) step.removeAttribute("aria-current");
    }
  }

  #reveal(row) {
    if (!row) return;
    unfold(row);
    const list = this.#listed;
    const seen = list.getBoundingClientRect();
    const top = row.getBoundingClientRect().top - seen.top;
    const height = Math.min(seen.bottom, innerHeight) - seen.top;
    if (top < 0 || top > height - 40) list.scrollTop += top - height / 2;
  }

  #toTop(pane) {
    const top = pane.getBoundingClientRect().top;
    if (top < 0) scrollBy({ top: top - 52, behavior: "instant" });
  }

  #filter(name) {
    const list = this.#listed;
    if (!this.querySelector("[data-filter]")) return;
    list.dataset.filter = name;
    for (const button of this.querySelectorAll("button[data-filter]")) {
      button.setAttribute("aria-pressed", String(button.dataset.filter === name));
    }
  }

  /** The row that the address names, else the one that the page came with. */
  #addressed() {
    const place = here();
    const rows = this.#rows;
    const at = nearest(
      place,
      rows.map((row) => ({ number: number(row), name: name(row) })),
    );
    if (at < 0 && place.frame !== null) go({ frame: null, name: "" });
    else if (at >= 0) go({ frame: number(rows[at]), name: name(rows[at]) });
    return rows[at] ?? this.#first;
  }

  /** After a step back or forth, and on a page that was opened by a link to a frame or has healed. */
  #follow() {
    const row = this.#addressed();
    if (row && row !== this.#current) this.#open(row.href, { step: false });
  }
}

customElements.define("dk-frames", DkFrames);

/** The number of a row's frame, the last part of its id. */
function number(row) {
  return Number(row.href.slice(row.href.lastIndexOf("-") + 1));
}

/** The file and the function of a row's frame, as it shows them. */
function name(row) {
  const [called, where] = row.children;
  return `${where.firstElementChild.textContent}:${called.textContent}`;
}
