// <dk-theme>: steps through the system's theme, light and dark. What it says, theme.js shows and remembers.
import { announce } from "./announcing.js";
import { DebugkitElement } from "./dom.js";
import { hear, tell } from "./events.js";
import { follow } from "./store.js";

const NAMES = { auto: "Auto", light: "Light", dark: "Dark" };
const ORDER = Object.keys(NAMES);

export class DkTheme extends DebugkitElement {
  connected(signal) {
    this.#label();
    this.querySelector("button").addEventListener("click", () => this.#step(), { signal });
    hear("theme", () => this.#label(), signal);
    follow("theme", (theme) => tell(this, "theme", theme ?? "auto"), signal); // chosen in another tab
  }

  get #theme() {
    return document.documentElement.dataset.theme ?? "auto";
  }

  #step() {
    tell(this, "theme", ORDER[(ORDER.indexOf(this.#theme) + 1) % ORDER.length]);
    announce(`${NAMES[this.#theme]} theme`);
  }

  #label() {
    this.querySelector("[data-label]").textContent = NAMES[this.#theme];
  }
}

customElements.define("dk-theme", DkTheme);
