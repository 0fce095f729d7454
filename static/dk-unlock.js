// <dk-unlock>: asks for the PIN, and tells others when the console is unlocked.
import { post, UNLOCK_URL } from "./client.js";
import { DebugkitElement } from "./dom.js";
import { hear, tell } from "./events.js";
import { keepKey } from "./session-key.js";

export class DkUnlock extends DebugkitElement {
  #waiting = [];
  #locked;

  connected(signal) {
    this.#locked = this.dataset.again === undefined;
    if (this.#locked) this.#offer(document);
    hear("locked", () => this.#change(true), signal);
    hear("opened", (event) => this.#offer(event.target), signal);
    hear("unlock", (event) => this.#asked(event), signal);
    document.addEventListener("click", (event) => event.target.closest("[data-unlock]") && this.#open(), { signal });
    this.#form.addEventListener("submit", (event) => this.#submit(event), { signal });
    this.querySelector("[data-cancel]").addEventListener("click", () => this.#dialog.close(), { signal });
    this.#dialog.addEventListener("close", () => this.#answer(false), { signal });
  }

  #asked(event) {
    event.preventDefault();
    this.#waiting.push(event.detail.answer);
    this.#open(event.detail.reason);
  }

  #open(reason = "") {
    this.#problem(reason);
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#input.select();
  }

  #change(locked) {
    this.#locked = locked;
    this.#offer(document);
  }

  /** The buttons that unlock, or what only an unlocked browser gets. */
  #offer(part) {
    for (const button of part.querySelectorAll("[data-unlock]")) button.hidden = !this.#locked;
    for (const shown of part.querySelectorAll("[data-unlocked]")) shown.hidden = this.#locked;
  }

  get #dialog() {
    return this.querySelector("dialog");
  }

  get #form() {
    return this.querySelector("form");
  }

  get #input() {
    return this.querySelector("input");
  }

  async #submit(event) {
    event.preventDefault();
    this.#problem("");
    try {
      const { key } = await post(this.dataset.url || UNLOCK_URL, { pin: this.#input.value.trim() });
      keepKey(key);
      this.#succeed();
    } catch (error) {
      this.#problem(this.#explain(error));
      this.#input.select();
    }
  }

  #succeed() {
    this.#answer(true);
    this.#dialog.close();
    this.#change(false);
    tell(this, "unlocked");
    // Only where a reload repeats nothing: the page of an error may be the answer to a POST.
    if (this.dataset.reload !== undefined) location.reload();
  }

  #explain(error) {
    if (error.code !== "wrong_pin") return error.message;
    const left = error.details.remaining;
    if (left === undefined) return error.message;
    return `Wrong PIN. ${left} ${left === 1 ? "attempt" : "attempts"} left.`;
  }

  #problem(text) {
    this.querySelector("[role=alert]").textContent = text;
  }

  #answer(yes) {
    for (const answer of this.#waiting.splice(0)) answer(yes);
  }
}

customElements.define("dk-unlock", DkUnlock);
