// Which command a key press means. Pure: knows no element.

const COMMANDS = { j: "next", k: "previous", c: "console", x: "root", y: "copy", "?": "help" };

/**
 * @param {{key: string, ctrlKey?: boolean, metaKey?: boolean, altKey?: boolean, isComposing?: boolean}} event
 * @param {boolean} editable whether the key would type into something
 * @returns {string | null} the command, or null when the key is not ours
 */
export function command(event, editable) {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return null;
  if (event.key === "Escape") return editable ? "leave" : null;
  if (editable) return null;
  return Object.hasOwn(COMMANDS, event.key) ? COMMANDS[event.key] : null;
}

/** Whether what is typed into this element is text. */
export function isEditable(element) {
  return Boolean(element?.isContentEditable) || ["INPUT", "TEXTAREA", "SELECT"].includes(element?.tagName);
}
