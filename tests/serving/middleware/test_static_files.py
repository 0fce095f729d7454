"""Files that are served beside an application: which, how, and never one that lies outside of their folder."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from serving_support import Client, Reply, Running, application, request, running

from debugkit.errors import ConfigurationError
from debugkit.serving.middleware.static_files import StaticFiles, content_type, locate, parse_date

LETTERS = b"abcdefghijklmnopqrstuvwxyz"
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")


def app(environ: Any) -> list[bytes]:
    return [f"the application got {environ['REQUEST_METHOD']} {environ['PATH_INFO']}".encode()]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name).resolve()
        static = root / "static"
        (static / "deep").mkdir(parents=True)
        (static / "letters.txt").write_bytes(LETTERS)
        (static / "empty.css").write_bytes(b"")
        (static / "deep" / "tea.js").write_text("'抹茶'", "utf-8")
        (static / "抹茶.html").write_text("tea", "utf-8")
        (root / "secret.txt").write_text("secret")
        (root / "static-secret.txt").write_text("secret")
        yield static


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Running]:
    mapping = {"/static": folder, "/favicon.ico": str(folder / "letters.txt"), "/": folder / "deep"}
    with running(StaticFiles(application(app), mapping)) as one:
        yield one


def modified(folder: Path, **changes: float) -> str:
    return formatdate(int((folder / "letters.txt").stat().st_mtime) + changes.get("by", 0), usegmt=True)


# What is served.


def test_a_file_is_sent_whole_with_its_type_length_and_versions(server: Running, folder: Path) -> None:
    reply = server.get("/static/letters.txt")
    assert (reply.status, reply.body) == (200, LETTERS)
    assert reply.header("Content-Type") == "text/plain; charset=utf-8"
    assert reply.header("Content-Length") == "26"
    assert reply.header("Last-Modified") == modified(folder)
    assert reply.header("Cache-Control") == "no-cache"
    assert reply.header("Accept-Ranges") == "bytes"
    etag = reply.header("ETag")
    assert etag is not None
    assert etag.startswith('"')


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/static/empty.css", b""),
        ("/static/deep/tea.js", "'抹茶'".encode()),
        ("/static/%E6%8A%B9%E8%8C%B6.html", b"tea"),
        ("/favicon.ico", LETTERS),
        ("/tea.js", "'抹茶'".encode()),
    ],
)
def test_files_are_found_below_prefixes_and_at_paths_of_their_own(server: Running, path: str, body: bytes) -> None:
    reply = server.get(path)
    assert (reply.status, reply.body) == (200, body)
    assert reply.header("ETag")


@pytest.mark.parametrize("path", ["/static", "/static/", "/static/deep", "/static/none.css", "/favicon.ico/", "/%ff"])
def test_what_is_no_file_is_the_applications(server: Running, path: str) -> None:
    assert server.get(path).body.startswith(b"the application got GET /")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods_are_the_applications(server: Running, method: str) -> None:
    reply = server.send(request(f"{method} /static/letters.txt HTTP/1.1", "Connection: close"))
    assert reply.body == f"the application got {method} /static/letters.txt".encode()


def test_head_tells_the_length_and_sends_nothing(server: Running) -> None:
    with server.client() as client:
        reply = client.send(request("HEAD /static/letters.txt HTTP/1.1", "Range: bytes=0-1")).reply(head_only=True)
        assert (reply.status, reply.header("Content-Length")) == (200, "26")
        assert client.get("/static/empty.css").body == b""


def test_a_large_file_arrives_whole(tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    (tmp_path / "large.bin").write_bytes(data)
    with running(StaticFiles(application(app), {"/": tmp_path})) as server:
        assert server.get("/large.bin").body == data
        assert server.get("/large.bin", "Range: bytes=1000000-").body == data[1_000_000:]


def test_the_first_place_that_has_the_file_wins_and_pairs_are_as_good_as_a_mapping(tmp_path: Path) -> None:
    for name, files in {"one": ["a"], "two": ["a", "b"]}.items():
        (tmp_path / name).mkdir()
        for file in files:
            (tmp_path / name / file).write_text(name)
    with running(StaticFiles(application(app), [("/s/", tmp_path / "one"), ("/s/", tmp_path / "two")])) as server:
        assert server.get("/s/a").body == b"one"
        assert server.get("/s/b").body == b"two"


def test_a_changed_file_is_served_at_once_and_has_another_tag(tmp_path: Path) -> None:
    file = tmp_path / "a.css"
    file.write_text("old")
    with running(StaticFiles(application(app), {"/": tmp_path})) as server:
        old = server.get("/a.css")
        file.write_text("new")  # the same length, most likely the same second
        os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))
        new = server.get("/a.css", f"If-None-Match: {old.header('ETag')}")
        assert (new.status, new.body) == (200, b"new")


def test_a_package_is_served_without_being_imported() -> None:
    with running(StaticFiles(application(app), {"/lib": ("xml.dom", ".")})) as server:
        assert server.get("/lib/minidom.py").body.startswith(b'"""Simple implementation of the Level 1 DOM.')


def test_a_module_stands_for_its_folder() -> None:
    with running(StaticFiles(application(app), {"/lib": ("wsgiref.validate", ".")})) as server:
        assert server.get("/lib/validate.py").status == 200


# What is never served.


@pytest.mark.parametrize(
    "path",
    [
        "/static/../secret.txt",
        "/static/..%2fsecret.txt",
        "/static/%2e%2e/secret.txt",
        "/static/%2e%2e%2fsecret.txt",
        "/static/deep/../../secret.txt",
        "/static/..%5csecret.txt",
        "/static/deep%5c..%5c..%5csecret.txt",
        "/static//etc/passwd",
        "/static/%2fetc/passwd",
        "/static/./letters.txt",
        "/static/deep/",
        "/static/letters.txt/",
        "/static/letters.txt%00.css",
        "/static-secret.txt",
        "/staticletters.txt",
        "/static/" + "x" * 5000,
        "/static/" + "x/" * 3000,
    ],
    ids=lambda path: path[:40],
)
def test_no_path_leads_out_of_the_folder(server: Running, path: str) -> None:
    reply = server.get(path)
    assert reply.body.startswith(b"the application got GET /")
    assert reply.header("ETag") is None


@posix_only
def test_a_link_is_followed_inside_of_the_folder_only(tmp_path: Path) -> None:
    static = tmp_path / "static"
    static.mkdir()
    (static / "a.txt").write_text("inside")
    (tmp_path / "b.txt").write_text("outside")
    (static / "inside").symlink_to("a.txt")
    (static / "outside").symlink_to("../b.txt")
    (static / "up").symlink_to("..")
    (static / "loop").symlink_to("loop")
    (tmp_path / "alias").symlink_to("static")
    with running(StaticFiles(application(app), {"/s": tmp_path / "alias"})) as server:
        assert server.get("/s/inside").body == b"inside"
        for path in ["/s/outside", "/s/up/b.txt", "/s/up/static/a.txt/../../b.txt", "/s/loop"]:
            assert server.get(path).body.startswith(b"the application")


@posix_only
def test_a_pipe_does_not_hang_the_server_and_an_unreadable_file_is_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "closed").write_text("x")
    (tmp_path / "closed").chmod(0)
    with running(StaticFiles(application(app), {"/": tmp_path})) as server:
        assert server.get("/pipe").body == b"the application got GET /pipe"
        if os.geteuid():  # root reads everything
            assert server.get("/closed").body == b"the application got GET /closed"


@pytest.mark.parametrize(
    "name",
    [
        "c:/windows/win.ini",
        "c:win.ini",
        "a.txt:stream",
        "a.txt::$DATA",
        "nul",
        "NUL.txt",
        "con.css",
        "com1.js",
        "COM¹",
        "lpt9",
        "aux .txt",
        "a.txt.",
        "a.txt ",
        "what?",
        "a*",
    ],
)
def test_names_that_mean_something_to_windows_are_refused_there_and_only_there(tmp_path: Path, name: str) -> None:
    if sys.platform != "win32":
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")
        assert locate(tmp_path, name, windows=False) == file
    assert locate(tmp_path, name, windows=True) is None


@pytest.mark.parametrize("name", ["console.css", "auxiliary.js", "com.js", "com10.js", ".well-known", "a.b.c"])
def test_names_that_only_look_like_devices_are_served_on_windows_too(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x")
    assert locate(tmp_path, name, windows=True) == (tmp_path / name).resolve()


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"/static": "/no/such/folder"}, "no file or folder"),
        ({"/static": ("no_such_package", "static")}, "no package 'no_such_package'"),
        ({"/static": ("no_such_package.web", "static")}, "no package"),
        ({"/static": ("__main__.x", "static")}, "no package"),
        ({"/static": ("json", "no-such-folder")}, "no-such-folder to serve at /static"),
        ({"static": "."}, "must begin with a slash"),
    ],
    ids=["folder", "package", "subpackage", "main", "folder of a package", "prefix"],
)
def test_a_place_that_does_not_exist_is_told_at_the_start(mapping: Any, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        StaticFiles(application(app), mapping)


# What the client has already.


def conditional(server: Running, *headers: str) -> Reply:
    return server.get("/static/letters.txt", *headers)


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', '{}, "other"', 'W/"x",W/{} ', "*"])
def test_a_tag_that_the_client_has_is_not_sent_again(server: Running, form: str) -> None:
    etag = conditional(server).header("ETag")
    reply = conditional(server, f"If-None-Match: {form.format(etag)}")
    assert (reply.status, reply.body) == (304, b"")
    assert reply.header("ETag") == etag
    assert reply.header("Content-Type") is None


@pytest.mark.parametrize("value", ['"other"', "", "nonsense", '"'])
def test_another_tag_gets_the_file_whatever_the_date_says(server: Running, folder: Path, value: str) -> None:
    reply = conditional(server, f"If-None-Match: {value}", f"If-Modified-Since: {modified(folder)}")
    assert (reply.status, reply.body) == (200, LETTERS)


def test_the_date_counts_when_there_is_no_tag(server: Running, folder: Path) -> None:
    assert conditional(server, f"If-Modified-Since: {modified(folder)}").status == 304
    assert conditional(server, f"If-Modified-Since: {modified(folder, by=10)}").status == 304
    assert conditional(server, f"If-Modified-Since: {modified(folder, by=-1)}").status == 200


@pytest.mark.parametrize(
    "text", ["yesterday", "", "Sun, 99 Foo 2026 00:00:00 GMT", "1", "Sat, 01 Jan 99999 00:00:00 GMT"]
)
def test_a_date_that_is_none_is_ignored(server: Running, text: str) -> None:
    assert parse_date(text) is None
    assert conditional(server, f"If-Modified-Since: {text}").status == 200


# Parts.


@pytest.mark.parametrize(
    ("asked", "begin", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=2-4", 2, 5),
        ("bytes=20-", 20, 26),
        ("bytes=20-99", 20, 26),
        ("bytes=-3", 23, 26),
        ("bytes=-99", 0, 26),
        ("Bytes = 0 - 3", 0, 4),
    ],
)
def test_a_range_gets_these_bytes(server: Running, asked: str, begin: int, end: int) -> None:
    reply = conditional(server, f"Range: {asked}")
    assert (reply.status, reply.body) == (206, LETTERS[begin:end])
    assert reply.header("Content-Range") == f"bytes {begin}-{end - 1}/26"
    assert reply.header("Content-Length") == str(end - begin)


@pytest.mark.parametrize("asked", ["bytes=26-", "bytes=99-100", "bytes=-0"])
def test_a_range_behind_the_end_cannot_be_satisfied(server: Running, asked: str) -> None:
    reply = conditional(server, f"Range: {asked}")
    assert (reply.status, reply.body) == (416, b"")
    assert reply.header("Content-Range") == "bytes */26"


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=0-1,4-5",
        "bytes=5-2",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "lines=0-1",
        "bytes=0-1x",
        "bytes=" + "9" * 5000 + "-",
    ],
    ids=lambda asked: asked[:20],
)
def test_several_ranges_and_what_is_no_range_get_the_whole_file(server: Running, asked: str) -> None:
    reply = conditional(server, f"Range: {asked}")
    assert (reply.status, reply.body) == (200, LETTERS)


def test_an_empty_file_has_no_range(server: Running) -> None:
    assert server.get("/static/empty.css", "Range: bytes=0-").status == 416


def test_a_range_of_a_version_that_is_gone_gets_the_whole_file(server: Running, folder: Path) -> None:
    etag = conditional(server).header("ETag")
    for known in [etag, modified(folder)]:
        assert conditional(server, "Range: bytes=0-1", f"If-Range: {known}").status == 206
    for gone in ['"other"', f"W/{etag}", modified(folder, by=-10), "nonsense"]:
        assert conditional(server, "Range: bytes=0-1", f"If-Range: {gone}").status == 200


def test_an_unchanged_file_is_not_sent_in_parts_either(server: Running) -> None:
    etag = conditional(server).header("ETag")
    assert conditional(server, "Range: bytes=0-1", f"If-None-Match: {etag}").status == 304


# Other servers, and types.


def call(static: StaticFiles, path: str, **environ: Any) -> tuple[str, dict[str, str], Any]:
    got: list[Any] = []
    parts = static(
        {"REQUEST_METHOD": "GET", "PATH_INFO": path, **environ},
        lambda status, headers, exc_info=None: got.extend([status, headers]),  # type: ignore[arg-type,func-returns-value,return-value]
    )
    return got[0], dict(got[1]), parts


def test_a_server_without_a_file_wrapper_gets_blocks_and_closes_the_file(folder: Path) -> None:
    status, headers, parts = call(StaticFiles(application(app), {"/": folder}), "/letters.txt")
    assert (status, headers["Content-Length"]) == ("200 OK", "26")
    assert b"".join(parts) == LETTERS
    parts.close()
    assert parts._file.closed


def test_the_file_wrapper_of_the_server_is_used_for_the_whole_file(folder: Path) -> None:
    wrapped: list[Any] = []

    def wrapper(file: Any, size: int) -> list[bytes]:
        wrapped.append(file)
        return [file.read()]

    static = StaticFiles(application(app), {"/": folder})
    assert call(static, "/letters.txt", **{"wsgi.file_wrapper": wrapper})[2] == [LETTERS]
    wrapped[0].close()


def test_a_file_that_became_shorter_meanwhile_ends_and_does_not_hang(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(LETTERS)
    _, _, parts = call(StaticFiles(application(app), {"/": tmp_path}), "/a")
    file.write_bytes(b"abc")
    assert b"".join(parts) == b"abc"
    parts.close()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.html", "text/html; charset=utf-8"),
        ("a.css", "text/css; charset=utf-8"),
        ("a.svg", "image/svg+xml; charset=utf-8"),
        ("a.json", "application/json; charset=utf-8"),
        ("a.png", "image/png"),
        ("a.wasm", "application/wasm"),
        ("a.tar.gz", "application/gzip"),
        ("a.css.br", "application/octet-stream"),
        ("data:text/html,x.png", "image/png"),
        ("README", "application/octet-stream"),
        ("a.unknown", "application/octet-stream"),
    ],
)
def test_types_are_told_by_the_suffix(name: str, kind: str) -> None:
    assert content_type(name) == kind


@pytest.mark.parametrize("name", ["a.js", "a.mjs"])
def test_scripts_have_a_type_that_browsers_run_as_modules(name: str) -> None:
    assert content_type(name) in ("text/javascript; charset=utf-8", "application/javascript; charset=utf-8")


def test_a_client_of_another_day_gets_the_file(folder: Path) -> None:
    with running(StaticFiles(application(app), {"/": folder})) as server, Client(server.port) as client:
        reply = client.get("/letters.txt", f"If-Modified-Since: {formatdate(time.time() - 10**8, usegmt=True)}")
        assert reply.body == LETTERS
