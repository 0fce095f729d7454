"""A module that is missing, hidden by a file of the project, or imported in a circle."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Final

from debugkit.debug.causes.scene import Scene
from debugkit.debug.safe import inspection
from debugkit.debug.tracebacks.libraries import file_of_module, is_library
from debugkit.raised import field

#: Modules whose distribution has another name, and the distribution.
_DISTRIBUTIONS: Final = {
    "allauth": "django-allauth",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "corsheaders": "django-cors-headers",
    "crispy_forms": "django-crispy-forms",
    "Crypto": "pycryptodome",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "debug_toolbar": "django-debug-toolbar",
    "discord": "discord.py",
    "django_extensions": "django-extensions",
    "django_filters": "django-filter",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "environ": "django-environ",
    "fitz": "PyMuPDF",
    "flask_cors": "Flask-Cors",
    "flask_login": "Flask-Login",
    "flask_migrate": "Flask-Migrate",
    "flask_sqlalchemy": "Flask-SQLAlchemy",
    "flask_wtf": "Flask-WTF",
    "git": "GitPython",
    "gi": "PyGObject",
    "jose": "python-jose",
    "jwt": "PyJWT",
    "kafka": "kafka-python",
    "ldap": "python-ldap",
    "magic": "python-magic",
    "multipart": "python-multipart",
    "MySQLdb": "mysqlclient",
    "nacl": "PyNaCl",
    "OpenSSL": "pyOpenSSL",
    "PIL": "Pillow",
    "pkg_resources": "setuptools",
    "pptx": "python-pptx",
    "psycopg2": "psycopg2-binary",
    "rest_framework": "djangorestframework",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "slugify": "python-slugify",
    "storages": "django-storages",
    "usb": "pyusb",
    "win32api": "pywin32",
    "yaml": "PyYAML",
    "zmq": "pyzmq",
}
_NOT_A_PACKAGE: Final = re.compile(r"No module named '[\w.]{1,200}'; '([\w.]{1,200})' is not a package")
#: Modules of a circle that are named.
_MOST_STEPS: Final = 6


def cause(scene: Scene) -> str:
    exc = scene.exc
    if issubclass(type(exc), AttributeError):
        owner = field(AttributeError, "obj", exc)
        if not issubclass(type(owner), ModuleType):
            return ""
        name = inspection.exact_str((inspection.instance_dict(owner) or {}).get("__name__"))
        return _circle(scene, name) or _hiding(name)
    if not issubclass(type(exc), ImportError):
        return ""
    name = inspection.exact_str(field(ImportError, "name", exc))
    if match := _NOT_A_PACKAGE.match(scene.message):
        return _hiding(match[1])
    if type(exc) is ModuleNotFoundError:
        return _distribution(name)
    return _circle(scene, name) or _hiding(name)


def distribution_of(module: str) -> str:
    """The distribution to install for a module: most have the same name."""
    return _DISTRIBUTIONS.get(module, module)


def _distribution(name: str) -> str:
    top = name.partition(".")[0]
    distribution = _DISTRIBUTIONS.get(top)
    return f"The module {top} is in the distribution {distribution}: pip install {distribution}" if distribution else ""


def _hiding(name: str) -> str:
    """A file of the project that has the name of a module of Python or of an installed package."""
    path = file_of_module(name)
    if not path or not name.isidentifier() or is_library(path):
        return ""
    if name in sys.stdlib_module_names:
        return f"{inspection.printable(path)} hides the module {name} of the standard library."
    installed = any((folder / name).is_dir() for folder in _installed())
    return f"{inspection.printable(path)} hides the installed package {name}." if installed else ""


def _installed() -> Iterator[Path]:
    """The folders that installers write to."""
    for entry in list(sys.path):
        if type(entry) is str and Path(entry).name in ("site-packages", "dist-packages"):
            yield Path(entry)


def _circle(scene: Scene, name: str) -> str:
    """The modules that import each other, from the one that was not ready."""
    if "partially initialized module" not in scene.message:
        return ""
    running = [frame.module for frame in scene.frames if frame.name == "<module>" and frame.module]
    if name not in running:
        return ""
    steps = list(dict.fromkeys(running[running.index(name) :]))
    if len(steps) > _MOST_STEPS:
        return ""
    if len(steps) == 1:
        return f"{name} imports itself."
    return f"{steps[0]} imports {', which imports '.join([*steps[1:], steps[0]])}."
