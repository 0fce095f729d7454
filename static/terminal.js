// What a terminal would show of a text: "\r", "\b" and "cursor up" go back, colours are kept, all else is dropped.
// Plain data, without elements.

const ROWS = 24; // lines that "cursor up" may reach: more progress bars than anybody stacks
const COLUMNS = 2000; // of a line that can be gone back in: a longer one is wrapped
const HELD = 1000; // characters of a sequence that has not ended: more is no sequence

// CSI; OSC; DCS, SOS, PM and APC; character sets; all others of two characters (ECMA-48, 5.3 to 5.6).
const SEQUENCE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
  /\x1b(?:\[([0-?]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[()*+][ -~]|[ -Z\\`-~])/y;
const BEGUN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
  /^\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*\x1b?|[PX^_][^\x1b]*\x1b?|[()*+]?)$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const PRINTED = /[^\x00-\x08\x0a-\x1f\x7f-\x9f]+/y;

/** The classes of a style: 0 is plain, then the colours 1 to 16, and 32 more for bold. */
function classes(style) {
  const colour = style & 31;
  return [colour ? `ansi-${colour - 1}` : "", style & 32 ? "ansi-bold" : ""].filter(Boolean).join(" ");
}

let rows = 0;

class Row {
  id = ++rows;
  characters = [];
  styles = [];

  put(column, character, style) {
    while (this.characters.length < column) this.#push(" ", 0);
    if (column === this.characters.length) this.#push(character, style);
    this.characters[column] = character;
    this.styles[column] = style;
  }

  /** Removes the characters from `start` to `stop` (excluded): blanks, unless the row ends there. */
  erase(start, stop) {
    if (stop >= this.characters.length) {
      this.characters.length = this.styles.length = Math.min(start, this.characters.length);
    } else {
      this.characters.fill(" ", start, stop);
      this.styles.fill(0, start, stop);
    }
  }

  /** Pieces in one style each: {text, css}. */
  get pieces() {
    const pieces = [];
    let begin = 0;
    for (let end = 1; end <= this.characters.length; end += 1) {
      if (end < this.characters.length && this.styles[end] === this.styles[begin]) continue;
      pieces.push({ text: this.characters.slice(begin, end).join(""), css: classes(this.styles[begin]) });
      begin = end;
    }
    return pieces;
  }

  #push(character, style) {
    this.characters.push(character);
    this.styles.push(style);
  }
}

/** A row with the plain text behind it. */
function shown(row, after) {
  return { id: row.id, pieces: after ? [...row.pieces, { text: after, css: "" }] : row.pieces };
}

/** One screen of unlimited length, of which the last rows can still change. */
export class Terminal {
  /** Whether something was written over: a progress bar, most likely. */
  rewritten = false;
  #rows = [new Row()];
  #row = 0;
  #column = 0;
  #style = 0;
  #held = "";
  #done = [];

  /** The rows that are final from here on, and those that may change: {id, pieces} in the order of the screen. */
  push(text) {
    const all = this.#held + text;
    this.#held = "";
    this.#done = [];
    if (this.#isPlain(all)) this.#append(all);
    else this.#interpret(all);
    const last = this.#rows.length - 1;
    const live = this.#rows.map((row, number) => shown(row, number < last ? "\n" : ""));
    return { done: this.#done, live };
  }

  #isPlain(text) {
    const last = this.#rows.length - 1;
    const atEnd = this.#row === last && this.#column === this.#rows[last].characters.length;
    return atEnd && !this.#style && !CONTROL.test(text);
  }

  /** Text without anything special: all but its last line is final. */
  #append(text) {
    const cut = text.lastIndexOf("\n") + 1;
    if (cut) {
      while (this.#rows.length > 1) this.#finish();
      this.#done.push(shown(this.#rows[0], text.slice(0, cut)));
      this.#rows = [new Row()];
      this.#row = this.#column = 0;
    }
    this.#write(text.slice(cut));
  }

  #interpret(text) {
    let at = 0;
    while (at < text.length) {
      PRINTED.lastIndex = at;
      const printed = PRINTED.exec(text)?.[0];
      if (printed) this.#write(printed);
      at += printed?.length ?? this.#control(text, at);
    }
  }

  #write(text) {
    for (const character of text) {
      if (this.#column >= COLUMNS) this.#wrap();
      if (this.#column < this.#rows[this.#row].characters.length) this.rewritten = true;
      this.#rows[this.#row].put(this.#column, character, this.#style);
      this.#column += 1;
    }
  }

  /** A line that is too long goes on in the next row, without a line break. */
  #wrap() {
    while (this.#row > 0) this.#finish();
    this.#done.push(shown(this.#rows[0], ""));
    this.#rows[0] = new Row();
    this.#column = 0;
  }

  #finish() {
    this.#done.push(shown(this.#rows.shift(), "\n"));
    this.#row -= 1;
  }

  /** Acts on the control character at `at`; how many characters it takes. */
  #control(text, at) {
    const character = text[at];
    if (character === "\x1b") return this.#escape(text, at);
    if (character === "\n") this.#newLine();
    else if (character === "\r") this.#column = 0;
    else if (character === "\b") this.#column = Math.max(this.#column - 1, 0);
    return 1;
  }

  #newLine() {
    this.#row += 1;
    this.#column = 0;
    if (this.#row === this.#rows.length) this.#rows.push(new Row());
    if (this.#rows.length > ROWS) this.#finish();
  }

  #escape(text, at) {
    SEQUENCE.lastIndex = at;
    const sequence = SEQUENCE.exec(text);
    if (sequence) {
      this.#obey(sequence[2], sequence[1] ?? "");
      return sequence[0].length;
    }
    const rest = text.slice(at, at + HELD + 1);
    if (rest.length > HELD || at + rest.length < text.length || !BEGUN.test(rest)) return 1;
    this.#held = rest;
    return rest.length;
  }

  #obey(command, parameters) {
    const number = Number.parseInt(parameters, 10) || 0;
    const row = this.#rows[this.#row];
    if (command === "m") this.#restyle(parameters.split(/[;:]/).map(Number));
    else if (command === "A") this.#row = Math.max(this.#row - (number || 1), 0);
    else if (command === "B") this.#row = Math.min(this.#row + (number || 1), this.#rows.length - 1);
    else if (command === "C") this.#column = Math.min(this.#column + (number || 1), COLUMNS);
    else if (command === "D") this.#column = Math.max(this.#column - (number || 1), 0);
    else if (command === "G") this.#column = Math.min(Math.max(number - 1, 0), COLUMNS);
    else if (command === "K") row.erase(number ? 0 : this.#column, number === 1 ? this.#column : COLUMNS);
  }

  #restyle(codes) {
    for (let at = 0; at < codes.length; at += 1) {
      const code = codes[at];
      if (code === 0) this.#style = 0;
      else if (code === 1) this.#style |= 32;
      else if (code === 22) this.#style &= 31;
      else if (code === 38 || code === 48) at += this.#extended(codes, at);
      else if (code >= 30 && code <= 37) this.#colour(code - 30);
      else if (code >= 90 && code <= 97) this.#colour(code - 82);
      else if (code === 39) this.#colour(-1);
    }
  }

  /** 38;5;n and 38;2;r;g;b, and the same for backgrounds: how many codes belong to it. */
  #extended(codes, at) {
    const colour = codes[at + 2];
    if (codes[at] === 38) this.#colour(codes[at + 1] === 5 && colour < 16 ? colour : -1);
    return codes[at + 1] === 5 ? 2 : codes[at + 1] === 2 ? 4 : 0;
  }

  #colour(number) {
    this.#style = (this.#style & 32) | (number + 1);
  }
}
