"""Measure how soon a save is answered, beside peers, in one run:  python tests/benchmarks/reloading.py [--quick]

A client asks all the while, each time on a new connection. The peers take turns with a server each, so that a slow
moment of the machine meets all of them. Compare the ratios; absolute times are this machine's.
"""

from __future__ import annotations

import argparse
import http.client
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reload_peers import PEERS, QUICK, Peer, Terminal, free_port, server

#: Seconds after which a save counts as never seen, and a server as one that does not start.
NEVER = 5.0
START = 20.0
#: Seconds between two requests: a client that leaves the server no time would be measured too.
PAUSE = 0.002
#: Seconds from an answer to the next save. At random, so that who looks once a second is not met at the same moment
#: each time; not at once, because what that loses is counted by itself.
SETTLE = (0.6, 1.6)
#: Seconds from the beginning of a restart to a second save.
SECOND = (0.03, 0.15)


@dataclass
class Result:
    """What was found of a peer: seconds, and counts."""

    starts: list[float] = field(default_factory=list)
    saves: list[float] = field(default_factory=list)
    unseen: int = 0  # saves
    failures: list[str] = field(default_factory=list)
    doubles: int = 0
    lost: int = 0
    trouble: str = ""

    @property
    def never(self) -> bool:
        return self.unseen > 1 and not self.saves


class Client(threading.Thread):
    """Asks one request after the other, and keeps the moment of each new text and all that went wrong."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._closing = False
        self._told = threading.Condition()
        self._first: dict[str, float] = {}
        self.failures: list[str] = []

    def run(self) -> None:
        while not self._closing:
            try:
                text = ask(self._port)
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(type(error).__name__)
            else:
                with self._told:
                    self._first.setdefault(text, time.perf_counter())
                    self._told.notify_all()
            time.sleep(PAUSE)

    def wait_for(self, text: str, timeout: float) -> float | None:
        """The moment of the first answer with ``text``; `None` when it does not come in time."""
        with self._told:
            self._told.wait_for(lambda: text in self._first, timeout)
            return self._first.get(text)

    def close(self) -> None:
        self._closing = True
        self.join()


def ask(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=NEVER)
    try:
        connection.request("GET", "/", headers={"Connection": "close"})
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    if response.status != 200:
        raise http.client.HTTPException(f"status {response.status}")
    return body.decode()


class Turn:
    """One server of a peer, from its start to its end."""

    def __init__(self, peer: Peer, result: Result, folder: Path) -> None:
        self._peer = peer
        self._result = result
        self._folder = folder
        self._count = 0

    def run(self, saves: int, delays: Sequence[float]) -> None:
        """Start, save ``saves`` times, and then save twice for each of ``delays``."""
        self._write()
        port = free_port()
        started = time.perf_counter()
        with server(self._peer, port, self._folder) as terminal:
            if (moment := first_answer(port)) is None:
                self._result.trouble = f"does not start: {terminal.last}"
                return
            self._result.starts.append(moment - started)
            client = Client(port)
            client.start()
            try:
                self._save(client, saves)
                self._result.failures += client.failures
                self._save_twice(client, terminal, delays)
            finally:
                client.close()

    def _save(self, client: Client, count: int) -> None:
        for _ in range(count):
            settle()
            saved, text = self._write()
            moment = client.wait_for(text, NEVER)
            if moment is None:
                self._result.unseen += 1
            else:
                self._result.saves.append(moment - saved)
            if self._result.never:
                return

    def _save_twice(self, client: Client, terminal: Terminal, delays: Sequence[float]) -> None:
        for delay in delays if not self._result.never else ():
            settle()
            noticed = terminal.noticed
            self._write()
            if terminal.wait_for_more_than(noticed, NEVER):
                time.sleep(delay)
                _, text = self._write()
                self._result.doubles += 1
                self._result.lost += client.wait_for(text, NEVER) is None

    def _write(self) -> tuple[float, str]:
        """Save a new text as editors do that rename. Returns the moment and the text.

        No text is as long as the one before: Python would take the bytecode of that one for the new one's when both
        are saved in the same second (PEP 552 calls it timestamp-based), which is another matter than a lost save.
        """
        self._count += 1
        text = f"text {self._count} " + "x" * (self._count % 7)
        for name, content in {**self._peer.files, "app.py": self._peer.source.format(text=text)}.items():
            if name != "app.py" and self._count > 1:
                continue
            draft = self._folder / f".#{name}"
            draft.write_text(content)
            draft.rename(self._folder / name)
        return time.perf_counter(), text


def settle() -> None:
    time.sleep(random.uniform(*SETTLE))


def first_answer(port: int) -> float | None:
    deadline = time.perf_counter() + START
    while time.perf_counter() < deadline:
        try:
            ask(port)
        except (OSError, http.client.HTTPException):
            time.sleep(PAUSE)
        else:
            return time.perf_counter()
    return None


def measure(peers: Sequence[Peer], rounds: int, saves: int, twice: int) -> dict[str, Result]:
    """``rounds`` turns of each peer, with so many saves and double saves a turn."""
    results = {peer.name: Result() for peer in peers}
    delays = list(spread(SECOND, rounds * twice))
    for number in range(rounds):
        for peer in peers:
            result = results[peer.name]
            if result.never or result.trouble:
                continue
            print(f"\rround {number + 1} of {rounds}: {peer.name:40}", end="", file=sys.stderr, flush=True)
            with tempfile.TemporaryDirectory() as state:
                folder = Path(state, "project")
                folder.mkdir()
                Turn(peer, result, folder).run(saves, delays[number::rounds])
    print(f"\r{'':60}\r", end="", file=sys.stderr)
    return results


def spread(between: tuple[float, float], count: int) -> Iterator[float]:
    first, last = between
    return (first + (last - first) * number / max(1, count - 1) for number in range(count))


def table(peers: Sequence[Peer], results: dict[str, Result]) -> Iterator[str]:
    medians = {name: statistics.median(result.saves) for name, result in results.items() if result.saves}
    fastest = min((medians[peer.name] for peer in peers if not peer.ours and peer.name in medians), default=None)
    yield (
        f"{'From the save to the first answer (ms)':38}  median  worst  of the fastest  failed requests"
        "  second save   from start to"
    )
    yield f"{'':38}                         peer's     (in reloads)         lost    first answer"
    for peer in peers:
        yield f"  {peer.name:36}" + row(results[peer.name], medians.get(peer.name), fastest)


def row(result: Result, median: float | None, fastest: float | None) -> str:
    if result.trouble:
        return f"  {result.trouble}"
    start = f"{statistics.median(result.starts) * 1e3:16.0f}"
    if median is None:
        return f"{'never':>8}{'':57}{start}"
    ratio = f"{median / fastest:16.2f}" if fastest else f"{'':16}"
    reloads = len(result.saves) + result.unseen
    failed = f"{len(result.failures)} ({reloads})"
    worst = f"> {NEVER * 1e3:.0f}" if result.unseen else f"{max(result.saves) * 1e3:.0f}"
    lost = f"{result.lost} of {result.doubles}"
    return f"{median * 1e3:8.0f}{worst:>7}{ratio}{failed:>17}{lost:>17}{start}"


def failures(results: dict[str, Result]) -> Iterator[str]:
    """How the requests failed, by the name of the error."""
    for name, result in results.items():
        kinds = sorted(set(result.failures))
        if kinds:
            yield f"  failed requests, {name}: " + ", ".join(f"{kind} {result.failures.count(kind)}" for kind in kinds)


def chosen(names: Sequence[str]) -> list[Peer]:
    """The peers whose name holds one of ``names``, or all; without those that are not installed, which it says."""
    wanted = [peer for peer in PEERS if not names or any(name in peer.name for name in names)]
    for peer in wanted:
        if peer.missing:
            print(f"  {peer.name:36}  skipped: {', '.join(peer.missing)} is not installed")
    return [peer for peer in wanted if not peer.missing]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="debugkit and Werkzeug, a few saves: does it run?")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each peer, of 4 saves and 2 double saves")
    parser.add_argument("--peer", action="append", default=[], help="a part of a peer's name; may be repeated")
    options = parser.parse_args()
    if options.quick:
        peers = [peer for peer in chosen([]) if peer.name in QUICK]
        results = measure(peers, rounds=1, saves=3, twice=1)
    else:
        peers = chosen(options.peer)
        results = measure(peers, options.rounds, saves=4, twice=2)
    print("\n".join([*table(peers, results), *failures(results)]))


if __name__ == "__main__":
    main()
