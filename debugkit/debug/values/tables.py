"""Rows of records as a table: what its columns are, and its rows a page at a time. Data, without any markup.

Lists of records are read past their classes. What numpy and pandas hold is read by their own code, under guard; they
are recognised by name, and only when they are loaded. Which records a page shows, and how, is not known here.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

from debugkit.debug.safe.inspection import (
    MISSING,
    Guard,
    attribute,
    class_attribute,
    class_name,
    exact_str,
    module_name,
    mro,
    printable,
)
from debugkit.debug.safe.text import text_of
from debugkit.debug.values.describe import Describer
from debugkit.debug.values.preview import cut
from debugkit.debug.values.wrappers import find_wrapper
from debugkit.frozen import frozen

#: Rows sent at once; the first ones also tell whether the rows are alike.
PAGE_ROWS: Final = 20
#: Columns shown: more cannot be read, and the tree has the others.
MOST_COLUMNS: Final = 20
#: Names of one record that are read.
MOST_NAMES: Final = 200
#: Characters of a cell and of a heading.
CELL: Final = 80


class Cell(NamedTuple):
    text: str
    kind: str


class Row(NamedTuple):
    """``label`` is the number of the row, or what the index of a data frame has for it."""

    label: str
    cells: tuple[Cell | None, ...]


class Table(NamedTuple):
    """A page of a table. ``left_out`` columns are not shown; ``next`` is where the next page begins."""

    columns: tuple[str, ...]
    left_out: int
    rows: tuple[Row, ...]
    total: int
    next: int | None


#: The rows from one number to another (excluded): the label of each, and its values.
Reader = Callable[[int, int], Iterable[tuple[object, Sequence[object]]]]


@frozen
class Rows:
    """Rows that are alike. ``read`` runs under guard where it is the code of a library."""

    columns: tuple[str, ...]
    width: int
    total: int
    read: Reader
    foreign: bool = False


def table_of(value: object, describer: Describer, guard: Guard, offset: int = 0) -> Table | None:
    """A page of ``value`` as a table; `None` if it is none. Raises what reading it raises, a `ForeignCodeError` too."""
    rows = _rows(value, guard)
    if rows is None:
        return None
    stop = min(offset + PAGE_ROWS, rows.total)
    read = rows.read
    page = guard.run(lambda: list(read(offset, stop))) if rows.foreign else list(read(offset, stop))
    return Table(
        columns=tuple(printable(cut(describer.text(name), CELL)) for name in rows.columns),
        left_out=max(rows.width - len(rows.columns), 0),
        rows=tuple(Row(_label(label, describer), _cells(values, rows.columns, describer)) for label, values in page),
        total=rows.total,
        next=stop if stop < rows.total else None,
    )


def _label(label: object, describer: Describer) -> str:
    return text_of(label) if type(label) is int else cut(describer.describe(label).text, CELL)


def _cells(values: Sequence[object], columns: Sequence[str], describer: Describer) -> tuple[Cell | None, ...]:
    nodes = describer.describe_each(values, columns)
    return tuple(
        None if value is MISSING else Cell(cut(node.text, CELL), node.kind)
        for value, node in zip(values, nodes, strict=False)
    )


def _rows(value: object, guard: Guard) -> Rows | None:
    cls = type(value)
    records = _loaded(value, cls)
    if records is not None:
        return _record_rows(records)
    names = {f"{module_name(base)}.{class_name(base)}" for base in mro(cls)}
    for name, reader in _LIBRARIES:
        if name in names and name.partition(".")[0] in sys.modules:
            return guard.run(reader, value)
    return None


# Lists of records


def _loaded(value: object, cls: type) -> Sequence[object] | None:
    """The items of a list or tuple, or those that a Django query has loaded already."""
    if cls is list or cls is tuple:
        return value  # type: ignore[return-value]  # seen on the line above
    if any(f"{module_name(base)}.{class_name(base)}" == "django.db.models.query.QuerySet" for base in mro(cls)):
        cache = attribute(value, "_result_cache")
        return cache if type(cache) is list else None
    return None


def _record_rows(items: Sequence[object]) -> Rows | None:
    """Rows of at least two records, each with half of the columns or more."""
    total = len(items)
    if total < 2:
        return None
    columns: dict[str, None] = {}
    first: list[Mapping[str, object]] = []
    for item in islice(items, PAGE_ROWS):
        record = _record(item)
        if not record:
            return None
        columns |= dict.fromkeys(record)
        first.append(record)
    if 2 * min(map(len, first)) < len(columns):
        return None
    names = tuple(islice(columns, MOST_COLUMNS))

    def read(start: int, stop: int) -> Iterable[tuple[object, Sequence[object]]]:
        for number, item in enumerate(items[start:stop], start):
            record = first[number] if number < len(first) else _record(item)
            # Of what is no record, itself.
            yield number, [item] if record is None else [record.get(name, MISSING) for name in names]

    return Rows(names, len(columns), total, read)


def _record(item: Any) -> Mapping[str, object] | None:
    """The names and values of a record: a dict whose keys are text, a named tuple, a data class, a database's row."""
    cls = type(item)  # not `isinstance`, which believes `__class__`
    if issubclass(cls, dict):
        pairs = list(islice(dict.items(item), MOST_NAMES))
        return dict(pairs) if all(type(name) is str for name, _ in pairs) else None
    if issubclass(cls, tuple) and type(fields := class_attribute(cls, "_fields")) is tuple:
        return dict(zip(map(exact_str, fields[:MOST_NAMES]), tuple.__iter__(item), strict=False))
    if type(described := class_attribute(cls, "__dataclass_fields__")) is dict:
        return _data_class_record(item, described)
    return _database_record(item, cls)


def _data_class_record(item: object, described: dict[object, object]) -> Mapping[str, object]:
    fields = (field for field in islice(dict.values(described), MOST_NAMES) if type(field) is dataclasses.Field)
    values = {exact_str(field.name): attribute(item, exact_str(field.name)) for field in fields if field.repr is True}
    return {name: value for name, value in values.items() if value is not MISSING}


def _database_record(item: Any, cls: type) -> Mapping[str, object] | None:
    sqlite = sys.modules.get("sqlite3")
    if sqlite is not None and cls is getattr(sqlite, "Row", None):
        return dict(zip(item.keys(), tuple(item), strict=True))
    if not any(module_name(base) == "sqlalchemy.engine.row" for base in mro(cls)):
        return None
    wrapper = find_wrapper(cls)
    preview = wrapper[1](item) if wrapper else None
    return {exact_str(part.key): part.value for part in preview.properties(0, MOST_NAMES)} if preview else None


# numpy and pandas: their own code, under guard, in slices only


def _array(array: Any) -> Rows | None:
    if array.ndim not in (1, 2) or not array.size:
        return None
    named = array.dtype.names if array.ndim == 1 else None
    width = len(named) if named else int(array.shape[1]) if array.ndim == 2 else 1
    names = [text_of(name) for name in (named or range(width))[:MOST_COLUMNS]]
    columns = names if named or array.ndim == 2 else ["value"]

    def read(start: int, stop: int) -> Iterable[tuple[object, Sequence[object]]]:
        page = array[start:stop] if array.ndim == 1 else array[start:stop, :MOST_COLUMNS]
        rows = page.tolist()
        return enumerate(rows if named or array.ndim == 2 else ([item] for item in rows), start)

    return Rows(tuple(columns), width, int(array.shape[0]), read, foreign=True)


def _data_frame(frame: Any) -> Rows | None:
    total, width = frame.shape
    if not total or not width:
        return None

    def read(start: int, stop: int) -> Iterable[tuple[object, Sequence[object]]]:
        page = frame.iloc[start:stop, :MOST_COLUMNS]
        return zip(page.index.tolist(), page.itertuples(index=False, name=None), strict=True)

    names = tuple(text_of(name) for name in frame.columns[:MOST_COLUMNS])
    return Rows(names, int(width), int(total), read, foreign=True)


def _series(series: Any) -> Rows | None:
    if not len(series):
        return None

    def read(start: int, stop: int) -> Iterable[tuple[object, Sequence[object]]]:
        page = series.iloc[start:stop]
        return zip(page.index.tolist(), ([item] for item in page.tolist()), strict=True)

    return Rows(("value" if series.name is None else text_of(series.name),), 1, len(series), read, foreign=True)


#: By module and qualified name of the class or one of its bases.
_LIBRARIES: Final[tuple[tuple[str, Callable[[Any], Rows | None]], ...]] = (
    ("numpy.ndarray", _array),
    ("pandas.DataFrame", _data_frame),
    ("pandas.core.frame.DataFrame", _data_frame),
    ("pandas.Series", _series),
    ("pandas.core.series.Series", _series),
)
