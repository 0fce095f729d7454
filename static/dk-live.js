// <dk-live>: hears that the code has changed. Runs the request of its page again where nobody loses or repeats
// anything by that; else it says so and leaves the click to the reader. Tells other elements what it hears.
import { DebugkitElement } from "./dom.js";
import { EventStream } from "./event-stream.js";
import { tell } from "./events.js";
import { healing, retold, sentence, triesFor, waiting } from "./healing.js";
import { recall, remember } from "./store.js";

const KEY = "healed";
const TAB = "sessionStorage"; // what was tried belongs to this tab
const CALM = 300; // milliseconds until a lost connection is worth a word: most are back before

export class DkLive extends DebugkitElement {
  #timer;

  connected(signal) {
    const heard = (name, data) => (name === "hello" ? this.#greeted(data) : tell(this, name, data));
    new EventStream(this.dataset.events, { heard, lost: (attempt) => this.#lost(attempt) }, signal);
    this.querySelector("button[data-offer]")?.addEventListener("click", () => location.reload(), { signal });
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
  }

  #greeted(hello) {
    tell(this, "hello", hello);
    const tries = triesFor(hello.generation, recall(KEY, TAB));
    const action = healing(this.dataset, hello, { occupied: this.#occupied, tries });
    if (action === "reload") this.#reload(hello, tries);
    else this.#show(sentence(action, this.dataset.heals), action);
  }

  /** Whether reloading would throw away what the reader is about to do. */
  get #occupied() {
    return document.querySelector("dialog[open]") !== null || !getSelection().isCollapsed || !tell(this, "reload");
  }

  #reload(hello, tries) {
    remember(KEY, retold(hello.generation, tries + 1), TAB);
    this.#show(waiting(1));
    location.reload();
  }

  #lost(attempt) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#show(waiting(attempt)), CALM);
  }

  #show(text, action = "") {
    clearTimeout(this.#timer);
    this.querySelector("[data-says]").textContent = text;
    this.toggleAttribute("data-shown", text !== "");
    for (const [name, selector] of [
      ["offer", "[data-offer]"],
      ["why", "[data-why]"],
    ]) {
      const control = this.querySelector(selector);
      if (control) control.hidden = action !== name;
    }
  }
}

customElements.define("dk-live", DkLive);
