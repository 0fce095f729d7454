"""Which files count, and which directories are worth looking into. Decided from their names: no file is opened here."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from debugkit.frozen import frozen
from debugkit.serving.paths import exists
from debugkit.serving.watching.patterns import BUILT_IN, Pattern, Patterns, is_pattern


@frozen
class Scope:
    """What to watch. ``exclude`` goes before all else, and speaks the language of `patterns.py`.

    ``roots`` are trees of which every ``*.py`` file counts. Each of ``extra`` is the absolute path of a file, or of a
    directory whose files all count, or a pattern, absolute or sought below each root. They need not exist yet.
    Directories that hold no source (hidden ones, environments, ``node_modules`` ...) are left out below all of them,
    but can be named themselves. Symbolic links to files are followed, those to directories only when named.
    """

    roots: tuple[Path, ...] = ()
    extra: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


@frozen
class Glob:
    """A pattern of ``extra``, and the directory below which its files are sought."""

    base: str
    root: str  # "" for an absolute pattern
    patterns: Patterns
    #: How deep below the base a match can be. None: at any depth.
    levels: int | None

    def match(self, path: str, *, directory: bool = False) -> bool:
        if self.root:
            return self.patterns.match(relative_to(path, self.root), directory=directory)
        return self.patterns.match("", path, directory=directory)

    def reaches(self, directory: str) -> bool:
        return self.levels is None or relative_to(directory, self.base).count("/") + 1 < self.levels


@frozen
class Rule:
    """What counts in one directory."""

    python: bool = False
    everything: bool = False
    globs: tuple[Glob, ...] = ()

    def __bool__(self) -> bool:
        return self.python or self.everything or bool(self.globs)

    def __or__(self, other: Rule) -> Rule:
        globs = tuple(dict.fromkeys((*self.globs, *other.globs)))
        return Rule(self.python or other.python, self.everything or other.everything, globs)


class Rules:
    """A `Scope`, ready to be asked."""

    def __init__(self, scope: Scope) -> None:
        self._roots = [_absolute(str(root)) for root in scope.roots]
        self._chosen = Patterns(scope.exclude)
        self._left_out = Patterns((*BUILT_IN, *scope.exclude))
        self._patterns: set[str] = set()
        #: Where trees begin, and what counts in them.
        self.trees: dict[str, Rule] = defaultdict(Rule)
        #: Files that count whatever their name, by directory.
        self.names: dict[str, set[str]] = defaultdict(set)
        for root in self._roots:
            self.trees[root] |= Rule(python=True)
        for text in scope.extra:
            if is_pattern(text) and not (Path(text).is_absolute() and exists(text)):
                self.add(text)
            elif self.add_file(_absolute(text)):
                self.trees[_absolute(text)] |= Rule(everything=True)

    def add(self, text: str) -> list[Glob]:
        """Let the files count that a pattern matches. Returns where they are sought, if that is new."""
        if text in self._patterns:
            return []
        self._patterns.add(text)
        globs = list(_globs(text, self._roots))
        for glob in globs:
            self.trees[glob.base] |= Rule(globs=(glob,))
        return globs

    def add_file(self, path: str) -> bool:
        """Let a file count. False when the user has excluded it, or it is counted already."""
        folder, name = split(path)
        if self._excluded_by_choice(path) or name in self.names.get(folder, ()):
            return False
        self.names[folder].add(name)
        return True

    def below(self, rule: Rule, directory: str) -> Rule:
        """What of a rule is left in a directory one level further down."""
        if self._excludes(directory, directory=True):
            return Rule()
        everything = rule.everything or any(glob.match(directory, directory=True) for glob in rule.globs)
        return Rule(rule.python, everything, tuple(glob for glob in rule.globs if glob.reaches(directory)))

    def counts(self, rule: Rule, path: str) -> bool:
        """Whether a file counts that no one has named."""
        wanted = (
            rule.everything or (rule.python and path.endswith(".py")) or any(glob.match(path) for glob in rule.globs)
        )
        return wanted and not self._excludes(path)

    def _excludes(self, path: str, *, directory: bool = False) -> bool:
        return any(self._left_out.match(name, path, directory=directory) for name in self._relatives(path))

    def _excluded_by_choice(self, path: str) -> bool:
        return any(self._chosen.speaks_for(name, path) for name in self._relatives(path))

    def _relatives(self, path: str) -> Iterator[str]:
        """The path from each root that holds it, else from the trees that do, else from the top."""
        homes = [root for root in self._roots if is_below(path, root)]
        homes = homes or [tree for tree in self.trees if is_below(path, tree)]
        yield from [relative_to(path, home) for home in homes] or [path.lstrip("/")]


def _globs(text: str, roots: list[str]) -> Iterator[Glob]:
    """The places where a pattern begins: all before its first wildcard."""
    pattern = Pattern.parse(text)
    prefix = pattern.literal() if pattern.anchored else ()
    levels = None if "**" in pattern.parts or not pattern.anchored else len(pattern.parts) - len(prefix)
    if pattern.absolute:
        yield Glob(str(Path("/", *prefix)), "", Patterns((text,)), levels)
        return
    for root in roots:
        yield Glob(str(Path(root, *prefix)), root, Patterns((text,)), levels)


def is_below(path: str, directory: str) -> bool:
    """Whether a path is inside a directory, by name. A directory is not inside itself."""
    return path.startswith(directory if directory.endswith(os.sep) else directory + os.sep) and path != directory


def relative_to(path: str, directory: str) -> str:
    """The path from a directory that holds it."""
    return path[len(directory) :].lstrip("/")


def split(path: str) -> tuple[str, str]:
    """The directory of a path, and the name in it."""
    directory, _, name = path.rpartition(os.sep)
    return directory or os.sep, name


def _absolute(path: str) -> str:
    return os.path.abspath(path)  # noqa: PTH100 - takes ".." out, and follows no link
