"""What the loop waits for: idle connections, and an acceptor that can be paused."""

from __future__ import annotations

import errno
import selectors
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from serving_support import TIMEOUT

from debugkit.serving.connections import NEVER, Acceptor, IdleConnections


class Silent:
    """A connection that says nothing, unless the test does."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.transport, self.other = socket.socketpair()


@pytest.fixture
def selector() -> Iterator[selectors.BaseSelector]:
    with selectors.DefaultSelector() as one:
        yield one


@pytest.fixture
def silent() -> Iterator[list[Silent]]:
    made = [Silent(deadline) for deadline in (30.0, 10.0, 20.0)]
    yield made
    for one in made:
        one.transport.close()
        one.other.close()


def test_an_idle_connection_that_says_something_is_found(
    selector: selectors.BaseSelector, silent: list[Silent]
) -> None:
    idle: IdleConnections[Silent] = IdleConnections(selector)
    for one in silent:
        idle.add(one)
    silent[1].other.send(b"x")
    assert [key.data for key, _ in selector.select(TIMEOUT)] == [silent[1]]
    idle.remove(silent[1])
    assert silent[1] not in idle
    assert len(idle) == 2
    assert selector.select(0) == []


def test_those_whose_time_is_over_are_taken_out(selector: selectors.BaseSelector, silent: list[Silent]) -> None:
    idle: IdleConnections[Silent] = IdleConnections(selector)
    assert idle.next_deadline == NEVER
    for one in silent:
        idle.add(one)
    assert idle.next_deadline == 10.0
    assert list(idle.take_expired(9.9)) == []
    assert {one.deadline for one in idle.take_expired(20.0)} == {10.0, 20.0}
    assert idle.next_deadline == 30.0
    assert list(idle.take_expired(30.0)) == [silent[0]]
    assert idle.next_deadline == NEVER
    assert not selector.get_map()


def test_to_look_too_early_does_no_harm(selector: selectors.BaseSelector, silent: list[Silent]) -> None:
    idle: IdleConnections[Silent] = IdleConnections(selector)
    idle.add(silent[0])
    idle.add(silent[1])
    idle.remove(silent[1])
    assert list(idle.take_expired(15.0)) == []
    assert idle.next_deadline == 30.0


def test_the_first_to_go_are_those_whose_time_is_over_first(
    selector: selectors.BaseSelector, silent: list[Silent]
) -> None:
    idle: IdleConnections[Silent] = IdleConnections(selector)
    for one in silent:
        idle.add(one)
    assert [one.deadline for one in idle.take_first(2)] == [10.0, 20.0]
    assert [one.deadline for one in idle.take_first(2)] == [30.0]
    assert list(idle.take_first(2)) == []


@pytest.fixture
def listeners() -> Iterator[list[socket.socket]]:
    made = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    yield made
    for one in made:
        one.close()


def test_an_acceptor_lets_clients_in(selector: selectors.BaseSelector, listeners: list[socket.socket]) -> None:
    acceptor = Acceptor(selector, listeners, print)
    assert selector.select(0) == []
    acceptor.resume()
    with socket.create_connection(listeners[1].getsockname(), TIMEOUT) as client:
        ((key, _),) = selector.select(TIMEOUT)
        assert (key.data, key.fileobj) == (acceptor, listeners[1])
        accepted = acceptor.accept(listeners[1])
        assert accepted is not None
        assert accepted[1] == client.getsockname()
        accepted[0].close()
        assert acceptor.accept(listeners[1]) is None  # nobody else is there


def test_clients_of_a_paused_acceptor_wait(selector: selectors.BaseSelector, listeners: list[socket.socket]) -> None:
    acceptor = Acceptor(selector, listeners, print)
    acceptor.resume()
    acceptor.pause(17.0)
    acceptor.pause(18.0)
    assert acceptor.resumes_at == 18.0
    with socket.create_connection(listeners[0].getsockname(), TIMEOUT):
        assert selector.select(0) == []
        acceptor.resume()
        assert acceptor.resumes_at == NEVER
        assert selector.select(TIMEOUT)


def test_a_closed_acceptor_refuses(selector: selectors.BaseSelector, listeners: list[socket.socket]) -> None:
    address = listeners[0].getsockname()
    acceptor = Acceptor(selector, listeners, print)
    acceptor.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, TIMEOUT)
    assert acceptor.resumes_at == NEVER


class Unable:
    """Stands for a listening socket whose `accept` fails."""

    def __init__(self, error: OSError) -> None:
        self.error = error

    def accept(self) -> Any:
        raise self.error


def test_that_nobody_can_come_in_is_said_once(selector: selectors.BaseSelector, listeners: list[socket.socket]) -> None:
    said: list[str] = []
    acceptor = Acceptor(selector, listeners, said.append)
    acceptor.resume()
    short = Unable(OSError(errno.EMFILE, "Too many open files"))
    for _ in range(3):
        with pytest.raises(OSError, match="Too many"):
            acceptor.accept(short)
    assert said == ["Temporarily not accepting connections: [Errno 24] Too many open files"]
    with socket.create_connection(listeners[0].getsockname(), TIMEOUT):
        selector.select(TIMEOUT)
        accepted = acceptor.accept(listeners[0])
        assert accepted is not None
        accepted[0].close()
    with pytest.raises(OSError, match="Too many"):
        acceptor.accept(short)
    assert len(said) == 2


@pytest.mark.parametrize("error", [BlockingIOError(), ConnectionAbortedError()], ids=["taken", "gone"])
def test_a_client_that_another_process_took_or_that_left_is_no_problem(
    selector: selectors.BaseSelector, error: OSError
) -> None:
    said: list[str] = []
    assert Acceptor(selector, [], said.append).accept(Unable(error)) is None
    assert said == []
