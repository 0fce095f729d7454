import assert from "node:assert/strict";
import test from "node:test";
import { History, parseEntries } from "../../static/history.js";

/** A history over storage that several tabs may share. */
function over(storage) {
  return new History(
    () => storage.entries,
    (entries) => {
      storage.entries = entries;
    },
  );
}

const holding = (...entries) => over({ entries });

test("going up finds the last command first, and stops at the oldest", () => {
  const history = holding("a", "b");
  assert.equal(history.previous(""), "b");
  assert.equal(history.previous("b"), "a");
  assert.equal(history.previous("a"), null);
});

test("going down comes back to what was being typed", () => {
  const history = holding("half a thing");
  assert.equal(history.previous("half a th"), "half a thing");
  assert.equal(history.next("half a thing"), "half a th");
  assert.equal(history.next("half a th"), null);
});

test("what is typed already is what the commands begin with", () => {
  const history = holding("item.name", "cart", "item.price", "item.price");
  assert.equal(history.previous("item"), "item.price");
  assert.equal(history.previous("item.price"), "item.name");
  assert.equal(history.previous("item.name"), null);
  assert.equal(history.next("item.name"), "item.price");
  assert.equal(history.previous("nothing"), null);
});

test("a command that was changed begins a new search", () => {
  const history = holding("item.name", "item.price");
  assert.equal(history.previous(""), "item.price");
  assert.equal(history.previous("item.n"), "item.name");
  assert.equal(history.next("item.n!"), null);
});

test("a new command is the next one found", () => {
  const history = holding("a");
  history.previous("");
  history.add("b");
  assert.equal(history.previous(""), "b");
});

test("two tabs add to the same commands", () => {
  const storage = { entries: [] };
  const [left, right] = [over(storage), over(storage)];
  left.add("a");
  right.add("b");
  left.add("c");
  assert.deepEqual(storage.entries, ["a", "b", "c"]);
  assert.equal(right.previous(""), "c");
});

test("the same command twice in a row is kept once", () => {
  const history = holding();
  for (const text of ["a", "a", "b", "a"]) history.add(text);
  assert.deepEqual(history.entries, ["a", "b", "a"]);
});

test("a command that comes back to be finished is not remembered", () => {
  const history = holding("a");
  history.add("foo:");
  history.retract("foo:");
  history.retract("b");
  assert.deepEqual(history.entries, ["a"]);
});

test("a search finds the newest that holds the text, then older ones", () => {
  const history = holding("cart.total()", "item", "len(cart)");
  assert.deepEqual(history.search("cart"), { at: 2, text: "len(cart)" });
  assert.deepEqual(history.search("cart", 2), { at: 0, text: "cart.total()" });
  assert.equal(history.search("cart", 0), null);
});

test("white space alone is not remembered", () => {
  const history = holding();
  history.add("  \n");
  assert.deepEqual(history.entries, []);
});

test("two hundred commands are kept", () => {
  const history = holding();
  for (let number = 0; number < 250; number += 1) history.add(`x = ${number}`);
  assert.equal(history.entries.length, 200);
  assert.equal(history.entries[0], "x = 50");
  assert.equal(history.entries.at(-1), "x = 249");
});

test("damaged or missing storage is an empty history", () => {
  assert.deepEqual(parseEntries(null), []);
  assert.deepEqual(parseEntries("[1, "), []);
  assert.deepEqual(parseEntries('{"a": 1}'), []);
  assert.deepEqual(parseEntries('["a", 1, "b"]'), ["a", "b"]);
});
