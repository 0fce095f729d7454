"""Measure debugkit's server beside others:  python tests/benchmarks/servers.py [--quick]

Every server runs in a process of its own, with the same application and without an access log, and they take turns, so
that a slow moment of the machine meets all of them. Compare the ratios; absolute numbers are this machine's, and
where client and server share few processors the client takes its part of them.
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
import os
import re
import selectors
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
BLOCK = 65_536
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
MB = 1_000_000


# The application and the servers.


def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Says hello; takes what is sent to it; sends as many bytes as the query says, made or from a file."""
    text = [("Content-Type", "text/plain")]
    path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
    if environ["REQUEST_METHOD"] == "POST":
        left = size = int(environ["CONTENT_LENGTH"])
        while left and (data := environ["wsgi.input"].read(min(left, BLOCK))):
            left -= len(data)
        start_response("200 OK", text)
        return [b"%d" % (size - left)]
    if path == "/made":
        start_response("200 OK", [*text, ("Content-Length", query)])
        return made(int(query))
    if path == "/file":
        file = Path(os.environ["BENCHMARK_FILE"]).open("rb")  # noqa: SIM115 - the server closes it
        start_response("200 OK", [*text, ("Content-Length", query)])
        wrap = environ.get("wsgi.file_wrapper")
        return wrap(file, BLOCK) if wrap else iter(lambda: file.read(BLOCK), b"")
    start_response("200 OK", text)
    return [b"Hello, world.\n"]


def made(size: int) -> Iterator[bytes]:
    block = bytes(BLOCK)
    while size:
        yield block[: min(size, BLOCK)]
        size -= min(size, BLOCK)


def serve(name: str, port: int) -> None:
    logging.disable(logging.CRITICAL)
    if name == "debugkit":
        from debugkit.serving.log import Log
        from debugkit.serving.server import make_server

        with Path(os.devnull).open("w") as nowhere:
            make_server(HOST, port, app, log=Log(nowhere, environ={})).serve_forever()
    elif name == "werkzeug":
        from werkzeug.serving import make_server as make_peer

        make_peer(HOST, port, app, threaded=True).serve_forever()
    else:
        import waitress

        waitress.serve(app, host=HOST, port=port, threads=16)


def command(name: str, port: int) -> list[str]:
    if name == "gunicorn":
        options = ["-k", "gthread", "--threads", "16", "-b", f"{HOST}:{port}", "--log-level", "critical"]
        return [sys.executable, "-m", "gunicorn", *options, "--pythonpath", str(Path(__file__).parent), "servers:app"]
    return [sys.executable, __file__, "--serve", name, str(port)]


@contextmanager
def started(name: str, environ: dict[str, str]) -> Iterator[Peer]:
    with socket.create_server((HOST, 0)) as probe:
        port = probe.getsockname()[1]
    process = subprocess.Popen(command(name, port), env=environ, stderr=subprocess.DEVNULL)
    try:
        yield Peer(name, port, process)
    finally:
        process.terminate()
        process.wait(20)


class Peer:
    """A server that runs."""

    def __init__(self, name: str, port: int, process: subprocess.Popen[bytes]) -> None:
        self.name = name
        self.port = port
        self._process = process
        deadline = time.monotonic() + 20
        while True:
            try:
                self.connect().close()
                return
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"{name} does not start.") from None
                time.sleep(0.05)

    def connect(self) -> socket.socket:
        sock = socket.create_connection((HOST, self.port), timeout=30)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def pids(self) -> list[int]:
        """The process and its children: gunicorn serves in one."""
        own = self._process.pid
        try:
            children = Path(f"/proc/{own}/task/{own}/children").read_text().split()
        except OSError:
            children = []
        return [own, *map(int, children)]

    def memory(self, key: str) -> float:
        """Megabytes by /proc; 0 where there is none."""
        total = 0
        for pid in self.pids():
            try:
                found = re.search(rf"{key}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
            except OSError:
                continue
            total += int(found[1]) if found else 0
        return total / 1e3

    def forget_peak(self) -> None:
        for pid in self.pids():
            try:
                Path(f"/proc/{pid}/clear_refs").write_text("5")
            except OSError:
                pass


# The clients.


def wrk(peer: Peer, connections: int, seconds: float) -> float:
    done = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", f"http://{HOST}:{peer.port}/"],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1])  # type: ignore[index]


def own_client(peer: Peer, connections: int, seconds: float) -> float:
    """One thread, as many kept connections; a server that closes them is connected to again, as browsers do."""
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            ask(selector, peer.connect())
        answers = 0
        begin = time.monotonic()
        while time.monotonic() - begin < seconds:
            for key, _ in selector.select(1):
                sock: socket.socket = key.fileobj  # type: ignore[assignment]
                data = sock.recv(BLOCK)
                key.data.extend(data)
                whole = key.data.endswith(b"Hello, world.\n") or b"\r\n0\r\n\r\n" in key.data
                if not whole and data:
                    continue
                answers += whole
                selector.unregister(sock)
                kept = data and b"connection: close" not in key.data.lower() and not key.data.startswith(b"HTTP/1.0")
                if not kept:
                    sock.close()
                ask(selector, sock if kept else peer.connect())
        elapsed = time.monotonic() - begin
        for key in list(selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
    return answers / elapsed


def ask(selector: selectors.BaseSelector, sock: socket.socket) -> None:
    sock.sendall(GET)
    selector.register(sock, selectors.EVENT_READ, bytearray())


def upload(peer: Peer, size: int) -> float:
    """Megabytes a second."""
    block = bytes(MB)
    with peer.connect() as sock:
        begin = time.perf_counter()
        sock.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % size)
        for _ in range(size // MB):
            sock.sendall(block)
        answer = b""
        while str(size).encode() not in answer.partition(b"\r\n\r\n")[2] and (data := sock.recv(BLOCK)):
            answer += data
        elapsed = time.perf_counter() - begin
    if not answer.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")):
        raise SystemExit(f"{peer.name} answers {answer[:100]!r}")
    return size / MB / elapsed


def download(peer: Peer, path: str, size: int) -> float:
    """Megabytes a second."""
    buffer = bytearray(MB)
    with peer.connect() as sock:
        begin = time.perf_counter()
        sock.sendall(f"GET {path}?{size} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        received = 0
        while received < size and (count := sock.recv_into(buffer)):
            received += count
        elapsed = time.perf_counter() - begin
    if received < size:
        raise SystemExit(f"{peer.name} sends {received} bytes of {size}.")
    return size / MB / elapsed


# The tables.


def rounds(peers: list[Peer], count: int, measure: Callable[[Peer], float]) -> dict[str, float]:
    found: dict[str, list[float]] = {peer.name: [] for peer in peers}
    for _ in range(count):
        for peer in peers:
            found[peer.name].append(measure(peer))
    return {name: statistics.median(values) for name, values in found.items()}


def report(title: str, peers: list[Peer], count: int, measure: Callable[[Peer], float]) -> None:
    for peer in peers:
        peer.forget_peak()
    before = {peer.name: peer.memory("VmRSS") for peer in peers}
    found = rounds(peers, count, measure)
    print(f"\n{title:30}{'':10}  x Werkzeug  x waitress   peak memory (MB)")
    for peer in peers:
        value = found[peer.name]
        ratios = "".join(f"{value / found[other]:12.2f}" for other in ("werkzeug", "waitress") if other in found)
        print(f"  {peer.name:28}{value:10.0f}{ratios}{peer.memory('VmHWM') - before[peer.name]:+19.1f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one short round: does it run?")
    parser.add_argument("--serve", nargs=2, metavar=("NAME", "PORT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve[0], int(options.serve[1]))
        return
    count, seconds, size = (1, 0.3, 10 * MB) if options.quick else (5, 2.0, 100 * MB)
    client = wrk if shutil.which("wrk") and not options.quick else own_client
    names = [name for name in ("debugkit", "werkzeug", "waitress", "gunicorn") if importlib.util.find_spec(name)]
    with ExitStack() as stack, tempfile.NamedTemporaryFile() as file:
        file.truncate(size)
        root = str(Path(__file__).parents[2])
        environ = {**os.environ, "PYTHONPATH": root, "PYTHONDONTWRITEBYTECODE": "1", "BENCHMARK_FILE": file.name}
        peers = [stack.enter_context(started(name, environ)) for name in names]
        print(f"Client: {'wrk' if client is wrk else 'one Python thread, which is the limit of fast servers'}.")
        for connections in (16, 1):
            title = f"Requests/s, {connections} connection{'s' if connections > 1 else ''}"
            report(title, peers, count, lambda peer, number=connections: client(peer, number, seconds))  # type: ignore[misc]
        megabytes = size // MB
        report(f"{megabytes} MB up (MB/s)", peers, count, lambda peer: upload(peer, size))
        report(f"{megabytes} MB down (MB/s)", peers, count, lambda peer: download(peer, "/made", size))
        report(f"{megabytes} MB file down (MB/s)", peers, count, lambda peer: download(peer, "/file", size))


if __name__ == "__main__":
    main()
