"""Uploads and downloads of 100 MB, made by the program or from a file, and what the server holds of them at most."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from harness.alone import HELLO, SERVERS
from harness.figures import Figure, Row
from harness.peers import side_by_side
from harness.rounds import Effort, paired
from harness.servers import Server

from parts.load import connect

MB = 1_000_000


def measure(effort: Effort) -> Iterator[Figure]:
    megabytes = effort.choose(10, 100)
    size = megabytes * MB
    with ExitStack() as stack, tempfile.NamedTemporaryFile() as file:
        file.truncate(size)
        Path(file.name).read_bytes()  # else who reads it first pays for its pages
        peers = effort.of([peer for peer in SERVERS if not peer.missing(HELLO)])
        servers = side_by_side(peers, HELLO, stack, variables=lambda peer: {"BENCHMARK_FILE": file.name}).servers
        yield figure(f"{megabytes} MB up", servers, effort, lambda port: upload(port, size))
        yield figure(f"{megabytes} MB down", servers, effort, lambda port: download(port, "/made", size))
        yield figure(f"{megabytes} MB file down", servers, effort, lambda port: download(port, "/file", size))


def figure(title: str, servers: dict[str, Server], effort: Effort, transfer: Callable[[int], float]) -> Figure:
    before = {name: server.forget_peak() for name, server in servers.items()}
    actions = {name: lambda port=server.port: transfer(port) for name, server in servers.items()}
    found = paired(actions, 1 if effort.quick else effort.rounds)
    rows = [Row(name, found[name], server.memory(), server.peak() - before[name]) for name, server in servers.items()]
    return Figure(title, "MB/s", rows, better="more")


def upload(port: int, size: int) -> float:
    """Megabytes a second."""
    block = bytes(MB)
    with connect(port) as sock:
        begin = time.perf_counter()
        sock.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % size)
        for _ in range(size // MB):
            sock.sendall(block)
        answer = b""
        while str(size).encode() not in answer.partition(b"\r\n\r\n")[2] and (data := sock.recv(65_536)):
            answer += data
        elapsed = time.perf_counter() - begin
    assert answer.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")), answer[:100]
    return size / MB / elapsed


def download(port: int, path: str, size: int) -> float:
    """Megabytes a second."""
    buffer = bytearray(MB)
    with connect(port) as sock:
        begin = time.perf_counter()
        sock.sendall(f"GET {path}?{size} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        received = 0
        while received < size and (count := sock.recv_into(buffer)):
            received += count
        elapsed = time.perf_counter() - begin
    assert received >= size, f"{received} bytes of {size}"
    return size / MB / elapsed
