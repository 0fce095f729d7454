// The rows of a list of completions, and what is said below of the chosen one.
import { make } from "./dom.js";

const FITS = 40; // characters of a signature that its row shows anyway

/** What each kind is called, and the letter that stands for it. */
export const KINDS = {
  variable: { word: "variable", letter: "x" },
  function: { word: "function", letter: "ƒ" },
  class: { word: "class", letter: "C" },
  module: { word: "module", letter: "M" },
  attribute: { word: "attribute", letter: "a" },
  property: { word: "property", letter: "p" },
  key: { word: "key", letter: "k" },
  argument: { word: "argument", letter: "=" },
  keyword: { word: "keyword", letter: "w" },
};

export function option(item, replaces, id) {
  const { word, letter } = KINDS[item.kind];
  const badge = make("span", {
    className: `badge-kind ${item.kind}`,
    ariaHidden: "true",
    textContent: letter,
    title: word,
  });
  const label = make("span", { className: "label" }, named(item.name, replaces), ...signed(item));
  label.append(make("span", { className: "unseen", textContent: `, ${word} ` }));
  const row = make("li", { id, role: "option" }, badge, label, ...details(item));
  row.setAttribute("aria-selected", "false");
  return row;
}

/** The name, with what is typed of it marked. */
function named(name, replaces) {
  const element = make("span", { className: "name" });
  const at = replaces ? name.toLowerCase().indexOf(replaces.toLowerCase()) : -1;
  if (at < 0) element.append(name);
  else {
    const end = at + replaces.length;
    element.append(name.slice(0, at), make("b", { textContent: name.slice(at, end) }), name.slice(end));
  }
  return element;
}

function signed({ signature }) {
  return signature ? [make("span", { className: "signature", textContent: signature })] : [];
}

/** What it is worth, and its type; of what is called, the signature says more. */
function details({ kind, text, type, value_kind: of }) {
  if (["function", "class", "module"].includes(kind)) return [];
  const value = make("span", { className: `val ${of}`, textContent: text });
  return [value, make("span", { className: "type", textContent: type })];
}

/** How the chosen item is called, and the first line of its documentation. */
export function about({ name, signature, doc }) {
  const parts = [];
  if (signature && (doc || signature.length > FITS))
    parts.push(make("code", {}, make("b", { textContent: name }), signature));
  if (doc) parts.push(make("p", { textContent: doc }));
  return parts;
}
