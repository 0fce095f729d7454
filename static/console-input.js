// What the console does with the text that was typed. Pure.
import { indentation, unfinished } from "./python-text.js";

/**
 * The text to send. A block typed line by line ends with an empty line, a whole one (pasted, or had from the history)
 * just ends: both get the newline that tells Python's compiler that the block is over (see `codeop`). A line that opens
 * a block needs another.
 */
export function prepare(text, whole = false) {
  const body = text.replace(/\s+$/, "");
  const closed = /\n[ \t]*$/.test(text) && !unfinished(body, true);
  return closed || (whole && body.includes("\n")) ? `${body}\n` : body;
}

/** Text that the server calls incomplete, with a line to go on in and what has been typed since. */
export function continuation(text, since = "") {
  const body = text.replace(/\n[ \t]*$/, "");
  return `${body}\n${indentation(body)}${since}`;
}

/** Commands, and below them what has been typed since. */
export function together(text, since) {
  return since ? `${text}\n${since}` : text;
}

/** Whether the selection may be indented by Tab: it begins where a line that is not the first does, or spans lines. */
export function indents({ text, start, end }) {
  const line = text.slice(text.lastIndexOf("\n", start - 1) + 1, start);
  return text.slice(start, end).includes("\n") || (text.slice(0, start).includes("\n") && !line.trim());
}

const STEP = "    ";

/** The edit by which Tab, or Shift+Tab, moves the selected lines; null where there is nothing to move. */
export function shifted(state, back) {
  if (!indents(state)) return null;
  const { text, start, end } = state;
  const from = text.lastIndexOf("\n", start - 1) + 1;
  const lines = text.slice(from, end).split("\n");
  const moved = lines.map((line) => (back ? line.replace(/^(?: {1,4}|\t)/, "") : STEP + line));
  const insert = moved.join("\n");
  if (insert === lines.join("\n")) return null;
  const first = moved[0].length - lines[0].length;
  return { from, to: end, insert, select: [Math.max(from, start + first), from + insert.length] };
}

/** The prompt beside text of this many lines. */
export function prompts(text, first = ">>>", rest = "...") {
  return [first, ...Array(text.split("\n").length - 1).fill(rest)].join("\n");
}
