import assert from "node:assert/strict";
import test from "node:test";

globalThis.HTMLElement ??= class {}; // the class of elements, which no test here makes
const { restOf } = await import("../../static/ghost.js");

test("the newest command that begins with what is typed goes on behind it", () => {
  assert.equal(restOf("len(", ["len(a)", "len(b)", "print(1)"]), "b)");
  assert.equal(restOf("  x", ["x + 1"]), "");
});

test("a command that is typed already has no rest, an older and longer one has", () => {
  assert.equal(restOf("a", ["a + b", "a"]), " + b");
  assert.equal(restOf("a + b", ["a + b"]), "");
});

test("nothing typed has no rest, and nothing goes over its line", () => {
  assert.equal(restOf("", ["a"]), "");
  assert.equal(restOf(" ", [" a"]), "");
  assert.equal(restOf("for", ["for a in b:\n    a"]), "");
  assert.equal(restOf("a\n", ["a\nb"]), "");
});
