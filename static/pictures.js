// What a value looks like: an image, or a document in a frame that runs nothing and reaches nothing.
import { make } from "./dom.js";

/** An image as the server sends it, {type, data}, once its size is known. SVG runs no script and loads nothing here. */
export async function imageElement({ type, data }, text) {
  const image = make("img", { alt: `Picture of ${text}`, src: `data:${type};base64,${data}` });
  try {
    await image.decode();
    return make("div", { className: "picture" }, image);
  } catch {
    return make("p", { className: "problem", textContent: `The browser cannot show this as ${type}.` });
  }
}

/** The document of a value at `url`, whose own policy allows it styles and images within it, and nothing else. */
export function documentElement(url, text) {
  const frame = make("iframe", { title: `Document of ${text}`, referrerPolicy: "no-referrer" });
  frame.setAttribute("sandbox", "");
  frame.src = url;
  return make("div", { className: "picture" }, frame);
}
