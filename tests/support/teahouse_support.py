"""The example project, served by its own ``manage.py runserver_plus`` in a process, and a browser without a window."""

from __future__ import annotations

import html
import os
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from integration.processes import Answer, Browser
from process_support import TIMEOUT, Process

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "examples" / "django_project"
#: This checkout may be edited while its tests run: the project alone decides about reloads.
UNWATCHED = ("--exclude-pattern", f"{ROOT / 'debugkit'}/")
#: What is printed when the server is ready for requests, with its port.
LISTENING = r"https?://(?:localhost|127\.0\.0\.1|\[::1\]):(\d+)/"
#: What a supervisor says when a worker has taken over.
RELOADED = r"(?m)^ \* (?:Reloaded|Waiting for a change)"

#: What the front page links to, from the only module of the project that knows nothing of Django.
GROUPS: tuple[Any, ...] = runpy.run_path(str(PROJECT / "teahouse" / "failures.py"))["GROUPS"]
FAILURES: dict[str, Any] = {failure.title: failure for group in GROUPS for failure in group.failures}


def environ(database: Path, **variables: str) -> dict[str, str]:
    """An environment in which ``manage.py`` finds this checkout, and writes nothing into it."""
    own = {name: text for name, text in os.environ.items() if not name.startswith(("DJANGO_", "WERKZEUG_"))}
    return (
        {"DEBUGKIT_RELOAD_MODE": "cold"}
        | own
        | {
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "PYTHONUTF8": "1",
            "TEAHOUSE_DATABASE": str(database),
            **variables,
        }
    )


def made_database(folder: Path) -> Path:
    """A data base with all tables and what the migrations put there."""
    database = folder / "teahouse.sqlite3"
    command = [sys.executable, "manage.py", "migrate", "-v0"]
    done = subprocess.run(command, cwd=PROJECT, env=environ(database), capture_output=True, text=True, timeout=TIMEOUT)
    assert (done.returncode, done.stderr) == (0, "")
    return database


def copy_of_the_project(folder: Path) -> Path:
    """A project that a test may break."""
    return Path(shutil.copytree(PROJECT, folder / "project", ignore=shutil.ignore_patterns("__pycache__", "*.sqlite3")))


class House(Process):
    """The running command, and all that it prints."""

    def __init__(
        self,
        *arguments: str,
        database: Path,
        folder: Path = PROJECT,
        python: tuple[str, ...] = ("manage.py",),
        **variables: str,
    ) -> None:
        self.folder = folder
        command = [sys.executable, "-W", "error", *python, "runserver_plus", *UNWATCHED, *arguments]
        super().__init__(command, cwd=folder, env=environ(database, **variables), merged=True)

    def wait_until_it_listens(self) -> None:
        self.port = int(self.wait_for(LISTENING)[1])
        self.wait_for("Ctrl.C")

    def save(self, name: str, text: str) -> str:
        """Save a file as editors do that rename, and wait for the next worker. Returns what was printed meanwhile."""
        start = self.mark()
        self.write(name, text)
        self.wait_for(RELOADED, start)
        return self.log[start:]

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        draft = path.with_name(f".#{path.name}")
        draft.write_text(text, "utf-8")
        draft.rename(path)

    def text_of(self, name: str) -> str:
        return (self.folder / name).read_text("utf-8")

    def guest(self) -> Guest:
        return Guest(self)  # type: ignore[arg-type]

    @property
    def children(self) -> list[int]:
        """The processes that it has started and that still run: who serves, and who waits to."""
        tasks = Path(f"/proc/{self.pid}/task").iterdir()
        return [int(pid) for task in tasks for pid in (task / "children").read_text().split()]

    @property
    def worker(self) -> int:
        """The process that answers now, as the page of an error tells."""
        guest = self.guest()
        error = guest.error_of(guest("/tastings/next/"))
        return int(
            next(panel["values"]["Process"] for panel in error["request"]["environment"] if panel["title"] == "Process")
        )


@contextmanager
def serving(*arguments: str, database: Path, **more: Any) -> Iterator[House]:
    """The command on a free port, until the end of the test."""
    with House(*arguments, database=database, **more) as house:
        house.wait_until_it_listens()
        yield house


class Guest(Browser):
    """A browser on this computer that keeps cookies, sends forms as Django wants them, and reads pages."""

    def visit(self, failure: Any) -> Answer:
        if not failure.form:
            return self(failure.path)
        return self.send(failure.path, failure.form)

    def send(self, path: str, fields: Sequence[tuple[str, str]]) -> Answer:
        """POST a form."""
        body = urlencode([*fields, ("csrfmiddlewaretoken", self.token)]).encode()
        return self(path, "POST", body=body, headers={"Content-Type": "application/x-www-form-urlencoded"})

    def upload(self, path: str, fields: Sequence[tuple[str, str]], name: str, filename: str, data: bytes) -> Answer:
        """POST a form with one file (RFC 7578)."""
        parts = [
            f'name="{field}"\r\n\r\n{value}'.encode() for field, value in [*fields, ("csrfmiddlewaretoken", self.token)]
        ]
        parts.append(f'name="{name}"; filename="{filename}"\r\nContent-Type: text/csv\r\n\r\n'.encode() + data)
        body = b"".join(b"--teapot\r\nContent-Disposition: form-data; " + part + b"\r\n" for part in parts)
        headers = {"Content-Type": "multipart/form-data; boundary=teapot"}
        return self(path, "POST", body=body + b"--teapot--\r\n", headers=headers)

    @property
    def token(self) -> str:
        """The secret of Django's protection against forged forms: it stands in a cookie and has to be in the form."""
        if "csrftoken" not in self.cookies:
            assert self("/").status == 200
        return self.cookies["csrftoken"]

    def error_of(self, answer: Answer) -> dict[str, Any]:
        """The error that an answer leads to, as JSON."""
        return self.problem(answer.headers["X-Debugkit-Traceback"].rpartition("/")[2])


def without_markup(page: str) -> str:
    """What a page says, in one line."""
    return " ".join(html.unescape(re.sub(r"<(style|script)\b.*?</\1>|<[^>]*>", "", page, flags=re.DOTALL)).split())
