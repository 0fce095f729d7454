"""Defects that were reproduced in other debuggers, and traps that others fell into: each is a named test here.

The first part follows the list of what Werkzeug 3.1.9 does; the second collects traps of the debugger's whole field.
"""

from __future__ import annotations

import functools
import gc
import html
import io
import json
import logging
import re
import sys
import threading
import weakref
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import jinja2
import pytest
from client import Client
from process_support import TIMEOUT

from debugkit import DebuggedApplication
from debugkit.debug.console.console import OUTPUT_SIZE
from debugkit.debug.registry import LIVE_PER_GROUP
from debugkit.debug.tracebacks.libraries import library_of

MOUNT = "/__debugkit__"


def raising(function: Callable[[], object]) -> Any:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        function()
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"nothing failed"]

    return app


def shop(function: Callable[[], object], **settings: Any) -> Client:
    """A client, unlocked, of an application that runs ``function`` for each request."""
    client = Client(DebuggedApplication(raising(function), **settings))
    client.unlock(client.app.debugger.pin_auth.pin)  # type: ignore[attr-defined]
    return client


def problem(client: Client) -> Any:
    return client("/", HTTP_ACCEPT="application/json").json


def evaluate(client: Client, source: str, frame: str | None = None) -> list[dict[str, Any]]:
    frame = frame or problem(client)["exceptions"][0]["frames"][-1]["id"]
    return client.post(f"{MOUNT}/frames/{frame}/evaluate", {"source": source}).events


def texts(events: list[dict[str, Any]], kind: str) -> str:
    return "".join(event["text"] for event in events if event["kind"] == kind)


def marked(page: str) -> list[str]:
    """The failing expression of the opened frame, line by line."""
    lines = re.findall(r'<div class="l[^"]*" data-n="\d+"[^>]*>(.*?)</div>', page, re.S)
    found = ["".join(re.findall(r"<mark>(.*?)</mark>", line)) for line in lines]
    return [html.unescape(re.sub(r"<[^>]+>", "", text)) for text in found if text]


def written(folder: Path, source: str, name: str = "written.py") -> Callable[[], object]:
    """A module of the application from ``source``; its function ``run``."""
    path = folder / name
    path.write_text(source, "utf-8")
    namespace: dict[str, Any] = {"__name__": path.stem, "__file__": str(path)}
    exec(compile(source, str(path), "exec"), namespace)
    run: Callable[[], object] = namespace["run"]
    return run


# What Werkzeug 3.1.9 does


def nested_group() -> None:
    def member(number: int) -> Exception:
        try:
            raise ValueError(f"member {number}")
        except ValueError as error:
            return error

    raise ExceptionGroup("outer", [member(1), ExceptionGroup("inner", [member(2), member(3)])])


def test_members_of_exception_groups_have_frames_and_consoles() -> None:
    client = shop(nested_group)
    head = problem(client)["exceptions"][0]
    inner = head["group"][1]
    frame = inner["group"][1]["frames"][-1]["id"]

    assert [member["message"] for member in inner["group"]] == ["member 2", "member 3"]
    assert texts(evaluate(client, "number", frame), "value") == "3"
    assert "member 3" in client("/").text


@pytest.mark.parametrize(
    ("line", "failing"),
    [
        ("größe = {}; naïve = größe['é'] + 1", "größe['é']"),
        ("数 = {}; x = 数['価格'] + 1", "数['価格']"),
        ('x = "🙂🙂" + {}["é"]', '{}["é"]'),
        ("x\t=\t1\t+\t{}['a']", "{}['a']"),
        ("e\u0301 = {}; y = e\u0301['k']", "e\u0301['k']"),
    ],
)
def test_the_failing_expression_is_marked_right_beside_wide_characters_and_tabs(
    tmp_path: Path, line: str, failing: str
) -> None:
    run = written(tmp_path, f"def run():\n\t{line}\n")

    assert marked(shop(run)("/").text) == [failing]


def test_the_failing_expression_is_marked_over_several_lines(tmp_path: Path) -> None:
    lines = [
        "def run():",
        "    i = {}",
        "    x = sum([",
        "        i[",
        '            "prix é"  # a comment',
        "        ],",
        "    ])",
    ]
    run = written(tmp_path, "\n".join([*lines, ""]))

    assert marked(shop(run)("/").text) == ["i[", '"prix é"', "]"]


def test_a_function_of_several_lines_can_be_typed_and_called() -> None:
    client = shop(nested_group)
    frame = problem(client)["exceptions"][0]["frames"][-1]["id"]
    defined = evaluate(client, "def double(n):\n    twice = n * 2\n    return twice\n", frame)

    assert defined[-1]["status"] == "done"
    assert texts(evaluate(client, "double(21)", frame), "value") == "42"


def test_several_statements_can_be_pasted_at_once() -> None:
    events = evaluate(shop(nested_group), "a = 1\nb = a + 1\nprint(a, b)\nb * 10")

    assert (texts(events, "output"), texts(events, "value")) == ("1 2\n", "20")


@pytest.mark.parametrize(
    "source", ["exit()", "quit()", "raise SystemExit", "import sys; sys.exit(3)", "import os; exit(1)"]
)
def test_exit_ends_neither_the_server_nor_the_console(source: str) -> None:
    client = shop(nested_group)
    frame = problem(client)["exceptions"][0]["frames"][-1]["id"]

    assert evaluate(client, source, frame)[-1]["status"] == "exited"
    assert texts(evaluate(client, "1 + 1", frame), "value") == "2"


def test_stderr_and_the_output_of_threads_are_shown() -> None:
    source = (
        "import sys, threading\nprint('to stderr', file=sys.stderr)\n"
        "t = threading.Thread(target=lambda: print('from a thread')); t.start(); t.join()"
    )
    events = evaluate(shop(nested_group), source)
    streams = {event["text"].strip(): event["stream"] for event in events if event["kind"] == "output"}

    assert streams == {"to stderr": "stderr", "from a thread": "stdout"}


def test_output_is_bounded() -> None:
    client = shop(nested_group)
    frame = problem(client)["exceptions"][0]["frames"][-1]["id"]
    for source in ("'x' * 2_000_000", "print('x' * 2_000_000)", "for n in range(200_000): print(n)"):
        size = sum(len(json.dumps(event)) for event in evaluate(client, source, frame))
        assert size < 2 * OUTPUT_SIZE, source


class Held:
    pass


def test_frames_of_old_errors_are_let_go() -> None:
    references: list[weakref.ref[Held]] = []

    def run() -> None:
        held = Held()
        references.append(weakref.ref(held))
        raise ValueError

    client = shop(run)
    for _ in range(50):
        client("/")
    gc.collect()

    assert sum(reference() is not None for reference in references) <= LIVE_PER_GROUP


@pytest.mark.parametrize(
    "path",
    [
        f"{sys.prefix}x/app.py",
        f"{sys.prefix}/app/views.py",
        "/usr/local/app/app.py",
        "/srv/site-packages-of-mine/app.py",
    ],
)
def test_an_application_beside_the_libraries_is_not_one_of_them(path: str) -> None:
    assert library_of(path) is None


def test_the_loopback_address_of_ipv6_is_trusted() -> None:
    client = shop(nested_group)

    assert "ExceptionGroup" in client("/", HTTP_HOST="[::1]:5000", REMOTE_ADDR="::1").text
    answer = client.post(
        f"{MOUNT}/unlock",
        {"pin": client.app.debugger.pin_auth.pin},  # type: ignore[attr-defined]
        HTTP_HOST="[::1]:5000",
        HTTP_ORIGIN="http://[::1]:5000",
        REMOTE_ADDR="::1",
    )
    assert answer.status == 200


def test_a_template_held_in_memory_shows_its_own_lines() -> None:
    environment = jinja2.Environment(
        loader=jinja2.DictLoader({"page.html": "<h1>\n  {{ order.customer.name }}\n</h1>"}),
        undefined=jinja2.StrictUndefined,
    )
    page = shop(lambda: environment.get_template("page.html").render(order={}))("/").text

    assert "order.customer.name" in re.sub(r"<[^>]+>", "", page)
    assert 'data-n="2"' in page


@pytest.mark.parametrize(
    ("failing", "hint"),
    [
        (lambda: pritn, "print"),  # type: ignore[name-defined]  # noqa: F821
        (lambda: "x".uper(), "upper"),  # type: ignore[attr-defined]
        (lambda: __import__("colections"), "collections"),
    ],
)
def test_did_you_mean_is_offered_on_every_python(failing: Callable[[], object], hint: str) -> None:
    assert problem(shop(failing))["exceptions"][0]["suggestion"] == f"Did you mean: '{hint}'?"


def test_no_secret_of_the_session_stands_in_a_page_and_another_site_cannot_use_it() -> None:
    client = shop(nested_group, pin_security=False)
    frame = problem(client)["exceptions"][0]["frames"][-1]["id"]
    source = json.dumps({"source": "1"}).encode()
    forged = {"CONTENT_TYPE": "text/plain", "HTTP_ORIGIN": "http://evil.test", "HTTP_SEC_FETCH_SITE": "cross-site"}

    assert client(f"{MOUNT}/frames/{frame}/evaluate", "POST", body=source, **forged).status == 500
    assert "secret" not in client("/").text.lower()


# Traps


def test_equal_lines_of_recursion_never_share_an_element_id() -> None:
    def fall(left: int) -> int:
        return fall(left - 1) if left else 1 // 0

    page = shop(lambda: fall(7))("/").text
    ids = re.findall(r'\sid="([^"]+)"', page)

    assert len(ids) == len(set(ids))


def test_nothing_that_is_cut_is_only_hidden() -> None:
    text = "x" * 500_000 + "needle" + "x" * 500_000

    def run(text: str) -> None:
        raise ValueError(len(text))

    page = shop(functools.partial(run, text))("/").text

    assert "xxxxxxxxxx" in page
    assert "xneedle" not in page
    assert len(page) < 100_000


def test_a_handle_of_a_frame_tells_nothing_of_memory() -> None:
    client = shop(nested_group)
    frames = problem(client)["exceptions"][0]["frames"]
    other = problem(client)["exceptions"][0]["frames"]

    assert re.fullmatch(r"[0-9a-f]{32}-\d+", frames[-1]["id"])
    assert frames[-1]["id"] != other[-1]["id"]


def test_streams_of_the_process_are_left_alone_while_no_command_runs() -> None:
    before = sys.stdout, sys.stderr, sys.displayhook, sys.excepthook
    client = shop(nested_group)
    evaluate(client, "print(1)")

    assert (sys.stdout, sys.stderr, sys.displayhook, sys.excepthook) == before


def test_what_the_server_prints_meanwhile_is_not_taken_by_a_console() -> None:
    client = shop(nested_group)
    frame = problem(client)["exceptions"][0]["frames"][-1]["id"]
    started, printed = threading.Event(), threading.Event()
    builtins_of_test = {"started": started, "printed": printed}
    sys.modules["_meeting"] = type(sys)("_meeting")
    vars(sys.modules["_meeting"]).update(builtins_of_test)

    def other() -> None:
        started.wait(TIMEOUT)
        print("from the server")
        printed.set()

    thread = threading.Thread(target=other)
    real = io.StringIO()
    try:
        with redirect_stdout(real):
            thread.start()
            events = evaluate(client, "import _meeting; _meeting.started.set(); _meeting.printed.wait(240)", frame)
            thread.join(TIMEOUT)
    finally:
        del sys.modules["_meeting"]

    assert texts(events, "output") == ""
    assert "from the server" in real.getvalue()


@pytest.mark.parametrize("make", [lambda: ValueError("bad \ud800 text"), lambda: KeyError("\udcff")])
def test_a_lone_surrogate_does_not_cost_the_page(make: Callable[[], Exception]) -> None:
    def run() -> None:
        raise make()

    client = shop(run)

    assert client("/").status == 500
    assert "\\ud" in client("/", HTTP_ACCEPT="*/*").text
    assert problem(client)["title"]


class Broken(Exception):
    def __str__(self) -> str:
        raise SystemExit("no words")


def test_an_exception_that_cannot_be_printed_has_a_page() -> None:
    def run() -> None:
        raise Broken

    assert "Broken" in shop(run)("/").text


#: Set when the page is there.
SHOWN = threading.Event()


def values_of(behaviour: Callable[[], object]) -> str:
    class Widget:
        def __init__(self) -> None:
            self.size = 7

        def __repr__(self) -> str:
            return behaviour()  # type: ignore[return-value]

    def run() -> None:
        widget = Widget()
        others = [Widget() for _ in range(20)]
        raise ValueError(type(widget), type(others))

    return shop(run)("/").text


@pytest.mark.parametrize(
    "behaviour",
    [
        lambda: 1 // 0,
        lambda: sys.exit(1),
        lambda: 5,
        SHOWN.wait,
        lambda: [None for _ in iter(int, 1)],
        lambda: values_of.__call__,
    ],
    ids=["raises", "exits", "no text", "waits", "loops", "a function"],
)
def test_a_bad_repr_neither_breaks_nor_delays_the_page(behaviour: Callable[[], object]) -> None:
    SHOWN.clear()
    try:
        page = values_of(behaviour)
    finally:
        SHOWN.set()

    assert "ValueError" in page
    assert "Widget" in page


def test_an_error_while_an_error_is_shown_still_shows_the_first() -> None:
    """A panel that fails says so in its own place."""

    class Session(dict):  # type: ignore[type-arg]
        def __len__(self) -> int:
            raise RuntimeError("broken session")

        def __bool__(self) -> bool:
            raise RuntimeError("broken session")

        def items(self) -> Any:
            raise RuntimeError("broken session")

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ["shop.session"] = Session(a=1)
        raise ValueError("the first error")

    page = Client(DebuggedApplication(app))("/").text

    assert "the first error" in page


def test_logging_of_the_application_is_not_touched() -> None:
    before = list(logging.root.handlers), logging.root.level
    shop(nested_group)("/")

    assert (list(logging.root.handlers), logging.root.level) == before


def test_a_group_with_very_many_members_says_how_many_are_left_out() -> None:
    def run() -> None:
        raise ExceptionGroup("many", [ValueError(number) for number in range(500)])

    page = shop(run)("/").text

    assert "401 more exceptions of the group are left out." in page
    assert len(page) < 120_000
