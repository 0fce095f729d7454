import assert from "node:assert/strict";
import { test } from "node:test";
import { nameAfter, nameAt, parseNames, toCharacters, toUnits } from "../../static/source-names.js";

//  1: def total(cart):
//  2:     for item in cart.items:
//  3:         amount += item["price"]
const names = parseNames([
  [1, 10, 1, 14, 0, ""],
  [2, 8, 2, 12, 1, ""],
  [2, 16, 2, 20, 0, ""],
  [2, 16, 2, 26, 2, ""],
  [3, 8, 3, 14, 3, ""],
  [3, 18, 3, 22, 1, ""],
  [3, 18, 3, 31, 4, ""],
]);

test("the innermost name at a place counts", () => {
  assert.equal(nameAt(names, 2, 16).end, 20);
  assert.equal(nameAt(names, 2, 21).end, 26);
  assert.equal(nameAt(names, 3, 19).end, 22);
  assert.equal(nameAt(names, 3, 24).end, 31);
});

test("there is no name between names and behind a line", () => {
  assert.equal(nameAt(names, 2, 13), null);
  assert.equal(nameAt(names, 3, 31), null);
  assert.equal(nameAt(names, 9, 0), null);
});

test("a name may go over several lines", () => {
  const long = parseNames([[5, 4, 7, 1, 0, ""]]);
  assert.equal(nameAt(long, 6, 0), long[0]);
  assert.equal(nameAt(long, 7, 0), long[0]);
  assert.equal(nameAt(long, 7, 1), null);
});

test("the arrow keys begin on the line that failed and stay at the ends", () => {
  const first = nameAfter(names, null, "ArrowRight", 3);
  assert.equal(first, names[4]);
  assert.equal(nameAfter(names, first, "ArrowLeft", 3), names[3]);
  assert.equal(nameAfter(names, names[6], "ArrowRight", 3), names[6]);
  assert.equal(nameAfter(names, names[0], "ArrowUp", 3), names[0]);
  assert.equal(nameAfter([], null, "ArrowRight", 3), null);
});

test("up and down lead to the nearest name of the next line that has some", () => {
  assert.equal(nameAfter(names, names[4], "ArrowUp", 3), names[1]);
  assert.equal(nameAfter(names, names[1], "ArrowDown", 3), names[4]);
});

test("columns are counted in characters, of which JavaScript counts some twice", () => {
  assert.equal(toUnits("a𝒳b", 2), 3);
  assert.equal(toCharacters("a𝒳b", 3), 2);
  assert.equal(toUnits("抹茶", 1), 1);
});
