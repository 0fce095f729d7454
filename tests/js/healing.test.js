import assert from "node:assert/strict";
import test from "node:test";
import { healing, pause, retold, sentence, TRIES, triesFor, waiting } from "../../static/healing.js";

const IDLE = { occupied: false, tries: 0 };
const hello = (generation, failed = false) => ({ generation, failed });
const page = (heals) => ({ heals, generation: "a" });

test("the code that made the page still runs: nothing is done, however the page heals", () => {
  for (const heals of ["reload", "ask", "past", "list"]) {
    assert.equal(healing(page(heals), hello("a"), IDLE), "nothing");
    assert.equal(healing(page(heals), hello("a", true), IDLE), "nothing");
  }
});

test("a GET is run again by itself, also to show why the new code could not start", () => {
  assert.equal(healing(page("reload"), hello("b"), IDLE), "reload");
  assert.equal(healing(page("reload"), hello("b", true), IDLE), "reload");
});

test("what the reader is doing turns it into an offer", () => {
  assert.equal(healing(page("reload"), hello("b"), { occupied: true, tries: 0 }), "offer");
});

test("a page that stays out of date after being run again is offered at last", () => {
  assert.equal(healing(page("reload"), hello("b"), { occupied: false, tries: TRIES - 1 }), "reload");
  assert.equal(healing(page("reload"), hello("b"), { occupied: false, tries: TRIES }), "offer");
});

test("no other page is ever run again without a click", () => {
  for (const occupied of [true, false]) {
    for (const heals of ["ask", "past"]) {
      assert.equal(healing(page(heals), hello("b"), { occupied, tries: 0 }), "offer");
      assert.equal(healing(page(heals), hello("b", true), { occupied, tries: 0 }), "why");
    }
    assert.equal(healing(page("list"), hello("b"), { occupied, tries: 0 }), "nothing");
  }
});

test("each case has its sentence, and doing nothing has none", () => {
  assert.equal(sentence("offer", "ask"), "The code has changed.");
  assert.equal(sentence("offer", "reload"), "The code has changed.");
  assert.equal(sentence("offer", "past"), "The code has changed since this error.");
  assert.equal(sentence("why", "past"), "The changed code failed to start.");
  assert.equal(sentence("nothing", "ask"), "");
});

test("attempts to connect come at once, then soon, then less often, and never stop", () => {
  const pauses = [1, 2, 3, 4, 5, 6, 7, 100].map(pause);
  assert.deepEqual(pauses, [20, 200, 400, 800, 1600, 3200, 5000, 5000]);
});

test("a server that is only restarting is not called silent", () => {
  assert.equal(waiting(1), "Reloading…");
  assert.match(waiting(5), /is not responding/);
  assert.equal(waiting(5), waiting(1000));
});

test("tries are counted for one generation, and anything else stored means none", () => {
  assert.equal(triesFor("b", null), 0);
  assert.equal(triesFor("b", retold("b", 2)), 2);
  assert.equal(triesFor("c", retold("b", 2)), 0);
  assert.equal(triesFor("b", "b"), 0);
  assert.equal(triesFor("b", "b many"), 0);
  assert.equal(triesFor("b", ""), 0);
});
