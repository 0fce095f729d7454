"""Previews of values of built-in and standard-library types, by their own methods.

A table by type: it holds for exactly these, whose methods run no code of others. Of subclasses only containers are
known here. Strings are not, for they must be searched for secrets.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import gc
import io
import pathlib
import re
import threading
import types
import uuid
import zoneinfo
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from debugkit.debug.safe.inspection import class_dict, class_name, exact_str, printable
from debugkit.debug.safe.lazy_imports import LAZY_IMPORTS
from debugkit.debug.values.preview import (
    ClassProperties,
    Kind,
    Note,
    Preview,
    Previewer,
    Properties,
    Property,
    Style,
    fields_preview,
    line_preview,
    sequence_items,
    single_item,
    text_preview,
    tuple_items,
)

_ADDRESS: Final = re.compile(r"(?: object)? at 0x[0-9A-Fa-f]+")
#: Integers of more bits are not converted: decimal conversion is quadratic, and CPython refuses it over 4300 digits.
MOST_BITS: Final = 1_600


def int_text(value: int) -> str:
    """The digits, or how many they are."""
    bits = int.bit_length(value)
    if bits > MOST_BITS:
        return f"<int of about {int(bits * 0.30103) + 1:,} digits>"
    return int.__repr__(value)


def _dict_properties(value: Any, style: Style = "pair") -> Properties:
    def properties(start: int, stop: int) -> Iterator[Property]:
        return (Property(style, key, item) for key, item in islice(dict.items(value), start, stop))

    return properties


def _items(base: Any, value: Any) -> Properties:
    if base is list or base is tuple:
        return sequence_items(lambda start, stop: base.__getitem__(value, slice(start, stop)))
    return sequence_items(lambda start, stop: islice(base.__iter__(value), start, stop))


def container(value: Any, base: type) -> Preview:
    """A container, or an instance of a subclass of it, read by the methods of ``base``."""
    opening, closing = CONTAINERS[id(base)]
    total: int = base.__len__(value)  # type: ignore[attr-defined]
    if not total and issubclass(base, (set, frozenset)):
        opening, closing = (f"{base.__name__}(", ")")
    if base is tuple and total == 1:
        closing = ",)"
    if type(value) is not base:
        opening, closing = f"{class_name(type(value))}({opening}", f"{closing})"
    properties = _dict_properties(value) if issubclass(base, dict) else _items(base, value)
    return Preview("container", head=opening, tail=closing, properties=properties, total=total)


def _exact_container(value: Any) -> Preview:
    return container(value, type(value))


def _default_dict(value: Any) -> Preview:
    factory = class_dict(collections.defaultdict)["default_factory"].__get__(value)
    name = class_name(factory) if issubclass(type(factory), type) else "…" if factory is not None else "None"
    head = f"{class_name(type(value))}({name}, {{"
    return Preview("container", head=head, tail="})", properties=_dict_properties(value), total=dict.__len__(value))


def _proxied(value: Any) -> Any:
    """The mapping behind a mapping proxy, which has no attribute for it and would ask the mapping for everything."""
    return gc.get_referents(value)[0]


def _mapping_proxy(value: Any) -> Preview:
    return Preview("container", head="mappingproxy(", tail=")", properties=single_item(_proxied(value)), total=1)


def _dict_view(style: Style) -> Previewer:
    def previewer(value: Any) -> Preview:
        mapping = _proxied(value.mapping)
        properties = _items(dict, mapping) if style == "item" else _dict_properties(mapping, style)
        opening, closing = ("({", "})") if style == "pair" else ("([", "])")
        head = class_name(type(value)) + opening
        return Preview("container", head=head, tail=closing, properties=properties, total=dict.__len__(mapping))

    return previewer


def _range(value: range) -> Preview:
    numbers = [value.start, value.stop, *([value.step] if value.step != 1 else [])]
    return line_preview("container", f"range({', '.join(map(int_text, numbers))})")


def _slice(value: slice) -> Preview:
    return Preview(head="slice(", tail=")", properties=tuple_items((value.start, value.stop, value.step)), lined=3)


def _time(value: Any) -> Preview:
    """A time zone may be anybody's class."""
    zone = value.tzinfo
    known = zone is None or any(type(zone) is zone_class for zone_class in (datetime.timezone, zoneinfo.ZoneInfo))
    text = str(value if known else value.replace(tzinfo=None))
    return line_preview("constant", f"{type(value).__name__}({text}{'' if known else ' ' + class_name(type(zone))})")


def _decimal(value: decimal.Decimal) -> Preview:
    return line_preview(
        "number", f"Decimal('{value}')" if abs(value.adjusted()) < 1_000 else f"Decimal('{value:.10E}')"
    )


def _fraction(value: fractions.Fraction) -> Preview:
    return line_preview("number", f"Fraction({int_text(value.numerator)}, {int_text(value.denominator)})")


def _function(value: types.FunctionType) -> Preview:
    code, cells = value.__code__, value.__closure__ or ()
    file = pathlib.PurePath(exact_str(code.co_filename)).name
    where = f"{exact_str(value.__module__)}:{exact_str(value.__qualname__)}, {file}"
    closure = {name: _cell(cell) for name, cell in zip(code.co_freevars, cells, strict=False)}
    return text_preview(printable(f"<function {where}:{code.co_firstlineno}>"), closure)


def _cell(cell: types.CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:
        return Note("<not set yet>")


def _method(value: types.MethodType) -> Preview:
    function = value.__func__
    name = exact_str(function.__qualname__) if type(function) is types.FunctionType else "…"
    return Preview(head=f"<bound method {name} of ", tail=">", properties=single_item(value.__self__), total=1)


def _generator(value: Any) -> Preview:
    prefix = {types.GeneratorType: "gi", types.CoroutineType: "cr"}.get(type(value), "ag")
    frame = getattr(value, f"{prefix}_frame")
    state = "finished" if frame is None else f"at line {frame.f_lineno}"
    kind = {"gi": "generator", "cr": "coroutine", "ag": "async generator"}[prefix]
    return text_preview(f"<{kind} {exact_str(value.__qualname__)}, {state}>")


def _memory(value: memoryview) -> Preview:
    try:
        return line_preview("container", f"<memoryview of {value.nbytes:,} bytes>")
    except ValueError:
        return line_preview("container", "<memoryview, released>")


def _bytes_io(value: io.BytesIO) -> Preview:
    if value.closed:
        return text_preview("<BytesIO, closed>")
    with value.getbuffer() as buffer:
        return text_preview(f"<BytesIO of {buffer.nbytes:,} bytes, at {value.tell():,}>")


def _string_io(value: io.StringIO) -> Preview:
    return text_preview("<StringIO, closed>" if value.closed else f"<StringIO, at {value.tell():,}>")


def _pattern(value: re.Pattern[Any]) -> Preview:
    return Preview(head="re.compile(", tail=")", properties=single_item(value.pattern), lined=1)


def _match(value: re.Match[Any]) -> Preview:
    if type(value.string) is not str and type(value.string) is not bytes:
        return text_preview(f"<re.Match span={value.span()}>")
    return Preview(
        head=f"<re.Match span={value.span()}, match=", tail=">", properties=single_item(value.group()), lined=1
    )


def _own_repr(kind: Kind) -> Previewer:
    """For types whose repr is C code, or the standard library's, that runs no code of others."""
    return lambda value: line_preview(kind, printable(_ADDRESS.sub("", repr(value))))


def _table(*entries: tuple[Previewer, Sequence[type]]) -> dict[int, Previewer]:
    return {id(cls): previewer for previewer, classes in entries for cls in classes}


#: Containers, and the brackets around their items. By id, as is the table below: a class may be no key of a dict.
CONTAINERS: Final[Mapping[int, tuple[str, str]]] = {
    id(list): ("[", "]"),
    id(tuple): ("(", ")"),
    id(set): ("{", "}"),
    id(frozenset): ("frozenset({", "})"),
    id(dict): ("{", "}"),
    id(collections.OrderedDict): ("OrderedDict({", "})"),
    id(collections.Counter): ("Counter({", "})"),
    id(collections.deque): ("deque([", "])"),
}
#: The look for each type, by its id.
BUILTIN_TYPES: Final[Mapping[int, Previewer]] = _table(
    (_own_repr("constant"), (type(None), bool, type(...), type(NotImplemented))),
    (_own_repr("number"), (float, complex)),
    (lambda value: line_preview("number", int_text(value)), (int,)),
    (_exact_container, (list, tuple, set, frozenset, dict)),
    (_exact_container, (collections.OrderedDict, collections.Counter, collections.deque)),
    (_default_dict, (collections.defaultdict,)),
    (_mapping_proxy, (types.MappingProxyType,)),
    (_dict_view("item"), (type({}.keys()),)),
    (_dict_view("value"), (type({}.values()),)),
    (_dict_view("pair"), (type({}.items()),)),
    (_range, (range,)),
    (_slice, (slice,)),
    (_time, (datetime.datetime, datetime.time)),
    (lambda value: line_preview("constant", f"{type(value).__name__}({value})"), (datetime.date, datetime.timedelta)),
    (_decimal, (decimal.Decimal,)),
    (_fraction, (fractions.Fraction,)),
    (_own_repr("constant"), (uuid.UUID, datetime.timezone, zoneinfo.ZoneInfo)),
    (_own_repr("string"), (pathlib.PosixPath, pathlib.WindowsPath, pathlib.PurePosixPath, pathlib.PureWindowsPath)),
    (_own_repr("object"), (type(threading.Lock()), type(threading.RLock()), object, types.BuiltinFunctionType)),
    (_own_repr("object"), (types.CodeType, types.FrameType, types.TracebackType)),
    (_own_repr("object"), LAZY_IMPORTS),
    (_function, (types.FunctionType,)),
    (_method, (types.MethodType,)),
    (_generator, (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)),
    (_memory, (memoryview,)),
    (_bytes_io, (io.BytesIO,)),
    (_string_io, (io.StringIO,)),
    (_pattern, (re.Pattern,)),
    (_match, (re.Match,)),
    (lambda note: line_preview("constant", note.text), (Note,)),
    (lambda part: fields_preview("", part.names, call=True), (ClassProperties,)),
)
