// <dk-long-text>: all of a text of which the console shows the beginning. It comes when asked for, in pieces.
import { command } from "./client.js";
import { DebugkitElement, make } from "./dom.js";
import { unlocked } from "./unlocking.js";

/** The element for a text of so many characters, or the beginning of one, whose pieces are at `url`. */
export function longTextElement({ characters, whole }, url) {
  const element = make("dk-long-text");
  element.dataset.characters = characters;
  element.dataset.whole = whole ? "whole" : "";
  element.dataset.url = url;
  return element;
}

export class DkLongText extends DebugkitElement {
  #button = null;
  #text = make("pre", { className: "whole", tabIndex: 0, ariaLabel: "The whole text", role: "region" });
  #next = 0;

  connected(signal) {
    this.#button ??= this.#offer();
    this.#button.addEventListener("click", () => this.#more(), { signal });
  }

  #offer() {
    const { characters, whole } = this.dataset;
    const label = `Show ${whole ? "all" : "the first"} ${Number(characters).toLocaleString("en")} characters`;
    return this.appendChild(make("button", { type: "button", className: "link", textContent: label }));
  }

  async #more() {
    this.#button.disabled = true;
    try {
      const body = { part: "text", offset: this.#next };
      this.#show(await unlocked(this, () => command(this.dataset.url, body)));
    } catch (error) {
      this.#fail(error.message);
    }
    this.#button.disabled = false;
  }

  #show({ text, next }) {
    this.querySelector("[data-problem]")?.remove();
    if (!this.#text.isConnected) this.prepend(this.#text);
    this.#text.append(text);
    this.#next = next;
    if (next !== null) this.#button.textContent = `Show more (from ${next.toLocaleString("en")} on)`;
    else this.#button.remove();
    this.#text.focus();
  }

  #fail(message) {
    this.querySelector("[data-problem]")?.remove();
    this.append(make("p", { className: "problem", "data-problem": "", textContent: message }));
  }
}

customElements.define("dk-long-text", DkLongText);
