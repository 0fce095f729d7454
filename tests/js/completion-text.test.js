import assert from "node:assert/strict";
import { test } from "node:test";
import { completes, cursorOf, isTyped, moved, opens, taken } from "../../static/completion-text.js";

const at = (text) => {
  const start = text.indexOf("|");
  return { text: text.replace("|", ""), start, end: start };
};
const applied = ({ text }, { from, to, insert }) => text.slice(0, from) + insert + text.slice(to);

test("a dot, a key and an import lead to a list by themselves, and nothing else does", () => {
  for (const before of ["cart.", "a[0].", "f().", "'x'.", 'row["', "row[b'", "f()['", "import ", "from a.b import "]) {
    assert.ok(opens(before), before);
  }
  for (const before of ["", "cart", "cart.i", "..", "row[", "x = '", "['", "important ", "not ", "(."]) {
    assert.ok(!opens(before), before);
  }
});

test("Tab completes where something stands before the caret", () => {
  assert.ok(completes(at("pri|")));
  assert.ok(completes(at("if x:\n    pri|")));
  for (const text of ["|", "   |", "if x:\n|", "if x:\n    |\nelse:"]) assert.ok(!completes(at(text)), text);
  assert.ok(!completes({ text: "price", start: 0, end: 5 }));
});

test("the caret is counted in characters", () => {
  assert.equal(cursorOf(at("'😀'.up|")), 6);
});

test("an item replaces what is typed, and what closes itself behind the caret", () => {
  const state = at('row["na|"] + 1');
  const edit = taken(state, "na", { insert: 'name"]', swallows: 2 });

  assert.equal(applied(state, edit), 'row["name"] + 1');
  assert.deepEqual(edit.select, [11, 11]);
});

test("an item that was offered for another text is not taken", () => {
  assert.equal(taken(at("cart.x|"), "it", { insert: "items", swallows: 0 }), null);
});

test("an item that is there already is no choice", () => {
  assert.ok(isTyped(at("cart.items|"), "items", { insert: "items", swallows: 0 }));
  assert.ok(isTyped(at('row["name|"]'), "name", { insert: 'name"]', swallows: 2 }));
  assert.ok(!isTyped(at("cart.item|"), "item", { insert: "items", swallows: 0 }));
});

test("the arrows go round, and the page keys stop at the ends", () => {
  assert.deepEqual([moved(-1, 1, 3), moved(2, 1, 3), moved(0, -1, 3), moved(-1, -1, 3)], [0, 0, 2, 2]);
  assert.deepEqual([moved(1, 8, 3), moved(1, -8, 3)], [2, 0]);
});
