// Commands typed before. Pure but for the storage it is given, which may refuse.

const MOST = 200;

export class History {
  #entries;
  #at;
  #draft = "";
  #save;

  /** @param {string[]} entries oldest first  @param {(entries: string[]) => void} save called after each addition */
  constructor(entries = [], save = () => {}) {
    this.#entries = entries.slice(-MOST);
    this.#at = this.#entries.length;
    this.#save = save;
  }

  get entries() {
    return [...this.#entries];
  }

  /** Remember a command; the same one twice in a row counts once. */
  add(source) {
    const text = source.trimEnd();
    if (text && text !== this.#entries.at(-1)) {
      this.#entries = [...this.#entries, text].slice(-MOST);
      this.#save(this.entries);
    }
    this.#at = this.#entries.length;
    this.#draft = "";
  }

  /** The command before; null at the oldest. `current` is kept, and comes back at the end of the way down. */
  previous(current) {
    if (this.#at === 0) return null;
    if (this.#at === this.#entries.length) this.#draft = current;
    this.#at -= 1;
    return this.#entries[this.#at];
  }

  /** The command after; what was being typed at the end; null beyond it. */
  next() {
    if (this.#at >= this.#entries.length) return null;
    this.#at += 1;
    return this.#at === this.#entries.length ? this.#draft : this.#entries[this.#at];
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
