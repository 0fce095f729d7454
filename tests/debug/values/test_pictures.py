from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import pytest

from debugkit.debug.safe.inspection import Guard
from debugkit.debug.values import pictures
from debugkit.debug.values.pictures import Picture, picture_of

PNG = b"\x89PNG\r\n\x1a\n rest"
JPEG = b"\xff\xd8\xff rest"


@pytest.fixture
def guard() -> Iterator[Guard]:
    guard = Guard(10, 10)
    yield guard
    guard.close()


def value(**answers: object) -> object:
    """A value with methods ``_repr_<name>_`` that give ``answers``, or raise them."""

    def method(answer: object) -> Any:
        def answers(self: object) -> object:
            if isinstance(answer, Exception):
                raise answer
            return answer

        return answers

    return type("Value", (), {f"_repr_{name}_": method(answer) for name, answer in answers.items()})()


def test_the_first_of_the_known_methods_that_answers_is_taken(guard: Guard) -> None:
    assert picture_of(value(png=PNG, html="<b>"), guard) == Picture("image/png", PNG)
    assert picture_of(value(png=None, jpeg=JPEG), guard) == Picture("image/jpeg", JPEG)
    assert picture_of(value(svg="<svg/>"), guard) == Picture("image/svg+xml", b"<svg/>")
    assert picture_of(value(html="<b>é"), guard) == Picture("text/html", "<b>é".encode())
    assert picture_of(value(png=(PNG, {"width": 3})), guard) == Picture("image/png", PNG)
    assert picture_of(value(), guard) is None


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ({"png": ValueError("no data")}, "_repr_png_ raised ValueError: no data"),
        ({"png": "text"}, "_repr_png_ gave no bytes"),
        ({"png": JPEG}, "_repr_png_ gave no image/png"),
        ({"svg": b"<svg/>"}, "_repr_svg_ gave no text"),
        ({"html": "x" * (pictures.MOST_BYTES + 1)}, "_repr_html_ gave more than 4,000,000 bytes"),
        ({"jpeg": JPEG * 1_000_000}, "_repr_jpeg_ gave more than 4,000,000 bytes"),
    ],
)
def test_an_answer_that_is_none_says_why(guard: Guard, answers: dict[str, object], problem: str) -> None:
    picture = picture_of(value(**answers), guard)
    assert picture is not None
    assert (picture.problem, picture.data) == (problem, b"")


def test_one_that_never_answers_is_left_at_the_deadline() -> None:
    guard = Guard(0.05, 1)
    test_is_over = threading.Event()
    hanging = type("Hanging", (), {"_repr_png_": lambda self: test_is_over.wait()})
    picture = picture_of(hanging(), guard)
    guard.close()
    # One that slept on would have an exception to raise for the rest of the tests, and each signal that wakes it would
    # put up CPython 3.11's sign for that: traced threads stand still then.
    test_is_over.set()
    assert picture is not None
    assert "took longer" in picture.problem


def test_an_object_that_answers_to_every_name_is_not_asked(guard: Guard) -> None:
    assert picture_of(Mock(), guard) is None
    assert picture_of(type(value(png=PNG)), guard) is None, "the class is no picture"


def test_a_liar_is_read_by_its_class(guard: Guard) -> None:
    class Text(str):
        def encode(self, *args: object) -> bytes:
            raise AssertionError("asked")

        __len__ = __getitem__ = encode  # type: ignore[assignment]

    assert picture_of(value(html=Text("<b>")), guard) == Picture("text/html", b"<b>")
    liar = type("Liar", (), {"__class__": property(lambda self: bytes)})()
    picture = picture_of(value(png=liar), guard)
    assert picture is not None
    assert picture.problem == "_repr_png_ gave no bytes"
