"""The first error of a process finds what its page needs: somebody has made one before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from process_support import TIMEOUT
from reload_support import project

FIRST_ERROR = """
import sys
import debugkit.runner.rehearsals.error
from debugkit import DebuggedApplication
from debugkit.debug.page.rendering import templates

def app(environ, start_response):
    item = {"name": "Tea"}
    return item["nmae"]

environ = {
    "REQUEST_METHOD": "GET", "PATH_INFO": "/", "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost",
    "HTTP_ACCEPT": "text/html", "wsgi.url_scheme": "http",
}
loaded, compiled = set(sys.modules), templates().get_template.cache_info().misses
body = b"".join(DebuggedApplication(app, pin="off", state_dir=sys.argv[1])(environ, lambda *answer: None))
assert b"KeyError" in body and b"Did you mean" in body, body
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - loaded} - {"pwd"}))
print(templates().get_template.cache_info().misses - compiled)
"""
#: The same of a framework, which is to load nothing for a page that nobody sees.
FIRST_ERROR_OF_A_FRAMEWORK = """
import sys
import asgi_apps
from asgi_client import ASGIClient
from debugkit import DebuggedASGIApplication

def loaded():
    return {name.partition(".")[0] for name in sys.modules} | {name for name in sys.modules if "backends" in name}

site = ASGIClient(DebuggedASGIApplication(getattr(asgi_apps, sys.argv[1])(debug=True), pin="off"))
assert site("/hello").body == b"hello"
import debugkit.runner.rehearsals.error
before = loaded()
sys.addaudithook(lambda event, facts: event == "open" and "METADATA" in str(facts[0]) and print(facts[0]))
assert "KeyError" in site("/fails/black").text
print(*loaded() - before - {"pwd"})
"""

APPLICATION = """
import sys

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str("debugkit.runner.rehearsals.error" in sys.modules).encode()]
"""


def test_the_first_error_loads_and_compiles_nothing_after_a_rehearsal(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIRST_ERROR, str(tmp_path)], capture_output=True, text=True, timeout=TIMEOUT, check=True
    )
    assert done.stdout.split("\n") == ["", "0", ""]


@pytest.mark.parametrize("framework", ["starlette", "fastapi", "quart", "litestar"])
def test_the_first_error_of_a_framework_loads_and_looks_up_nothing_either(framework: str) -> None:
    pytest.importorskip(framework)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FIRST_ERROR_OF_A_FRAMEWORK, framework],
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout.split() == []


FORKING = """
import importlib, os, sys, threading
from debugkit.runner.rehearsals import later

begun, go_on = threading.Event(), threading.Event()
def slow(name):
    begun.set()
    go_on.wait()
    done.append(name)
done = []
importlib.import_module, imported = slow, importlib.import_module
later.rehearse_later(0)
begun.wait()
threading.Timer(0.05, go_on.set).start()
child = os.fork()
if child == 0:
    os._exit(0 if done else 3)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
child = os.fork()
if child == 0:
    os._exit(4)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_no_process_is_forked_in_the_middle_of_a_rehearsal() -> None:
    done = subprocess.run([sys.executable, "-c", FORKING], capture_output=True, text=True, timeout=TIMEOUT, check=True)
    assert done.stdout.split() == ["0", "4"]


def test_a_server_that_has_nothing_to_do_rehearses(tmp_path: Path) -> None:
    with project(tmp_path, APPLICATION) as site:
        while site.text != "True":
            pass
