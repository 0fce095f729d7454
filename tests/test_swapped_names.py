"""What people import from Werkzeug is found under the same name with the package's name swapped."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest
from process_support import TIMEOUT

NAMES = [
    ("debug", "DebuggedApplication"),
    ("serving", "generate_adhoc_ssl_context"),
    ("serving", "is_running_from_reloader"),
    ("serving", "load_ssl_context"),
    ("serving", "make_server"),
    ("serving", "make_ssl_devcert"),
    ("serving", "run_simple"),
]


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_a_name_of_werkzeug_works_with_the_package_swapped(module: str, name: str) -> None:
    assert hasattr(importlib.import_module(f"werkzeug.{module}"), name)
    import debugkit

    assert getattr(importlib.import_module(f"debugkit.{module}"), name) is getattr(debugkit, name)


@pytest.mark.parametrize("module", ["debug", "serving"])
def test_other_names_are_attribute_errors(module: str) -> None:
    with pytest.raises(AttributeError, match=f"module 'debugkit.{module}' has no attribute 'nothing'"):
        importlib.import_module(f"debugkit.{module}").nothing


def test_importing_a_wing_loads_nothing_of_it() -> None:
    loaded = "sorted(name for name in sys.modules if name.startswith('debugkit'))"
    program = f"import sys, debugkit.debug, debugkit.serving; print(*{loaded})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=TIMEOUT)
    assert done.stdout.split() == ["debugkit", "debugkit.debug", "debugkit.serving"]
