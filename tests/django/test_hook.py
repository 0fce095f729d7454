"""Django's error page replaced: what the client gets, and that Django goes on as if its own page had been sent."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django_site
import pytest
from asgi_client import http_scope
from client import Client
from django.core import signals
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.http import HttpResponse
from django.test import Client as DjangoClient
from django.test import override_settings
from django.views import debug

from debugkit import DebuggedApplication
from debugkit.debug.registry import LIVE_PER_GROUP
from debugkit.django.hook import install

HEADER = "X-Debugkit-Traceback"


@pytest.fixture
def app() -> Iterator[DebuggedApplication]:
    with django_site.debugged() as app:
        yield app


@pytest.fixture
def client(app: DebuggedApplication) -> Client:
    return Client(app)


@pytest.fixture
def log() -> Iterator[list[logging.LogRecord]]:
    """What Django logs."""
    records: list[logging.LogRecord] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    handler = Keep()
    logger = logging.getLogger("django")
    logger.addHandler(handler)
    yield records
    logger.removeHandler(handler)


class Counted:
    """How often each signal was sent."""

    def __init__(self) -> None:
        self.errors = self.finished = 0

    def error(self, **_: Any) -> None:
        self.errors += 1

    def finish(self, **_: Any) -> None:
        self.finished += 1


@pytest.fixture
def counted() -> Iterator[Counted]:
    counted = Counted()
    signals.got_request_exception.connect(counted.error)
    signals.request_finished.connect(counted.finish)
    yield counted
    signals.got_request_exception.disconnect(counted.error)
    signals.request_finished.disconnect(counted.finish)


def frames(client: Client, path: str, *args: Any, **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client(path, *args, HTTP_ACCEPT="application/json", **more).json["exceptions"][0][
        "frames"
    ]
    return found


def open_descriptors() -> int:
    folder = Path("/proc/self/fd")
    return sum(1 for _ in folder.iterdir()) if folder.is_dir() else 0


# The answer


def test_an_error_in_a_view_is_answered_with_the_debuggers_page(client: Client) -> None:
    answer = client("/checkout/?tea=Oolong")

    assert answer.status == 500
    assert answer.header("Content-Type") == "text/html; charset=utf-8"
    assert "chosen" in answer.text
    assert "Oolong" in answer.text
    page = client(answer.header(HEADER) or "")
    assert page.status == 200


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json", "application/problem+json"),
        ("*/*", "text/plain; charset=utf-8"),
        ("text/html", "text/html"),
    ],
    ids=["json", "anything", "html"],
)
def test_the_answer_has_the_form_its_client_asks_for(client: Client, accept: str, kind: str) -> None:
    answer = client("/checkout/", HTTP_ACCEPT=accept)

    assert (answer.header("Content-Type") or "").startswith(kind)
    assert "Earl Grey" in answer.text


def test_the_traceback_has_djangos_two_frames_before_the_view(client: Client) -> None:
    assert [frame["name"].rpartition(".")[2] for frame in frames(client, "/checkout/")] == [
        "inner",
        "_get_response",
        "checkout",
    ]


@pytest.mark.parametrize(("path", "what"), [("/bad/", "no such size"), ("/suspicious/", "a cup of nothing")])
def test_a_bad_request_stays_a_400(client: Client, path: str, what: str) -> None:
    answer = client(path)

    assert answer.status == 400
    assert what in answer.text
    assert '<span class="status">400</span>' in answer.text


def test_a_host_that_django_does_not_allow_is_a_stranger_and_gets_a_bare_400(client: Client) -> None:
    answer = client("/checkout/", HTTP_HOST="evil.example")

    assert (answer.status, answer.text) == (400, "Bad Request\n")
    assert answer.header(HEADER) is None


def test_a_stranger_gets_a_bare_500(client: Client) -> None:
    answer = client("/checkout/", REMOTE_ADDR="93.184.216.34")

    assert (answer.status, answer.text) == (500, "Internal Server Error\n")


def test_what_is_no_error_stays_djangos(client: Client) -> None:
    assert client("/fine/").text == "fine"
    assert client("/nowhere/").status == 404
    assert client("/nowhere/").header(HEADER) is None


def test_without_debug_django_answers_alone(client: Client) -> None:
    with override_settings(DEBUG=False):
        answer = client("/checkout/")

    assert answer.status == 500
    assert answer.header(HEADER) is None
    assert "Earl Grey" not in answer.text


def test_an_async_view_opens_in_the_view_with_what_lies_between_as_library(client: Client) -> None:
    *between, view = frames(client, "/later/")

    assert (view["name"], view["library"]) == ("later", None)
    assert {"name": "stock", "type": "dict", "text": "{'Sencha': 12}"} in view["values"]
    assert {frame["library"].split()[0] for frame in between} <= {"Django", "asgiref", "Python"}


def test_a_request_is_sent_again_and_its_error_has_a_page(app: DebuggedApplication) -> None:
    client = Client(app)
    client.unlock(app.debugger.pin_auth.pin)
    address = client("/later/").header("X-Debugkit-Traceback")
    event = client.post(f"{address}/replay").events[-1]

    assert (event["outcome"], event["status"]) == ("same", 500)
    assert client(event["url"]).status == 200


def ask_asgi(body: bytes = b"", **more: Any) -> HttpResponse:
    async def ask() -> HttpResponse:
        handler = ASGIHandler()
        request = ASGIRequest(http_scope("/later/", **more), io.BytesIO(body))
        response: HttpResponse = await handler.get_response_async(request)
        return response

    return asyncio.run(ask())


def test_under_asgi_the_page_is_the_same(app: DebuggedApplication) -> None:
    response = ask_asgi()

    assert response.status_code == 500
    assert "{&#39;Sencha&#39;: 12}" in response.content.decode()
    (entry,) = app.debugger.registry.recent_groups()[0]
    assert entry.request_line == "GET /later/"


def test_an_address_that_middleware_takes_from_a_header_is_not_this_computer() -> None:
    with override_settings(MIDDLEWARE=["django_site.believing"]), django_site.debugged() as app:
        near, far, public = (
            Client(app)("/later/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR="127.0.0.1").text
            for peer in ("127.0.0.1", "10.0.0.3", "93.184.216.34")
        )

    assert ["KeyError" in text for text in (near, far, public)] == [True, True, False]
    assert ["{&#39;Sencha&#39;: 12}" in text for text in (near, far, public)] == [True, False, False]


def test_under_asgi_the_body_is_kept_too(app: DebuggedApplication) -> None:
    headers = {"content-type": "application/json", "content-length": "7"}
    ask_asgi(b'{"a":1}', method="POST", headers=headers)
    [[entry, *_], *_] = app.debugger.registry.recent_groups()

    assert entry.request is not None
    assert (entry.request.body, entry.request.body_complete) == (b'{"a":1}', True)


def test_under_asgi_an_address_from_a_header_is_not_this_computer_and_none_is_a_strangers(
    app: DebuggedApplication,
) -> None:
    claimed = ask_asgi(headers={"x-forwarded-for": "127.0.0.1"}).content.decode()
    unknown = ask_asgi(client=None).content.decode()

    assert ["KeyError" in text for text in (claimed, unknown)] == [True, False]
    assert "{&#39;Sencha&#39;: 12}" not in claimed


def test_a_stream_that_breaks_is_the_outer_debuggers(app: DebuggedApplication) -> None:
    answer = Client(app)("/stream/")

    assert str(answer.broken) == "the stream broke"
    assert "the stream broke" not in answer.errors
    assert "Debugger page: " in answer.errors


def test_an_application_around_django_is_watched_too(app: DebuggedApplication) -> None:
    inner = app.app

    def around(environ: Any, start_response: Any) -> Any:
        if environ["PATH_INFO"] == "/around/":
            raise ArithmeticError("around Django")
        return inner(environ, start_response)

    app.app = around

    assert "around Django" in Client(app)("/around/").text
    assert "Earl Grey" in Client(app)("/checkout/").text


# Django goes on


def test_one_error_is_one_signal_and_one_end_of_the_request(client: Client, counted: Counted) -> None:
    client("/checkout/")

    assert (counted.errors, counted.finished) == (1, 1)


def test_the_response_phase_of_the_middleware_runs(client: Client) -> None:
    answer = client("/checkout/")

    assert answer.header("Cross-Origin-Opener-Policy") == "same-origin"
    assert answer.header("X-Frame-Options") == "DENY"


def test_the_error_is_logged_as_django_does(client: Client, log: list[logging.LogRecord]) -> None:
    client("/checkout/")
    client("/bad/")
    client("/suspicious/")

    assert [(record.name, record.levelname, record.getMessage()) for record in log] == [
        ("django.request", "ERROR", "Internal Server Error: /checkout/"),
        ("django.request", "WARNING", "no such size of cup: /bad/"),
        ("django.security.SuspiciousOperation", "ERROR", "a cup of nothing"),
    ]
    assert all(record.exc_info for record in log)


def test_a_hundred_failing_database_requests_leave_descriptors_as_they_were(client: Client) -> None:
    client("/database/")
    before = open_descriptors()

    for _ in range(100):
        client("/database/", HTTP_ACCEPT="text/plain")

    assert open_descriptors() <= before


def test_a_hundred_failing_requests_keep_only_the_errors_that_the_limits_allow(app: DebuggedApplication) -> None:
    client = Client(app)
    for _ in range(100):
        client("/database/", HTTP_ACCEPT="text/plain")

    (group,) = app.debugger.registry.recent_groups()
    live = [entry for entry in group if entry.live]
    assert len(live) == LIVE_PER_GROUP
    assert all(
        not entry.framework_report.panels and not entry.framework_report.names for entry in group if not entry.live
    )


# The terminal


def test_the_terminal_has_the_traceback_once_and_the_link_when_nobody_logs(client: Client) -> None:
    errors = client("/checkout/").errors

    assert errors.count("KeyError: 'Earl Grey'") == 1
    assert errors.count("Debugger page: http://127.0.0.1:8000/__debugkit__/tracebacks/") == 1


def test_the_terminal_has_only_the_link_when_djangos_log_prints_the_traceback(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr("sys.stderr", terminal)
    handler = logging.StreamHandler()
    logger = logging.getLogger("django")
    logger.addHandler(handler)
    try:
        client("/checkout/", **{"wsgi.errors": terminal})
    finally:
        logger.removeHandler(handler)

    text = terminal.getvalue()
    assert text.count("KeyError: 'Earl Grey'") == 1
    assert text.index("KeyError: 'Earl Grey'") < text.index("Debugger page: ")


def test_the_test_client_of_django_gets_the_page_and_its_stream_of_bytes_the_link(app: DebuggedApplication) -> None:
    client = DjangoClient(raise_request_exception=False)

    with override_settings(ALLOWED_HOSTS=["testserver", "localhost"]):
        answer = client.get("/checkout/", headers={"host": "localhost"})

    assert answer.status_code == 500
    assert b"Earl Grey" in answer.content
    assert b"Debugger page: " in client.errors.getvalue()


def test_a_log_that_goes_to_a_file_does_not_keep_the_traceback_from_the_terminal(client: Client) -> None:
    handler = logging.StreamHandler(io.StringIO())
    logger = logging.getLogger("django.request")
    logger.addHandler(handler)
    try:
        errors = client("/checkout/").errors
    finally:
        logger.removeHandler(handler)

    assert "KeyError: 'Earl Grey'" in errors


# Policies, reporters, the hook itself


def test_a_policy_of_the_site_does_not_block_the_page() -> None:
    csp = pytest.importorskip("django.utils.csp")
    middleware = ["django.middleware.csp.ContentSecurityPolicyMiddleware", *django_site.settings.MIDDLEWARE]
    policy = {"default-src": [csp.CSP.NONE]}
    with override_settings(MIDDLEWARE=middleware, SECURE_CSP=policy, SECURE_CSP_REPORT_ONLY=policy):
        with django_site.debugged() as app:
            answer = Client(app)("/checkout/")

    policies = [value for name, value in answer.headers if name.lower().startswith("content-security-policy")]
    assert len(policies) == 1
    assert "script-src 'self'" in policies[0]


def test_django_csp_is_told_to_leave_the_page_alone() -> None:
    with override_settings(MIDDLEWARE=["django_site.remembering"]), django_site.debugged() as inner:
        Client(inner)("/checkout/")

    seen = [django_site.remembered.pop()]
    assert getattr(seen[0], "_csp_exempt", False) is True
    assert getattr(seen[0], "_csp_exempt_ro", False) is True


def test_a_reporter_of_the_project_makes_the_page_and_the_error_is_kept(app: DebuggedApplication) -> None:
    client = Client(app)
    with override_settings(DEFAULT_EXCEPTION_REPORTER="django_site.OwnReporter"):
        answer = client("/checkout/")

    assert answer.text == "<p>our own page</p>"
    assert "Earl Grey" in client(answer.header(HEADER) or "").text
    assert "Debugger page: " in answer.errors


def test_undoing_gives_django_its_page_back_unless_somebody_replaced_it_since() -> None:
    original = debug.technical_500_response
    with django_site.debugged() as app:
        undo = install(app)
        second = debug.technical_500_response
        undo()
        assert debug.technical_500_response is not second
        undo = install(app)
        debug.technical_500_response = original
        undo()
        assert debug.technical_500_response is original

    assert debug.technical_500_response is original


def test_a_defect_of_the_debugger_leaves_djangos_own_page(app: DebuggedApplication, capsys: Any) -> None:
    app.debugger.registry = None  # type: ignore[assignment]

    answer = Client(app)("/checkout/")

    assert "You’re seeing this error because you have" in answer.text
    assert "The debugger failed" in capsys.readouterr().err


def test_a_stranger_gets_nothing_of_the_projects_own_reporter_either(client: Client) -> None:
    with override_settings(DEFAULT_EXCEPTION_REPORTER="django_site.OwnReporter"):
        answer = client("/checkout/", REMOTE_ADDR="93.184.216.34")

    assert (answer.status, answer.text) == (500, "Internal Server Error\n")
    assert answer.header(HEADER) is None


def test_a_defect_of_the_debugger_shows_strangers_nothing(app: DebuggedApplication) -> None:
    app.debugger.registry = None  # type: ignore[assignment]

    answer = Client(app)("/checkout/", REMOTE_ADDR="93.184.216.34")

    assert (answer.status, answer.text) == (500, "Internal Server Error\n")
