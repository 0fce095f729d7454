// The log of a console: it follows what is added at its end as long as its reader is there.
import { make } from "./dom.js";

const NEAR = 24; // pixels from the end that still count as there

export class Log {
  #log;
  #line;
  #chip;

  /** @param {HTMLElement} log  @param {HTMLElement} line what stands below it, kept in view with the end */
  constructor(log, line, signal) {
    this.#log = log;
    this.#line = line;
    this.#chip = make("button", { type: "button", className: "chip", textContent: "↓ new output", hidden: true });
    this.#chip.addEventListener("click", () => this.toEnd(), { signal });
    log.addEventListener("scroll", () => this.#atEnd && this.#tell(false), { signal, passive: true });
    log.after(make("div", { className: "chip-place" }, this.#chip));
  }

  get entries() {
    return [...this.#log.querySelectorAll(":scope > .entry")];
  }

  /** Puts a new entry at the end, and goes there: somebody has just typed it. */
  append(entry) {
    this.#log.append(entry);
    this.toEnd();
  }

  /** Lets `change` add to the log. */
  change(change) {
    const follow = this.#atEnd;
    const seen = follow && this.#inView;
    change();
    if (follow) this.#log.scrollTop = this.#log.scrollHeight;
    else this.#tell(!this.#atEnd);
    if (seen) this.#line.scrollIntoView({ block: "nearest", behavior: "instant" });
  }

  clear() {
    this.#log.replaceChildren();
    this.#tell(false);
  }

  toEnd() {
    this.#log.scrollTop = this.#log.scrollHeight;
    this.#tell(false);
    this.#line.scrollIntoView({ block: "nearest", behavior: "instant" });
  }

  get #atEnd() {
    return this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < NEAR;
  }

  get #inView() {
    const { top } = this.#line.getBoundingClientRect();
    return top >= 0 && top < innerHeight;
  }

  #tell(news) {
    this.#chip.hidden = !news;
  }
}
