"""View models become HTML and Markdown. The only module that knows Jinja2; only templates/ holds markup."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass, replace
from functools import cache, lru_cache
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from debugkit import terminal_text
from debugkit.debug.page import assets
from debugkit.debug.page.models import DATA
from debugkit.debug.request_snapshot import iri
from debugkit.debug.source.excerpt import Gap

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup


#: Finds what markup must not hold as it is.
_SPECIAL: Final = re.compile("[&<>\"']").search


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from jinja2.compiler import CodeGenerator, Frame
    from markupsafe import escape

    def as_markup(value: Any) -> str:
        """``value`` as markup. Most have nothing to escape, and a call of `escape` costs as much as four of this."""
        kind = type(value)
        if kind is str and not _SPECIAL(value):
            return value  # type: ignore[no-any-return]
        return int.__repr__(value) if kind is int else escape(value)

    class Printing(CodeGenerator):
        """Prints by `as_markup` where Jinja prints by `escape`."""

        def _output_child_pre(self, node: Any, frame: Frame, finalize: Any) -> None:
            if frame.eval_ctx.autoescape and not frame.eval_ctx.volatile:
                self.write("environment.printed(")
            else:
                super()._output_child_pre(node, frame, finalize)

    class Direct(Environment):
        """Templates ask for attributes of view models only, so a missing one is an error, and nothing else is tried."""

        code_generator_class = Printing
        printed = staticmethod(as_markup)
        getattr = staticmethod(getattr)  # type: ignore[assignment]  # what a page asks for most: not through two calls

    def load(name: str) -> str | None:
        try:
            return assets.template_source(name)
        except FileNotFoundError:
            return None

    environment = Direct(
        loader=FunctionLoader(load),
        autoescape=lambda name: name is not None and name.endswith((".html", ".svg")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(iri=iri, fence=fence, span=span, line=terminal_text.line, quoted=terminal_text.quoted)
    # Nothing of Jinja's own is used; a short list also makes each import between templates cheaper.
    environment.globals.clear()
    environment.globals.update(kept=kept, icon=icon, data=DATA, modules=assets.modules)
    environment.tests["gap"] = lambda line: isinstance(line, Gap)
    environment.tests["a"] = lambda model, name: type(model).__name__ == name
    return environment


def html(page: str, view: object) -> bytes:
    """A template of pages/ rendered with a view model."""
    return _encoded(f"pages/{page}", view)


def fragment(part: str, view: object) -> bytes:
    """A template of fragments/, for a page that is open already."""
    return _encoded(f"fragments/{part}", view)


def _encoded(template: str, view: object) -> bytes:
    """Lone surrogates of user data become U+FFFD."""
    if not is_plain(view):
        view = plain_texts(view)
    return _environment().get_template(template).render(view=view).encode("utf-8", "replace")


def is_plain(view: Any) -> bool:
    """Whether every text in a view model is an exact `str`: of others markupsafe believes the ``__html__``."""
    items = [view]
    while items:  # level by level, since a page has thousands
        nested: list[Iterable[Any]] = []
        for item in items:
            kind = type(item)
            if id(kind) in _PLAIN:
                continue
            if issubclass(kind, tuple):
                nested.append(item)
            elif read := _READERS.get(id(kind)) or _reader(kind):
                nested.append(read(item))
            elif issubclass(kind, str):
                return False
        items = [*chain.from_iterable(nested)]
    return True


#: By id: a metaclass may define ``__eq__``.
_PLAIN: Final = frozenset(map(id, (str, int, bool, type(None))))
#: What reads all fields of a data class at once, by the id of the class.
_READERS: dict[int, Callable[[Any], tuple[Any, ...]]] = {}


def _reader(kind: type) -> Callable[[Any], tuple[Any, ...]] | None:
    if not is_dataclass(kind):
        return None
    names = [field.name for field in fields(kind)]
    return _READERS.setdefault(id(kind), attrgetter(*names, names[0]))  # two names at least: of one it gives no tuple


def plain_texts(view: Any) -> Any:
    """The same view model with every text as an exact `str`, whose markup is escaped."""
    if isinstance(view, str):
        return str.__str__(view)
    if isinstance(view, tuple):
        items = [plain_texts(item) for item in view]
        return type(view)(*items) if hasattr(view, "_fields") else tuple(items)
    if is_dataclass(view) and not isinstance(view, type):
        return replace(view, **{field.name: plain_texts(getattr(view, field.name)) for field in fields(view)})
    return view


def text(page: str, view: object) -> str:
    """A plain text or Markdown of pages/: nothing in it steers the terminal it may be read in."""
    return terminal_text.lines(_environment().get_template(f"pages/{page}").render(view=view))


@lru_cache(maxsize=64)
def kept(template: str, view: object) -> Markup:
    """A part of a page that is the same for most pages, printed once: dialogs and buttons by who is looking."""
    from markupsafe import Markup

    return Markup(_environment().get_template(template).render(view=view))


def icon(name: str) -> Markup:
    """A drawing by name."""
    return kept("fragments/icon.html", name)


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


def to_json(data: object) -> bytes:
    return json.dumps(data, ensure_ascii=True, separators=(",", ":")).encode("ascii")
