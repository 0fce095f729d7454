// Which command a key press means. Knows no element.

const COMMANDS = {
  j: "next",
  k: "previous",
  c: "console",
  x: "root",
  y: "copy",
  r: "replay",
  e: "editor",
  "/": "search",
  "?": "help",
};

let characters = true;

/** Whether single characters are commands: speech input types them, so they can be switched off (WCAG 2.2, 2.1.4). */
export function useCharacters(yes) {
  characters = yes;
}

/**
 * @param {{key: string, ctrlKey?: boolean, metaKey?: boolean, altKey?: boolean, isComposing?: boolean}} event
 * @param {boolean} editable whether the key would type into something
 * @returns {string | null} the command, or null when the key is not ours
 */
export function command(event, editable) {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return null;
  if (event.key === "Escape") return editable ? "leave" : null;
  if (editable || !characters) return null;
  return Object.hasOwn(COMMANDS, event.key) ? COMMANDS[event.key] : null;
}

/** Whether what is typed into this element is text. */
export function isEditable(element) {
  if (element?.type === "checkbox") return false;
  return Boolean(element?.isContentEditable) || ["INPUT", "TEXTAREA", "SELECT"].includes(element?.tagName);
}
