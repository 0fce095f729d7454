"""A small Django project in a folder of its own, served by its real ``manage.py``."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from reload_support import Project
from serving_support import ROOT, TIMEOUT, Program, environ

MANAGE = """
import os, sys
from django.core.management import execute_from_command_line
if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_settings")
    execute_from_command_line(sys.argv)
"""

SETTINGS = """
from pathlib import Path
BASE_DIR = Path(__file__).resolve().parent
SECRET_KEY = "not a secret"
DEBUG = True
ALLOWED_HOSTS = []
ROOT_URLCONF = "urls"
INSTALLED_APPS = ["debugkit.django", "tea"]
MIDDLEWARE = []
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "tea.sqlite3"}}
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [BASE_DIR / "templates"]}]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
"""

URLS = """
from django.urls import path
from tea import views
urlpatterns = [
    path("", views.index),
    path("fails/", views.fails),
    path("sql/", views.sql),
    path("page/", views.page),
    path("late/", views.late),
    path("user/", views.user),
]
"""

VIEWS = """
import os
from django.db import connection
from django.http import HttpResponse
from django.shortcuts import render

def index(request):
    return HttpResponse(f"tea {os.getpid()}")

def fails(request):
    cups = {"green": 2}
    return HttpResponse(cups["black"])

def sql(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s AS leaf", ["Assam"])
        cursor.executemany("INSERT INTO tea_cup (name) VALUES (%s)", [["a"], ["b"]])
        cursor.execute("DELETE FROM tea_cup")
    return HttpResponse(str(len(connection.queries)))

def page(request):
    return render(request, "page.html", {"process": os.getpid()})

def late(request):
    return render(request, "late.html")

def user(request):
    return HttpResponse(request.META.get("REMOTE_USER", "nobody"))
"""

MODELS = """
from django.db import models

class Cup(models.Model):
    name = models.CharField(max_length=20)
"""

FILES = {
    "manage.py": MANAGE,
    "site_settings.py": SETTINGS,
    "urls.py": URLS,
    "tea/__init__.py": "",
    "tea/models.py": MODELS,
    "tea/views.py": VIEWS,
    "templates/page.html": "first {{ process }}",
    "tea/static/leaf.txt": "green",
}


def write_project(folder: Path, more: str = "", **files: str) -> Path:
    """Write the project with more settings, which can override those there are."""
    for name, text in (FILES | files).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with (folder / "site_settings.py").open("a") as stream:
        stream.write(more)
    return folder


@contextmanager
def site(
    folder: Path, *arguments: str, more: str = "", stdin: int = subprocess.DEVNULL, **variables: str
) -> Iterator[Project]:
    """Serve the project by ``manage.py runserver_plus`` on a free port, until the end of the test."""
    write_project(folder, more)
    with started(folder, "runserver_plus", "127.0.0.1:0", *arguments, stdin=stdin, **variables) as found:
        yield found


@contextmanager
def started(
    folder: Path,
    *arguments: str,
    python: tuple[str, ...] = ("manage.py",),
    stdin: int = subprocess.DEVNULL,
    **variables: str,
) -> Iterator[Project]:
    # This checkout may be edited while its tests run: the project alone decides about reloads.
    unwatched = ("--exclude-pattern", f"{ROOT / 'debugkit'}/")
    with Program(*arguments, *unwatched, cwd=folder, python=python, stdin=stdin, **variables) as process:
        found = Project(folder, process)
        found.port = int(process.read_until(r"https?://[^/\s]+:(\d+)/")[1])
        process.read_until(r"^ \* (Reloading with|Waiting for a change)" if _reloads(arguments) else "Press Ctrl")
        try:
            yield found
        finally:
            process.stop()


def _reloads(arguments: tuple[str, ...]) -> bool:
    return "--noreload" not in arguments


def refusal(
    folder: Path, *arguments: str, python: tuple[str, ...] = ("manage.py",), **variables: str
) -> tuple[int, str]:
    """The exit status and all output of a command that is not to serve."""
    done = subprocess.run(
        [sys.executable, "-W", "error", *python, *arguments],
        cwd=folder,
        env=environ() | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT,
    )
    return done.returncode, done.stdout


#: A process that starts the command again and again: each of its starts alone would be a second of Django's imports.
SEVERAL = """
import io, json, os, sys
from contextlib import redirect_stderr, redirect_stdout
from django.core.management import execute_from_command_line
os.environ["DJANGO_SETTINGS_MODULE"] = "site_settings"
sys.path.insert(0, "")
refusals = []
for arguments in json.loads(sys.argv.pop()):
    output, status = io.StringIO(), 0
    with redirect_stdout(output), redirect_stderr(output):
        try:
            execute_from_command_line(["manage.py", *arguments])
        except SystemExit as error:
            status = error.code
    refusals.append((status, output.getvalue()))
print(json.dumps(refusals))
"""


def several_refusals(folder: Path, *commands: Sequence[str]) -> list[tuple[int, str]]:
    """As `refusal`, for each of several commands in the same folder."""
    status, output = refusal(folder, json.dumps(commands), python=("-c", SEVERAL))
    assert status == 0, output
    return [(status, text) for status, text in json.loads(output)]


def names(folder: Path) -> list[str]:
    """What stands in a folder, to see that nothing was written."""
    return sorted(path.name for path in folder.iterdir())
