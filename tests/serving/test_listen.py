"""What addresses mean, and what is said when nobody can listen there."""

from __future__ import annotations

import errno
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any
from wsgiref.validate import validator

import flask
import pytest
from process_support import Process
from serving_support import ROOT, TIMEOUT, Client, Log, Stream, application, environ

from debugkit.errors import ConfigurationError, DebugkitError
from debugkit.serving import listen as listen_module
from debugkit.serving.listen import (
    Address,
    AddressInUse,
    adopt,
    bind,
    bind_path,
    close_all,
    listen,
    parse_address,
    port_number,
)
from debugkit.serving.server import make_server

unix_only = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="this system has no Unix sockets")


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


ipv6_only = pytest.mark.skipif(not has_ipv6(), reason="no IPv6 on this computer")


@pytest.fixture
def short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: paths of sockets are cut at some hundred characters."""
    monkeypatch.chdir(tmp_path)
    return Path()


# What a text means.


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1", Address("127.0.0.1", 8000)),
        ("localhost", Address("localhost", 8000)),
        ("localhost:9000", Address("localhost", 9000)),
        ("0.0.0.0:0", Address("0.0.0.0", 0)),
        ("[::1]", Address("::1", 8000)),
        ("[::1]:9000", Address("::1", 9000)),
        ("::1", Address("::1", 8000)),
        ("::", Address("::", 8000)),
        ("fe80::1:8000", Address("fe80::1:8000", 8000)),
        (":9000", Address("127.0.0.1", 9000)),
        ("9000", Address("127.0.0.1", 9000)),
        ("", Address("", 8000)),
        ("unix:/tmp/tea", Address(path="/tmp/tea")),
        ("unix:///tmp/tea", Address(path="/tmp/tea")),
        ("unix:tea.sock", Address(path="tea.sock")),
        ("fd://3", Address(descriptor=3)),
        ("fd:3", Address(descriptor=3)),
    ],
)
def test_an_address_is_a_host_a_port_a_path_or_a_descriptor(text: str, address: Address) -> None:
    assert parse_address(text, 8000) == address


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("localhost:http", "'http' in 'localhost:http' is not a number"),
        ("localhost:", "'' in 'localhost:' is not a number"),
        ("localhost:-1", "is not a number"),
        ("localhost:\u0663", "is not a number"),
        ("localhost:65536", "65536 is not a port"),
        ("99999", "99999 is not a port"),
        ("[::1", r"write \[::1\] or \[::1\]:8000"),
        ("[::1]8000", r"write \[::1\]"),
        ("unix:", "names no socket"),
        ("unix://", "names no socket"),
        ("unix://host/path", "names no socket"),
        ("fd://", "give a descriptor"),
        ("fd://stdin", "give a descriptor"),
    ],
    ids=repr,
)
def test_what_is_no_address_is_told_with_what_to_write(text: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        parse_address(text, 8000)


# Several addresses.


def test_several_addresses_are_all_listened_on_and_the_same_one_once() -> None:
    sockets = listen([Address("127.0.0.1", 0), Address("127.0.0.2", 0), Address("127.0.0.1", 0)])
    try:
        assert [sock.getsockname()[0] for sock in sockets] == ["127.0.0.1", "127.0.0.2"]
    finally:
        close_all(sockets)


@unix_only
def test_when_one_address_fails_none_is_kept(short: Path) -> None:
    (taken,) = bind("127.0.0.1", 0)
    with taken, pytest.raises(AddressInUse):
        listen([Address(path="tea"), Address("127.0.0.1", taken.getsockname()[1])])
    assert not (short / "tea").exists()


# TCP.


def test_localhost_is_both_loopback_addresses_on_one_port() -> None:
    sockets = bind("localhost", 0)
    hosts = ["127.0.0.1", "::1"] if has_ipv6() else ["127.0.0.1"]
    try:
        assert [sock.getsockname()[0] for sock in sockets] == hosts
        assert len({sock.getsockname()[1] for sock in sockets}) == 1
    finally:
        close_all(sockets)


@ipv6_only
def test_localhost_is_in_use_when_one_of_its_addresses_is() -> None:
    (taken,) = bind("::1", 0)
    with taken, pytest.raises(AddressInUse):
        bind("localhost", taken.getsockname()[1])


def test_localhost_is_127_0_0_1_alone_without_ipv6() -> None:
    def without_ipv6(host: str, port: int) -> socket.socket:
        if ":" in host:
            raise ConfigurationError("no IPv6")
        return bind(host, port)[0]

    (only,) = bind("localhost", 0, listen=without_ipv6)
    with only:
        assert only.getsockname()[0] == "127.0.0.1"


def test_localhost_tries_another_port_when_only_one_of_its_addresses_has_it_free() -> None:
    asked: list[str] = []

    def taken_once(host: str, port: int) -> socket.socket:
        asked.append(host)
        if asked == ["127.0.0.1", "::1"]:
            raise AddressInUse("taken")
        return bind("127.0.0.1", 0)[0]

    close_all(bind("localhost", 0, listen=taken_once))
    assert asked == ["127.0.0.1", "::1", "127.0.0.1", "::1"]


@ipv6_only
def test_all_addresses_of_ipv6_are_those_of_ipv4_too() -> None:
    (sock,) = bind("::", 0)
    with sock, socket.create_connection(("127.0.0.1", sock.getsockname()[1]), TIMEOUT):
        accepted, peer = sock.accept()
        accepted.close()
        assert peer[0] == "::ffff:127.0.0.1"


def test_a_port_in_use_is_a_sentence_that_says_who_has_it_and_what_to_do() -> None:
    (taken,) = bind("127.0.0.1", 0)
    port = taken.getsockname()[1]
    with taken, pytest.raises(DebugkitError, match=rf"Port {port} is in use on 127\.0\.0\.1.*, or choose another port"):
        bind("127.0.0.1", port)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells this way")
def test_another_program_that_has_the_port_is_named() -> None:
    program = (
        "import socket, sys; sock = socket.create_server(('127.0.0.1', 0)); print(sock.getsockname()[1], flush=True); "
        "sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, "serving the tea"]
    with Process(command, cwd=ROOT, env=environ(), stdin=subprocess.PIPE) as process:
        port = int(process.stdout.line())
        with pytest.raises(AddressInUse, match=rf"by python\S* -c .* \(process {process.pid}\): stop it, or choose"):
            bind("127.0.0.1", port)


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_number_that_is_no_port_is_told(port: int) -> None:
    with pytest.raises(ConfigurationError, match=f"{port} is not a port"):
        bind("127.0.0.1", port)


@pytest.mark.parametrize("host", ["no such name", "192.0.2.1", "::ffff:1:2:3", "a..b", "x" * 300])
def test_an_address_of_another_computer_is_told(host: str) -> None:
    with pytest.raises(ConfigurationError, match=r"127\.0\.0\.1"):
        bind(host, 0)


@pytest.mark.parametrize(("port", "number"), [(0, 0), (5000, 5000), ("5000", 5000), ("0", 0), ("05000", 5000)])
def test_a_port_may_be_text(port: int | str, number: int) -> None:
    assert port_number(port) == number


@pytest.mark.parametrize("port", ["", "http", "-1", "1.5", " 80", "٥", "65536", "9" * 5_000, 70_000, None, 80.0, b"80"])
def test_what_is_no_port_is_told_whatever_it_is(port: Any) -> None:
    with pytest.raises(ConfigurationError, match="not a port"):
        port_number(port)


def test_a_port_that_the_system_keeps_is_told() -> None:
    assert "above 1023" in listen_module._explain(PermissionError(errno.EACCES, "no"), "127.0.0.1", 80).explanation


# Unix sockets.


@unix_only
def test_a_unix_socket_is_served_and_its_file_goes_away_at_the_end(short: Path) -> None:
    def body(environ: Any) -> list[bytes]:
        return [repr([environ[name] for name in ("REMOTE_ADDR", "SERVER_NAME", "SERVER_PORT")]).encode()]

    stream = Stream()
    with make_server("unix:tea", 0, validator(application(body)), log=Log(stream, environ={})) as server:
        assert stat.S_ISSOCK((short / "tea").lstat().st_mode)
        assert (server.url, server.port, server.name) == ("unix:tea", 0, "localhost")
        with UnixClient("tea") as client:
            assert client.get("/").body == b"['', 'localhost', '80']"
    assert not (short / "tea").exists()
    assert stream.getvalue().startswith("unix: - - [")


class UnixClient(Client):
    def __init__(self, path: str) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(path)
        self.buffer = b""
        self.ended = False


@unix_only
def test_flask_builds_urls_behind_a_unix_socket_also_for_clients_that_name_no_host(short: Path) -> None:
    app = flask.Flask("tea")
    app.add_url_rule("/", "index", lambda: flask.url_for("index", _external=True))
    with make_server("unix:tea", 0, app, log=Log(Stream(), environ={})), UnixClient("tea") as client:
        assert client.get("/", "Host: tea.test:81").body == b"http://tea.test:81/"
        assert client.send(b"GET / HTTP/1.0\r\n\r\n").reply().body == b"http://localhost/"


@unix_only
def test_who_may_connect_is_for_the_umask_to_say(short: Path) -> None:
    before = os.umask(0o077)
    try:
        with bind_path("tea"):
            assert (short / "tea").stat().st_mode & 0o777 == 0o700
    finally:
        os.umask(before)


@unix_only
def test_the_file_that_a_dead_program_left_is_replaced(short: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind("tea")
    assert (short / "tea").exists()
    with bind_path("tea"), UnixClient("tea"):
        pass
    assert not (short / "tea").exists()


@unix_only
def test_a_socket_on_which_somebody_listens_is_refused_and_left_alone(short: Path) -> None:
    with bind_path("tea"):
        with pytest.raises(AddressInUse, match=r"Unix socket tea is in use.*, or choose another path"):
            bind_path("tea")
        with UnixClient("tea"):
            pass


@unix_only
def test_a_socket_that_is_too_busy_to_accept_is_in_use(short: Path) -> None:
    with socket.socket(socket.AF_UNIX) as busy:
        busy.bind("tea")
        busy.listen(0)
        waiting: list[socket.socket] = []
        try:
            while True:
                waiting.append(socket.socket(socket.AF_UNIX))
                waiting[-1].setblocking(False)
                waiting[-1].connect("tea")
        except BlockingIOError:
            pass
        with pytest.raises(AddressInUse):
            bind_path("tea")
        close_all(waiting)


@unix_only
@pytest.mark.parametrize("kind", ["file", "folder", "link", "link to nothing"])
def test_what_is_no_socket_is_never_removed(short: Path, kind: str) -> None:
    if kind == "file":
        (short / "tea").write_text("precious")
    elif kind == "folder":
        (short / "tea").mkdir()
    else:
        (short / "tea").symlink_to("precious")
        if kind == "link":
            (short / "precious").write_text("precious")
    before = (short / "tea").lstat()
    with pytest.raises(ConfigurationError, match="not a socket: remove it yourself, or give another path"):
        bind_path("tea")
    assert (short / "tea").lstat().st_ino == before.st_ino


@unix_only
def test_a_file_that_another_program_made_meanwhile_stays(short: Path) -> None:
    ours = bind_path("tea")
    (short / "tea").rename("old")  # keeps its inode from being used again
    with bind_path("tea"):
        ours.close()
        with UnixClient("tea"):
            pass


@unix_only
def test_a_file_stays_when_a_child_closes_the_socket_and_is_found_after_a_change_of_folder(
    short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = (
        "import os\n"
        "from debugkit.serving.listen import bind_path\n"
        "sock = bind_path('tea')\n"
        "if not os.fork(): sock.close(); os._exit(0)\n"
        "os.wait(); print(os.path.exists('tea')); os.chdir('/'); sock.close()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, env=environ(), timeout=TIMEOUT
    )
    assert (done.stdout, done.stderr) == ("True\n", "")
    assert not (tmp_path / "tea").exists()


@unix_only
@pytest.mark.parametrize("path", ["no/such/folder/tea", "x" * 300], ids=["folder", "long"])
def test_a_path_where_no_socket_can_be_is_told(short: Path, path: str) -> None:
    with pytest.raises(ConfigurationError, match=r"Cannot listen on the Unix socket .*Give a short path"):
        bind_path(path)


# Descriptors.


def test_a_descriptor_that_listens_is_served() -> None:
    (sock,) = bind("127.0.0.1", 0)
    port = sock.getsockname()[1]
    with make_server(f"fd://{sock.detach()}", 0, application([b"ok"]), log=Log(Stream(), environ={})) as server:
        assert server.url == f"http://127.0.0.1:{port}/"
        with Client(port) as client:
            assert client.get("/").body == b"ok"


@pytest.mark.parametrize("kind", ["closed", "file", "datagram", "not listening"])
def test_a_descriptor_that_does_not_listen_is_told_and_left_open(tmp_path: Path, kind: str) -> None:
    if kind == "closed":
        descriptor = os.open(tmp_path, os.O_RDONLY)
        os.close(descriptor)
    elif kind == "file":
        descriptor = os.open(tmp_path, os.O_RDONLY)
    else:
        descriptor = socket.socket(type=socket.SOCK_DGRAM if kind == "datagram" else socket.SOCK_STREAM).detach()
    with pytest.raises(ConfigurationError, match=f"descriptor {descriptor} |Descriptor {descriptor} "):
        adopt(descriptor)
    if kind != "closed":
        os.close(descriptor)  # raises when it was closed already


def test_a_descriptor_is_not_passed_on_to_what_the_application_starts() -> None:
    (sock,) = bind("127.0.0.1", 0)
    sock.set_inheritable(True)
    with adopt(sock.detach()) as adopted:
        assert not adopted.get_inheritable()
