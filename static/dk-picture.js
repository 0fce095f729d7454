// <dk-picture>: what a value looks like: an image, or a document in a frame that runs nothing and reaches nothing.
import { DebugkitElement, make } from "./dom.js";

/** An image as the server sends it, {type, data}; what is no image for the browser says so. SVG runs no script here. */
export function imageElement({ type, data }, text) {
  const image = make("img", { alt: `Picture of ${text}`, src: `data:${type};base64,${data}` });
  return make("dk-picture", {}, image);
}

/** The document of a value at `url`, whose own policy allows it styles and images within it, and nothing else. */
export function documentElement(url, text) {
  const frame = make("iframe", { title: `Document of ${text}`, referrerPolicy: "no-referrer" });
  frame.setAttribute("sandbox", "");
  frame.src = url;
  return make("dk-picture", {}, frame);
}

export class DkPicture extends DebugkitElement {
  connected(signal) {
    const image = this.querySelector("img");
    image?.addEventListener("error", () => this.#refuse(image), { signal });
  }

  #refuse(image) {
    const type = image.src.slice("data:".length, image.src.indexOf(";"));
    image.replaceWith(make("p", { className: "problem", textContent: `The browser cannot show this as ${type}.` }));
  }
}

customElements.define("dk-picture", DkPicture);
