// <dk-keys>: the dialog that lists the keys, and the switch for those that are single characters.
import { DebugkitElement } from "./dom.js";
import { command, isEditable, useCharacters } from "./keys.js";
import { follow, recall, remember } from "./store.js";

const KEY = "letter-keys";

export class DkKeys extends DebugkitElement {
  connected(signal) {
    const dialog = this.querySelector("dialog");
    const open = () => document.querySelector("dialog[open]") || dialog.showModal();
    document.addEventListener("click", (event) => event.target.closest("[data-keys]") && open(), { signal });
    document.addEventListener(
      "keydown",
      (event) => {
        if (command(event, isEditable(event.target)) === "help") open();
      },
      { signal },
    );
    this.#switch.addEventListener("change", () => remember(KEY, this.#use(this.#switch.checked)), { signal });
    follow(KEY, (chosen) => this.#use(chosen !== "off"), signal);
    this.#use(recall(KEY) !== "off");
  }

  get #switch() {
    return this.querySelector("[data-characters]");
  }

  #use(yes) {
    this.#switch.checked = yes;
    useCharacters(yes);
    return yes ? "on" : "off";
  }
}

customElements.define("dk-keys", DkKeys);
