// Commands, one after the other: what is typed while one runs waits for its turn. Knows no element and no network.

export class CommandQueue {
  #run;
  #changed;
  #waiting = [];
  #running = null;

  /**
   * @param {(command: object) => Promise<void>} run must not reject
   * @param {() => void} changed called when another runs, or waits
   */
  constructor(run, changed = () => {}) {
    this.#run = run;
    this.#changed = changed;
  }

  /** The command that runs, or null. */
  get running() {
    return this.#running;
  }

  get waiting() {
    return this.#waiting.length;
  }

  add(command) {
    this.#waiting.push(command);
    if (this.#running) this.#changed();
    else void this.#work();
  }

  /** Takes the next one out of the queue; undefined if none waits. */
  take() {
    const command = this.#waiting.shift();
    this.#changed();
    return command;
  }

  /** Takes all that wait out of the queue. */
  drop() {
    const dropped = this.#waiting.splice(0);
    this.#changed();
    return dropped;
  }

  async #work() {
    while (this.#waiting.length) {
      this.#running = this.#waiting.shift();
      this.#changed();
      await this.#run(this.#running);
    }
    this.#running = null;
    this.#changed();
  }
}
