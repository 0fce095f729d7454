import assert from "node:assert/strict";
import test from "node:test";
import { History, parseEntries } from "../../static/history.js";

test("going up finds the last command first, and stops at the oldest", () => {
  const history = new History(["a", "b"]);
  assert.equal(history.previous(""), "b");
  assert.equal(history.previous("b"), "a");
  assert.equal(history.previous("a"), null);
});

test("going down comes back to what was being typed", () => {
  const history = new History(["a"]);
  history.previous("half a th");
  assert.equal(history.next(), "half a th");
  assert.equal(history.next(), null);
});

test("a new command is the next one found", () => {
  const history = new History(["a"]);
  history.previous("");
  history.add("b");
  assert.equal(history.previous(""), "b");
});

test("the same command twice in a row is kept once", () => {
  const history = new History();
  history.add("a");
  history.add("a");
  history.add("b");
  history.add("a");
  assert.deepEqual(history.entries, ["a", "b", "a"]);
});

test("white space alone is not remembered", () => {
  const history = new History();
  history.add("  \n");
  assert.deepEqual(history.entries, []);
});

test("two hundred commands are kept, and each addition is saved", () => {
  let saved = [];
  const history = new History([], (entries) => (saved = entries));
  for (let number = 0; number < 250; number += 1) history.add(`x = ${number}`);
  assert.equal(saved.length, 200);
  assert.equal(saved[0], "x = 50");
  assert.equal(saved.at(-1), "x = 249");
});

test("damaged or missing storage is an empty history", () => {
  assert.deepEqual(parseEntries(null), []);
  assert.deepEqual(parseEntries("[1, "), []);
  assert.deepEqual(parseEntries('{"a": 1}'), []);
  assert.deepEqual(parseEntries('["a", 1, "b"]'), ["a", "b"]);
});
