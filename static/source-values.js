// The value of any name in a source: on hover, on a click or tap, and by the arrow keys. Loaded at the first of these.
// A tip can be pointed at and copied from, Escape closes it, a click or Enter keeps it as a row (WCAG 2.2, 1.4.13).
import { announce } from "./announcing.js";
import { post } from "./client.js";
import { valueElement } from "./dk-value.js";
import { make } from "./dom.js";
import { nameAfter, nameAt, parseNames, toCharacters, toUnits } from "./source-names.js";

const ARROWS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"];
const GRACE = 250; // milliseconds to get from a name to its tip

export class SourceValues {
  #source;
  #signal;
  #names = null;
  #values = [];
  #asked = null;
  #current = null;
  #tip = null;
  #ring = null;
  #byKeys = false;
  #leaving = null;

  constructor(source, signal) {
    this.#source = source;
    this.#signal = signal;
    const on = (target, kind, listener, options) => target.addEventListener(kind, listener, { signal, ...options });
    on(this.#code, "pointermove", (event) => this.#moved(event));
    on(source, "pointerleave", () => this.#leave());
    on(document, "click", (event) => source.contains(event.target) && this.#clicked(event));
    on(this.#code, "keydown", (event) => this.#pressed(event));
    on(this.#code, "blur", () => this.#hide());
    on(document, "keydown", (event) => event.key === "Escape" && this.#hide(), { capture: true });
    on(document, "scroll", () => this.#scrolled(), { capture: true, passive: true });
  }

  get #code() {
    return this.#source.querySelector("[data-code]");
  }

  /** An event from before this could hear it. */
  begin(event) {
    if (event.type === "click") this.#clicked(event);
    else if (event.type === "keydown") this.#pressed(event);
    else if (event.type === "focusin") this.#load();
    else this.#moved(event);
  }

  /** Values change when the console runs something: then they are asked for anew. */
  #load() {
    const state = this.#source.parentElement.querySelector("[role=log]")?.childElementCount ?? 0;
    if (this.#asked?.state !== state) this.#asked = { state, names: this.#fetch() };
    return this.#asked.names;
  }

  async #fetch() {
    try {
      const { names, values } = await post(this.#source.dataset.values, {}, this.#signal);
      this.#names = parseNames(names);
      this.#values = values;
    } catch (error) {
      this.#asked = null;
      if (error.name !== "AbortError") announce(error.message);
      return [];
    }
    // The browser would show these beside the tips.
    for (const element of this.#code.querySelectorAll("code [title]")) element.removeAttribute("title");
    return this.#names;
  }

  // With a pointer

  async #moved(event) {
    if (event.pointerType === "touch" || event.buttons) return;
    const { clientX: x, clientY: y } = event;
    if (!this.#placeAt(x, y)) return this.#leave();
    await this.#load();
    const name = this.#nameAt(x, y);
    if (!name) return this.#leave();
    clearTimeout(this.#leaving);
    this.#leaving = null;
    if (name !== this.#current || !this.#tip) this.#show(name);
  }

  async #clicked(event) {
    const pin = event.target.closest("[data-pin]");
    if (pin) return event.target.closest("[data-unpin]") && this.#unpin(pin);
    if (!this.#code.contains(event.target) || getSelection().type === "Range") return;
    await this.#load();
    const name = this.#nameAt(event.clientX, event.clientY);
    if (name) this.#pin(name);
  }

  #nameAt(x, y) {
    const place = this.#placeAt(x, y);
    const name = place && this.#names && nameAt(this.#names, place.line, place.column);
    return name && this.#boxes(name).some((box) => near(box, x, y)) ? name : null;
  }

  /** The line and column at a point of the window; null beside the code. */
  #placeAt(x, y) {
    const [node, offset] = caretAt(x, y);
    const code = node?.parentElement?.closest("code");
    const line = code?.closest("[data-n]");
    if (!line || !this.#code.contains(line)) return null;
    const before = document.createRange();
    before.setStart(code, 0);
    before.setEnd(node, offset);
    const text = before.toString();
    // A caret stands between characters; the one under the point may be the one before it.
    before.setStart(node, Math.max(0, offset - 1));
    const box = before.getBoundingClientRect();
    const units = offset && x < box.right ? text.length - 1 : text.length;
    return { line: Number(line.dataset.n), column: toCharacters(text, units) + Number(line.dataset.offset ?? 0) };
  }

  // By keyboard

  async #pressed(event) {
    if (event.target !== this.#code || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (ARROWS.includes(event.key) && (this.#byKeys || !event.key.match(/Up|Down/))) {
      event.preventDefault();
      await this.#load();
      this.#go(nameAfter(this.#seen(), this.#byKeys ? this.#current : null, event.key, this.#start));
    } else if (["Enter", " "].includes(event.key) && this.#byKeys) {
      event.preventDefault();
      this.#pin(this.#current);
    }
  }

  get #start() {
    return Number(this.#code.querySelector("[data-current]")?.dataset.n ?? 0);
  }

  /** The names on lines that are shown. */
  #seen() {
    return (this.#names ?? []).filter((name) => this.#boxes(name).length);
  }

  #go(name) {
    if (!name) return;
    this.#line(name.line).scrollIntoView({ block: "nearest", behavior: "instant" });
    this.#toName(this.#boxes(name)[0]);
    this.#show(name, true);
    const { text, type } = this.#values[name.value];
    announce([`${this.#values[name.value].name} = ${text}`, type, name.note].filter(Boolean).join(", "));
  }

  #mark(name) {
    this.#ring ??= this.#lines.appendChild(make("span", { className: "ring" }));
    this.#ring.toggleAttribute("data-keys", this.#byKeys);
    const box = this.#boxes(name)[0];
    const lines = this.#lines.getBoundingClientRect();
    Object.assign(this.#ring.style, {
      left: `${box.left - lines.left - 2}px`,
      top: `${box.top - lines.top - 1}px`,
      width: `${box.width + 4}px`,
      height: `${box.height + 2}px`,
    });
  }

  /** The lines are scrolled sideways only for what would be out of sight without that. */
  #toName(box) {
    const code = this.#code;
    const left = box.left - code.getBoundingClientRect().left + code.scrollLeft;
    code.scrollLeft = left + box.width < code.clientWidth ? 0 : left - code.clientWidth / 2;
  }

  // What is shown

  get #lines() {
    return this.#code.querySelector("[data-lines]");
  }

  #line(number) {
    return this.#lines.querySelector(`[data-n="${number}"]`);
  }

  /** The rectangles of a name in the window. */
  #boxes(name) {
    const [start, end] = [this.#point(name.line, name.start, false), this.#point(name.endLine, name.end, true)];
    if (!start || !end) return [];
    const range = document.createRange();
    range.setStart(...start);
    range.setEnd(...end);
    return [...range.getClientRects()];
  }

  /** A place in the source as a text node and an offset in it; null on a line that is not shown. */
  #point(number, column, ends) {
    const line = this.#line(number);
    const code = line?.querySelector("code");
    if (!code) return null;
    let left = toUnits(code.textContent, column - Number(line.dataset.offset ?? 0));
    const walker = document.createTreeWalker(code, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (ends ? left <= node.length : left < node.length) return [node, left];
      left -= node.length;
    }
    return null;
  }

  #show(name, byKeys = false) {
    this.#hide();
    this.#current = name;
    this.#byKeys = byKeys;
    this.#mark(name);
    const value = this.#values[name.value];
    this.#tip = make("div", { className: "tip", role: "tooltip", popover: "manual" }, ...described(value, name.note));
    this.#tip.addEventListener("pointerenter", () => clearTimeout(this.#leaving));
    this.#tip.addEventListener("pointerleave", () => this.#leave());
    this.#source.append(this.#tip);
    this.#tip.showPopover?.();
    this.#place(this.#boxes(name)[0]);
  }

  #place(box) {
    const tip = this.#tip.getBoundingClientRect();
    const left = Math.max(12, Math.min(box.left, innerWidth - tip.width - 12));
    const below = box.bottom + 2;
    const top = below + tip.height < innerHeight ? below : box.top - tip.height - 2;
    this.#tip.style.left = `${left}px`;
    this.#tip.style.top = `${top}px`;
  }

  #leave() {
    if (!this.#tip || this.#byKeys || this.#leaving) return;
    this.#leaving = setTimeout(() => this.#hide(), GRACE);
  }

  /** A tip of the pointer goes, one of the keyboard moves along. */
  #scrolled() {
    if (!this.#tip) return;
    if (this.#byKeys) this.#place(this.#boxes(this.#current)[0]);
    else this.#hide();
  }

  #hide() {
    clearTimeout(this.#leaving);
    this.#tip?.remove();
    this.#ring?.remove();
    this.#leaving = this.#tip = this.#ring = this.#current = null;
    this.#byKeys = false;
  }

  /** A row under the line; the same again takes it away. */
  #pin(name) {
    const value = this.#values[name.value];
    const key = `${name.line} ${value.name}`;
    const old = [...this.#lines.querySelectorAll("[data-pin]")].find((row) => row.dataset.pin === key);
    if (old) return this.#unpin(old);
    const close = make("button", { type: "button", className: "link", title: "Remove", ariaLabel: "Remove" }, "×");
    close.dataset.unpin = "";
    const element = valueElement({ ...value, type: "" });
    const row = make("div", { className: "pinned" }, make("b", { textContent: value.name }), element);
    if (value.type) row.append(make("span", { className: "type", textContent: value.type }));
    if (name.note) row.append(make("span", { className: "note", textContent: name.note }));
    row.append(close);
    row.dataset.pin = key;
    this.#last(name.endLine).after(row);
    if (this.#byKeys)
      this.#show(name, true); // where it is now
    else this.#hide();
  }

  /** What stands last below a line. */
  #last(number) {
    let last = this.#line(number);
    while (last.nextElementSibling?.matches("dl, [data-pin]")) last = last.nextElementSibling;
    return last;
  }

  #unpin(row) {
    const focused = row.contains(document.activeElement);
    row.remove();
    if (focused) this.#code.focus({ preventScroll: true });
  }
}

function described(value, note) {
  const parts = [
    make("b", { textContent: value.name }),
    make("span", { className: `val ${value.kind}`, textContent: value.text }),
  ];
  if (value.type) parts.push(make("span", { className: "type", textContent: value.type }));
  if (note) parts.push(make("span", { className: "note", textContent: note }));
  return parts;
}

function near(box, x, y) {
  return x >= box.left - 1 && x <= box.right + 1 && y >= box.top - 2 && y <= box.bottom + 2;
}

function caretAt(x, y) {
  const caret = document.caretPositionFromPoint?.(x, y);
  if (caret) return [caret.offsetNode, caret.offset];
  const range = document.caretRangeFromPoint?.(x, y);
  return range?.startContainer.nodeType === Node.TEXT_NODE ? [range.startContainer, range.startOffset] : [];
}
