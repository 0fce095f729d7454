// Commands typed before, in all tabs. Pure but for the storage it is given, which may refuse.

const MOST = 200;

export class History {
  #read;
  #write;
  #entries = [];
  #at = 0;
  #draft = null; // what was typed when going up began; null while nobody goes up
  #shown = null;

  /**
   * @param {() => string[]} read the stored commands, oldest first: another tab may have added some
   * @param {(entries: string[]) => void} write
   */
  constructor(read = () => this.#entries, write = () => {}) {
    this.#read = read;
    this.#write = write;
  }

  /** All of them, oldest first. */
  get entries() {
    return [...this.#read()];
  }

  /** Remember a command; the same one twice in a row counts once. */
  add(source) {
    const text = source.trimEnd();
    const entries = this.entries;
    if (text && text !== entries.at(-1)) this.#keep([...entries, text]);
    this.#draft = null;
  }

  /** Forget the last command again: it has come back to be finished. */
  retract(source) {
    const entries = this.entries;
    if (entries.at(-1) === source.trimEnd()) this.#keep(entries.slice(0, -1));
  }

  /**
   * The command before that begins as what was typed; null if there is none. `current` is kept, and comes back at the
   * end of the way down.
   */
  previous(current) {
    if (this.#draft === null || current !== this.#shown) this.#begin(current);
    for (let at = this.#at - 1; at >= 0; at -= 1) {
      if (this.#matches(at, current)) return this.#show(at, this.#entries[at]);
    }
    return null;
  }

  /** The command after; what was being typed at the end; null beyond it, and where nobody went up. */
  next(current) {
    if (this.#draft === null || current !== this.#shown) return null;
    for (let at = this.#at + 1; at < this.#entries.length; at += 1) {
      if (this.#matches(at, current)) return this.#show(at, this.#entries[at]);
    }
    const draft = this.#draft;
    this.#draft = null;
    return draft;
  }

  /** The newest command before `at` that holds `part`: {at, text}, or null. */
  search(part, at = Number.POSITIVE_INFINITY) {
    const entries = this.entries;
    for (let index = Math.min(at, entries.length) - 1; index >= 0; index -= 1) {
      if (entries[index].includes(part)) return { at: index, text: entries[index] };
    }
    return null;
  }

  #begin(current) {
    this.#entries = this.entries;
    this.#at = this.#entries.length;
    this.#draft = current;
  }

  #matches(at, current) {
    return this.#entries[at].startsWith(this.#draft) && this.#entries[at] !== current;
  }

  #show(at, text) {
    this.#at = at;
    this.#shown = text;
    return text;
  }

  #keep(entries) {
    this.#entries = entries.slice(-MOST);
    this.#write([...this.#entries]);
  }
}

/** The entries in stored text; none if it is missing or was damaged. */
export function parseEntries(text) {
  try {
    const entries = JSON.parse(text ?? "[]");
    return Array.isArray(entries) ? entries.filter((entry) => typeof entry === "string") : [];
  } catch {
    return [];
  }
}
