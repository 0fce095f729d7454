// The log of a console: it follows what is added at its end as long as its reader is there.
import { make } from "./dom.js";

const KINDS = ["out", "stderr", "value", "error", "note"]; // of what came of a command
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

  /** What the log says, for another page to show: no more than can be seen. */
  get commands() {
    return [...this.#log.querySelectorAll(":scope > [data-entry]")].map(read);
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

function read(entry) {
  const parts = [...entry.lastElementChild.children].filter((part) => part.textContent);
  const kindOf = (part) => KINDS.find((kind) => part.className.split(" ").includes(kind)) ?? "value";
  const running = entry.dataset.state === "running" ? [{ kind: "note", text: "It was still running." }] : [];
  return {
    text: entry.querySelector("[data-in] code").textContent,
    // biome-ignore lint/performance/useDomNodeTextContent: the cells of a table stay apart
    parts: [...parts.map((part) => ({ kind: kindOf(part), text: part.innerText })), ...running],
  };
}
