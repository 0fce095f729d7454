"""A program that does not start: what is missing, and what to do about it, in two sentences. Silent when unsure.

What is said quotes names and addresses, never a value of a variable: it goes to the terminal and to every visitor.
"""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from debugkit.debug.causes.engine import cause
from debugkit.debug.causes.imports import distribution_of
from debugkit.debug.redaction.redactor import Redactor
from debugkit.debug.safe import inspection
from debugkit.debug.tracebacks.capture import capture
from debugkit.debug.tracebacks.model import CapturedException, walk
from debugkit.debug.values.describe import Describer
from debugkit.raised import field
from debugkit.settings import Limits

#: Characters of a file of requirements that are read, and entries of a folder.
_MOST_READ: Final = 100_000
_MOST_ENTRIES: Final = 200
_UNSET: Final = re.compile(
    r"The environment variable (\w{1,100}) is not set|Set the (\w{1,100}) environment variable$"
    r"|(\w{1,100}) not found\. Declare it as envvar or define a default value"
)
_REFUSED: Final = re.compile(
    r"""server\ at\ "(?P<host>[^"\s]{1,100})"(?:\ \([^)]{0,60}\))?,
        \ port\ (?P<port>\d{1,5})\ failed:\ Connection\ refused
    | connecting\ to\ (?P<address>[\w.\-]{1,100}:\d{1,5})\.\ Connection\ refused
    | connect\ to\ MySQL\ server\ on\ '(?P<mysql>[^'\s]{1,100})'
    | Connect\ call\ failed\ \('(?P<ip>[^'\s]{1,50})',\ (?P<number>\d{1,5})""",
    re.VERBOSE,
)
_PASSWORD: Final = re.compile(r"password authentication failed for user|Access denied for user")
_NO_DATABASE: Final = re.compile(r"""database "([^"\s]{1,60})" does not exist|Unknown database '([^'\s]{1,60})'""")
_SETTING: Final = re.compile(r"The ([A-Z][A-Z_]{3,60}) setting ")


def start_advice(error: BaseException) -> str:
    """Two sentences about an ``error`` that kept a program from starting; "" if unsure. Never raises."""
    try:
        with Describer(Limits(), Redactor()) as describer:
            captured = capture(error).exception
            sentence = cause(captured, {}, describer)
            advice = next(filter(None, (case(captured, sentence) for case in _CASES)), "")
            return describer.text(advice)
    except Exception:  # the traceback below says what happened
        return ""


def _module(captured: CapturedException, sentence: str) -> str:
    exc = captured.exception
    if type(exc) is not ModuleNotFoundError:
        return ""
    name = inspection.exact_str(field(ImportError, "name", exc))
    if name and os.environ.get("DJANGO_SETTINGS_MODULE", "").startswith(name):
        return f"There is no settings module {name}. Correct DJANGO_SETTINGS_MODULE."
    if not name.isidentifier():  # part of a package that is there
        return ""
    if folder := _folder_with(name):
        return f"The module {name} is in {folder}, where Python does not look. Set PYTHONPATH={folder}."
    what = f"The module {name} is not installed for {sys.executable}."
    return f"{what} {_how_to_install(distribution_of(name))}"


def _how_to_install(distribution: str) -> str:
    if venv := _unused_environment():
        return f"There is a virtual environment in {venv}: activate it first."
    wanted = re.compile(rf"(?<![\w.\-]){re.escape(distribution).replace('_', '[-_]')}(?![\w\-])", re.IGNORECASE)
    for name, how in (("requirements.txt", "-r requirements.txt"), ("pyproject.toml", "-e .")):
        if wanted.search(_text(Path(name))):
            return f"{name} names it: python -m pip install {how}"
    return f"Install it: python -m pip install {distribution}"


def _unused_environment() -> str:
    if sys.prefix != sys.base_prefix:
        return ""
    return next((name for name in (".venv", "venv", "env") if Path(name, "pyvenv.cfg").is_file()), "")


def _text(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as stream:
            return stream.read(_MOST_READ)
    except OSError:
        return ""


def _folder_with(name: str) -> str:
    """A folder of the working one, such as ``src``, in which there is a module or package of this name."""
    for entry in _folders():
        if Path(entry, f"{name}.py").is_file() or Path(entry, name, "__init__.py").is_file():
            return inspection.printable(entry)
    return ""


def _folders() -> Iterator[str]:
    with os.scandir() as entries:
        folders = [entry.name for entry in islice(entries, _MOST_ENTRIES) if entry.is_dir() and entry.name[:1] != "."]
    yield from sorted(folders)


def _circle(captured: CapturedException, sentence: str) -> str:
    if ", which imports " in sentence or sentence.endswith(" imports itself."):
        return f"{sentence} Import inside the function that needs it, or move what both need into a third module."
    return f"{sentence} Rename that file." if " hides the " in sentence else ""


def _address(captured: CapturedException, sentence: str) -> str:
    exc = captured.exception
    if exc is None or not issubclass(type(exc), OSError) or field(OSError, "errno", exc) != errno.EADDRINUSE:
        return ""
    return "The program listens at an address that another process has. End that one, or choose another port."


def _variable(captured: CapturedException, sentence: str) -> str:
    match = _UNSET.match(sentence) or _UNSET.match(captured.message)
    name = next(filter(None, match.groups()), "") if match else ""
    what = sentence if match and sentence else f"The environment variable {name} is not set."
    return f"{what} Set it in the shell (export {name}=...), or in the file .env." if name else ""


def _server(captured: CapturedException, sentence: str) -> str:
    for link in walk(captured):
        if match := _REFUSED.search(link.message):
            host, port = match["host"] or match["ip"], match["port"] or match["number"]
            where = match["address"] or match["mysql"] or f"{host}:{port}"
            return f"Nothing answers at {where}. Start that server, or correct its address in the configuration."
        if _PASSWORD.search(link.message):
            return "The database refuses the user. Correct user and password in the configuration."
        if match := _NO_DATABASE.search(link.message):
            return f"There is no database {match[1] or match[2]}. Create it, or correct its name in the configuration."
    return ""


def _django(captured: CapturedException, sentence: str) -> str:
    exc = captured.exception
    kind = inspection.qualified_name(type(exc)) if exc is not None else ""
    if kind == "django.core.exceptions.AppRegistryNotReady":
        return (
            "Models are imported before Django is set up. "
            "Call django.setup() first, or import them inside the function that needs them."
        )
    if kind != "django.core.exceptions.ImproperlyConfigured":
        return ""
    module = os.environ.get("DJANGO_SETTINGS_MODULE", "")
    if "settings are not configured" in captured.message:
        known = next((f"{folder}.settings" for folder in _folders() if Path(folder, "settings.py").is_file()), "")
        return f"Django has no settings. Set DJANGO_SETTINGS_MODULE{f'={known}' if known else ''}."
    if (match := _SETTING.match(captured.message)) and module:
        return f"{captured.message.rstrip('.')}. Set {match[1]} in {module}."
    return ""


#: What knows more comes first.
_CASES: Final[tuple[Callable[[CapturedException, str], str], ...]] = (
    _module,
    _circle,
    _variable,
    _address,
    _server,
    _django,
)
