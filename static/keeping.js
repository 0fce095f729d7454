// Keeps what a tab has of its consoles, of the frame that is open and of the values in it, while its page is loaded
// anew: by healing, by the reader, or on the way back. In the tab's own storage, and no more than the page shows.
import { merged, parseKept, recordFor } from "./kept.js";
import { recall, remember } from "./store.js";

const TAB = "sessionStorage";
const address = location.pathname + location.search;
const kept = parseKept(recall("kept", TAB));
const opened = shown(); // by the server

/** What this page looked like when it was left, if the reader has come back to it; else null. */
function pageLeft() {
  const back = ["reload", "back_forward"].includes(performance.getEntriesByType("navigation")[0]?.type);
  return back ? (kept.pages.find((page) => page.address === address) ?? null) : null;
}

const left = pageLeft();

/** The code that made this page; "" where nothing reloads it. */
export function generation() {
  return document.querySelector("dk-live")?.dataset.generation ?? "";
}

/** Which file and function a row of the list of frames leads to. */
function placeOf(row) {
  return `${row.title.replace(/:\d+( \([^)]*\))?$/, "")} ${row.querySelector(".name")?.textContent}`;
}

function rows() {
  return [...document.querySelectorAll("[data-list] a[data-open]")];
}

/** The row of the frame that the reader had chosen when the page was left, or null. */
export function rowLeft() {
  return (left?.chosen && rows().find((row) => placeOf(row) === left.place)) || null;
}

/** What is kept for a console. */
export function keptFor(element) {
  const first = document.querySelector("dk-console") === element;
  return recordFor(kept, placeHere(element), { address, places: first ? rows().map(placeOf) : null });
}

function placeHere(element) {
  return element.dataset.place ?? "";
}

function shown() {
  return document.querySelector("[data-list] a[aria-current]");
}

function placeShown() {
  return shown() ? placeOf(shown()) : "";
}

function keep() {
  const consoles = [...document.querySelectorAll("dk-console")];
  const page = { address, place: placeShown(), chosen: shown() !== opened, open: openValues(), scroll: scrollY };
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

function shownValues() {
  return document.querySelectorAll("article.frame:not([hidden]) :is(.locals, .facts) dk-value");
}

function pathOf(value) {
  const names = [];
  for (let at = value; at; at = at.parentElement.closest("dk-value")) {
    names.unshift((at.closest("li, .row, .facts > div")?.querySelector(".key, dt") ?? at).textContent);
  }
  return [value.closest(".locals") ? "locals" : "facts", ...names].join("\0");
}

function openValues() {
  const open = [...shownValues()].filter((value) => value.querySelector(":scope > [aria-expanded=true]"));
  return open.slice(0, 50).map(pathOf);
}

/** Opens the values again that were open, outermost first, and goes to where the page was left. */
export async function restoreView() {
  if (!left || left.place !== placeShown()) return;
  const top = scrollY;
  for (const path of left.open ?? []) await openAgain(path);
  if (scrollY === top) scrollTo({ top: left.scroll, behavior: "instant" });
}

async function openAgain(path) {
  const value = [...shownValues()].find((other) => pathOf(other) === path);
  const button = value?.querySelector(":scope > [aria-expanded=false]");
  if (!button) return;
  const arrived = new Promise((resolve) => {
    const observer = new MutationObserver(() => {
      if (!value.querySelector(":scope > .tree > li")) return;
      observer.disconnect();
      resolve();
    });
    observer.observe(value, { childList: true, subtree: true });
    setTimeout(resolve, 2000); // it may no longer be there, or have nothing inside
  });
  button.click();
  await arrived;
}
