"""The language of patterns: what each kind of it matches, and what not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from debugkit.errors import ConfigurationError
from debugkit.serving.watching.patterns import BUILT_IN, Pattern, Patterns, is_pattern

#: The same examples each time, however slow the machine is.
REPEATABLE = settings(derandomize=True, database=None, deadline=None)


ROOT = "/srv/app"


def matches(path: str, *texts: str) -> bool:
    """Whether patterns match a path below the root. A directory ends with a slash."""
    plain = path.rstrip("/")
    return Patterns(texts).match(plain, f"{ROOT}/{plain}", directory=path != plain)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*.log", "debug.log"),
        ("*.log", "logs/deep/debug.log"),
        ("*.log", "old.log/"),
        ("build/", "build/"),
        ("build/", "docs/build/"),
        ("/build", "build/"),
        ("/build", "build"),
        ("docs/conf.py", "docs/conf.py"),
        ("./docs/conf.py", "docs/conf.py"),
        ("/srv/app/conf.py", "conf.py"),
        ("/srv/app/data/", "data/"),
        ("/srv/**/conf.py", "a/b/conf.py"),
        ("test_?.py", "tests/test_1.py"),
        ("[a-c].py", "b.py"),
        ("[!a-c].py", "d.py"),
        ("[^a-c].py", "d.py"),
        ("[]].py", "].py"),
        ("[a^].py", "^.py"),
        ("[.py", "[.py"),
        ("[&|~].py", "&.py"),
        (r"\*.py", "*.py"),
        ("a+(b).py", "a+(b).py"),
        ("**/tests/*.py", "tests/test_a.py"),
        ("**/tests/*.py", "a/b/tests/test_a.py"),
        ("a/**/z.py", "a/z.py"),
        ("a/**/z.py", "a/b/c/z.py"),
        ("a**b.py", "axyb.py"),
        ("media/**", "media/a/b.txt"),
        ("name\nwith.py", "name\nwith.py"),
        ("ä*.py", "äpfel.py"),
    ],
    ids=str,
)
def test_it_matches(pattern: str, path: str) -> None:
    assert matches(path, pattern)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*.log", "log.txt"),
        ("*.log", "debug.log.txt"),
        ("*.log", "debugXlog"),
        ("build/", "build"),
        ("build/", "rebuild/"),
        ("/build", "docs/build/"),
        ("docs/conf.py", "a/docs/conf.py"),
        ("srv/app/conf.py", "conf.py"),
        ("/conf.py", "a/conf.py"),
        ("docs/*.py", "docs/a/b.py"),
        ("test_?.py", "test_10.py"),
        ("a?b.py", "a/b.py"),
        ("a[!x]b.py", "a/b.py"),
        ("a[^x]b.py", "a/b.py"),
        ("[!a-c].py", "b.py"),
        ("[z-a].py", "m.py"),
        (r"\*.py", "a.py"),
        ("**/tests/*.py", "tests/a/b.py"),
        ("a/**/z.py", "az.py"),
        ("a/**/z.py", "b/a/z.py"),
    ],
    ids=str,
)
def test_it_does_not_match(pattern: str, path: str) -> None:
    assert not matches(path, pattern)


@pytest.mark.parametrize(
    "path", ["node_modules/", "a/node_modules/", "a/node_modules/b.js", "node_modules/b/"], ids=str
)
def test_the_widespread_way_to_leave_a_directory_out_means_what_is_meant(path: str) -> None:
    assert matches(path, "*/node_modules/*")


@pytest.mark.parametrize("pattern", ["cache/*", "cache/**", "/cache/*", "/srv/app/cache/*", "**/cache/*"], ids=str)
def test_a_directory_of_which_everything_is_left_out_need_not_be_entered(pattern: str) -> None:
    assert matches("cache/", pattern)
    assert not matches("cache", pattern)


@pytest.mark.parametrize("pattern", ["*", "**", "**/*"], ids=str)
def test_a_pattern_for_everything_matches_everything(pattern: str) -> None:
    assert matches("a.py", pattern)
    assert matches("a/", pattern)
    assert matches("a/b/c.py", pattern)


def test_the_last_pattern_that_matches_decides() -> None:
    rules = ("*.py", "!keep.py", "/a/keep.py")
    assert matches("x.py", *rules)
    assert not matches("b/keep.py", *rules)
    assert matches("a/keep.py", *rules)
    assert not matches("x.txt", *rules)


def test_a_directory_is_entered_when_something_in_it_is_taken_back() -> None:
    rules = ("cache/*", "!cache/keep.py")
    assert not matches("cache/", *rules)
    assert matches("cache/other.py", *rules)
    assert not matches("cache/keep.py", *rules)


@pytest.mark.parametrize(
    "path",
    [
        *(".git/", "a/.tox/", "__pycache__/", "a/node_modules/", "lib/python3.13/site-packages/", "dist-packages/"),
        *("4913", "a.py~", ".a.py.swp", ".a.py.swo", ".#a.py", "#a.py#", "a.py___jb_tmp___", "a.py___jb_old___"),
        *("a.pyc", "flycheck_a.py", "a_flymake.py", ".goutputstream-X1", ".DS_Store"),
    ],
    ids=str,
)
def test_what_holds_no_source_is_left_out_from_the_start(path: str) -> None:
    assert matches(path, *BUILT_IN)


@pytest.mark.parametrize("path", ["a.py", ".env", "build/", "src/", "dist/", "venv/", "node_modules", "a.swf"], ids=str)
def test_everything_else_is_left_in(path: str) -> None:
    assert not matches(path, *BUILT_IN)


def test_a_built_in_pattern_can_be_taken_back() -> None:
    assert not matches(".well-known/", *BUILT_IN, "!.well-known/")
    assert matches(".git/", *BUILT_IN, "!.well-known/")


@pytest.mark.parametrize(
    "text", ["", "/", "!", "!/", "//", "."], ids=["empty", "slash", "not", "not slash", "two", "dot"]
)
def test_a_pattern_that_names_nothing_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a pattern"):
        Patterns([text])


def test_a_file_is_spoken_for_by_each_directory_above_it() -> None:
    rules = Patterns(["build/", "/home/me/lib", "*.log"])
    assert rules.speaks_for("a/build/b/c.py", "/srv/a/build/b/c.py")
    assert rules.speaks_for("home/me/lib/x/y.py", "/home/me/lib/x/y.py")
    assert rules.speaks_for("a/b.log", "/srv/a/b.log")
    assert not rules.speaks_for("a/build", "/srv/a/build")
    assert not rules.speaks_for("a/b.py", "/srv/a/b.py")


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("/srv/app/*.toml", ("srv", "app")),
        ("/srv/app/a.toml", ("srv", "app")),
        ("conf/**/a.toml", ("conf",)),
        ("*/a", ()),
        ("a*", ()),
    ],
    ids=str,
)
def test_a_pattern_knows_where_it_begins(text: str, literal: tuple[str, ...]) -> None:
    assert Pattern.parse(text).literal() == literal


def test_what_has_wildcards_or_no_beginning_is_a_pattern() -> None:
    assert is_pattern("*.html")
    assert is_pattern("/srv/[ab]/c.html")
    assert is_pattern("templates/")
    assert not is_pattern("/srv/app/templates")


@pytest.mark.parametrize(
    ("text", "matches", "others"),
    [
        ("[---]", "-", "a"),
        ("[a-c-]", "ab-", "d"),
        ("[&&~~||a]", "&~|a", "b"),
        ("[c-a]", "", "abc"),
    ],
    ids=["dashes", "dash-at-the-end", "signs", "backwards"],
)
def test_what_is_a_sign_in_a_regular_expression_is_a_character_in_a_set(text: str, matches: str, others: str) -> None:
    rules = Patterns([text])
    assert [name for name in matches + others if rules.match(name, f"/{name}")] == list(matches)


@REPEATABLE
@given(st.text("ab*?[]!^-\\/.\n(|", max_size=12), st.text("ab[]/.^-\\\n", max_size=12))
def test_no_text_is_more_than_a_pattern_that_matches_or_not(text: str, path: str) -> None:
    try:
        rules = Patterns([text])
    except ConfigurationError:
        return
    assert rules.match(path, "/" + path) in (True, False)
    assert rules.speaks_for(path, "/" + path) in (True, False)


@REPEATABLE
@given(st.text("ab-_. ()+^$|{}&~#", min_size=1, max_size=8).filter(lambda name: name not in (".", "..")))
def test_a_name_without_wildcards_matches_itself_alone(name: str) -> None:
    assert matches(f"x/{name}", name)
    assert not matches(f"x/{name}z", name)
    assert not matches(f"x/z{name}", name)
