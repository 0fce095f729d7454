"""Excerpts: which lines, in which colours, with what marked."""

from __future__ import annotations

import itertools
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from process_support import TIMEOUT

from debugkit.debug.source import excerpt as source
from debugkit.debug.source import highlighting
from debugkit.debug.source.excerpt import Excerpt, Gap, SourceLine, excerpt, whole_file
from debugkit.debug.source.loading import find_source
from debugkit.debug.source.positions import Token
from debugkit.settings import Limits

LIMITS = Limits()
NARROW = Limits(lines_before=2, lines_after=1)


@dataclass(frozen=True)
class At:
    lineno: int | None = None
    end_lineno: int | None = None
    colno: int | None = None
    end_colno: int | None = None


@dataclass(eq=False)
class Frame:
    """What is read of a captured frame."""

    filename: str
    lineno: int
    code: CodeType | None = None
    frame: FrameType | None = None
    position: At = field(default_factory=At)
    text: str = ""


def frames_of(function: Callable[[], object]) -> list[Frame]:
    """The frames of what ``function`` raises, outermost first, without the one of this helper."""
    try:
        function()
    except Exception as error:
        traceback, found = error.__traceback__, []
        while traceback is not None:
            code = traceback.tb_frame.f_code
            position = At(*next(itertools.islice(code.co_positions(), traceback.tb_lasti // 2, None)))
            found.append(Frame(code.co_filename, traceback.tb_lineno, code, traceback.tb_frame, position))
            traceback = traceback.tb_next
        return found[1:]
    raise AssertionError("nothing was raised")


@pytest.fixture
def fail(tmp_path: Path) -> Callable[..., Frame]:
    """Runs ``text`` as a file; the innermost frame of what it raises."""

    def run(text: str, name: str = "module.py", encoding: str = "utf-8") -> Frame:
        path = tmp_path / name
        path.write_bytes(textwrap.dedent(text).encode(encoding))
        return frames_of(lambda: exec(compile(path.read_bytes(), str(path), "exec"), {"__name__": "m"}))[-1]

    return run


def lines(found: Excerpt) -> list[SourceLine]:
    return [line for line in found.lines if isinstance(line, SourceLine)]


def shape(found: Excerpt) -> list[int | tuple[int, int]]:
    """Line numbers and, for gaps, pairs of them."""
    return [(line.first, line.last) if isinstance(line, Gap) else line.lineno for line in found.lines]


def marked(found: Excerpt) -> list[str]:
    return [line.text[start:end] for line in lines(found) for start, end in line.marks]


def classes(found: Excerpt, text: str) -> set[str]:
    return {css for line in lines(found) for css, piece in line.tokens if piece == text}


def consistent(found: Excerpt, width: int = source.LINE_WIDTH) -> bool:
    return all(
        "".join(text for _, text in line.tokens) == line.text
        and len(line.text) <= max(3, width)
        and all(0 <= start < end <= len(line.text) for start, end in line.marks)
        and line.text.encode() is not None
        for line in lines(found)
    )


# Which lines


def test_a_short_function_is_shown_whole_and_nothing_else(fail: Callable[..., Frame]) -> None:
    found = excerpt(
        fail(
            """
            before = 1

            @lambda f: f
            def total(items):
                amount = 0
                return amount / len(items)

            total([])
            """
        ),
        LIMITS,
    )
    assert shape(found) == [4, 5, 6, 7]
    assert (found.first, found.last, found.notice, found.language) == (4, 7, "", "python")
    assert [line.lineno for line in lines(found) if line.current] == [7]
    assert marked(found) == ["amount / len(items)"]


def long_function(body: Sequence[str], signature: Sequence[str] = ("def long(a):",)) -> str:
    return "\n".join([*signature, *(f"    {line}" for line in body), "long(1)"])


def test_a_long_function_is_cut_around_the_line_and_keeps_its_signature(fail: Callable[..., Frame]) -> None:
    found = excerpt(fail(long_function([*["a = a"] * 20, "a / 0", *["a = a"] * 20])), NARROW)
    assert shape(found) == [1, (2, 19), 20, 21, 22, 23, (24, 42)]
    assert (found.first, found.last) == (1, 42)


def test_a_signature_of_several_lines_is_kept_with_its_decorators(fail: Callable[..., Frame]) -> None:
    signature = (
        "@(lambda x: (lambda f: f))(",
        "    'x:')",
        "def long(",
        "    a: dict[str, int] = {'a:': 1}[1:],",
        ") -> int:",
    )
    found = excerpt(fail(long_function([*["a = a"] * 20, "a / 0"], signature).replace("{'a:': 1}", "[1, 2]")), Limits())
    assert shape(found)[:6] == [1, 2, 3, 4, 5, (6, 13)]


def test_a_signature_that_never_ends_leaves_room_for_the_line(fail: Callable[..., Frame]) -> None:
    signature = ("def long(a,", *(f"    b{n}=1," for n in range(40)), "):")
    found = excerpt(fail(long_function(["a = a"] * 30 + ["a / 0"], signature)), NARROW)
    assert shape(found) == [1, 2, 3, (4, 70), 71, 72, 73]


def test_no_gap_of_one_line(fail: Callable[..., Frame]) -> None:
    found = excerpt(fail(long_function(["a = a"] * 3 + ["a / 0"] + ["a = a"] * 2)), NARROW)
    assert shape(found) == [1, 2, 3, 4, 5, 6, 7]


def test_a_class_body_is_a_block(fail: Callable[..., Frame]) -> None:
    found = excerpt(
        fail("x = 1\nclass Shop:\n    price = {}[1]\n\n    def total(self):\n        pass\ny = 1\n"), LIMITS
    )
    assert shape(found) == [2, 3, 4, 5, 6]


def test_module_code_is_shown_in_a_window(fail: Callable[..., Frame]) -> None:
    found = excerpt(fail("a = 1\n" * 10 + "a / 0\n" + "a = 1\n" * 10), NARROW)
    assert shape(found) == [9, 10, 11, 12]
    assert (found.first, found.last) == (9, 12)


@pytest.mark.parametrize("code", ["(lambda: a / 0)()", "next(a / n for n in [0])"])
def test_a_lambda_or_a_generator_is_shown_with_what_is_around_it(fail: Callable[..., Frame], code: str) -> None:
    found = excerpt(fail("a = 1\n" * 10 + f"{code}\n" + "a = 1\n" * 10), NARROW)
    assert shape(found) == [9, 10, 11, 12]


@pytest.mark.parametrize(("arguments", "last"), [(1, 5), (2, 6), (9, 6)])
def test_a_long_statement_is_shown_further_within_bounds(tmp_path: Path, arguments: int, last: int) -> None:
    path = tmp_path / "module.py"
    path.write_text("a = 1\na = 1\nno(\n" + "    1,\n" * arguments + ")\n" + "a = 1\n" * 20)
    frame = Frame(str(path), 3, position=At(3, 4 + arguments, 0, 1))
    assert shape(excerpt(frame, NARROW))[-1] == last


def test_a_frame_without_code_has_a_window(tmp_path: Path) -> None:
    path = tmp_path / "broken.py"
    path.write_text("a = 1\n" * 10 + "def (:\n")
    found = excerpt(Frame(str(path), 11, position=At(11, 11, 4, 5)), NARROW)
    assert shape(found) == [9, 10, 11]
    assert marked(found) == ["("]


def test_a_function_that_fills_its_file_is_a_block(fail: Callable[..., Frame]) -> None:
    frame = fail(long_function([*["a = a"] * 20, "a / 0"]))
    Path(frame.filename).write_text(long_function([*["a = a"] * 20, "a / 0"]).removesuffix("\nlong(1)"))
    assert shape(excerpt(frame, NARROW)) == [1, (2, 19), 20, 21, 22]


def test_code_that_lies_about_its_lines_is_shown_in_a_window(fail: Callable[..., Frame]) -> None:
    frame = fail("def f():\n    1 / x\nx = 0\nf()\n")
    assert frame.code is not None
    frame.code = frame.code.replace(co_firstlineno=2_000)
    assert shape(excerpt(frame, NARROW)) == [1, 2, 3]


# Missing and changed


@pytest.mark.parametrize("name", ["<string>", "", "\0", "\ud800.py", "/dev/zero", "/", "/no/such.py"])
@pytest.mark.parametrize("lineno", [0, -1, 1, 10**9])
def test_a_missing_source_has_no_lines_and_a_notice(name: str, lineno: int) -> None:
    frame = Frame(name, lineno, position=At(lineno, lineno, 0, 5))
    for found in (excerpt(frame, LIMITS), whole_file(frame)):
        assert found.lines == ()
        assert found.notice.endswith((" is not available.", " was not read."))
        assert found.notice.encode()
    assert find_source(frame).lines == ()


@pytest.mark.parametrize("lineno", [0, -5, 3, 10**9])
def test_a_line_that_is_not_in_the_file_is_said_to_be_missing(tmp_path: Path, lineno: int) -> None:
    path = tmp_path / "short.py"
    path.write_text("a\nb\n")
    frame = Frame(str(path), lineno, position=At(lineno, lineno, 0, 1))
    found = excerpt(frame, LIMITS)
    assert found.lines == ()
    assert (
        found.notice == f"{path} has no line {lineno}: it has changed since it was loaded, or is not the file that ran."
    )
    assert shape(whole_file(frame)) == [1, 2]


def test_an_empty_file_is_no_trouble(tmp_path: Path) -> None:
    path = tmp_path / "empty.py"
    path.write_text("")
    assert excerpt(Frame(str(path), 1), LIMITS).lines == ()
    assert whole_file(Frame(str(path), 1)).lines == ()


def test_a_changed_file_says_so_and_marks_nothing(tmp_path: Path) -> None:
    path = tmp_path / "changed_module.py"
    path.write_text("def f():\n    return 1 / x\nx = 0\n")
    sys.path.insert(0, str(tmp_path))
    try:
        module = __import__("changed_module")
    finally:
        sys.path.remove(str(tmp_path))
        del sys.modules["changed_module"]
    frame = frames_of(module.f)[-1]
    assert excerpt(frame, LIMITS).notice == ""
    assert marked(excerpt(frame, LIMITS)) == ["1 / x"]
    path.write_text("def f():\n    return 'nothing' + str(x)\nx = 0\n")
    found = excerpt(frame, LIMITS)
    assert found.notice == f"{path} has changed since it was loaded: the lines shown may not be those that ran."
    assert marked(found) == []
    assert len(lines(found)) == 2


# Marks


def test_columns_of_bytes_become_columns_of_characters(fail: Callable[..., Frame]) -> None:
    assert marked(excerpt(fail("größe = '名前🎉' + {}['ü'] + 'ß'\n"), LIMITS)) == ["{}['ü']"]


def test_columns_are_those_of_utf_8_in_a_file_of_another_encoding(fail: Callable[..., Frame]) -> None:
    frame = fail("# coding: latin-1\nä = 'äöü' + {}['ü'] + 'ß'\n", encoding="latin-1")
    assert marked(excerpt(frame, LIMITS)) == ["{}['ü']"]


def test_a_byte_order_mark_moves_nothing(fail: Callable[..., Frame]) -> None:
    found = excerpt(fail("\ufeffx = {}['ü']\n"), LIMITS)
    assert marked(found) == ["{}['ü']"]
    assert lines(found)[0].text == "x = {}['ü']"


def test_tabs_and_form_feeds_move_nothing(fail: Callable[..., Frame]) -> None:
    found = excerpt(fail("\x0cif 1:\n\tx =\t{}[1]\n"), LIMITS)
    assert marked(found) == ["{}[1]"]
    assert [line.text for line in lines(found)] == ["␌if 1:", "\tx =\t{}[1]"]


def test_an_expression_of_several_lines_is_marked_without_its_comments(fail: Callable[..., Frame]) -> None:
    found = excerpt(
        fail(
            """
            x = 1 + {}[  # the price

                # of tea
                'tea'   # and milk

                ] + 2
            """
        ),
        LIMITS,
    )
    assert marked(found) == ["{}[", "'tea'", "]"]


def test_a_string_of_several_lines_is_marked_to_its_last_character(fail: Callable[..., Frame]) -> None:
    found = excerpt(fail("x = {}['''a # no comment\n  b  \n''']\n"), LIMITS)
    assert marked(found) == ["{}['''a # no comment", "b", "''']"]


def test_without_columns_nothing_is_marked(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text("a = 1\n")
    found = excerpt(Frame(str(path), 1, position=At(1, 1, None, None)), LIMITS)
    assert marked(found) == []
    assert lines(found)[0].current


def test_a_position_without_end_does_not_take_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text("a = 1\n" * 3)
    frame = Frame(str(path), 1, position=At(1, 10**15, 0, 10**15))
    assert marked(excerpt(frame, LIMITS)) == ["a = 1"] * 3


# Long lines


def test_a_long_line_is_cut_around_its_mark(fail: Callable[..., Frame]) -> None:
    found = excerpt(fail("x = '" + "ä" * 300 + "' + {}['here'] + '" + "b" * 300 + "'\n"), LIMITS, width=40)
    [line] = lines(found)
    assert marked(found) == ["{}['here']"]
    assert line.text[0] == line.text[-1] == source.ELLIPSIS
    assert len(line.text) == 40
    assert consistent(found, 40)
    assert line.offset + line.marks[0][0] == 309


def test_a_long_line_without_a_mark_is_cut_at_its_end(fail: Callable[..., Frame]) -> None:
    found = excerpt(fail("x = '" + "a" * 100 + "'\nx = 1 / 0 if x else 0\n"), LIMITS, width=20)
    assert lines(found)[0].text == "x = '" + "a" * 13 + source.ELLIPSIS
    assert lines(found)[0].offset == 0


def test_a_mark_longer_than_the_line_is_cut_with_it(fail: Callable[..., Frame]) -> None:
    found = excerpt(fail("{}['" + "a" * 100 + "']\n"), LIMITS, width=20)
    assert consistent(found, 20)
    assert marked(found) == ["{}['" + "a" * 14]


def test_of_a_very_long_line_what_is_far_from_its_beginning_has_no_colours(
    fail: Callable[..., Frame], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    tokens = highlighting._tokens

    def counted(code: str, language: str) -> Iterator[Token]:
        read.append(len(code))
        return tokens(code, language)

    monkeypatch.setattr(highlighting, "_tokens", counted)
    frame = fail("x = '" + "a" * 500_000 + "' + {}['here'] + '" + "b" * 500_000 + "'\ny = 'after'\n")
    found = excerpt(frame, LIMITS)

    assert sum(read) < 5_000
    assert marked(found) == ["{}['here']"]
    first, second = lines(found)
    assert {css for css, _ in first.tokens} == {""}
    assert ("s1", "'after'") in second.tokens
    assert consistent(found)


def test_a_long_line_is_coloured_from_its_beginning_where_it_is_cut_inside_a_string(fail: Callable[..., Frame]) -> None:
    [line] = lines(excerpt(fail("x = '" + "a" * 5_000 + "' + {}['here'] + '" + "b" * 5_000 + "'\n"), LIMITS))
    assert {css for css, text in line.tokens if text.strip("ab" + source.ELLIPSIS) == ""} <= {"s1", ""}
    assert ("s1", "'here'") in line.tokens


def test_a_file_that_is_no_python_any_more_is_coloured_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "broken.py"
    path.write_text("def f(:\n'''\n" + "def not code():\n" * 9 + "'''\nx / 0\n")
    found = excerpt(Frame(str(path), 13, position=At(13, 13, 0, 5)), NARROW)
    assert {css for css, _ in lines(found)[0].tokens} <= {"s1", "sd"}
    assert classes(found, "0") == {"mi"}


def test_a_string_that_a_long_line_is_cut_in_does_not_colour_the_next_lines(fail: Callable[..., Frame]) -> None:
    found = excerpt(fail('x = """' + "a" * 5_000 + '"""\nwhile x:\n    1 / 0\n'), LIMITS)
    assert ("k", "while") in lines(found)[1].tokens


@given(st.integers(1, 60), st.integers(0, 80), st.integers(1, 80))
def test_cut_lines_are_always_consistent(width: int, start: int, size: int) -> None:
    tokens = (("k", "while"), ("", " "), ("n", "x" * 50), ("p", "("), ("s1", "'é'" * 7), ("c1", "# end"))
    text = "".join(piece for _, piece in tokens)
    marks = ((start, min(len(text), start + size)),) if start < len(text) else ()
    line = source._line(1, tokens, True, marks, width)
    assert "".join(piece for _, piece in line.tokens) == line.text
    assert len(line.text) <= max(3, width)
    for at, end in line.marks:
        assert 0 <= at < end <= len(line.text)
        assert line.text[at:end] == text[at + line.offset : end + line.offset]


# Colours


def test_python_is_coloured(fail: Callable[..., Frame]) -> None:
    found = excerpt(fail("def f(x):  # why\n    return {}['a']\nf(1)\n"), LIMITS)
    assert classes(found, "def") == {"k"}
    assert classes(found, "f") == {"nf"}
    assert classes(found, "# why") == {"c1"}
    assert consistent(found)


def test_a_window_that_begins_inside_a_string_is_coloured_as_a_string(fail: Callable[..., Frame]) -> None:
    found = excerpt(fail('x = """\n' + "def not code():\n" * 9 + '"""\nx / 0\n'), NARROW)
    assert shape(found) == [10, 11, 12]
    assert {css for css, _ in lines(found)[0].tokens} == {"s2"}


def test_a_window_is_coloured_from_the_statement_that_it_begins_in(fail: Callable[..., Frame]) -> None:
    text = 'def f():\n    "Words."\n' * 50 + "x = '''\n" + "def not code():\n" * 9 + "'''\nx / 0\n"
    found = excerpt(fail(text), NARROW)
    assert {css for css, _ in lines(found)[0].tokens} == {"s1"}
    assert classes(found, "0") == {"mi"}


def test_a_cut_function_that_begins_inside_its_docstring_is_coloured_as_a_string(fail: Callable[..., Frame]) -> None:
    found = excerpt(fail(long_function(["'''Words", *["for if in"] * 20, "'''", "a / 0"])), NARROW)
    assert shape(found) == [1, (2, 21), 22, 23, 24]
    assert {css for css, _ in lines(found)[1].tokens if css} == {"sd"}
    assert classes(found, "0") == {"mi"}


def test_control_characters_become_pictures_one_for_one(tmp_path: Path) -> None:
    path = tmp_path / "control.py"
    path.write_bytes(b"x = '\x00\x1b[31m\x7f\xc2\x9b\t'\n")
    found = excerpt(Frame(str(path), 1), LIMITS)
    assert lines(found)[0].text == "x = '␀␛[31m␡\ufffd\t'"
    assert find_source(Frame(str(path), 1)).lines == ("x = '\x00\x1b[31m\x7f\x9b\t'",)


@pytest.mark.parametrize(
    "text",
    ["\n\n\nx = 1\n\n", "\ufeff\ufeffx\n", "x = 1 \\\n  \n", "  \t x\n", "'''\n", "\\", "$?`!\n"],
)
def test_text_is_kept_as_it_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.py"
    path.write_text(text, "utf-8")
    frame = Frame(str(path), 1)
    found = whole_file(frame)
    assert [line.text for line in lines(found)] == list(find_source(frame).lines)
    assert consistent(found)


# Other languages


def template_frames(name: str, text: str) -> list[Frame]:
    environment = jinja2.Environment(loader=jinja2.DictLoader({name: text}))
    return frames_of(lambda: environment.get_template(name).render())


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("page.html", "html+jinja"),
        ("page.html.j2", "html+jinja"),
        ("PAGE.HTML", "html+jinja"),
        ("page.jinja", "html+jinja"),
        ("page", "html+jinja"),
        ("mail.txt", "text+jinja"),
        ("query.sql", "sql+jinja"),
        ("app.js", "javascript+jinja"),
        ("style.css", "css+jinja"),
        ("feed.xml", "xml+jinja"),
        ("deploy.yml.jinja2", "yaml+jinja"),
        ("odd.no-such-language", "text+jinja"),
    ],
)
def test_a_template_is_coloured_in_its_own_language(name: str, language: str) -> None:
    found = excerpt(template_frames(name, "one\n{% if 1 %}{{ 1 / 0 }}{% endif %}\nthree")[-1], LIMITS)
    assert found.language == language
    assert shape(found) == [1, 2, 3]
    assert classes(found, "if") == {"k"}
    assert consistent(found)


def test_nothing_is_marked_in_a_template() -> None:
    found = excerpt(template_frames("page.html", "{{ 1 / 0 }} and more than that")[-1], LIMITS)
    assert marked(found) == []
    assert lines(found)[0].current


def test_a_window_far_down_a_template_is_right() -> None:
    text = "<p>\n" * 300 + "<b>{{ 1 / 0 }}</b>\n" + "<p>\n" * 300
    found = excerpt(template_frames("page.html", text)[-1], NARROW)
    assert shape(found) == [299, 300, 301, 302]
    assert [line.text for line in lines(found)] == ["<p>", "<p>", "<b>{{ 1 / 0 }}</b>", "<p>"]


def render_template_string(source: str) -> str:
    template = jinja2.Environment().from_string(source)
    return template.render()


def test_a_template_made_of_a_string_needs_its_neighbours() -> None:
    frames = frames_of(lambda: render_template_string("\n{{ 1 / 0 }}"))
    assert shape(excerpt(frames[-1], LIMITS, frames)) == [1, 2]
    assert shape(whole_file(frames[-1], frames)) == [1, 2]
    assert find_source(frames[-1], neighbours=frames).lines == ("", "{{ 1 / 0 }}")
    assert excerpt(frames[-1], LIMITS).lines == ()


@pytest.mark.parametrize(
    ("name", "language"),
    [("settings.cfg", "python"), ("app.wsgi", "python"), ("script", "python"), ("a.pyx", "cython"), ("a.html", "html")],
)
def test_python_code_is_python_whatever_its_file_is_called(
    fail: Callable[..., Frame], name: str, language: str
) -> None:
    assert excerpt(fail("x = {}[1]\n", name), LIMITS).language == language


# Whole files


def test_a_whole_file_has_all_lines_with_the_mark(fail: Callable[..., Frame]) -> None:
    found = whole_file(fail("def f(x):\n    return {}['ü']\n\n\nf(1)\n"))
    assert shape(found) == [1, 2, 3, 4, 5]
    assert (found.first, found.last) == (1, 5)
    assert marked(found) == ["{}['ü']"]
    assert [line.lineno for line in lines(found) if line.current] == [2]


def test_a_whole_file_over_the_limit_is_not_read(fail: Callable[..., Frame]) -> None:
    found = whole_file(fail("x = {}[1]\n"), most=5)
    assert found.lines == ()
    assert "too large to show" in found.notice


# Cost


def test_what_is_coloured_does_not_depend_on_the_length_of_the_file(fail: Callable[..., Frame]) -> None:
    function = long_function([*["a = a"] * 40, "a / 0"])
    coloured: list[int] = []
    for frame in (fail(function, "small.py"), fail("# a line\n" * 20_000 + function, "large.py")):
        before = source._coloured.cache_info().misses, source._coloured_file.cache_info().misses
        assert len(excerpt(frame, NARROW).lines) == 5
        after = source._coloured.cache_info().misses, source._coloured_file.cache_info().misses
        assert after[1] == before[1]
        coloured.append(after[0] - before[0])
    assert coloured == [3, 3]


def test_an_excerpt_is_coloured_once(fail: Callable[..., Frame]) -> None:
    frame = fail("def f(x):\n    y = 1\n    return {}['a']\nf(1)\n")
    first = excerpt(frame, LIMITS)
    misses = source._coloured.cache_info().misses
    again = excerpt(frame, LIMITS)
    assert again == first
    assert source._coloured.cache_info().misses == misses
    assert again.lines[0] is first.lines[0]


def test_threads_may_look_at_once(fail: Callable[..., Frame]) -> None:
    frame = fail("def f(x):\n    y = 1\n    return {}['a']\nf(1)\n")
    found: list[Excerpt] = []
    threads = [threading.Thread(target=lambda: found.append(excerpt(frame, LIMITS))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)
    assert found == [found[0]] * 8
