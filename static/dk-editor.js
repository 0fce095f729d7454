// <dk-editor>: opens a place in the reader's editor; the same for the path and the line numbers of its frame.
import { DebugkitElement } from "./dom.js";
import { command, isEditable } from "./keys.js";

export class DkEditor extends DebugkitElement {
  connected(signal) {
    const frame = this.closest("article") ?? document;
    document.addEventListener("click", (event) => frame.contains(event.target) && this.#clicked(event), { signal });
    document.addEventListener("keydown", (event) => this.#pressed(event), { signal });
  }

  async #clicked(event) {
    if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const choosing = event.target.closest("[data-choose]");
    const line = lineOf(event);
    if (!choosing && !line && !event.target.closest("[data-open-editor]")) return;
    event.preventDefault();
    const editor = await import("./editor-opening.js");
    if (choosing) editor.choose(this.dataset);
    else editor.open(this.dataset, line);
  }

  async #pressed(event) {
    if (document.querySelector("dialog[open]") || !this.checkVisibility()) return;
    if (event.target.closest("a[data-open]")) return; // another frame
    if (command(event, isEditable(event.target)) !== "editor") return;
    (await import("./editor-opening.js")).open(this.dataset);
  }
}

/** The line whose number was clicked. Numbers are no elements where nothing but this needs them. */
function lineOf({ target, clientX }) {
  const line = target.closest("[data-n]");
  const code = line?.querySelector("code");
  const beside = code && !target.closest("code") && clientX < code.getBoundingClientRect().left;
  return beside ? Number(line.dataset.n) : 0;
}

customElements.define("dk-editor", DkEditor);
