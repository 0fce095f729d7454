// How the source of a frame grows in its place: lines from the server, the line that failed stays where it is.
// Loaded when somebody asks for more.
import { getElement } from "./client.js";
import { make } from "./dom.js";

const MOST = 5000; // lines for one request, as the server has it
const growing = new WeakSet();

/** What `button` asks for: a gap, some lines above or below, or the whole file. */
export async function grow(source, button, signal) {
  if (growing.has(source)) return;
  growing.add(source);
  try {
    if (button.dataset.whole !== undefined) await whole(source, signal);
    else if (button.dataset.step)
      await step(source, button.parentElement.dataset.way, Number(button.dataset.step), signal);
    else await fill(source, button.parentElement, signal);
  } catch (error) {
    if (error.name !== "AbortError") complain(source, error.message);
  } finally {
    growing.delete(source);
  }
}

async function whole(source, signal) {
  for (const gap of source.querySelectorAll("[data-first]")) await fill(source, gap, signal);
  while (Number(source.dataset.above)) await step(source, "above", MOST, signal);
  while (Number(source.dataset.below)) await step(source, "below", MOST, signal);
  keepingTheLine(source, () => {
    source.dataset.grown = "";
  });
}

async function fill(source, gap, signal) {
  const lines = await fetched(source, Number(gap.dataset.first), Number(gap.dataset.last), signal);
  const focused = gap.contains(document.activeElement);
  keepingTheLine(source, () => gap.replaceWith(...lines));
  if (focused) source.querySelector("[data-code]").focus({ preventScroll: true });
}

async function step(source, way, most, signal) {
  const box = source.querySelector("[data-lines]");
  const left = Number(source.dataset[way]);
  const count = Math.min(most, left);
  const { firstElementChild: top, lastElementChild: bottom } = box;
  const first = way === "above" ? edge(top, "first") - count : edge(bottom, "last") + 1;
  const lines = await fetched(source, first, first + count - 1, signal);
  if (!lines.length) throw new Error("The file has no more lines: it has changed.");
  keepingTheLine(source, () => {
    if (way === "above") box.prepend(...lines);
    else box.append(...lines);
    source.dataset[way] = left - lines.length;
    offer(source, way);
  });
}

/** The first or last line of a child of the box: a line, a gap, or what stands below a line. */
function edge(child, end) {
  const element = child.closest("[data-n], [data-first]") ?? child.previousElementSibling;
  return element ? Number(element.dataset.n ?? element.dataset[end]) || edge(element, end) : 0;
}

/** The bar says what it gives, and goes when there is no more; the focus that it had goes to the lines. */
function offer(source, way) {
  const bar = source.querySelector(`[data-way="${way}"]`);
  const left = Number(source.dataset[way]);
  if (!left) {
    const focused = bar?.contains(document.activeElement);
    bar?.remove();
    if (focused) source.querySelector("[data-code]").focus({ preventScroll: true });
    return;
  }
  const button = bar.querySelector("[data-step]");
  if (left < Number(button.dataset.step)) button.textContent = `${left} more`;
}

async function fetched(source, first, last, signal) {
  const lines = await getElement(`${source.dataset.url}?first=${first}&last=${last}`, "[data-lines]", signal);
  return [...lines.children];
}

/** The failing line, or where there is none the first one, stays where it is on the screen. */
function keepingTheLine(source, change) {
  const code = source.querySelector("[data-code]");
  const line = source.querySelector("[data-current]") ?? source.querySelector("[data-n]");
  const root = document.documentElement;
  const before = line.getBoundingClientRect().top;
  const moved = () => line.getBoundingClientRect().top - before;
  root.style.overflowAnchor = "none"; // Or the browser would move the page as well.
  change();
  toLine(code, line);
  scrollBy({ top: moved(), behavior: "instant" });
  const short = moved();
  if (short > 1) {
    // The page ends too soon for that.
    const padding = Number.parseFloat(getComputedStyle(document.body).paddingBottom) + short;
    document.body.style.paddingBottom = `${padding}px`;
    scrollBy({ top: short, behavior: "instant" });
  }
  requestAnimationFrame(() => root.style.removeProperty("overflow-anchor"));
}

/** A whole file scrolls in a box of its own. */
function toLine(code, line) {
  const [box, at] = [code.getBoundingClientRect(), line.getBoundingClientRect()];
  if (at.top < box.top || at.bottom > box.bottom) code.scrollTop += at.top - box.top - box.height / 2;
}

function complain(source, message) {
  source.querySelector(":scope > [role=alert]")?.remove();
  source.append(make("p", { className: "notice problem", role: "alert", textContent: message }));
}
