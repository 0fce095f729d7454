"""Which process holds a port, where the system has /proc: for the sentence that says why a port cannot be had.

Never raises; "" means unknown. Opens no socket.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

#: Characters of a command line that are shown.
COMMAND_LENGTH = 60

PROC = Path("/proc")

_LISTENING = "0A"  # TCP_LISTEN in the kernel's include/net/tcp_states.h


def holder_of_port(port: int, *, proc: Path = PROC) -> str:
    """Who listens on the TCP ``port``, as "python3 app.py (process 4711)". "": the system does not tell."""
    return _owner(set(_listening_inodes(proc, port)), proc)


def _listening_inodes(proc: Path, port: int) -> Iterator[str]:
    """proc_pid_net(5): the second column is the local address, the fourth the state, the tenth the inode."""
    for table in ("net/tcp", "net/tcp6"):
        for row in _rows(proc / table):
            if len(row) > 9 and row[3] == _LISTENING and row[1].endswith(f":{port:04X}"):
                yield row[9]


def _rows(table: Path) -> list[list[str]]:
    try:
        lines = table.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
    return [line.split() for line in lines[1:]]


def _owner(inodes: set[str], proc: Path) -> str:
    """The first process with one of these sockets: of several that share it, most likely the one that opened it."""
    if not inodes:
        return ""
    links = {f"socket:[{inode}]" for inode in inodes}
    for pid in _processes(proc):
        if _has_open(proc / str(pid) / "fd", links):
            return _describe(pid, _command(proc / str(pid) / "cmdline"))
    return ""


def _processes(proc: Path) -> list[int]:
    try:
        return sorted(int(entry) for entry in (path.name for path in proc.iterdir()) if entry.isdecimal())
    except OSError:
        return []


def _has_open(folder: Path, links: set[str]) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(os.readlink(entry.path) in links for entry in entries)  # noqa: PTH115  # there may be thousands
    except OSError:  # another user's process, or it has just ended
        return False


def _command(file: Path) -> str:
    try:
        words = file.read_bytes().rstrip(b"\0").split(b"\0")
    except OSError:
        return ""
    program, *arguments = [word.decode("utf-8", "replace") for word in words]
    text = " ".join([os.path.basename(program), *arguments])  # noqa: PTH119
    return text if len(text) <= COMMAND_LENGTH else f"{text[: COMMAND_LENGTH - 1]}…"


def _describe(pid: int, command: str) -> str:
    if pid == os.getpid():
        return f"this process itself ({pid})"
    printable = "".join(letter if letter.isprintable() else "?" for letter in command)
    return f"{printable or 'another program'} (process {pid})"
