"""Requests a second, and how long each takes. The client takes its part of the processors."""

from __future__ import annotations

import re
import selectors
import shutil
import socket
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from harness.alone import HELLO, SERVERS, TYPED
from harness.figures import Figure, Row
from harness.peers import Peer, side_by_side
from harness.projects import Project
from harness.rounds import Effort, paired
from harness.servers import Server

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
BODY = b"Hello, world."
#: wrk's units, in milliseconds.
UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


@dataclass(frozen=True)
class Load:
    """What a client saw: times in milliseconds."""

    rate: float
    p50: float
    p99: float
    failed: int


def measure(effort: Effort) -> Iterator[Figure]:
    yield from under_load(HELLO, SERVERS, (16, 1), effort)
    for project, peers in [] if effort.quick else TYPED:
        yield from under_load(project, peers, (16,), effort)


def under_load(project: Project, peers: Sequence[Peer], counts: Sequence[int], effort: Effort) -> Iterator[Figure]:
    peers = [peer for peer in peers if not peer.missing(project)]
    with ExitStack() as stack:
        started = side_by_side(effort.of(peers), project, stack)
        for count in counts:
            title = f"{project.name}, {count} connection{'s' if count > 1 else ''}"
            for figure in figures(title, started.servers, count, effort):
                figure.rows += started.absent
                yield figure


def figures(title: str, servers: dict[str, Server], count: int, effort: Effort) -> Iterator[Figure]:
    before = {name: server.memory() for name, server in servers.items()}
    loads: dict[str, list[Load]] = {name: [] for name in servers}

    def load(name: str) -> Callable[[], float]:
        def run() -> float:
            client = wrk if shutil.which("wrk") and not effort.quick else own_client
            loads[name].append(client(servers[name].port, count, 0.2 if effort.quick else 1.0))
            return loads[name][-1].rate

        return run

    rates = paired({name: load(name) for name in servers}, 1 if effort.quick else effort.rounds, budget=60)
    rates_figure = Figure(title, "requests/s", better="more")
    p50, p99 = Figure(f"{title}: half within", "ms", headline=False), Figure(f"{title}: 99 % within", "ms")
    for name, server in servers.items():
        counted = loads[name][-len(rates[name]) :]
        memory = server.memory()
        failed = sum(load.failed for load in counted)
        rates_figure.rows.append(Row(name, rates[name], memory, memory - before[name], failed))
        p50.rows.append(Row(name, [load.p50 for load in counted]))
        p99.rows.append(Row(name, [load.p99 for load in counted]))
    yield from (rates_figure, p50, p99)


def wrk(port: int, connections: int, seconds: float) -> Load:
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{max(1, round(seconds))}s",
        "--latency",
        f"http://127.0.0.1:{port}/",
    ]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    assert rate, text
    times = {
        name: float(value) * UNITS[unit] for name, value, unit in re.findall(r"(50|99)%\s+([\d.]+)(us|ms|s)\b", text)
    }
    errors = re.findall(r"(?:connect|write|timeout) (\d+)|Non-2xx or 3xx responses: (\d+)", text)
    return Load(
        float(rate[1]), times["50"], times["99"], sum(int(number) for pair in errors for number in pair if number)
    )


def own_client(port: int, connections: int, seconds: float) -> Load:
    """One thread, as many kept connections; a server that closes them is connected to again, as browsers do."""
    times: list[float] = []
    failed = 0
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            ask(selector, connect(port))
        begin = time.perf_counter()
        while time.perf_counter() - begin < seconds:
            for key, _ in selector.select(1):
                sock: socket.socket = key.fileobj  # type: ignore[assignment]
                data = sock.recv(65_536)
                key.data.received.extend(data)
                whole = BODY in key.data.received
                if not whole and data:
                    continue
                times.append(time.perf_counter() - key.data.asked)
                failed += not whole
                selector.unregister(sock)
                kept = bool(data) and b"connection: close" not in key.data.received.lower()
                if not kept:
                    sock.close()
                ask(selector, sock if kept else connect(port))
        elapsed = time.perf_counter() - begin
        for key in list(selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
    cuts = statistics.quantiles([each * 1e3 for each in times], n=100) if len(times) > 1 else [0.0] * 99
    return Load(len(times) / elapsed, cuts[49], cuts[98], failed)


@dataclass
class Request:
    asked: float
    received: bytearray


def connect(port: int) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port), timeout=30)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def ask(selector: selectors.BaseSelector, sock: socket.socket) -> None:
    selector.register(sock, selectors.EVENT_READ, Request(time.perf_counter(), bytearray()))
    sock.sendall(GET)
