// <dk-search>: the button and the dialog that search the whole error. What searches is fetched at first use.
import { DebugkitElement } from "./dom.js";
import { command, isEditable } from "./keys.js";

export class DkSearch extends DebugkitElement {
  #loading = null;

  connected(signal) {
    this.querySelector("button").addEventListener("click", () => this.#open(signal), { signal });
    document.addEventListener("keydown", (event) => this.#pressed(event, signal), { signal });
  }

  #pressed(event, signal) {
    if (command(event, isEditable(event.target)) !== "search") return;
    event.preventDefault();
    this.#open(signal);
  }

  /** The dialog is open before its script has come, so that no key is lost. */
  #open(signal) {
    if (document.querySelector("dialog[open]")) return;
    this.querySelector("dialog").showModal();
    this.querySelector("input").select();
    this.#loading ??= import("./search.js").then(({ search }) => search(this, signal));
  }
}

customElements.define("dk-search", DkSearch);
