// Ctrl+R in a console: finds an earlier command by a part of it. Loaded at the first use.
import { make } from "./dom.js";

export class HistorySearch {
  #history;
  #done;
  #closed = false;
  #at = Number.POSITIVE_INFINITY;
  #match = null;
  #input = make("input", { type: "text", autocomplete: "off", spellcheck: false });
  #output = make("output");
  #row;

  /** @param {(text: string | null, focused: boolean) => void} done gets the command that was chosen, or null */
  constructor(history, done) {
    this.#history = history;
    this.#done = done;
    this.#input.addEventListener("input", () => this.#find());
    this.#input.addEventListener("keydown", (event) => this.#pressed(event));
    this.#input.addEventListener("blur", () => this.#close(null));
    const label = make("label", {}, "Earlier command with ", this.#input);
    this.#row = make("div", { className: "history-search" }, label, this.#output);
  }

  openBefore(line) {
    line.before(this.#row);
    this.#input.focus();
  }

  #find(before = Number.POSITIVE_INFINITY) {
    const match = this.#input.value ? this.#history.search(this.#input.value, before) : null;
    if (!match && before === this.#at) return; // the oldest stays
    this.#match = match?.text ?? null;
    this.#at = match?.at ?? Number.POSITIVE_INFINITY;
    this.#output.textContent = this.#match ?? (this.#input.value ? "none" : "");
    this.#output.toggleAttribute("data-none", this.#match === null);
  }

  #pressed(event) {
    const act = this.#actionFor(event);
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  #actionFor({ key, ctrlKey, isComposing, keyCode }) {
    if (isComposing || keyCode === 229) return null;
    if (key === "ArrowUp" || (ctrlKey && key === "r")) return () => this.#find(this.#at);
    if (key === "Enter" || key === "Tab") return () => this.#close(this.#match);
    return key === "Escape" || (ctrlKey && "cg".includes(key)) ? () => this.#close(null) : null;
  }

  #close(text) {
    if (this.#closed) return; // removing it blurs it
    this.#closed = true;
    const focused = this.#row.contains(document.activeElement);
    this.#row.remove();
    this.#done(text, focused);
  }
}
