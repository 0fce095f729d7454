// The debugger's events, for as long as somebody can see the page: each stream keeps a thread of the server busy.
import { pause } from "./healing.js";

// "error" is not for us: it is how an EventSource says that it lost its connection.
const NAMES = ["hello", "recorded"];
/** Milliseconds after which a page that was about to be left is taken to have stayed. */
const STAYED = 5000;

export class EventStream {
  #url;
  #heard;
  #lost;
  #source = null;
  #timer;
  #failures = 0;

  /** @param {(name: string, data: object) => void} heard  @param {(attempt: number) => void} lost each failure in a row */
  constructor(url, { heard, lost }, signal) {
    this.#url = url;
    this.#heard = heard;
    this.#lost = lost;
    document.addEventListener("visibilitychange", () => this.#follow(), { signal });
    addEventListener("beforeunload", () => this.#leave(), { signal });
    // A page that is left keeps its stream until it is thrown away, unless told.
    addEventListener("pagehide", () => this.#close(), { signal });
    addEventListener("pageshow", () => this.#follow(), { signal });
    signal.addEventListener("abort", () => this.#close());
    this.#follow();
  }

  #follow() {
    if (document.visibilityState !== "visible") this.#close();
    else if (!this.#source) this.#open();
  }

  /** What is heard while the next page is awaited must not call this one back; a link to an editor leads nowhere. */
  #leave() {
    this.#close();
    this.#timer = setTimeout(() => this.#follow(), STAYED);
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
