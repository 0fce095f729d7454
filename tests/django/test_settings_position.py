"""What Django's settings name and nothing can import opens on the line of the settings that names it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("django")

OPENED = """
import json, sys
import django
from django.core.handlers.wsgi import WSGIHandler
from django.test import RequestFactory
from debugkit.debug.tracebacks.capture import capture
from debugkit.debug.source.excerpt import excerpt
from debugkit.settings import Limits

def start():
    django.setup()
    handler = WSGIHandler()
    from django.urls import resolve
    resolve("/")

try:
    start()
except Exception as error:
    frame = capture(error).opened
    marked = [line.text[a:b] for line in excerpt(frame, Limits()).lines for a, b in line.marks]
    print(json.dumps([frame.filename, frame.lineno, marked, frame.pointed_at]))
"""

SETTINGS = """SECRET_KEY = "not a secret"
ROOT_URLCONF = "urls"
INSTALLED_APPS = ["django.contrib.contenttypes"]
MIDDLEWARE = [
    # "shop.middleware.Missing" was here once
    "django.middleware.common.CommonMiddleware",
]
"""


def opened(folder: Path, files: dict[str, str], settings: str = "site_settings") -> tuple[str, int, list[str], bool]:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    environ = os.environ | {"DJANGO_SETTINGS_MODULE": settings, "PYTHONPATH": str(folder)}
    done = subprocess.run([sys.executable, "-c", OPENED], env=environ, capture_output=True, text=True, check=True)
    filename, lineno, marked, pointed_at = json.loads(done.stdout)
    return str(Path(filename).relative_to(folder)), lineno, marked, pointed_at


MISSING = '    "django.middleware.common.CommonMiddleware",\n'


@pytest.mark.parametrize(
    ("old", "new", "lineno", "name"),
    [
        (MISSING, '    "shop.middleware.Missing",\n', 6, "shop.middleware.Missing"),
        (MISSING, '    "django.middleware.common.Missing",\n', 6, "django.middleware.common.Missing"),
        (MISSING, '    "Missing",\n', 6, "Missing"),
        ('["django.contrib.contenttypes"]', '["teas"]', 3, "teas"),
        ('ROOT_URLCONF = "urls"', "ROOT_URLCONF = 'no_urls'", 2, "no_urls"),
    ],
)
def test_a_name_that_does_not_import_opens_on_its_line(
    tmp_path: Path, old: str, new: str, lineno: int, name: str
) -> None:
    found = opened(tmp_path, {"site_settings.py": SETTINGS.replace(old, new), "urls.py": "urlpatterns = []\n"})
    assert found[:2] == ("site_settings.py", lineno)
    assert [piece.strip("'\"") for piece in found[2]] == [name]
    assert found[3]


def test_settings_in_several_files_are_all_read(tmp_path: Path) -> None:
    files = {
        "teahouse/__init__.py": "",
        "teahouse/base.py": SETTINGS.replace(MISSING, '    "shop.middleware.Missing",\n'),
        "teahouse/local.py": "from .base import *\nDEBUG = True\n",
    }
    assert opened(tmp_path, files, "teahouse.local")[:2] == ("teahouse/base.py", 6)


def test_what_fails_inside_a_module_of_the_project_opens_there(tmp_path: Path) -> None:
    files = {
        "site_settings.py": SETTINGS.replace(MISSING, '    "teas.Middleware",\n'),
        "teas.py": "import no_such_module\n",
    }
    assert opened(tmp_path, files) == ("teas.py", 1, ["import no_such_module"], False)


def test_another_error_has_nothing_to_do_with_the_settings(tmp_path: Path) -> None:
    files = {"site_settings.py": SETTINGS, "urls.py": "1 / 0\n"}
    assert opened(tmp_path, files) == ("urls.py", 1, ["1 / 0"], False)
