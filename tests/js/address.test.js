import assert from "node:assert/strict";
import test from "node:test";
import { format, nearest, parse } from "../../static/address.js";

test("an address tells frame, file, function and panel, and is read back", () => {
  const place = { frame: 19, name: "deep.py:<lambda> & more", panel: "headers" };
  assert.equal(format(place), "#frame=19&in=deep.py:%3Clambda%3E%20%26%20more&panel=headers");
  assert.deepEqual(parse(format(place)), place);
});

test("an address of something else means nothing of ours", () => {
  assert.deepEqual(parse("#failing"), { frame: null, name: "", panel: "" });
  assert.equal(parse("#frame=x").frame, null);
  assert.equal(format(parse("#failing")), "");
});

const FRAMES = [
  { number: 0, name: "views.py:show" },
  { number: 3, name: "deep.py:walk" },
  { number: 9, name: "deep.py:walk" },
];

test("a frame is known again by file and function where its number has changed", () => {
  assert.equal(nearest({ frame: 8, name: "deep.py:walk" }, FRAMES), 2);
  assert.equal(nearest({ frame: 0, name: "deep.py:walk" }, FRAMES), 1);
  assert.equal(nearest({ frame: 3, name: "" }, FRAMES), 1);
});

test("a frame that is no longer there is not mistaken for another one", () => {
  assert.equal(nearest({ frame: 3, name: "deep.py:gone" }, FRAMES), -1);
  assert.equal(nearest({ frame: 4, name: "" }, FRAMES), -1);
  assert.equal(nearest({ frame: null, name: "deep.py:walk" }, FRAMES), -1);
});
