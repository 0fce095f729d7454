"""Names say what a thing is: everyday words that fit anything are none."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import debugkit

MEANINGLESS = {"few", "found", "given", "one", "said", "told"}
#: Names of Python and HTTP.
KNOWN = {"FileNotFoundError", "ModuleNotFoundError", "NotFound"}
IDENTIFIERS = ("id", "arg", "attr", "name", "asname")


def identifiers(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        yield from (name for field in IDENTIFIERS if isinstance(name := getattr(node, field, None), str))


def parts(name: str) -> set[str]:
    return set(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().split("_"))


def test_no_name_is_a_word_that_fits_anything() -> None:
    folder = Path(debugkit.__file__).parent
    names = {
        f"{path.relative_to(folder)}: {name}"
        for path in folder.rglob("*.py")
        for name in {*identifiers(path.read_text("utf-8"))} - KNOWN
        if parts(name) & MEANINGLESS
    }

    assert names == set()
