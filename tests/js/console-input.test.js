import assert from "node:assert/strict";
import test from "node:test";
import { continuation, indentation, prepare, prompts } from "../../static/console-input.js";

test("a new line keeps the indentation of the last", () => {
  assert.equal(indentation("for a in b:\n    c"), "    ");
  assert.equal(indentation("a"), "");
  assert.equal(indentation("if a:\n\tb"), "\t");
});

test("after a colon it is one step deeper, comment or not", () => {
  assert.equal(indentation("def f():"), "    ");
  assert.equal(indentation("def f():  # why"), "    ");
  assert.equal(indentation("if a:\n    if b:"), "        ");
  assert.equal(indentation("{1: 2,"), "");
});

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

test("an empty line counts inside of a text, and not below what opens a block", () => {
  assert.equal(continuation('x = """a\n'), 'x = """a\n\n');
  assert.equal(continuation("if a:\n    "), "if a:\n    ");
});

test("every line has a prompt", () => {
  assert.equal(prompts(""), ">>>");
  assert.equal(prompts("if a:\n    b\n"), ">>>\n...\n...");
});
