"""The source of Jinja templates that are no files: their loader, their error or Flask has it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from debugkit.debug.safe import inspection
from debugkit.debug.safe.text import encodable
from debugkit.debug.source.text import Source, ask, global_of, made_of
from debugkit.debug.tracebacks import templates
from debugkit.debug.tracebacks.model import CapturedFrame

#: What a template without a name is called.
_STRING_TEMPLATE = "<template>"


def from_template(frame: CapturedFrame, neighbours: Sequence[CapturedFrame]) -> Source | None:
    """The source of a Jinja template that is no file. ``neighbours`` are the other frames of the traceback."""
    maker = templates.maker_of(frame.frame)
    if maker is None:
        return None
    template = templates.template_of(maker)
    if template is None:
        return _from_syntax_error(frame)
    name = ask(lambda: template.name)
    if type(name) is not str:
        return made_of(_rendered_string(template, neighbours), _STRING_TEMPLATE)
    return made_of(ask(lambda: _ask_template_loader(template, name)), encodable(name))


def _ask_template_loader(template: Any, name: str) -> object:
    return template.environment.loader.get_source(template.environment, name)[0]


def _from_syntax_error(frame: CapturedFrame) -> Source | None:
    """A template that could not be compiled: ``TemplateSyntaxError`` carries its text."""
    error = global_of(frame, templates.JINJA)
    name, text = ask(lambda: error.name), ask(lambda: error.source)
    return made_of(text, encodable(name) if type(name) is str else _STRING_TEMPLATE)


def _rendered_string(template: object, frames: Iterable[CapturedFrame]) -> object:
    """Flask's ``render_template_string`` keeps the text in its local ``source``; Jinja itself forgets it."""
    for captured in frames:
        frame = captured.frame
        if frame is not None and inspection.exact_str(frame.f_code.co_name) in (
            "render_template_string",
            "stream_template_string",
        ):
            values = dict(frame.f_locals)
            if values.get("template") is template:
                return values.get("source")
    return None
