"""What would make a forked worker differ from one that was started, and what it must not have of its parent.

Forking copies one thread and all memory: so the parent has run no code of the user's, has no other thread and no open
descriptor, and what is different in each process that starts is made different here.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from types import FrameType, FunctionType, ModuleType
from typing import Any

from debugkit.serving.reloading.modules import file_of, is_ours_or_installed, is_search_path_kept
from debugkit.serving.signals import SIGNALS

#: Packages that start threads of their own, or replace what the interpreter is made of: a fork would break them, or
#: they the program. pydevd is the debugger of debugpy, PyCharm and PyDev.
UNFIT = ("eventlet", "gevent", "grpc", "jax", "polars", "pydevd", "ray", "tensorflow")
#: Packages whose threads end before a fork and come again after it, by pthread_atfork(3): their OpenBLAS sees to it.
FIT = ("numpy", "scipy")
#: The numbers of `sys.monitoring` for tools are 0 to 5 (PEP 669).
TOOLS = range(6)


def obstacle_in_program() -> str:
    """Why the program that runs in this process must have imported all by itself; "" where it need not."""
    if unfit := [name for name in UNFIT if name in sys.modules]:
        return f"{unfit[0]} does not survive a fork"
    if follower := obstacle_of_tracing():
        return follower
    if not is_search_path_kept():
        return "the program removes or reorders what is in sys.path"
    for place, hooks in (("sys.meta_path", sys.meta_path), ("sys.path_hooks", sys.path_hooks)):
        if theirs := [maker for maker in map(_maker, hooks) if _is_the_programs(maker)]:
            return f"the program changes how modules are found ({theirs[0].__qualname__} in {place})"
    return ""


def obstacle_of_tracing() -> str:
    """Why a fork would not be followed as the program is; "" when nothing follows it."""
    followers = sys.gettrace(), sys.getprofile(), threading.gettrace(), threading.getprofile()
    names = [str(_maker(follower).__module__) for follower in followers if follower is not None]
    monitoring: Any = getattr(sys, "monitoring", None)  # since Python 3.12
    tools = [monitoring.get_tool(number) for number in (TOOLS if monitoring else ())]
    names += [str(tool) for tool in tools if tool is not None]
    return f"a debugger or a measurement follows each line of the program ({names[0]})" if names else ""


def _maker(hook: object) -> Any:
    """The function or class that a hook is or comes from. An object is asked for nothing but its class."""
    return hook if issubclass(type(hook), (type, FunctionType)) else type(hook)


def _is_the_programs(maker: Any) -> bool:
    file = file_of(sys.modules.get(str(maker.__module__)))
    return bool(file) and not is_ours_or_installed(file)


class Traces:
    """What imports leave behind in this process that a fork would not copy: threads and open descriptors."""

    def __init__(self) -> None:
        self._modules = len(sys.modules)
        self._threads = set(threading.enumerate())
        self._native, self._files = _native_threads(), _descriptors()

    def are_new(self, *, failed: bool = False) -> bool:
        """Whether there is anything since the last time that a fork would lose; ``failed``: an import has."""
        started = set(threading.enumerate()) - self._threads
        if len(sys.modules) == self._modules and not started and not failed:
            return False
        imported = list(sys.modules)[self._modules :]
        native, files = _native_threads(), _descriptors()
        more, opened = native > self._native, files - self._files
        self._threads |= started
        self._modules, self._native, self._files = len(sys.modules), native, files
        return bool(started or opened or (more and not any(name in FIT for name in imported)))


def _native_threads() -> int:
    return len(os.listdir("/proc/self/task"))  # noqa: PTH208


def _descriptors() -> set[int]:
    """Which descriptors of this process are open, but for the one that lists them."""
    numbers = map(int, os.listdir("/proc/self/fd"))  # noqa: PTH208
    return {number for number in numbers if _is_open(number)}


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


class Disposition:
    """How this process meets signals: it outlives those that end its children, which must not inherit that."""

    def __init__(self) -> None:
        self._before = {number: signal.signal(number, ignore) for number in SIGNALS}

    def restore(self) -> None:
        for number, handler in self._before.items():
            if signal.getsignal(number) is ignore:  # no import has set another one
                signal.signal(number, signal.SIG_DFL if handler is None else handler)


def ignore(number: int, frame: FrameType | None) -> None:
    """Unlike SIG_IGN, this is not what programs that a worker starts would inherit."""


class Variables:
    """Environment variables for the time of the imports; what these set themselves, stays."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._before = dict(os.environ)
        self._set = dict(environ)
        for name in os.environ.keys() - environ.keys():
            del os.environ[name]
        os.environ.update(environ)

    def restore(self) -> None:
        for name in self._before.keys() | self._set.keys():
            if os.environ.get(name) != self._set.get(name):  # an import has changed it
                continue
            if name in self._before:
                os.environ[name] = self._before[name]
            else:
                os.environ.pop(name, None)


def begin_anew(restore: Iterable[Callable[[], None]]) -> None:
    """Make a forked process what it would be if it had been started. `random` and OpenSSL do so themselves."""
    for function in restore:
        function()
    for name, renew in RENEWED.items():
        if (module := sys.modules.get(name)) is not None:
            renew(module)
    sys.path_importer_cache.clear()
    importlib.invalidate_caches()


def _renew_numpy(module: ModuleType) -> None:
    module.seed()  # its global generator is the same in each fork


def _renew_logging(module: Any) -> None:
    now = time.time_ns() if isinstance(module._startTime, int) else time.time()
    module._startTime = now  # from which `relativeCreated` counts; in nanoseconds since Python 3.13


def _renew_multiprocessing(module: ModuleType) -> None:
    module.current_process().authkey = os.urandom(32)


#: Modules that make something when they are imported which no two processes should share.
RENEWED: Mapping[str, Callable[[ModuleType], None]] = {
    "numpy.random": _renew_numpy,
    "logging": _renew_logging,
    "multiprocessing.process": _renew_multiprocessing,
}
