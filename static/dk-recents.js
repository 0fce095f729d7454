// <dk-recents>: the list of recent errors, sent anew by the server when there is another one.
import { getFragment } from "./client.js";
import { DebugkitElement } from "./dom.js";
import { hear } from "./events.js";

export class DkRecents extends DebugkitElement {
  #asked = 0;

  connected(signal) {
    if (!this.dataset.url) return;
    // With each greeting too: while nobody listened there may have been errors, or another start of the server.
    for (const name of ["hello", "recorded"]) hear(name, () => this.#refresh(signal), signal);
  }

  async #refresh(signal) {
    this.#asked += 1;
    const asked = this.#asked;
    try {
      const list = await getFragment(this.dataset.url, signal);
      if (asked === this.#asked) this.#put(list);
    } catch {
      // The list stays as it is; the next event or greeting asks again.
    }
  }

  /** The new list, with what was unfolded and focused in the old one. */
  #put(list) {
    const old = this.firstElementChild;
    if (old.isEqualNode(list)) return;
    const focused = document.activeElement.closest("[data-group]")?.dataset.group;
    for (const details of old.querySelectorAll("[data-group] details[open]")) {
      row(list, details.closest("[data-group]").dataset.group)?.querySelector("details")?.setAttribute("open", "");
    }
    old.replaceWith(list);
    if (focused) row(list, focused)?.querySelector("a").focus({ preventScroll: true });
  }
}

customElements.define("dk-recents", DkRecents);

function row(list, group) {
  return list.querySelector(`[data-group="${CSS.escape(group)}"]`);
}
