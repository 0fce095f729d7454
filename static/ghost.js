// The rest of an earlier command in grey, behind what is typed: for who would type it again.
import { caretPlace } from "./caret-place.js";
import { make } from "./dom.js";

/** What the newest command that begins with `text` has behind that; "" if there is none. One line only. */
export function restOf(text, entries) {
  if (!text.trim() || text.includes("\n")) return "";
  const entry = entries.findLast((entry) => entry.startsWith(text) && entry !== text && !entry.includes("\n"));
  return entry?.slice(text.length) ?? "";
}

export class Ghost {
  element = make("span", { className: "ghost", ariaHidden: "true", hidden: true });
  #editor;
  #input;
  #entries;
  #text = ""; // what the rest is of

  /** @param {() => string[]} entries the earlier commands, oldest first */
  constructor(editor, input, entries) {
    this.#editor = editor;
    this.#input = input;
    this.#entries = entries;
  }

  show() {
    const { text, start, end } = this.#editor.state;
    const rest = start === text.length && end === start ? restOf(text, this.#entries()) : "";
    this.#text = text;
    this.element.textContent = rest;
    this.element.hidden = !rest;
    if (rest) this.#place(text.length);
  }

  hide() {
    this.element.hidden = true;
  }

  /** Goes on as what is typed does; where that is something else there is nothing until it is asked for again. */
  follow() {
    const { text } = this.#editor;
    const whole = this.#text + this.element.textContent;
    if (!this.element.hidden && whole.startsWith(text) && text.length > this.#text.length) this.show();
    else this.hide();
  }

  /** Writes the rest. Whether there was one, and the caret before it. */
  take() {
    const { text, start, end } = this.#editor.state;
    if (this.element.hidden || text !== this.#text || start !== text.length || end !== start) return false;
    this.hide();
    this.#editor.insert(this.element.textContent);
    return true;
  }

  #place(at) {
    const { left, top } = caretPlace(this.#input, at);
    const line = this.#input.form.getBoundingClientRect();
    this.element.style.left = `${left - line.left}px`;
    this.element.style.top = `${top - line.top}px`;
    this.element.style.maxWidth = `${this.#input.getBoundingClientRect().right - left}px`;
  }
}
