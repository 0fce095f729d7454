// <dk-tabs>: the panels, one at a time, by the ARIA pattern for tabs. Text that is long is fetched when it is opened.
import { getElement, getText } from "./client.js";
import { DebugkitElement, make } from "./dom.js";
import { hear } from "./events.js";

export class DkTabs extends DebugkitElement {
  #signal;

  connected(signal) {
    this.#signal = signal;
    if (this.dataset.tabbed === undefined) this.#build();
    const list = this.querySelector("[role=tablist]");
    list.addEventListener("click", (event) => this.#clicked(event), { signal });
    list.addEventListener("keydown", (event) => this.#pressed(event), { signal });
    hear("unlocked", () => this.#renew(), signal);
  }

  get #panels() {
    return [...this.querySelectorAll(":scope > [data-name]")];
  }

  get #tabs() {
    return [...this.querySelectorAll("[role=tab]")];
  }

  #build() {
    const list = make("div", { className: "tabs", role: "tablist" });
    list.setAttribute("aria-label", "About the request");
    for (const panel of this.#panels) {
      const tab = make("button", {
        type: "button",
        role: "tab",
        id: `tab-${panel.id}`,
        textContent: panel.dataset.name,
      });
      tab.setAttribute("aria-controls", panel.id);
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", tab.id);
      list.append(tab);
    }
    this.prepend(list);
    this.dataset.tabbed = "";
    this.#choose(this.#tabs[0]);
  }

  #clicked(event) {
    const tab = event.target.closest("[role=tab]");
    if (tab) this.#choose(tab);
  }

  #pressed(event) {
    const tabs = this.#tabs;
    const at = tabs.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const tab = tabs[(to + tabs.length) % tabs.length];
    tab.focus();
    this.#choose(tab);
  }

  #choose(tab) {
    for (const other of this.#tabs) {
      other.setAttribute("aria-selected", String(other === tab));
      other.tabIndex = other === tab ? 0 : -1;
    }
    for (const panel of this.#panels) {
      panel.hidden = panel.getAttribute("aria-labelledby") !== tab.id;
      if (!panel.hidden && panel.dataset.load) this.#load(panel);
    }
  }

  /** Who is unlocked may see more of the request. */
  async #renew() {
    try {
      this.replaceWith(await getElement(this.dataset.page, this.localName, this.#signal));
    } catch {
      // What is shown stays true.
    }
  }

  async #load(panel) {
    const url = panel.dataset.load;
    delete panel.dataset.load;
    try {
      const text = await getText(url, this.#signal);
      panel.querySelector("p").before(make("pre", { className: "text", tabIndex: 0, textContent: text }));
      panel.querySelector("p").remove();
    } catch (error) {
      panel.dataset.load = url;
      if (error.name !== "AbortError") panel.querySelector("p").textContent = error.message;
    }
  }
}

customElements.define("dk-tabs", DkTabs);
