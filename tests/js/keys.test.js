import assert from "node:assert/strict";
import test from "node:test";
import { command, isEditable, useCharacters } from "../../static/keys.js";

test("each key has its command", () => {
  const found = ["j", "k", "c", "y", "r", "/", "?"].map((key) => command({ key }, false));
  assert.deepEqual(found, ["next", "previous", "console", "copy", "replay", "search", "help"]);
});

test("keys that type into a field are not commands", () => {
  assert.equal(command({ key: "j" }, true), null);
});

test("Escape leaves a field, and means nothing elsewhere", () => {
  assert.equal(command({ key: "Escape" }, true), "leave");
  assert.equal(command({ key: "Escape" }, false), null);
});

test("the browser keeps its own shortcuts", () => {
  for (const modifier of ["ctrlKey", "metaKey", "altKey"]) {
    assert.equal(command({ key: "c", [modifier]: true }, false), null);
  }
});

test("a key that composes a character is not a command", () => {
  assert.equal(command({ key: "j", isComposing: true }, false), null);
});

test("characters are no commands where they are switched off, and Escape still is", () => {
  useCharacters(false);
  assert.equal(command({ key: "j" }, false), null);
  assert.equal(command({ key: "?" }, false), null);
  assert.equal(command({ key: "Escape" }, true), "leave");
  useCharacters(true);
  assert.equal(command({ key: "j" }, false), "next");
});

test("names that every object inherits are not commands", () => {
  assert.equal(command({ key: "constructor" }, false), null);
});

test("fields and editable elements take text, others do not", () => {
  assert.equal(isEditable({ tagName: "TEXTAREA" }), true);
  assert.equal(isEditable({ tagName: "DIV", isContentEditable: true }), true);
  assert.equal(isEditable({ tagName: "BUTTON" }), false);
  assert.equal(isEditable({ tagName: "INPUT", type: "checkbox" }), false);
  assert.equal(isEditable(null), false);
});
