"""The sentence that says why: right for mistakes that have a knowable cause, and silent for all others."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import failures_support as failures
import pytest
from growth_support import BOUND, growth

from debugkit.debug.causes.engine import cause
from debugkit.debug.redaction.redactor import Redactor
from debugkit.debug.safe.processor_time import ProcessorTime
from debugkit.debug.tracebacks.capture import capture
from debugkit.debug.values.describe import Describer
from debugkit.settings import Limits


def sentence(failing: Callable[[], Any], describer: Describer, **hidden: object) -> str:
    try:
        failing()
    except BaseException as error:
        captured = capture(error)
        variables = dict.fromkeys(captured.frames, hidden)
        return cause(captured.exception, variables, describer)
    raise AssertionError("it raised nothing")


@pytest.mark.parametrize(("failing", "expected"), failures.KNOWABLE, ids=lambda value: getattr(value, "__name__", ""))
def test_a_knowable_cause_is_named(
    failing: Callable[[], Any], expected: str, describer: Describer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_DATABASE_URL", "sqlite://")
    line = failing.__code__.co_firstlineno + 1
    expected = re.sub(r"\{line\+(\d)\}", lambda match: str(line + int(match[1])), expected)

    assert sentence(failing, describer) == expected


@pytest.mark.parametrize("failing", failures.SILENT, ids=lambda value: value.__name__)
def test_where_the_cause_cannot_be_known_nothing_is_said(failing: Callable[[], Any], describer: Describer) -> None:
    assert sentence(failing, describer) == ""


def test_the_tables_are_as_long_as_they_are_to_be() -> None:
    assert len(failures.KNOWABLE) >= 40
    assert len(failures.SILENT) >= 20


def test_a_variable_of_a_comprehension_is_not_taken_for_the_one_around_it(describer: Describer) -> None:
    def failing() -> None:
        item = {"count": 1}
        [item["price"] for item in [{"name": "Tea"}]]
        print(item)

    # Before Python 3.12 a comprehension has a frame of its own.
    assert sentence(failing, describer) in ("item has 'name', no 'price'.", "")


# Secrets


def test_no_secret_is_quoted(describer: Describer) -> None:
    def number() -> None:
        form = {"password": "hunter2"}
        int(form["password"])

    def operand() -> None:
        api_key = "hunter2"
        api_key + 1

    def key() -> None:
        tokens = {"hunter2": 1}
        tokens["hunter3"]

    def unpacked() -> None:
        password = ("hunter2", 1, 2)
        _name, _count = password

    def hidden() -> None:
        amount = "hunter2"
        int(amount)

    def hidden_key() -> None:
        amount = {"hunter2": 1}
        amount["hunter3"]

    cases = (number, operand, key, unpacked, hidden, hidden_key)
    texts = [sentence(failing, describer, amount=None) for failing in cases]
    assert not [text for text in texts if "hunter2" in text]
    assert texts[:3] == [
        "form['password'] is ••••••, which is no number.",
        "api_key is ••••••, a str; 1 is an int.",
        "",
    ]


def test_a_secret_of_the_environment_is_not_quoted() -> None:
    def failing() -> None:
        text = "Zwetschgenkuchen"
        int(text)

    with Describer(Limits(), Redactor(environ={"API_KEY": "Zwetschgenkuchen"})) as describer:
        assert sentence(failing, describer) == "text is ••••••, which is no number."


# Hostile objects


def hostile(ran: list[str]) -> Any:
    """An object whose code, and that of its class, says that it ran."""

    def method(name: str, result: Any = None) -> Any:
        def run(*args: object) -> Any:
            ran.append(name)
            return result

        return run

    special = ("__getitem__", "__len__", "__iter__", "__contains__", "__str__", "__repr__", "__bool__", "__int__")
    members = {name: method(name) for name in (*special, "__eq__", "__getattr__", "__add__", "__rtruediv__")}
    members["__hash__"] = method("__hash__", hash("price"))
    members["price"] = property(method("price"))
    meta_members = {name: method(f"meta {name}", 1) for name in ("__eq__", "__hash__", "__getattr__", "__bool__")}
    return type("Meta", (type,), meta_members)("Hostile", (), members)()


@pytest.mark.parametrize(
    "line",
    [
        "{value: 1}['price']",
        "{'a': value}['b']",
        "[value]['a']",
        "[value][3]",
        "'x' + value.missing.name",
        "1 + [value]",
        "value.price.name",
        "value(1)",
        "int([value])",
        "int('x', value)",
        "sorted(1, key=value)",
        "a, b = [value]",
        "a, b = 1, value, 3",
        "items = [value]; items['x']",
        "items = [value, 1]; items[7]",
        "items = {value: 1}; items['x']",
        "items = {'a': value}; items['b']",
        "items = {'a': value}; items['a'].price.name",
        "items = [1, value]; ','.join(items)",
        "items = [(1, value, 3)]\nfor a, b in items: pass",
        "left = [value]; left + 1",
        "left = value; 1 - left",
        "divisor = value; 1 / 0 / divisor",
    ],
)
def test_no_code_of_the_values_runs(line: str, describer: Describer, tmp_path: Path) -> None:
    path, ran = tmp_path / "shop.py", list[str]()
    path.write_text(line, "utf-8")
    names = {"value": hostile(ran)}
    with pytest.raises(Exception) as raised:
        exec(compile(line, str(path), "exec"), names)
    captured = capture(raised.value)
    ran.clear()

    cause(captured.exception, {}, describer)

    assert ran == []


def test_large_dicts_are_not_looked_through(describer: Describer) -> None:
    def failing() -> None:
        stock = dict.fromkeys(map(str, range(100_000)))
        stock["price"]

    assert sentence(failing, describer) == ""


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda n: ("int(text)", "1" * n + "x"), id="digits"),
        pytest.param(lambda n: ("int(text)", "1,234" * n), id="commas"),
        pytest.param(lambda n: ("float(text)", " " * n + "."), id="blanks"),
        pytest.param(lambda n: ("{'a' * 30: 1}[text]", "a" * n), id="key"),
        pytest.param(lambda n: ("a, b = text", list(text_of(n))), id="items"),
        pytest.param(lambda n: ("import_me = text\nimport_me.x" + "  # x" * n, "a"), id="line"),
    ],
)
def test_a_cause_costs_time_in_proportion_to_its_values(
    make: Callable[[int], tuple[str, Any]], describer: Describer, tmp_path: Path
) -> None:
    def naming(size: int) -> Callable[[], object]:
        line, text = make(size)
        path = tmp_path / f"shop{size}.py"
        path.write_text(line, "utf-8")
        with pytest.raises(Exception) as raised:
            exec(compile(line, str(path), "exec"), {"text": text})
        captured = capture(raised.value).exception
        return lambda: cause(captured, {}, describer)

    assert growth(naming, 5_000) < BOUND


def text_of(size: int) -> str:
    return "ab" * (size // 2)


def test_a_cause_costs_no_more_than_its_bound(describer: Describer) -> None:
    """The time is looked at before each kind."""
    ticks = itertools.count(0.0, 1.0)

    def tick() -> float:
        return next(ticks)

    with pytest.raises(KeyError) as raised:
        failures.key()

    assert cause(capture(raised.value).exception, {}, describer, ProcessorTime(2.0, tick, tick)) == ""
