// <dk-copy>: copies the text it carries.
import { copy, say } from "./clipboard.js";
import { DebugkitElement } from "./dom.js";

export class DkCopy extends DebugkitElement {
  connected(signal) {
    this.querySelector("button").addEventListener("click", () => this.#copy(), { signal });
  }

  async #copy() {
    const button = this.querySelector("button");
    try {
      await copy(this.dataset.text);
      say(button, "Copied");
    } catch (error) {
      say(button, "Not copied");
      button.title = error.message;
    }
  }
}

customElements.define("dk-copy", DkCopy);
