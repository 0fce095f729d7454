"""What a process leaves of its errors for the time when it is gone: documents as they would have been sent.

A file holds a row for the list, and behind it the compressed documents by name. Knows neither pages nor viewers: what
is secret has been taken out of both before.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from debugkit import private_files
from debugkit.frozen import frozen

SUFFIX = ".error"
#: Snapshots kept by all processes of a server, and their bytes; the oldest make room.
MOST = 100
MOST_BYTES = 20_000_000
#: Bytes of one, compressed, and of its documents.
LARGEST = 1_000_000
LARGEST_DOCUMENTS = 16_000_000
_HEAD = struct.Struct("!4sI")
_MAGIC = b"dke1"
#: Bytes of a row.
_ROW = 65_536


@frozen
class Document:
    """One form of an error: its headers and its body."""

    headers: tuple[tuple[str, str], ...]
    body: str


def write(folder: Path, error_id: str, row: Mapping[str, Any], documents: Mapping[str, Document]) -> None:
    """Write a snapshot, and remove the oldest beyond the bounds. Raises `OSError`; what is too long is left out."""
    first = json.dumps(row).encode("ascii")
    whole = json.dumps({name: [list(document.headers), document.body] for name, document in documents.items()}).encode(
        "ascii"
    )
    if len(whole) > LARGEST_DOCUMENTS:
        return
    data = _HEAD.pack(_MAGIC, len(first)) + first + zlib.compress(whole, 1)
    if len(first) <= _ROW and len(data) <= LARGEST:
        private_files.replace(folder / f"{error_id}{SUFFIX}", data, 0o600)
        _trim(folder)


def _trim(folder: Path) -> None:
    kept = []
    for path in folder.iterdir():
        with suppress(OSError):
            if not path.is_socket():
                status = path.lstat()
                kept.append((status.st_mtime_ns, status.st_size, path))
    total = 0
    for number, (_, size, path) in enumerate(sorted(kept, reverse=True)):
        total += size
        if number >= MOST or total > MOST_BYTES:
            with suppress(OSError):
                path.unlink()


def remove(folder: Path) -> None:
    """Remove all snapshots. Raises `OSError`."""
    for path in folder.iterdir():
        if path.suffix == SUFFIX:
            path.unlink(missing_ok=True)


def read_rows(folder: Path) -> dict[str, dict[str, Any]]:
    """The rows of all snapshots, by the error's id."""
    try:
        paths = [path for path in folder.iterdir() if path.suffix == SUFFIX]
    except OSError:
        return {}
    rows = {path.stem: _split(_read(path, _HEAD.size + _ROW))[0] for path in paths}
    return {error_id: row for error_id, row in rows.items() if row}


def read_document(folder: Path, error_id: str, name: str) -> Document | None:
    """A document of a snapshot; `None` when there is no snapshot, or nothing of that name in it."""
    _, compressed = _split(_read(folder / f"{error_id}{SUFFIX}", LARGEST))
    try:
        headers, body = json.loads(zlib.decompressobj().decompress(compressed, LARGEST_DOCUMENTS))[name]
        return Document(tuple((str(key), str(value)) for key, value in headers), str(body))
    except (zlib.error, ValueError, KeyError, TypeError, RecursionError):
        return None


def _read(path: Path, most: int) -> bytes:
    try:
        file = os.open(path, os.O_RDONLY | private_files.FLAGS)
    except OSError:
        return b""
    with os.fdopen(file, "rb") as stream:
        return stream.read(most) if private_files.is_ours(os.fstat(file)) else b""


def _split(data: bytes) -> tuple[dict[str, Any], bytes]:
    """The row and what follows it; nothing where the file is cut off or not a snapshot."""
    if len(data) < _HEAD.size:
        return {}, b""
    magic, size = _HEAD.unpack_from(data)
    try:
        row = json.loads(data[_HEAD.size : _HEAD.size + size]) if magic == _MAGIC and size <= _ROW else None
    except ValueError:
        row = None
    return (row, data[_HEAD.size + size :]) if isinstance(row, dict) else ({}, b"")
