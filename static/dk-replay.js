// <dk-replay>: the button that sends the request of the error again. Without JavaScript it is not there.
import { DebugkitElement } from "./dom.js";
import { command, isEditable } from "./keys.js";

export class DkReplay extends DebugkitElement {
  connected(signal) {
    const button = this.querySelector("button");
    button.addEventListener("click", () => this.#open(signal), { signal });
    document.addEventListener(
      "keydown",
      (event) => {
        const free = !(button.hidden || document.querySelector("dialog[open]"));
        if (free && command(event, isEditable(event.target)) === "replay") this.#open(signal);
      },
      { signal },
    );
  }

  async #open(signal) {
    const { ReplayDialog } = await import("./replay-dialog.js");
    if (!signal.aborted && !this.querySelector("dialog")) new ReplayDialog(this, signal).run();
  }
}

customElements.define("dk-replay", DkReplay);
