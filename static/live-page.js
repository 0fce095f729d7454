// <dk-live>: hears that the code has changed. Runs the request of its page again where nobody loses or repeats
// anything by that; else it says so and leaves the click to the reader. Tells other elements what it hears.
import { Element } from "./dom.js";
import { EventStream } from "./event-stream.js";
import { healing, retold, sentence, triesFor, waiting } from "./healing.js";

const KEY = "debugkit.healed";
const CALM = 300; // milliseconds until a lost connection is worth a word: most are back before

customElements.define("dk-live", class extends Element {
  #timer;

  connected(signal) {
    const heard = (name, data) => (name === "hello" ? this.#greeted(data) : this.#tell(name, data));
    new EventStream(this.dataset.events, { heard, lost: (attempt) => this.#lost(attempt) }, signal);
    this.querySelector("button[data-offer]")?.addEventListener("click", () => location.reload(), { signal });
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
  }

  #greeted(hello) {
    this.#tell("hello", hello);
    const tries = triesFor(hello.generation, recall());
    const action = healing(this.dataset, hello, { occupied: occupied(), tries });
    if (action === "reload") this.#reload(hello, tries);
    else this.#show(sentence(action, this.dataset.heals), action);
  }

  #tell(name, detail) {
    document.dispatchEvent(new CustomEvent(`debugkit:${name}`, { detail }));
  }

  #reload(hello, tries) {
    remember(retold(hello.generation, tries + 1));
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
    for (const [name, selector] of [["offer", "[data-offer]"], ["why", "[data-why]"]]) {
      const control = this.querySelector(selector);
      if (control) control.hidden = action !== name;
    }
  }
});

/** Whether reloading would throw away what the reader is about to do. */
function occupied() {
  const typed = [...document.querySelectorAll("dk-console")].some((console) => console.occupied);
  return typed || document.querySelector("dialog[open]") !== null || !getSelection().isCollapsed;
}

// What was tried belongs to this tab. Storage may be blocked: then nothing was tried.

function recall() {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function remember(text) {
  try {
    sessionStorage.setItem(KEY, text);
  } catch {
    // Not remembered, then.
  }
}
