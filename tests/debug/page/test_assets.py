"""Rules for static/ and templates/ as a whole."""

from __future__ import annotations

import re

from debugkit.debug.page import assets

TOKEN = "t-"


def classes(css: str) -> set[str]:
    """The classes that a style sheet names in its selectors."""
    selectors = re.sub(r"/\*.*?\*/|\{[^{}]*\}", " ", css, flags=re.DOTALL)
    return set(re.findall(r"\.(-?[a-zA-Z_][\w-]*)", selectors))


def test_classes_of_tokens_have_a_prefix_that_no_class_of_the_page_has() -> None:
    sheets = {name: classes(asset.body.decode()) for name, asset in assets.static_files().items() if ".css" in name}

    assert {name for name in sheets.pop("syntax.css") if not name.startswith(TOKEN)} == set()
    assert {name for sheet in sheets.values() for name in sheet if name.startswith(TOKEN)} == set()
