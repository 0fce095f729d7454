// The dialog that asks which editor opens files, kept for all pages of this browser. Loaded when it is needed first.
import { make } from "./dom.js";
import { COPY, isTemplate } from "./editors.js";
import { recall, remember } from "./store.js";

/** Asks; true if an editor was chosen. `path` is one that it is to open. */
export async function choose(path) {
  const response = await fetch(new URL("editors.json", import.meta.url));
  const dialog = document.body.appendChild(build(await response.json(), path));
  dialog.showModal();
  await new Promise((closed) => dialog.addEventListener("close", closed, { once: true }));
  dialog.remove();
  return dialog.returnValue === "chosen";
}

function build(editors, path) {
  const known = recall("editor") ?? "";
  const list = make("div", { className: "editors" });
  const dialog = make("dialog");
  dialog.setAttribute("aria-labelledby", "editor-title");
  const home = path.startsWith("~") ? field("Your home folder (~ on this computer)", recall("home") ?? "") : null;
  const keep = (template) => {
    if (home && !home.input.reportValidity()) return;
    if (home) remember("home", home.input.value.trim());
    remember("editor", template);
    dialog.close("chosen");
  };
  for (const { label, url } of [...editors, { label: "Copy the path", url: COPY }]) {
    const button = make("button", { type: "button", className: "button", textContent: label });
    button.setAttribute("aria-pressed", String(url === known));
    button.addEventListener("click", () => keep(url));
    list.append(button);
  }
  const custom = field(
    "Another: its URL, with {path}, {line} and {column}",
    editors.some(({ url }) => url === known) ? "" : known,
  );
  custom.input.required = false;
  custom.input.placeholder = "editor://open?file={path}&line={line}";
  const form = make("form", { method: "dialog" }, heading(), list, ...(home ? [home.label] : []), custom.label);
  form.append(buttons(dialog));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const template = custom.input.value.trim();
    custom.input.setCustomValidity(isTemplate(template) ? "" : "Write a URL with {path} and {line}, or choose above.");
    if (custom.input.reportValidity()) keep(template);
  });
  custom.input.addEventListener("input", () => custom.input.setCustomValidity(""));
  dialog.append(form);
  return dialog;
}

function heading() {
  return make("h2", { id: "editor-title", textContent: "Open files in which editor?" });
}

function field(text, value) {
  const input = make("input", { type: "text", value, required: true, spellcheck: false, autocomplete: "off" });
  return { input, label: make("label", {}, text, input) };
}

function buttons(dialog) {
  const cancel = make("button", { type: "button", className: "button", textContent: "Cancel" });
  cancel.addEventListener("click", () => dialog.close());
  const use = make("button", { className: "button primary", textContent: "Use this URL" });
  return make("div", { className: "buttons" }, cancel, use);
}
