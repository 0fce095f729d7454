"""Editors, the URLs that open a line of a file in them, and where a file of the server is for the editor.

In a container, in WSL or on another machine the server's paths are not the editor's.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import quote

from debugkit.converters import texts, wrong

#: The URL schemes that editors register with the desktop. {path} is absolute and percent-encoded.
EDITORS = {
    "vscode": "vscode://file/{path}:{line}:{column}",
    "vscode-insiders": "vscode-insiders://file/{path}:{line}:{column}",
    "vscode-remote": "vscode://vscode-remote/{path}:{line}:{column}",
    "vscode-insiders-remote": "vscode-insiders://vscode-remote/{path}:{line}:{column}",
    "vscodium": "vscodium://file/{path}:{line}:{column}",
    "cursor": "cursor://file/{path}:{line}:{column}",
    "windsurf": "windsurf://file/{path}:{line}:{column}",
    "trae": "trae://file/{path}:{line}:{column}",
    "zed": "zed://file/{path}:{line}:{column}",
    "pycharm": "pycharm://open?file={path}&line={line}&column={column}",
    "idea": "idea://open?file={path}&line={line}&column={column}",
    "phpstorm": "phpstorm://open?file={path}&line={line}&column={column}",
    "rubymine": "x-mine://open?file={path}&line={line}&column={column}",
    "sublime": "subl://open?url=file://{path}&line={line}&column={column}",
    "textmate": "txmt://open?url=file://{path}&line={line}&column={column}",
    "emacs": "emacs://open?url=file://{path}&line={line}&column={column}",
    "vim": "mvim://open?url=file://{path}&line={line}&column={column}",
    "macvim": "mvim://open?url=file://{path}&line={line}&column={column}",
    "nvim": "nvim://open?url=file://{path}&line={line}&column={column}",
    "nova": "nova://open?path={path}&line={line}:{column}",
    "atom": "atom://core/open/file?filename={path}&line={line}&column={column}",
    "netbeans": "netbeans://open/?f={path}:{line}",
    "espresso": "x-espresso://open?filepath={path}&lines={line}",
    "xdebug": "xdebug://{path}@{line}",
}
#: What people call them, where that is not the name itself.
_LABELS = {
    "vscode": "VS Code",
    "vscode-insiders": "VS Code Insiders",
    "vscode-remote": "VS Code remote",
    "vscode-insiders-remote": "Insiders remote",
    "vscodium": "VSCodium",
    "pycharm": "PyCharm",
    "idea": "IntelliJ IDEA",
    "phpstorm": "PhpStorm",
    "rubymine": "RubyMine",
    "sublime": "Sublime Text",
    "textmate": "TextMate",
    "macvim": "MacVim",
    "nvim": "Neovim",
    "netbeans": "NetBeans",
}
#: Schemes of browsers, which would run or show the path.
REFUSED = ("javascript", "data", "vbscript", "blob", "file")
#: Files that container engines put at the root.
_IN_CONTAINER = ("/.dockerenv", "/run/.containerenv")
#: Between two folders, as in PATH; not behind the letter of a drive.
_SEPARATOR = re.compile(r"(?<![=;:][A-Za-z]):|;" if os.pathsep == ":" else ";")


class EditorPath(NamedTuple):
    """A folder as the server calls it, and as the editor does."""

    server: str
    editor: str


def label(name: str) -> str:
    return _LABELS.get(name, name.capitalize())


def editor(value: Any, source: str) -> str | None:
    """The URL of an editor by name or as given; an empty text, as an argument, switches the links off."""
    if value == "":
        return None
    if not isinstance(value, str) or not re.search("[:{]", value):
        if url := EDITORS.get(str(value).lower()):
            return url
        raise wrong(value, source, f"write one of {', '.join(EDITORS)}, or a URL with {{path}} and {{line}}.")
    scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]*(?=:)", value)
    if not scheme or scheme[0].lower() in REFUSED:
        raise wrong(value, source, "start the URL with the scheme of an editor, as in vscode://file/{path}:{line}.")
    rest = re.sub(r"\{(path|line|column)\}", "", value)
    if "{path}" not in value or "{line}" not in value or re.search("[{}]", rest):
        raise wrong(value, source, "use {path} and {line}, and {column} where the editor knows it.")
    return value


def editor_paths(value: Any, source: str) -> tuple[EditorPath, ...]:
    """Pairs of folders, ``/app=~/shop``: several in a list, or in one text, separated as in PATH."""
    pairs = _SEPARATOR.split(value) if isinstance(value, str) else texts(value, source)
    return tuple(_pair(pair, source) for pair in pairs if pair.strip())


def _pair(pair: str, source: str) -> EditorPath:
    server, _, local = (part.strip() for part in pair.partition("="))
    if not local or not os.path.isabs(server):  # noqa: PTH117 - compared as text
        raise wrong(pair, source, "write the folder on the server and the folder of the editor, as in /app=~/shop.")
    return EditorPath(server.rstrip(r"\/"), _at_home(local).rstrip(r"\/"))


def _at_home(local: str) -> str:
    """``~`` is the user's home; in a container, that of another system, which only the page can ask for."""
    return local if any(map(os.path.exists, _IN_CONTAINER)) else os.path.expanduser(local)  # noqa: PTH111


def mapped(filename: str, paths: Iterable[EditorPath]) -> str:
    """The path of a file for the editor: what is mapped most closely counts."""
    for path in sorted(paths, key=lambda path: len(path.server), reverse=True):
        rest = filename.removeprefix(path.server)
        if filename.startswith(path.server) and (not rest or rest[0] in r"\/"):
            return path.editor + (rest.replace("\\", "/") if "\\" not in path.editor else rest.replace("/", "\\"))
    return filename


def filled(template: str, path: str, line: int, column: int) -> str:
    """The link that opens a file. A ``+`` is a blank in the query of a URL, and itself before it."""
    safe = "/:" if "?" in template.partition("{path}")[0] else "/:+"
    text = template.replace("{path}", quote(path, safe=safe, errors="replace"))
    return text.replace("{line}", str(line)).replace("{column}", str(column))


def listed() -> list[dict[str, str]]:
    """The editors as the page offers them."""
    return [{"name": name, "label": label(name), "url": url} for name, url in EDITORS.items()]
