"""Which frame opens: the one that its reader wrote, whatever code was generated or compiled in between."""

from __future__ import annotations

import ast
import collections
import dataclasses
import re
import types
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from typing import Any

import flask
import jinja2
import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from capture_support import captured, caught, run
from client import Client
from database_support import disposing, memory_engine
from sqlalchemy.orm import Session

from debugkit import DebuggedApplication, Limits
from debugkit.debug.source.excerpt import Gap, excerpt
from debugkit.debug.tracebacks.capture import capture
from debugkit.debug.tracebacks.libraries import file_of_owner, library_of
from debugkit.debug.tracebacks.model import CapturedFrame, plain_frames

MOUNT = "/__debugkit__"
ATTRS = pytest.mark.skipif(find_spec("attrs") is None, reason="attrs is not installed")


@pytest.fixture(autouse=True)
def closed_databases() -> Iterator[None]:
    with disposing():
        yield


@dataclasses.dataclass(order=True)
class Tea:
    price: object


Shelf = collections.namedtuple("Shelf", "top bottom")


def integrity_error() -> None:
    engine = memory_engine()
    teas = sa.Table("teas", sa.MetaData(), sa.Column("name", sa.String, unique=True))
    teas.create(engine)
    with Session(engine) as session:
        for _ in range(2):
            session.execute(sa.insert(teas).values(name="Sencha"))


def two_rows() -> None:
    with Session(memory_engine()) as session:
        session.execute(sa.text("select 1 union select 2")).scalar_one()


def missing_column() -> None:
    pd.DataFrame({"tea": [1, 2]})["price"]


def missing_label() -> None:
    pd.DataFrame({"tea": [1, 2]}).loc[7]


def bad_random() -> None:
    np.random.default_rng(1).integers(5, 1)


def compare_data_classes() -> bool:
    return Tea(1) < Tea("x")


def compare_attrs() -> bool:
    import attrs

    cup: Any = attrs.make_class("Cup", ["size"], order=True)
    return bool(cup(1) < cup("x"))


def convert_attrs() -> object:
    import attrs

    return attrs.make_class("Pot", {"size": attrs.field(converter=int)})("large")


def hash_of_generated() -> int:
    return hash(Shelf([], ()))


def evaluated() -> object:
    return eval("1 / 0")


def executed() -> None:
    exec("a = 1\nb = a / 0", {})


def executed_in_a_dict_of_its_own() -> None:
    exec("def price():\n    return 1 / 0\nprice()", {"__name__": "rules"})


@pytest.mark.parametrize(
    "failing",
    [
        integrity_error,
        two_rows,
        missing_column,
        missing_label,
        bad_random,
        compare_data_classes,
        pytest.param(compare_attrs, marks=ATTRS),
        pytest.param(convert_attrs, marks=ATTRS),
        hash_of_generated,
        evaluated,
        executed,
        executed_in_a_dict_of_its_own,
    ],
)
def test_the_frame_that_opens_is_the_one_its_reader_wrote(failing: Callable[[], object]) -> None:
    one = captured(failing)
    assert one.opened is not None
    assert (one.opened.name, one.opened.filename) == (failing.__name__, __file__)


def libraries(failing: Callable[[], object], filename: Callable[[str], bool]) -> set[str]:
    frames = captured(failing).frames.values()
    return {frame.library.name if frame.library else "" for frame in frames if filename(frame.filename)}


def test_generated_code_belongs_to_the_module_in_its_globals() -> None:
    raised = sa.exc.IntegrityError
    frames = [frame for frame in captured(integrity_error).frames.values() if frame.filename.startswith("<")]
    assert all(frame.library and frame.library.name == "SQLAlchemy" for frame in frames)
    code = compile("1 / 0", "<string>", "eval")
    assert raised is not None
    (*_, last) = captured(eval, code, vars(sa.orm.session)).frames.values()
    assert last.library is not None
    assert last.library.name == "SQLAlchemy"


def test_compiled_modules_belong_to_their_library() -> None:
    assert libraries(missing_column, lambda name: name.endswith((".pyx", ".pxi"))) == {"pandas"}


class Liar(types.ModuleType):
    @property
    def __file__(self) -> str:  # type: ignore[override]
        raise AssertionError("was asked")

    def __getattribute__(self, name: str) -> object:
        raise AssertionError("was asked")


def test_a_module_that_answers_by_itself_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "liar", Liar("liar"))
    assert file_of_owner("<string>", {"__name__": "liar"}) == "<string>"
    assert file_of_owner("<string>", {"__name__": ["liar"]}) == "<string>"
    assert library_of("<string>") is None


def test_where_all_is_generated_the_innermost_opens() -> None:
    namespace: dict[str, object] = {"__name__": "nowhere"}
    code = compile("def price():\n    return 1 / 0\nprice()", "<stdin>", "exec")
    exc = caught(exec, code, namespace)
    assert exc.__traceback__ is not None
    inner = exc.__traceback__
    while inner.tb_frame.f_code.co_filename != "<stdin>":
        assert inner.tb_next is not None
        inner = inner.tb_next
    opened = capture(exc, tb=inner).opened
    assert opened is not None
    assert opened.name == "price"


# Templates that are no files


def test_a_template_that_is_no_file_opens_under_its_name_with_its_source() -> None:
    environment = jinja2.Environment(loader=jinja2.DictLoader({"cart.html": "<p>\n{{ 1 / 0 }}\n"}))
    one = captured(lambda: environment.get_template("cart.html").render())
    assert one.opened is not None
    assert (one.opened.filename, one.opened.lineno) == ("<template cart.html>", 2)
    assert current(one.opened) == "{{ 1 / 0 }}"


def test_a_template_that_cannot_be_compiled_has_its_name_too() -> None:
    environment = jinja2.Environment(loader=jinja2.DictLoader({"cart.html": "<p>\n{% for %}\n"}))
    one = captured(lambda: environment.get_template("cart.html").render())
    assert one.opened is not None
    assert one.opened.filename == "<template cart.html>"
    assert current(one.opened) == "{% for %}"


def test_a_template_of_a_string_is_called_a_template() -> None:
    one = captured(lambda: jinja2.Template("{{ 1 / 0 }}").render())
    assert one.opened is not None
    assert one.opened.filename == "<template>"


# Syntax errors in texts that are no files


def current(frame: CapturedFrame) -> str:
    lines = excerpt(frame, Limits()).lines
    return next((line.text for line in lines if not isinstance(line, Gap) and line.current), "")


@pytest.mark.parametrize(
    ("failing", "filename", "line"),
    [
        (lambda: eval("price +* 2"), "<string>", "price +* 2"),
        (lambda: exec("a = 1\nb = = 2\n"), "<string>", "b = = 2"),
        (lambda: compile("x = 1\n\nif True\n", "rule 7", "exec"), "rule 7", "if True"),
        (lambda: ast.parse("def ("), "<unknown>", "def ("),
    ],
)
def test_a_syntax_error_in_a_text_shows_its_line(failing: Callable[[], object], filename: str, line: str) -> None:
    one = captured(failing)
    last = list(plain_frames(one.exception))[-1]
    assert (last.filename, current(last)) == (filename, line)
    shown = excerpt(last, Limits())
    assert [found.lineno for found in shown.lines if not isinstance(found, Gap)] == [last.lineno]
    assert shown.notice == ""


def test_whoever_compiled_a_text_opens() -> None:
    namespace = run("def rule(text):\n    return eval(text)")
    rule = namespace["rule"]
    assert callable(rule)
    one = captured(rule, "1 +")
    assert one.opened is not None
    assert one.opened.name == "rule"


def test_a_line_far_down_in_a_text_costs_nothing() -> None:
    details = ("<string>", 10**9, 1, "x = = 1", 10**9, 2)
    (frame,) = plain_frames(capture(SyntaxError("bad", details)).exception)
    assert excerpt(frame, Limits()).lines == ()


def test_a_secret_in_such_a_line_is_hidden() -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return [bytes(eval("password = 'hunter2" + "-and-more' +"))]

    client = Client(DebuggedApplication(app))
    client.unlock(client.app.debugger.pin_auth.pin)  # type: ignore[attr-defined]
    address = client("/").header("X-Debugkit-Traceback")
    (entry,) = client.app.debugger.registry.recent_groups()[0]  # type: ignore[attr-defined]
    last = max(entry.captured.frames)
    for path in (f"{MOUNT}/frames/{entry.id}-{last}", f"{MOUNT}/frames/{entry.id}-{last}/source", f"{address}.md"):
        text = client(path, HTTP_ACCEPT="text/html").text
        assert "password" in text
        assert "hunter2-and-more" not in text


def test_a_page_of_flask_names_its_template_and_shows_its_source() -> None:
    app = flask.Flask("shop")
    app.config["PROPAGATE_EXCEPTIONS"] = True
    app.jinja_loader = jinja2.DictLoader({"cart.html": "<ul>\n{% include 'row.html' %}", "row.html": "\n\n{{ 1 / 0 }}"})
    app.add_url_rule("/", view_func=lambda: flask.render_template("cart.html"))
    app.wsgi_app = DebuggedApplication(app.wsgi_app)  # type: ignore[method-assign]
    page = Client(app.wsgi_app)("/", HTTP_ACCEPT="text/html").text
    assert "&lt;template row.html&gt;" in page
    assert "&lt;template cart.html&gt;" in page
    assert "{{ 1 / 0 }}" in re.sub(r"<[^>]*>", "", page)


def template_locals(**context: object) -> tuple[list[str], list[str]]:
    """The names of the locals of a template of Flask that fails: those that are shown at once, and those folded."""
    app = flask.Flask("shop")
    app.config["PROPAGATE_EXCEPTIONS"] = True
    app.add_url_rule("/", view_func=lambda: flask.render_template_string("{{ rows[9].price.amount }}", **context))
    app.wsgi_app = DebuggedApplication(app.wsgi_app)  # type: ignore[method-assign]
    page = Client(app.wsgi_app)("/", HTTP_ACCEPT="text/html").text
    shown, _, folded = page[: page.index('id="panel-')].partition('<details class="shared">')
    assert not folded or f"{folded.count('<dt>')} globals of the template engine" in folded
    return re.findall(r"<dt>(\w+)</dt>", shown), re.findall(r"<dt>(\w+)</dt>", folded)


def test_what_all_templates_of_flask_have_is_folded_below_what_this_one_was_given() -> None:
    assert template_locals(teas=[], rows={}) == (["rows", "teas"], ["url_for", "config", "request", "session", "g"])


def test_what_a_template_was_given_is_shown_also_by_the_name_of_a_global() -> None:
    shown, folded = template_locals(rows={}, config={"tea": 1})
    assert (shown, "config" in folded) == (["rows", "config"], False)
