// <dk-copy-menu>: copies the error, or its request, in one of several forms, or the address of what is open; prints it.
// Without JavaScript its items are links.
import { getText, getTextNow } from "./client.js";
import { copiesAtOnce, copy, say } from "./clipboard.js";
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
    const item = event.target.closest("[data-copy], [data-print]");
    if (!item || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    if (item.dataset.print !== undefined) this.#print(item);
    else if (item.dataset.copy === "link") this.#put(() => item.href + location.hash, item.href);
    else this.#copy(item.href);
    this.querySelector("summary").focus();
  }

  #pressed(event) {
    if (event.key === "Escape" && this.querySelector("details").open) {
      this.#close();
      this.querySelector("summary").focus();
    } else if (isPrint(event) && this.#printed) {
      event.preventDefault();
      this.#print(this.#printed);
    } else if (command(event, isEditable(event.target)) === "copy") {
      this.#copy(this.querySelector("[data-copy=text]").href);
    }
  }

  /** What is printed; null where there is only the page. */
  get #printed() {
    return this.querySelector("[data-print]");
  }

  async #print({ href }) {
    this.#close();
    (await import("./printing.js")).print(href);
  }

  #copy(url) {
    return this.#put(() => (copiesAtOnce() ? getTextNow(url) : getText(url, this.#signal)), url);
  }

  async #put(text, url) {
    this.#close();
    try {
      await copy(text());
    } catch {
      // Where nothing can be copied, the text itself is one click away.
      location.assign(url);
      return;
    }
    say(this.querySelector("[data-label]"), "Copied");
  }

  #close() {
    this.querySelector("details").open = false;
  }
}

/** The browser's own key, which would print no more than the page has. */
function isPrint({ key, ctrlKey, metaKey, altKey, shiftKey }) {
  const pressed = navigator.platform.startsWith("Mac") ? metaKey && !ctrlKey : ctrlKey && !metaKey;
  return pressed && !altKey && !shiftKey && key.toLowerCase() === "p";
}

customElements.define("dk-copy-menu", DkCopyMenu);
