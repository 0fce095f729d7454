import assert from "node:assert/strict";
import test from "node:test";
import { Pairs } from "../../static/pairs.js";

/** A text field to type into: the characters of `keys`; "\b" is Backspace, "\n" a new line. `|` shows the caret. */
class Field {
  constructor(shown = "|") {
    this.pairs = new Pairs();
    this.at(shown);
  }

  at(shown) {
    const [before, selected, after] =
      shown.split("|").length === 3 ? shown.split("|") : shown.replace("|", "||").split("|");
    this.state = { text: before + selected + after, start: before.length, end: before.length + selected.length };
  }

  type(keys) {
    for (const key of keys) this.press(key);
    return this.shown;
  }

  press(key) {
    const { text, start, end } = this.state;
    if (key === "\b") return this.apply(this.pairs.backspace(this.state) ?? this.edit(start - 1, end, ""));
    if (key === "\n") return this.apply(this.pairs.newline(this.state));
    this.apply(this.pairs.type(this.state, key) ?? this.edit(start, end, key), text);
  }

  edit(from, to, insert) {
    return { from, to, insert, select: [from + insert.length, from + insert.length] };
  }

  apply({ from, to, insert, select: [start, end] }) {
    this.state = { text: this.state.text.slice(0, from) + insert + this.state.text.slice(to), start, end };
  }

  get shown() {
    const { text, start, end } = this.state;
    const selected = start === end ? "" : `${text.slice(start, end)}|`;
    return `${text.slice(0, start)}|${selected}${text.slice(end)}`;
  }
}

const typed = (keys, shown) => new Field(shown).type(keys);

test("brackets and quotes close themselves, and typing the closer goes past it", () => {
  assert.equal(typed("f("), "f(|)");
  assert.equal(typed("f(a)"), "f(a)|");
  assert.equal(typed("f(['a'])"), "f(['a'])|");
  assert.equal(typed('x["a'), 'x["a|"]');
  assert.equal(typed("f()()"), "f()()|");
});

test("whatever is typed stands there at the end as it was typed", () => {
  const sources = [
    "print({'a': [1, (2)], \"b\": 'it\\'s'}['a'][0])",
    "f'{x[\"a\"]}' + rb'\\'' + \"\" + ''",
    'x = """a "b" (c"""',
    'a = b\'\' or "\\""',
    "don't (",
    "x = [] # it's (",
    "((()))[[]]{}",
  ];
  for (const source of sources) {
    const field = new Field();
    field.type(source);
    assert.equal(field.state.text.slice(0, field.state.start), source);
    assert.match(field.state.text.slice(field.state.start), /^[)\]}'"]*$/);
  }
});

test("what is selected is wrapped, and stays selected", () => {
  assert.equal(typed("(", "a + |b * c|"), "a + (|b * c|)");
  assert.equal(typed('"', "|name|"), '"|name|"');
  assert.equal(typed(")", "|name|"), ")|");
});

test("nothing closes itself before a word, inside of a text or comment, or after a letter", () => {
  assert.equal(typed("(", "|name"), "(|name");
  assert.equal(typed("(", "'a|"), "'a(|");
  assert.equal(typed("[", "# a|"), "# a[|");
  assert.equal(typed("'", "it|"), "it'|");
  assert.equal(typed("'", "rb|"), "rb'|'");
  assert.equal(typed('"""a'), '"""a|');
});

test("a closer that was there before is not typed over", () => {
  assert.equal(typed(")", "f(a|)"), "f(a)|)");
});

test("Backspace takes a pair as a whole, a step of indentation, or one character", () => {
  assert.equal(typed("f(\b"), "f|");
  assert.equal(typed("f('\b\b"), "f|");
  assert.equal(typed("\b", "f(|)"), "f|)");
  assert.equal(typed("\b", "if a:\n        |"), "if a:\n    |");
  assert.equal(typed("\b", "if a:\n      |b"), "if a:\n    |b");
  assert.equal(typed("\b", "if a:\n    b |"), "if a:\n    b|");
});

test("a new line in brackets that closed themselves puts the closer on its own", () => {
  assert.equal(typed("d = {\n"), "d = {\n    |\n}");
  assert.equal(typed("d = {\n1: 2,\n3: 4}"), "d = {\n    1: 2,\n    3: 4\n}|");
  assert.equal(typed("d = {\n1: 2,\n}"), "d = {\n    1: 2,\n}|");
  assert.equal(typed("if a:\nf(\n1,\n)"), "if a:\n    f(\n        1,\n    )|");
});

test("Enter goes on in brackets where more must come, and runs what is complete", () => {
  const opens = (keys) => {
    const field = new Field();
    field.type(keys);
    return field.pairs.opensLine(field.state);
  };
  assert.equal(opens("d = {"), true);
  assert.equal(opens("f(a,"), true);
  assert.equal(opens("f(a +"), true);
  assert.equal(opens("d = {\n1: 2"), true);
  assert.equal(opens("f(a"), false);
  assert.equal(opens("x['a"), false);
  assert.equal(opens("f(a)"), false);
});
