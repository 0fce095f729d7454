// Prints the error as its file shows it: with every frame, not only the open one. Loaded when it is needed first.
import { getFragment } from "./client.js";
import { make } from "./dom.js";

/** `url` is that of the file. If it cannot be had, the page is printed as it is. */
export async function print(url) {
  clear();
  try {
    const [file] = await Promise.all([getFragment(url), style()]);
    file.hidden = true; // on the screen
    document.body.append(file);
    addEventListener("afterprint", clear, { once: true });
  } finally {
    globalThis.print();
  }
}

function style() {
  const href = new URL("offline.css", import.meta.url).href;
  const link = make("link", { rel: "stylesheet", href, media: "print" });
  document.head.append(link);
  return new Promise((loaded) => {
    link.onload = loaded;
    link.onerror = loaded;
  });
}

function clear() {
  for (const part of document.querySelectorAll("[data-file], link[media=print]")) part.remove();
}
