"""View models become HTML, Markdown and JSON. Knows no markup: only templates/ does."""

from __future__ import annotations

import json
import re
from dataclasses import fields, is_dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from debugkit import terminal_text
from debugkit.debug.page import assets
from debugkit.debug.page.models import DATA
from debugkit.debug.request_snapshot import iri
from debugkit.debug.source.excerpt import Gap

if TYPE_CHECKING:
    from debugkit.debug.page.templating import Templates


@cache
def templates() -> Templates:
    """What finds the templates."""
    from debugkit.debug.page import templating  # Jinja2 takes long to import, and most requests need no page

    names = {"part": part, "kept": kept, "icon": icon, "replaced": replaced, "verbatim": str, "modules": assets.modules}
    return templating.Templates(
        assets.template_source,
        filters={"iri": iri, "fence": fence, "span": span, "line": terminal_text.line, "quoted": terminal_text.quoted},
        tests={
            "gap": lambda line: isinstance(line, Gap),
            "a": lambda model, name: type(model).__name__ == name,
        },
        names=names | {"data": DATA},
    )


def html(page: str, view: object) -> bytes:
    """A template of pages/ rendered with a view model."""
    return _encoded(f"pages/{page}", view)


def fragment(name: str, view: object) -> bytes:
    """A template of fragments/, for a page that is open already."""
    return _encoded(f"fragments/{name}", view)


def _encoded(template: str, view: object) -> bytes:
    """Lone surrogates of user data become U+FFFD."""
    return part(template, view).encode("utf-8", "replace")


def text(page: str, view: object) -> str:
    """A plain text or Markdown of pages/: nothing in it steers the terminal it may be read in."""
    return terminal_text.lines(part(f"pages/{page}", view))


def part(template: str, view: object) -> str:
    """A template rendered with a view model, for another one that it is a part of."""
    return templates().get_template(template).render(view=view)


@lru_cache(maxsize=64)
def kept(template: str, view: object) -> str:
    """A part that is the same for most pages, printed once: dialogs and buttons by who is looking."""
    return part(template, view)


@lru_cache(maxsize=64)
def icon(name: str) -> str:
    """A drawing by name."""
    return part("fragments/icon.html", name)


def replaced(text: str, old: str, markup: str) -> str:
    """Text as markup in which every ``old`` is ``markup``, such as a place to wrap at."""
    from debugkit.debug.page.templating import escaped

    return escaped(text).replace(old, markup)


def fence(text: str) -> str:
    """A Markdown fence longer than any run of backticks in ``text`` (CommonMark 0.31, section 4.5)."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    return "`" * max(3, longest + 1)


def span(text: str) -> str:
    """Text as code inside a line of Markdown, where no markup counts (CommonMark 0.31, section 6.1)."""
    text = terminal_text.line(text)
    if not text:
        return ""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    edge = " " if "`" in (text[0], text[-1]) else ""
    return f"{'`' * (longest + 1)}{edge}{text}{edge}{'`' * (longest + 1)}"


def plain(view: Any) -> Any:
    """A view model as dictionaries and lists, for `json`."""
    if is_dataclass(view):
        return {field.name: plain(getattr(view, field.name)) for field in fields(view)}
    if isinstance(view, tuple | list):
        return [plain(item) for item in view]
    return view


#: `json.dumps` makes an encoder for each call that wants other separators.
_JSON = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))


def to_json(data: object) -> bytes:
    return _JSON.encode(data).encode("ascii")
