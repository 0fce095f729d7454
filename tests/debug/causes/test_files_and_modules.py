"""Causes that lie in files: a path that ends too early, modules that hide or import each other."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from debugkit.debug.causes.engine import cause
from debugkit.debug.tracebacks.capture import capture
from debugkit.debug.values.describe import Describer


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that modules are imported from, and forgotten afterwards."""
    before = dict(sys.modules)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in sys.modules.keys() - before.keys():
        del sys.modules[name]
    sys.modules.update(before)


def imported(name: str, describer: Describer) -> str:
    """What is said of the failing import of a module."""
    importlib.invalidate_caches()
    with pytest.raises((ImportError, AttributeError)) as raised:
        importlib.import_module(name)
    return cause(capture(raised.value).exception, {}, describer)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("reports/may.cvs", "The folder {folder}/reports has no may.cvs; it has may.csv."),
        ("repots/may.csv", "The folder {folder} has no repots; it has reports."),
        ("data/2026/may.csv", "The folder {folder} has no data."),
    ],
)
def test_a_path_is_followed_as_far_as_there_is_one(
    path: str, expected: str, tmp_path: Path, describer: Describer
) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "may.csv").touch()
    with pytest.raises(FileNotFoundError) as raised:
        (tmp_path / path).read_text()

    assert cause(capture(raised.value).exception, {}, describer) == expected.format(folder=tmp_path)


def test_a_file_that_is_there_by_now_is_not_called_missing(tmp_path: Path, describer: Describer) -> None:
    with pytest.raises(FileNotFoundError) as raised:
        (tmp_path / "may.csv").read_text()
    (tmp_path / "may.csv").touch()

    assert cause(capture(raised.value).exception, {}, describer) == ""


def test_modules_that_import_each_other_are_named_in_their_order(project: Path, describer: Describer) -> None:
    (project / "tea_models.py").write_text("from tea_prices import PRICES\nclass Tea: pass\n")
    (project / "tea_prices.py").write_text("import tea_taxes\nPRICES = {}\n")
    (project / "tea_taxes.py").write_text("from tea_models import Tea\n")

    expected = "tea_models imports tea_prices, which imports tea_taxes, which imports tea_models."
    assert imported("tea_models", describer) == expected


def test_a_circle_that_an_attribute_runs_into_is_one_too(project: Path, describer: Describer) -> None:
    (project / "tea_models.py").write_text("import tea_prices\nclass Tea: pass\n")
    (project / "tea_prices.py").write_text("import tea_models\nprint(tea_models.Tea)\n")

    assert imported("tea_models", describer) == "tea_models imports tea_prices, which imports tea_models."


def test_a_file_that_hides_a_module_of_python_is_named(project: Path, describer: Describer) -> None:
    (project / "this.py").write_text("")
    (project / "colours.py").write_text("import this\nthis.decode\n")
    (project / "letters.py").write_text("from this import decode\n")
    (project / "words.py").write_text("import this.words\n")

    for name in ("colours", "letters", "words"):
        expected = f"{project / 'this.py'} hides the module this of the standard library."
        assert imported(name, describer) == expected
        sys.modules.pop("this", None)


def test_a_file_that_hides_an_installed_package_is_named(
    project: Path, describer: Describer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "site-packages" / "teapot").mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [*sys.path, str(project / "site-packages")])
    (project / "teapot.py").write_text("")
    (project / "kitchen.py").write_text("from teapot import brew\n")

    assert imported("kitchen", describer) == f"{project / 'teapot.py'} hides the installed package teapot."


def test_a_name_that_a_module_lacks_is_no_case_of_hiding(project: Path, describer: Describer) -> None:
    (project / "teapot.py").write_text("def brew(): pass\n")
    (project / "kitchen.py").write_text("from teapot import boil\n")

    assert imported("kitchen", describer) == ""
