// <dk-headline>: tells the headline in one line of the bar once the headline itself has scrolled away.
// Without JavaScript it stays hidden.
import { DebugkitElement } from "./dom.js";

export class DkHeadline extends DebugkitElement {
  connected(signal) {
    const bar = this.closest("header");
    const observer = new IntersectionObserver(([entry]) => this.#show(bar, !entry.isIntersecting), {
      rootMargin: `-${bar.offsetHeight}px 0px 0px 0px`,
    });
    observer.observe(document.getElementById(this.dataset.for));
    signal.addEventListener("abort", () => observer.disconnect());
  }

  #show(bar, away) {
    bar.toggleAttribute("data-stuck", away);
    this.querySelector("a").hidden = !away;
  }
}

customElements.define("dk-headline", DkHeadline);
