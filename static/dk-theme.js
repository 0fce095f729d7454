// <dk-theme>: steps through the system's theme, light and dark. What it says, theme.js shows and remembers.
import { DebugkitElement } from "./dom.js";
import { tell } from "./events.js";

const NAMES = { auto: "Auto", light: "Light", dark: "Dark" };
const ORDER = Object.keys(NAMES);

export class DkTheme extends DebugkitElement {
  connected(signal) {
    this.#label();
    this.querySelector("button").addEventListener("click", () => this.#step(), { signal });
  }

  get #theme() {
    return document.documentElement.dataset.theme ?? "auto";
  }

  #step() {
    tell(this, "theme", ORDER[(ORDER.indexOf(this.#theme) + 1) % ORDER.length]);
    this.#label();
  }

  #label() {
    this.querySelector("[data-label]").textContent = NAMES[this.#theme];
  }
}

customElements.define("dk-theme", DkTheme);
