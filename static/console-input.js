// What the console does with the text being typed. Pure.

const STEP = "    ";
const OPENS_BLOCK = /:[ \t]*(#.*)?$/;

/** The indentation a new line after `text` begins with: that of its last line, one step deeper after a colon. */
export function indentation(text) {
  const last = text.slice(text.lastIndexOf("\n") + 1);
  const own = last.match(/^[ \t]*/)[0];
  return OPENS_BLOCK.test(last) ? own + STEP : own;
}

/**
 * The text to send. A block typed line by line ends with an empty line, a pasted one just ends: both get the newline
 * that tells Python's compiler that the block is over (see `codeop`). A line that opens a block needs another.
 */
export function prepare(text, pasted = false) {
  const body = text.replace(/\s+$/, "");
  const closed = /\n[ \t]*$/.test(text) && !OPENS_BLOCK.test(body);
  return closed || (pasted && body.includes("\n")) ? `${body}\n` : body;
}

/** Incomplete text with a new line to go on in. An empty line below one that opens a block adds nothing. */
export function continuation(text) {
  const body = text.replace(/\n[ \t]*$/, "");
  const kept = OPENS_BLOCK.test(body) ? body : text;
  return `${kept}\n${indentation(kept)}`;
}

/** The prompt beside text of this many lines. */
export function prompts(text, first = ">>>", rest = "...") {
  return [first, ...Array(text.split("\n").length - 1).fill(rest)].join("\n");
}
