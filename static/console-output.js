// What a command wrote on one stream, as a terminal would show it. What is plain needs no terminal.
import { make } from "./dom.js";

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
const SPECIAL = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/;

export class ConsoleOutput {
  /** The element for the log. */
  element;
  #terminal = null;
  #ready = null;
  #rows = new Map();
  #change;

  /** @param {string} stream  @param {(act: () => void) => void} change  lets something change the log later */
  constructor(stream, change) {
    this.stream = stream;
    this.#change = change;
    this.element = make("pre", { className: stream === "stderr" ? "stderr" : "out" });
  }

  append(text) {
    if (!this.#ready && !SPECIAL.test(text)) return this.element.append(text);
    this.#ready = (this.#ready ?? this.#begin()).then(() => this.#change(() => this.#draw(text)));
  }

  /** What stands here so far goes through the terminal, too: a progress bar may begin behind a text. */
  async #begin() {
    const { Terminal } = await import("./terminal.js");
    const before = this.element.textContent;
    this.element.replaceChildren();
    this.#terminal = new Terminal();
    this.#draw(before);
  }

  #draw(text) {
    const { done, live } = this.#terminal.push(text);
    for (const row of [...done, ...live]) this.#show(row);
    for (const { id } of done) this.#rows.delete(id);
    // Each step of a progress bar would be read out.
    if (this.#terminal.rewritten) this.element.ariaLive = "off";
  }

  /** A row that has not changed is left alone, so that nothing is read out twice. */
  #show({ id, pieces }) {
    const known = this.#rows.get(id);
    const key = JSON.stringify(pieces);
    if (known?.key === key) return;
    const element = known?.element ?? this.element.appendChild(make("span"));
    element.replaceChildren(...pieces.map(({ text, css }) => (css ? make("span", { className: css }, text) : text)));
    this.#rows.set(id, { key, element });
  }
}
