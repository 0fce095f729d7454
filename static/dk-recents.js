// <dk-recents>: the list of recent errors, sent anew by the server when there is another one or it is searched.
import { getFragment, post } from "./client.js";
import { DebugkitElement } from "./dom.js";
import { hear } from "./events.js";

const TYPING = 150; // milliseconds without a key until the list is searched
const POLL = 3000; // milliseconds between two looks, where no event says that there is another error

export class DkRecents extends DebugkitElement {
  #asked = 0;
  #timer;

  connected(signal) {
    // With each greeting too: while nobody listened there may have been errors, or another start of the server.
    for (const name of ["hello", "recorded"]) hear(name, () => this.#refresh(signal), signal);
    const input = this.querySelector("input");
    input.addEventListener("input", () => this.#soon(signal, TYPING), { signal });
    this.querySelector("form").addEventListener("submit", (event) => event.preventDefault(), { signal });
    const clear = this.querySelector("[data-clear]");
    clear?.addEventListener("click", () => void this.#clear(clear.dataset.clear, signal), { signal });
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
    if (this.dataset.poll === undefined) return;
    document.addEventListener("visibilitychange", () => this.#soon(signal, 0), { signal });
    this.#soon(signal, POLL);
  }

  #soon(signal, delay) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(signal), delay);
  }

  async #look(signal) {
    if (document.visibilityState === "visible") await this.#refresh(signal);
    if (this.dataset.poll !== undefined && !signal.aborted) this.#soon(signal, POLL);
  }

  async #clear(url, signal) {
    try {
      await post(url, {}, signal);
    } catch {
      // What is still listed says that it was not cleared.
    }
    await this.#refresh(signal);
  }

  get #url() {
    const text = this.querySelector("input").value.trim();
    return text ? `${this.dataset.url}?q=${encodeURIComponent(text)}` : this.dataset.url;
  }

  async #refresh(signal) {
    this.#asked += 1;
    const asked = this.#asked;
    const url = this.#url;
    try {
      const list = await getFragment(url, signal);
      if (asked !== this.#asked) return;
      this.#put(list);
      history.replaceState(history.state, "", url);
    } catch {
      // The list stays as it is; the next event or look asks again.
    }
  }

  /** The new list, with what was unfolded and focused in the old one. */
  #put(list) {
    const old = this.querySelector("[data-rows]");
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
