"""The rules of the house, read from the source: which way imports go, who may use which package, what they do."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import debugkit

PACKAGE = Path(debugkit.__file__).parent

#: Lowest first. A module may import only what stands on a line above its own.
LAYERS = """
debugkit
debugkit.applications debugkit.errors debugkit.hooks debugkit.paths debugkit.private_files debugkit.raised
debugkit.terminal_text
debugkit.settings
debugkit.state
debugkit.debug
debugkit.debug.async_exceptions debugkit.debug.lazy_imports debugkit.debug.no_database
debugkit.debug.extras debugkit.debug.redaction_rules
debugkit.debug.assets debugkit.debug.guard debugkit.debug.machine debugkit.debug.messages
debugkit.debug.positions debugkit.debug.secret_names
debugkit.debug.frameworks
debugkit.debug.libraries debugkit.debug.negotiate debugkit.debug.redaction debugkit.debug.snapshot
debugkit.debug.foreign_text debugkit.debug.hiding debugkit.debug.repeats debugkit.debug.suggestions
debugkit.debug.captured debugkit.debug.exception_fields
debugkit.debug.said
debugkit.debug.stand_ins
debugkit.debug.error_position debugkit.debug.settings_position debugkit.debug.traceback_text
debugkit.debug.files debugkit.debug.highlighting
debugkit.debug.capture
debugkit.debug.source
debugkit.debug.shapes
debugkit.debug.builtin_types debugkit.debug.known_types debugkit.debug.strings
debugkit.debug.objects debugkit.debug.remembered
debugkit.debug.wrappers
debugkit.debug.classes
debugkit.debug.values
debugkit.debug.expressions
debugkit.debug.rewriting debugkit.debug.routers
debugkit.debug.namespace debugkit.debug.output
debugkit.debug.command
debugkit.debug.console
debugkit.debug.registry
debugkit.debug.attempts
debugkit.debug.pin
debugkit.debug.trust
debugkit.debug.views
debugkit.debug.spans
debugkit.debug.frameview debugkit.debug.panels
debugkit.debug.page
debugkit.debug.problem debugkit.debug.render
debugkit.debug.events
debugkit.debug.answers debugkit.debug.conformance debugkit.debug.desk debugkit.debug.gateway
debugkit.debug.consoles debugkit.debug.handlers
debugkit.debug.debugger
debugkit.debug.wsgi
debugkit.debug.failure
debugkit.serving
debugkit.serving.log_writer
debugkit.serving.crew debugkit.serving.expression debugkit.serving.fingerprints debugkit.serving.forks
debugkit.serving.held debugkit.serving.holders debugkit.serving.lifeline debugkit.serving.log
debugkit.serving.patterns debugkit.serving.program debugkit.serving.signals
debugkit.serving.static_files debugkit.serving.streams debugkit.serving.terminal debugkit.serving.tls_context
debugkit.serving.turns debugkit.serving.waiting debugkit.serving.wire
debugkit.serving.answer debugkit.serving.control debugkit.serving.listen debugkit.serving.scope debugkit.serving.target
debugkit.serving.tls
debugkit.serving.environ debugkit.serving.second_look debugkit.serving.tls_wire
debugkit.serving.body debugkit.serving.changes debugkit.serving.site
debugkit.serving.ways
debugkit.serving.contents debugkit.serving.http11
debugkit.serving.server debugkit.serving.watch_events
debugkit.serving.watch
debugkit.serving.plan debugkit.serving.processes
debugkit.serving.workers
debugkit.serving.reloader
debugkit.choices
debugkit.run
debugkit.environment debugkit.options debugkit.worker
debugkit.django debugkit.django.apps debugkit.django.runserver debugkit.django.runserver.apps
debugkit.django.management debugkit.django.management.commands
debugkit.django.runserver.management debugkit.django.runserver.management.commands
debugkit.django.certificates debugkit.django.options debugkit.django.postmortem debugkit.django.sql
debugkit.django.choosing debugkit.django.query_printer debugkit.django.reloading debugkit.django.request_log
debugkit.django.template_errors
debugkit.django.report
debugkit.django.__main__ debugkit.django.choosing debugkit.django.hook
debugkit.django.wsgi
debugkit.django.__main__ debugkit.django.serving
debugkit.django.management.commands.runserver_plus
debugkit.django.runserver.management.commands.runserver
debugkit.cli
debugkit.__main__
""".strip().splitlines()

RANKS = {name: rank for rank, line in enumerate(LAYERS) for name in line.split()}

#: Each third-party package, and the one module that imports it.
PACKAGES = {
    "colorama": "debugkit.serving.log",
    "cryptography": "debugkit.serving.tls",
    "dotenv": "debugkit.environment",
    "h11": "debugkit.serving.http11",
    "jinja2": "debugkit.debug.render",
    "markupsafe": "debugkit.debug.render",
    "pure_eval": "debugkit.debug.expressions",
    "pygments": "debugkit.debug.highlighting",
    "watchdog": "debugkit.serving.watch_events",
}

#: What the whole of `debugkit.django` may import: it is for projects that have it.
DJANGO = {"asgiref", "django", "sqlparse"}


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever the import stands."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative imports hide the direction"
            module = node.module or ""
            for alias in node.names:
                full = f"{module}.{alias.name}"
                yield full if full in MODULES else module


@pytest.mark.parametrize("name", [name for name in MODULES if name != "debugkit"])
def test_imports_go_downwards_only(name: str) -> None:
    for other in imported(MODULES[name]):
        if other.split(".")[0] == "debugkit":
            assert RANKS[other] < RANKS[name], f"{name} imports {other}, which stands above it"


def test_every_module_has_its_place_and_no_place_is_empty() -> None:
    assert set(RANKS) == set(MODULES)


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
heavy = {"jinja2", "pygments", "cryptography", "watchdog", "h11", "pure_eval", "markupsafe"} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_importing_the_package_alone_loads_nothing_but_itself() -> None:
    program = "import sys; import debugkit; print(*sorted(name for name in sys.modules if name.startswith('debugkit')))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert done.stdout.split() == ["debugkit"]


def test_the_public_names_are_these() -> None:
    assert debugkit.__all__ == [
        "__version__",
        "ConfigurationError",
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
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert "</" not in node.value, f"{name}:{node.lineno} holds markup"
