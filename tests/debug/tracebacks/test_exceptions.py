"""What an exception says of itself: its type, message and notes, whatever they are made of."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from capture_support import Unprintable, caught, expected_text, run

from debugkit.debug.tracebacks.capture import capture


class OutOfStock(Exception):
    pass


def test_types_are_named_as_the_traceback_names_them() -> None:
    assert capture(KeyError()).exception.type_name == "KeyError"
    assert capture(OutOfStock()).exception.type_name == f"{__name__}.OutOfStock"
    assert capture(run("class E(Exception): pass")["E"]()).exception.type_name == "shop.E"
    main = type("E", (Exception,), {"__module__": "__main__"})
    assert capture(main()).exception.type_name == "E"


def test_notes_are_kept() -> None:
    exc = ValueError("x")
    exc.add_note("one\ntwo")
    exc.add_note("\ud800")
    assert capture(exc).exception.notes == ("one\ntwo", "\\ud800")


class NotesRaise(Exception):
    @property
    def __notes__(self) -> object:
        raise SystemExit


@pytest.mark.parametrize(
    ("notes", "shown"),
    [(None, ()), ("text", ("'text'",)), (3, ("3",)), ([3, "x"], ("3", "x")), ((), ()), (["x" * 9], ("x" * 9,))],
)
def test_notes_may_be_anything(notes: object, shown: tuple[str, ...]) -> None:
    exc = ValueError("x")
    exc.__notes__ = notes
    one = capture(exc)
    assert one.exception.notes == shown
    if type(notes) in (list, tuple):
        assert one.text == expected_text(exc)


def test_notes_that_raise_are_said_to() -> None:
    one = capture(NotesRaise("x"))
    assert "SystemExit" in one.exception.notes[0]
    exc = ValueError("x")
    exc.__notes__ = [Unprintable()] * 500
    notes = capture(exc).exception.notes
    assert "SystemExit" in notes[0]
    assert len(notes) < 100


def hostile(name: str, body: Callable[[object], object]) -> BaseException:
    return type(name, (Exception,), {"__str__": body})("x")


def exits(self: object) -> str:
    raise SystemExit(1)


def interrupts(self: object) -> str:
    raise KeyboardInterrupt


def recurses(self: object) -> str:
    return str(self)


def raises_itself(self: object) -> str:
    raise self


@pytest.mark.parametrize("body", [exits, interrupts, recurses, raises_itself, lambda self: 3, lambda self: None])
def test_a_str_that_fails_is_named(body: Callable[[object], object]) -> None:
    one = capture(hostile("Odd", body))
    assert one.exception.type_name.endswith("Odd")
    assert "raised" in one.exception.message
    assert "Odd" in one.text


class LyingStr(str):
    def __len__(self) -> int:
        raise SystemExit

    def encode(self, *args: object) -> bytes:
        raise SystemExit

    def isascii(self) -> bool:
        raise SystemExit


def test_a_str_of_another_class_is_made_plain() -> None:
    message = capture(hostile("Odd", lambda self: LyingStr("text"))).exception.message
    assert (type(message), message) == (str, "text")


def test_fields_that_a_subclass_overrides_are_read_past_it() -> None:
    class Odd(ExceptionGroup):
        __cause__ = __context__ = __suppress_context__ = __traceback__ = exceptions = property(exits)

    one = capture(Odd("group", [ValueError(1)]))
    assert [member.type_name for member in one.exception.members] == ["ValueError"]
    assert "Odd: group (1 sub-exception)" in one.text
    assert "SystemExit" not in one.text


def test_a_class_that_lies_about_itself_is_captured() -> None:
    class Meta(type):
        __name__ = __mro__ = __dict__ = property(exits)

        def __subclasscheck__(cls, other: type) -> bool:
            raise SystemExit

        def __hash__(cls) -> int:
            raise SystemExit

    class Odd(Exception, metaclass=Meta):
        @property
        def __class__(self) -> type:
            raise SystemExit

    one = capture(Odd("x"))
    assert one.exception.type_name.endswith("Odd")
    assert one.exception.message == "x"
    assert "Odd: x" in one.text


def test_lone_surrogates_are_written_out_everywhere() -> None:
    exc = caught(exec, compile("raise ValueError('\\ud800')", "/app/\udcff.py", "exec"))
    one = capture(exc)
    assert one.exception.message == "\\ud800"
    assert one.exception.frames[-1].filename == "/app/\\udcff.py"
    one.text.encode("utf-8")
    assert "\\ud800" in one.text


def test_a_long_message_is_cut_in_the_middle_with_a_line_that_says_so() -> None:
    one = capture(ValueError("a" * 10_000 + "z" * 10_000), text_size=1_000)
    for text in (one.text, one.exception.message):
        assert len(text) < 1_100
        assert "characters omitted" in text
    assert one.text.startswith("ValueError: aaa")
    assert one.text.endswith("zzz\n")
