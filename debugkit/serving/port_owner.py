"""Which process holds a port, where the system tells: for the sentence that says why a port cannot be had.

Never raises and never takes long; "" means that nobody knows. Opens no socket.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

#: Seconds after which the search is given up: an error message is no place to wait.
PATIENCE = 0.5
#: Characters of a command line that are shown.
COMMAND_LENGTH = 60

PROC = Path("/proc")

_LISTENING = "0A"  # TCP_LISTEN in the kernel's include/net/tcp_states.h


def holder_of_port(port: int, *, platform: str = sys.platform, proc: Path = PROC) -> str:
    """Who listens on the TCP ``port``, as "python3 app.py (process 4711)". "": the system does not tell."""
    if platform == "darwin":
        return _ask_lsof([f"-iTCP:{port}", "-sTCP:LISTEN"])
    return _owner(set(_listening_inodes(proc, port)), proc)


def holder_of_path(path: str, *, proc: Path = PROC) -> str:
    """Who listens on the Unix socket at ``path``."""
    rows = (row for row in _rows(proc / "net/unix", 8) if len(row) > 7 and row[7] == path)  # a path may have blanks
    return _owner({row[6] for row in rows}, proc)


def _listening_inodes(proc: Path, port: int) -> Iterator[str]:
    """proc_pid_net(5): the second column is the local address, the fourth the state, the tenth the inode."""
    for table in ("net/tcp", "net/tcp6"):
        for row in _rows(proc / table, 11):
            if len(row) > 9 and row[3] == _LISTENING and row[1].endswith(f":{port:04X}"):
                yield row[9]


def _rows(table: Path, columns: int) -> list[list[str]]:
    try:
        lines = table.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
    return [line.split(maxsplit=columns - 1) for line in lines[1:]]


def _owner(inodes: set[str], proc: Path, clock: Callable[[], float] = time.monotonic) -> str:
    """The first process with one of these sockets: of several that share it, most likely the one that opened it."""
    if not inodes:
        return ""
    links = {f"socket:[{inode}]" for inode in inodes}
    deadline = clock() + PATIENCE
    for pid in _processes(proc):
        if clock() > deadline:
            break
        if _has_open(proc / str(pid) / "fd", links):
            return _described(pid, _command(proc / str(pid) / "cmdline"))
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


def _described(pid: int, command: str) -> str:
    if pid == os.getpid():
        return f"this process itself ({pid})"
    printable = "".join(letter if letter.isprintable() else "?" for letter in command)
    return f"{printable or 'another program'} (process {pid})"


def _ask_lsof(selection: list[str], run: Callable[..., subprocess.CompletedProcess[str]] = subprocess.run) -> str:
    """macOS has no /proc. Each line of lsof -F is one field, and its first letter says which."""
    command = ["lsof", "-nP", "-a", "-Fpc", *selection]
    try:
        done = run(command, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError, UnicodeError):
        return ""
    fields = {line[0]: line[1:] for line in reversed(done.stdout.splitlines()) if line}
    return _described(int(fields["p"]), fields.get("c", "")) if fields.get("p", "").isdecimal() else ""
