// <dk-clamp>: shows three lines of a long text, and the rest on demand. Without JavaScript the text is whole.
import { DebugkitElement, make } from "./dom.js";

export class DkClamp extends DebugkitElement {
  connected(signal) {
    if (this.dataset.clamped !== undefined || this.querySelector(":scope > button")) return;
    const text = this.firstElementChild;
    this.dataset.clamped = "";
    if (text.scrollHeight <= text.clientHeight + 2) {
      delete this.dataset.clamped;
      return;
    }
    const button = make("button", { type: "button", className: "link clamp-toggle", textContent: "Show all" });
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", () => this.#toggle(button), { signal });
    this.append(button);
  }

  #toggle(button) {
    const open = this.toggleAttribute("data-clamped") === false;
    button.setAttribute("aria-expanded", String(open));
    button.textContent = open ? "Show less" : "Show all";
  }
}

customElements.define("dk-clamp", DkClamp);
