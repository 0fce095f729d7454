import assert from "node:assert/strict";
import test from "node:test";
import { continuation, indents, prepare, prompts, shifted } from "../../static/console-input.js";

test("one line is sent without what trails it", () => {
  assert.equal(prepare("a + 1  "), "a + 1");
});

test("an empty line ends a block that was typed", () => {
  assert.equal(prepare("if a:\n    b\n    "), "if a:\n    b\n");
  assert.equal(prepare("if a:\n    b"), "if a:\n    b");
});

test("an empty line ends a block in one line too", () => {
  assert.equal(prepare("while a: b\n"), "while a: b\n");
  assert.equal(prepare("while a: b"), "while a: b");
});

test("a line that opens a block is not ended by an empty line", () => {
  assert.equal(prepare("def f():\n    "), "def f():");
  assert.equal(prepare("if a:\n    if b:  # why\n        "), "if a:\n    if b:  # why");
});

test("a pasted block needs no empty line", () => {
  assert.equal(prepare("def f():\n    return 1", true), "def f():\n    return 1\n");
});

test("incomplete text goes on in a new line, indented", () => {
  assert.equal(continuation("if a:"), "if a:\n    ");
  assert.equal(continuation("if a:\n    b"), "if a:\n    b\n    ");
});

test("what has been typed since stands behind", () => {
  assert.equal(continuation("if a:", "print(1)"), "if a:\n    print(1)");
  assert.equal(continuation("if a:\n    "), "if a:\n    ");
});

/** The state that `|` in a text shows. */
function state(shown) {
  const [before, selected, after] = shown.split("|");
  return { text: before + selected + after, start: before.length, end: before.length + selected.length };
}

test("Tab indents at the start of a further line, and lines that are selected", () => {
  assert.equal(indents(state("||a")), false);
  assert.equal(indents(state("if a:\n  ||b")), true);
  assert.equal(indents(state("if a:\n  b||")), false);
  assert.equal(indents(state("a|\nb|")), true);
  assert.deepEqual(shifted(state("if a:\n||b"), false), { from: 6, to: 6, insert: "    ", select: [10, 10] });
  assert.deepEqual(shifted(state("|a\nb|"), false), { from: 0, to: 3, insert: "    a\n    b", select: [4, 11] });
});

test("Shift and Tab take it back, as far as there is some", () => {
  assert.deepEqual(shifted(state("if a:\n        ||b"), true), { from: 6, to: 14, insert: "    ", select: [10, 10] });
  assert.deepEqual(shifted(state("if a:\n  ||b"), true), { from: 6, to: 8, insert: "", select: [6, 6] });
  assert.equal(shifted(state("if a:\n||b"), true), null);
});

test("every line has a prompt", () => {
  assert.equal(prompts(""), ">>>");
  assert.equal(prompts("if a:\n    b\n"), ">>>\n...\n...");
});
