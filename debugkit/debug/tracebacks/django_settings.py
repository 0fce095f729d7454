"""The line of Django's settings that names what could not be imported: ``MIDDLEWARE``, ``INSTALLED_APPS``, a backend.

Django imports those names itself, so that no frame of such an error is the project's. Django is not imported here.
"""

from __future__ import annotations

import linecache
import os
import re
import sys
from collections.abc import Iterator, Sequence
from types import FrameType, TracebackType

from debugkit.debug.safe import inspection
from debugkit.debug.tracebacks.libraries import file_of_module, file_of_owner, is_library
from debugkit.debug.tracebacks.model import NOWHERE, Position
from debugkit.debug.tracebacks.suggestions import local

#: The variables that hold such a name, in the functions that import it.
_NAMES = {
    "import_string": "dotted_path",
    "import_module": "name",
    "create": "entry",  # AppConfig.create
    "load_backend": "backend_name",
    "get_internal_wsgi_application": "app_path",
}
_IMPROPERLY = ("django.core.exceptions", "ImproperlyConfigured")


def settings_position(exc: BaseException, traces: Sequence[TracebackType]) -> tuple[str, Position]:
    """The file of the settings and the place of the name in it; "" and no place if ``exc`` is no such error."""
    if _is_about_import(type(exc)):
        for name in _names(traces):
            for filename in _settings_files():
                for lineno, line in enumerate(linecache.getlines(filename), 1):
                    if match := _quoted(name, line):
                        start, end = (len(line[:column].encode("utf-8", "replace")) for column in match.span())
                        return filename, Position(lineno, lineno, start, end)
    return "", NOWHERE


def _is_about_import(cls: type) -> bool:
    if issubclass(cls, ImportError):
        return True
    names = ((inspection.module_name(base), inspection.class_name(base)) for base in inspection.mro(cls))
    return _IMPROPERLY[0] in sys.modules and _IMPROPERLY in names


def _names(traces: Sequence[TracebackType]) -> Iterator[str]:
    """What libraries were importing, innermost first, up to the first frame of the project itself."""
    for trace in reversed(traces):
        frame = trace.tb_frame
        if not is_library(file_of_owner(inspection.exact_str(frame.f_code.co_filename), frame.f_globals)):
            return
        if name := _name(frame):
            yield name


def _name(frame: FrameType) -> str:
    variable = _NAMES.get(inspection.exact_str(frame.f_code.co_name), "")
    module = inspection.exact_str(dict.get(frame.f_globals, "__name__"))
    imports = variable and module.partition(".")[0] in ("django", "importlib")
    return inspection.exact_str(local(frame, variable)) if imports else ""


def _settings_files() -> Iterator[str]:
    """The settings' own file, then those of the modules beside it, which it may import from."""
    name = os.environ.get("DJANGO_SETTINGS_MODULE", "")
    beside = name.rpartition(".")[0] + "."
    others = sorted(
        module for module in [*sys.modules] if len(beside) > 1 and module.startswith(beside) and module != name
    )
    for file in map(file_of_module, filter(None, [name, *others])):
        if file and not is_library(file):
            yield file


def _quoted(name: str, line: str) -> re.Match[str] | None:
    return None if line.lstrip().startswith("#") else re.search(f"(['\"]){re.escape(name)}\\1", line)
