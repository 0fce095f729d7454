// <dk-source>: the source of a frame. Brings the failing expression into view; what is asked further is loaded then:
// more of the file in its place, and the value of any name.
import { DebugkitElement, make } from "./dom.js";

const STEP = 20; // lines

export class DkSource extends DebugkitElement {
  #signal;
  #values = null;
  #loading = null;

  connected(signal) {
    this.#signal = signal;
    this.#toMark();
    if (this.dataset.scroll && !location.hash) {
      document.getElementById(this.dataset.scroll)?.scrollIntoView({ block: "center", behavior: "instant" });
    }
    this.addEventListener("copy", (event) => this.#copied(event), { signal });
    if (this.dataset.url) this.#offer();
    if (!this.dataset.values) return;
    for (const kind of ["pointerover", "focusin", "keydown"]) {
      this.addEventListener(kind, (event) => this.#wake(event), { signal });
    }
    document.addEventListener("click", (event) => this.contains(event.target) && this.#wake(event), { signal });
  }

  /** On a narrow screen the failing expression may lie beyond the right edge. */
  #toMark() {
    const code = this.querySelector("[data-code]");
    const mark = this.querySelector("mark")?.getBoundingClientRect();
    const beyond = mark
      ? Math.min(mark.right, mark.left + code.clientWidth / 2) - code.getBoundingClientRect().right + 24
      : 0;
    if (beyond > 0) code.scrollLeft += beyond;
  }

  /** Lines that are copied are code, without the values that stand beside and between them. */
  #copied(event) {
    const lines = getSelection().getRangeAt(0).cloneContents().querySelectorAll("[data-n] > code");
    if (lines.length < 2) return;
    event.clipboardData.setData("text/plain", [...lines].map((code) => code.textContent).join("\n"));
    event.preventDefault();
  }

  /** Slim bars above and below the lines, and the gaps between them, are buttons for what is left out. */
  #offer() {
    if (!this.querySelector("[data-way]")) {
      if (this.dataset.above) this.prepend(this.#bar("above", "up"));
      if (this.dataset.below) this.append(this.#bar("below", "down"));
      for (const gap of this.querySelectorAll("[data-first] > span")) {
        gap.replaceWith(make("button", { type: "button", className: "link", textContent: gap.textContent }));
      }
    }
    const whole = this.closest("article")?.querySelector("a[data-whole]");
    const ours = ({ target }) => this.contains(target) || whole?.contains(target);
    document.addEventListener("click", (event) => ours(event) && this.#asked(event), { signal: this.#signal });
  }

  #bar(way, word) {
    const count = Math.min(STEP, this.dataset[way]);
    const step = make("button", { type: "button", className: "link", textContent: lines(count, word) });
    step.dataset.step = STEP;
    const whole = make("button", { type: "button", className: "link", textContent: "whole file" });
    whole.dataset.whole = "";
    const bar = make("p", { className: "grow" }, step, whole);
    bar.dataset.way = way;
    return bar;
  }

  async #asked(event) {
    const button = event.target.closest("[data-step], [data-whole], [data-first] > button");
    if (!button || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const { grow } = await import("./source-growing.js");
    grow(this, button, this.#signal);
  }

  /** The first events that may ask for a value; once it is there, whoever they have called hears them itself. */
  async #wake(event) {
    if (this.#values) return;
    this.#loading ??= import("./source-values.js").then(({ SourceValues }) => {
      this.#values = new SourceValues(this, this.#signal);
      return this.#values;
    });
    (await this.#loading).begin(event);
  }

  disconnectedCallback() {
    this.#values = this.#loading = null;
    super.disconnectedCallback();
  }
}

function lines(count, word) {
  return count === 1 ? `1 line ${word}` : `${count} lines ${word}`;
}

customElements.define("dk-source", DkSource);
