"""What is remembered of code objects is theirs, keeps none of them alive, and is bounded."""

from __future__ import annotations

import gc
import weakref
from types import CodeType

import pytest

from debugkit.debug.safe import codes


def function(name: str, body: str = "1 / 0") -> CodeType:
    namespace: dict[str, object] = {}
    exec(f"def {name}():\n    {body}\n", namespace)
    code: CodeType = namespace[name].__code__  # type: ignore[attr-defined]
    return code


def test_a_position_is_the_same_when_it_is_asked_for_again() -> None:
    code = function("total", "a = 1; b = 2; return a / b")
    expected = list(code.co_positions())
    for _ in range(2):
        places = [codes.known(code).position(code, 2 * number) for number in range(len(expected))]
        assert places == expected
    assert codes.known(code).position(code, -1) == codes.NOWHERE
    assert codes.known(code).position(code, 2 * len(expected)) == codes.NOWHERE


def test_code_that_takes_the_place_of_other_code_has_a_name_of_its_own() -> None:
    names = []
    for number in range(50):  # one takes the memory of the one before
        names.append(codes.known(function(f"step{number}")).name)
    assert names == [f"step{number}" for number in range(50)]


def test_no_code_is_kept_alive_and_few_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes, "_MOST", 5)
    kept = [function(f"step{number}") for number in range(20)]
    for code in kept:
        codes.known(code)
        assert len(codes._known) <= 5
    gone = weakref.ref(kept[-1])
    kept.clear()
    del code
    gc.collect()
    assert gone() is None
