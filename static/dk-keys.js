// <dk-keys>: the dialog that lists the keys.
import { DebugkitElement } from "./dom.js";
import { command, isEditable } from "./keys.js";

export class DkKeys extends DebugkitElement {
  connected(signal) {
    const dialog = this.querySelector("dialog");
    const open = () => dialog.open || dialog.showModal();
    document.addEventListener("click", (event) => event.target.closest("[data-keys]") && open(), { signal });
    document.addEventListener(
      "keydown",
      (event) => {
        if (command(event, isEditable(event.target)) === "help") open();
      },
      { signal },
    );
  }
}

customElements.define("dk-keys", DkKeys);
