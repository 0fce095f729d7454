// <dk-lock>: ends the session of this browser, in all its tabs.
import { LOCK_URL, post } from "./client.js";
import { DebugkitElement } from "./dom.js";
import { tell } from "./events.js";
import { forgetKey } from "./session-key.js";

export class DkLock extends DebugkitElement {
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
    tell(this, "locked");
    document.querySelector("[data-unlock]")?.focus();
  }
}

customElements.define("dk-lock", DkLock);
