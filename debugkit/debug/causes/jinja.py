"""Jinja's errors: a variable, attribute or template that is not there, and what there is. Jinja is asked nothing."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any, Final

from debugkit.debug.causes.files import similar_template
from debugkit.debug.causes.scene import Scene, article, kind_of, listed, nearest_first
from debugkit.debug.safe import inspection
from debugkit.debug.safe.inspection import MISSING
from debugkit.debug.safe.lookups import plain_keys
from debugkit.debug.source.template_tags import paths, tags, value_of
from debugkit.debug.tracebacks import templates
from debugkit.debug.tracebacks.model import CapturedFrame
from debugkit.debug.tracebacks.suggestions import attribute_names, closest, local, local_names

_UNDEFINED: Final = re.compile(r"'(\w{1,60})' is undefined$")
_NO_ATTRIBUTE: Final = re.compile(r"'[^']{1,200}' has no attribute '(\w{1,60})'$")
_UNKNOWN: Final = re.compile(r"No (filter|test) named '(\w{1,60})'")
#: Names of a template's variables that are listed without a similar one.
_MOST_NAMES: Final = 8


def cause(scene: Scene) -> str:
    if "jinja2" not in sys.modules:
        return ""
    bases = {inspection.class_name(base) for base in _jinjas(type(scene.exc))}
    if not bases:
        return ""
    frame = next((frame for frame in reversed(scene.frames) if templates.is_jinja(frame.frame)), None)
    if "TemplateNotFound" in bases:
        return _for_missing_template(scene)
    if "UndefinedError" in bases and frame is not None:
        return _for_undefined(scene, frame)
    if "TemplateRuntimeError" in bases or "TemplateAssertionError" in bases:
        return _for_unknown(scene)
    return ""


def _jinjas(kind: type) -> list[type]:
    return [base for base in inspection.mro(kind) if inspection.module_name(base) == "jinja2.exceptions"]


def _for_undefined(scene: Scene, frame: CapturedFrame) -> str:
    if match := _UNDEFINED.match(scene.message):
        meant = closest(match[1], local_names(frame.frame)) if frame.frame is not None else ""
        return f"The template has no {match[1]}; it has {meant}." if meant else ""
    match = _NO_ATTRIBUTE.search(scene.message)
    return _for_attribute(scene, frame, match[1]) if match else ""


def _for_attribute(scene: Scene, frame: CapturedFrame, wrong: str) -> str:
    for name, owner in _owners(scene, frame, wrong):
        if owner is MISSING or scene.is_secret(name):
            continue
        names = plain_keys(owner) if type(owner) is dict else attribute_names(owner)
        if owner is None:
            return f"{name} is None."
        if names is None or wrong in names:
            return ""
        meant = closest(wrong, names)
        public = [known for known in names if type(known) is str and (known[:1] != "_" or known == meant)]
        if meant or 0 < len(public) <= _MOST_NAMES:
            called = name if type(owner) is dict else f"{name}, {article(kind_of(owner))},"
            return f"{called} has {listed(nearest_first(public, meant), inspection.printable)}, no {wrong}."
    return ""


def _owners(scene: Scene, frame: CapturedFrame, wrong: str) -> Iterator[tuple[str, Any]]:
    """What the failing tags ask for the attribute ``wrong``, and its name there."""
    lines, failing = scene.sources.of(frame).lines, range(frame.lineno, frame.lineno + 1)
    name = ""
    for path in (path for tag in tags(frame.frame, lines, failing) for path in paths(tag)):
        if frame.frame is not None and path.steps and path.steps[-1].key == wrong:
            yield name, value_of(frame.frame, path.name, path.steps[:-1])
        name = path.text


def _for_unknown(scene: Scene) -> str:
    """A misspelt filter or test: the compiler and the template both have the environment at hand."""
    match = _UNKNOWN.search(scene.message)
    for frame in reversed(scene.frames) if match else ():
        names = inspection.attribute(_environment(frame), f"{match[1]}s") if match else MISSING
        if type(names) is dict and match:
            meant = closest(match[2], list(names))
            return f"There is no {match[1]} {match[2]}; there is {meant}." if meant else ""
    return ""


def _environment(frame: CapturedFrame) -> Any:
    for name in ("self", "environment"):
        owner = local(frame.frame, name) if frame.frame is not None else MISSING
        for value in (owner, inspection.attribute(owner, "environment")):
            if inspection.attribute(value, "filters") is not MISSING:
                return value
    return MISSING


def _for_missing_template(scene: Scene) -> str:
    name = inspection.exact_str(inspection.attribute(scene.exc, "name"))
    if not name:
        return ""
    for frame in reversed(scene.frames):
        for variable in ("self", "loader"):
            loader = local(frame.frame, variable) if frame.frame is not None else MISSING
            folders = inspection.attribute(loader, "searchpath")
            if type(folders) is list:
                paths = [f"{inspection.exact_str(folder)}/{name}" for folder in folders]
                return similar_template(inspection.printable(name), paths)
    return ""
