"""Previews of objects of well-known libraries, found by name: none of those libraries is imported.

An adapter returns what the line shows and which parts can be opened. Rendering, limits and redaction are not known
here. Most views read attributes only; those that must call library code are marked, and run under guard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from debugkit.debug.safe.inspection import (
    MISSING,
    attribute,
    attributes,
    class_attribute,
    class_dict,
    class_name,
    exact_str,
    instance_dict,
    module_name,
    mro,
)
from debugkit.debug.values.preview import (
    Note,
    Preview,
    Property,
    fields_preview,
    line_preview,
    list_items,
    listed,
    sequence_items,
    single_item,
    text_preview,
    tuple_items,
)
from debugkit.frozen import frozen

#: Columns of a table that are previewed.
MOST_COLUMNS: Final = 50
#: Elements of an array shown in its line.
FIRST_ELEMENTS: Final = 10
#: Characters of what a model's ``__str__`` says.
MODEL_TEXT: Final = 60
_MODEL: Final = "django.db.models.base.Model"


@frozen
class Adapter:
    previewer: Callable[[Any], Preview | None]  # None: nothing special about this one
    foreign: bool = False  # calls library code
    #: Looks without calling any, for when that has failed.
    otherwise: Callable[[Any], Preview] | None = None


def _name(value: object) -> str:
    return class_name(type(value))


def _without(value: object, *left_out: str) -> dict[str, object]:
    return {name: item for name, item in attributes(value).items() if name not in left_out}


# Django


def _django_model(value: object) -> Preview:
    """Fields that are loaded."""
    loaded = _without(value, "_state", "_prefetched_objects_cache")
    ordered = {name: loaded.pop(name) for name in ("pk", "id") if name in loaded}
    return fields_preview(_name(value), ordered | loaded)


def _django_model_by_text(value: object) -> Preview | None:
    """What the project's own ``__str__`` says, and the fields. Where it asks the database, the fields alone."""
    if class_attribute(type(value), "__str__") is class_attribute(_base_of(value, _MODEL), "__str__"):
        return _django_model(value)
    try:
        text = " ".join(exact_str(str(value)).split())
    except Exception:
        return _django_model(value)
    fields = _django_model(value)
    return fields._replace(head=f"<{_name(value)} {_quoted(text)} ") if text else fields


def _quoted(text: str) -> str:
    return f"“{text if len(text) <= MODEL_TEXT else text[: MODEL_TEXT - 1] + '…'}”"


def _base_of(value: object, named: str) -> type:
    return next(base for base in mro(type(value)) if f"{module_name(base)}.{class_name(base)}" == named)


def _django_queryset(value: object) -> Preview:
    model, cache = attribute(value, "model"), attribute(value, "_result_cache")
    of = f" of {class_name(model)}" if issubclass(type(model), type) else ""
    if type(cache) is not list:
        return text_preview(f"<{_name(value)}{of}, not evaluated>")
    head = f"<{_name(value)}{of}, {len(cache):,} loaded: ["
    return Preview("container", head=head, tail="]>", properties=list_items(cache), total=len(cache))


def _django_lazy_object(value: object) -> Preview:
    wrapped = attribute(value, "_wrapped")
    # `django.utils.functional.empty`, a bare object(), means "not yet".
    if wrapped is MISSING or type(wrapped) is object:
        return text_preview(f"<{_name(value)}, not evaluated>")
    return Preview(head=f"<{_name(value)}: ", tail=">", properties=single_item(wrapped), total=1)


def _django_lazy_text(value: object) -> Preview:
    made_from = attribute(value, "_args")
    if type(made_from) is not tuple:
        return text_preview("<lazy text, not evaluated>")
    return Preview(
        head="<lazy text, not evaluated: ", tail=">", properties=tuple_items(made_from), total=len(made_from)
    )


def _django_request(value: object) -> Preview:
    return _request(value, exact_str(attribute(value, "method")), exact_str(attribute(value, "path")))


# Werkzeug and Flask


def _werkzeug_request(value: object) -> Preview:
    query = attribute(value, "query_string")
    query = "?" + query.decode("latin-1") if type(query) is bytes and query else ""
    return _request(value, exact_str(attribute(value, "method")), exact_str(attribute(value, "path")) + query)


def _request(value: object, method: str, path: str) -> Preview:
    return text_preview(" ".join(filter(None, (f"<{_name(value)}", method, path))) + ">", attributes(value))


def _werkzeug_headers(value: object) -> Preview | None:
    pairs = attribute(value, "_list")
    if type(pairs) is not list:
        return None

    def properties(start: int, stop: int) -> Iterator[Property]:
        return (Property("pair", *pair) for pair in pairs[start:stop] if type(pair) is tuple and len(pair) == 2)

    return Preview("container", head=f"{_name(value)}({{", tail="})", properties=properties, total=len(pairs))


def _local_proxy(value: object) -> Preview:
    """The proxy's target in the context of the request, looked up by name, as the frame's code would."""
    try:
        target = attribute(value, "_get_current_object")()
    except RuntimeError:
        return text_preview("<LocalProxy, not bound here>")
    return Preview(head="<LocalProxy: ", tail=">", properties=single_item(target), total=1)


# SQLAlchemy


def _sqlalchemy_instance(value: object) -> Preview:
    """Columns that are loaded, and the names of those that access would load."""
    state = attribute(value, "_sa_instance_state")
    expired = attribute(state, "expired_attributes") if state is not MISSING else None
    loaded = _without(value, "_sa_instance_state")
    missing = sorted(exact_str(name) for name in expired) if type(expired) is set else ()
    return fields_preview(
        _name(value), loaded | {name: Note("expired, not loaded") for name in missing if name not in loaded}
    )


def _sqlalchemy_statement(value: object) -> Preview:
    """The SQL, with placeholders. Compiling needs no connection."""
    return text_preview(f"<{_name(value)}, not run: {exact_str(str(value))}>", attributes(value))


def _sqlalchemy_session(value: object) -> Preview:
    pending, deleted = attribute(value, "_new"), attribute(value, "_deleted")
    counts = [
        f"{len(instances)} {what}"
        for instances, what in ((pending, "new"), (deleted, "deleted"))
        if type(instances) is dict and instances
    ]
    return text_preview(f"<{_name(value)}{': ' if counts else ''}{', '.join(counts)}>", attributes(value))


# Data classes of other libraries


def _pydantic_model(value: object) -> Preview:
    return fields_preview(_name(value), instance_dict(value) or {}, call=True)


def _attrs_instance(value: object) -> Preview:
    """Classes of attrs are found by their mark, ``__attrs_attrs__``; they inherit from nothing."""
    described = class_attribute(type(value), "__attrs_attrs__")
    names = [exact_str(attribute(field, "name")) for field in described if issubclass(type(described), tuple)]
    values = {name: attribute(value, name) for name in names}
    return fields_preview(_name(value), {name: item for name, item in values.items() if item is not MISSING}, call=True)


# numpy, pandas, torch: their own code runs, in slices only


def _ndarray(array: Any) -> Preview:
    first, size = array.flat[:FIRST_ELEMENTS].tolist(), " × ".join(f"{length:,}" for length in array.shape)
    listed = ", ".join(map(repr, first)) + (", …" if array.size > len(first) else "")
    text = f"{_name(array)}({size or 'scalar'} {array.dtype}: {listed})"
    rows = sequence_items(lambda start, stop: list(array[start:stop])) if array.ndim else tuple_items((array.item(),))
    total = int(array.shape[0]) if array.ndim else 1
    return Preview("container", line=lambda budget: text, properties=rows, total=total, guarded=True)


def _numpy_scalar(value: object) -> Preview:
    return line_preview("number", exact_str(repr(value)))


def _data_frame(frame: Any) -> Preview:
    rows, columns = frame.shape
    names, types = list(frame.columns[:MOST_COLUMNS]), list(frame.dtypes.iloc[:MOST_COLUMNS])
    listed = ", ".join(f"{name} {dtype}" for name, dtype in zip(names, types, strict=True))

    def properties(start: int, stop: int) -> Iterator[Property]:
        page = frame.iloc[start:stop, :MOST_COLUMNS]
        return (
            Property("pair", label, dict(zip(names, row, strict=True)))
            for label, row in zip(page.index.tolist(), page.itertuples(index=False, name=None), strict=True)
        )

    text = f"<{_name(frame)} {rows:,} rows × {columns:,} columns: {listed}>"
    return Preview("container", line=lambda budget: text, properties=properties, total=rows, guarded=True)


def _series(series: Any) -> Preview:
    def properties(start: int, stop: int) -> Iterator[Property]:
        page = series.iloc[start:stop]
        return (Property("pair", *pair) for pair in zip(page.index.tolist(), page.tolist(), strict=True))

    name = "" if series.name is None else f" {series.name!r}"
    head = f"<{_name(series)}{name} {series.dtype}, {len(series):,} rows: "
    return Preview("container", head=head, tail=">", properties=properties, total=len(series), guarded=True)


def _index(index: Any) -> Preview:
    properties = sequence_items(lambda start, stop: index[start:stop].tolist())
    return Preview(
        "container", head=f"{_name(index)}([", tail="])", properties=properties, total=len(index), guarded=True
    )


def _tensor(value: Any) -> Preview:
    return text_preview(f"<{_name(value)} {tuple(value.shape)} {value.dtype} on {value.device}>")


# The standard library's SQLite


def _sqlite_row(row: Any) -> Preview:
    names, values = row.keys(), tuple(row)
    pairs = [Property("pair", *pair) for pair in zip(names, values, strict=True)]
    return Preview("container", head="sqlite3.Row({", tail="})", properties=listed(pairs), total=len(pairs))


#: By module and qualified name of the class or one of its bases.
_ADAPTERS: Final[Mapping[str, Adapter]] = {
    _MODEL: Adapter(_django_model_by_text, foreign=True, otherwise=_django_model),
    "django.db.models.query.QuerySet": Adapter(_django_queryset),
    "django.utils.functional.LazyObject": Adapter(_django_lazy_object),
    "django.utils.functional.Promise": Adapter(_django_lazy_text),
    "django.http.request.HttpRequest": Adapter(_django_request),
    "werkzeug.sansio.request.Request": Adapter(_werkzeug_request),
    "werkzeug.datastructures.headers.Headers": Adapter(_werkzeug_headers),
    "werkzeug.local.LocalProxy": Adapter(_local_proxy, foreign=True),
    "sqlalchemy.orm.query.Query": Adapter(_sqlalchemy_statement, foreign=True),
    "sqlalchemy.sql.selectable.SelectBase": Adapter(_sqlalchemy_statement, foreign=True),
    "sqlalchemy.sql.dml.UpdateBase": Adapter(_sqlalchemy_statement, foreign=True),
    "sqlalchemy.orm.session.Session": Adapter(_sqlalchemy_session),
    "pydantic.main.BaseModel": Adapter(_pydantic_model),
    "numpy.ndarray": Adapter(_ndarray, foreign=True),
    "numpy.generic": Adapter(_numpy_scalar, foreign=True),
    "pandas.DataFrame": Adapter(_data_frame, foreign=True),
    "pandas.core.frame.DataFrame": Adapter(_data_frame, foreign=True),
    "pandas.Series": Adapter(_series, foreign=True),
    "pandas.core.series.Series": Adapter(_series, foreign=True),
    "pandas.Index": Adapter(_index, foreign=True),
    "pandas.core.indexes.base.Index": Adapter(_index, foreign=True),
    "torch.Tensor": Adapter(_tensor, foreign=True),
    "torch._tensor.Tensor": Adapter(_tensor, foreign=True),
    "sqlite3.Row": Adapter(_sqlite_row),
}
_SQLALCHEMY: Final = Adapter(_sqlalchemy_instance)
_ATTRS: Final = Adapter(_attrs_instance)


def find_adapter(cls: type) -> Adapter | None:
    """The adapter for instances of ``cls``, by its name or that of one of its bases."""
    bases = mro(cls)
    for base in bases:
        adapter = _ADAPTERS.get(f"{module_name(base)}.{class_name(base)}")
        if adapter is not None:
            return adapter
    # Marks that these libraries leave in the class itself.
    if any("_sa_class_manager" in class_dict(base) for base in bases):
        return _SQLALCHEMY
    return _ATTRS if any("__attrs_attrs__" in class_dict(base) for base in bases) else None
