// <dk-keys>: the dialog that lists the keys.
import { Element } from "./dom.js";
import { command, isEditable } from "./keys.js";

customElements.define("dk-keys", class extends Element {
  connected(signal) {
    const dialog = this.querySelector("dialog");
    const open = () => dialog.open || dialog.showModal();
    document.addEventListener("click", (event) => event.target.closest("[data-keys]") && open(), { signal });
    document.addEventListener("keydown", (event) => {
      if (command(event, isEditable(event.target)) === "help") open();
    }, { signal });
  }
});
