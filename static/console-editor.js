// The text field of a console: edits that can be undone, and as high as its text. Knows no command.
import { indents, prompts, shifted } from "./console-input.js";
import { Pairs } from "./pairs.js";

export class Editor {
  /** Whether the text is whole as it is: pasted, or had from the history. */
  whole = false;
  #input;
  #prompt;
  #entered;
  #pairs = new Pairs();
  #writing = false;

  /** @param {{input: HTMLTextAreaElement, prompt: HTMLElement, entered: () => void}} parts */
  constructor({ input, prompt, entered }, signal) {
    this.#input = input;
    this.#prompt = prompt;
    this.#entered = entered;
    input.addEventListener("beforeinput", (event) => this.#typing(event), { signal });
    input.addEventListener("input", (event) => this.#changed(event), { signal });
  }

  get text() {
    return this.#input.value;
  }

  get state() {
    const { value, selectionStart, selectionEnd } = this.#input;
    return { text: value, start: selectionStart, end: selectionEnd };
  }

  /** What stands left of the caret. */
  get before() {
    return this.text.slice(0, this.#input.selectionStart);
  }

  get onFirstLine() {
    return !this.before.includes("\n");
  }

  get onLastLine() {
    return !this.text.slice(this.#input.selectionEnd).includes("\n");
  }

  get selected() {
    return this.#input.selectionStart !== this.#input.selectionEnd;
  }

  /** Whether Enter is meant to go on in the brackets that closed themselves. */
  get opensLine() {
    return this.#pairs.opensLine(this.state);
  }

  focus() {
    this.#input.focus({ preventScroll: true });
  }

  /** Replaces the text. The caret goes to its end, or as far from there as `fromEnd` says. */
  set(text, { whole = false, fromEnd = 0 } = {}) {
    const caret = text.length - fromEnd;
    this.apply({ from: 0, to: this.text.length, insert: text, select: [caret, caret] });
    this.whole = whole;
    this.fit();
  }

  /** Makes an edit of `pairs.js`; undo takes it back. */
  apply({ from, to, insert, select }) {
    const input = this.#input;
    input.setSelectionRange(from, to);
    this.#write(insert, from, to);
    input.setSelectionRange(...select);
    this.fit();
  }

  /** Puts text where the caret is. */
  insert(text) {
    const { start, end } = this.state;
    this.apply({ from: start, to: end, insert: text, select: [start + text.length, start + text.length] });
  }

  newline() {
    this.apply(this.#pairs.newline(this.state));
  }

  /** What Tab does where there is nothing to complete: moves lines; false where the key is not needed for that. */
  shift(back) {
    const edit = shifted(this.state, back);
    if (edit) this.apply(edit);
    return Boolean(edit) || indents(this.state);
  }

  /** The input is as high as its text, with a prompt beside each line; what holds both scrolls. */
  fit() {
    const input = this.#input;
    const box = input.parentElement;
    const top = box.scrollTop;
    input.style.height = "0";
    input.style.height = `${input.scrollHeight}px`;
    this.#prompt.textContent = prompts(input.value);
    box.scrollTop = input.selectionEnd === input.value.length ? box.scrollHeight : top;
  }

  #typing(event) {
    if (this.#writing || event.isComposing) return;
    const edit = this.#editFor(event);
    // The key went down before anybody listened, or belongs to a keyboard on a screen, which may not name its keys.
    const entered = event.inputType === "insertLineBreak";
    if (edit || entered) event.preventDefault();
    if (edit) this.apply(edit);
    else if (entered) this.#entered();
  }

  #editFor({ inputType, data }) {
    if (inputType === "insertText" && data?.length === 1) return this.#pairs.type(this.state, data);
    return inputType === "deleteContentBackward" ? this.#pairs.backspace(this.state) : null;
  }

  #changed(event) {
    if (event.inputType === "insertFromPaste") this.whole = this.text.includes("\n");
    if (!this.text) this.whole = false;
    this.fit();
  }

  /** Only what a command of the browser writes can be undone. It writes where the focus is. */
  #write(text, from, to) {
    if (from === to && !text) return;
    this.#writing = true;
    const focused = document.activeElement === this.#input;
    const written = focused && document.execCommand(text ? "insertText" : "delete", false, text);
    this.#writing = false;
    if (written) return;
    this.#input.setRangeText(text, from, to, "end");
    this.#input.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }
}
