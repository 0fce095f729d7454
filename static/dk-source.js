// <dk-source>: shows the value of what the pointer is on at once, and brings the failing line into view.
import { DebugkitElement, make } from "./dom.js";

export class DkSource extends DebugkitElement {
  #tip = null;
  #target = null;

  connected(signal) {
    this.addEventListener("pointerover", (event) => this.#over(event.target), { signal });
    this.addEventListener("pointerleave", () => this.#hide(), { signal });
    document.addEventListener("scroll", () => this.#hide(), { signal, capture: true, passive: true });
    this.#toMark();
    if (this.dataset.scroll && !location.hash) {
      document.getElementById(this.dataset.scroll)?.scrollIntoView({ block: "center", behavior: "instant" });
    }
  }

  disconnectedCallback() {
    this.#hide();
    super.disconnectedCallback();
  }

  /** On a narrow screen the failing expression may lie beyond the right edge. */
  #toMark() {
    const mark = this.querySelector("mark")?.getBoundingClientRect();
    const beyond = mark
      ? Math.min(mark.right, mark.left + this.clientWidth / 2) - this.getBoundingClientRect().right + 24
      : 0;
    if (beyond > 0) this.scrollLeft += beyond;
  }

  #over(element) {
    if (element === this.#target) return;
    this.#hide();
    const target = element.closest("[title]");
    if (target && this.contains(target)) this.#show(target);
  }

  #show(target) {
    const text = target.title;
    target.title = ""; // Or the browser would show it a second time.
    this.#target = target;
    this.#tip = make("div", { className: "tip", role: "tooltip", popover: "manual", textContent: text });
    this.#tip.dataset.title = text;
    this.append(this.#tip);
    this.#tip.showPopover?.();
    this.#place(target.getBoundingClientRect());
  }

  #place(box) {
    const tip = this.#tip.getBoundingClientRect();
    const left = Math.max(12, Math.min(box.left, innerWidth - tip.width - 12));
    const below = box.bottom + 6;
    const top = below + tip.height < innerHeight ? below : box.top - tip.height - 6;
    this.#tip.style.left = `${left}px`;
    this.#tip.style.top = `${top}px`;
  }

  #hide() {
    if (!this.#tip) return;
    this.#target.title = this.#tip.dataset.title;
    this.#tip.remove();
    this.#tip = this.#target = null;
  }
}

customElements.define("dk-source", DkSource);
