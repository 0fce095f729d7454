// <dk-copy-menu>: copies the whole error, as text or as Markdown. Without JavaScript its items are links to both.
import { getText } from "./client.js";
import { copy, say } from "./clipboard.js";
import { DebugkitElement } from "./dom.js";
import { command, isEditable } from "./keys.js";

export class DkCopyMenu extends DebugkitElement {
  #signal;

  connected(signal) {
    this.#signal = signal;
    this.addEventListener("click", (event) => this.#clicked(event), { signal });
    document.addEventListener("click", (event) => this.contains(event.target) || this.#close(), { signal });
    document.addEventListener("keydown", (event) => this.#pressed(event), { signal });
  }

  #clicked(event) {
    const item = event.target.closest("[data-copy]");
    if (!item || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    this.#copy(this.dataset[item.dataset.copy]);
  }

  #pressed(event) {
    if (event.key === "Escape" && this.querySelector("details").open) {
      this.#close();
      this.querySelector("summary").focus();
    } else if (command(event, isEditable(event.target)) === "copy") {
      this.#copy(this.dataset.text);
    }
  }

  async #copy(url) {
    this.#close();
    try {
      await copy(await getText(url, this.#signal));
    } catch {
      // Where nothing can be copied, the text itself is one click away.
      location.assign(url);
      return;
    }
    say(this.querySelector("[data-label]"), "Copied");
    say(this.querySelector("[role=status]"), "Copied");
  }

  #close() {
    this.querySelector("details").open = false;
  }
}

customElements.define("dk-copy-menu", DkCopyMenu);
