// Newline-delimited JSON from pieces of text that may end anywhere. Knows nothing of the network.

export class Lines {
  #rest = "";

  /** The objects whose lines are complete with this piece. */
  push(text) {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop();
    return lines.filter((line) => line.trim()).map((line) => JSON.parse(line));
  }

  /** What is left at the end: a last line without a newline. Throws SyntaxError if it was cut in the middle. */
  end() {
    const rest = this.#rest;
    this.#rest = "";
    return rest.trim() ? [JSON.parse(rest)] : [];
  }
}
