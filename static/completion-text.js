// What completion does with text: when it is asked for by itself, and what taking an item changes. Pure.

const AFTER_DOT = /[\w)\]}"']\.$/;
const IN_KEY = /[\w)\]]\[[rbu]{0,2}["']$/i;
const IN_IMPORT = /(?:^|[;:\n])\s*(?:import|from\s+[\w.]+\s+import)\s$/;

/** Whether what was typed last leads to a list by itself: a dot behind something, a quote in brackets, an import. */
export function opens(before) {
  return AFTER_DOT.test(before) || IN_KEY.test(before) || IN_IMPORT.test(before);
}

/** Whether Tab is to complete: there is something before the caret on its line, and nothing is selected. */
export function completes({ text, start, end }) {
  const line = text.slice(text.lastIndexOf("\n", start - 1) + 1, start);
  return start === end && line.trim() !== "";
}

/** The caret as the server counts: in characters, of which some take two places in a string here. */
export function cursorOf({ text, start }) {
  return [...text.slice(0, start)].length;
}

/** The edit that takes an item; null if the text is no longer the one that it was offered for. */
export function taken({ text, start, end }, replaces, { insert, swallows }) {
  if (start !== end || !text.slice(0, start).endsWith(replaces)) return null;
  const from = start - replaces.length;
  const caret = from + insert.length;
  return { from, to: start + swallows, insert, select: [caret, caret] };
}

/** Whether an item would change nothing. */
export function isTyped({ text, start }, replaces, { insert, swallows }) {
  return insert === replaces + text.slice(start, start + swallows);
}

/** The number of the item that `step` leads to; before the first one comes the last. */
export function moved(active, step, count) {
  if (active < 0) return step > 0 ? 0 : count - 1;
  if (Math.abs(step) === 1) return (active + step + count) % count;
  return Math.min(Math.max(active + step, 0), count - 1);
}
