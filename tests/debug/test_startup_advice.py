"""What the terminal and the page say of a program that does not start: what, and what to do."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import AppRegistryNotReady, ImproperlyConfigured

from debugkit.debug.startup_advice import start_advice


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    return tmp_path


def advice(failing: Callable[[], Any]) -> str:
    with pytest.raises(Exception) as raised:
        failing()
    return start_advice(raised.value)


def imports(name: str) -> Callable[[], Any]:
    return lambda: __import__(name)


def raises(error: Exception) -> Callable[[], Any]:
    def failing() -> None:
        raise error

    return failing


def test_a_missing_module_is_named_with_its_distribution() -> None:
    assert advice(imports("slugify_")) == (
        f"The module slugify_ is not installed for {sys.executable}. Install it: python -m pip install slugify_"
    )
    assert advice(imports("win32api")).endswith(" Install it: python -m pip install pywin32")


def test_requirements_that_name_it_are_to_be_installed(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('dependencies = ["pywin32>=300"]', "utf-8")
    assert advice(imports("win32api")).endswith(" pyproject.toml names it: python -m pip install -e .")

    (folder / "requirements.txt").write_text("pywin32-extra\nPyWin32==300\n", "utf-8")
    assert advice(imports("win32api")).endswith(" requirements.txt names it: python -m pip install -r requirements.txt")


def test_an_environment_that_is_not_in_use_is_to_be_activated(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / ".venv").mkdir()
    (folder / ".venv" / "pyvenv.cfg").write_text("", "utf-8")
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)

    assert advice(imports("win32api")).endswith(" There is a virtual environment in .venv: activate it first.")


def test_a_module_in_a_folder_beside_is_shown(folder: Path) -> None:
    (folder / "src").mkdir()
    (folder / "src" / "teashop_of_mine.py").write_text("", "utf-8")

    assert advice(imports("teashop_of_mine")) == (
        "The module teashop_of_mine is in src, where Python does not look. Set PYTHONPATH=src."
    )


def test_a_circular_import_says_how_to_break_it(folder: Path) -> None:
    (folder / "circle_a.py").write_text("from circle_b import tea\ncup = 1\n", "utf-8")
    (folder / "circle_b.py").write_text("from circle_a import cup\ntea = 1\n", "utf-8")

    assert advice(imports("circle_a")) == (
        "circle_a imports circle_b, which imports circle_a. "
        "Import inside the function that needs it, or move what both need into a third module."
    )


def test_an_environment_variable_is_to_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEASHOP_DATABASE", raising=False)

    assert advice(lambda: os.environ["TEASHOP_DATABASE"]) == (
        "The environment variable TEASHOP_DATABASE is not set. "
        "Set it in the shell (export TEASHOP_DATABASE=...), or in the file .env."
    )
    told = raises(ImproperlyConfigured("Set the TEASHOP_KEY environment variable"))
    assert advice(told).startswith("The environment variable TEASHOP_KEY is not set. Set it in the shell")


def test_a_port_in_use_is_explained() -> None:
    import socket

    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        first.listen()

        assert advice(lambda: second.bind(first.getsockname())) == (
            "The program listens at an address that another process has. End that one, or choose another port."
        )


@pytest.mark.parametrize(
    ("message", "where"),
    [
        ('connection to server at "localhost" (127.0.0.1), port 5432 failed: Connection refused', "localhost:5432"),
        ("Error 111 connecting to localhost:6379. Connection refused.", "localhost:6379"),
        ("(2003, \"Can't connect to MySQL server on 'db:3306' (111)\")", "db:3306"),
        ("[Errno 111] Connect call failed ('127.0.0.1', 5432)", "127.0.0.1:5432"),
    ],
)
def test_a_server_that_does_not_answer_is_named(message: str, where: str) -> None:
    def failing() -> None:
        try:
            raise ConnectionError(message)
        except ConnectionError as error:
            raise RuntimeError("no database") from error

    assert advice(failing) == (
        f"Nothing answers at {where}. Start that server, or correct its address in the configuration."
    )


def test_a_database_that_refuses_is_explained() -> None:
    refused = advice(raises(OSError('FATAL: password authentication failed for user "ann"')))
    missing = advice(raises(OSError('FATAL: database "teashop" does not exist')))

    assert refused == "The database refuses the user. Correct user and password in the configuration."
    assert missing == "There is no database teashop. Create it, or correct its name in the configuration."


def test_djangos_settings_are_missing_or_incomplete(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "teashop").mkdir()
    (folder / "teashop" / "settings.py").write_text("", "utf-8")
    unset = "Requested setting DEBUG, but settings are not configured. You must define ..."
    early = advice(raises(AppRegistryNotReady("Apps aren't loaded yet.")))

    assert advice(raises(ImproperlyConfigured(unset))) == (
        "Django has no settings. Set DJANGO_SETTINGS_MODULE=teashop.settings."
    )
    assert early.startswith("Models are imported before Django is set up. Call django.setup() first")
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "teashop.setings")
    empty = advice(raises(ImproperlyConfigured("The SECRET_KEY setting must not be empty.")))
    assert empty == "The SECRET_KEY setting must not be empty. Set SECRET_KEY in teashop.setings."
    assert advice(imports("teashop.setings")) == (
        "There is no settings module teashop.setings. Correct DJANGO_SETTINGS_MODULE."
    )


@pytest.mark.parametrize(
    "error", [ValueError("it"), ImproperlyConfigured("The lot"), OSError(2, "gone"), KeyError("a")]
)
def test_nothing_is_said_when_unsure(error: Exception) -> None:
    assert start_advice(error) == ""


def test_an_error_that_cannot_be_looked_at_has_no_advice() -> None:
    class Hostile(Exception):
        def __str__(self) -> str:
            raise SystemExit

    assert start_advice(Hostile()) == ""
