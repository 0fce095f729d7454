"""Finds the application that a target names: "module:app", "module:factory('dev')", "path/to/file.py", "file.py:app".

All that `flask run` takes as FLASK_APP is a target.

What is wrong with the target is one sentence (`TargetError`). An exception inside the user's own module is the
user's to see, and passes through as it is.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from types import ModuleType
from typing import Any

from debugkit.debug import wsgi_applications
from debugkit.debug.safe.lazy_imports import LAZY_IMPORTS
from debugkit.errors import DebugkitError
from debugkit.frozen import frozen
from debugkit.runner.config import Application
from debugkit.runner.expression import Expression, read
from debugkit.runner.protocols import refusal
from debugkit.runner.unnamed import bottle_ignoring_run, default_application
from debugkit.serving.paths import named, working_folder

#: What applications are called, most telling first; the last ones are called to get the application.
NAMES = ("app", "application")
FACTORIES = ("create_app", "make_app")
#: The files that hold it, where the target does not say.
FILES = ("app.py", "wsgi.py", "asgi.py", "application.py", "main.py")


class TargetError(DebugkitError):
    """There is no application where the target says."""


@frozen
class Target:
    """A target taken apart. ``expression`` is empty to look for the usual names.

    ``module`` is dotted for a file in a package, which lies in the folder ``root``.
    """

    module: str
    path: Path | None = None
    expression: Expression = field(default_factory=Expression)
    root: Path | None = None

    @property
    def folder(self) -> Path:
        """Where its modules are looked for first: beside the file or its package, else in the working directory."""
        return self.root or working_folder()

    @property
    def is_in_package(self) -> bool:
        return "." in self.module or (self.path is not None and self.path.name == "__init__.py")

    @property
    def identity(self) -> str:
        """What stays the same when the same application is started again, from wherever."""
        return f"{self.path or self.module}:{self.expression.name}"


def find(folder: Path, environ: Mapping[str, str] = os.environ) -> Target:
    """The application of a project, by the names that projects give it. Imports nothing.

    Looks for FLASK_APP, ``app.py`` and the like, and Django's ``wsgi.py``. Raises `TargetError`.
    """
    if text := environ.get("FLASK_APP"):
        return parse(text)
    for name in FILES:
        if (folder / name).is_file():
            return _file(folder / name)
    for name in ("wsgi", "asgi") if (folder / "manage.py").is_file() else ():
        paths = sorted(path for path in folder.glob(f"*/{name}.py") if (path.parent / "__init__.py").is_file())
        if len(paths) == 1:
            return Target(f"{paths[0].parent.name}.{name}")
    packages = sorted(path.parent for path in folder.glob("*/__init__.py"))
    files = [package / name for package in packages for name in FILES if (package / name).is_file()]
    if len(files) == 1:
        return Target(f"{files[0].parent.name}.{files[0].stem}")
    raise TargetError(
        f"There is no application in {folder}: looked for {', '.join(FILES)}, and wsgi.py or asgi.py of a "
        "Django project. Name it: debugkit run module:app, or debugkit run path/to/file.py."
    )


def parse(text: str) -> Target:
    """Take a target apart; files must exist. Raises `TargetError`."""
    # The colon behind a drive letter of Windows is no separator.
    place, _, name = re.sub(r":(?![\\/])", "\0", text, count=1).partition("\0")
    try:
        expression = read(name)
    except ValueError as error:
        raise TargetError(
            f"{text!r} has no application name after the colon: write module:app, module:make_app() or "
            "module:make_app('dev'), with literals as arguments."
        ) from error
    if place.endswith(".py") or "/" in place or "\\" in place:
        return _file(Path(place), expression)
    if not all(part.isidentifier() for part in place.split(".")):
        raise TargetError(f"{place!r} is not the name of a module: write module:app, or the path of a .py file.")
    return Target(place, None, expression)


def load(target: Target) -> Application:
    """Import the module and return the application. Raises `TargetError`, and whatever the module itself raises."""
    if sys.path[:1] != [str(target.folder)]:
        sys.path.insert(0, str(target.folder))
    with bottle_ignoring_run():
        module = _import(target)
    expression = target.expression
    if expression.name:
        where = f"{target.module}:{expression.name}"
        return _application(_attribute(module, expression.name), where, expression)
    return search(module)


def _file(path: Path, expression: Expression | None = None) -> Target:
    """The target of a file, which may also be named without its ending. A file in a package is a module of that."""
    place = next(
        (
            candidate
            for candidate in (path, path.with_name(f"{path.name}.py"), path / "__init__.py")
            if candidate.is_file()
        ),
        None,
    )
    if place is None:
        raise _no_file(path)
    place = named(place)
    names = [] if place.name == "__init__.py" else [place.stem]
    # Python, too, looks beside the file that a link leads to.
    root = Path(os.path.realpath(place)).parent if place.is_symlink() else place.parent
    while (root / "__init__.py").is_file() and root.name.isidentifier():
        names.append(root.name)
        root = root.parent
    return Target(".".join(reversed(names)), place, expression or Expression(), root)


def _no_file(path: Path) -> TargetError:
    if path.is_dir():
        return TargetError(f"{path} is a folder: give a file in it, such as {path / 'app.py'}.")
    names = [str(other) for other in path.parent.glob("*.py")] if path.parent.is_dir() else []
    return TargetError(f"There is no file {path}{_did_you_mean(str(path), names) or '.'}")


def _import(target: Target) -> ModuleType:
    if target.path is None:
        _refuse_unknown(target.module)
        return importlib.import_module(target.module)
    if target.is_in_package:
        # The file may also import what lies beside it, as it may when Python runs it.
        sys.path.append(str(target.path.parent))
        return importlib.import_module(target.module)
    spec = importlib.util.spec_from_file_location(target.module, target.path)
    if spec is None or spec.loader is None:
        raise TargetError(f"{target.path} is not a Python file: its name must end in .py.")
    module = importlib.util.module_from_spec(spec)
    # As an import would: the module must be found by its own imports, and must not stay when it fails.
    sys.modules[target.module] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(target.module, None)
        raise
    return module


def _refuse_unknown(module: str) -> None:
    """Tell a module that does not exist from one that fails to import something: only the first is a wrong target."""
    parent, _, _ = module.rpartition(".")
    if parent:
        _refuse_unknown(parent)
        importlib.import_module(parent)
    try:
        spec = importlib.util.find_spec(module)
    except (ModuleNotFoundError, ValueError):  # the parent is no package; __spec__ is None
        spec = None
    if spec is None and module not in sys.modules:
        hint = _did_you_mean(module, [path.stem for path in Path.cwd().glob("*.py")])
        raise TargetError(f"There is no module {module!r} in {Path.cwd()} or on sys.path{hint or '.'}")


def _attribute(module: ModuleType, name: str) -> Any:
    value: Any = module
    for part in name.split("."):
        try:
            value = getattr(value, part)
        except AttributeError as error:
            if error.obj is not value:
                raise  # the module's own __getattr__, or a property, failed inside
            hint = _did_you_mean(part, _public(value)) or _candidates(module)
            raise TargetError(f"{module.__name__!r} has no {name!r}{hint or '.'}") from error
    return value


def search(module: ModuleType) -> Application:
    applications = {name: value for name in NAMES if callable(value := getattr(module, name, None))}
    # A module may hold its ASGI application under one name, and the same for WSGI under the other.
    for name in sorted(applications, key=lambda name: _rank(applications[name])):
        return _application(applications[name], f"{module.__name__}:{name}")
    for name in FACTORIES:
        if callable(factory := getattr(module, name, None)):
            return _application(factory, f"{module.__name__}:{name}", Expression(name, call=True))
    # An object of a known framework, or of one made like Flask, under any name.
    values = {id(value): name for name in _public(module) if _is_application(value := getattr(module, name, None))}
    for name in values.values() if len(values) == 1 else ():
        return _application(getattr(module, name), f"{module.__name__}:{name}")
    if (application := default_application()) is not None:
        return application
    raise TargetError(
        f"There is no application in {module.__name__!r}: give {module.__name__}:NAME; looked for "
        f"{', '.join(NAMES + FACTORIES)}{_candidates(module) or '.'}{_main_block(module)}"
    )


def _main_block(module: ModuleType) -> str:
    """A sentence for programs that make their application where only ``python app.py`` comes by."""
    try:
        source = inspect.getsource(module)
    except OSError:
        return ""
    guard = re.search(r"^if __name__ == ['\"]__main__['\"]:", source, re.M)
    return f" What stands below {guard[0]!r} is not run here: make the application above it." if guard else ""


def _rank(application: Any) -> int:
    """0 for a WSGI application, 1 for one of ASGI, 2 for neither."""
    return bool(wsgi_applications.refusal(application)) + bool(refusal(application))


def _is_application(value: object) -> bool:
    from debugkit.debug.frameworks import known

    return callable(getattr(type(value), "wsgi_app", None)) or known.is_application(value)


def _application(value: Any, where: str, expression: Expression | None = None) -> Application:
    """``value``, or what it returns when it is a factory. Raises `TargetError` for what is no application."""
    expression = expression or Expression()
    if callable(value) and (expression.call or wsgi_applications.is_factory(value)):
        if wrong := wsgi_applications.misfit(value, *expression.arguments, **expression.keywords):
            raise TargetError(f"{where} cannot be called like this, {wrong}: write {where}(...) with its arguments.")
        value, where = value(*expression.arguments, **expression.keywords), f"{where}()"
    if inspect.iscoroutine(value):
        value.close()
    if why := refusal(value):
        raise TargetError(f"{where} {why}")
    return value


def _candidates(module: ModuleType) -> str:
    """Callables that the module defines itself or that are objects of a class from elsewhere, such as Flask."""
    names = [name for name in _public(module) if _could_be(getattr(module, name, None), module)]
    return f"; it has {', '.join(names[:8])}." if names else ""


def _could_be(value: object, module: ModuleType) -> bool:
    if type(value).__module__ == "werkzeug.local":  # Flask's request and the like, which cannot be asked outside of one
        return False
    if isinstance(value, (type, Callable)) and hasattr(value, "__qualname__"):  # type: ignore[arg-type]
        return getattr(value, "__module__", None) == module.__name__
    return callable(value)


def _public(value: object) -> list[str]:
    """Names without an underscore, but for imports that wait to be used: who asks for one has it imported (PEP 810)."""
    names = [name for name in dir(value) if not name.startswith("_")]
    if not isinstance(value, ModuleType):
        return names
    values = ModuleType.__getattribute__(value, "__dict__")
    return [name for name in names if type(values.get(name)) not in LAZY_IMPORTS]


def _did_you_mean(name: str, names: list[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, names, n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(close)}?" if close else ""
