"""What Django knows of an error, on its page: the request as parsed, settings, SQL, names; and what stays secret."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import django_site
import pytest
from client import Client
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.handlers.wsgi import WSGIRequest
from django.db import connection
from django.test import RequestFactory, override_settings
from django.utils.datastructures import MultiValueDict
from django.utils.functional import SimpleLazyObject, lazystr
from django.views import debug

from debugkit import DebuggedApplication
from debugkit.debug.framework_report import HIDDEN, FrameworkReport, Pair, Table
from debugkit.debug.tracebacks.capture import capture
from debugkit.django.report import report, unicode_hint
from debugkit.django.sql import Recording

CARD = "4242-4242-4242-4242"


@pytest.fixture
def app() -> Iterator[DebuggedApplication]:
    with django_site.debugged() as app:
        yield app


@pytest.fixture
def client(app: DebuggedApplication) -> Client:
    return Client(app)


def problem(client: Client, path: str, *args: Any, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = client(path, *args, HTTP_ACCEPT="application/json", **more).json
    return found


def values(found: dict[str, Any], panel: str, title: str | None = None) -> dict[str, str]:
    return {
        name: text
        for section in found["request"][panel]
        if title in (None, section["title"])
        for name, text in section["values"].items()
    }


def told(request: WSGIRequest, error: BaseException | None = None) -> FrameworkReport:
    try:
        raise error or ValueError("for the report")
    except Exception as raised:
        return report(request, 500, capture(raised))


def table(reported: FrameworkReport, panel: str, title: str = "") -> Table[Pair]:
    (found,) = [one for one in reported.panels if one.name == panel]
    return next(one for one in found.tables if one.title == title)


# The request


def test_the_request_panel_tells_the_view_the_route_and_who_asked(client: Client) -> None:
    found = values(problem(client, "/shop/7/checkout/?tea=Oolong&size=1&size=2"), "request")

    assert found["Address"] == "http://localhost:8000/shop/7/checkout/"
    assert found["URL pattern"] == "^shop/(?P<shelf>\\d+)/checkout/$"
    assert (found["URL name"], found["shelf"], found["User"]) == ("shelf", "7", "AnonymousUser")
    assert (found["tea"], found["size"]) == ("Oolong", "['1', '2']")


@pytest.mark.parametrize("form", ["", ".md", ".txt"])
def test_the_view_is_named_in_every_form(client: Client, form: str) -> None:
    url = client("/checkout/").header("X-Debugkit-Traceback")

    assert "django_site.checkout" in client(f"{url}{form}").text


def test_a_form_is_shown_as_django_parsed_it(client: Client) -> None:
    found = problem(client, "/order/", "POST", body=b"quantity=three&sugar=a&sugar=b&csrfmiddlewaretoken=abcdef123456")

    assert found["exceptions"][0]["message"].endswith("'three'")
    assert values(found, "body", "POST") == {
        "quantity": "three",
        "sugar": "['a', 'b']",
        "csrfmiddlewaretoken": "••••••",
    }


def test_a_form_that_the_view_never_read_is_shown_too(client: Client) -> None:
    assert values(problem(client, "/checkout/", "POST", body=b"quantity=4"), "body", "POST") == {"quantity": "4"}


def test_a_body_that_is_no_form_is_read_by_django_and_shown(client: Client) -> None:
    found = problem(client, "/checkout/", "POST", body=b'{"cups": 4}', CONTENT_TYPE="application/json")

    assert values(found, "body") == {"cups": "4"}


def test_a_form_that_django_refuses_to_parse_is_not_asked_again(client: Client) -> None:
    with override_settings(DATA_UPLOAD_MAX_NUMBER_FIELDS=1):
        answer = client("/order/", "POST", body=b"a=1&b=2&c=3", HTTP_ACCEPT="application/json")

    assert answer.status == 400
    assert answer.json["title"].startswith("django.core.exceptions.TooManyFieldsSent")
    (section,) = answer.json["request"]["body"]
    assert section["notice"] == "Django found no fields in this form, or refused to read it."


def test_uploaded_files_are_told_by_name_type_and_size() -> None:
    request = RequestFactory().post("/", {"photo": SimpleUploadedFile("tea.png", b"\x89PNG" * 4, "image/png")})

    assert table(told(request), "Body", "FILES").rows == (("photo", "tea.png (image/png, 16 bytes)"),)


def test_the_session_is_shown_when_it_was_read_and_left_alone_when_not() -> None:
    class Session:
        accessed = False

    request = RequestFactory().get("/")
    request.session = Session()
    assert table(told(request), "Session").rows == ()

    request.session._session_cache = {"cart": [1, 2], "api_token": "abc"}
    assert table(told(request), "Session").rows == (("cart", [1, 2]), ("api_token", HIDDEN))


def test_asking_who_is_logged_in_does_not_mark_the_session_as_read() -> None:
    class Session:
        accessed = False

    def user() -> str:
        request.session.accessed = True
        return "ada"

    request = RequestFactory().get("/")
    request.session = Session()
    request.user = SimpleLazyObject(user)

    assert ("User", "ada") in table(told(request), "Request").rows
    assert request.session.accessed is False


def test_a_user_who_cannot_be_told_is_no_second_error() -> None:
    def user() -> str:
        raise RuntimeError("the database is gone")

    request = RequestFactory().get("/")
    request.user = SimpleLazyObject(user)
    found = table(told(request), "Request")

    assert found.notice == "This is not available: RuntimeError: the database is gone"
    assert ("Method", "GET") in found.rows


# Settings, SQL


def test_settings_are_shown_the_projects_own_first_and_secrets_hidden(client: Client) -> None:
    own, defaults = problem(client, "/checkout/")["request"]["settings"]

    assert own["values"]["SHOP_NAME"] == "Tea & Co."
    assert own["values"]["SECRET_KEY"] == own["values"]["PAYMENT_API_KEY"] == "••••••"
    assert defaults["title"] == "Django's defaults"
    assert defaults["values"]["APPEND_SLASH"] == "True"


def test_a_filter_of_the_project_decides_what_settings_show(client: Client) -> None:
    debug.get_default_exception_reporter_filter.cache_clear()
    with override_settings(DEFAULT_EXCEPTION_REPORTER_FILTER="django_site.OwnFilter"):
        own, _ = problem(client, "/checkout/")["request"]["settings"]

    debug.get_default_exception_reporter_filter.cache_clear()
    assert own["values"]["SHOP_NAME"] == "••••••"


def test_the_sql_of_the_request_is_shown_with_its_parameters(app: DebuggedApplication) -> None:
    recording = Recording()
    recording.begin()
    try:
        found = values(problem(Client(app), "/database/"), "sql")
    finally:
        recording.end()
        connection.execute_wrappers.clear()

    first, second = found.items()
    assert first[1].startswith("SELECT 1 AS one")
    assert second[0].startswith("2. default, ")
    assert second[0].endswith(", failed")
    assert "with 'Assam'" in second[1]


def test_without_recorded_sql_there_is_no_panel(client: Client) -> None:
    assert "sql" not in problem(client, "/checkout/")["request"]


# Secrets


def test_a_filter_of_the_requests_own_governs_the_fields_of_its_form() -> None:
    class Filter(debug.SafeExceptionReporterFilter):
        def get_post_parameters(self, request: Any) -> Any:
            masked = {"iban": "DE** **** 1234"} if "iban" in request.POST else {}
            return {name: value for name, value in request.POST.items() if name == "tea"} | masked

    request = RequestFactory().post("/", {"iban": "DE89 3704 0044 1234", "tea": "Assam", "voucher": "TEA-4711-X"})
    request.exception_reporter_filter = Filter()  # type: ignore[attr-defined]
    reported = told(request)
    (body,) = [panel for panel in reported.panels if panel.name == "Body"]

    assert dict(body.tables[0].rows) == {"tea": "Assam", "iban": "DE** **** 1234"}
    assert reported.secret_names >= {"iban", "voucher"}
    assert reported.secret_texts >= {"DE89 3704 0044 1234", "TEA-4711-X"}
    assert "tea" not in reported.secret_names


@pytest.mark.parametrize("form", ["", ".json", ".md", ".txt"])
def test_what_is_marked_as_sensitive_stands_in_no_form_of_the_error(client: Client, form: str) -> None:
    url = client("/pay/", "POST", body=f"card={CARD}&sugar=1".encode()).header("X-Debugkit-Traceback")
    client.unlock(django_site.PIN)

    text = client(f"{url}{form}").text

    assert CARD not in text
    assert "Lovelace" not in text
    assert "was refused for 12" in text.replace("&#39;", "'")


def test_a_sensitive_variable_is_named_and_hidden_in_its_frame(client: Client) -> None:
    frames = problem(client, "/pay/", "POST", body=f"card={CARD}".encode())["exceptions"][0]["frames"]
    (pay,) = [frame for frame in frames if frame["name"] == "pay"]
    found = {value["name"]: value["text"] for value in pay["values"]}

    assert (found["number"], found["owner"], found["amount"]) == ("••••••", "••••••", "12")


def test_no_tree_of_values_leads_to_a_sensitive_field(client: Client) -> None:
    url = client("/pay/", "POST", body=f"card={CARD}".encode()).header("X-Debugkit-Traceback") or ""
    client.unlock(django_site.PIN)
    page = client(url).text
    handles = {part.partition('"')[0] for part in page.split('data-handle="')[1:]}
    seen = []
    while handles and len(seen) < 300:
        handle = handles.pop()
        children = client.post(f"/__debugkit__/values/{handle}").json["children"]
        seen += children
        handles |= {child["handle"] for child in children if child["handle"] and child["label"] in ("_post", "POST")}

    assert seen
    assert CARD not in json.dumps(seen)


def test_all_variables_of_a_sensitive_async_view_are_hidden(client: Client) -> None:
    frames = problem(client, "/pay_later/")["exceptions"][0]["frames"]
    (view,) = [frame for frame in frames if frame["name"] == "pay_later"]

    assert {value["text"] for value in view["values"]} == {"••••••"}
    assert {value["name"] for value in view["values"]} == {"number", "request"}


def test_cookies_and_headers_go_through_the_filter(client: Client) -> None:
    cookie = "sessionid=s3cr3t-value; theme=dark; remember_me=f00d-f00d; __debugkit_x=v1.2.3"
    found = problem(client, "/checkout/", HTTP_COOKIE=cookie, HTTP_X_API_VERSION="secret-by-name", HTTP_X_ID="r-7")

    assert values(found, "request", "COOKIES") == {"sessionid": "••••••", "remember_me": "••••••", "theme": "dark"}
    assert values(found, "headers")["X-Api-Version"] == "••••••"
    assert values(found, "headers")["X-Id"] == "r-7"
    assert not [secret for secret in ("s3cr3t-value", "v1.2.3", "secret-by-name") if secret in json.dumps(found)]


def test_a_filter_that_fails_opens_nothing_since_djangos_takes_its_place() -> None:
    class Filter:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError("no filter")

    request = RequestFactory().post("/", {"card": CARD}, headers={"x-api-key": "abc"})
    request.exception_reporter_filter = Filter()
    request.sensitive_post_parameters = ["card"]
    reported = told(request)

    assert table(reported, "Body", "POST").rows == (("card", HIDDEN),)
    assert ("X-Api-Key", HIDDEN) in table(reported, "Headers").rows


def test_lazy_objects_among_the_variables_are_not_evaluated() -> None:
    asked = []
    lazy = SimpleLazyObject(lambda: asked.append("object"))
    text = lazystr("text")
    form = MultiValueDict({"card": [CARD]})
    request = RequestFactory().post("/")
    request.sensitive_post_parameters = ["card"]

    try:
        raise ValueError(len((lazy.__class__ if asked else 0, text)) if asked else form["none"])
    except Exception as error:
        reported = report(request, 500, capture(error))

    assert asked == []
    assert reported.hidden[0]["form"]["card"] == "********************"  # type: ignore[index]


def test_querysets_and_models_are_shown_without_a_query(client: Client) -> None:
    recording = Recording()
    recording.begin()
    try:
        found = problem(client, "/users/")
    finally:
        recording.end()
        connection.execute_wrappers.clear()

    shown = {value["name"]: value["text"] for value in found["exceptions"][0]["frames"][-1]["values"]}
    assert shown["everybody"] == "<QuerySet of User, not evaluated>"
    assert "id=7" in shown["ada"]
    assert "sql" not in found["request"]


# The console, the hint


def test_the_console_of_every_frame_knows_request_settings_and_models(client: Client) -> None:
    client.unlock(django_site.PIN)
    for frame in problem(client, "/checkout/?tea=Oolong")["exceptions"][0]["frames"]:
        events = client.post(
            f"/__debugkit__/frames/{frame['id']}/evaluate",
            {"source": "request.GET['tea'], settings.SHOP_NAME, User._meta.label"},
        ).events
        assert events[0]["text"] == "('Oolong', 'Tea & Co.', 'auth.User')", frame["name"]


def test_the_bytes_around_one_that_cannot_be_decoded_are_quoted(client: Client) -> None:
    found = problem(client, "/bytes_of_another_age/")

    assert found["hint"] == r"b'\xfc' could not be decoded as utf-8, in b'Tee f\xfcr zwei: K\xf6ni'"
    assert "could not be decoded" in client(f"{found['url']}.md").text


def test_the_characters_around_one_that_cannot_be_encoded_are_quoted() -> None:
    with pytest.raises(UnicodeEncodeError) as raised:
        ("x" * 40 + "Grün" + "y" * 40).encode("ascii")

    assert unicode_hint(raised.value) == "'ü' could not be encoded as ascii, in 'xxxxxxxxxxGrünyyyyyyyyyyy'"
    assert unicode_hint(ValueError()) == ""


def test_the_hint_quotes_values_and_is_not_for_those_who_see_none(client: Client) -> None:
    answer = client("/bytes_of_another_age/", REMOTE_ADDR="192.168.1.20")

    assert answer.status == 500
    assert "could not be decoded" not in answer.text
    assert "PAYMENT_API_KEY" not in answer.text
