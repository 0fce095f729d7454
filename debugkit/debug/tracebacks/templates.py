"""Recognises frames that represent templates, and which template each represents. Runs no foreign code.

Jinja replaces the frame of the compiled template by one it makes in its function ``fake_traceback``. The replaced frame
is still there, in the locals of that function, whose frame is the f_back of the one it made.
"""

from __future__ import annotations

from types import FrameType, TracebackType
from typing import Any

from debugkit.debug.safe import inspection
from debugkit.debug.safe.text import encodable

#: A global that marks a frame made to represent a template, whose lines and columns are those of the template.
TEMPLATE = "__debugkit_template__"
#: The global by which Jinja marks such a frame, and which holds the exception.
JINJA = "__jinja_exception__"


def is_jinja(frame: FrameType | None) -> bool:
    """Whether Jinja made this frame to represent a template."""
    return frame is not None and dict.get(frame.f_globals, JINJA) is not None


def is_template(frame: FrameType | None) -> bool:
    """Whether the frame represents a template, whoever made it."""
    if frame is None:
        return False
    names = frame.f_globals
    return dict.__contains__(names, JINJA) or dict.__contains__(names, TEMPLATE)


def maker_of(frame: FrameType | None) -> FrameType | None:
    """The frame of Jinja's function that made ``frame``; `None` if it is none of those, or the function is gone."""
    maker = frame.f_back if frame is not None and is_jinja(frame) else None
    return maker if maker is not None and inspection.exact_str(maker.f_code.co_name) == "fake_traceback" else None


def template_of(maker: FrameType) -> Any:
    """Jinja's template object; `None` for a template that could not be compiled."""
    try:
        replaced = maker.f_locals.get("tb")
    except BaseException:  # the locals of a frame that runs may be anything
        return None
    if isinstance(replaced, TracebackType):
        return dict.get(replaced.tb_frame.f_globals, "__jinja_template__")
    return None


def environment_of(frame: FrameType) -> Any:
    """Jinja's environment of the template that a frame represents; `None` for other frames."""
    maker = maker_of(frame)
    return inspection.attribute(template_of(maker), "environment") if maker is not None else None


def shared_names(frame: FrameType) -> dict[str, object]:
    """What Jinja gives to every template of the environment: ``url_for``, ``config``. Empty for other frames."""
    environment = environment_of(frame)
    shared = inspection.attribute(environment, "globals") if environment is not None else None
    return shared if type(shared) is dict else {}


def template_name(frame: FrameType) -> str:
    """The name that its loader knows a Jinja template by which is no file; "" for all else."""
    filename = inspection.exact_str(frame.f_code.co_filename)
    maker = maker_of(frame)
    if maker is None or not (filename.startswith("<") and filename.endswith(">")):
        return ""
    # A template that cannot be compiled has no template object: its error has the name.
    named = template_of(maker) or dict.get(frame.f_globals, JINJA)
    return encodable(inspection.exact_str(inspection.attribute(named, "name")))
