// <dk-unlock>: asks for the PIN, and tells others when the console is unlocked.
import { post, UNLOCK_URL } from "./client.js";
import { DebugkitElement } from "./dom.js";
import { hear, tell } from "./events.js";
import { followKey, keepKey } from "./session-key.js";

export class DkUnlock extends DebugkitElement {
  #waiting = [];
  #locked;
  #byButton = false;

  connected(signal) {
    this.#locked = this.dataset.again === undefined;
    if (this.#locked) this.#offer(document);
    hear("locked", () => this.#change(true), signal);
    hear("opened", (event) => this.#offer(event.target), signal);
    hear("unlock", (event) => this.#asked(event), signal);
    document.addEventListener("click", (event) => this.#clicked(event), { signal });
    followKey((held) => (held ? this.#succeed() : tell(this, "locked")), signal); // in another tab
    this.#form.addEventListener("submit", (event) => this.#submit(event), { signal });
    this.querySelector("[data-cancel]").addEventListener("click", () => this.#dialog.close(), { signal });
    this.#dialog.addEventListener("close", () => this.#closed(), { signal });
  }

  /** Who unlocks by a button wants to go on in the console; others want to go on with what has asked. */
  #clicked(event) {
    if (!event.target.closest("[data-unlock]")) return;
    this.#byButton = true;
    this.#open();
  }

  #asked(event) {
    event.preventDefault();
    this.#waiting.push(event.detail.answer);
    this.#open(event.detail.reason);
  }

  #open(reason = "") {
    if (!this.#ended) this.#problem(reason);
    if (!this.#dialog.open) this.#dialog.showModal();
    if (!this.#ended) this.#input.select();
  }

  #closed() {
    this.#answer(false);
    this.#byButton = false;
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

  /** Whether no PIN is taken any more: then the dialog says why, and what to do. */
  get #ended() {
    return !this.#input || this.#input.hidden;
  }

  async #submit(event) {
    event.preventDefault();
    if (this.#ended || !this.#input.value.trim()) return;
    this.#problem("");
    try {
      const { key } = await post(this.dataset.url || UNLOCK_URL, { pin: this.#input.value.trim() });
      keepKey(key);
      this.#succeed();
    } catch (error) {
      this.#refuse(error);
    }
  }

  #succeed() {
    const toConsole = this.#byButton;
    this.#answer(true);
    this.#dialog.close();
    this.#change(false);
    tell(this, "unlocked", { toConsole });
    // Only where a reload repeats nothing: the page of an error may be the answer to a POST.
    if (this.dataset.reload !== undefined) location.reload();
  }

  #refuse(error) {
    const left = error.details?.remaining;
    const wrong = error.code === "wrong_pin" && left > 0;
    this.#problem(wrong ? `Wrong PIN. ${left} ${left === 1 ? "attempt" : "attempts"} left.` : error.message);
    if (error.code === "locked" || left === 0) this.#end();
    else this.#input.select();
  }

  /** Nothing is offered that would only be refused. */
  #end() {
    for (const part of this.querySelectorAll("[data-entry]")) part.hidden = true;
    this.querySelector("[data-cancel]").textContent = "Close";
    this.querySelector("[data-cancel]").focus();
  }

  #problem(text) {
    this.querySelector("[role=alert]").textContent = text;
  }

  #answer(yes) {
    for (const answer of this.#waiting.splice(0)) answer(yes);
  }
}

customElements.define("dk-unlock", DkUnlock);
