import assert from "node:assert/strict";
import test from "node:test";
import { indentation, stillOpen, unfinished } from "../../static/python-text.js";

const COMPLETE = [
  "1 + 1",
  "x = [1, 2]",
  "print('(')",
  "x = 1  # (",
  "x: int = 3",
  "d = {1: 2}",
  "x = 'it\\'s'",
  "f\"{item['name']}\"",
  '"""a\nb"""',
  "x = '#'",
  "match = 3",
  "for n in x:\n    print(n)\n",
  "for n in x:\n    if n:\n        print(n)\n    ",
  "while a: b\n",
  "async def f():\n    pass\n",
  "@cached\ndef f():\n    pass\n",
  "if a:\n    b\nelse:\n    c\n",
  "match x:\n    case 1:\n        pass\n",
  "    x = 1",
  "    for n in x:\n        y\n    ",
  "x = \\\n1",
  "lambdas = lambda: 1",
  "iffy = 1",
  ">>> for n in x:",
];
const OPEN = [
  "foo(",
  "x = [1,",
  "d = {",
  "d = {'a': (1,",
  '"""a',
  "'''it's\n\n",
  "x = 1 + \\",
  "x = 1 + \\\n",
  "'a\\",
  "for n in x:",
  "for n in x:  # each",
  "for n in x:\n    ",
  "for n in x:\n    print(n)",
  "while a: b",
  "if a:\n    b\nelse:",
  "class A:",
  "@cached",
  "@cached\n",
  "async with a:",
  "match x:",
  "match x:\n    case 1:",
  'if x == "#":',
  "    for n in x:\n        y",
  "def f(a,\n      b):",
];
// Nothing that is typed on would make these right.
const WRONG = ["foo)", "x = (1]", "'abc", "x = 'abc\n", "x:"];

test("what is complete runs", () => {
  for (const text of [...COMPLETE, ...WRONG]) assert.equal(unfinished(text), false, text);
});

test("what is open goes on", () => {
  for (const text of OPEN) assert.equal(unfinished(text), true, text);
});

test("a whole block needs no empty line, but what is open in it stays open", () => {
  assert.equal(unfinished("for n in x:\n    print(n)", true), false);
  assert.equal(unfinished("for n in x:\n    print(", true), true);
  assert.equal(unfinished("for n in x:", true), true);
});

test("a new line keeps the indentation of the last", () => {
  assert.equal(indentation("for a in b:\n    c"), "    ");
  assert.equal(indentation("a"), "");
  assert.equal(indentation("if a:\n\tb"), "\t");
});

test("after a colon it is one step deeper, comment or not", () => {
  assert.equal(indentation("def f():"), "    ");
  assert.equal(indentation("def f():  # why"), "    ");
  assert.equal(indentation("if a:\n    if b:"), "        ");
  assert.equal(indentation("if a:\n\tif b:"), "\t\t");
  assert.equal(indentation("def f(a,\n      b):"), "    ");
  assert.equal(indentation("{1: 2,"), "");
});

test("it is deeper in a bracket, and back after what leaves a block", () => {
  assert.equal(indentation("d = {"), "    ");
  assert.equal(indentation("if a:\n    d = ["), "        ");
  assert.equal(indentation("d = {\n    1: 2,"), "    ");
  assert.equal(indentation("def f():\n    return 1"), "");
  assert.equal(indentation("def f():\n    returned = 1"), "    ");
});

test("in a text of several lines, nothing means anything", () => {
  assert.equal(indentation('x = """if a:'), "");
  assert.equal(indentation('def f():\n    """return:'), "    ");
});

test("two empty lines in a bracket or a text are worth a word", () => {
  assert.equal(stillOpen("f(\n\n"), "(");
  assert.equal(stillOpen("f([\n    \n    "), "[");
  assert.equal(stillOpen('x = """\n\n'), '"""');
  assert.equal(stillOpen("f(\n"), "");
  assert.equal(stillOpen("for n in x:\n\n"), "");
});
