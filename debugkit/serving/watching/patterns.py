"""The language in which files to watch, or to leave out, are named. It knows text only: no file is opened here.

It is gitignore's, the same for every way of watching:

=================  =====================================================================================
``*.log``          a name without a slash matches files and directories of that name at any depth
``build/``         a slash at the end: directories only
``/build``         a slash at the start: from the project's root, or an absolute path
``docs/conf.py``   a slash inside: from the project's root, too
``*``  ``?``       any characters, or one character, of a name; never a slash
``[a-c]  [!a-c]``  one character of those, or any other
``**``             any number of directories: ``**/tests/*.py``, ``/srv/app/**/*.html``
``*/cache/*``      a leading ``*/`` means ``**/``, as everybody writes it
``!keep.py``       takes back what an earlier pattern said
``\\*``             the character itself
=================  =====================================================================================

A pattern that matches a directory speaks for everything below it. What a pruned directory holds cannot be taken back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from debugkit.errors import ConfigurationError
from debugkit.frozen import frozen

#: Directories that hold no source of the project, and files that editors leave for a moment.
BUILT_IN = (
    *(".*/", "__pycache__/", "node_modules/", "site-packages/", "dist-packages/"),
    *("*.pyc", "*.pyo"),
    *("4913", "*~", ".*.sw[a-p]", "*.swp", "*.swx"),  # Vim: 4913 is its test whether a directory is writable
    *(".#*", "#*#", "flycheck_*.py", "*_flymake.py"),  # Emacs: locks, autosaves, copies that are checked
    *("*___jb_tmp___", "*___jb_old___"),  # PyCharm
    *(".goutputstream-*", ".DS_Store"),
)

#: What makes a path a pattern.
WILDCARDS = frozenset("*?[")


@frozen
class Pattern:
    """One pattern, taken apart. ``parts`` are its names without the slashes; ``**`` is a part of its own."""

    text: str
    parts: tuple[str, ...]
    negated: bool = False
    directories_only: bool = False
    #: Holds from the root (or from where an absolute path begins), not at any depth.
    anchored: bool = False
    absolute: bool = False

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Read a pattern. Raises ``ConfigurationError`` when it names nothing."""
        body = text.removeprefix("!")
        parts = tuple(part for part in body.split("/") if part not in ("", "."))
        if not parts:
            raise ConfigurationError(f"{text!r} is not a pattern for paths. Write a name such as '*.log' or 'build/'.")
        if len(parts) > 1 and parts[0] == "*":
            parts = ("**", *parts[1:])
        return cls(
            text,
            parts,
            negated=body != text,
            directories_only=body.endswith("/"),
            anchored=len(parts) > 1 or body.startswith("/"),
            absolute=body.startswith("/"),
        )

    @property
    def expression(self) -> str:
        """A regular expression for the name, or for the path from the root without a leading slash."""
        if not self.anchored:
            return _translate(self.parts[0])
        pieces = [_translate_part(part, last=number == len(self.parts)) for number, part in enumerate(self.parts, 1)]
        return "".join(pieces)

    def literal(self) -> tuple[str, ...]:
        """The leading parts that hold no wildcard."""
        count = next((number for number, part in enumerate(self.parts) if WILDCARDS & set(part)), len(self.parts) - 1)
        return self.parts[:count]


def _translate_part(part: str, *, last: bool) -> str:
    if part == "**":
        return ".+" if last else "(?:[^/]+/)*"
    return _translate(part) + ("" if last else "/")


def _translate(part: str) -> str:
    """One name of a pattern as a regular expression. A bracket that is never closed is itself."""
    return "".join(_tokens(part))


_TOKEN = re.compile(r"\*+ | \? | \[ (?P<no>[!^]?) (?P<set>\]?[^\]]*) \] | \\(?P<escaped>.) | (?P<plain>.)", re.X | re.S)


def _tokens(part: str) -> Iterator[str]:
    for match in _TOKEN.finditer(part):
        token = match[0]
        if token[0] == "*":
            yield "[^/]*"
        elif token == "?":
            yield "[^/]"
        elif match["set"]:
            yield _translate_set(bool(match["no"]), match["set"])
        else:
            yield re.escape(match["escaped"] or match["plain"] or token)


def _translate_set(negated: bool, characters: str) -> str:
    """A set of characters. A range that runs backwards holds nothing, as in ``fnmatch``."""
    inside = "".join(map(_range, re.finditer(r"(.)-(.)|.", characters, re.DOTALL)))
    if not inside:
        return "[^/]" if negated else "(?!)"
    return f"(?![/])[{'^' if negated else ''}{inside}]"


def _range(match: re.Match[str]) -> str:
    first, last = match[1], match[2]
    if first is None:
        return re.escape(match[0])
    return f"{re.escape(first)}-{re.escape(last)}" if first <= last else ""


@frozen
class _Group:
    """Patterns in a row that say the same, as few regular expressions: one look instead of twenty."""

    negated: bool
    names: re.Pattern[str] | None
    paths: re.Pattern[str] | None
    absolutes: re.Pattern[str] | None

    @classmethod
    def of(cls, negated: bool, patterns: Sequence[Pattern]) -> _Group:
        return cls(
            negated,
            _union(pattern for pattern in patterns if not pattern.anchored),
            _union(pattern for pattern in patterns if pattern.anchored),
            _union(pattern for pattern in patterns if pattern.absolute),
        )

    def match(self, relative: str, absolute: str) -> bool:
        if self.names and self.names.fullmatch(relative.rpartition("/")[2]):
            return True
        if self.paths and self.paths.fullmatch(relative):
            return True
        return bool(self.absolutes and self.absolutes.fullmatch(absolute.lstrip("/")))


def _union(patterns: Iterable[Pattern]) -> re.Pattern[str] | None:
    expressions = [pattern.expression for pattern in patterns]
    return re.compile("|".join(f"(?:{text})" for text in expressions), re.DOTALL) if expressions else None


class Patterns:
    """A list of patterns, of which the last one that matches decides."""

    def __init__(self, texts: Iterable[str]) -> None:
        patterns = [Pattern.parse(text) for text in texts]
        if not any(pattern.negated for pattern in patterns):
            patterns += [_hollow(pattern) for pattern in patterns if pattern.parts[-1] in ("*", "**")]
        self._directories = _groups(patterns)
        self._files = _groups([pattern for pattern in patterns if not pattern.directories_only])

    def match(self, relative: str, absolute: str = "", *, directory: bool = False) -> bool:
        """Whether the patterns match a path: from the root, with slashes. What is above it does not matter."""
        for group in reversed(self._directories if directory else self._files):
            if group.match(relative, absolute):
                return not group.negated
        return False

    def speaks_for(self, relative: str, absolute: str = "") -> bool:
        """Whether a file, or one of the directories between it and the root, matches."""
        if self.match(relative, absolute):
            return True
        relative, _, _ = relative.rpartition("/")
        absolute, _, _ = absolute.rpartition("/")
        while relative:
            if self.match(relative, absolute, directory=True):
                return True
            relative, _, _ = relative.rpartition("/")
            absolute, _, _ = absolute.rpartition("/")
        return False


def _groups(patterns: Iterable[Pattern]) -> list[_Group]:
    return [_Group.of(negated, list(row)) for negated, row in groupby(patterns, lambda pattern: pattern.negated)]


def _hollow(pattern: Pattern) -> Pattern:
    """``cache/*`` leaves nothing in ``cache``: the directory itself need not be entered."""
    parts = pattern.parts[:-1]
    if not parts or parts == ("**",):
        return pattern
    anchored = len(parts) > 1 or pattern.absolute or pattern.anchored
    return Pattern(pattern.text, parts, directories_only=True, anchored=anchored, absolute=pattern.absolute)


def is_pattern(text: str) -> bool:
    """Whether a choice of the user is a pattern, and not the path of one file or directory."""
    return bool(WILDCARDS & set(text)) or not Path(text).is_absolute()
