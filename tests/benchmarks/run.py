"""Measure debugkit beside Werkzeug and Django in one run:  python tests/benchmarks/run.py [--quick]

Times are medians of rounds in which the peers take turns, so that a slow moment of the machine meets all of them.
Compare the ratios; absolute times are this machine's.
"""

from __future__ import annotations

import argparse
import gc
import io
import logging
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from wsgiref.util import FileWrapper

import cases
from cases import Application, answer

from debugkit import DebuggedApplication


def rounds(actions: dict[str, Callable[[], object]], count: int, repeat: int = 1) -> dict[str, float]:
    """Seconds for one call of each action: the median over ``count`` rounds of ``repeat`` calls."""
    times: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(count):
        for name, action in actions.items():
            gc.collect(0)
            start = time.perf_counter()
            for _ in range(repeat):
                action()
            times[name].append((time.perf_counter() - start) / repeat)
    return {name: statistics.median(found) for name, found in times.items()}


def werkzeug(app: Application) -> Application:
    from werkzeug.debug import DebuggedApplication as Peer

    return Peer(app, evalex=True, pin_logging=False)  # type: ignore[return-value]


def django(app: Application) -> Application:
    """Django's technical page for the same error."""
    import django
    from django.conf import settings

    if not settings.configured:
        settings.configure(DEBUG=True, ALLOWED_HOSTS=["*"], SECRET_KEY="x", ROOT_URLCONF="cases")
        django.setup()
    from django.test import RequestFactory
    from django.views.debug import technical_500_response

    def page(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        try:
            return app(environ, start_response)
        except Exception:
            request = RequestFactory().get("/", headers={"accept": "text/html"})
            return [technical_500_response(request, *sys.exc_info()).content]  # type: ignore[arg-type]

    return page


def listing(size: int) -> Application:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"x"] * size

    return app


def generating(size: int) -> Application:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        for _ in range(size):
            yield b"x"

    return app


def filing(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return FileWrapper(io.BytesIO(b"x"))


def without_error(quick: bool) -> None:
    print("\nA request that does not fail (µs)          bare  debugkit     added  Werkzeug     added")
    count, repeat = (3, 200) if quick else (25, 4_000)
    for name, app in {
        "list of 1": listing(1),
        "list of 100": listing(100),
        "generator of 1": generating(1),
        "generator of 10": generating(10),
        "generator of 100": generating(100),
        "file": filing,
    }.items():
        bare, ours, peer = app, DebuggedApplication(app), werkzeug(app)

        def call(target: Any) -> Callable[[], object]:
            environ = cases.environ() | {"wsgi.file_wrapper": FileWrapper}

            def run() -> None:
                result = target(environ, lambda status, headers, exc_info=None: None)
                for _ in result:
                    pass
                close = getattr(result, "close", None)
                if close:
                    close()

            return run

        found = rounds({"bare": call(bare), "debugkit": call(ours), "werkzeug": call(peer)}, count, repeat)
        us = {key: value * 1e6 for key, value in found.items()}
        print(
            f"  {name:36}{us['bare']:9.2f}{us['debugkit']:10.2f}{us['debugkit'] - us['bare']:+10.2f}"
            f"{us['werkzeug']:10.2f}{us['werkzeug'] - us['bare']:+10.2f}"
        )


def with_error(quick: bool) -> None:
    print(
        "\nFrom the error to the page (ms, kB)    debugkit       kB  Werkzeug       kB   Django     kB   of Werkzeug's"
    )
    apps = {
        "5 frames": cases.frames(5),
        "30-frame Flask": cases.flask_application(),
        "990 repeated frames": cases.recursion,
        "chain of 5": cases.chain,
    }
    for name, app in apps.items():
        peers = {"debugkit": DebuggedApplication(app), "werkzeug": werkzeug(app), "django": django(app)}
        sizes = {key: len(answer(peer)) for key, peer in peers.items()}
        slow = "990" in name
        found = rounds(
            {key: lambda peer=peer: answer(peer) for key, peer in peers.items()}, 2 if quick else 7 if slow else 40
        )
        row = "".join(f"{found[key] * 1e3:9.2f}{sizes[key] / 1e3:9.1f}" for key in peers)
        print(f"  {name:36}{row}{found['debugkit'] / found['werkzeug']:11.3f}")


def large_values(quick: bool) -> None:
    print("\nWhat a large local adds to the page (ms)  debugkit  Werkzeug (shows none)    Django")
    none = cases.holding(lambda: None)
    peers = {"debugkit": DebuggedApplication, "werkzeug": werkzeug, "django": django}
    for name, make in cases.LARGE.items():
        app = cases.holding(make)
        actions: dict[str, Callable[[], object]] = {}
        for key, wrap in peers.items():
            if key == "django" and quick:
                continue
            for label, target in (("without", wrap(none)), ("with", wrap(app))):  # type: ignore[operator]
                actions[f"{key} {label}"] = lambda target=target: answer(target)  # type: ignore[misc]
        for action in actions.values():
            action()
        found = rounds(actions, 2 if quick else 9)
        added = [found.get(f"{key} with", 0) - found.get(f"{key} without", 0) for key in peers]
        print(f"  {name:36}" + "".join(f"{value * 1e3:12.2f}" for value in added))


def import_time(quick: bool) -> None:
    def start(program: str) -> Callable[[], object]:
        return lambda: subprocess.run([sys.executable, "-c", program], check=True)

    programs = {
        "bare interpreter": "pass",
        "import debugkit": "import debugkit",
        "DebuggedApplication": "from debugkit import DebuggedApplication",
        "Werkzeug's": "from werkzeug.debug import DebuggedApplication",
    }
    found = rounds({name: start(program) for name, program in programs.items()}, 2 if quick else 15)
    print("\nImport (ms over a bare interpreter)")
    for name, value in found.items():
        print(f"  {name:36}{(value - found['bare interpreter']) * 1e3:9.1f}")


def memory(quick: bool) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        held = bytearray(1_000_000)
        raise ValueError(len(held))

    ours = DebuggedApplication(app)
    sizes = []
    for _ in range(4):
        for _ in range(20 if quick else 500):
            answer(ours)
        sizes.append(current_size())
    print(
        "\nMemory after 500, 1000, 1500 and 2000 errors that hold 1 MB each (MB):", *(f"{size:.0f}" for size in sizes)
    )


def current_size() -> float:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few rounds only: does it run?")
    quick = parser.parse_args().quick
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as state:
        os.environ["DEBUGKIT_STATE_DIR"] = state
        for measure in (without_error, with_error, large_values, import_time, memory):
            measure(quick)


if __name__ == "__main__":
    main()
