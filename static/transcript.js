// The commands that a console had before its page was loaded anew, folded above its log. Loaded where there are some.
import { prompts } from "./console-input.js";
import { make } from "./dom.js";
import { label } from "./kept.js";

/**
 * @param {{commands: object[]}} record
 * @param {{changed: boolean, again: () => void}} options whether the code is another now; what runs them once more
 */
export function strip({ commands }, { changed, again }) {
  const summary = make("summary", { textContent: label(commands.length, changed) });
  const entries = make("div", { className: "entries", tabIndex: 0, role: "group" }, ...commands.map(entryOf));
  entries.setAttribute("aria-label", summary.textContent);
  const button = make("button", { type: "button", className: "button small", textContent: "Run them again" });
  button.addEventListener("click", again, { once: true });
  return make("div", { className: "before", "data-before": "" }, make("details", {}, summary, entries), button);
}

function entryOf({ text, parts }) {
  const prompt = make("span", { className: "prompt", ariaHidden: "true", textContent: prompts(text) });
  const typed = make("pre", { className: "in" }, prompt, make("code", { textContent: text }));
  const rest = parts.map((part) => make("pre", { className: part.kind, textContent: part.text }));
  return make("div", { className: "entry" }, typed, ...rest);
}
