// One command in the log of a console: what was typed, and all that came of it. Knows neither the input nor the server.
import { prompts } from "./console-input.js";
import { valueElement } from "./dk-value.js";
import { make } from "./dom.js";

export const SLOW = 0.2; // seconds from which on the time is worth showing

export class ConsoleEntry {
  /** The element for the log. */
  element;

  constructor(text) {
    const prompt = make("span", { className: "prompt", ariaHidden: "true", textContent: prompts(text) });
    const typed = make("pre", { className: "in" }, prompt, make("code", { textContent: text }));
    this.element = make("div", { className: "entry" }, typed);
  }

  /** What the server said of the command: output, a value, an error, or that it is done. */
  show(event) {
    if (event.kind === "output") this.#output(event);
    else if (event.kind === "value") this.#value(event);
    else if (event.kind === "error") this.fail(event.text);
    else if (event.kind === "done") this.#done(event);
  }

  /** A sentence of the console's own. */
  note(text) {
    this.element.append(make("p", { className: "note", textContent: text }));
  }

  fail(text) {
    this.element.append(make("pre", { className: "error", textContent: text }));
  }

  #value({ node, text }) {
    this.element.append(make("div", { className: "value" }, valueElement({ ...node, text })));
  }

  #output({ stream, text }) {
    const last = this.element.lastElementChild;
    if (last.dataset.stream === stream) return last.append(text);
    const block = make("pre", { className: stream === "stderr" ? "stderr" : "out", textContent: text });
    block.dataset.stream = stream;
    this.element.append(block);
  }

  #done({ status, seconds }) {
    if (status === "interrupted") this.note("Interrupted.");
    else if (seconds >= SLOW) this.note(`${seconds.toFixed(1)} s`);
  }
}
