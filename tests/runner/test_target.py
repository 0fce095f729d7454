"""Targets: how they are read, and what is said when there is no application."""

from __future__ import annotations

import importlib
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from debugkit.runner import target
from debugkit.runner.expression import Expression
from debugkit.runner.target import Target, TargetError, load, parse

APP = "def app(environ, start_response): return [b'app']\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working directory of a user, whose modules leave afterwards."""
    monkeypatch.chdir(tmp_path)
    path, modules = list(sys.path), set(sys.modules)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]
    sys.path_importer_cache.clear()


def write(folder: Path, name: str, source: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, "utf-8")
    return path


def called(text: str) -> Any:
    return load(parse(text))({}, lambda *_: None)


def refusal(text: str) -> str:
    with pytest.raises(TargetError) as caught:
        load(parse(text))
    return caught.value.explanation


def test_a_module_and_a_name(folder: Path) -> None:
    write(folder, "tea_module.py", "def site(environ, start_response): return [b'site']")
    assert called("tea_module:site") == [b"site"]


def test_a_module_in_a_package_and_a_dotted_name(folder: Path) -> None:
    write(folder, "tea_package/__init__.py", "")
    write(folder, "tea_package/web.py", "class sites:\n    one = staticmethod(lambda environ, start: [b'one'])")
    assert called("tea_package.web:sites.one") == [b"one"]


def test_imports_that_wait_to_be_used_wait_on_while_an_application_is_looked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PEP 810, with a type of the test's own: asked for by its name, such an import happens, and may fail."""
    source = """
    import sys, types
    class Later: pass
    class Module(types.ModuleType):
        def __getattribute__(self, name):
            if name in ("menu", "bar"):
                raise ImportError(name)
            return super().__getattribute__(name)
    menu = bar = Later()
    sys.modules[__name__].__class__ = Module
    """
    write(folder, "tea_lazy.py", textwrap.dedent(source))
    monkeypatch.syspath_prepend(folder)
    later = vars(importlib.import_module("tea_lazy"))["Later"]
    monkeypatch.setattr(target, "LAZY_IMPORTS", (later,))
    assert "There is no application in 'tea_lazy'" in refusal("tea_lazy")
    assert "has no 'mena'" in refusal("tea_lazy:mena")


def test_a_factory_is_called(folder: Path) -> None:
    write(folder, "tea_factory.py", "def make():\n    return lambda environ, start: [b'made']")
    assert called("tea_factory:make()") == [b"made"]


@pytest.mark.parametrize("name", ["app", "application"])
def test_without_a_name_the_usual_ones_are_looked_for(folder: Path, name: str) -> None:
    write(folder, "tea_usual.py", f"def {name}(environ, start_response): return [b'usual']")
    assert called("tea_usual") == [b"usual"]


@pytest.mark.parametrize("name", ["create_app", "make_app"])
def test_without_a_name_the_usual_factories_are_called(folder: Path, name: str) -> None:
    write(folder, "tea_usual_factory.py", f"def {name}(): return lambda environ, start: [b'usual']")
    assert called("tea_usual_factory") == [b"usual"]


@pytest.mark.parametrize("call", ["make('dev', cups=[1, 2])", " make(kind = 'dev', cups=[1, 2]) "])
def test_a_factory_is_called_with_literals(folder: Path, call: str) -> None:
    source = "def make(kind, *, cups):\n    return lambda environ, start: [f'{kind} {cups}'.encode()]"
    write(folder, "tea_arguments.py", source)
    assert called(f"tea_arguments:{call}") == [b"dev [1, 2]"]
    assert called(f"tea_arguments.py:{call}") == [b"dev [1, 2]"]


def test_an_argument_may_hold_a_colon(folder: Path) -> None:
    write(folder, "tea_colon.py", "def make(kind):\n    return lambda environ, start: [kind.encode()]")
    assert called("tea_colon:make('a:b()')") == [b"a:b()"]


@pytest.mark.parametrize("parameters", ["", "config=None", "config=None, debug=False", "*, debug=False"])
def test_a_named_function_that_needs_no_arguments_is_a_factory(folder: Path, parameters: str) -> None:
    source = f"def get({parameters}):\n    return lambda environ, start: [b'made']"
    write(folder, "tea_implied.py", f"{source}\napp = get")
    assert called("tea_implied:get") == [b"made"]
    assert called("tea_implied") == [b"made"]


@pytest.mark.parametrize(
    "source",
    [
        "def app(environ, start_response): return [b'called']",
        "def app(environ=None, start_response=None): return [b'called']",
        "def app(*arguments, **keywords): return [b'called']",
        "def app(environ, start_response, extra=None, *more): return [b'called']",
        "import functools\ndef whole(one, environ, start): return [b'called']\napp = functools.partial(whole, 1)",
        "class Site:\n    def __call__(self, environ, start_response): return [b'called']\napp = Site()",
        "class Site:\n    def serve(self, environ, start_response): return [b'called']\napp = Site().serve",
        "class app:\n    def __new__(cls, environ, start_response): return [b'called']",
        "import functools\ndef whole(db, environ, start): return [b'called']\n"
        "@functools.wraps(whole)\ndef app(environ, start): return whole(1, environ, start)",
        "class Mute:\n    __signature__ = 'none'\n    def __call__(self, *all): return [b'called']\napp = Mute()",
    ],
)
def test_whatever_can_be_called_as_an_application_is_one(folder: Path, source: str) -> None:
    write(folder, "tea_shape.py", source)
    assert called("tea_shape:app") == [b"called"]


def test_a_file_in_a_package_is_a_module_of_it(folder: Path) -> None:
    write(folder, "shop/tea_pkg/__init__.py", "")
    write(folder, "shop/tea_pkg/word.py", "WORD = b'word'")
    write(folder, "shop/tea_pkg/beside.py", "")
    source = "import beside\nfrom .word import WORD\napp = lambda environ, start: [WORD, __name__.encode()]"
    write(folder, "shop/tea_pkg/web.py", source)
    for text in ("shop/tea_pkg/web.py", "shop/tea_pkg/web", "shop/tea_pkg/web:app"):
        assert called(text) == [b"word", b"tea_pkg.web"]
        assert sys.path[0] == str(folder / "shop")


def test_a_folder_that_is_a_package_is_that(folder: Path) -> None:
    write(folder, "shop/tea_whole/__init__.py", "def create_app(): return lambda environ, start: [__name__.encode()]")
    for text in ("shop/tea_whole", "shop/tea_whole/__init__.py", "shop/tea_whole:create_app()"):
        assert called(text) == [b"tea_whole"]


def test_a_file_runs_under_its_stem_with_its_folder_first_on_the_path(folder: Path) -> None:
    write(folder, "shop/tea_helper.py", "WORD = b'helped'")
    write(
        folder,
        "shop/tea_file.py",
        "import sys, tea_helper\nassert sys.modules[__name__].__name__ == 'tea_file'\n"
        "def app(environ, start_response): return [tea_helper.WORD, __name__.encode()]",
    )
    assert called("shop/tea_file.py") == [b"helped", b"tea_file"]
    assert sys.path[0] == str(folder / "shop")


def test_a_file_may_have_a_name_behind_a_colon(folder: Path) -> None:
    path = write(folder, "tea_named.py", "def site(environ, start_response): return [b'site']")
    assert called("tea_named.py:site") == [b"site"]
    assert called(f"{path}:site") == [b"site"]


def test_a_drive_letter_is_no_name() -> None:
    with pytest.raises(TargetError, match=r"There is no file C:\\shop\\app\.py"):
        parse(r"C:\shop\app.py")


def test_the_identity_is_the_same_from_every_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(folder, "shop/app.py", APP)
    there = parse(str(path)).identity
    monkeypatch.chdir(folder / "shop")
    assert parse("app.py").identity == there
    assert parse("app:app").identity == Target("app", None, Expression("app")).identity == "app:app"


# What is wrong with the target is one sentence.


def test_a_file_that_is_not_there(folder: Path) -> None:
    write(folder, "application.py", APP)
    assert refusal("aplication.py") == "There is no file aplication.py; did you mean application.py?"
    assert refusal("nowhere/app.py") == "There is no file nowhere/app.py."


def test_a_folder_is_no_target(folder: Path) -> None:
    (folder / "shop").mkdir()
    assert refusal("./shop") == "shop is a folder: give a file in it, such as shop/app.py."


def test_a_file_that_is_not_python(folder: Path) -> None:
    write(folder, "shop/app.txt", APP)
    assert "its name must end in .py" in refusal("shop/app.txt")


def test_a_module_that_is_not_there(folder: Path) -> None:
    write(folder, "tea_wholesale.py", APP)
    said = refusal("tea_wholsale:app")
    assert said == f"There is no module 'tea_wholsale' in {folder} or on sys.path; did you mean tea_wholesale?"


def test_a_submodule_that_is_not_there(folder: Path) -> None:
    write(folder, "tea_parent/__init__.py", "")
    write(folder, "tea_plain.py", "")
    assert refusal("tea_parent.web:app").startswith("There is no module 'tea_parent.web'")
    assert refusal("tea_plain.web:app").startswith("There is no module 'tea_plain.web'")


@pytest.mark.parametrize("text", ["app:make(site)", "app:make(**{})", "app:[0]", "app:make({[]: 1})", "app:make('"])
def test_what_is_no_name_and_no_call_with_literals(text: str) -> None:
    with pytest.raises(TargetError, match="after the colon"):
        parse(text)


@pytest.mark.parametrize("text", ["", ":app", "not-a-module:app", "a..b:app", "app:not-a-name", "app:a.:b", "app:()"])
def test_what_is_no_target(text: str) -> None:
    with pytest.raises(TargetError):
        load(parse(text))


def test_a_name_that_is_not_there_with_the_closest_ones(folder: Path) -> None:
    write(folder, "tea_close.py", "def application(environ, start): ...\ndef other(): ...")
    assert refusal("tea_close:aplication") == "'tea_close' has no 'aplication'; did you mean application?"
    assert refusal("tea_close:nothing_like_it") == "'tea_close' has no 'nothing_like_it'; it has application, other."


def test_no_application_lists_what_could_be_one(folder: Path) -> None:
    source = "from pathlib import Path\nfrom json import loads\nimport os\nLIMIT = 3\ndef site(environ, start): ...\n"
    write(folder, "tea_none.py", f"{source}class Obj:\n    def __call__(self): ...\nobj = Obj()")
    said = refusal("tea_none")
    assert "tea_none:NAME" in said
    assert said.endswith("looked for app, application, create_app, make_app; it has Obj, obj, site.")


def test_an_empty_module_has_nothing_to_list(folder: Path) -> None:
    write(folder, "tea_empty.py", "")
    assert refusal("tea_empty").endswith("create_app, make_app.")


def test_an_application_that_cannot_be_called(folder: Path) -> None:
    write(folder, "tea_text.py", "app = 'text'\ndef make(): return 5")
    assert refusal("tea_text:app") == "tea_text:app is a str, which is not callable; a WSGI application is."
    assert refusal("tea_text:make()").startswith("tea_text:make() is a int")


def test_a_factory_that_is_called_wrongly(folder: Path) -> None:
    write(folder, "tea_wrong.py", "def create_app(config): return None")
    said = "tea_wrong:create_app cannot be called like this, missing a required argument: 'config': write "
    assert refusal("tea_wrong") == f"{said}tea_wrong:create_app(...) with its arguments."
    assert refusal("tea_wrong:create_app()").startswith(said)
    assert "too many positional arguments" in refusal("tea_wrong:create_app(1, 2)")
    assert refusal("tea_wrong:create_app(1)").startswith("tea_wrong:create_app() is a NoneType, which is not callable")


NO_APPLICATIONS = {
    "class app:\n    def __init__(self, scope): ...": "is an ASGI 2 application",
    "async def app(environ, start_response): ...": "is async (tea_async.app), which WSGI does not support",
    "async def app(environ, start_response):\n    yield b''": "is async (tea_async.app)",
    "class Site:\n    def __call__(self): ...\napp = Site()": "is not a WSGI application (tea_async.Site): it cannot",
    "def app(request): ...": "is not a WSGI application (tea_async.app)",
}


@pytest.mark.parametrize(("source", "said"), NO_APPLICATIONS.items())
def test_what_is_no_wsgi_application_is_named(folder: Path, source: str, said: str) -> None:
    write(folder, "tea_async.py", source)
    assert refusal("tea_async").startswith(f"tea_async:app {said}")
    assert refusal("tea_async:app").startswith(f"tea_async:app {said}")


def test_of_two_names_the_one_for_wsgi_is_taken(folder: Path) -> None:
    write(
        folder, "tea_both.py", "async def app(scope, receive, send): ...\ndef application(environ, start): return [1]"
    )
    assert called("tea_both") == [1]


def test_an_asgi_application_is_taken_before_what_is_none(folder: Path) -> None:
    write(folder, "tea_asgi.py", "def app(request): ...\nasync def application(scope, receive, send): ...")
    assert load(parse("tea_asgi")).__name__ == "application"


def test_an_application_of_a_known_framework_may_have_any_name(folder: Path) -> None:
    write(folder, "tea_fastapi.py", "from fastapi import FastAPI, Request\nsite = FastAPI()\nrouter = site.router")
    assert load(parse("tea_fastapi")).title == "FastAPI"


# What is wrong inside the user's module is the user's to see.


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("import tea_missing_dependency", ModuleNotFoundError),
        ("1 / 0", ZeroDivisionError),
        ("def app(:", SyntaxError),
        ("raise SystemExit(3)", SystemExit),
        ("import os\nos.no_such_thing", AttributeError),
    ],
)
def test_exceptions_of_the_module_pass_as_they_are(folder: Path, source: str, error: type[BaseException]) -> None:
    write(folder, "tea_fails.py", source)
    for text in ("tea_fails:app", "tea_fails.py"):
        with pytest.raises(error):
            load(parse(text))
        assert "tea_fails" not in sys.modules


def test_exceptions_of_a_parent_package_pass_as_they_are(folder: Path) -> None:
    write(folder, "tea_bad_parent/__init__.py", "import tea_missing_dependency")
    write(folder, "tea_bad_parent/web.py", APP)
    with pytest.raises(ModuleNotFoundError, match="tea_missing_dependency"):
        load(parse("tea_bad_parent.web:app"))


def test_exceptions_of_a_factory_and_of_a_lazy_attribute_pass_as_they_are(folder: Path) -> None:
    write(folder, "tea_lazy.py", "def make(): return {}['key']\ndef __getattr__(name):\n    return (5).no_such_thing")
    with pytest.raises(KeyError):
        load(parse("tea_lazy:make()"))
    with pytest.raises(AttributeError, match="no_such_thing"):
        load(parse("tea_lazy:app"))


# Programs that give their application no name.


def test_an_application_that_is_made_in_the_main_block_is_missed_with_the_reason(folder: Path) -> None:
    write(folder, "tea_guarded.py", f"if __name__ == '__main__':\n    {APP}")
    ending = "What stands below \"if __name__ == '__main__':\" is not run here: make the application above it."
    assert refusal("tea_guarded").endswith(ending)
    write(folder, "tea_bare.py", "cups = 2")
    assert "__main__" not in refusal("tea_bare")


def test_the_default_application_of_bottle_is_found_and_its_run_ignored_also_where_bottle_is_imported_already(
    folder: Path,
) -> None:
    bottle = pytest.importorskip("bottle")
    program = "import bottle\n@bottle.route('/')\ndef hello(): return 'hello'\nbottle.run(port=1)\n"
    write(folder, "tea_bottle.py", program)
    default = bottle.app.push()
    try:
        assert load(parse("tea_bottle")) is default
        assert bottle.NORUN is False
    finally:
        bottle.app.remove(default)


def test_the_tree_of_cherrypy_is_found_where_something_is_mounted(folder: Path) -> None:
    cherrypy = pytest.importorskip("cherrypy")
    write(folder, "tea_cherrypy.py", "import cherrypy\nclass Tea: pass\n")
    assert "it has Tea" in refusal("tea_cherrypy")
    write(folder, "tea_mounted.py", "import cherrypy\ncherrypy.tree.mount(object(), '/tea')\n")
    try:
        assert load(parse("tea_mounted")) is cherrypy.tree
    finally:
        cherrypy.tree.apps.clear()
