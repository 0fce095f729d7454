// <dk-console>: Python in a frame. What makes it a console comes as soon as somebody does anything on the page, or has
// something kept in it.
import { DebugkitElement } from "./dom.js";
import { hear } from "./events.js";
import { recall } from "./store.js";

const TAB = "sessionStorage";
const SIGNS = ["pointermove", "pointerdown", "keydown", "focusin"]; // of somebody at the page

export class DkConsole extends DebugkitElement {
  #console = null;
  #starting = false;
  #early = { lines: false, keys: [] };

  connected(signal) {
    const input = this.#input;
    input.disabled = false;
    input.addEventListener("beforeinput", (event) => this.#typedEarly(event), { signal });
    input.addEventListener("keydown", (event) => this.#pressedEarly(event, signal), { signal });
    for (const sign of SIGNS) document.addEventListener(sign, () => this.#start(signal), { signal, once: true });
    this.addEventListener("submit", (event) => event.preventDefault(), { signal });
    document.addEventListener("click", (event) => this.#clicked(event), { signal });
    hear("reload", (event) => this.#occupied && event.preventDefault(), signal);
    hear("hello", ({ target, detail }) => this.#heard(target.dataset.generation !== detail.generation), signal);
    if (this.#mayBeKept) this.#start(signal);
    if (this.dataset.focus !== undefined) this.focus();
  }

  /** All of the line is the field. */
  #clicked({ target }) {
    if (target !== this.#input && this.querySelector("form").contains(target)) this.focus();
  }

  focus() {
    this.#input.focus({ preventScroll: true });
    this.querySelector("form").scrollIntoView({ block: "nearest", behavior: "instant" });
  }

  /** What is kept of this console while its page is loaded anew; null if nobody has turned to it. */
  get record() {
    const draft = this.#input.value;
    return this.#console?.record ?? (draft ? { commands: [], draft, caret: draft.length, focused: false } : null);
  }

  /** The code that the frame belongs to has gone. */
  #heard(stale) {
    this.toggleAttribute("data-stale", stale);
  }

  get #occupied() {
    return this.#console?.occupied ?? this.#input.value.trim() !== "";
  }

  get #input() {
    return this.querySelector("textarea");
  }

  get #mayBeKept() {
    const kept = recall("kept", TAB);
    return kept && (document.querySelector("dk-console") === this || kept.includes(JSON.stringify(this.dataset.place)));
  }

  // Who is faster than the console has Enter in the text, and the arrows in a list, for it to do them.

  #typedEarly(event) {
    if (this.#console) return;
    if (event.inputType === "insertLineBreak") this.#early.lines = true;
    if (event.inputType === "insertFromPaste") this.#early.lines = false;
  }

  #pressedEarly(event, signal) {
    void this.#start(signal);
    if (this.#console || this.#input.value || !event.key.startsWith("Arrow")) return;
    event.preventDefault();
    this.#early.keys.push(event);
  }

  async #start(signal) {
    if (this.#starting) return;
    this.#starting = true;
    const { Console } = await import("./console.js").catch(() => ({})); // the server may be starting again
    this.#starting = Console !== undefined;
    if (signal.aborted || !Console) return;
    this.#console = new Console(this, signal, this.#early.lines);
    for (const event of this.#early.keys) this.#console.press(event);
    this.dataset.ready = "";
  }
}

customElements.define("dk-console", DkConsole);
