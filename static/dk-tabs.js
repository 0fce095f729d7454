// <dk-tabs>: the panels, one at a time, by the ARIA pattern for tabs. Text that is long is fetched when it is opened.
import { go, here } from "./address.js";
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
    hear("show", (event) => event.detail.panel && this.#asked(event), signal);
    addEventListener("hashchange", () => this.#choose(this.#addressed()), { signal });
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
    this.#choose(this.#addressed());
    const { panel, frame } = here();
    if (panel && frame === null && arrived()) this.scrollIntoView({ behavior: "instant" });
  }

  /** The tab that the address names, else the first. */
  #addressed() {
    const { panel } = here();
    return this.#tabs.find((tab) => slug(tab) === panel) ?? this.#tabs[0];
  }

  /** Another element asks for a panel. */
  #asked(event) {
    const tab = this.#tabs.find((other) => slug(other) === event.detail.panel);
    if (!tab) return;
    event.preventDefault();
    this.#visit(tab);
    event.detail.answer(this.#panels.find((panel) => !panel.hidden));
  }

  #clicked(event) {
    const tab = event.target.closest("[role=tab]");
    if (tab) this.#visit(tab);
  }

  #pressed(event) {
    const tabs = this.#tabs;
    const at = tabs.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const tab = tabs[(to + tabs.length) % tabs.length];
    tab.focus();
    this.#visit(tab);
  }

  #visit(tab) {
    this.#choose(tab);
    go({ panel: slug(tab) });
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

/** What the address calls the panel of a tab. */
function slug(tab) {
  return tab.getAttribute("aria-controls").replace("panel-", "");
}

/** Whether the page was opened by its address, and not reloaded: then the browser scrolls to where it was. */
function arrived() {
  return performance.getEntriesByType("navigation")[0]?.type === "navigate";
}
