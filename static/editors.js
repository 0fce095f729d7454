// Places in files as links that open editors. Pure: knows no element.

/** In the place of a URL: the path is copied. */
export const COPY = "copy";

const REFUSED = /^(javascript|data|vbscript|blob|file):/i; // would run or show it in the browser
const SCHEME = /^[a-z][a-z0-9+.-]*:/i;

/** Whether a text is the URL of an editor, with room for a path and a line. */
export function isTemplate(text) {
  return SCHEME.test(text) && !REFUSED.test(text) && text.includes("{path}") && text.includes("{line}");
}

/** The link for a place {path, line, column}. A + is a blank in the query of a URL, and itself before it. */
export function fill(template, { path, line, column }) {
  const plus = template.split("{path}")[0].includes("?") ? "%2B" : "+";
  const encoded = encodeURIComponent(path.toWellFormed?.() ?? path)
    .replaceAll("%2F", "/")
    .replaceAll("%3A", ":")
    .replaceAll("%2B", plus);
  return template
    .replace("{path}", () => encoded)
    .replace("{line}", line)
    .replace("{column}", column);
}

/** A path below ~ as it is on the reader's computer, whose home is `home`. */
export function atHome(path, home) {
  return home && /^~[\\/]/.test(path) ? home.replace(/[\\/]+$/, "") + path.slice(1) : path;
}
