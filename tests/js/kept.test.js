import assert from "node:assert/strict";
import test from "node:test";
import { bounded, label, merged, parseKept, recordFor } from "../../static/kept.js";

const command = (text, ...parts) => ({ text, parts: parts.map((part) => ({ kind: "out", text: part })) });
const record = (place, commands = [], draft = "") => ({ place, generation: "a", commands, draft });
const page = (address, place) => ({ address, place });
const NOTHING = { consoles: [], pages: [] };

test("damaged or missing storage is nothing kept", () => {
  for (const text of [null, "{", "[]", "null", '{"consoles": 1}', '{"consoles": [null, {"place": 1}]}']) {
    assert.deepEqual(parseKept(text), NOTHING);
  }
});

test("what a page has replaces what was kept of the same consoles, and leaves the others", () => {
  const old = merged(NOTHING, page("/a", "x"), [record("x", [command("1")]), record("y", [command("2")])]);
  const kept = merged(old, page("/a", "x"), [record("x", [command("3")])]);
  assert.deepEqual(
    kept.consoles.map(({ place, commands }) => [place, commands[0].text]),
    [
      ["y", "2"],
      ["x", "3"],
    ],
  );
  assert.equal(kept.pages.length, 1);
});

test("a console with nothing in it is not kept, a half-typed line is", () => {
  const kept = merged(NOTHING, page("/a", "x"), [record("x"), record("y", [], "half")]);
  assert.deepEqual(
    kept.consoles.map(({ draft }) => draft),
    ["half"],
  );
});

test("consoles of one place are kept as one", () => {
  const kept = merged(NOTHING, page("/a", "x"), [record("x", [command("1")]), record("x", [command("2")], "half")]);
  assert.deepEqual(
    kept.consoles.map(({ draft, commands }) => [draft, commands.map(({ text }) => text)]),
    [["half", ["1", "2"]]],
  );
});

test("a dozen consoles and pages are kept", () => {
  let kept = NOTHING;
  for (let number = 0; number < 20; number += 1) {
    kept = merged(kept, page(`/${number}`, "x"), [record(`x${number}`, [command("1")])]);
  }
  assert.equal(kept.consoles.length, 12);
  assert.equal(kept.pages.at(-1).address, "/19");
});

test("commands are kept within bounds, the newest first", () => {
  assert.equal(bounded(Array(80).fill(command("1"))).length, 50);
  assert.equal(bounded([command("1", "x".repeat(5_000))])[0].parts[0].text.length, 2_000);
  const large = Array(60).fill(command("1", ..."abcd".split("").map((letter) => letter.repeat(1_999))));
  assert.equal(bounded(large).length, 7);
  assert.deepEqual(bounded([command("x".repeat(70_000))]), []);
});

test("a console gets what its place had, and nothing else while that frame may be opened", () => {
  const kept = merged(NOTHING, page("/a", "x"), [record("x", [command("1")])]);
  assert.equal(recordFor(kept, "x").commands[0].text, "1");
  assert.equal(recordFor(kept, "y"), null);
  assert.equal(recordFor(kept, "y", { address: "/a", places: ["x", "y"] }), null);
});

test("the first console gets what the frame had that is no longer there", () => {
  const kept = merged(NOTHING, page("/a", "x"), [record("x", [command("1")])]);
  assert.equal(recordFor(kept, "y", { address: "/a", places: ["y"] }).commands[0].text, "1");
  assert.equal(recordFor(kept, "y", { address: "/b", places: ["y"] }), null);
});

test("the label counts, and says whether the code is another", () => {
  assert.equal(label(4, true), "4 commands before the change");
  assert.equal(label(1, false), "1 command from before");
});
