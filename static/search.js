// Searches the frames, values, source and request of the error, shows what matches, and leads there.
import { postFragment } from "./client.js";
import { make } from "./dom.js";
import { tell } from "./events.js";
import { highlight } from "./highlight.js";

const PAUSE = 120; // milliseconds without a key until the server is asked

/** Makes `element`, a <dk-search>, search from now on. */
export function search(element, signal) {
  const style = new URL("./search.css", import.meta.url).href;
  document.head.append(make("link", { rel: "stylesheet", href: style }));
  return new Search(element, signal);
}

class Search {
  #element;
  #signal;
  #asked = new AbortController();
  #timer;
  #text = ""; // what the results are for
  #entered = false; // whether Enter was pressed before they came

  constructor(element, signal) {
    this.#element = element;
    this.#signal = signal;
    this.#input.addEventListener("input", () => this.#typed(), { signal });
    this.#input.addEventListener("keydown", (event) => this.#pressed(event), { signal });
    this.#dialog.addEventListener("click", (event) => this.#clicked(event), { signal });
    this.#dialog.addEventListener("close", () => this.#left(), { signal });
    this.#typed();
  }

  get #dialog() {
    return this.#element.querySelector("dialog");
  }

  get #input() {
    return this.#element.querySelector("input");
  }

  get #place() {
    return this.#element.querySelector("[data-results]");
  }

  get #options() {
    return [...this.#place.querySelectorAll("[role=option]")];
  }

  get #chosen() {
    return this.#place.querySelector("[aria-selected=true]");
  }

  /** What is searched for. */
  get #wanted() {
    return this.#input.value.trim();
  }

  #typed() {
    clearTimeout(this.#timer);
    this.#asked.abort();
    this.#entered = false;
    this.#place.ariaBusy = String(Boolean(this.#wanted));
    if (this.#wanted) this.#timer = setTimeout(() => this.#ask(), PAUSE);
    else this.#put("", [], "");
  }

  async #ask() {
    clearTimeout(this.#timer);
    this.#asked = new AbortController();
    const signal = AbortSignal.any([this.#signal, this.#asked.signal]);
    const text = this.#wanted;
    try {
      const results = await postFragment(this.#element.dataset.url, { text }, signal);
      this.#put(results.dataset.summary, [results], text);
    } catch (error) {
      if (error.name !== "AbortError") this.#put(error.message, [], text);
    }
  }

  #put(summary, results, text) {
    this.#element.querySelector("[role=status]").textContent = summary;
    this.#place.replaceChildren(...results);
    this.#place.ariaBusy = "false";
    this.#text = text;
    this.#input.setAttribute("aria-expanded", String(this.#options.length > 0));
    this.#choose(this.#options[0]);
    if (this.#entered && this.#chosen) this.#lead(this.#chosen);
    this.#entered = false;
  }

  #pressed(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.isComposing || !(step || event.key === "Enter")) return;
    event.preventDefault();
    const options = this.#options;
    if (step) this.#choose(options[(options.indexOf(this.#chosen) + step + options.length) % options.length]);
    else if (this.#text !== this.#wanted)
      this.#entered = true; // what is chosen matches what stood there before
    else if (this.#chosen) this.#lead(this.#chosen);
  }

  #choose(option) {
    this.#chosen?.removeAttribute("aria-selected");
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) this.#input.setAttribute("aria-activedescendant", option.id);
    else this.#input.removeAttribute("aria-activedescendant");
  }

  #clicked(event) {
    const option = event.target.closest("[role=option]");
    if (option) {
      this.#choose(option);
      this.#lead(option);
    } else if (event.target === this.#dialog) {
      this.#dialog.close(); // beside it
    }
  }

  #left() {
    this.#entered = false;
  }

  /** Opens the frame or panel of a match, marks the match there, and gives it the focus. */
  async #lead(option) {
    this.#dialog.close();
    const text = this.#text;
    const { frame, panel, line, name } = option.dataset;
    const shown = await new Promise((answer) => {
      if (tell(this.#element, "show", { frame, panel, answer })) answer(null);
    });
    if (shown) highlight(target(shown, { line, name }), text);
  }
}

/** The line, the row of a value, or the text of the panel that a match is in; else the heading. */
function target(shown, { line, name }) {
  if (line) return shown.querySelector(`[data-n="${line}"]`);
  const named = [...shown.querySelectorAll("dt")].find((term) => name && term.textContent.trim() === name);
  return named?.parentElement ?? shown.querySelector(name === "" ? "pre" : "h2") ?? shown;
}
