import assert from "node:assert/strict";
import test from "node:test";
import { Terminal } from "../../static/terminal.js";

/** What stands on the screen after the pieces came: text, and the text of each class. */
function screen(...pieces) {
  const terminal = new Terminal();
  const rows = new Map();
  for (const piece of pieces) {
    const { done, live } = terminal.push(piece);
    for (const row of [...done, ...live]) rows.set(row.id, row.pieces);
  }
  const all = [...rows.values()].flat();
  const coloured = all.filter((piece) => piece.css).map((piece) => [piece.css, piece.text]);
  return { text: all.map((piece) => piece.text).join(""), coloured, rewritten: terminal.rewritten };
}

function plain(...pieces) {
  const { text, coloured } = screen(...pieces);
  assert.deepEqual(coloured, []);
  return text;
}

test("plain text stays as it is", () => {
  assert.equal(plain("one\ntwo\n", "thr", "ee\n", "\ttab ✓ 🎉\n"), "one\ntwo\nthree\n\ttab ✓ 🎉\n");
  assert.equal(screen("a\nb").rewritten, false);
});

test("a progress bar is shown as it is in the end", () => {
  const bar = screen("\r  0%|   |", "\r 50%|#  |", "\r100%|###|\n", "done\n");
  assert.equal(bar.text, "100%|###|\ndone\n");
  assert.equal(bar.rewritten, true);
});

test("what is shorter leaves the rest of the line, as in a terminal, unless that is erased", () => {
  assert.equal(plain("downloading\rdone"), "doneloading");
  assert.equal(plain("downloading\rdone\x1b[K"), "done");
  assert.equal(plain("downloading\x1b[2K\rdone"), "done");
  assert.equal(plain("abc\b\bX"), "aXc");
  assert.equal(plain("a\r\nb\r\n"), "a\nb\n");
});

test("nested progress bars stay in their rows", () => {
  const bars = ["\router 0%"];
  for (const step of ["1", "2", "3"]) bars.push(`\n\rinner ${step}\x1b[A`, `\router ${step}`);
  assert.equal(plain(...bars), "outer 3%\ninner 3");
});

test("sixteen colours and bold become classes", () => {
  const { text, coloured } = screen("\x1b[31mred\x1b[0m \x1b[1;92mgreen\x1b[22m\x1b[39m \x1b[38;5;4mblue\x1b[m.");
  assert.equal(text, "red green blue.");
  assert.deepEqual(coloured, [
    ["ansi-1", "red"],
    ["ansi-10 ansi-bold", "green"],
    ["ansi-4", "blue"],
  ]);
});

test("other colours, links, titles and sequences are dropped, their text is kept", () => {
  assert.equal(plain("\x1b[38;2;1;31;3mtrue\x1b[48;5;31m colour"), "true colour");
  assert.equal(plain("\x1b]8;;https://a.test\x1b\\link\x1b]8;;\x07"), "link");
  assert.equal(plain("\x1b]0;title\x07\x1b(B\x1b=\x1b[?25l\x1bPq#0\x1b\\text\x1b[4m\x07\x9b"), "text");
  assert.equal(plain("\x1b[5Bx\x1b[99Ay"), "xy");
});

test("a sequence may be cut anywhere between two pieces", () => {
  const text = "a\x1b[1;31mred\x1b[0m\x1b]8;;https://a.test\x1b\\b\x1b[2K\rc\n";
  const expected = screen(text);
  for (let cut = 0; cut <= text.length; cut += 1) {
    assert.deepEqual(screen(text.slice(0, cut), text.slice(cut)), expected, `cut at ${cut}`);
  }
});

test("a sequence that never ends hides no more than its beginning", () => {
  assert.match(plain(`\x1b]${"x".repeat(5000)}`, "\nend"), /x{1000}\nend$/);
});

test("only the last rows can change, so that a long output is not drawn again and again", () => {
  const terminal = new Terminal();
  terminal.push("\x1b[31m");
  const { done, live } = terminal.push("row\n".repeat(1000));
  assert.ok(live.length <= 24);
  const pieces = [...done, ...live].flatMap((row) => row.pieces);
  assert.equal(pieces.map((piece) => piece.text).join(""), "row\n".repeat(1000));
  assert.ok(new Terminal().push("x".repeat(100_000)).live[0].pieces[0].text.length <= 2000);
  assert.equal(plain("x".repeat(100_000)).length, 100_000);
});

const SIZE = 10_000;
const TIMES = 8;
// Between TIMES, which is linear, and its square: rows are objects, and the garbage collector has its own mind.
const GROWTH = 3 * TIMES;
const SLACK = 30;
// Measured again where it was more: another process may have been in the way.
const TRIES = 4;

/** Milliseconds of the processor. */
function cost(work) {
  const begin = process.cpuUsage();
  work();
  return process.cpuUsage(begin).user / 1000;
}

const FLOODS = {
  "unfinished titles": (size) => "\x1b]".repeat(size),
  "unfinished strings": (size) => "\x1bP".repeat(size),
  "long parameters": (size) => `\x1b[${"1;".repeat(size)}`,
  returns: (size) => "a\r".repeat(size),
  colours: (size) => "\x1b[31mx".repeat(size),
  "line breaks": (size) => "\x1b[1m\n".repeat(size),
};

for (const [name, flood] of Object.entries(FLOODS)) {
  test(`a longer text costs as much more time as it is longer: ${name}`, () => {
    const grows = () => {
      const short = cost(() => screen(flood(SIZE)));
      return cost(() => screen(flood(SIZE * TIMES))) <= GROWTH * short + SLACK;
    };
    assert.ok(Array.from({ length: TRIES }).some(grows));
  });
}
