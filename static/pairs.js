// Brackets and quotes that close themselves, and what keys do at indentation. Pure: takes {text, start, end}, the text
// and its selection, and gives an edit {from, to, insert, select: [start, end]}, or null where the key just does what
// it always does.
import { CLOSERS, indentation, scan } from "./python-text.js";

const STEP = 4;
const PAIRS = { ...CLOSERS, '"': '"', "'": "'" };
const FREE = /^[\s)\]},:;]/; // before these, or at the end, nothing stands that the pair would enclose by mistake
const PREFIX = /(?:^|\W)(?:[rbfut]|[bft]r|r[bft])$/i; // of a string: PEP 498, 750
const OPERAND = /[\w)\]}"'.]\s*$/;

function put(from, to, insert, start, end = start) {
  return { from, to, insert, select: [start, end] };
}

export class Pairs {
  #added = ""; // the closers that were added and not typed yet, from the caret on

  /** Instead of typing one character. */
  type({ text, start, end }, char) {
    const [before, after] = this.#around(text, start, end);
    if (start !== end) return this.#wrap(text.slice(start, end), start, end, char);
    if (this.#added[0] === char && !escaped(before)) return this.#over(before, after);
    if (!pairs(before, after, char)) return null;
    this.#added = PAIRS[char] + this.#added;
    return put(start, start, char + PAIRS[char], start + 1);
  }

  /** Instead of Backspace: a pair goes as a whole, and so does a step of indentation. */
  backspace({ text, start, end }) {
    const [before, after] = this.#around(text, start, end);
    if (start !== end || !start) return null;
    if (this.#added && after[0] === this.#added[0] && PAIRS[before.at(-1)] === after[0]) {
      this.#added = this.#added.slice(1);
      return put(start - 1, start + 1, "", start - 1);
    }
    const blank = /(?:^|\n)( +)$/.exec(before)?.[1].length ?? 0;
    if (!blank) return null;
    const from = start - (((blank - 1) % STEP) + 1);
    return put(from, start, "", from);
  }

  /** A new line at the caret, indented; a closer that was added gets a line of its own. */
  newline({ text, start, end }) {
    const [before, after] = this.#around(text, start, end);
    const indent = `\n${indentation(before)}`;
    const own = this.#added && CLOSERS[before.at(-1)] && after[0] === this.#added[0];
    const outer = own ? `\n${before.slice(before.lastIndexOf("\n") + 1).match(/^[ \t]*/)[0]}` : "";
    return put(start, end, indent + outer, start + indent.length);
  }

  /** Whether Enter opens a line, although the text is complete with the closers that were added to it. */
  opensLine({ text, start, end }) {
    const [before, after] = this.#around(text, start, end);
    if (!this.#added || squeezed(after) !== this.#added || scan(before).quote) return false;
    return !OPERAND.test(before) || /^\s*\n/.test(after);
  }

  #around(text, start, end) {
    const after = text.slice(end);
    // The caret may have gone elsewhere, or past some of them.
    while (this.#added && !squeezed(after).startsWith(this.#added)) this.#added = this.#added.slice(1);
    return [text.slice(0, start), after];
  }

  #wrap(selected, start, end, char) {
    return PAIRS[char] ? put(start, end, char + selected + PAIRS[char], start + 1, end + 1) : null;
  }

  /** Typing the closer that stands there already. From a blank line above it, that line goes. */
  #over(before, after) {
    this.#added = this.#added.slice(1);
    const gap = after.length - after.trimStart().length;
    const at = before.length + gap;
    const line = before.lastIndexOf("\n") + 1;
    if (!gap || before.slice(line).trim() || !after.slice(0, gap).includes("\n")) return put(at, at, "", at + 1);
    const to = before.length + after.lastIndexOf("\n", gap) + 1;
    return put(line, to, "", at + 1 - (to - line));
  }
}

function squeezed(text) {
  return text.replace(/\s/g, "");
}

function escaped(before) {
  return /(?:^|[^\\])(?:\\\\)*\\$/.test(before);
}

function pairs(before, after, char) {
  if (!PAIRS[char] || (after && !FREE.test(after))) return false;
  const { quote, comment } = scan(before);
  if (quote || comment) return false;
  if (CLOSERS[char]) return true;
  // A third quote opens a text of several lines.
  return !before.endsWith(char) && (!/\w$/.test(before) || PREFIX.test(before));
}
