import assert from "node:assert/strict";
import { test } from "node:test";
import { atHome, fill, isTemplate } from "../../static/editors.js";

const place = { path: "/home/ada/a b&c/cart+1.py", line: 42, column: 7 };

test("a path is encoded for the part of the URL it stands in", () => {
  assert.equal(fill("vscode://file/{path}:{line}:{column}", place), "vscode://file//home/ada/a%20b%26c/cart+1.py:42:7");
  assert.equal(
    fill("pycharm://open?file={path}&line={line}", place),
    "pycharm://open?file=/home/ada/a%20b%26c/cart%2B1.py&line=42",
  );
});

test("a path may hold what means something to a replacement", () => {
  assert.equal(fill("zed://file/{path}:{line}", { ...place, path: "/$&/$1" }), "zed://file//%24%26/%241:42");
});

test("only URLs that open an editor at a line are taken", () => {
  assert.ok(isTemplate("vscode://file/{path}:{line}"));
  for (const text of ["", "vscode", "vscode://file/{path}", "javascript:alert('{path}{line}')", "{path}:{line}"]) {
    assert.ok(!isTemplate(text), text);
  }
});

test("the home folder of the reader takes the place of ~", () => {
  assert.equal(atHome("~/shop/cart.py", "/Users/ada/"), "/Users/ada/shop/cart.py");
  assert.equal(atHome("~/shop/cart.py", ""), "~/shop/cart.py");
  assert.equal(atHome("/app/~/x", "/Users/ada"), "/app/~/x");
});
