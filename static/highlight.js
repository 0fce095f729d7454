// Marks a text inside an element, without a change to the page: <https://www.w3.org/TR/css-highlight-api-1/>.
import { unfold } from "./dom.js";

const NAME = "match";

/** Marks the first place of `text` inside `element`, brings it into view and gives the element the focus. */
export function highlight(element, text) {
  if (!element) return;
  unfold(element);
  globalThis.CSS.highlights?.delete(NAME);
  const range = rangeOf(element, text.toLowerCase());
  if (range) globalThis.CSS.highlights?.set(NAME, new Highlight(range));
  if (element.tabIndex < 0) element.tabIndex = -1;
  element.focus({ preventScroll: true });
  element.scrollIntoView({ block: "center", behavior: "instant" });
}

function rangeOf(element, text) {
  const pieces = textNodes(element);
  const start = pieces
    .map((node) => node.data)
    .join("")
    .toLowerCase()
    .indexOf(text);
  if (start < 0) return null;
  const range = new Range();
  range.setStart(...placeAt(pieces, start));
  range.setEnd(...placeAt(pieces, start + text.length));
  return range;
}

function textNodes(element) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walker.nextNode()) nodes.push(walker.currentNode);
  return nodes;
}

/** The node and the offset in it, of the character at `index` of all texts together. */
function placeAt(nodes, index) {
  let left = index;
  for (const node of nodes) {
    if (left <= node.length) return [node, left];
    left -= node.length;
  }
  const last = nodes.at(-1);
  return [last, last.length];
}
