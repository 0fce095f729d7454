"""Libraries: whose file it is, by the components of its path."""

from __future__ import annotations

import json
import os
import sys
import sysconfig
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import _pytest.config
import flask
import jinja2
import pytest

import debugkit
from debugkit.debug.tracebacks import capture
from debugkit.debug.tracebacks.libraries import Library, is_library, library_of

PYTHON = Library("Python", sys.version.split()[0])
SITE = Path(sysconfig.get_path("purelib"))


def agrees(filename: str) -> Library | None:
    """What the file belongs to; both ways to ask must say the same."""
    found = library_of(filename)
    assert is_library(filename) == (found is not None)
    return found


# Python's own


@pytest.mark.parametrize("filename", [json.__file__, os.__file__, json.decoder.__file__])
def test_the_standard_library_is_python(filename: str) -> None:
    assert agrees(filename) == PYTHON


@pytest.mark.parametrize("filename", ["<frozen importlib._bootstrap>", "<frozen runpy>", "<frozen zipimport>"])
def test_frozen_modules_are_python(filename: str) -> None:
    assert agrees(filename) == PYTHON


def test_the_standard_library_in_a_zip_file_is_python() -> None:
    assert agrees(os.path.abspath("/opt/python/python313.zip/json/decoder.py")) == PYTHON  # noqa: PTH100 - a drive on Windows


def test_a_path_that_goes_up_and_down_is_the_same_path() -> None:
    folder = Path(json.__file__).parent
    assert agrees(f"{folder}/../json/decoder.py") == PYTHON


def test_the_real_path_of_the_standard_library_is_python_too() -> None:
    assert agrees(str(Path(json.__file__).resolve())) == PYTHON


# The application's own


@pytest.mark.parametrize(
    "filename",
    [
        "<string>",
        "<console>",
        "<stdin>",
        "<template>",
        "<unknown>",
        "<>",
        "",
        "shop.py",
        "shop/cart.py",
        "./cart.html",
        "/app/shop.py",
        "/app/shop.zip/shop/cart.py",
        "/app/python.zip/shop.py",
        "/app/nul\0byte.py",
        "/app/\udcff.py",
        "/",
        "//",
    ],
)
def test_other_files_are_the_application_s_own(filename: str) -> None:
    assert agrees(filename) is None


def test_a_file_below_the_prefix_of_python_is_not_a_library() -> None:
    for prefix in {sys.prefix, sys.base_prefix}:
        assert agrees(f"{prefix}/app/shop.py") is None
        assert agrees(f"{prefix}/src/shop/shop.py") is None


def test_folders_are_compared_by_name_not_by_how_they_begin() -> None:
    stdlib = Path(os.__file__).parent
    assert agrees(f"{stdlib}2/json/decoder.py") is None
    assert agrees(f"{stdlib}-app/shop.py") is None
    assert agrees(f"{SITE}2/flask/app.py") is None or SITE.is_relative_to(stdlib)
    assert agrees("/app/my-site-packages/shop.py") is None
    assert agrees(f"{Path(debugkit.__file__).parent}2/shop.py") is None


def test_a_file_called_like_the_folder_is_not_inside_it() -> None:
    assert agrees("/app/site-packages") is None


def test_an_application_that_contains_its_environment_is_told_apart(tmp_path: Path) -> None:
    assert agrees(str(tmp_path / "shop.py")) is None
    assert agrees(str(tmp_path / "venv/lib/python3.13/site-packages/flask/app.py")) == Library("flask", "")
    assert agrees(str(tmp_path / "venv/src/shop/shop.py")) is None  # pip install -e git+https://...


# debugkit itself


def test_debugkit_is_a_library_also_in_a_checkout() -> None:
    assert agrees(capture.__file__) == Library("debugkit", debugkit.__version__)
    assert agrees(debugkit.__file__) == Library("debugkit", debugkit.__version__)


def test_the_rest_of_the_checkout_is_not_debugkit() -> None:
    assert agrees(__file__) is None


# Installed distributions


@pytest.mark.parametrize(
    ("filename", "name"),
    [(flask.__file__, "Flask"), (jinja2.__file__, "Jinja2"), (_pytest.config.__file__, "pytest")],
)
def test_installed_packages_are_named_with_their_version(filename: str, name: str) -> None:
    assert agrees(filename) == Library(name, version(name))


def test_a_module_directly_in_the_folder_is_found() -> None:
    assert agrees(str(SITE / "typing_extensions.py")) == Library("typing_extensions", version("typing_extensions"))


Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path) -> Install:
    """Install a distribution into a folder of the test's own: its metadata and empty files."""
    site = tmp_path / "venv" / "lib" / "site-packages"

    def add(name: str, *files: str, info: str = "dist-info", record: bool = True, metadata: bool = True) -> Path:
        folder = site / f"{name.replace('-', '_')}-1.5.{info}"
        folder.mkdir(parents=True)
        if metadata:
            text = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\n"
            (folder / ("METADATA" if info == "dist-info" else "PKG-INFO")).write_text(text, "utf-8")
        if record:
            (folder / "RECORD").write_text("".join(f"{file},sha256=x,1\n" for file in files), "utf-8")
        else:
            (folder / "top_level.txt").write_text("\n".join({file.partition("/")[0] for file in files}), "utf-8")
        return site

    return add


def test_a_package_may_be_called_otherwise_than_its_distribution(install: Install) -> None:
    site = install("tea-kettle", "kettle/__init__.py", "kettle/boil.py")
    assert agrees(str(site / "kettle/boil.py")) == Library("tea-kettle", "1.5")


def test_parts_of_a_namespace_package_belong_to_their_own_distributions(install: Install) -> None:
    install("tea-green", "tea/green.py")
    site = install("tea-black", "tea/black/__init__.py")
    assert agrees(str(site / "tea/green.py")) == Library("tea-green", "1.5")
    assert agrees(str(site / "tea/black/__init__.py")) == Library("tea-black", "1.5")


def test_a_file_nobody_lists_belongs_to_the_only_owner_of_its_package(install: Install) -> None:
    site = install("tea-kettle", "kettle/__init__.py")
    assert agrees(str(site / "kettle/_generated.py")) == Library("tea-kettle", "1.5")


def test_a_file_nobody_lists_in_a_shared_package_has_no_version(install: Install) -> None:
    install("tea-green", "tea/green.py")
    site = install("tea-black", "tea/black.py")
    assert agrees(str(site / "tea/white.py")) == Library("tea", "")


def test_the_namesake_does_not_take_what_another_distribution_lists(install: Install) -> None:
    install("tea", "tea/__init__.py")
    site = install("tea-extras", "tea/extras.py")
    assert agrees(str(site / "tea/extras.py")) == Library("tea-extras", "1.5")
    assert agrees(str(site / "tea/__init__.py")) == Library("tea", "1.5")


def test_a_distribution_without_record_is_known_by_its_top_level_names(install: Install) -> None:
    site = install("tea-kettle", "kettle/boil.py", info="egg-info", record=False)
    assert agrees(str(site / "kettle/boil.py")) == Library("tea-kettle", "1.5")


def test_a_folder_that_a_broken_uninstall_left_is_no_error(install: Install) -> None:
    site = install("kettle", "kettle/boil.py", metadata=False)
    assert agrees(str(site / "kettle/boil.py")) == Library("kettle", "")


def test_debian_s_folder_counts_too(tmp_path: Path) -> None:
    assert agrees(str(tmp_path / "usr/lib/python3/dist-packages/yaml/__init__.py")) == Library("yaml", "")


def test_what_pip_vendors_in_a_nested_folder_belongs_to_the_inner_one(tmp_path: Path) -> None:
    assert agrees(str(tmp_path / "site-packages/tool/site-packages/kettle/boil.py")) == Library("kettle", "")


def test_a_package_in_a_zip_file_is_named(tmp_path: Path) -> None:
    assert agrees(str(tmp_path / "site-packages/kettle.zip/kettle/boil.py")) == Library("kettle.zip", "")


@pytest.mark.parametrize("broken", ["RECORD", "METADATA"])
def test_metadata_that_cannot_be_read_costs_the_version_only(install: Install, broken: str) -> None:
    site = install("tea-kettle", "kettle/boil.py")
    (site / "tea_kettle-1.5.dist-info" / broken).write_bytes(b"Name: \xff\xfe")
    assert agrees(str(site / "kettle/boil.py")) == Library("kettle", "")
