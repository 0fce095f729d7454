"""Imports that wait until they are used (PEP 810) are named where they are looked at, and stay as they are.

Before Python 3.15 a class stands in for `types.LazyImportType`, in a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap

import pytest
from process_support import TIMEOUT

WAITING = """
    import types

    used = []

    class LazyImportType:
        # Like the real one but for the interpreter's part: its `repr` names it, and `resolve` imports.
        def __init__(self, name):
            vars(LazyImportType)["name"].__set__(self, name)

        __slots__ = ("name",)

        def __repr__(self):
            return f"<lazy_import '{vars(LazyImportType)['name'].__get__(self)}'>"

        def __getattribute__(self, name):
            used.append(name)
            return object.__getattribute__(self, name)

        def resolve(self):
            return "the module itself"

    types.LazyImportType = LazyImportType
"""

SHOP = """
    import sys
    from waiting import LazyImportType

    charts = LazyImportType("charts")
    secrets = LazyImportType("secrets")

    def app(environ, start_response):
        me, local, module = sys.modules["shop"], charts, vars(sys.modules["shop"])
        return 1 // 0, charts.draw, me.secrets, secrets

    def misspelt(environ, start_response):
        return chrats

    def importing(environ, start_response):
        import broken
"""

BROKEN = """
    from waiting import LazyImportType

    drawing = LazyImportType("drawing")
    total = 0
    1 // total
"""

LOOK = """
    import waiting  # before debugkit, as the real type would be there
    import json, sys
    import shop
    from client import CHROME, Client
    from debugkit.debug.wsgi import DebuggedApplication

    seen = {}
    for view in (shop.app, shop.misspelt, shop.importing):
        app = DebuggedApplication(view)
        client = Client(app)
        client.unlock(app.debugger.pin_auth.pin)
        address = client("/", HTTP_ACCEPT=CHROME).header("X-Debugkit-Traceback")
        forms = {form: client(address + form, HTTP_ACCEPT=CHROME) for form in ("", ".json", ".md", ".txt")}
        raised = forms[".json"].json["exceptions"][0]
        frame = raised["frames"][-1]
        seen[view.__name__] = {
            "statuses": [answer.status for answer in forms.values()],
            "suggestion": raised["suggestion"],
            "values": {row["name"]: row["text"] for row in frame["values"]},
        }
        if view is shop.app:
            run = lambda source: client.post(f"/__debugkit__/frames/{frame['id']}/evaluate", {"source": source}).events
            node = next(event["node"] for event in run("module") if event["kind"] == "value")
            children = client.post(f"/__debugkit__/values/{node['handle']}").json["children"]
            seen["children"] = {child["label"]: child["text"] for child in children}
            seen["used by looking"] = list(waiting.used)
            seen["in the console"] = [event["text"] for event in run("charts") if event["kind"] == "value"]
            seen["global"] = [event["text"] for event in run("global charts; charts") if event["kind"] == "value"]
            del waiting.used[:]
    seen["used"] = waiting.used
    print(json.dumps(seen))
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What a browser gets of applications with such imports."""
    folder = tmp_path_factory.mktemp("lazy")
    for name, source in (("waiting", WAITING), ("shop", SHOP), ("broken", BROKEN), ("look", LOOK)):
        (folder / f"{name}.py").write_text(textwrap.dedent(source), "utf-8")
    path = json.dumps([entry for entry in sys.path if entry] + [str(folder)])
    program = f"import sys; sys.path[:] = {path}; import look"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=TIMEOUT, cwd=folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_it_is_named_in_every_place(seen):
    assert seen["app"]["values"]["local"] == "<lazy_import 'charts'>"
    assert seen["children"]["'charts'"] == "<lazy_import 'charts'>"
    assert seen["children"]["'secrets'"] == "<lazy_import 'secrets'>"


def test_looking_leaves_it_as_it_is(seen):
    assert seen["used by looking"] == []
    assert seen["used"] == []
    for view in ("app", "misspelt", "importing"):
        assert seen[view]["statuses"] == [200] * 4


def test_its_name_is_suggested_for_a_misspelt_one(seen):
    assert seen["misspelt"]["suggestion"] == "Did you mean: 'charts'?"


def test_among_the_globals_of_a_module_it_is_an_import_like_others(seen):
    assert seen["importing"]["values"] == {"total": "0"}


def test_code_of_the_console_uses_what_it_stands_for(seen):
    assert seen["in the console"] == ["'the module itself'"]
    assert seen["global"] == ["'the module itself'"]
