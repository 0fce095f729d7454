"""An exception with the places it went through, and the words for their values.

Every value that is quoted passes the page's describer, which knows by name, type and form what is secret.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from debugkit.debug.causes.place import Place, TagPlace
from debugkit.debug.safe import inspection
from debugkit.debug.safe.lookups import is_scalar
from debugkit.debug.source.sources import Sources
from debugkit.debug.source.template_tags import python_of, tags
from debugkit.debug.tracebacks.model import CapturedFrame
from debugkit.debug.tracebacks.templates import is_template
from debugkit.debug.values.describe import Describer
from debugkit.debug.values.preview import cut

#: Characters of a value and of an expression: it is a sentence, not a table.
_VALUE: Final = 60
_EXPRESSION: Final = 60
#: Names listed of what something has.
_LISTED: Final = 4
#: Modules whose code runs for a tag.
_ENGINES: Final = ("django.template.", "jinja2.runtime")
#: Containers whose length says something, and what is counted.
_SIZED: Final = (list, tuple, dict, set, frozenset)


@dataclass(eq=False)
class Scene:
    """One exception. ``frames`` are those that have not been released, outermost first."""

    exc: BaseException
    message: str
    frames: Sequence[CapturedFrame]
    hidden: Mapping[int, Mapping[str, object]]
    describer: Describer
    sources: Sources
    #: The place to look at, where the frames do not tell it.
    at: Place | None = None

    @cached_property
    def place(self) -> Place | None:
        """Where it was raised; nowhere if the engine of a template did, whose variables nobody knows."""
        if self.at is not None:
            return self.at
        engines = self._template is not None and self._template is not self.frames[-1]
        return self.place_of(self.frames[-1]) if self.frames and not engines else None

    def place_of(self, frame: CapturedFrame) -> Place:
        return Place(frame, self.hidden.get(frame.index, {}), self.sources)

    def tag_places(self) -> Iterator[TagPlace]:
        """What may have failed in a template, whose engine tells no more than the line."""
        frame = self._template
        if frame is None:
            return
        hidden, failing = self.hidden.get(frame.index, {}), range(frame.lineno, frame.lineno + 1)
        trees = map(python_of, tags(frame.frame, self.sources.of(frame).lines, failing))
        for node in (node for tree in trees if tree is not None for node in ast.walk(tree)):
            place = TagPlace(frame, hidden, self.sources, node)
            if place.is_known:
                yield place

    @property
    def _template(self) -> CapturedFrame | None:
        """The template that raised it, be it by its engine's code for a tag."""
        last = next((frame for frame in reversed(self.frames) if not frame.module.startswith(_ENGINES)), None)
        return last if last is not None and is_template(last.frame) else None

    # Words

    def value(self, value: object, name: str = "") -> str:
        """A value in a sentence: itself if it is plain, otherwise what it is: "a list of 3 items"."""
        if is_scalar(value):
            return cut(self.describer.describe(value, name).text, _VALUE)
        if any(type(value) is kind for kind in _SIZED):
            count = len(value)  # type: ignore[arg-type]
            return f"{article(kind_of(value))} of {counted(count, 'item')}" if count else f"an empty {kind_of(value)}"
        return article(kind_of(value))

    def typed(self, value: object, name: str = "") -> str:
        """A value and its type: "'3', a str"."""
        text = self.value(value, name)
        return text if value is None or not is_scalar(value) else f"{text}, {article(kind_of(value))}"

    def is_secret(self, name: str) -> bool:
        return self.describer.redactor.name_is_secret(name)


def is_plain(value: object) -> bool:
    """Whether it is a number, a text, or a container of Python's own."""
    return is_scalar(value) or any(type(value) is kind for kind in _SIZED)


def kind_of(value: object) -> str:
    """The name of a value's class, fit for one line."""
    return inspection.printable(inspection.class_name(type(value)))


def article(noun: str) -> str:
    """The noun with "a" or "an"."""
    return f"an {noun}" if noun[:1].lower() in "aeio" else f"a {noun}"


def counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def listed(values: Sequence[Any], text: Callable[[Any], str]) -> str:
    """ "a", "a and b", "a, b, c and 3 more"; only those that are named are made text of."""
    most = len(values) if len(values) <= _LISTED else _LISTED - 1
    texts = [text(value) for value in values[:most]]
    if most < len(values):
        texts.append(f"{len(values) - most:,} more")
    return " and ".join(filter(None, (", ".join(texts[:-1]), *texts[-1:])))


def expression(node: ast.AST | None) -> str:
    """An expression as its author wrote it, in short; what a call is called with is left out if it is long."""
    if node is None:
        return ""
    if isinstance(node, ast.Await):
        return f"await {expression(node.value)}"
    text = ast.unparse(node)
    if len(text) > _EXPRESSION and isinstance(node, ast.Call):
        text = f"{ast.unparse(node.func)}(...)"
    return inspection.printable(text) if len(text) <= _EXPRESSION else ""


def nearest_first(names: Iterable[Any], meant: Any) -> list[Any]:
    """The names with the one that was probably meant in front; "" if there is none."""
    return sorted(names, key=lambda name: name != meant)
