// One command in the log of a console: what was typed, and all that came of it. Knows neither the input nor the server.
import { prompts } from "./console-input.js";
import { ConsoleOutput } from "./console-output.js";
import { valueElement } from "./dk-value.js";
import { make } from "./dom.js";

export const SLOW = 0.2; // seconds from which on the time is worth showing
const NAME = 80; // characters of a value that name its picture

export class ConsoleEntry {
  /** The element for the log. */
  element;
  #typed;
  #came;
  #output = null;
  #change;

  /** @param {string} text  @param {(act: () => void) => void} change  lets something change the log at a later time */
  constructor(text, change) {
    this.#change = change;
    const prompt = make("span", { className: "prompt", ariaHidden: "true", textContent: prompts(text) });
    const code = make("code", { textContent: text });
    this.#typed = make("pre", { className: "in", "data-in": "" }, prompt, code);
    // Whoever has the page read out has heard what was typed: only this is news.
    this.#came = make("div", { ariaLive: "polite" });
    this.element = make("div", { className: "entry", "data-entry": "" }, this.#typed, this.#came);
  }

  /** What the server said of the command: output, a value, an error, its colours, or that it is done. */
  show(event) {
    if (event.kind === "output") this.#write(event);
    else if (event.kind === "value") this.#value(event);
    else if (event.kind === "error") this.#colour(this.fail(event.text), event.tokens);
    else if (event.kind === "command") this.#colour(this.#typed.lastElementChild, event.tokens);
    else if (event.kind === "done") this.#done(event);
  }

  /** @param {"waiting" | "running" | null} state  null: it is done, or does not run */
  mark(state) {
    if (state) this.element.dataset.state = state;
    else delete this.element.dataset.state;
  }

  /** A sentence of the console's own. */
  note(text) {
    this.#add(make("p", { className: "note", textContent: text }));
  }

  fail(text) {
    return this.#add(make("pre", { className: "error", "data-error": "", textContent: text }));
  }

  #add(element) {
    this.#output = null;
    return this.#came.appendChild(element);
  }

  #write({ stream, text }) {
    if (this.#output?.stream !== stream) {
      const output = new ConsoleOutput(stream, this.#change);
      this.#add(output.element);
      this.#output = output;
    }
    this.#output.append(text);
  }

  /** The value in one line or as it says it; below it what takes more room, by elements that come when needed. */
  #value(event) {
    const { node, text, result, table, picture, problem } = event;
    const block = this.#add(make("div", { className: "value" }, valueElement({ ...node, text })));
    const name = text.slice(0, NAME);
    if (problem) block.append(make("p", { className: "problem", textContent: problem }));
    if (event.characters) this.#later(block, async () => (await longText()).longTextElement(event, this.#url(result)));
    if (table) this.#later(block, async () => (await tables()).tableElement(table, this.#url(result)));
    else if (picture?.data) this.#later(block, async () => (await pictures()).imageElement(picture, name));
    else if (picture) this.#later(block, async () => (await pictures()).documentElement(this.#url(result), name));
  }

  /** Where more of a result is. */
  #url(result) {
    return this.element.closest("dk-console")?.dataset.evaluate.replace(/evaluate$/, `results/${result}`);
  }

  /** Keeps the place of an element that comes later. */
  async #later(block, makeElement) {
    const place = block.appendChild(make("div"));
    const element = await makeElement();
    this.#change(() => place.replaceWith(element));
  }

  /** Colours for a text: lines of [class, text]. Left as it is when that is another text. */
  #colour(element, lines = []) {
    if (
      lines
        .map((line) => line.map(([, text]) => text).join(""))
        .join("\n")
        .trimEnd() !== element.textContent.trimEnd()
    )
      return;
    const parts = lines.flatMap((line, number) => (number ? [["", "\n"], ...line] : line));
    element.replaceChildren(
      ...parts.map(([css, text]) => (css ? make("span", { className: `t-${css}`, textContent: text }) : text)),
    );
    while (element.lastChild?.nodeValue === "\n") element.lastChild.remove();
  }

  #done({ status, seconds }) {
    if (seconds >= 0.001)
      this.#typed.title = seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
    if (status === "interrupted") this.note("Interrupted.");
    else if (seconds >= SLOW) this.note(`${seconds.toFixed(1)} s`);
  }
}

const longText = () => import("./dk-long-text.js");
const tables = () => import("./dk-table.js");
const pictures = () => import("./pictures.js");
