from __future__ import annotations

import collections
import dataclasses
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from debugkit import Limits
from debugkit.debug.redaction.redactor import Redactor
from debugkit.debug.safe.inspection import ForeignCodeError, Guard
from debugkit.debug.values.describe import Describer
from debugkit.debug.values.tables import Cell, Table, table_of

Point = collections.namedtuple("Point", "x y")  # as applications write them


@dataclasses.dataclass
class Item:
    name: str
    price: int
    cache: object = dataclasses.field(default=None, repr=False)


def table(value: object, offset: int = 0) -> Table | None:
    with Describer(Limits(), Redactor()) as describer:
        guard = Guard(10, 10)
        try:
            return table_of(value, describer, guard, offset)
        finally:
            guard.close()


def texts(value: object) -> list[list[str | None]]:
    """The cells, in rows, below the headings."""
    shown = table(value)
    assert shown is not None
    return [list(shown.columns), *([cell and cell.text for cell in row.cells] for row in shown.rows)]


def rows_of_sqlite() -> list[Any]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute("select 1 as a, 'x' as b union select 2, 'y'").fetchall()


RECORDS: dict[str, tuple[Callable[[], object], list[list[str | None]]]] = {
    "dicts": (
        lambda: [{"name": "Tea", "price": 4}, {"name": "Cake", "cost": 3}],
        [["name", "price", "cost"], ["'Tea'", "4", None], ["'Cake'", None, "3"]],
    ),
    "a tuple of dicts": (lambda: ({"a": 1}, {"a": 2}), [["a"], ["1"], ["2"]]),
    "named tuples": (lambda: [Point(1, 2), Point(3, 4)], [["x", "y"], ["1", "2"], ["3", "4"]]),
    "data classes": (
        lambda: [Item("Tea", 4), Item("Cake", 3)],
        [["name", "price"], ["'Tea'", "4"], ["'Cake'", "3"]],
    ),
    "rows of SQLite": (rows_of_sqlite, [["a", "b"], ["1", "'x'"], ["2", "'y'"]]),
}


@pytest.mark.parametrize("case", RECORDS)
def test_records_that_are_alike_make_a_table(case: str) -> None:
    make, expected = RECORDS[case]
    assert texts(make()) == expected


@pytest.mark.parametrize(
    "value",
    [
        [],
        [{"a": 1}],
        [{"a": 1}, 2],
        [{"a": 1}, {"b": 2, "c": 3, "d": 4}],
        [{1: 1}, {1: 2}],
        [{}, {}],
        "text",
        {"a": 1},
        7,
    ],
    ids=repr,
)
def test_what_is_no_row_of_records_makes_none(value: object) -> None:
    assert table(value) is None


def test_a_table_comes_in_pages() -> None:
    rows = [{"number": number} for number in range(45)]
    first, last = table(rows), table(rows, 40)
    assert first is not None
    assert last is not None
    assert (len(first.rows), first.total, first.next) == (20, 45, 20)
    assert ([row.label for row in last.rows], last.next) == (["40", "41", "42", "43", "44"], None)


def test_a_wide_table_says_how_many_columns_it_leaves_out() -> None:
    shown = table([{f"column {number}": number for number in range(50)}] * 2)
    assert shown is not None
    assert (len(shown.columns), shown.left_out) == (20, 30)


def test_a_row_that_is_no_record_stands_in_its_place() -> None:
    rows: list[object] = [{"a": 1}] * 20
    shown = table([*rows, "no record"], 20)
    assert shown is not None
    assert shown.rows[0].cells == (Cell("'no record'", "string"),)


def test_secrets_are_hidden_by_the_name_of_their_column() -> None:
    assert "hunter2" not in str(table([{"user": "ada", "password": "hunter2"}] * 2))


def test_a_row_is_read_past_its_class() -> None:
    class Hostile(dict):  # type: ignore[type-arg]
        def refuse(self, *args: object) -> Any:
            raise AssertionError("asked")

        __len__ = __iter__ = __getitem__ = items = keys = get = __contains__ = __eq__ = refuse  # type: ignore[assignment]
        __hash__ = None  # type: ignore[assignment]

    assert texts([Hostile(a=1), Hostile(a=2)]) == [["a"], ["1"], ["2"]]


def test_a_query_of_django_is_a_table_when_it_is_loaded_and_not_run_else() -> None:
    def refuse(self: object, *args: object) -> Any:
        raise AssertionError("the query ran")

    query = type("QuerySet", (), {"__iter__": refuse, "__len__": refuse})
    query.__module__ = "django.db.models.query"
    values = query()
    values._result_cache = None  # type: ignore[attr-defined]
    assert table(values) is None
    values._result_cache = [{"id": 1}, {"id": 2}]  # type: ignore[attr-defined]
    assert texts(values) == [["id"], ["1"], ["2"]]


def test_arrays_of_numpy() -> None:
    numpy = pytest.importorskip("numpy")
    assert texts(numpy.arange(6).reshape(3, 2)) == [["0", "1"], ["0", "1"], ["2", "3"], ["4", "5"]]
    assert texts(numpy.array([1.5, 2.5])) == [["value"], ["1.5"], ["2.5"]]
    named = numpy.array([(1, 2.0), (3, 4.0)], dtype=[("id", int), ("price", float)])
    assert texts(named) == [["id", "price"], ["1", "2.0"], ["3", "4.0"]]
    assert table(numpy.zeros((2, 2, 2))) is None
    large = table(numpy.zeros((1_000_000, 30)), 40)
    assert large is not None
    assert (large.rows[0].label, large.total, large.left_out, large.next) == ("40", 1_000_000, 10, 60)


def test_frames_and_series_of_pandas() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"name": ["Tea", "Cake"], "price": [4, 3]}, index=["a", "b"])
    shown = table(frame)
    assert texts(frame) == [["name", "price"], ["'Tea'", "4"], ["'Cake'", "3"]]
    assert shown is not None
    assert [row.label for row in shown.rows] == ["'a'", "'b'"]
    assert texts(frame["price"]) == [["price"], ["4"], ["3"]]
    assert table(frame[:0]) is None


def test_a_library_that_fails_says_so() -> None:
    pytest.importorskip("numpy")
    broken = type("ndarray", (), {})
    broken.__module__ = "numpy"
    with pytest.raises(ForeignCodeError, match="AttributeError"):
        table(broken())
