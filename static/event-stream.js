// The debugger's events, for as long as somebody can see the page: each stream keeps a thread of the server busy.
import { pause } from "./healing.js";

// "error" is not for us: it is how an EventSource says that it lost its connection.
const NAMES = ["hello", "recorded"];

export class EventStream {
  #url;
  #heard;
  #lost;
  #source = null;
  #timer;
  #failures = 0;

  /**
   * @param {(name: string, data: object) => void} heard
   * @param {(attempt: number) => void} lost each failure in a row
   */
  constructor(url, { heard, lost }, signal) {
    this.#url = url;
    this.#heard = heard;
    this.#lost = lost;
    document.addEventListener("visibilitychange", () => this.#follow(), { signal });
    // What is heard while the next page is awaited must not call this one back.
    addEventListener("beforeunload", () => this.#close(), { signal });
    // A link to an editor is no next page: whoever saves there has left this window.
    addEventListener("blur", () => this.#follow(), { signal });
    signal.addEventListener("abort", () => this.#close());
    this.#follow();
  }

  #follow() {
    if (document.visibilityState !== "visible") this.#close();
    else if (!this.#source) this.#open();
  }

  #open() {
    clearTimeout(this.#timer);
    this.#source = new EventSource(this.#url);
    for (const name of NAMES) this.#source.addEventListener(name, (event) => this.#receive(name, event));
    // Its own way of connecting again gives up for ever at an answer that is no stream.
    this.#source.addEventListener("error", () => this.#again());
  }

  #receive(name, event) {
    this.#failures = 0;
    this.#heard(name, JSON.parse(event.data));
  }

  #again() {
    this.#close();
    this.#failures += 1;
    this.#lost(this.#failures);
    this.#timer = setTimeout(() => this.#follow(), pause(this.#failures));
  }

  #close() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }
}
