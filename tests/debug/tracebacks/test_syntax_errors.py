"""The place that errors of syntax point at."""

from __future__ import annotations

import traceback
from pathlib import Path

import jinja2
import pytest
from capture_support import Unprintable, captured, compiled, expected_text

from debugkit.debug.tracebacks.capture import capture
from debugkit.debug.tracebacks.model import CapturedFrame, CapturedTraceback, plain_frames


def pointed_at(source: str) -> tuple[CapturedFrame, str]:
    """The frame that a syntax error adds, and the piece of source it marks."""
    frame = captured(compiled, source).exception.frames[-1]
    line = source.splitlines()[frame.lineno - 1].encode()
    return frame, line[frame.position.colno : frame.position.end_colno].decode()


def test_a_syntax_error_adds_the_place_it_points_at() -> None:
    one = captured(compiled, "a = 1\nb = 2 3\n")
    frame = one.exception.frames[-1]
    assert (frame.filename, frame.lineno, frame.name) == ("/app/prices.py", 2, "<module>")
    assert frame.frame is None
    assert frame.code is None
    assert frame.pointed_at
    assert one.frame(frame.index) is frame
    assert one.opened is frame
    assert not one.exception.message.endswith("line 2)")


def test_its_characters_become_bytes() -> None:
    frame, marked = pointed_at("größe = 'ä' = 3\n")
    assert marked == "'ä'"
    assert frame.position.colno == len("größe = ".encode())


def test_an_indentation_error_points_too() -> None:
    frame, _ = pointed_at("if x:\npass\n")
    assert frame.lineno == 2


def test_a_syntax_error_over_two_lines_ends_where_the_file_says(tmp_path: Path) -> None:
    path = tmp_path / "prices.py"
    path.write_text("f(ä for ä in b,\n    ö)\n", "utf-8")
    position = captured(compiled, path.read_text("utf-8"), str(path)).exception.frames[-1].position
    assert position.lineno == 1
    assert position.end_lineno in (1, 2)
    assert position.colno is not None


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        (("/a.py", 3, 2, "abc", 3, 3), (3, 3, 1, 2)),
        (("/a.py", 3, 2, "abc", 0, 0), (3, 3, 1, 2)),
        (("/a.py", 3, 2, "abc", None, None), (3, 3, 1, 2)),
        (("/a.py", 3, 2, "abc", -1, -1), (3, 3, 1, 2)),
        (("/a.py", 3, 2, "abc", 3, 1), (3, 3, 1, 2)),
        (("/a.py", 3, 0, "abc", 3, 0), (3, 3, None, None)),
        (("/a.py", 3, None, None), (3, 3, None, None)),
        (("/a.py", 3, 9, "abc"), (3, 3, 8, 9)),
        (("/missing.py", 3, 2, "abc", 5, 2), (3, 5, 1, None)),
    ],
)
def test_offsets_may_be_missing_or_wrong(details: tuple[object, ...], expected: tuple[object, ...]) -> None:
    (frame,) = capture(SyntaxError("bad", details)).exception.frames
    position = frame.position
    assert (position.lineno, position.end_lineno, position.colno, position.end_colno) == expected


@pytest.mark.parametrize(
    "details",
    [
        ("/a.py", None, 2, "abc"),
        ("/a.py", 0, 2, "abc"),
        ("/a.py", "3", 2, "abc"),
        (3, 3, 2, "abc"),
        ("/a.py", [], {}, ()),
    ],
)
def test_a_syntax_error_that_points_nowhere_adds_nothing(details: tuple[object, ...]) -> None:
    assert capture(SyntaxError("bad", details)).exception.frames == ()


def test_a_syntax_error_without_details_is_captured() -> None:
    exc = SyntaxError()
    one = capture(exc)
    assert one.exception.frames == ()
    assert one.exception.message == "<no detail available>"
    assert one.text == expected_text(exc)


def test_the_place_in_a_library_does_not_win() -> None:
    filename = str(Path(traceback.__file__))
    one = captured(compiled, "1 2", filename)
    assert one.exception.frames[-1].library.name == "Python"
    assert one.opened.name == "compiled"


def test_the_place_in_a_string_does_not_win() -> None:
    one = captured(compiled, "1 2", "<string>")
    assert one.exception.frames[-1].filename == "<string>"
    assert one.opened.name == "compiled"


# Templates


def template_error(environment: jinja2.Environment, name: str) -> CapturedTraceback:
    return captured(lambda: environment.get_template(name).render(items=[{"price": 0}]))


def test_a_template_that_is_no_template_is_pointed_at_once(tmp_path: Path) -> None:
    (tmp_path / "cart.html").write_text("a\nb\n{% for %}", "utf-8")
    one = template_error(jinja2.Environment(loader=jinja2.FileSystemLoader(tmp_path)), "cart.html")
    places = [(frame.filename, frame.lineno) for frame in plain_frames(one.exception)]
    assert places.count((str(tmp_path / "cart.html"), 3)) == 1
    assert (one.opened.filename, one.opened.lineno) == (str(tmp_path / "cart.html"), 3)


def test_a_broken_template_without_a_file_is_pointed_at_once() -> None:
    one = template_error(jinja2.Environment(loader=jinja2.DictLoader({"cart.html": "a\nb\n{% for %}"})), "cart.html")
    places = [frame.lineno for frame in plain_frames(one.exception) if frame.library is None and frame.lineno == 3]
    assert places == [3]


def test_an_error_of_another_language_says_where_by_its_attributes() -> None:
    class TemplateSyntaxError(Exception):
        def __init__(self, lineno: object, filename: object, name: object = None) -> None:
            self.lineno, self.filename, self.name = lineno, filename, name

    (frame,) = capture(TemplateSyntaxError(7, "/app/cart.html")).exception.frames
    assert (frame.filename, frame.lineno) == ("/app/cart.html", 7)
    (frame,) = capture(TemplateSyntaxError(7, None, "cart.html")).exception.frames
    assert frame.filename == "cart.html"
    for lineno, filename in (
        (None, "/app/cart.html"),
        ("7", "/app/cart.html"),
        (7, None),
        (0, "/x"),
        (7, Unprintable()),
    ):
        assert capture(TemplateSyntaxError(lineno, filename)).exception.frames == ()
    assert capture(OSError(2, "missing", "/app/cart.html")).exception.frames == ()
