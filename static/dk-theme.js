// <dk-theme>: steps through the system's theme, light and dark, and remembers the choice.
import { DebugkitElement } from "./dom.js";
import { recall, remember } from "./store.js";

const NAMES = { auto: "Auto", light: "Light", dark: "Dark" };
const ORDER = Object.keys(NAMES);

export class DkTheme extends DebugkitElement {
  connected(signal) {
    this.#show(recall("theme") ?? "auto");
    this.querySelector("button").addEventListener("click", () => this.#step(), { signal });
  }

  #step() {
    const theme = ORDER[(ORDER.indexOf(recall("theme") ?? "auto") + 1) % ORDER.length];
    remember("theme", theme);
    this.#show(theme);
  }

  #show(theme) {
    const root = document.documentElement;
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
    this.querySelector("[data-label]").textContent = NAMES[theme] ?? NAMES.auto;
  }
}

customElements.define("dk-theme", DkTheme);
