"""A WSGI middleware that answers requests for files, and hands all others to the application.

Follows RFC 9110 for conditional requests (13) and ranges (14). Knows no server; that files stay inside of the folders
they are served from is decided in `locate`.
"""

from __future__ import annotations

import importlib.util
import mimetypes
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from debugkit.errors import ConfigurationError
from debugkit.frozen import frozen

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: A folder, a file, or a package and a path below it.
Place = str | os.PathLike[str] | tuple[str, str]

BLOCK = 262_144

#: What browsers would guess the encoding of.
_TEXT = re.compile(r"text/|application/(javascript|json)$|.*\+xml$")
_COMPRESSED = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}
#: Names that Windows takes for a device in every folder, with any suffix, and characters with a meaning in its paths.
_WINDOWS = re.compile(r"(?i)(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\..*)?$|.*[:*?\"<>|]|.*[. ]$")
#: One range. No file has 10^19 bytes.
_RANGE = re.compile(r"(?i)bytes\s*=\s*(?:([0-9]{1,19})\s*-\s*([0-9]{0,19})|-\s*([0-9]{1,19}))")
_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')


@frozen
class Mount:
    """Files below ``prefix``, which ends with "/" when ``root`` is a folder."""

    prefix: str
    root: Path


class StaticFiles:
    """Serves files below prefixes of the path, and ``app`` everything else.

    ``mapping`` says which: ``{"/static": "folder"}``, ``{"/favicon.ico": "file"}``, ``{"/lib": ("package", "folder")}``
    or pairs of these; the first one that has the file wins. Methods other than GET and HEAD, and paths where there is
    no file that may be read, are the application's. Raises `ConfigurationError` for a place that does not exist.
    """

    def __init__(
        self,
        app: WSGIApplication,
        mapping: Mapping[str, Place] | Iterable[tuple[str, Place]],
        *,
        platform: str = sys.platform,
    ) -> None:
        pairs = mapping.items() if isinstance(mapping, Mapping) else mapping
        self.app = app
        self._mounts = [make_mount(prefix, place) for prefix, place in pairs]
        self._windows = platform == "win32"

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            for path in self._candidates(environ.get("PATH_INFO", "")):
                if file := open_file(path):
                    return respond(file, path.name, environ, start_response)
        return self.app(environ, start_response)

    def _candidates(self, path_info: str) -> Iterator[Path]:
        try:
            path = path_info.encode("latin-1").decode("utf-8")
        except UnicodeError:  # the name of no file of ours
            return
        for mount in self._mounts:
            if not mount.prefix.endswith("/"):
                if path == mount.prefix:
                    yield mount.root
            elif path.startswith(mount.prefix):
                located = locate(mount.root, path[len(mount.prefix) :], windows=self._windows)
                if located is not None:
                    yield located


def make_mount(prefix: str, place: Place) -> Mount:
    """Raises `ConfigurationError` when there is nothing at ``place``."""
    if not prefix.startswith("/"):
        raise ConfigurationError(f"{prefix!r} is not a prefix for static files: it must begin with a slash.")
    root = package_path(*place) if isinstance(place, tuple) else Path(place).absolute()
    if root.is_dir():
        return Mount(f"{prefix.rstrip('/')}/", root)
    if not root.is_file():
        raise ConfigurationError(f"There is no file or folder {root} to serve at {prefix}: check static_files.")
    return Mount(prefix.rstrip("/") or prefix, root)


def package_path(package: str, path: str) -> Path:
    """``path`` below the folder of a package, which is not imported (but those that it is inside of are)."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):  # ValueError: __main__, which has no spec
        spec = None
    if spec is None:
        raise ConfigurationError(f"There is no package {package!r} to serve files from: check static_files.")
    folders = list(spec.submodule_search_locations or [os.path.dirname(spec.origin or "")])  # noqa: PTH120
    places = [Path(folder).absolute() / path for folder in folders]
    existing = [place for place in places if place.exists()]
    return (existing or places)[0]


def locate(root: Path, name: str, *, windows: bool) -> Path | None:
    """The path of the file ``name`` in the folder ``root``. `None`: that would not be inside of it."""
    steps = name.split("/")
    if any(step in ("", ".", "..") or "\\" in step or "\0" in step for step in steps):
        return None
    if windows and any(_WINDOWS.match(step) for step in steps):
        return None
    try:
        resolved, folder = root.joinpath(*steps).resolve(strict=True), root.resolve(strict=True)
    except (OSError, RuntimeError, ValueError):  # missing, a loop of links, or a name that the system does not take
        return None
    return resolved if resolved.is_relative_to(folder) else None  # a link may lead outside


def open_file(path: Path) -> BinaryIO | None:
    """The open file. `None`: it is none, such as a folder or a pipe, or it may not be read."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return None
        return path.open("rb")
    except OSError:
        return None


# The response.


@frozen
class Version:
    """What tells one state of a file from another."""

    size: int  # bytes
    modified: int  # seconds since the epoch, as precise as HTTP is
    etag: str

    @property
    def date(self) -> str:
        return formatdate(self.modified, usegmt=True)

    def is_known(self, environ: WSGIEnvironment) -> bool:
        """Whether the client has it already (RFC 9110, 13.1.2 and 13.1.3: the date counts without a tag only)."""
        tags = environ.get("HTTP_IF_NONE_MATCH")
        if tags is not None:
            return tags.strip() == "*" or self.etag in _TAG.findall(tags)
        since = parse_date(environ.get("HTTP_IF_MODIFIED_SINCE", ""))
        return since is not None and self.modified <= since

    def asked_range(self, environ: WSGIEnvironment) -> range | None:
        """The bytes that the client asks for; empty when the file has none like that. `None`: it gets the whole file.

        A range that is not understood is ignored (RFC 9110, 14.2), and so are several in one request, and one of a
        version that is gone (13.1.5, where weak tags match nothing).
        """
        match = _RANGE.fullmatch(environ.get("HTTP_RANGE", "").strip())
        if match is None or environ.get("HTTP_IF_RANGE", self.etag).strip() not in (self.etag, self.date):
            return None
        first, last, suffix = match.groups()
        if suffix is not None:
            return range(max(0, self.size - int(suffix)), self.size)
        if last and int(last) < int(first):  # not valid, and so not understood
            return None
        return range(int(first), min(self.size, int(last) + 1) if last else self.size)


def version_of(file: BinaryIO) -> Version:
    status = os.fstat(file.fileno())
    return Version(status.st_size, int(status.st_mtime), f'"{status.st_mtime_ns:x}-{status.st_size:x}"')


def respond(file: BinaryIO, name: str, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """What a request for ``file``, which is closed in the end, gets."""
    version = version_of(file)
    # The file may be another one at the next request: ask again each time.
    headers = [("ETag", version.etag), ("Last-Modified", version.date), ("Cache-Control", "no-cache")]
    if version.is_known(environ):
        file.close()
        start_response("304 Not Modified", headers)
        return []
    headers += [("Content-Type", content_type(name)), ("Accept-Ranges", "bytes")]
    if environ["REQUEST_METHOD"] == "HEAD":  # ranges are for GET alone
        file.close()
        start_response("200 OK", [*headers, ("Content-Length", str(version.size))])
        return []
    wanted = version.asked_range(environ)
    if wanted is not None:
        return respond_partially(file, wanted, version.size, headers, start_response)
    start_response("200 OK", [*headers, ("Content-Length", str(version.size))])
    wrap = environ.get("wsgi.file_wrapper")  # the server's own way to send a file (PEP 3333)
    return Slice(file, range(version.size)) if wrap is None else cast("Iterable[bytes]", wrap(file, BLOCK))


def respond_partially(
    file: BinaryIO, wanted: range, size: int, headers: list[tuple[str, str]], start_response: StartResponse
) -> Iterable[bytes]:
    """The bytes ``wanted`` of a file of ``size`` bytes, or that there are none of them."""
    if not wanted:
        file.close()
        unsatisfied = [("Content-Range", f"bytes */{size}"), ("Content-Length", "0")]
        start_response("416 Range Not Satisfiable", [*headers, *unsatisfied])
        return []
    place = f"bytes {wanted.start}-{wanted.stop - 1}/{size}"
    start_response("206 Partial Content", [*headers, ("Content-Range", place), ("Content-Length", str(len(wanted)))])
    return Slice(file, wanted)


class Slice:
    """Some bytes of a file, as an iterable for WSGI."""

    def __init__(self, file: BinaryIO, wanted: range) -> None:
        file.seek(wanted.start)
        self._file = file
        self._left = len(wanted)

    def __iter__(self) -> Iterator[bytes]:
        while self._left > 0 and (data := self._file.read(min(BLOCK, self._left))):
            self._left -= len(data)
            yield data

    def close(self) -> None:
        self._file.close()


def parse_date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def content_type(name: str) -> str:
    """By the suffix. A compressed file is what it is: browsers are not to unpack what people want to download."""
    kind, encoding = _types().guess_type(f"/{name}")  # the slash: "data:" is not a scheme here
    if encoding is not None:
        return _COMPRESSED.get(encoding, "application/octet-stream")
    kind = kind or "application/octet-stream"
    return f"{kind}; charset=utf-8" if _TEXT.match(kind) else kind


@lru_cache(maxsize=1)
def _types() -> mimetypes.MimeTypes:
    """Python's own table, whatever this computer's registry and files say: Windows may call JavaScript plain text."""
    return mimetypes.MimeTypes()
