"""Unix sockets that this process listens on, however its server opened them, and how one is asked over HTTP.

Linux only: elsewhere a process cannot look at its sockets without changing them.
"""

from __future__ import annotations

import os
import re
import socket
import stat
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ssl import SSLContext

#: A line of /proc/net/unix (proc(5)): the flags of a socket that accepts connections, its inode, and its path.
_LISTENS: Final = re.compile(r"^\S+ \S+ \S+ 00010000 0001 \S+ +(\d+) ([^@\n].*)$", re.MULTILINE)


def listening() -> list[str]:
    """The paths, absolute; none where the system does not say."""
    try:
        table = Path("/proc/self/net/unix").read_text("utf-8", "surrogateescape")
        descriptors = list(Path("/proc/self/fd").iterdir())
    except OSError:
        return []
    paths = {f"socket:[{inode}]": path for inode, path in _LISTENS.findall(table)}
    own = {_target(descriptor) for descriptor in descriptors} if paths else set()
    return sorted(str(Path(path).absolute()) for target, path in paths.items() if target in own)


def _target(descriptor: Path) -> str:
    with suppress(OSError):  # that of the folder itself, which is closed again
        return str(descriptor.readlink())
    return ""


class UnixConnection(HTTPConnection):
    """HTTP over the Unix socket at ``path``, with TLS if there is a ``context`` for it.

    Raises `PermissionError` where another user has made the socket.
    """

    def __init__(self, path: str, timeout: float, context: SSLContext | None = None) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path
        self._context = context

    def connect(self) -> None:
        status = os.lstat(self._path)
        if not stat.S_ISSOCK(status.st_mode):
            raise FileNotFoundError("there is no socket any more")
        if status.st_uid not in (os.getuid(), 0):  # systemd makes sockets as root
            raise PermissionError("the socket belongs to another user")
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
        if self._context is not None:
            self.sock = self._context.wrap_socket(self.sock)
