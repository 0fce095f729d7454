"""For all tests: settings that touch nothing outside of the test's own folder, and signals as a terminal has them."""

from __future__ import annotations

import compileall
import gc
import os
import signal
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
#: Folders whose tests start processes and browsers. Begun last, one of their files would keep the others waiting.
FIRST = tuple(f"tests/{name}/" for name in ("serving/reloading", "django", "browser", "integration", "benchmarks"))
#: Files each of whose tests starts processes of its own: they share nothing, so that any process may run any of them.
SPREAD = (
    *(f"tests/serving/reloading/test_{name}.py" for name in ("supervisor", "ground", "run_again", "under_a_debugger")),
    *(f"tests/serving/reloading/test_{name}.py" for name in ("further_servers", "ends")),
    "tests/serving/test_log_unread.py",
    "tests/benchmarks/test_benchmarks.py",
)

#: Characters of a folder that leaves too few for "pytest-of-somebody/pytest-10/popen-gw0/" and the name of a test.
DEEP = 24


def _is_whole(config: pytest.Config) -> bool:
    return config.args_source is config.ArgsSource.TESTPATHS


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Run the whole suite in parallel, more processes than processors, since tests mostly wait for others of theirs.

    Tests that are named on the command line run in this process, where a debugger can stop them, unless ``-n`` says
    how many.
    """
    debugging = config.option.usepdb or config.option.trace
    if debugging or hasattr(config, "workerinput"):
        return
    if _is_whole(config) and config.option.numprocesses is None:
        config.option.numprocesses = min(8, 2 * (os.cpu_count() or 1))
    if config.option.numprocesses:
        # Otherwise each of them would rewrite the assertions of all modules for itself.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        # What a module's tests share is started once; files come in the order below.
        config.option.dist = "loadfile"
        config.option.loadscopereorder = False


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """As ``--dist loadfile``, but for the files in `SPREAD`: one of them would keep its process busy to the end."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return nodeid if nodeid.startswith(SPREAD) else str(super()._split_scope(nodeid))

    return Scheduling(config, log) if config.option.dist == "loadfile" else None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, Any, Any]:
    """Keep what was collected from the garbage collector, which would go through ten thousand tests again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item], config: pytest.Config) -> None:
    if _is_whole(config):
        items.sort(key=lambda item: item.path.parts)
    items.sort(key=lambda item: (not item.nodeid.startswith(FIRST), not item.nodeid.startswith(SPREAD)))


def pytest_configure(config: pytest.Config) -> None:
    _keep_paths_of_sockets_short()
    _compile_the_package(config)
    _begin_where_no_other_worker_begins(config)
    _let_programs_have_the_signals_of_a_terminal()


def _keep_paths_of_sockets_short() -> None:
    """Leave a folder for temporary files that is deep, as macOS gives each user one, for that of all users.

    The path of a Unix socket has at most 104 bytes (108 on Linux, see unix(7)), and pytest's own folders take most.
    """
    if os.name == "posix" and len(os.fsencode(tempfile.gettempdir())) > DEEP and os.access("/tmp", os.W_OK):
        os.environ["TMPDIR"] = tempfile.tempdir = "/tmp"


def _compile_the_package(config: pytest.Config) -> None:
    """Once, before any worker of xdist: the servers that tests start write no bytecode, and half of their start would
    go into compiling debugkit again.
    """
    if not hasattr(config, "workerinput"):
        compileall.compile_dir(ROOT / "debugkit", quiet=1)


def _begin_where_no_other_worker_begins(config: pytest.Config) -> None:
    """Let a worker of xdist collect its share of the files first, and then those of the others.

    To rewrite the assertions of all modules takes most of the time of collecting. Whoever comes second reads what the
    first has written; in the same order all of them would be first.
    """
    worker = getattr(config, "workerinput", None)
    if worker is not None and _is_whole(config):
        files = sorted(str(path) for path in ROOT.glob("tests/**/test_*.py"))
        begin = len(files) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
        config.args = files[begin:] + files[:begin]


def _let_programs_have_the_signals_of_a_terminal() -> None:
    """Let the programs that tests start have signals that are not ignored.

    ``nohup`` ignores SIGHUP, and shells ignore SIGINT for what runs in the background; children inherit that, see
    signal(7).
    What has a handler here is back to its default in a child, and this process stays alive as it was told to.
    """
    for name in ("SIGHUP", "SIGINT"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *arguments: None)


@pytest.fixture(autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The secret and the attempts live in a folder of this test, also for processes that it starts."""
    # `mktemp` would look through the folders of all tests before this one.
    folder = Path(tempfile.mkdtemp(prefix="state", dir=tmp_path_factory.getbasetemp()))
    monkeypatch.setenv("DEBUGKIT_STATE_DIR", str(folder))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    for name in ("WERKZEUG_DEBUG_PIN", "DEBUGKIT_TRUSTED_HOSTS", "DEBUGKIT_TRUSTED_PEERS", "DEBUGKIT_EDITOR"):
        monkeypatch.delenv(name, raising=False)
    return folder
