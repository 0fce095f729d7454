"""The code in a template: its tags, the names in them, and what those are in the template's frame.

Knows what Jinja and Django have in common, and how each looks up what stands behind a dot. As everywhere, what would
run code of the application has no value: properties, ``__getattr__``, methods.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from types import FrameType
from typing import Any, Final

from debugkit.debug.safe import inspection
from debugkit.debug.safe.inspection import MISSING
from debugkit.debug.safe.lookups import attribute, item
from debugkit.debug.source import syntax
from debugkit.debug.tracebacks import templates
from debugkit.debug.tracebacks.suggestions import local
from debugkit.frozen import frozen

#: Lines around the failing one that its tag may begin and end in, and characters of them all.
_MOST_LINES: Final = 50
_MOST_CHARACTERS: Final = 100_000
#: Tags in the failing lines, and names in a tag.
_MOST_TAGS: Final = 50
_MOST_NAMES: Final = 200
#: What may stand behind a name, and characters of a tag that is read as Python.
_MOST_STEPS: Final = 20
_MOST_CODE: Final = 2_000
#: Jinja's names for what surrounds a tag, and what that is unless an environment has its own, as those for LaTeX do.
_DELIMITERS: Final = {
    "variable": ("{{", "}}"),
    "block": ("{%", "%}"),
    "comment": ("{#", "#}"),
}
#: A text; one that does not end goes to the end, or each of its quotes would be tried as a beginning.
_TEXT: Final = r"""'(?:[^'\\]|\\.)*+(?:'|\\?\Z)|"(?:[^"\\]|\\.)*+(?:"|\\?\Z)"""
#: A text, which is passed over, or a name with the attributes and items behind it. A filter's name is none.
_WORD: Final = re.compile(
    rf"{_TEXT}|(?<![\w.|])(?P<name>[^\W\d]\w*)(?P<rest>(?:\.\w+|\[(?:{_TEXT}|\d+)\])*+)", re.DOTALL
)
_STEP: Final = re.compile(rf"\.(?P<name>\w+)|\[(?P<key>{_TEXT}|\d+)\]", re.DOTALL)
#: What is before a word that names a filter or a test, and behind one that names an argument or is bound.
_NAMES_CODE: Final = re.compile(r"(?:\||\bis|\bis\s+not)\s*$")
_BINDS: Final = re.compile(r"\s*=(?!=)")


_FILTER: Final = ".__filter__."


@frozen
class Tag:
    """The text between the marks of a tag. The line counts from 1, the column from 0."""

    kind: str  # "variable" or "block"
    text: str
    line: int
    column: int

    @property
    def end_line(self) -> int:
        return self.line + self.text.count("\n")


@frozen
class Step:
    """What stands behind a name: ``.key``, or ``[key]``."""

    key: str | int
    bracket: bool


@frozen
class Path:
    """A name in a tag with steps behind it, in one line of the template."""

    text: str
    line: int
    column: int
    name: str
    steps: tuple[Step, ...]


def tags(frame: FrameType | None, lines: Sequence[str], failing: range) -> Iterator[Tag]:
    """The tags that have a part in the lines ``failing``, counted from 1; comments are none."""
    near = (tag for tag in _tags(frame, lines, failing) if failing.start <= tag.end_line)
    return islice((tag for tag in near if tag.kind != "comment"), _MOST_TAGS)


def _tags(frame: FrameType | None, lines: Sequence[str], failing: range) -> Iterator[Tag]:
    """All of them that begin before the failing lines end."""
    first = max(failing.start - _MOST_LINES, 1)
    text = "\n".join(lines[first - 1 : failing.stop + _MOST_LINES])[:_MOST_CHARACTERS]
    marks = {kind: _marks(frame, kind) for kind in _DELIMITERS}
    # The longer one first: one may be the beginning of another.
    kinds = sorted(marks, key=lambda kind: -len(marks[kind][0]))
    opening = re.compile("|".join(f"(?P<{kind}>{re.escape(marks[kind][0])})" for kind in kinds))
    at, line, line_start = 0, first, 0
    while match := opening.search(text, at):
        kind, begin = match.lastgroup or "", match.end()
        end = text.find(marks[kind][1], begin)
        if end < 0:
            return
        line += text.count("\n", at, begin)
        line_start = max(text.rfind("\n", at, begin) + 1, line_start)
        tag = Tag(kind, text[begin:end], line, begin - line_start)
        if tag.line >= failing.stop:
            return
        yield tag
        at = end + len(marks[kind][1])
        line += text.count("\n", begin, at)
        line_start = max(text.rfind("\n", begin, at) + 1, line_start)


def _marks(frame: FrameType | None, kind: str) -> tuple[str, str]:
    environment = templates.environment_of(frame) if frame is not None else MISSING
    names = (f"{kind}_start_string", f"{kind}_end_string")
    start, end = (inspection.exact_str(inspection.attribute(environment, name)) for name in names)
    return (start, end) if start and end else _DELIMITERS[kind]


def paths(tag: Tag) -> Iterator[Path]:
    """The names in a tag, each followed by what begins with it: ``user``, ``user.name``."""
    words = islice((match for match in _WORD.finditer(tag.text) if match["name"]), _MOST_NAMES)
    if tag.kind == "block":
        next(words, None)  # the name of the tag
    for match in words:
        if _is_none_of_values(tag.text, match):
            continue
        line = tag.line + tag.text.count("\n", 0, match.start())
        column = match.start() - tag.text.rfind("\n", 0, match.start()) - 1 + (tag.column if line == tag.line else 0)
        steps: tuple[Step, ...] = ()
        yield Path(match["name"], line, column, match["name"], steps)
        for step in islice(_STEP.finditer(match["rest"]), _MOST_STEPS):
            steps = (*steps, _step(step))
            yield Path(match["name"] + match["rest"][: step.end()], line, column, match["name"], steps)


def _is_none_of_values(text: str, match: re.Match[str]) -> bool:
    """Whether a name in a tag is that of a filter or a test, of an argument, or one that is bound there."""
    before = _NAMES_CODE.search(text, max(match.start() - 20, 0), match.start())
    return before is not None or _BINDS.match(text, match.end()) is not None


def _step(match: re.Match[str]) -> Step:
    key = match["name"] or match["key"]
    if key.isdecimal():
        return Step(int(key), bracket=match["name"] is None)
    return Step(key if match["name"] else key[1:-1], bracket=match["name"] is None)


def python_of(tag: Tag) -> ast.Module | None:
    """A tag as the Python that it would be: an expression, or a loop. `None` for what only templates have.

    A filter becomes an attribute, which nothing has: both bind closer than operators do.
    """
    if len(tag.text) > _MOST_CODE:
        return None
    text = tag.text.removeprefix("-").removesuffix("-").strip().replace("|", _FILTER)
    word, _, rest = text.partition(" ") if tag.kind == "block" else ("", "", text)
    if word == "for":
        return syntax.parse((f"for {' '.join(rest.split()).removesuffix(' recursive')}: pass",))
    return syntax.parse(tuple(f"({rest})".split("\n"))) if word in ("", "if", "elif") else None


def values(frame: FrameType, lines: Sequence[str], failing: range) -> Iterator[tuple[Path, Any]]:
    """What the names in the failing tags are, but for those of which only running them would tell."""
    for path in (path for tag in tags(frame, lines, failing) for path in paths(tag)):
        value = value_of(frame, path.name, path.steps)
        if value is not MISSING:
            yield path, value


def value_of(frame: FrameType, name: str, steps: Sequence[Step] = ()) -> Any:
    """What a path is in a template's frame; `MISSING` where only running it would tell."""
    value = local(frame, name)
    for step in steps:
        value = member(frame, value, step)
    return value


def member(frame: FrameType, owner: Any, step: Step) -> Any:
    """Jinja takes what stands behind a dot for an attribute first, Django for a key."""
    if isinstance(step.key, int):
        return item(owner, step.key)
    if step.bracket or not templates.is_jinja(frame):
        value = item(owner, step.key)
        return attribute(owner, step.key) if value is MISSING else value
    value = attribute(owner, step.key)
    # Of what the class has, such as ``items`` of a dict, nothing else is asked.
    hidden = owner is MISSING or inspection.class_attribute(type(owner), step.key) is not MISSING
    return item(owner, step.key) if value is MISSING and not hidden else value
