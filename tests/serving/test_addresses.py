"""The addresses a server is found at, and what applications are told of it."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from serving_support import Client, Log, Stream, application

from debugkit.serving import addresses
from debugkit.serving.addresses import base_environ, is_name, lan_addresses, peer_of, urls
from debugkit.serving.config import ServerConfig
from debugkit.serving.listen import Address, bind, bind_path, close_all, listen
from debugkit.serving.server import make_server

Bind = Callable[..., list[socket.socket]]


@pytest.fixture
def bound() -> Iterator[Bind]:
    made: list[socket.socket] = []

    def make(*hosts: str) -> list[socket.socket]:
        made.extend(listen([Address(host, 0) for host in hosts]))
        return made

    yield make
    close_all(made)


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


ipv6_only = pytest.mark.skipif(not has_ipv6(), reason="no IPv6 on this computer")


def hosts(sockets: list[socket.socket], name: str = "") -> list[str]:
    """The addresses without scheme and port."""
    return [url.removeprefix("http://").rpartition(":")[0] for url in urls(sockets, "http", name)]


# Where it is found.


def test_an_address_is_shown_with_its_real_port(bound: Bind) -> None:
    sockets = bound("127.0.0.1")
    port = sockets[0].getsockname()[1]
    assert urls(sockets, "http") == [f"http://127.0.0.1:{port}/"]
    assert urls(sockets, "https") == [f"https://127.0.0.1:{port}/"]


@ipv6_only
def test_ipv6_addresses_stand_in_brackets(bound: Bind) -> None:
    assert hosts(bound("::1")) == ["[::1]"]


def test_the_name_that_was_asked_for_stands_for_its_address(bound: Bind) -> None:
    sockets = bound("127.0.0.2")
    assert hosts(sockets, "tea.test") == ["tea.test"]
    assert hosts(sockets, "127.0.0.2") == ["127.0.0.2"]


def test_both_loopback_addresses_on_one_port_are_localhost(bound: Bind) -> None:
    sockets = bound("localhost")
    assert hosts(sockets, "localhost") == ["localhost"]
    assert hosts(sockets) == (["localhost"] if has_ipv6() else ["127.0.0.1"])


@ipv6_only
def test_loopback_addresses_on_two_ports_are_two(bound: Bind) -> None:
    assert hosts(bound("127.0.0.1", "::1")) == ["127.0.0.1", "[::1]"]


def test_several_addresses_are_all_shown(bound: Bind) -> None:
    assert hosts(bound("127.0.0.1", "127.0.0.2"), "tea.test") == ["tea.test", "127.0.0.2"]


@pytest.mark.parametrize("host", ["", "0.0.0.0"])
def test_all_addresses_are_this_computer_first_and_then_what_the_network_sees(bound: Bind, host: str) -> None:
    assert hosts(bound(host), host) == ["127.0.0.1", *lan_addresses(socket.AF_INET)]


@ipv6_only
def test_all_addresses_of_both_kinds_are_localhost_and_what_the_network_sees(bound: Bind) -> None:
    assert hosts(bound("::"), "::") == ["localhost", *lan_addresses(socket.AF_INET)]


@ipv6_only
def test_all_addresses_of_ipv6_alone_are_those(bound: Bind) -> None:
    with socket.create_server(("::", 0), family=socket.AF_INET6) as sock:
        assert hosts([sock])[0] == "[::1]"


def test_the_network_sees_an_address_that_is_not_loopback_or_there_is_no_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = lan_addresses(socket.AF_INET)
    assert len(found) <= 1
    assert not set(found) & {"127.0.0.1", "0.0.0.0"}
    monkeypatch.setitem(addresses.ELSEWHERE, socket.AF_INET, "no address at all")
    assert lan_addresses(socket.AF_INET) == []
    monkeypatch.setitem(addresses.ELSEWHERE, socket.AF_INET, "127.0.0.1")
    assert lan_addresses(socket.AF_INET) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such sockets")
def test_a_unix_socket_is_shown_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with bind_path("tea") as sock:
        assert urls([sock], "http") == ["unix:tea"]


@pytest.mark.parametrize(
    ("host", "name"),
    [("localhost", True), ("tea.test", True), ("127.0.0.1", False), ("::1", False), ("1.2", False), ("", False)],
)
def test_names_are_told_from_addresses(host: str, name: bool) -> None:
    assert is_name(host) is name


# What applications are told.


def told(sock: socket.socket, name: str = "", scheme: str = "http") -> dict[str, Any]:
    context: Any = object() if scheme == "https" else None  # only whether there is one
    config = ServerConfig(
        app=application([]), name=name, ssl_context=context, log=Log(Stream()), threads=1, processes=2
    )
    return base_environ(sock, config)


def test_the_environ_names_the_socket_that_the_request_came_over(bound: Bind) -> None:
    one, two = bound("127.0.0.1", "127.0.0.2")
    assert told(one, "tea.test")["SERVER_NAME"] == "tea.test"
    assert told(two)["SERVER_NAME"] == "127.0.0.2"
    assert told(two)["SERVER_PORT"] == str(two.getsockname()[1])
    assert (told(one)["wsgi.multithread"], told(one)["wsgi.multiprocess"]) == (False, True)


def test_https_is_told_in_both_ways(bound: Bind) -> None:
    (sock,) = bound("127.0.0.1")
    secure = told(sock, scheme="https")
    assert (secure["wsgi.url_scheme"], secure["HTTPS"]) == ("https", "on")
    assert "HTTPS" not in told(sock)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such sockets")
@pytest.mark.parametrize(("scheme", "port"), [("http", "80"), ("https", "443")])
def test_a_unix_socket_has_a_name_and_port_that_urls_can_be_built_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, port: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with bind_path("tea") as sock:
        assert (told(sock, "", scheme)["SERVER_NAME"], told(sock, "", scheme)["SERVER_PORT"]) == ("localhost", port)
        assert peer_of(sock, "") == ("", 0)
        assert peer_of(sock, b"\0abstract") == ("", 0)


@pytest.mark.parametrize(
    ("peer", "told"),
    [
        (("127.0.0.1", 7), ("127.0.0.1", 7)),
        (("::ffff:10.0.0.1", 7, 0, 0), ("10.0.0.1", 7)),
        (("::1", 7, 0, 0), ("::1", 7)),
    ],
    ids=["v4", "mapped", "v6"],
)
def test_a_peer_is_its_address_and_port(bound: Bind, peer: Any, told: tuple[str, int]) -> None:
    assert peer_of(bound("127.0.0.1")[0], peer) == told


def test_each_address_of_one_server_tells_its_own_port() -> None:
    def body(environ: Any) -> list[bytes]:
        return [environ["SERVER_PORT"].encode()]

    sockets = [*bind("127.0.0.1", 0), *bind("127.0.0.1", 0)]
    ports = [sock.getsockname()[1] for sock in sockets]
    log = Log(Stream(), environ={})
    with make_server("127.0.0.1", 0, application(body), sockets=sockets, log=log) as server:
        assert server.port == ports[0]
        for port in ports:
            with Client(port) as client:
                assert client.get("/").body == str(port).encode()
