// <dk-editor>: opens a place in the reader's editor; the same for the path and the line numbers of its frame.
// Which editor, the reader chooses once; until then it is the one of the settings, or the first click asks.
import { copy } from "./clipboard.js";
import { DebugkitElement } from "./dom.js";
import { atHome, COPY, fill, isTemplate } from "./editors.js";
import { command, isEditable } from "./keys.js";
import { recall } from "./store.js";

export class DkEditor extends DebugkitElement {
  connected(signal) {
    const frame = this.closest("article") ?? document;
    frame.addEventListener("click", (event) => this.#clicked(event), { signal });
    document.addEventListener("keydown", (event) => this.#pressed(event), { signal });
  }

  #clicked(event) {
    if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const line = this.#lineOf(event);
    if (event.target.closest("[data-choose]")) this.#choose();
    else if (line || event.target.closest("[data-open-editor]")) this.#open(line);
    else return;
    event.preventDefault();
  }

  /** The line whose number was clicked. Numbers are no elements where nothing but this needs them. */
  #lineOf(event) {
    const line = event.target.closest("[data-n]");
    const code = line?.querySelector("code");
    return code && !event.target.closest("code") && event.clientX < code.getBoundingClientRect().left
      ? Number(line.dataset.n)
      : 0;
  }

  #pressed(event) {
    if (document.querySelector("dialog[open]") || !this.checkVisibility()) return;
    if (command(event, isEditable(event.target)) === "editor") this.#open();
  }

  /** At a line, or where it failed. */
  #open(line = 0) {
    const failing = Number(this.dataset.line);
    const column = line && line !== failing ? 1 : Number(this.dataset.column);
    const place = { path: atHome(this.dataset.path, recall("home")), line: line || failing, column };
    const template = recall("editor") ?? this.dataset.template ?? "";
    if (template === COPY) return void copy(`${place.path}:${place.line}`).catch(() => this.#choose());
    if (!isTemplate(template) || place.path.startsWith("~")) return this.#choose(place);
    go(fill(template, place));
  }

  async #choose(place = null) {
    const { choose } = await import("./editor-dialog.js");
    const chosen = await choose(this.dataset.path);
    if (chosen && place) this.#open(place.line);
  }
}

/** An editor's own scheme leaves the page as it is. */
function go(url) {
  if (/^https?:/i.test(url)) open(url, "_blank", "noopener");
  else location.assign(url);
}

customElements.define("dk-editor", DkEditor);
