// <dk-completion>: what can be typed next in a console, in a list at the caret, and in grey what the line is worth.
// Loaded when somebody is about to type. The text field keeps the focus (WAI-ARIA, combobox): nothing here waits, and
// an answer for another text than the one that stands there is dropped.
import { caretPlace } from "./caret-place.js";
import { post } from "./client.js";
import { about, KINDS, option } from "./completion-rows.js";
import { completes, cursorOf, isTyped, moved, opens, taken } from "./completion-text.js";
import { DebugkitElement, make } from "./dom.js";
import { Ghost } from "./ghost.js";

const PAUSE = 40; // milliseconds without a key before the server is asked
const PAGE = 8; // rows that the page keys go
const ROOM = 200; // pixels below the line that are enough for the list
const ENDS = ["ArrowRight", "End"];
const GOES = [...ENDS, "ArrowLeft", "Home"];
const LEAST = 64; // pixels that a preview needs to say something

const styled = sheet();
let lists = 0;

/** The element for the console that `editor` belongs to; `entries` gives the earlier commands. */
export function completion(editor, url, entries) {
  const element = make("dk-completion");
  element.editor = editor;
  element.entries = entries;
  element.dataset.url = url;
  return element;
}

/** Resolves when there are styles for the list. */
function sheet() {
  const link = make("link", { rel: "stylesheet", href: new URL("./completion.css", import.meta.url).href });
  const ready = new Promise((resolve) => {
    link.onload = link.onerror = resolve;
  });
  document.head.append(link);
  return ready;
}

export class DkCompletion extends DebugkitElement {
  editor;
  entries;
  #input;
  #popup;
  #list;
  #about;
  #status;
  #worth;
  #ghost;
  #answer = null; // the items shown, and the text they are for
  #active = -1; // the number of the chosen item
  #asked = new AbortController();
  #wanted = false; // whether a list was asked for by a key
  #opening = false; // whether what was typed asks for one
  #timer;

  connected(signal) {
    this.#input = this.parentElement.querySelector("textarea");
    this.#build();
    const { form } = this.#input;
    // Before the console itself, which would run the command.
    form.addEventListener("keydown", (event) => this.#pressed(event), { signal, capture: true });
    this.#input.addEventListener("input", (event) => this.#typed(event), { signal });
    for (const name of ["blur", "pointerdown"]) this.#input.addEventListener(name, () => this.#leave(), { signal });
    document.addEventListener("scroll", (event) => this.#scrolled(event), { signal, capture: true, passive: true });
    window.addEventListener("resize", () => this.#close(), { signal });
    signal.addEventListener("abort", () => this.#forget());
    if (this.editor.text) this.#ask(opens(this.editor.before)); // typed before it came
  }

  #build() {
    const id = `completions-${++lists}`;
    this.#list = make("ul", { id, role: "listbox", ariaLabel: "Completions", tabIndex: 0 });
    this.#about = make("div", { className: "explained", hidden: true });
    this.#popup = make("div", { className: "completions", popover: "manual" }, this.#list, this.#about);
    // A press would take the focus from the text.
    this.#popup.addEventListener("pointerdown", (event) => event.preventDefault());
    this.#popup.addEventListener("mousedown", (event) => event.preventDefault());
    this.#list.addEventListener("click", (event) => this.#clicked(event.target.closest("[role=option]")));
    this.#status = make("span", { className: "unseen", ariaLive: "polite" });
    this.#worth = make("span", { className: "worth", ariaHidden: "true" });
    this.#ghost = new Ghost(this.editor, this.#input, this.entries);
    this.replaceChildren(this.#popup, this.#worth, this.#ghost.element, this.#status);
    this.#input.setAttribute("aria-autocomplete", "list");
  }

  // Keys

  #pressed(event) {
    if (event.target !== this.#input || event.isComposing || event.keyCode === 229) return;
    if (GOES.includes(event.key) && this.#goes(event)) return;
    const act = this.#answer ? this.#actionInList(event) : this.#actionBesides(event);
    if (!act?.()) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** The caret goes on: at the end of the line into the rest of an earlier command. */
  #goes(event) {
    const { shiftKey, ctrlKey, metaKey, altKey } = event;
    const taken = ENDS.includes(event.key) && !(shiftKey || ctrlKey || metaKey || altKey) && this.#ghost.take();
    if (!taken) {
      this.#ghost.hide();
      return false;
    }
    this.#close();
    event.preventDefault();
    return true;
  }

  /** What a key does in the list; each says whether that is all it does. */
  #actionInList({ key, shiftKey, ctrlKey, metaKey, altKey }) {
    if (ctrlKey || metaKey || altKey) return () => this.#close();
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: PAGE, PageUp: -PAGE }[key];
    if (step) return () => this.#choose(moved(this.#active, step, this.#answer.items.length));
    if (key === "Escape") return () => this.#close() || true;
    if (key === "Tab" && !shiftKey) return () => this.#tab();
    if (key === "Enter" && !shiftKey) return () => this.#enter();
    return ["ArrowLeft", "ArrowRight", "Home", "End", "Tab", "Enter"].includes(key) ? () => this.#close() : null;
  }

  #actionBesides({ key, shiftKey, ctrlKey, metaKey, altKey }) {
    const asks = key === "Tab" && !shiftKey && !ctrlKey && completes(this.editor.state);
    const also = key === " " && ctrlKey; // as in editors
    return (asks || also) && !metaKey && !altKey ? () => this.#want() : null;
  }

  #want() {
    this.#wanted = true;
    this.#ask();
    return true;
  }

  #tab() {
    if (!this.#current) return this.#want();
    return this.#take(this.#answer.items[Math.max(this.#active, 0)]);
  }

  /** Enter runs the command, unless an item was chosen that would change it. */
  #enter() {
    const item = this.#answer.items[this.#active];
    const takes = item && this.#current && !isTyped(this.editor.state, this.#answer.replaces, item);
    return takes ? this.#take(item) : this.#close();
  }

  #clicked(row) {
    const item = row && this.#answer?.items[[...this.#list.children].indexOf(row)];
    if (item && this.#current) this.#take(item);
  }

  // Asking

  #typed(event) {
    this.#showWorth(null);
    this.#ghost.follow();
    clearTimeout(this.#timer);
    this.#asked.abort();
    if (!this.editor.text.trim()) return this.#close();
    const typed = event.inputType !== "insertFromPaste" && event.inputType !== "historyUndo";
    // Not yet: brackets that close themselves move the caret when they are written.
    queueMicrotask(() => {
      const { before } = this.editor;
      this.#opening = typed && (opens(before) || (this.#opening && /\w$/.test(before)));
    });
    this.#timer = setTimeout(() => this.#ask(this.#answer !== null || this.#opening), PAUSE);
  }

  /** Whether the list is for the text as it stands. */
  get #current() {
    const { text, start } = this.editor.state;
    return this.#answer?.text === text && this.#answer.start === start;
  }

  async #ask(lists = true) {
    clearTimeout(this.#timer);
    this.#asked.abort();
    this.#asked = new AbortController();
    const { signal } = this.#asked;
    const { text, start } = this.editor.state;
    try {
      const body = { source: text, cursor: cursorOf({ text, start }) };
      const [answer] = await Promise.all([post(this.dataset.url, body, signal), styled]);
      const now = this.editor.state;
      if (signal.aborted || now.text !== text) return;
      this.#showWorth(answer.preview); // of the whole text: a bracket that is typed over moves only the caret
      if (answer.preview) this.#ghost.hide();
      else this.#ghost.show();
      if (now.start === start) this.#show({ ...answer, text, start }, lists);
    } catch {
      // Who types has asked for nothing: a server that is gone is said when the command runs.
      if (!signal.aborted) this.#close();
    }
  }

  // The list

  #show(answer, lists) {
    const wanted = this.#wanted;
    const chosen = this.#active >= 0 || wanted;
    this.#wanted = false;
    const { items, replaces } = answer;
    const done = items.length === 1 && isTyped(this.editor.state, replaces, items[0]);
    if (wanted && !items.length) this.#status.textContent = "No completions";
    if (!(lists || wanted) || !items.length || (done && !wanted) || document.activeElement !== this.#input) {
      return this.#close();
    }
    this.#answer = answer;
    if (wanted && items.length === 1) return this.#take(items[0]);
    this.#fill();
    this.#choose(chosen ? 0 : -1);
  }

  #fill() {
    const { items, more, replaces } = this.#answer;
    this.#list.replaceChildren(...items.map((item, number) => option(item, replaces, `${this.#list.id}-${number}`)));
    this.#list.scrollTop = 0;
    this.#popup.dataset.more = more ? `${more.toLocaleString("en")} more` : "";
    if (!this.#popup.matches(":popover-open")) this.#popup.showPopover();
    this.#place();
    this.#input.setAttribute("aria-controls", this.#list.id);
    this.#status.textContent = items.length === 1 ? "1 completion" : `${items.length + more} completions`;
  }

  /** Below the line, so that source and values stay in sight, unless there is too little room for it. */
  #place() {
    const { left, top, bottom } = caretPlace(this.#input, this.#answer.start - this.#answer.replaces.length);
    const below = innerHeight - bottom >= Math.min(ROOM, top);
    this.#popup.style.maxHeight = `${(below ? innerHeight - bottom : top) - 12}px`;
    const { width, height } = this.#popup.getBoundingClientRect();
    this.#popup.style.left = `${Math.max(8, Math.min(left - 30, innerWidth - width - 8))}px`;
    this.#popup.style.top = below ? `${bottom + 4}px` : `${top - height - 4}px`;
  }

  /** Makes an item the chosen one; -1 for none. */
  #choose(number) {
    this.#list.children[this.#active]?.setAttribute("aria-selected", "false");
    this.#active = number;
    const row = this.#list.children[number];
    row?.setAttribute("aria-selected", "true");
    if (row) this.#input.setAttribute("aria-activedescendant", row.id);
    else this.#input.removeAttribute("aria-activedescendant");
    this.#about.replaceChildren(...(row ? about(this.#answer.items[number]) : []));
    this.#about.hidden = !this.#about.hasChildNodes();
    this.#place();
    row?.scrollIntoView({ block: "nearest", behavior: "instant" });
    return true;
  }

  #take(item) {
    const edit = taken(this.editor.state, this.#answer.replaces, item);
    this.#close();
    if (edit) this.editor.apply(edit);
    this.#status.textContent = `${item.name}, ${KINDS[item.kind].word}`;
    return true;
  }

  #close() {
    this.#wanted = this.#opening = false;
    this.#answer = null;
    this.#active = -1;
    this.#status.textContent = "";
    this.#input.removeAttribute("aria-activedescendant");
    this.#input.removeAttribute("aria-controls");
    if (this.#popup.matches(":popover-open")) this.#popup.hidePopover();
    return false;
  }

  #leave() {
    this.#ghost.hide();
    this.#close();
  }

  #scrolled(event) {
    if (this.#answer && !this.#popup.contains(event.target) && event.target !== this.#input.parentElement)
      this.#close();
  }

  #forget() {
    clearTimeout(this.#timer);
    this.#asked.abort();
  }

  // The preview

  #showWorth(preview) {
    const worth = this.#worth;
    worth.hidden = !preview;
    if (!preview) return;
    worth.replaceChildren("→ ", make("span", { className: `val ${preview.kind}`, textContent: preview.text }));
    const { left, top } = caretPlace(this.#input, this.editor.text.length);
    const line = this.parentElement.getBoundingClientRect();
    const room = this.#input.getBoundingClientRect().right - left - 24;
    worth.hidden = room < LEAST;
    worth.style.left = `${left - line.left + 20}px`;
    worth.style.top = `${top - line.top}px`;
    worth.style.maxWidth = `${room}px`;
  }
}

customElements.define("dk-completion", DkCompletion);
