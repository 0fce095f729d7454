// <dk-value>: a value that opens into its children, which come from the server a page at a time.
import { post, valueUrl } from "./client.js";
import { DebugkitElement, make } from "./dom.js";
import { unlocked } from "./unlocking.js";

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
  #tree = null;

  connected(signal) {
    this.#signal = signal;
    this.#button ??= this.#wrap(this.firstElementChild);
    this.#button.addEventListener("click", () => this.#toggle(), { signal });
  }

  /** The text of the value, now a button. */
  #wrap(value) {
    const button = make("button", { type: "button", className: "opener" });
    button.setAttribute("aria-expanded", "false");
    value.replaceWith(button);
    button.append(value.localName === "dk-clamp" ? value.firstElementChild : value);
    return button;
  }

  #toggle() {
    if (getSelection().type === "Range") return; // Someone is copying the text.
    const open = this.#button.getAttribute("aria-expanded") !== "true";
    this.#button.setAttribute("aria-expanded", String(open));
    if (this.#tree) this.#tree.hidden = !open;
    else this.#load(0);
  }

  async #load(offset) {
    this.#tree ??= this.appendChild(make("ul", { className: "tree" }));
    try {
      this.#show(await unlocked(this, () => post(valueUrl(this.dataset.handle), { offset }, this.#signal)));
    } catch (error) {
      if (error.name !== "AbortError") this.#fail(error.message);
    }
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
    button.addEventListener(
      "click",
      async () => {
        const before = item.previousElementSibling;
        item.remove();
        await this.#load(next);
        focusOn(before?.nextElementSibling); // or the focus would be gone with the button
      },
      { signal: this.#signal },
    );
    this.#tree.append(item);
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

function focusOn(item) {
  const button = item?.querySelector("button");
  if (item && !button) item.tabIndex = -1;
  (button ?? item)?.focus({ preventScroll: true });
}
