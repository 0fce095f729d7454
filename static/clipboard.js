// Copying, once for all elements.
import { announce } from "./announcing.js";

/** Milliseconds for which a button says that it has copied. */
const SHOWN = 1600;

/**
 * Copies a text, or the one that a promise brings; or rejects. Safari lets a page write only while the click is being
 * handled, so there the promise is handed over at once. Browsers have `navigator.clipboard` in secure contexts only,
 * which plain HTTP to any host but localhost is not.
 *
 * @param {string | Promise<string>} text
 */
export async function copy(text) {
  if (!navigator.clipboard) return copySelected(typeof text === "string" ? text : await text);
  if (typeof text === "string") return navigator.clipboard.writeText(text);
  const blob = text.then((arrived) => new Blob([arrived], { type: "text/plain" }));
  return navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
}

/** Whether what is copied must be there while the key or click is handled: Safari has the old command only then. */
export function copiesAtOnce() {
  return !navigator.clipboard;
}

/** The old command, which copies what is selected, as long as the click is fresh. */
function copySelected(text) {
  const area = document.createElement("textarea");
  const focused = document.activeElement;
  area.value = text;
  area.className = "unseen";
  // Inside an open dialog too, everything outside of which is inert.
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  focused?.focus({ preventScroll: true });
  if (!copied) throw new Error("The browser does not let this page copy.");
}

const labels = new WeakMap(); // the text that each label has otherwise, and the timer that brings it back

/** Lets a label say something for a moment, and says it aloud: a name that changes is not read out. */
export function say(label, text) {
  const { own, timer } = labels.get(label) ?? { own: label.textContent };
  clearTimeout(timer);
  label.textContent = text;
  announce(text);
  label.dataset.said = "";
  const restore = () => {
    label.textContent = own;
    delete label.dataset.said;
    labels.delete(label);
  };
  labels.set(label, { own, timer: setTimeout(restore, SHOWN) });
}
