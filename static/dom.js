// Small help with elements. Text goes in as text.

export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** What names a value beside it: the term of its row, or the key of its item; null where nothing does. */
export function termOf(value) {
  const row = value.closest("li, dd");
  return (row?.localName === "dd" ? row.previousElementSibling : row?.firstElementChild) ?? null;
}

/** Opens what `element` is folded in. */
export function unfold(element) {
  for (let box = element.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
}

/** Whether a click came of a key, or of a program that reads the screen. Firefox counts such clicks on links, too. */
export function isKeyboardClick({ detail, pointerType }) {
  return detail === 0 || pointerType === "";
}

/** A custom element whose listeners live exactly as long as it is in the page. */
export class DebugkitElement extends HTMLElement {
  #controller;

  connectedCallback() {
    this.#controller = new AbortController();
    this.connected(this.#controller.signal);
  }

  disconnectedCallback() {
    this.#controller?.abort();
  }
}
