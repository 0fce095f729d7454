"""A supervisor's configuration, and how a process becomes one. Does not know what supervisors do."""

from __future__ import annotations

import atexit
import json
import os
import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

import debugkit
from debugkit.errors import ConfigurationError
from debugkit.frozen import frozen
from debugkit.serving.reloading.messages import WorkerConfig, from_json

#: What a new interpreter runs. Its path must include this package, but not the working directory, whose
#: files could shadow the standard library.
#: It begins with a text that does nothing, and is what lists of processes show.
BOOT = (
    "{2!r}; import sys; sys.path[:] = [one for one in sys.path if one]; sys.path += [{0!r}] * ({0!r} not in sys.path); "
    "from {1} import main; sys.exit(main(sys.argv[1:]))"
)


@frozen
class SupervisorConfig:
    """What a supervisor needs to know. Holds plain values only: it travels to another process as JSON."""

    worker: WorkerConfig  # of every worker, but for its number
    unlink: tuple[str, ...] = ()  # paths of Unix sockets that were made here, to remove at the end
    roots: tuple[str, ...] = ()  # folders whose Python files are watched
    extra_files: tuple[str, ...] = ()
    exclude_patterns: tuple[str, ...] = ()
    reloader_type: str = "auto"
    reloader_interval: float = 1.0
    reload_mode: str = "auto"
    preload: tuple[str, ...] = ()  # modules that are imported before the program asks for them
    prepare: tuple[str, ...] = ()  # modules of ours that every worker needs
    timing: bool = False

    def dump(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str) -> SupervisorConfig:
        return from_json(cls, json.loads(text))


def boot(module: str, title: str) -> str:
    """A command for ``python -c`` that calls `main` of one of our modules with the arguments."""
    return BOOT.format(str(Path(debugkit.__file__).parent.parent), module, f"debugkit {title}")


def become_supervisor(config: SupervisorConfig) -> NoReturn:
    """Turn this process, which has run the program up to here, into its supervisor.

    It starts afresh: nothing of the program is left in it, neither threads nor locks nor memory.
    """
    import tempfile

    end_children()
    atexit._run_exitfuncs()  # as at the end of any program; this one ends here
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    with tempfile.TemporaryFile() as file:  # not the command line, which other users can read: there may be a PIN
        file.write(config.dump().encode())
        file.seek(0)
        for descriptor in (*config.worker.sockets, file.fileno()):
            os.set_inheritable(descriptor, True)
        os.chdir(config.worker.program.folder)
        code = boot("debugkit.serving.reloading.supervisor", shlex.join(config.worker.program.argv[1:]))
        command = [sys.executable, *config.worker.program.options, "-c", code, str(file.fileno())]
        os.execve(sys.executable, command, first_environ())


def end_children() -> None:
    """End the processes that the program has started with `multiprocessing`: it starts them again.

    Its own `atexit` function waits for those that are not daemons, and servers never end.
    """
    multiprocessing = sys.modules.get("multiprocessing")
    for child in multiprocessing.active_children() if multiprocessing else ():
        child.terminate()


def is_awaited() -> bool:
    """Whether something that belongs to this very process waits for its end, and would be lost if it started afresh.

    The connection of a debugger is one (pydevd, which debugpy, PyCharm and PyDev share): to the editor, the process is
    still there, and never answers. The prompt of ``python -i`` (PYTHONINSPECT) is another, and what it shows.
    What only measures, as coverage and profilers do, has written its results by now, and goes on in the workers: if it
    stayed here too, both would write the same file, and the last one, which knows of no request, would win.
    """
    return "pydevd" in sys.modules or bool(sys.flags.inspect)


def first_environ(path: Path = Path("/proc/self/environ")) -> dict[bytes, bytes]:
    """The environment in which this process was started, where the system tells; else that of now.

    What the program has set since, it is to set again: a line that is taken out must not go on having an effect.
    """
    try:
        entries = path.read_bytes().rstrip(b"\0").split(b"\0")
    except OSError:
        entries = []
    pairs = [entry.partition(b"=") for entry in entries]
    if not pairs or not all(name and equals for name, equals, _ in pairs):  # no /proc, or a program that renames itself
        return dict(os.environb)
    return {name: value for name, _, value in pairs}


def require_posix() -> None:
    """Raise `debugkit.ConfigurationError` where workers cannot inherit sockets."""
    if os.name != "posix":
        raise ConfigurationError(
            "The reloader hands its sockets to new processes, which Windows does not let it do: leave use_reloader out "
            "(--no-reload), or use the Windows Subsystem for Linux."
        )
