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
debugkit.debug.wsgi_applications debugkit.errors debugkit.hooks debugkit.serving.paths debugkit.private_files debugkit.raised
debugkit.terminal_text
debugkit.settings
debugkit.state
debugkit.debug
debugkit.debug.safe.async_exceptions debugkit.debug.safe.lazy_imports debugkit.debug.safe.no_database
debugkit.debug.framework_report debugkit.debug.redaction.patterns
debugkit.debug.page.assets debugkit.debug.safe.inspection debugkit.debug.access.machine debugkit.debug.messages
debugkit.debug.source.positions debugkit.debug.redaction.names
debugkit.debug.frameworks.known
debugkit.debug.tracebacks.libraries debugkit.debug.http.negotiate debugkit.debug.redaction.redactor debugkit.debug.request_snapshot
debugkit.debug.safe.text debugkit.debug.tracebacks.hiding debugkit.debug.tracebacks.repeats debugkit.debug.tracebacks.suggestions
debugkit.debug.tracebacks.model debugkit.debug.tracebacks.exceptions
debugkit.debug.tracebacks.messages
debugkit.debug.tracebacks.stand_ins
debugkit.debug.tracebacks.syntax_errors debugkit.debug.tracebacks.django_settings debugkit.debug.tracebacks.text
debugkit.debug.source.loading debugkit.debug.source.highlighting
debugkit.debug.tracebacks.capture
debugkit.debug.source.excerpt
debugkit.debug.values.preview
debugkit.debug.values.builtins debugkit.debug.values.third_party debugkit.debug.values.strings
debugkit.debug.values.objects debugkit.debug.values.remembered
debugkit.debug.values.wrappers
debugkit.debug.values.dispatch
debugkit.debug.values.describe
debugkit.debug.source.expressions
debugkit.debug.console.transforms debugkit.debug.console.streams
debugkit.debug.console.namespace debugkit.debug.console.events
debugkit.debug.console.command
debugkit.debug.console.console
debugkit.debug.registry
debugkit.debug.access.lockout
debugkit.debug.access.pin
debugkit.debug.access.trust
debugkit.debug.page.models
debugkit.debug.page.spans
debugkit.debug.page.frame debugkit.debug.page.panels
debugkit.debug.page.builder
debugkit.debug.page.problem_json debugkit.debug.page.rendering
debugkit.debug.live
debugkit.debug.http.responses debugkit.debug.wsgi_conformance debugkit.debug.http.context debugkit.debug.wsgi_gateway
debugkit.debug.http.console_handlers debugkit.debug.http.handlers
debugkit.debug.debugger
debugkit.debug.wsgi
debugkit.debug.startup_error
debugkit.serving
debugkit.serving.log_writer
debugkit.serving.thread_pool debugkit.runner.expression debugkit.serving.watching.fingerprints debugkit.serving.forks
debugkit.serving.reloading.prompts debugkit.serving.port_owner debugkit.serving.reloading.lifeline debugkit.serving.log
debugkit.serving.watching.patterns debugkit.serving.reloading.command_line debugkit.serving.signals
debugkit.serving.middleware.static_files debugkit.serving.standard_streams debugkit.serving.terminal debugkit.serving.tls.context
debugkit.serving.middleware.serialize debugkit.serving.connections debugkit.serving.http.transport
debugkit.serving.http.response debugkit.serving.reloading.control debugkit.serving.listen debugkit.serving.watching.filter debugkit.runner.target
debugkit.serving.tls.certificates
debugkit.serving.http.environ debugkit.serving.http.refused_head debugkit.serving.tls.transport
debugkit.serving.http.request_body debugkit.serving.watching.changes debugkit.serving.addresses
debugkit.serving.watching.links
debugkit.serving.watching.file_tree debugkit.serving.http.connection
debugkit.serving.server debugkit.serving.watching.inotify
debugkit.serving.watching.watcher
debugkit.serving.reloading.bootstrap debugkit.serving.processes
debugkit.serving.reloading.workers
debugkit.serving.reloading.supervisor
debugkit.runner.config
debugkit.runner.run
debugkit.runner.environment debugkit.runner.cli_options debugkit.runner.worker
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
    "cryptography": "debugkit.serving.tls.certificates",
    "dotenv": "debugkit.runner.environment",
    "h11": "debugkit.serving.http.connection",
    "jinja2": "debugkit.debug.page.rendering",
    "markupsafe": "debugkit.debug.page.rendering",
    "pure_eval": "debugkit.debug.source.expressions",
    "pygments": "debugkit.debug.source.highlighting",
    "watchdog": "debugkit.serving.watching.inotify",
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
