// <dk-unlock>: asks for the PIN. Others wait for its answer through `unlocked`, and hear of it by an event.
import { post, Refusal, UNLOCK_URL } from "./client.js";
import { Element } from "./dom.js";
import { keepKey } from "./session-key.js";

customElements.define("dk-unlock", class extends Element {
  #waiting = [];

  connected(signal) {
    if (this.dataset.again === undefined) {
      for (const button of document.querySelectorAll("[data-unlock]")) button.hidden = false;
    }
    document.addEventListener("click", (event) => event.target.closest("[data-unlock]") && this.ask(), { signal });
    this.#form.addEventListener("submit", (event) => this.#submit(event), { signal });
    this.querySelector("[data-cancel]").addEventListener("click", () => this.#dialog.close(), { signal });
    this.#dialog.addEventListener("close", () => this.#answer(false), { signal });
  }

  /** Resolves to whether the console is unlocked now. `reason` is for people. */
  ask(reason = "") {
    this.#problem(reason);
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#input.select();
    return new Promise((resolve) => this.#waiting.push(resolve));
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
    document.dispatchEvent(new CustomEvent("debugkit:unlocked"));
    for (const button of document.querySelectorAll("[data-unlock]")) button.hidden = true;
    for (const shown of document.querySelectorAll("[data-unlocked]")) shown.hidden = false;
    // Only where a reload repeats nothing: the page of an error may be the answer to a POST.
    if (this.dataset.reload !== undefined) location.reload();
  }

  #explain(error) {
    if (error.code !== "wrong_pin") return error.message;
    const left = error.details.remaining;
    if (left === undefined) return error.message;
    return `That is not the PIN. ${left} ${left === 1 ? "attempt" : "attempts"} left.`;
  }

  #problem(text) {
    this.querySelector(".problem").textContent = text;
  }

  #answer(yes) {
    for (const resolve of this.#waiting.splice(0)) resolve(yes);
  }
});

/** The result of `action`; if the debugger is locked, asks for the PIN and tries once more. */
export async function unlocked(action) {
  try {
    return await action();
  } catch (error) {
    const dialog = document.querySelector("dk-unlock");
    if (!(error instanceof Refusal && error.locked && dialog)) throw error;
    if (!(await dialog.ask(error.code === "no_key" ? error.message : ""))) throw error;
    return action();
  }
}
