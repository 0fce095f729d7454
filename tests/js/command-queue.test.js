import assert from "node:assert/strict";
import test from "node:test";
import { CommandQueue } from "../../static/command-queue.js";

/** A queue whose commands end when the test says so; `started` names those that began, in order. */
function controlled() {
  const started = [];
  const ends = new Map();
  const queue = new CommandQueue((name) => {
    started.push(name);
    return new Promise((end) => ends.set(name, end));
  });
  const end = async (name) => {
    ends.get(name)();
    await new Promise(setImmediate);
  };
  return { queue, started, end };
}

test("commands run one after the other, in the order they came", async () => {
  const { queue, started, end } = controlled();
  for (const name of ["a", "b", "c"]) queue.add(name);
  assert.deepEqual([started, queue.running, queue.waiting], [["a"], "a", 2]);
  await end("a");
  assert.deepEqual([started, queue.waiting], [["a", "b"], 1]);
  await end("b");
  await end("c");
  assert.deepEqual([started, queue.running, queue.waiting], [["a", "b", "c"], null, 0]);
});

test("what waits can be dropped, and what runs ends by itself", async () => {
  const { queue, started, end } = controlled();
  for (const name of ["a", "b", "c"]) queue.add(name);
  assert.deepEqual(queue.drop(), ["b", "c"]);
  await end("a");
  assert.deepEqual([started, queue.running], [["a"], null]);
  queue.add("d");
  assert.deepEqual(started, ["a", "d"]);
});

test("the next one can be taken out, for what runs to go on with", async () => {
  const { queue, started, end } = controlled();
  for (const name of ["a", "b", "c"]) queue.add(name);
  assert.equal(queue.take(), "b");
  await end("a");
  assert.deepEqual(started, ["a", "c"]);
  assert.equal(queue.take(), undefined);
});
