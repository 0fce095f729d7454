"""The files that modules and errors come from."""

from __future__ import annotations

import json
import sys
from importlib.util import LazyLoader, find_spec, module_from_spec
from pathlib import Path
from types import ModuleType

import pytest

from debugkit.serving.reloading.modules import file_of, files_of, is_installed


def test_the_file_of_a_module_in_an_archive_is_the_archive(tmp_path: Path) -> None:
    archive = tmp_path / "shop.zip"
    archive.touch()
    module = ModuleType("shop")
    module.__file__ = str(archive / "shop" / "__init__.py")
    assert file_of(module) == str(archive)


def test_modules_without_a_file_have_none() -> None:
    nowhere = ModuleType("nowhere")
    nowhere.__file__ = "/nowhere/to/be/found.py"
    assert [file_of(one) for one in (sys, nowhere, ModuleType("made"), object(), None)] == [""] * 5


def test_a_lazy_module_is_not_loaded_by_asking_for_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lazy_tea.py").write_text("raise AssertionError('loaded')")
    monkeypatch.syspath_prepend(tmp_path)
    spec = find_spec("lazy_tea")
    assert spec is not None
    assert spec.loader is not None
    spec.loader = LazyLoader(spec.loader)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    assert file_of(module) == str(tmp_path / "lazy_tea.py")


def test_installed_packages_are_told_from_the_projects_own() -> None:
    assert is_installed(json.__file__)
    assert is_installed(pytest.__file__)
    assert is_installed("/srv/venv/lib/python3.13/site-packages/flask/app.py")
    assert not is_installed(__file__)
    assert not is_installed(f"{Path(json.__file__).parent.parent}2/app.py")


def test_the_files_of_an_error_are_those_of_its_whole_chain(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("def (")
    with pytest.raises(LookupError) as caught:
        try:
            compile(broken.read_text(), str(broken), "exec")
        except SyntaxError as error:
            error.__context__ = error  # a ring
            raise LookupError from error
    assert files_of(caught.value) == [__file__, __file__, str(broken)]
