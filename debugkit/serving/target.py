"""Finds the application that a target names: "module:app", "module:factory()", "path/to/file.py" or "file.py:app".

What is wrong with the target is one sentence (`TargetError`). An exception inside the user's own module is the
user's to see, and passes through as it is.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from debugkit.errors import DebugkitError
from debugkit.paths import named, working_folder

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

#: What applications are called, most telling first; the last ones are called to get the application.
NAMES = ("app", "application")
FACTORIES = ("create_app", "make_app")
#: The files that hold it, where the target does not say.
FILES = ("app.py", "wsgi.py", "application.py", "main.py")


class TargetError(DebugkitError):
    """There is no application where the target says."""


@dataclass(frozen=True, slots=True)
class Target:
    """A target taken apart. ``name`` is a dotted attribute, empty to look for the usual names."""

    module: str
    path: Path | None = None
    name: str = ""
    call: bool = False

    @property
    def folder(self) -> Path:
        """Where its modules are looked for first: beside the file that a link leads to, else the working directory."""
        if self.path is None:
            return working_folder()
        return Path(os.path.realpath(self.path)).parent if self.path.is_symlink() else self.path.parent

    @property
    def identity(self) -> str:
        """What stays the same when the same application is started again, from wherever."""
        return f"{self.path or self.module}:{self.name}"


def find(folder: Path, environ: Mapping[str, str] = os.environ) -> Target:
    """The application of a project, by the names that projects give it. Imports nothing.

    Looks for FLASK_APP, ``app.py`` and the like, and Django's ``wsgi.py``. Raises `TargetError`.
    """
    if text := environ.get("FLASK_APP"):
        return parse(text)
    for name in FILES:
        if (folder / name).is_file():
            return Target(_stem(folder / name), named(folder / name))
    if (folder / "manage.py").is_file():
        found = sorted(path for path in folder.glob("*/wsgi.py") if (path.parent / "__init__.py").is_file())
        if len(found) == 1:
            return Target(f"{found[0].parent.name}.wsgi")
    packages = sorted(path.parent for path in folder.glob("*/__init__.py"))
    found = [package / name for package in packages for name in FILES if (package / name).is_file()]
    if len(found) == 1:
        return Target(f"{found[0].parent.name}.{found[0].stem}")
    raise TargetError(
        f"There is no application in {folder}: looked for {', '.join(FILES)}, and wsgi.py of a Django project. "
        "Name it: debugkit run module:app, or debugkit run path/to/file.py."
    )


def parse(text: str) -> Target:
    """Take a target apart; files must exist. Raises `TargetError`."""
    place, name = _split(text)
    call = name.endswith("()")
    name = name.removesuffix("()")
    if name and not all(part.isidentifier() for part in name.split(".")):
        raise TargetError(
            f"{text!r} has no name of an application behind the colon: write module:app or module:make_app()."
        )
    path = Path(place)
    if path.suffix == ".py" or "/" in place or "\\" in place:
        return Target(_stem(path), named(path), name, call)
    if not all(part.isidentifier() for part in place.split(".")):
        raise TargetError(f"{place!r} is not the name of a module: write module:app, or the path of a .py file.")
    return Target(place, None, name, call)


def load(target: Target) -> WSGIApplication:
    """Import the module and return the application. Raises `TargetError`, and whatever the module itself raises."""
    if str(target.folder) not in sys.path:
        sys.path.insert(0, str(target.folder))
    module = _import(target)
    if target.name:
        found = _attribute(module, target.name)
        return _application(found() if target.call else found, f"{target.module}:{target.name}")
    return _search(module)


def _split(text: str) -> tuple[str, str]:
    """Place and name. The colon behind a drive letter of Windows is no separator."""
    place, colon, name = text.rpartition(":")
    return (place, name) if colon and not name.startswith(("\\", "/")) else (text, "")


def _stem(path: Path) -> str:
    if path.is_dir():
        raise TargetError(f"{path} is a folder: give a file in it, such as {path / 'app.py'}.")
    if not path.is_file():
        names = [str(other) for other in path.parent.glob("*.py")] if path.parent.is_dir() else []
        raise TargetError(f"There is no file {path}{_did_you_mean(str(path), names) or '.'}")
    return path.stem


def _import(target: Target) -> ModuleType:
    if target.path is None:
        _refuse_unknown(target.module)
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
    found: Any = module
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError as error:
            if error.obj is not found:
                raise  # the module's own __getattr__, or a property, failed inside
            hint = _did_you_mean(part, _public(found)) or _candidates(module)
            raise TargetError(f"{module.__name__!r} has no {name!r}{hint or '.'}") from error
    return found


def _search(module: ModuleType) -> WSGIApplication:
    for name in NAMES:
        if callable(found := getattr(module, name, None)):
            return _application(found, f"{module.__name__}:{name}")
    for name in FACTORIES:
        if callable(factory := getattr(module, name, None)):
            return _application(factory(), f"{module.__name__}:{name}()")
    # An object of Flask, or of a framework made like it, under any name.
    if len(objects := [name for name in _public(module) if _is_wsgi_object(getattr(module, name, None))]) == 1:
        return _application(getattr(module, objects[0]), f"{module.__name__}:{objects[0]}")
    raise TargetError(
        f"There is no application in {module.__name__!r}, as {module.__name__}:NAME would tell; looked for "
        f"{', '.join(NAMES + FACTORIES)}{_candidates(module) or '.'}"
    )


def _is_wsgi_object(value: object) -> bool:
    return callable(getattr(type(value), "wsgi_app", None))


def _application(found: Any, where: str) -> WSGIApplication:
    if not callable(found):
        raise TargetError(f"{where} is a {type(found).__name__}, which cannot be called as a WSGI application is.")
    return found  # type: ignore[no-any-return]  # its arguments are seen when a request comes


def _candidates(module: ModuleType) -> str:
    """Callables that the module defines itself or that are objects of a class from elsewhere, such as Flask."""
    names = [name for name in _public(module) if _could_be(getattr(module, name, None), module)]
    return f"; it has {', '.join(names[:8])}." if names else ""


def _could_be(value: object, module: ModuleType) -> bool:
    if isinstance(value, (type, Callable)) and hasattr(value, "__qualname__"):  # type: ignore[arg-type]
        return getattr(value, "__module__", None) == module.__name__
    return callable(value)


def _public(found: object) -> list[str]:
    return [name for name in dir(found) if not name.startswith("_")]


def _did_you_mean(name: str, names: list[str]) -> str:
    close = get_close_matches(name, names, n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(close)}?" if close else ""
