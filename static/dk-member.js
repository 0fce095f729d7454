// <dk-member>: a member of a group. Its link opens it where it stands, with its frames and their consoles.
import { DebugkitElement } from "./dom.js";

export class DkMember extends DebugkitElement {
  #opened = null;

  connected(signal) {
    this.querySelector("a[data-open]").ariaExpanded ??= "false";
    const clicked = (event) => this.contains(event.target) && this.#clicked(event, signal);
    document.addEventListener("click", clicked, { signal, capture: true });
  }

  async #clicked(event, signal) {
    const link = event.target.closest("a[data-open]");
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation(); // Elsewhere such a link changes the frame that the page has open.
    const { InPlace } = await import("./in-place.js");
    this.#opened ??= new InPlace(this, signal);
    this.#opened.follow(link);
  }
}

customElements.define("dk-member", DkMember);
