"""What templates are compiled to: macros are functions, and no value is believed to be markup."""

from __future__ import annotations

from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
from markupsafe import Markup

from debugkit.debug.page import assets, rendering
from debugkit.debug.page.templating import Templates

MARKUP = Markup("<b>")
TEXTS = namedtuple("TEXTS", ("text", "texts"))(MARKUP, (MARKUP, "x"))


def printed(source: str, view: Any = TEXTS) -> str:
    names = {"replaced": rendering.replaced}
    templates = Templates({"page.html": source}.get, filters={"same": lambda text: text}, tests={}, names=names)
    return templates.get_template("page.html").render(view=view)


@pytest.mark.parametrize(
    "expression",
    [
        "view.text",
        "view.text|same",
        "view.texts|join(', ')",
        "view.texts[0]",
        "'at ' ~ view.text",
        "view.text.strip()",
        "view.text if view.text else 1",
        "view.text or 1",
        "replaced(view.text, '/', '/<wbr>')",
        "named(view.text)",
        "named(text=view.text)",
    ],
)
def test_a_text_that_calls_itself_markup_is_escaped(expression: str) -> None:
    page = printed("{% macro named(text) %}{{ text }}{% endmacro %}{{ " + expression + " }}")

    assert "<b>" not in page
    assert "&lt;b&gt;" in page


def test_what_a_macro_prints_is_markup() -> None:
    assert printed("{% macro bold(text) %}<b>{{ text }}</b>{% endmacro %}{{ bold('<') }}") == "<b>&lt;</b>"


def test_a_macro_is_called_by_position_by_name_and_with_its_defaults() -> None:
    macro = "{% macro shown(a, b='B', c='C') %}{{ a }}{{ b }}{{ c }}{% endmacro %}"

    assert printed(macro + "{{ shown(1) }} {{ shown(1, 2) }} {{ shown(1, c=3) }} {{ shown(c=3, a=1) }}") == (
        "1BC 12C 1B3 1B3"
    )


def test_an_attribute_that_a_view_model_has_not_is_an_error() -> None:
    with pytest.raises(AttributeError):
        printed("{{ view.missing }}")


def test_every_template_compiles() -> None:
    folder = Path(str(assets.folder("templates")))
    for path in folder.rglob("*.*"):
        assert rendering.templates().get_template(path.relative_to(folder).as_posix())
