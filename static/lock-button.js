// <dk-lock>: ends the session of this browser, in all its tabs.
import { LOCK_URL, post } from "./client.js";
import { Element } from "./dom.js";
import { forgetKey } from "./session-key.js";

customElements.define("dk-lock", class extends Element {
  connected(signal) {
    this.querySelector("button").addEventListener("click", () => this.#lock(), { signal });
  }

  async #lock() {
    try {
      await post(LOCK_URL, {});
    } catch (error) {
      this.querySelector("button").title = error.message;
      return;
    }
    forgetKey();
    for (const shown of document.querySelectorAll("[data-unlocked]")) shown.hidden = true;
    for (const button of document.querySelectorAll("[data-unlock]")) button.hidden = false;
    document.querySelector("[data-unlock]")?.focus();
  }
});
