"""Errors in Django's templates: the template itself as a frame of the traceback, and what was tried to find one.

Each template that was being rendered gets a frame of its own: its file, its line, the exact tag, and the context as
local variables. Nothing of the error is changed; the frames of Django that did the rendering stay, folded.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from types import CodeType, FrameType, TracebackType
from typing import Any

from django.template import Origin, TemplateDoesNotExist
from django.template.base import UNKNOWN_SOURCE, Node, Template
from django.template.context import BaseContext
from django.template.defaulttags import ForNode, WithNode
from django.template.loader_tags import IncludeNode

from debugkit.debug.framework_report import Attempt, Search
from debugkit.debug.safe.text import text_of
from debugkit.debug.tracebacks.model import CapturedException, plain_frames
from debugkit.debug.tracebacks.templates import TEMPLATE
from debugkit.frozen import frozen

#: What a template without a name is called. As in code objects, brackets say that it is no file.
_STRING_TEMPLATE = "<template>"
#: Characters of a tag that name its frame.
_TAG = 60
#: In every context, and known to everybody.
_CONSTANTS = frozenset({"True", "False", "None", "csrf_token"})


@frozen
class Place:
    """A tag in a template. Lines count from 1; columns are UTF-8 bytes, as in PEP 657."""

    filename: str
    lineno: int
    colno: int
    end_lineno: int
    end_colno: int
    tag: str


def with_templates(exc: BaseException, tb: TracebackType | None) -> TracebackType | None:
    """The traceback ``tb`` of ``exc`` with a frame for every template it leads through, and for one that is broken."""
    traces = list(_walk(tb))
    sources = _sources(traces)
    made: dict[int, TracebackType] = {}
    places: set[tuple[str, int]] = set()
    for number in _innermost(traces):
        place = _place_of(traces[number].tb_frame.f_locals["self"], sources)
        if place is not None:
            made[number] = _trace(place, _context(traces[: number + 1]), sources.get(place.filename, ""))
            places.add((place.filename, place.lineno))
    broken = _locate_reported(exc, sources)
    if broken is not None and (broken[0].filename, broken[0].lineno) not in places:
        made[len(traces)] = _trace(broken[0], {}, broken[1])
    return _join(traces, made) if made else tb


def _walk(tb: TracebackType | None) -> Iterator[TracebackType]:
    while tb is not None:
        yield tb
        tb = tb.tb_next


def _join(traces: list[TracebackType], made: Mapping[int, TracebackType]) -> TracebackType | None:
    """The traces linked anew: each new one at the position that its number says, or at the end."""
    following: TracebackType | None = None
    for number in range(len(traces), -1, -1):
        trace = made.get(number) or (traces[number] if number < len(traces) else None)
        if trace is not None:
            following = TracebackType(following, trace.tb_frame, trace.tb_lasti, trace.tb_lineno)
    return following


# Where rendering stood


def _is_base(frame: FrameType, name: str) -> bool:
    return frame.f_code.co_name == name and frame.f_globals.get("__name__") == "django.template.base"


def _innermost(traces: list[TracebackType]) -> Iterator[int]:
    """The traces that render a tag; of nested tags, with only Django between, the innermost."""
    waiting: int | None = None
    for number, trace in enumerate(traces):
        frame = trace.tb_frame
        if _is_base(frame, "render_annotated") and isinstance(frame.f_locals.get("self"), Node):
            if waiting is not None and _origin_name(traces[waiting]) != _origin_name(trace):
                yield waiting
            waiting = number
        elif waiting is not None and not text_of(frame.f_globals.get("__name__")).startswith("django.template"):
            yield waiting
            waiting = None
    if waiting is not None:
        yield waiting


def _origin_name(trace: TracebackType) -> str:
    return _filename(getattr(trace.tb_frame.f_locals["self"], "origin", None))


def _filename(origin: Origin | None) -> str:
    name = text_of(getattr(origin, "name", UNKNOWN_SOURCE) or UNKNOWN_SOURCE)
    return _STRING_TEMPLATE if name == UNKNOWN_SOURCE else name


def _sources(traces: Iterable[TracebackType]) -> dict[str, str]:
    """The texts of the templates whose methods are on the way, by file name."""
    texts = {}
    for trace in traces:
        template = trace.tb_frame.f_locals.get("self")
        if isinstance(template, Template) and isinstance(getattr(template, "source", None), str):
            texts[_filename(template.origin)] = template.source
    return texts


def _place_of(node: Node, sources: Mapping[str, str]) -> Place | None:
    token: Any = getattr(node, "token", None)
    lineno = getattr(token, "lineno", None)
    if not isinstance(lineno, int):
        return None
    filename = _filename(getattr(node, "origin", None))
    source = sources.get(filename, "")
    if token.position is not None and source:
        return _locate(filename, source, *token.position)
    return Place(filename, lineno, 0, lineno, 0, _shorten(token.contents))


def _locate(filename: str, source: str, start: int, end: int) -> Place:
    before, tag = source[:start], source[start:end]
    lineno = before.count("\n") + 1
    colno = len(before.rpartition("\n")[2].encode("utf-8", "replace"))
    *above, last = tag.split("\n")
    end_colno = len(last.encode("utf-8", "replace")) + (0 if above else colno)
    return Place(filename, lineno, colno, lineno + len(above), end_colno, _shorten(tag))


def _shorten(tag: str) -> str:
    text = " ".join(tag.split())
    return text if len(text) <= _TAG else f"{text[: _TAG - 1]}…"


def _context(traces: list[TracebackType]) -> dict[str, Any]:
    """The variables that the tag rendered last saw. None of them is read.

    A context is a stack of dictionaries. What tags around this one had put on it was taken off when the error passed
    them; their frames still have it.
    """
    context = traces[-1].tb_frame.f_locals.get("context")
    names: dict[str, Any] = {}
    for level in context.dicts if isinstance(context, BaseContext) else ():
        if isinstance(level, dict):
            names.update(level)
    for trace in traces:
        if trace.tb_frame.f_locals.get("context") is context and trace.tb_frame.f_code.co_name == "render":
            names.update(_tag_variables(trace.tb_frame.f_locals))
    return {name: value for name, value in names.items() if isinstance(name, str) and name not in _CONSTANTS}


def _tag_variables(names: Mapping[str, Any]) -> dict[str, Any]:
    """What a tag gives to those inside it: a loop its variables, ``include`` and ``with`` their values."""
    node = names.get("self")
    if isinstance(node, ForNode) and "loop_dict" in names:
        item = names.get("item")
        variables = dict.fromkeys(node.loopvars, item) if len(node.loopvars) == 1 else {}
        if len(node.loopvars) > 1 and isinstance(item, list | tuple) and len(item) == len(node.loopvars):
            variables = dict(zip(node.loopvars, item, strict=True))
        return variables | {"forloop": names["loop_dict"]}
    values = names.get("values") if isinstance(node, IncludeNode | WithNode) else None
    return dict(values) if isinstance(values, dict) else {}


def without_lookups(exception: CapturedException) -> None:
    """Take off the end of the chain what Django's template engine raises by the way, to itself.

    It looks for a variable as a key, then as an attribute, then as an index: each error in a property would seem to
    come from the `TypeError` of an earlier attempt. The plain text keeps them.
    """
    while exception.chain and exception.chain[-1].relation == "context":
        frames = list(plain_frames(exception.chain[-1]))
        if not frames or any(frame.module != "django.template.base" for frame in frames):
            return
        exception.chain = exception.chain[:-1]


# Templates that cannot be compiled


def _locate_reported(exc: BaseException, sources: Mapping[str, str]) -> tuple[Place, str] | None:
    """The place that ``exc.template_debug`` tells (Django sets it, and its Jinja2 backend), and the template's text."""
    debug = getattr(exc, "template_debug", None)
    if not isinstance(debug, dict) or not isinstance(debug.get("line"), int):
        return None
    name = text_of(debug.get("name") or UNKNOWN_SOURCE)
    filename = _STRING_TEMPLATE if name == UNKNOWN_SOURCE else name
    source, start, end = sources.get(filename, ""), debug.get("start"), debug.get("end")
    if source and isinstance(start, int) and isinstance(end, int):
        return _locate(filename, source, start, end), source
    return _on_line(filename, debug) if debug["line"] > 0 else None


def _on_line(filename: str, debug: Mapping[str, Any]) -> tuple[Place, str]:
    """A place of which only the line is known, and its parts; of the text, the lines around it."""
    known = [line for line in debug.get("source_lines") or () if isinstance(line, tuple) and len(line) == 2]
    first = known[0][0] if known else 1
    text = "\n" * (first - 1) + "".join(text_of(line).removesuffix("\n") + "\n" for _, line in known)
    before, during = (text_of(debug.get(part) or "") for part in ("before", "during"))
    start = len(before.encode("utf-8", "replace"))
    end = start + len(during.rstrip("\n").encode("utf-8", "replace"))
    return Place(filename, debug["line"], start, debug["line"], end, _shorten(during)), text


# Frames


class _Loader:
    """Gives the text of a template that is no file to whoever asks a module's loader for its source (PEP 302)."""

    def __init__(self, source: str) -> None:
        self._source = source

    def get_source(self, name: str) -> str:
        return self._source


def _trace(place: Place, names: dict[str, Any], source: str) -> TracebackType:
    """A traceback of one frame at ``place`` with ``names`` as its variables."""
    frames: list[tuple[FrameType, int]] = []

    def here() -> None:
        frame = sys._getframe(1)
        frames.append((frame, frame.f_lasti))

    module = {
        "__name__": place.filename,
        "__file__": place.filename,
        "__loader__": _Loader(source),
        TEMPLATE: True,
        # Not among the names, which are the template's own.
        "": here,
    }
    exec(_code(place), module, names)
    frame, instruction = frames[0]
    return TracebackType(None, frame, instruction, place.lineno)


def _code(place: Place) -> CodeType:
    """Code with one call, at the position of the tag."""
    call = ast.Call(ast.Name("", ast.Load()), [], [])
    tree = ast.Module([ast.Expr(call)], [])
    for node in ast.walk(tree):
        if isinstance(node, ast.expr | ast.stmt):
            node.lineno, node.col_offset = place.lineno, place.colno
            node.end_lineno, node.end_col_offset = place.end_lineno, place.end_colno
    code: CodeType = compile(tree, place.filename, "exec", dont_inherit=True)
    return code.replace(co_name=place.tag, co_qualname=place.tag)


# Templates that do not exist


def searches(exc: BaseException | None) -> tuple[Search, ...]:
    """Every engine, loader and path that was tried for a template that does not exist."""
    if not isinstance(exc, TemplateDoesNotExist):
        return ()
    return tuple(_search(tried) for tried in exc.chain or [exc])


def _search(exc: TemplateDoesNotExist) -> Search:
    engine = getattr(exc.backend, "name", None) or "The template engine"
    attempts = tuple(
        Attempt(
            text_of(getattr(origin, "loader_name", "") or "loader"),
            text_of(getattr(origin, "name", origin)),
            text_of(outcome),
        )
        for origin, outcome in exc.tried
    )
    if attempts:
        return Search(text_of(exc), text_of(engine), attempts)
    folders = [text_of(folder) for folder in getattr(exc.backend, "template_dirs", ())]
    notice = f"It looks in {', '.join(folders)}." if folders else "It has no folder to look in."
    return Search(text_of(exc), text_of(engine), (), notice)
