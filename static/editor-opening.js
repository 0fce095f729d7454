// Opens a place in the editor that the reader has chosen, else in that of the settings, else it asks.
// Loaded at the first click.
import { copy } from "./clipboard.js";
import * as dialog from "./editor-dialog.js";
import { atHome, COPY, fill, isTemplate } from "./editors.js";
import { recall } from "./store.js";

/** A line of the file that `place` is in, or the place itself: {path, line, column, template}. */
export async function open(place, line = 0) {
  const failing = Number(place.line);
  const there = {
    path: atHome(place.path, recall("home")),
    line: line || failing,
    column: line && line !== failing ? 1 : Number(place.column),
  };
  const template = recall("editor") ?? place.template ?? "";
  if (template === COPY) return copy(`${there.path}:${there.line}`).catch(() => choose(place));
  if (isTemplate(template) && !there.path.startsWith("~")) return go(fill(template, there));
  if (await choose(place)) await open(place, line);
}

export function choose({ path }) {
  return dialog.choose(path);
}

/** An editor's own scheme leaves the page as it is. */
function go(url) {
  if (/^https?:/i.test(url)) globalThis.open(url, "_blank", "noopener");
  else location.assign(url);
}
