"""Hostile objects in every place that takes one: each costs its own place at most, and none is believed in markup."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from client import Answer, Client

from debugkit import DebuggedApplication, Limits
from debugkit.debug.page import rendering
from debugkit.debug.page.models import MessageView

MARKUP = "<script>alert(1)</script>"
LIMITS = Limits(repr_seconds=0.2)
BASE = "/__debugkit__"


# The objects


class Safe(str):
    """Says that it is markup, and gives itself back whatever is done with it."""

    def __html__(self) -> str:
        return str.__str__(self)

    def _same(self, *args: object) -> Any:
        return self

    __str__ = __format__ = __getitem__ = strip = lower = title = replace = split = encode = _same


def raising(error: type[BaseException]) -> Callable[..., Any]:
    def method(*args: object, **more: object) -> Any:
        raise error(MARKUP)

    return method


#: What Python or a library may ask of an object without being told to.
METHODS = (
    *("__bool__", "__len__", "__iter__", "__getattribute__", "__getattr__", "__eq__", "__hash__", "__repr__"),
    *("__str__", "__format__", "__contains__", "__getitem__", "__lt__", "__call__", "__html__", "__index__"),
)


def all_raise(error: type[BaseException]) -> Any:
    names: dict[str, Any] = dict.fromkeys(METHODS, raising(error))
    return type("AllRaise", (), names)()


def of_hostile_class() -> Any:
    """Its metaclass forbids to compare, hash, name and print the class."""
    forbidden = dict.fromkeys(("__eq__", "__hash__", "__repr__", "__instancecheck__", "__subclasscheck__"), None)
    names: dict[str, Any] = dict.fromkeys(forbidden, raising(RuntimeError))
    names |= dict.fromkeys(("__name__", "__module__", "__mro__", "__dict__"), property(raising(RuntimeError)))
    return type("Meta", (type,), names)("Victim", (), {})()


def liar(pretended: type) -> Any:
    return type("Liar", (), {"__class__": property(lambda self: pretended)})()


def markup_from_markupsafe() -> Any:
    from markupsafe import Markup

    return Markup(MARKUP)


OBJECTS: dict[str, Callable[[], Any]] = {
    **{f"raises {error.__name__}": lambda error=error: all_raise(error) for error in (
        RuntimeError, SystemExit, KeyboardInterrupt, GeneratorExit, RecursionError
    )},
    "hostile metaclass": of_hostile_class,
    "says it is a str": lambda: liar(str),
    "says it is a dict": lambda: liar(dict),
    "says it is a type": lambda: liar(type),
    "says it is an exception": lambda: liar(KeyError),
    "safe string": lambda: Safe(MARKUP),
    "Markup": markup_from_markupsafe,
    "huge": lambda: [MARKUP * 100] * 1000,
    "surrogate": lambda: "\ud800" + MARKUP,
}  # fmt: skip


# The places. Each fails with ``thing`` in it; a good neighbour, ``apples``, must be shown all the same.


def in_locals(thing: Any, environ: dict[str, Any]) -> None:
    basket = "apples"
    raise ValueError(basket)


def on_the_line(thing: Any, environ: dict[str, Any]) -> None:
    basket = "apples"
    wanted = {"a": thing}
    [basket, thing, wanted["a"], wanted["b"]]


SHARED: Any = None


def in_globals(thing: Any, environ: dict[str, Any]) -> None:
    global SHARED
    SHARED = thing
    basket = "apples"
    [SHARED, basket, basket.price]  # type: ignore[attr-defined]


def in_containers(thing: Any, environ: dict[str, Any]) -> None:
    basket = ["apples", thing, {"key": thing}, (thing,)]
    raise ValueError(len(basket))


def as_a_key(thing: Any, environ: dict[str, Any]) -> None:
    basket: dict[Any, Any] = {"fruit": "apples"}
    try:
        basket[thing] = 1
    except BaseException:  # it cannot be hashed
        basket["other"] = thing
    raise KeyError(thing)


def in_args(thing: Any, environ: dict[str, Any]) -> None:
    basket = "apples"
    raise ValueError(thing, basket)


def in_notes(thing: Any, environ: dict[str, Any]) -> None:
    basket = "apples"
    error = ValueError(basket)
    error.__notes__ = [thing, "a note"]
    raise error


def as_notes(thing: Any, environ: dict[str, Any]) -> None:
    basket = "apples"
    error = ValueError(basket)
    error.__notes__ = thing
    raise error


def in_the_cause(thing: Any, environ: dict[str, Any]) -> None:
    basket = "apples"
    raise ValueError(basket) from KeyError(thing)


def in_a_group(thing: Any, environ: dict[str, Any]) -> None:
    basket = "apples"
    raise ExceptionGroup("several", [ValueError(basket), KeyError(thing)])


def in_fields(thing: Any, environ: dict[str, Any]) -> None:
    basket = "apples"
    made: list[Exception] = [NameError(basket, name=thing), AttributeError("x", name=thing, obj=thing)]
    made += [ImportError("x", name=thing, path=thing), OSError(2, thing, thing), KeyError(thing)]
    bad = SyntaxError("x")
    bad.msg = bad.filename = bad.text = bad.lineno = bad.offset = thing  # type: ignore[assignment]
    coded = UnicodeDecodeError("utf-8", b"x", 0, 1, "why")
    for name in ("reason", "encoding"):
        try:
            setattr(coded, name, thing)
        except BaseException:  # it must be a str
            continue
    raise ExceptionGroup("several", [*made, bad, coded])


def as_own_attribute(thing: Any, environ: dict[str, Any]) -> None:
    basket = "apples"
    error: Any = ValueError(basket)
    error.filename = error.lineno = error.name = error.client_is_gone = error.template_debug = thing
    raise error


def as_a_hiding_word(thing: Any, environ: dict[str, Any]) -> None:
    basket = "apples"
    __traceback_hide__ = __traceback_info__ = thing
    raise ValueError(basket)


def in_the_environ(thing: Any, environ: dict[str, Any]) -> None:
    basket = "apples"
    environ |= {"shop.thing": thing, "shop.session": thing, "HTTP_X_THING": thing, "SERVER_NAME": thing}
    raise ValueError(basket)


def in_what_the_debugger_reads(thing: Any, environ: dict[str, Any]) -> None:
    basket = "apples"
    for name in ("QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH", "wsgi.url_scheme", "SERVER_PORT"):
        environ[name] = thing
    raise ValueError(basket)


def as_the_terminal(thing: Any, environ: dict[str, Any]) -> None:
    basket = "apples"
    if not thing_interrupts(thing):  # nobody can tell that from Ctrl+C
        environ["wsgi.errors"] = thing
    raise ValueError(basket)


def thing_interrupts(thing: Any) -> bool:
    try:
        thing.write("")
    except BaseException as error:
        return type(error) is KeyboardInterrupt
    return False


def in_the_session(thing: Any, environ: dict[str, Any]) -> None:
    basket = "apples"
    environ["shop.session"] = {"thing": thing, "fruit": "apples"}
    raise ValueError(basket)


def in_the_globals_of_the_module(thing: Any, environ: dict[str, Any]) -> None:
    names = dict.fromkeys(("__name__", "__file__", "__loader__", "__spec__", "__jinja_template__"), thing)
    # Put there when the code runs already: tools that measure coverage look at them when it begins.
    code = "basket = 'apples'; globals().update(hostile)\nraise ValueError(basket)"
    exec(compile(code, "/app/shop.py", "exec"), {"hostile": names})


def in_the_names_of_the_code(thing: Any, environ: dict[str, Any]) -> None:
    text = thing if issubclass(type(thing), str) and "\ud800" not in thing else MARKUP
    code = compile("basket = 'apples'\nraise ValueError(basket)", "/app/shop.py", "exec")
    exec(code.replace(co_filename=text, co_name=text, co_qualname=text), {})


def in_a_class_body(thing: Any, environ: dict[str, Any]) -> None:
    class Names(dict):  # type: ignore[type-arg]
        keys = items = __iter__ = raising(RuntimeError)

    exec("basket = 'apples'\nraise ValueError(basket)", {"thing": thing}, Names(thing=thing))


class Odd(Exception):
    pass


def as_the_exception(thing: Any, environ: dict[str, Any]) -> None:
    basket = "apples"
    names = {name: property(lambda self: thing) for name in ("args", "__cause__", "__context__", "__notes__", "name")}
    raise type("Odd", (Odd,), names)(basket)


PLACES = [value for name, value in list(globals().items()) if name.startswith(("in_", "as_", "on_"))]


class Contained(Client):
    """A client that a hostile KeyboardInterrupt or SystemExit does not get past: it would end the test run."""

    def __call__(self, path: str, method: str = "GET", *, body: bytes = b"", **more: Any) -> Answer:
        try:
            return super().__call__(path, method, body=body, **more)
        except BaseException as error:
            place = "".join(traceback.format_tb(error.__traceback__)[-3:])
            raise AssertionError(f"{type(error).__name__} reached the server:\n{place}") from None


def application(place: Callable[..., None], thing: Any) -> DebuggedApplication:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        place(thing, environ)
        return []

    return DebuggedApplication(app, limits=LIMITS)


def assert_harmless(page: str) -> None:
    assert page.rstrip().endswith(("</html>", "</article>"))
    assert MARKUP not in page
    assert "<script>" not in page
    assert "bug in debugkit" not in page


@pytest.mark.parametrize("thing", OBJECTS)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_a_hostile_object_costs_its_own_place_at_most(place: Callable[..., None], thing: str) -> None:
    client = Contained(application(place, OBJECTS[thing]()), validate=False)
    answer = client("/shop")
    errors = client("/shop").errors

    assert answer.status == 500
    assert_harmless(answer.text)
    assert "apples" in answer.text
    assert "The debugger failed" not in answer.errors + errors

    url = answer.header("X-Debugkit-Traceback")
    assert client.unlock(client.app.debugger.pin_auth.pin).status == 200  # type: ignore[attr-defined]
    shown = {form: client(f"{url}{form}") for form in ("", ".txt", ".md", ".json")}
    assert_harmless(shown[""].text)
    for form, got in shown.items():
        assert got.status == 200, form
        assert ("Debugger page: " if form == ".txt" else "apples") in got.text, form
    frames = set(re.findall(rf"{BASE}/frames/[0-9a-f]+-\d+", shown[""].text))
    for frame in frames:
        page = client(frame, HTTP_X_DEBUGKIT="1")
        assert page.status == 200
        assert_harmless(page.text)
        handles = re.findall(r'data-handle="([^"]+)"', page.text)[:8]
        for handle in handles:
            assert client.post(f"{BASE}/values/{handle}", {"offset": 0}).status == 200
    assert_harmless(client(f"{BASE}/tracebacks").text)


@pytest.mark.parametrize("thing", OBJECTS)
def test_a_hostile_result_costs_its_own_line_in_the_console(thing: str) -> None:
    client = Contained(application(in_locals, OBJECTS[thing]()), validate=False)
    found = re.search(r'data-frame="([^"]+)"', client("/shop").text)
    assert found is not None
    client.unlock(client.app.debugger.pin_auth.pin)  # type: ignore[attr-defined]

    drawn = [f"type('Drawn', (), {{'_repr_{name}_': lambda self: thing}})()" for name in ("png", "jpeg", "svg", "html")]
    tables = ["[{'a': thing}, {'a': 1}] * 30", "[(lambda: {'a': 1, thing: 2})() for _ in range(2)]", "[thing, thing]"]
    others = ["dump(thing)", "raise ValueError(thing)", "__import__('sys').stdout.write(thing)"]
    for command in ("thing", "[thing]", "{'a': thing}", *drawn, *tables, *others):
        assert client.post(f"{BASE}/frames/{found[1]}/evaluate", {"source": command}).events[-1]["kind"] == "done"
    assert "apples" in str(client.post(f"{BASE}/frames/{found[1]}/evaluate", {"source": "basket"}).events)


def test_no_text_of_a_view_model_is_believed_in_its_markup() -> None:
    for text in (Safe(MARKUP), markup_from_markupsafe()):
        page = rendering.html("message.html", MessageView(text, text, 404, text, text))
        assert_harmless(page.decode())
        assert page.count(b"&lt;script&gt;") == 5
