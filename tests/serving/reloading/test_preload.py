"""The preloaded process: what it imports, what it leaves to each worker, how its forks begin and end."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from process_support import gone
from serving_support import ROOT, TIMEOUT

from debugkit.serving.reloading.command_line import Program
from debugkit.serving.reloading.launchers import Cold
from debugkit.serving.reloading.messages import Preload, Preloaded, WorkerConfig, from_json
from debugkit.serving.reloading.preloading import Preloading
from debugkit.serving.reloading.workers import UNKNOWN, Forked, Worker

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks on Linux only")

IMPORTS = """
import json, sys
sys.path.remove("")
from dataclasses import asdict
from debugkit.serving.reloading.messages import Preload, from_json
from debugkit.serving.reloading.preload import Importing
print(json.dumps(asdict(Importing(from_json(Preload, json.load(sys.stdin))).run())), flush=True)
import os
os._exit(0)  # whatever threads the imports have started
"""


class Ground:
    """A project, and a folder of packages that count as installed."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "project"
        self.packages = folder / "site-packages"
        for place in (self.project, self.packages):
            place.mkdir()

    def install(self, **modules: str) -> None:
        for name, text in modules.items():
            (self.packages / f"{name}.py").write_text(textwrap.dedent(text))

    def preload(self, *names: str, skip: tuple[str, ...] = (), **fields: Any) -> Preloaded:
        """What becomes of importing installed modules in this order."""
        modules = {name: str(self.packages / f"{name}.py") for name in names}
        order = Preload(
            **{"names": (), "path": (), "added": (), "environ": {}, "modules": modules} | fields, **self._rest(skip)
        )
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(self.packages)])}
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", IMPORTS],
            input=json.dumps(asdict(order)),
            capture_output=True,
            text=True,
            env=environ,
            timeout=TIMEOUT,
            check=True,
        )
        return from_json(Preloaded, json.loads(done.stdout))

    def _rest(self, skip: tuple[str, ...]) -> Mapping[str, Any]:
        return {"program": Program("script", "app.py", (), (), str(self.project), ("python", "app.py")), "skip": skip}


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path)


# What it imports.


def test_what_fails_or_touches_the_project_or_starts_what_a_fork_loses_is_left_to_each_worker(ground: Ground) -> None:
    (ground.project / "prices.py").write_text("tea = 1\n")
    (ground.project / "shapes").mkdir()  # importable too (PEP 420)
    ground.install(
        plain="",
        fails="1 / 0",
        leaves="import sys; sys.exit(1)",
        asks="try:\n    import prices\nexcept ImportError:\n    pass",
        asks_for_a_folder="try:\n    import shapes\nexcept ImportError:\n    pass",
        asks_through_another="import asks",
        starts="import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()",
        opens="file = open(__file__)",
        opens_and_fails="import os; os.open(__file__, 0); 1 / 0",
        after="import plain",
    )
    names = (
        *("plain", "fails", "leaves", "asks", "asks_for_a_folder"),
        *("starts", "opens", "opens_and_fails", "after"),
    )
    outcome = ground.preload(*names)
    assert outcome.skip == {
        "fails": "fails without the program: ZeroDivisionError",
        "leaves": "fails without the program: SystemExit",
        "asks": "needs the program",
        "asks_for_a_folder": "needs the program",
        "starts": "starts a thread or opens a file",
        "opens": "starts a thread or opens a file",
        "opens_and_fails": "starts a thread or opens a file",
    }
    assert {"plain", "after"} <= outcome.modules.keys()
    assert list(ground.preload("asks_through_another", "plain", skip=("asks",)).skip) == ["asks_through_another"]


def test_a_module_that_was_another_file_for_the_program_is_left_to_it(ground: Ground) -> None:
    ground.install(tea="")
    assert ground.preload("tea").skip == {}
    assert ground.preload(modules={"tea": "/elsewhere/tea.py"}).skip == {
        "tea": "the program has another module of that name"
    }
    (ground.project / "tea.py").write_text("")  # which is looked for first there
    assert ground.preload(modules={}, names=("tea",)).skip == {"tea": "needs the program"}


def test_places_that_the_program_adds_are_the_projects(ground: Ground) -> None:
    (ground.project / "lib").mkdir()
    (ground.project / "lib" / "cups.py").write_text("")
    ground.install(asks="try:\n    import cups\nexcept ImportError:\n    pass")
    assert ground.preload("asks").skip == {}
    assert ground.preload("asks", added=(str(ground.project / "lib"),)).skip == {"asks": "needs the program"}


# Its forks.


def config(text: str) -> WorkerConfig:
    return WorkerConfig(Program("command", text, (), (), "/", ("-c",)), sockets=(), addresses=(), port=0)


@contextmanager
def preloaded(*names: str, **variables: str) -> Iterator[Preloading]:
    environ = {**os.environ, **variables}
    preloading = Preloading(config(""), Preload(names, {}, (), (), config("").program, environ, ()))
    preloading.channel.sock.settimeout(TIMEOUT)  # a supervisor is less patient
    try:
        assert select.select([preloading], [], [], TIMEOUT)[0]
        outcome = preloading.outcome()
        assert outcome is not None
        assert (outcome.skip, outcome.obstacle) == ({}, "")
        yield preloading
    finally:
        preloading.close()


def fork(preloading: Preloading) -> Worker:
    worker = preloading.fork()
    assert worker is not None
    return worker


def run(worker: Worker, text: str) -> int:
    """Have a fork run a program. Returns how it has ended."""
    worker.channel.send(config(text))
    status = worker.reap(TIMEOUT)
    worker.channel.sock.close()
    return status


@pytest.fixture(scope="module")
def many() -> Iterator[Preloading]:
    """One that has imported what is not the same in two processes."""
    names = ("numpy.random", "random", "logging", "multiprocessing", "ssl", "concurrent.futures.thread", "wsgiref.util")
    with preloaded(*names) as preloading:
        yield preloading


def test_its_forks_end_with_their_own_status_and_leave_no_descriptor(many: Preloading) -> None:
    def descriptors() -> list[int]:
        """Of both, at a moment when it has just forked, and so does nothing else."""
        waits = fork(many)
        counts = [len(list(Path(f"/proc/{number}/fd").iterdir())) for number in (os.getpid(), many.process.pid)]
        with pytest.raises(subprocess.TimeoutExpired):
            waits.process.wait(0.01)
        waits.channel.sock.close()  # it is not needed any more
        assert waits.reap(TIMEOUT) == 0
        return counts

    before = descriptors()
    for text, status in (("import os; os._exit(3)", 3), ("import os; os.kill(os.getpid(), 9)", -9)):
        assert run(fork(many), text) == status
    killed = fork(many)
    killed.process.kill()
    assert killed.process.wait(TIMEOUT) == killed.process.poll() == -9
    killed.process.kill()  # its number may be another one's by now
    assert killed.reap(TIMEOUT) == -9
    killed.channel.sock.close()
    assert descriptors() == before


SHOWS = """
import json, os, random, ssl, sys, logging, multiprocessing, signal, threading, uuid, tempfile, numpy, gc
own = {
    "random": random.random(), "numpy": numpy.random.random(), "ssl": ssl.RAND_bytes(8).hex(),
    "multiprocessing": multiprocessing.current_process().authkey.hex(), "number": os.getpid(),
    "logging": logging._startTime, "uuid": uuid.uuid4().hex, "tempfile": next(tempfile._get_candidate_names()),
}
same = {
    "signals": [str(signal.getsignal(number)).split(" at ")[0] for number in sorted(signal.valid_signals())],
    "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])), "wakeup": signal.set_wakeup_fd(-1),
    "multiprocessing": [multiprocessing.current_process().name, multiprocessing.parent_process(),
                        multiprocessing.active_children(), multiprocessing.get_start_method(),
                        multiprocessing.Process().name],
    "threads": [(thread.name, thread.daemon) for thread in threading.enumerate()],
    "main thread": [threading.main_thread() is threading.current_thread(), threading.get_native_id() == os.getpid()],
    "open": len(os.listdir("/proc/self/fd")),
    "logging": [logging.getLogger().level, len(logging.getLogger().handlers), list(logging._handlers)],
    "path": sys.path, "argv": sys.argv, "environ": dict(os.environ), "folder": os.getcwd(), "gc": gc.isenabled(),
    "meta_path": [getattr(finder, "__name__", type(finder).__name__) for finder in sys.meta_path],
    "main": sorted(vars(sys.modules["__main__"])),
    "warnings": len(__import__("warnings").filters), "session": os.getsid(0), "group": os.getpgrp(),
    "niceness": os.nice(0), "umask": os.umask(0o22), "trace": [sys.gettrace(), sys.getprofile()],
    "tls": len(ssl.create_default_context().get_ca_certs()), "flags": list(sys.flags),
}
with open(OUTPUT, "w") as file:
    json.dump([own, same], file)
os._exit(0)
"""
#: What each process has for itself, and what is alike in all of them, however they have begun.
OWN = ("random", "numpy", "ssl", "multiprocessing", "number", "logging", "uuid", "tempfile")
SAME = (
    *("signals", "blocked", "wakeup", "multiprocessing", "threads", "main thread", "open", "logging", "path", "argv"),
    *("environ", "folder", "gc", "meta_path", "main", "warnings", "session", "group", "niceness", "umask", "trace"),
    *("tls", "flags"),
)
Shown = Mapping[str, Any]


@pytest.fixture(scope="module")
def shown(many: Preloading, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Shown, Shown]]:
    """What is its own and what is like the others' in a process that was started, and in two that were forked."""
    folder = tmp_path_factory.mktemp("shown")
    cold = Cold(config("")).start(["numpy.random", "logging", "multiprocessing", "ssl", "concurrent.futures.thread"])
    for number, worker in enumerate((cold, fork(many), fork(many))):
        assert run(worker, f"OUTPUT = {str(folder / str(number))!r}\n{SHOWS}") == 0
    facts = [json.loads((folder / str(number)).read_text()) for number in range(3)]
    assert all((tuple(own), tuple(same)) == (OWN, SAME) for own, same in facts)
    return facts


@pytest.mark.parametrize("name", OWN)
def test_each_fork_has_its_own(shown: list[tuple[Shown, Shown]], name: str) -> None:
    assert len({own[name] for own, _ in shown}) == 3


@pytest.mark.parametrize("name", SAME)
def test_a_fork_has_what_a_process_has_that_was_started(shown: list[tuple[Shown, Shown]], name: str) -> None:
    (_, started), (_, first), (_, second) = shown
    assert started[name] == first[name] == second[name]


def test_a_fork_looks_for_modules_anew_and_its_collections_leave_alone_what_was_imported(many: Preloading) -> None:
    for name in ("len(sys.path_importer_cache)", "not gc.get_freeze_count()"):
        assert run(fork(many), f"import gc, os, sys; os._exit({name})") == 0


def test_what_imports_print_is_printed_once(tmp_path: Path) -> None:
    """By the process that imports: its forks must not write again what was still in the buffer."""
    reader, writer = os.pipe()
    stdout = os.dup(1)
    os.dup2(writer, 1)
    try:
        with preloaded("this") as preloading:
            for _ in range(2):
                run(fork(preloading), "raise KeyboardInterrupt")
    finally:
        os.dup2(stdout, 1)
        os.close(stdout)
        os.close(writer)
    with os.fdopen(reader) as file:
        assert file.read().count("Beautiful is better than ugly.") == 1


def test_variables_are_there_for_imports_and_not_for_workers(tmp_path: Path) -> None:
    with preloaded("json", DEBUGKIT_TEA="green") as preloading:
        seen = Path(f"/proc/{preloading.process.pid}/environ").read_bytes()
        assert b"DEBUGKIT_TEA" not in seen  # they come over a file: other users may read the other
        out = tmp_path / "out"
        run(
            fork(preloading),
            f"import os; open({str(out)!r}, 'w').write(str(os.environ.get('DEBUGKIT_TEA'))); os._exit(0)",
        )
        assert out.read_text() == "None"


def test_it_is_not_what_it_was_when_something_is_installed_where_the_program_looks(tmp_path: Path) -> None:
    packages = tmp_path / "site-packages"
    packages.mkdir()
    os.utime(packages, (0, 0))
    order = Preload(("json",), {}, (str(packages), str(tmp_path)), (), config("").program, dict(os.environ), ())
    preloading = Preloading(config(""), order)
    try:
        (tmp_path / "app.py").touch()
        assert preloading.is_fresh()
        (packages / "tea.py").touch()
        assert not preloading.is_fresh()
    finally:
        preloading.close()


# Its end.


def test_it_ends_with_its_supervisor_and_so_do_its_forks() -> None:
    with preloaded("json") as preloading:
        waiting = fork(preloading)
        preloading.channel.sock.close()
        assert preloading.process.wait(TIMEOUT) == 0
        waiting.channel.sock.close()
        assert gone(waiting.process.pid)
        assert waiting.process.wait(TIMEOUT) == UNKNOWN


def test_one_whose_supervisor_is_gone_before_it_is_ready_ends_without_a_word() -> None:
    text = (
        "import atexit, sys\natexit.register(print, 'the end of an installed package')\n"
        "from debugkit.serving.reloading.preload import serve_forks\nserve_forks(sys.argv[1:])\n"
    )
    ours, theirs = socket.socketpair()
    ours.close()
    with theirs, tempfile.TemporaryFile() as file:
        file.write(
            json.dumps(asdict(Preload(("json",), {}, (), (), config("").program, dict(os.environ), ()))).encode()
        )
        file.seek(0)
        descriptors = theirs.fileno(), file.fileno()
        command = [sys.executable, "-c", text, *map(str, descriptors)]
        environ = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, pass_fds=descriptors, capture_output=True, timeout=TIMEOUT, env=environ)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_one_that_is_retired_ends_with_its_last_fork_whose_status_it_still_tells() -> None:
    with preloaded("json") as preloading:
        last = fork(preloading)
        preloading.retire()
        assert not preloading.is_fresh()
        assert isinstance(last.process, Forked)
        assert run(last, "import os; os._exit(5)") == 5
        assert preloading.process.wait(TIMEOUT) == 0


def test_it_survives_the_signals_of_the_terminal_and_its_forks_do_not() -> None:
    with preloaded("json") as preloading:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            preloading.process.send_signal(number)
        waiting = fork(preloading)
        waiting.process.terminate()
        assert waiting.process.wait(TIMEOUT) == -signal.SIGTERM
        waiting.channel.sock.close()


def test_a_fork_of_one_that_was_killed_is_nobodys_and_none_comes_after_it() -> None:
    with preloaded("json") as preloading:
        waiting = fork(preloading)
        preloading.process.kill()
        preloading.process.wait()
        assert select.select([preloading], [], [], TIMEOUT)[0]
        assert preloading.fork() is None
        waiting.channel.sock.close()
        assert gone(waiting.process.pid)
        assert waiting.process.wait(TIMEOUT) == UNKNOWN
