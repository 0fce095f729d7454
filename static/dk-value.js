// <dk-value>: a value that opens into its children, which come from the server a page at a time.
import { post, valueUrl } from "./client.js";
import { DebugkitElement, make, termOf } from "./dom.js";
import { unlocked } from "./unlocking.js";

const NAME = 40; // characters of a value that name its button where the value itself has no name

/** The element for a value as the server describes it: {text, type, kind, handle, redacted}. */
export function valueElement(node) {
  const kind = node.redacted ? "redacted" : node.kind || "object";
  const text = make("span", { className: `val ${kind}`, textContent: node.text, title: node.type ?? "" });
  if (!node.handle) return text;
  const element = make("dk-value", {}, text);
  element.dataset.handle = node.handle;
  return element;
}

export class DkValue extends DebugkitElement {
  #signal;
  #button = null;
  #text;
  #tree = null;

  connected(signal) {
    this.#signal = signal;
    this.#button ??= this.#begin(this.firstElementChild);
    this.#button.addEventListener("click", () => this.#toggle(), { signal });
    // Not by the text itself, which would be read out as "clickable".
    document.addEventListener("click", ({ target }) => this.#text.contains(target) && this.#toggle(), { signal });
  }

  /** The text stays text, to be read and copied; before it a button, whose name is short. */
  #begin(value) {
    this.#text = value.localName === "dk-clamp" ? value.firstElementChild : value;
    const button = make("button", { type: "button", className: "opener" });
    button.setAttribute("aria-expanded", "false");
    button.setAttribute("aria-label", `Contents of ${this.#name()}`);
    value.replaceWith(button, this.#text);
    return button;
  }

  /** What the value is called beside it, or how it begins. */
  #name() {
    const named = termOf(this)?.textContent.trim();
    return (named || this.#text.textContent).slice(0, NAME);
  }

  #toggle() {
    if (getSelection().type === "Range") return; // Someone is copying the text.
    const open = this.#button.getAttribute("aria-expanded") !== "true";
    this.#button.setAttribute("aria-expanded", String(open));
    if (this.#tree) this.#tree.hidden = !open;
    else this.#load(0);
  }

  /** Returns the first new row. */
  async #load(offset) {
    this.#tree ??= this.appendChild(make("ul", { className: "tree" }));
    const before = this.#tree.children.length;
    try {
      this.#show(await unlocked(this, () => post(valueUrl(this.dataset.handle), { offset }, this.#signal)));
    } catch (error) {
      if (error.name !== "AbortError") this.#fail(error.message);
    }
    return this.#tree?.children[before];
  }

  #show({ children, next, total }) {
    for (const child of children) {
      const key = make("span", { className: "key", textContent: child.label });
      this.#tree.append(make("li", {}, key, valueElement(child)));
    }
    if (!children.length && !this.#tree.children.length) {
      this.#tree.append(make("li", {}, make("span", { className: "more-items", textContent: "Nothing inside." })));
    }
    if (next !== null && next !== undefined) this.#offerMore(next, total);
  }

  #offerMore(next, total) {
    const label = total ? `Show more (${total - next} left)` : "Show more";
    const button = make("button", { type: "button", className: "link", textContent: label });
    const item = make("li", {}, make("span", { className: "more-items" }, button));
    button.addEventListener("click", () => this.#goOn(item, next), { signal: this.#signal });
    this.#tree.append(item);
  }

  /** The focus goes on to the first new row: its button is gone. */
  async #goOn(item, next) {
    item.remove();
    const row = await this.#load(next);
    const target = row?.querySelector("button") ?? row;
    if (target === row) row?.setAttribute("tabindex", "-1");
    target?.focus();
  }

  #fail(message) {
    const tree = this.#tree;
    tree.append(make("li", {}, make("span", { className: "more-items problem", textContent: message })));
    this.#tree = null; // So that opening it again tries again.
    this.#button.setAttribute("aria-expanded", "false");
    this.#button.addEventListener("click", () => tree.remove(), { once: true, signal: this.#signal });
  }
}

customElements.define("dk-value", DkValue);
