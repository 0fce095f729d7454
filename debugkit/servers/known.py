"""Where the servers of this user answer that have had an error: a small file for each, for ``debugkit errors``.

The address is all that is kept, and whoever asks there is judged as any client is. Over a Unix socket nobody can tell
where a client is: a key is kept too, which shows that it can read files of this user.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, field, fields
from pathlib import Path
from typing import Final

from debugkit import private_files
from debugkit.frozen import frozen

#: The folder in that of the user's state.
FOLDER: Final = "servers"
#: Servers that are kept; the oldest make room. Bytes of a file that are read.
MOST: Final = 50
_MOST_BYTES: Final = 10_000
#: The header that has the key, and how the address of a Unix socket begins.
KEY_HEADER: Final = "X-Debugkit-Reader"
UNIX: Final = "http://unix:"


@frozen
class Address:
    """``base`` is what the debugger's addresses begin with, such as ``http://127.0.0.1:8000/__debugkit__``.

    At a Unix socket, ``socket`` is its path, ``key`` is what to send along, and ``base`` is as nginx writes it:
    ``http://unix:/run/shop.sock:/__debugkit__``.
    """

    base: str
    socket: str = ""
    key: str = field(default="", repr=False)

    @property
    def root(self) -> str:
        """What stands before the paths of the server."""
        return f"{UNIX}{self.socket}:" if self.socket else "/".join(self.base.split("/", 3)[:3])


@frozen
class KnownServer:
    """A server at an address, and the file that says so."""

    address: Address
    file: Path

    def forget(self) -> None:
        """Nobody answers there any more."""
        with suppress(OSError):
            self.file.unlink()


def at_socket(path: str, below: str, key: str) -> Address:
    """The address of the debugger at the Unix socket ``path``, whose addresses begin with ``below`` there."""
    return Address(f"{UNIX}{path}:{below}", path, key)


def note(state: Path, address: Address) -> None:
    """Keep that a server answers at ``address``, in the folder of the user's state. Raises `OSError`."""
    folder = state / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    private_files.require_private_folder(folder)
    name = hashlib.sha256(address.base.encode("utf-8", "backslashreplace")).hexdigest()[:16]
    private_files.replace(folder / f"{name}.json", json.dumps(asdict(address)).encode("ascii"), 0o600)
    for server in list(known(state))[MOST:]:
        server.forget()


def known(state: Path) -> Iterator[KnownServer]:
    """The servers, the one that had an error last first; some may have ended."""
    folder = state / FOLDER
    try:
        private_files.require_private_folder(folder)
        files = [path for path in folder.iterdir() if path.suffix == ".json"]
    except OSError:
        return
    for path in sorted(files, key=_changed, reverse=True):
        if address := _address(path):
            yield KnownServer(address, path)


def _changed(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0.0


def _address(path: Path) -> Address | None:
    try:
        file = os.open(path, os.O_RDONLY | private_files.FLAGS)
    except OSError:
        return None
    with os.fdopen(file, "rb") as stream:
        data = stream.read(_MOST_BYTES) if private_files.is_ours(os.fstat(file)) else b""
    try:
        content = json.loads(data)
        address = Address(*(str(content.get(part.name, "")) for part in fields(Address)))
    except (ValueError, AttributeError):
        return None
    return address if address.base.startswith(("http://", "https://")) else None
