"""Finds static/ and templates/: inside the package (wheel), else beside it (checkout, editable install).

Knows files and their types, and nothing of requests.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import debugkit
from debugkit.editors import listed
from debugkit.frozen import frozen

#: By suffix; what is not listed is not served.
CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}

#: The style sheets of static/styles/, a file for each component, in the order of their cascade.
STYLES = (
    "tokens",
    "base",
    "controls",
    "bar",
    "headline",
    "frames",
    "panels",
    "dialogs",
    "recents",
    "message",
    "live",
    "frame",
    "source",
    "values",
    "origins",
    "searches",
    "console",
    "commands",
    "results",
    "syntax",
    "contrast",
    "print",
)

#: Those that are loaded when they are needed, each as a file of its own, with the module that needs it.
LATER = ("completion",)


#: A file that a module imports, unless by ``import()``.
_IMPORT = re.compile(r'^(?:import|export)\b[^;(]*?"\./([^"]+)";', re.MULTILINE)


#: Comments that have their lines for themselves, as all in static/ have, and in style sheets all others.
_SCRIPT_NOISE = re.compile(rb"^[ \t]*(?://[^\n]*|/\*\*.*?\*/)[ \t]*$", re.MULTILINE | re.DOTALL)
_STYLE_NOISE = re.compile(rb"/\*.*?\*/", re.DOTALL)
#: Where a line of a style sheet needs no end, and a property no blank.
_RULE_END = re.compile(rb" ?([{};,])\n")
_PROPERTY = re.compile(rb"^([\w-]+:) ", re.MULTILINE)


@frozen
class Asset:
    """A file of static/, whole."""

    body: bytes
    content_type: str


@cache
def folder(name: str) -> Traversable:
    """The folder ``static`` or ``templates``, wherever this installation keeps it."""
    inside = files("debugkit") / name
    return inside if inside.is_dir() else Path(debugkit.__file__).parents[1] / name


@cache
def static_files() -> dict[str, Asset]:
    """Every servable file by name. A dictionary cannot be walked out of with ``..``."""
    served = {
        entry.name: Asset(entry.read_bytes(), CONTENT_TYPES[Path(entry.name).suffix])
        for entry in sorted(folder("static").iterdir(), key=lambda entry: entry.name)
        if Path(entry.name).suffix in CONTENT_TYPES
    }
    editors = Asset(json.dumps(listed()).encode(), CONTENT_TYPES[".json"])
    sheets = {"page.css": "\n".join(map(style, STYLES))} | {f"{name}.css": style(name) for name in LATER}
    styles = {name: Asset(text.encode(), CONTENT_TYPES[".css"]) for name, text in sheets.items()}
    return served | styles | {"editors.json": editors}


def style(name: str) -> str:
    """The text of one style sheet; pages load all of them as one, ``page.css``."""
    return (folder("static") / "styles" / f"{name}.css").read_text("utf-8")


@lru_cache(maxsize=256)
def compact(asset: Asset) -> bytes:
    """A script or a style sheet without comments and indentation, a quarter of it; else the file as it is.

    Nothing else is changed, so that what a browser's tools show can be read.
    """
    if asset.content_type == CONTENT_TYPES[".js"]:
        return _without(_SCRIPT_NOISE, asset.body)
    if asset.content_type == CONTENT_TYPES[".css"]:
        return _RULE_END.sub(rb"\1", _PROPERTY.sub(rb"\1", _without(_STYLE_NOISE, asset.body)))
    return asset.body


def _without(noise: re.Pattern[bytes], text: bytes) -> bytes:
    lines = (line.strip() for line in noise.sub(b"", text).splitlines())
    return b"\n".join(line for line in lines if line)


@cache
def modules() -> tuple[str, ...]:
    """What ``debugkit.js`` imports, and what that imports: pages name them all, or browsers would ask in several turns.

    What is fetched when it is first used, by ``import()``, is not among them.
    """
    files, names = static_files(), ["debugkit.js"]
    for name in names:
        imported = _IMPORT.findall(files[name].body.decode())
        names += [other for other in dict.fromkeys(imported) if other not in names]
    return tuple(names[1:])


@cache
def static_key() -> str:
    """Changes whenever any asset does; it is part of their URLs, so that browsers may cache them forever."""
    digest = hashlib.sha256()
    for name, asset in static_files().items():
        digest.update(name.encode() + b"\0" + asset.body)
    return digest.hexdigest()[:12]


def template_source(name: str) -> str:
    """The text of a template, by folder and name: ``pages/message.html``. Raises `FileNotFoundError`."""
    return (folder("templates") / name).read_text("utf-8")
