"""Development servers: how each is started on a project, as its own documentation says."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from harness.figures import Row
from harness.packages import missing
from harness.projects import Files, Project, Protocol, save
from harness.servers import ROOT, NotServing, Server

WERKZEUG = """
import sys
from werkzeug import run_simple
if __name__ == "__main__":
    from app import app
    run_simple("127.0.0.1", int(sys.argv[1]), app, use_reloader=True, use_debugger=True, reloader_type=sys.argv[2])
"""
#: A module in the way of watchdog: `flask run` cannot be told to do without it.
HIDDEN = {"watchdog.py": "raise ImportError('hidden by the benchmark')\n"}
BACKLASH = """
import app as program
from backlash import DebuggedApplication
app = DebuggedApplication(program.app)
"""


@dataclass(frozen=True)
class Peer:
    """A development server. ``{port}`` stands for the port in its arguments to Python."""

    name: str
    serves: Protocol
    arguments: str
    needs: tuple[str, ...] = ()
    files: Files = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    #: Starts anew when a file is saved.
    reloads: bool = True
    #: Shows a page of its own for an error.
    debugs: bool = True
    #: Notices what is saved in another way only: once is enough.
    variant: bool = False
    #: Is for applications of no framework: the framework's own server is beside us where there is one.
    plain: bool = False

    def fits(self, project: Project) -> bool:
        return self.serves in project.files and not (self.plain and project.framework)

    def missing(self, project: Project) -> list[str]:
        return missing((*self.needs, *project.needs))


RUN = "-m debugkit run app.py --port {port}"
MANAGE = "manage.py {command} 127.0.0.1:{{port}}"
UVICORN = "-m uvicorn app:app --log-level warning --port {port}"
PLUS = MANAGE.format(command="runserver_plus")

PEERS = (
    Peer("debugkit", "wsgi", RUN),
    Peer("debugkit, started cold", "wsgi", f"{RUN} --reload-mode cold", variant=True),
    Peer("Werkzeug", "wsgi", "serve.py {port} stat", ("werkzeug",), {"serve.py": WERKZEUG}, plain=True),
    Peer(
        "Werkzeug, watchdog",
        "wsgi",
        "serve.py {port} watchdog",
        ("werkzeug", "watchdog"),
        {"serve.py": WERKZEUG},
        variant=True,
        plain=True,
    ),
    Peer(
        "gunicorn --reload", "wsgi", "-m gunicorn app:app --reload --bind 127.0.0.1:{port}", ("gunicorn",), debugs=False
    ),
    Peer(
        "hupper, waitress",
        "wsgi",
        "hup.py -m waitress --listen=127.0.0.1:{port} app:app",
        ("hupper", "waitress"),
        {"hup.py": "from hupper.cli import main\nif __name__ == '__main__':\n    main()\n"},
        debugs=False,
        plain=True,
    ),
    Peer(
        "backlash, waitress",
        "wsgi",
        "-m waitress --listen=127.0.0.1:{port} debugged:app",
        ("backlash", "waitress"),
        {"debugged.py": BACKLASH},
        reloads=False,
        plain=True,
    ),
    Peer("flask run --debug", "flask", "-m flask run --debug --port {port}", ("flask",), HIDDEN),
    Peer("the same with watchdog", "flask", "-m flask run --debug --port {port}", ("flask", "watchdog"), variant=True),
    Peer("debugkit, runserver_plus", "django", PLUS, ("django",), variables={"BENCHMARK_APPS": "debugkit.django"}),
    Peer("Django runserver", "django", MANAGE.format(command="runserver"), ("django",)),
    Peer(
        "django-extensions",
        "django",
        f"{PLUS} --reloader-type stat",
        ("django", "django_extensions", "werkzeug"),
        variables={"BENCHMARK_APPS": "django_extensions"},
    ),
    Peer("debugkit, ASGI", "asgi", RUN, ("uvicorn",)),
    Peer("uvicorn --reload", "asgi", f"{UVICORN} --reload", ("uvicorn",)),
    Peer("uvicorn-hmr", "asgi", "-m uvicorn_hmr app:app --port {port} --host 127.0.0.1", ("uvicorn_hmr",)),
)


def fitting(project: Project) -> list[Peer]:
    """Those that serve it, and whose packages are installed."""
    return [peer for peer in PEERS if peer.fits(project) and not peer.missing(project)]


@contextmanager
def serving(peer: Peer, project: Project, place: Path | None = None, **variables: str) -> Iterator[Server]:
    """The peer's server of the project, in ``place`` or a folder of its own. Raises `NotServing`."""
    with tempfile.TemporaryDirectory() as name:
        folder, state = place or Path(name, "project"), Path(name, "state")
        folder.mkdir(exist_ok=True)
        state.mkdir()
        project.write(peer.serves, folder)
        for path, source in peer.files.items():
            save(folder / path, source)
        # Some watch all of the path: ours alone needs the checkout.
        paths = [str(folder), *([str(ROOT)] if "debugkit" in peer.name else [])]
        settings = {"PYTHONPATH": os.pathsep.join(paths), **peer.variables, **variables}
        with Server(peer.arguments.split(), folder, settings, state) as server:
            yield server


@dataclass
class SideBySide:
    """Servers of one project that run at the same time, and a row for each that does not start."""

    servers: dict[str, Server] = field(default_factory=dict)
    absent: list[Row] = field(default_factory=list)


def side_by_side(
    peers: Sequence[Peer],
    project: Project,
    stack: ExitStack,
    *,
    place: Callable[[Peer], Path | None] = lambda peer: None,
    variables: Callable[[Peer], Mapping[str, str]] = lambda peer: {},
) -> SideBySide:
    """The servers of those peers, until ``stack`` is closed."""
    found = SideBySide()
    for peer in peers:
        try:
            found.servers[peer.name] = stack.enter_context(serving(peer, project, place(peer), **variables(peer)))
        except NotServing as error:
            found.absent.append(Row(peer.name, remark=str(error)))
    return found
