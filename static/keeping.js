// Keeps what a tab has of its consoles, and which values are open, while its page is loaded anew: by healing, by the
// reader, or on the way back. In the tab's own storage, and no more than the page shows.
import { termOf, unfold } from "./dom.js";
import { hear } from "./events.js";
import { merged, parseKept, recordFor } from "./kept.js";
import { recall, remember } from "./store.js";

const TAB = "sessionStorage";
const address = location.pathname + location.search;
const kept = parseKept(recall("kept", TAB));

/** What this page looked like when it was left, if the reader has come back to it; else null. */
function pageLeft() {
  const back = ["reload", "back_forward"].includes(performance.getEntriesByType("navigation")[0]?.type);
  return back ? (kept.pages.find((page) => page.address === address) ?? null) : null;
}

let left = pageLeft(); // until it is restored

/** The code that made this page; "" where nothing reloads it. */
export function generation() {
  return document.querySelector("dk-live")?.dataset.generation ?? "";
}

/** Which file and function a row of the list of frames leads to. */
function placeOf(row) {
  return `${row.title.replace(/:\d+( \([^)]*\))?$/, "")} ${row.querySelector("[data-name]")?.textContent}`;
}

function rows() {
  return [...document.querySelectorAll("[data-list] a[data-open]")];
}

/** What is kept for a console. */
export function keptFor(element) {
  const first = document.querySelector("dk-console") === element;
  const record = recordFor(kept, placeHere(element), { address, places: first ? rows().map(placeOf) : null });
  kept.consoles = kept.consoles.filter((other) => other !== record); // once: frames of a recursion have one place
  return record;
}

function placeHere(element) {
  return element?.dataset.place ?? "";
}

function keep() {
  const consoles = [...document.querySelectorAll("dk-console")].filter((element) => element.record);
  const page = { address, place: placeIn(paneShown()), open: openValues(), scroll: scrollY };
  const records = consoles.map((element) => ({
    ...element.record,
    place: placeHere(element),
    generation: generation(),
  }));
  remember("kept", JSON.stringify(merged(parseKept(recall("kept", TAB)), page, records)), TAB);
}

addEventListener("pagehide", keep);
document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && keep());

// Values that are open, by their names from the outermost in.

function valuesOf(pane) {
  return pane ? [...pane.querySelectorAll("[data-kept] dk-value")] : [];
}

function paneShown() {
  return document.querySelector("article[data-frame]:not([hidden])");
}

function placeIn(pane) {
  return placeHere(pane?.querySelector("dk-console"));
}

function pathOf(value) {
  const names = [];
  for (let at = value; at; at = at.parentElement.closest("dk-value")) {
    names.unshift((termOf(at) ?? at).textContent);
  }
  return [value.closest("[data-kept]").dataset.kept, ...names].join("\0");
}

function openValues() {
  const open = valuesOf(paneShown()).filter((value) => value.querySelector(":scope > [aria-expanded=true]"));
  return open.slice(0, 50).map(pathOf);
}

/** Opens the values again that were open, outermost first, and goes to where the page was left. */
async function restore(pane) {
  if (!left || left.place !== placeIn(pane)) return;
  const { open = [], scroll } = left;
  left = null;
  const top = scrollY;
  for (const path of open) await openAgain(pane, path);
  if (scrollY === top) scrollTo({ top: scroll, behavior: "instant" });
}

async function openAgain(pane, path) {
  const value = valuesOf(pane).find((other) => pathOf(other) === path);
  const button = value?.querySelector(":scope > [aria-expanded=false]");
  if (!button) return;
  unfold(value);
  const arrived = new Promise((resolve) => {
    const observer = new MutationObserver(() => {
      if (!value.querySelector(":scope > ul > li")) return;
      observer.disconnect();
      resolve();
    });
    observer.observe(value, { childList: true, subtree: true });
    setTimeout(resolve, 2000); // it may no longer be there, or have nothing inside
  });
  button.click();
  await arrived;
}

hear("opened", (event) => restore(event.target));
restore(paneShown());
