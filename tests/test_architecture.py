"""The rules of the house, read from the source: which way imports go, who may use which package, what they do."""

from __future__ import annotations

import ast
import functools
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from process_support import TIMEOUT

import debugkit

PACKAGE = Path(debugkit.__file__).parent

#: The rooms, lowest first, by the beginning of their modules' names. A module may import from the rooms on the lines
#: above its own, and from its own room.
ROOMS = """
debugkit.errors debugkit.frozen debugkit.hooks debugkit.private_files debugkit.raised debugkit.terminal_text
debugkit.converters
debugkit.editors
debugkit.settings
debugkit.state
debugkit.servers
debugkit.debug.safe debugkit.debug.messages debugkit.debug.framework_report
debugkit.debug.wsgi_applications
debugkit.debug.redaction debugkit.debug.request_snapshot debugkit.debug.frameworks
debugkit.debug.tracebacks debugkit.debug.access debugkit.debug.wsgi_gateway
debugkit.debug.source debugkit.debug.values debugkit.debug.timeline debugkit.debug.console
debugkit.debug.wsgi_conformance
debugkit.debug.registry debugkit.debug.processes debugkit.debug.causes debugkit.debug.completion debugkit.debug.replay
debugkit.debug.page
debugkit.debug.live debugkit.debug.handing_on debugkit.debug.search
debugkit.debug.debugger
debugkit.debug.http debugkit.debug.attributes
debugkit.debug.adapter
debugkit.debug.wsgi debugkit.debug.asgi debugkit.debug.startup_advice
debugkit.debug.startup_error
debugkit.serving
debugkit.runner
debugkit.django debugkit.flask debugkit.paste
debugkit.pyramid
debugkit.cli
debugkit.__main__
""".strip().splitlines()

#: The same within the room that serves.
SERVING = """
debugkit.serving.paths debugkit.serving.log_writer debugkit.serving.port_owner debugkit.serving.signals
debugkit.serving.standard_streams debugkit.serving.terminal debugkit.serving.connections debugkit.serving.forks
debugkit.serving.thread_pool
debugkit.serving.log debugkit.serving.listen debugkit.serving.watching
debugkit.serving.config
debugkit.serving.http
debugkit.serving.tls debugkit.serving.middleware
debugkit.serving.addresses
debugkit.serving.server
debugkit.serving.processes
debugkit.serving.reloading
""".strip().splitlines()

#: Their names are for users; they import nothing until somebody asks.
FRONT_DOORS = {"debugkit", "debugkit.debug", "debugkit.serving"}

#: Each third-party package, and the one module that imports it.
PACKAGES = {
    "click": "debugkit.flask",
    "colorama": "debugkit.serving.log",
    "cryptography": "debugkit.serving.tls.certificates",
    "dotenv": "debugkit.runner.environment",
    "flask": "debugkit.flask",
    "h11": "debugkit.serving.http.connection",
    "jinja2": "debugkit.debug.page.templating",
    "uvicorn": "debugkit.runner.asgi.server",
    "pure_eval": "debugkit.debug.source.expressions",
    "pygments": "debugkit.debug.source.highlighting",
    "watchdog": "debugkit.serving.watching.observer",
}

#: What the whole of `debugkit.django` may import: it is for projects that have it.
DJANGO = {"asgiref", "django", "sqlparse"}


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


@functools.cache
def nodes(module: ast.Module) -> tuple[ast.AST, ...]:
    """All of a tree, which several rules look at: to walk there takes most of their time."""
    return tuple(ast.walk(module))


@functools.cache
def imported(path: Path) -> list[str]:
    """Every module that a file imports, wherever the import stands."""
    return list(_imported(path))


def _imported(path: Path) -> Iterator[str]:
    for node in nodes(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative imports hide the direction"
            module = node.module or ""
            for alias in node.names:
                full = f"{module}.{alias.name}"
                yield full if full in MODULES else module


def room_of(name: str, rooms: list[str]) -> tuple[int, str]:
    """The line and the name of a module's room; -1 and the module itself if it has none."""
    for rank, line in enumerate(rooms):
        for room in line.split():
            if name == room or name.startswith(f"{room}."):
                return rank, room
    return -1, name


@pytest.mark.parametrize("rooms", [ROOMS, SERVING], ids=["rooms", "serving"])
def test_imports_between_rooms_go_downwards_only(rooms: list[str]) -> None:
    for name in MODULES.keys() - FRONT_DOORS:
        rank, room = room_of(name, rooms)
        for other in imported(MODULES[name]):
            other_rank, other_room = room_of(other, rooms)
            if other in MODULES and other not in FRONT_DOORS and rank >= 0 and other_room != room:
                assert other_rank < rank, f"{name} imports {other}, which stands above it"


def test_every_module_has_a_room_and_no_room_is_empty() -> None:
    for name in MODULES.keys() - FRONT_DOORS:
        rooms = SERVING if name.startswith("debugkit.serving") else ROOMS
        assert room_of(name, rooms)[0] >= 0, f"{name} has no room"
    for room in " ".join(ROOMS + SERVING).split():
        assert any(name == room or name.startswith(f"{room}.") for name in MODULES), f"{room} is empty"


def test_no_imports_go_round_in_a_circle() -> None:
    below = {
        name: {other for other in imported(path) if other in MODULES and other not in FRONT_DOORS}
        for name, path in MODULES.items()
        if name not in FRONT_DOORS
    }
    order = graphlib.TopologicalSorter(below)
    order.prepare()  # raises CycleError, which names the modules


@pytest.mark.parametrize("folder", sorted({path.parent for path in MODULES.values()}), ids=lambda folder: folder.name)
def test_a_folder_can_be_overlooked(folder: Path) -> None:
    modules = [path for path in folder.glob("*.py") if path.stem != "__init__"]
    assert len(modules) <= 15, "what no longer fits in the head becomes a room"


def test_the_runner_wing_never_imports_the_debugger_wing() -> None:
    for name, path in MODULES.items():
        if name.startswith("debugkit.serving"):
            assert not [other for other in imported(path) if other.startswith("debugkit.debug")]


def test_each_third_party_package_is_imported_by_one_module() -> None:
    for name, path in MODULES.items():
        for other in imported(path):
            top = other.split(".")[0]
            if top in sys.stdlib_module_names or top in ("debugkit", "_typeshed"):
                continue
            if top in DJANGO and name.startswith("debugkit.django."):
                continue
            assert PACKAGES.get(top) == name, f"{name} imports {top}"


def test_a_supervisor_loads_neither_server_nor_debugger() -> None:
    """It is what everybody waits for before the first worker even begins."""
    program = """
import sys
import debugkit.cli, debugkit.runner.supervision, debugkit.serving.reloading.supervisor
costly = {"h11", "debugkit.serving.server", "debugkit.debug.debugger", "debugkit.debug.frameworks.known", "difflib"}
print(costly & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=TIMEOUT)
    assert (done.stdout, done.stderr) == ("set()\n", "")


def test_importing_debugkit_is_silent_and_changes_nothing() -> None:
    program = """
import sys, threading, signal, logging, warnings
def state():
    signals = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    hooks = [sys.excepthook, sys.displayhook, sys.stdout, sys.stderr, threading.excepthook]
    return signals, hooks, list(logging.root.handlers), threading.active_count()
before = state()
import debugkit
from debugkit import DebuggedApplication, Settings, capture
DebuggedApplication(lambda environ, start_response: [])
after = state()
assert before == after, (before, after)
heavy = {"jinja2", "pygments", "cryptography", "watchdog", "h11", "pure_eval", "markupsafe", "asyncio"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=TIMEOUT
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_importing_the_package_alone_loads_nothing_but_itself() -> None:
    program = "import sys; import debugkit; print(*sorted(name for name in sys.modules if name.startswith('debugkit')))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=TIMEOUT)
    assert done.stdout.split() == ["debugkit"]


def test_the_public_names_are_these() -> None:
    assert debugkit.__all__ == [
        "__version__",
        "ConfigurationError",
        "DebuggedASGIApplication",
        "DebuggedApplication",
        "DebugkitError",
        "Limits",
        "Settings",
        "after_start",
        "before_reload",
        "capture",
        "generate_adhoc_ssl_context",
        "is_running_from_reloader",
        "load_ssl_context",
        "make_server",
        "make_ssl_devcert",
        "on_change",
        "run_simple",
    ]
    assert all(getattr(debugkit, name) for name in debugkit.__all__)
    assert set(debugkit.__all__) <= set(dir(debugkit))


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'DebugedApplication'"):
        debugkit.DebugedApplication  # type: ignore[attr-defined]


def test_only_templates_know_markup() -> None:
    for name, path in MODULES.items():
        for node in nodes(tree(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert "</" not in node.value, f"{name}:{node.lineno} holds markup"


def test_the_runner_speaks_to_the_debugger_and_not_to_its_protocol() -> None:
    """A second protocol is one adapter file: what runs an application finds nothing of it on the WSGI class."""
    runner = {"events", "banner", "restarted", "trust_host", "supervised_by"}
    assert not runner & vars(debugkit.DebuggedApplication).keys()
    for name, path in MODULES.items():
        if name.startswith("debugkit.debug.http.") or name == "debugkit.debug.debugger":
            assert not [other for other in imported(path) if "wsgi" in other], f"{name} knows a protocol"
