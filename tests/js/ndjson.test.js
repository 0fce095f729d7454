import assert from "node:assert/strict";
import test from "node:test";
import { Lines } from "../../static/ndjson.js";

test("objects come out when their line is complete", () => {
  const lines = new Lines();
  assert.deepEqual(lines.push('{"a": 1}\n{"a": '), [{ a: 1 }]);
  assert.deepEqual(lines.push("2}\n"), [{ a: 2 }]);
});

test("a piece may end anywhere, even in the middle of a name", () => {
  const text = '{"kind": "output", "text": "tea\\n"}\n{"kind": "done"}\n';
  for (let cut = 0; cut <= text.length; cut += 1) {
    const lines = new Lines();
    const events = [...lines.push(text.slice(0, cut)), ...lines.push(text.slice(cut)), ...lines.end()];
    assert.deepEqual(
      events.map((event) => event.kind),
      ["output", "done"],
    );
  }
});

test("empty lines mean nothing", () => {
  assert.deepEqual(new Lines().push("\n \n{}\n\n"), [{}]);
});

test("a last line without a newline counts", () => {
  const lines = new Lines();
  assert.deepEqual(lines.push('{"kind": "done"}'), []);
  assert.deepEqual(lines.end(), [{ kind: "done" }]);
  assert.deepEqual(lines.end(), []);
});

test("a line that was cut off is an error, not a silence", () => {
  const lines = new Lines();
  lines.push('{"kind": ');
  assert.throws(() => lines.end(), SyntaxError);
});
