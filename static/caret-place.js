// Where a place in the text of a textarea is on the screen: asked of a copy that wraps its lines as the original does.
import { make } from "./dom.js";

const COPIED = ["font", "letterSpacing", "tabSize", "lineHeight", "padding", "boxSizing"];

/** The box, in the coordinates of the viewport, of the place before the character `at`. */
export function caretPlace(input, at) {
  const mark = make("span", { textContent: "\u200b" });
  const copy = make("div", { className: "caret-copy", ariaHidden: "true" }, input.value.slice(0, at), mark);
  const style = getComputedStyle(input);
  for (const name of COPIED) copy.style[name] = style[name];
  copy.style.width = `${input.clientWidth}px`;
  input.after(copy);
  const box = input.getBoundingClientRect();
  const { offsetLeft, offsetTop, offsetHeight } = mark;
  const leading = Number.parseFloat(style.lineHeight);
  copy.remove();
  // Of the line, which is higher than its letters.
  const top = box.top + offsetTop - (leading - offsetHeight) / 2;
  return { left: box.left + offsetLeft, top, bottom: top + leading };
}
