// Reads Python as far as typing it needs: what is still open at its end, and how deep the next line begins. Pure.
// The server has the last word: what this takes for complete may still come back as incomplete.

export const CLOSERS = { "(": ")", "[": "]", "{": "}" };

const STEP = "    ";
const QUOTE = /"""|'''|"|'/y;
const BLOCK = /^(?:if|elif|else|for|while|try|except|finally|with|def|class|async)\b|^(?:match|case)\b.*:$/;
const LEAVES = /^(?:return|pass|break|continue|raise)\b/;

/**
 * What is open at the end of `text`: the brackets, outermost first; the quotes of a string, or ""; whether a backslash
 * joins the next line; whether a bracket closes what is not open. `lines` are the logical lines, without comments and
 * with `"` for each string.
 */
export function scan(text) {
  const read = { brackets: [], quote: "", comment: false, continued: false, wrong: false, lines: [""] };
  let at = 0;
  while (at < text.length) at = read.quote ? inString(text, at, read) : inCode(text, at, read);
  read.continued ||= /\\\n[ \t]*$/.test(text) && !read.comment && read.quote.length !== 3;
  return read;
}

function add(read, code) {
  read.lines[read.lines.length - 1] += code;
}

function inString(text, at, read) {
  if (text[at] === "\\") {
    read.continued = at + 1 >= text.length;
    return at + 2;
  }
  if (text.startsWith(read.quote, at)) {
    const end = at + read.quote.length;
    read.quote = "";
    return end;
  }
  if (text[at] === "\n" && read.quote.length === 1) read.quote = ""; // a mistake: it ends with its line
  return read.quote ? at + 1 : at;
}

function inCode(text, at, read) {
  const char = text[at];
  if (char === "#") {
    const end = text.indexOf("\n", at);
    read.comment = end < 0;
    return end < 0 ? text.length : end;
  }
  QUOTE.lastIndex = at;
  const quote = QUOTE.exec(text)?.[0];
  if (quote) {
    read.quote = quote;
    add(read, '"');
    return at + quote.length;
  }
  if (char === "\\" && (at + 1 === text.length || text[at + 1] === "\n")) {
    read.continued = at + 1 === text.length;
    return at + 2;
  }
  if (CLOSERS[char]) read.brackets.push(char);
  else if (")]}".includes(char) && CLOSERS[read.brackets.pop()] !== char) read.wrong = true;
  if (char === "\n" && !read.brackets.length) read.lines.push("");
  else add(read, char);
  return at + 1;
}

function opensBlock(line) {
  const code = line.trim();
  return code.endsWith(":") && BLOCK.test(code);
}

/**
 * Whether Enter should open another line, as Python's own prompt would: a block ends with an empty line, unless it is
 * `whole` (pasted, or had from the history).
 */
export function unfinished(text, whole = false) {
  const { brackets, quote, continued, wrong, lines } = scan(text);
  if (wrong) return false;
  if (quote) return quote.length === 3 || continued;
  if (brackets.length || continued) return true;
  const written = lines.filter((line) => line.trim());
  if (!written.length) return false;
  const last = written.at(-1);
  if (opensBlock(last) || last.trim().startsWith("@")) return true;
  return !whole && lines.at(-1).trim() !== "" && BLOCK.test(outermost(written));
}

/** The last line that is no deeper than the first. */
function outermost(lines) {
  const depth = (line) => line.length - line.trimStart().length;
  return lines.findLast((line) => depth(line) <= depth(lines[0])).trim();
}

/** The indentation that a new line after `text` begins with. */
export function indentation(text) {
  const last = text.slice(text.lastIndexOf("\n") + 1);
  const own = last.match(/^[ \t]*/)[0];
  const step = own.includes("\t") ? "\t" : STEP;
  const { brackets, quote, lines } = scan(text);
  if (quote) return own;
  if (brackets.length) return /[([{]\s*(?:#.*)?$/.test(last) ? own + step : own;
  const line = lines.at(-1);
  if (opensBlock(line)) return line.match(/^[ \t]*/)[0] + step;
  return LEAVES.test(line.trim()) ? own.slice(step.length) : own;
}

/** The bracket or the quotes that two empty lines at the end have not closed, so that a word about it helps; or "". */
export function stillOpen(text) {
  if (!/\n[ \t]*\n[ \t]*$/.test(text)) return "";
  const { brackets, quote } = scan(text);
  return quote || brackets.at(-1) || "";
}
