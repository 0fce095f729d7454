// Names and their places in a source. Pure: knows no element.
//
// A name is {line, start, endLine, end, value, note}: lines as the file counts them, columns in characters.

/** The names that the server has sent. */
export function parseNames(rows) {
  return rows.map(([line, start, endLine, end, value, note]) => ({ line, start, endLine, end, value, note }));
}

/** The innermost name at a place: of `a.b`, it is `a` at the `a`, and `a.b` at the `b`. */
export function nameAt(names, line, column) {
  let found = null;
  for (const name of names) {
    if (holds(name, line, column) && (!found || inside(name, found) > 0)) found = name;
  }
  return found;
}

function holds(name, line, column) {
  const begun = line > name.line || (line === name.line && column >= name.start);
  return begun && (line < name.endLine || (line === name.endLine && column < name.end));
}

function inside(name, other) {
  return name.line - other.line || name.start - other.start || other.endLine - name.endLine || other.end - name.end;
}

/** Which name an arrow key leads to from `current`; without one, to the first in `start`, the line that failed. */
export function nameAfter(names, current, key, start) {
  if (!names.length) return null;
  if (!current) return names.find((name) => name.line >= start) ?? names.at(-1);
  const at = names.indexOf(current);
  if (key === "ArrowRight") return names[Math.min(at + 1, names.length - 1)];
  if (key === "ArrowLeft") return names[Math.max(at - 1, 0)];
  return nearest(names, current, key === "ArrowDown" ? 1 : -1) ?? current;
}

/** In the next line that has names, or the one before, the name that is nearest in columns. */
function nearest(names, current, step) {
  const lines = [...new Set(names.map((name) => name.line))].sort((a, b) => (a - b) * step);
  const line = lines.find((number) => (number - current.line) * step > 0);
  const there = names.filter((name) => name.line === line);
  return there.sort((a, b) => Math.abs(a.start - current.start) - Math.abs(b.start - current.start))[0];
}

/** A column in characters as one of a JavaScript string, which counts some characters twice. */
export function toUnits(text, column) {
  return [...text].slice(0, Math.max(0, column)).join("").length;
}

/** The other way round. */
export function toCharacters(text, units) {
  return [...text.slice(0, units)].length;
}
