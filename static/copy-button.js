// <dk-copy>: copies the text it carries.
import { copy, say } from "./clipboard.js";
import { Element } from "./dom.js";

customElements.define("dk-copy", class extends Element {
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
});
