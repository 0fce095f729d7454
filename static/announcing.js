// Says something to whoever has the page read out. The place for that is empty otherwise: an element with a role of its
// own, as "status", would be named wherever somebody reads past it.
import { make } from "./dom.js";

const PAUSE = 50; // milliseconds after which the same text is news again
const HEARD = 5000; // milliseconds until nobody comes across the text any more

const region = make("p", { className: "unseen", ariaLive: "polite" });
region.dataset.announced = "";
document.body.append(region);
let timer;

/** @param {string} text a few words that are not the text of what has the focus */
export function announce(text) {
  region.textContent = "";
  clearTimeout(timer);
  timer = setTimeout(() => {
    region.textContent = text;
    timer = setTimeout(() => region.replaceChildren(), HEARD);
  }, PAUSE);
}
