"""The debugger's own addresses: who gets what, and what bad requests get. All through the WSGI adapter."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from client import Answer, Client

from debugkit import DebuggedApplication, Limits

MOUNT = "/__debugkit__"
JSON = {"CONTENT_TYPE": "application/json", "HTTP_X_DEBUGKIT": "1", "HTTP_ORIGIN": "http://localhost:8000"}


def failing(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    basket = {"tea": 12, "cups": ["green", "blue"]}
    password = "Tr0ub4dor&3"
    return [basket[environ["PATH_INFO"]].encode(), password.encode()]  # type: ignore[index, union-attr]


def shop(**settings: Any) -> Client:
    return Client(DebuggedApplication(failing, **settings))


def pin(client: Client) -> str | None:
    return client.app.debugger.pin_auth.pin  # type: ignore[attr-defined, no-any-return]


def unlocked(**settings: Any) -> Client:
    client = shop(**settings)
    assert client.unlock(pin(client)).json["unlocked"] is True
    return client


def frame_of(client: Client) -> str:
    """The id of the frame a fresh error opens on."""
    page = client("/sugar").text
    found = re.search(rf"{MOUNT}/frames/([A-Za-z0-9]+-\d+)", page)
    assert found is not None
    return found[1]


def evaluate(client: Client, frame: str, source: str, **more: Any) -> Answer:
    return client.post(f"{MOUNT}/frames/{frame}/evaluate", {"source": source}, **more)


# The forms of an error


def test_a_json_client_gets_a_problem_with_the_frames() -> None:
    answer = shop()("/sugar", HTTP_ACCEPT="application/json")
    problem = answer.json

    assert answer.status == 500
    assert answer.header("Content-Type") == "application/problem+json"
    assert problem["title"] == "KeyError: '/sugar'"
    assert problem["status"] == 500
    frame = problem["exceptions"][0]["frames"][-1]
    assert frame["name"] == "failing"
    assert frame["library"] is None
    assert {value["name"]: value["text"] for value in frame["values"]}["basket"].startswith("{'tea': 12")
    assert problem["text"].startswith("Traceback (most recent call last):")


def test_ids_of_frames_are_for_those_who_may_use_them() -> None:
    client = shop()
    assert client("/x", HTTP_ACCEPT="application/json").json["exceptions"][0]["frames"][-1]["id"] is None

    client.unlock(pin(client))
    frame = client("/x", HTTP_ACCEPT="application/json").json["exceptions"][0]["frames"][-1]["id"]
    assert evaluate(client, frame, "1 + 1").events[0]["text"] == "2"


@pytest.mark.parametrize("accept", ["*/*", "text/plain", ""])
def test_curl_and_fetch_get_the_plain_text_and_the_address_of_the_page(accept: str) -> None:
    answer = shop()("/sugar", HTTP_ACCEPT=accept)

    assert answer.header("Content-Type") == "text/plain; charset=utf-8"
    assert "KeyError: '/sugar'" in answer.text
    assert re.search(rf"\nDebugger page: http://localhost:8000{MOUNT}/tracebacks/\w+\n$", answer.text)


@pytest.mark.parametrize(
    ("suffix", "kind"),
    [("", "text/html"), (".json", "application/json"), (".md", "text/markdown"), (".txt", "text/plain")],
)
def test_an_error_has_a_permanent_address_in_every_form(suffix: str, kind: str) -> None:
    client = shop()
    address = client("/sugar").header("X-Debugkit-Traceback")
    answer = client(f"{address}{suffix}")

    assert answer.status == 200
    assert (answer.header("Content-Type") or "").startswith(kind)
    assert "KeyError" in answer.text


def test_the_markdown_holds_source_and_values_and_no_secret() -> None:
    client = shop()
    text = client(f"{client('/sugar').header('X-Debugkit-Traceback')}.md").text

    assert "basket[environ" in text
    assert "'green'" in text
    assert "Tr0ub4dor" not in text.replace('password = "Tr0ub4dor&3"', "")


@pytest.mark.parametrize("form", ["", ".json", ".md", ".txt"])
def test_a_secret_in_a_note_or_in_what_a_frame_says_of_itself_stands_in_no_form(form: str) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        __traceback_info__ = "the basket, with " + "password=" + "Lap" + "sang7"
        error = ValueError("no cups")
        error.add_note("while pouring, with password=" + "Gyo" + "kuro9")
        raise error

    client = Client(DebuggedApplication(app))
    client.unlock(pin(client))
    text = client(f"{client('/').header('X-Debugkit-Traceback')}{form}").text

    assert "while pouring" in text
    assert form or "the basket, with" in text
    assert "Gyokuro9" not in text
    assert "Lapsang7" not in text


def test_recent_errors_are_listed_newest_first_with_a_count() -> None:
    client = shop()
    client("/sugar")
    client("/milk")
    rows = client(f"{MOUNT}/tracebacks", HTTP_ACCEPT="application/json").json["errors"]

    assert [row["title"] for row in rows] == ["KeyError: '/milk'"]
    assert rows[0]["count"] == 2
    assert client(f"{MOUNT}/").status == 200


# Who gets what


@pytest.mark.parametrize(
    "stranger",
    [
        {"HTTP_HOST": "shop.example.com"},
        {"HTTP_HOST": "localhost.evil.test"},
        {"REMOTE_ADDR": "93.184.216.34"},
        {"HTTP_X_FORWARDED_FOR": "93.184.216.34"},
        {"HTTP_FORWARDED": "for=93.184.216.34"},
        {"HTTP_FLY_CLIENT_IP": "93.184.216.34"},
        {"HTTP_ORIGIN": "http://evil.test"},
        {"HTTP_ORIGIN": "null"},
    ],
)
def test_a_stranger_learns_nothing(stranger: dict[str, str]) -> None:
    client = shop()
    address = client("/sugar").header("X-Debugkit-Traceback") or ""
    for path in ("/sugar", address, f"{address}.txt", f"{MOUNT}/", f"{MOUNT}/static/page.css", f"{MOUNT}/unlock"):
        answer = client(path, **stranger)
        said = (answer.text + str(answer.headers)).lower()
        assert answer.status in (404, 500)
        assert not [word for word in ("debug", "traceback", "keyerror", "basket", "pin") if word in said]


def test_the_terminal_says_which_setting_would_let_a_stranger_in() -> None:
    lines: list[str] = []
    app = DebuggedApplication(failing)
    app.debugger._print_line = lines.append  # the seam that a command line would use
    Client(app)("/x", HTTP_HOST="shop.example.com")
    Client(app)("/x", HTTP_HOST="shop.example.com")

    assert len(lines) == 1
    assert "trusted_hosts" in lines[0]
    assert "shop.example.com" in lines[0]


def test_no_link_in_the_terminal_leads_to_a_host_that_a_request_named() -> None:
    client = shop()
    stranger = client("/x", HTTP_HOST="evil.test")
    friend = client("/x", HTTP_HOST="localhost:666")

    assert "evil.test" not in stranger.errors
    assert "token=" not in stranger.errors
    assert "Debugger page: http://127.0.0.1:8000/__debugkit__/tracebacks/" in stranger.errors
    assert "http://127.0.0.1:8000/__debugkit__/unlock?token=" in friend.errors
    assert ":666" not in friend.errors


def test_the_link_that_the_standalone_console_prints_leads_to_the_server_itself() -> None:
    lines: list[str] = []
    client = shop(console_path="/console")
    client.app.debugger._print_line = lines.append  # type: ignore[attr-defined]
    client("/console", HTTP_HOST="localhost:666")

    assert "http://127.0.0.1:8000/__debugkit__/unlock?token=" in lines[1]
    assert ":666" not in "".join(lines)


def test_a_trusted_name_is_let_in() -> None:
    assert "KeyError" in shop(trusted_hosts=["shop.example.com"])("/x", HTTP_HOST="shop.example.com:80").text


def test_a_visitor_from_the_network_sees_source_but_no_values() -> None:
    client = shop()
    page = client("/sugar", REMOTE_ADDR="192.168.1.20", HTTP_COOKIE="basket=Lapsang").text

    assert "basket" in page
    assert "&#39;green&#39;" not in page.replace("[&#34;green&#34;", "")
    assert "Lapsang" not in page
    assert "after unlocking" in page


def test_a_hint_that_names_a_live_key_is_for_those_who_see_values() -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        stock = json.loads('{"lapsang": 1}')
        return [stock["lapsagn"]]

    client = Client(DebuggedApplication(app))
    network = {"REMOTE_ADDR": "192.168.1.20"}

    assert "Did you mean: &#39;lapsang&#39;?" in client("/").text
    assert "Did you mean" not in client("/", **network).text
    assert client("/", HTTP_ACCEPT="application/json", **network).json["exceptions"][0]["suggestion"] is None


def test_a_visitor_on_this_computer_sees_values_but_no_secret() -> None:
    page = shop()("/sugar").text

    assert "password" in page
    assert page.count("Tr0ub4dor") == 1  # the line of source itself


def test_a_visitor_gets_no_console_no_handles_and_no_whole_file() -> None:
    client = shop()
    frame = frame_of(client)

    assert "/evaluate" not in client("/sugar").text
    for path, method in (("evaluate", "POST"), ("interrupt", "POST"), ("source", "GET")):
        answer = client(f"{MOUNT}/frames/{frame}/{path}", method, body=b"{}", **(JSON | {"HTTP_ACCEPT": "*/*"}))
        assert (answer.status, answer.json["error"]) == (403, "not_unlocked")


@pytest.mark.parametrize("settings", [{}, {"evalex": False}, {"pin_security": False}])
def test_a_page_and_a_refusal_give_the_same_reason_for_no_console(settings: dict[str, Any]) -> None:
    visitor = shop(**settings)
    afar = {"REMOTE_ADDR": "10.0.0.1"}
    frame = visitor("/sugar", HTTP_ACCEPT="text/html", **afar).text
    found = re.search(rf"{MOUNT}/frames/([A-Za-z0-9]+-\d+)", frame)
    assert found is not None

    refused = evaluate(visitor, found[1], "1", **afar)

    assert (refused.status, refused.json["error"]) == (403, "not_unlocked")
    assert refused.json["explanation"] in frame


def test_where_the_pin_is_off_there_is_nothing_to_unlock() -> None:
    answer = shop(pin_security=False).post(f"{MOUNT}/unlock", {"pin": "1"})

    assert (answer.status, answer.json["error"]) == (403, "no_pin")
    assert "nothing to unlock" in answer.json["explanation"]


def test_the_terminal_says_once_that_values_are_shown_behind_a_proxy() -> None:
    lines: list[str] = []
    client = shop()
    client.app.debugger._print_line = lines.append  # type: ignore[attr-defined]
    client("/sugar")
    client("/sugar", REMOTE_ADDR="192.168.1.20", HTTP_X_FORWARDED_FOR="192.168.1.20")
    assert lines == []
    client("/sugar", HTTP_X_FORWARDED_FOR="127.0.0.1")
    client("/sugar", HTTP_X_FORWARDED_FOR="127.0.0.1")

    assert lines == [" * Debugger: values are shown to a client behind a proxy, which sent the header X-Forwarded-For."]


# Entry by PIN and by link


def test_the_pin_opens_the_console() -> None:
    client = unlocked()
    events = evaluate(client, frame_of(client), "basket['tea'] * 2").events

    assert events[0]["kind"] == "value"
    assert events[0]["text"] == "24"
    assert events[-1]["kind"] == "done"
    assert events[-1]["status"] == "done"


def test_a_wrong_pin_says_how_many_attempts_remain() -> None:
    answer = shop().unlock("000-000-000")

    assert answer.status == 403
    assert answer.json["error"] == "wrong_pin"
    assert answer.json["remaining"] == 9
    assert answer.header("Set-Cookie") is None


def test_ten_wrong_pins_lock_entry_but_no_session_that_is_open() -> None:
    client = unlocked()
    other = Client(client.app)
    statuses = [other.unlock("000-000-000").status for _ in range(11)]

    assert statuses == [403] * 10 + [429]
    assert other.unlock(pin(client)).json["error"] == "locked"
    assert evaluate(client, frame_of(client), "1").status == 200


def test_a_page_made_after_entry_was_locked_asks_for_no_pin_and_says_what_to_do() -> None:
    client = shop()
    assert 'name="pin"' in client("/sugar").text
    for _ in range(10):
        client.unlock("000-000-000")

    page = client("/sugar").text
    assert 'name="pin"' not in page
    assert "Enter the PIN" not in page
    assert page.count("or stop the server and start it again.") == 2  # in place of the console, and in the dialog
    refused = evaluate(client, frame_of(client), "1").json
    assert (refused["error"], "stop the server" in refused["explanation"]) == ("not_unlocked", True)


def test_the_session_cookie_is_strict_and_unreadable_for_scripts() -> None:
    client = shop()
    plain = client.unlock(pin(client)).header("Set-Cookie") or ""
    secure = client.post(f"{MOUNT}/unlock", {"pin": pin(client)}, **{"wsgi.url_scheme": "https"}).header("Set-Cookie")

    assert "HttpOnly" in plain
    assert "SameSite=Strict" in plain
    assert "Secure" not in plain
    assert "Secure" in (secure or "")


def test_the_link_of_the_terminal_unlocks_once() -> None:
    client = shop()
    link = re.search(r"http://127.0.0.1:8000(\S+unlock\?token=\S+)", client("/sugar").errors)
    assert link is not None
    answer = client(link[1])

    assert answer.status == 302
    location, _, key = (answer.header("Location") or "").partition("#debugkit-key=")
    assert "/evaluate" in client(location).text
    client.key = key
    assert evaluate(client, frame_of(client), "1").status == 200
    again = Client(client.app)(link[1])
    assert again.status == 403
    assert again.header("Set-Cookie") is None


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("HEAD", {}),
        ("GET", {"HTTP_SEC_PURPOSE": "prefetch;prerender"}),
        ("GET", {"HTTP_PURPOSE": "prefetch"}),
        ("GET", {"HTTP_X_MOZ": "prefetch"}),
        ("GET", {"HTTP_SEC_FETCH_MODE": "no-cors", "HTTP_SEC_FETCH_DEST": "image"}),
        ("GET", {"HTTP_SEC_FETCH_MODE": "navigate", "HTTP_SEC_FETCH_DEST": "iframe"}),
        ("GET", {"HTTP_USER_AGENT": "WhatsApp/2.23"}),
        ("GET", {"HTTP_USER_AGENT": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"}),
        (
            "GET",
            {"HTTP_USER_AGENT": "Mozilla/5.0 (Macintosh) AppleWebKit facebookexternalhit/1.1 Facebot Twitterbot/1.0"},
        ),
        ("GET", {"HTTP_USER_AGENT": "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5"}),
    ],
)
def test_only_a_person_who_opens_the_link_uses_it_up(method: str, headers: dict[str, str]) -> None:
    client = shop()
    link = f"{MOUNT}/unlock?token={client.app.debugger.pin_auth.issue_token()}"  # type: ignore[attr-defined]
    looked = client(link, method, **headers)
    opened = client(link, HTTP_SEC_FETCH_MODE="navigate", HTTP_SEC_FETCH_DEST="document")

    assert (looked.status, looked.header("Set-Cookie"), looked.header("Location")) == (403, None, None)
    assert opened.status == 302


def test_curl_may_open_the_link() -> None:
    client = shop()
    link = f"{MOUNT}/unlock?token={client.app.debugger.pin_auth.issue_token()}"  # type: ignore[attr-defined]

    assert client(link, HTTP_ACCEPT="*/*", HTTP_USER_AGENT="curl/8.5.0").status == 302


def test_a_link_with_many_fields_is_told_so_and_not_used_up() -> None:
    client = shop()
    link = f"{MOUNT}/unlock?token={client.app.debugger.pin_auth.issue_token()}"  # type: ignore[attr-defined]
    answer = client(link + "&a=1" * 10, HTTP_ACCEPT="*/*")

    assert (answer.status, answer.json["error"]) == (400, "bad_request")
    assert client(link).status == 302


@pytest.mark.parametrize("target", ["//evil.test", "https://evil.test", "../../admin", "%2F%2Fevil.test"])
def test_the_link_leads_nowhere_else(target: str) -> None:
    client = shop()
    token = client.app.debugger.pin_auth.issue_token()  # type: ignore[attr-defined]
    location = client(f"{MOUNT}/unlock?token={token}&next={target}").header("Location") or ""

    assert location.partition("#")[0] == f"{MOUNT}/tracebacks"


@pytest.mark.parametrize("key", ["1", "0" * 64])
def test_the_cookie_alone_runs_no_code(key: str) -> None:
    client = unlocked()
    frame = frame_of(client)
    for path in (f"frames/{frame}/evaluate", f"frames/{frame}/interrupt"):
        answer = client.post(f"{MOUNT}/{path}", {"source": "1"}, HTTP_X_DEBUGKIT=key)
        assert (answer.status, answer.json["error"]) == (403, "no_key")
        assert "Enter the PIN again" in answer.json["explanation"]


def test_the_key_alone_runs_no_code() -> None:
    client = unlocked()
    frame = frame_of(client)
    answer = evaluate(client, frame, "1", HTTP_COOKIE="")

    assert (answer.status, answer.json["error"]) == (403, "not_unlocked")


def test_pages_on_two_ports_of_one_application_keep_their_key() -> None:
    client = unlocked()
    frame, first = frame_of(client), client.key
    client.unlock(pin(client))

    assert evaluate(client, frame, "1", HTTP_X_DEBUGKIT=first).status == 200


def test_lock_ends_the_session_of_this_browser() -> None:
    client = unlocked()
    frame = frame_of(client)
    refused = client.post(f"{MOUNT}/lock", HTTP_ORIGIN="http://localhost:9999")
    answer = client.post(f"{MOUNT}/lock")

    assert (refused.status, refused.header("Set-Cookie")) == (403, None)
    assert (answer.status, answer.json) == (200, {"locked": True})
    assert "Max-Age=0" in (answer.header("Set-Cookie") or "")
    assert evaluate(client, frame, "1").json["error"] == "not_unlocked"


def test_a_pin_of_the_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WERKZEUG_DEBUG_PIN", "123-456-789")

    assert shop().unlock("123456789").status == 200


def test_without_pin_only_this_computer_runs_code() -> None:
    client = shop(pin_security=False)

    assert evaluate(client, frame_of(client), "1 + 1").events[0]["text"] == "2"
    assert evaluate(client, frame_of(client), "1", REMOTE_ADDR="192.168.1.20").status == 403


def test_without_evalex_nobody_runs_code() -> None:
    client = shop(evalex=False)

    assert client.unlock(pin(client)).status == 403
    assert evaluate(client, frame_of(client), "1").status == 403
    assert "KeyError" in client("/x").text


# Requests that are not as they should be


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"HTTP_ORIGIN": "http://localhost:9999"}, "cross_origin"),
        ({"HTTP_ORIGIN": "http://127.0.0.1:8000"}, "cross_origin"),
        ({"HTTP_SEC_FETCH_SITE": "cross-site"}, "cross_origin"),
        ({"HTTP_SEC_FETCH_SITE": "same-site"}, "cross_origin"),
        ({"HTTP_X_DEBUGKIT": ""}, "missing_header"),
    ],
)
def test_another_site_cannot_run_code_with_the_developers_cookie(change: dict[str, str], code: str) -> None:
    client = unlocked()
    answer = evaluate(client, frame_of(client), "1", **change)

    assert (answer.status, answer.json["error"]) == (403, code)


@pytest.mark.parametrize("origin", ["http://evil.test", "null", "http://93.184.216.34:8000"])
def test_for_another_website_there_is_no_debugger(origin: str) -> None:
    client = unlocked()
    answer = evaluate(client, frame_of(client), "1", HTTP_ORIGIN=origin)

    assert (answer.status, answer.text) == (500, "Internal Server Error\n")


@pytest.mark.parametrize(
    ("body", "more", "status"),
    [
        (b"not json", {}, 400),
        (b"[]", {}, 400),
        (b"{}", {}, 400),
        (b'{"source": 5}', {}, 400),
        (b'{"source": "1"}', {"CONTENT_TYPE": "text/plain"}, 415),
        (b'{"source": "' + b"x" * 2_000_000 + b'"}', {}, 413),
        (b'{"source": "' + b"x" * 200_000 + b'"}', {}, 413),
        (b"[" * 100_000, {}, 400),
        (b"\xff\xfe", {}, 400),
    ],
)
def test_a_bad_body_gets_a_clear_error(body: bytes, more: dict[str, str], status: int) -> None:
    client = unlocked()
    answer = client(
        f"{MOUNT}/frames/{frame_of(client)}/evaluate",
        "POST",
        body=body,
        **(JSON | {"HTTP_X_DEBUGKIT": client.key} | more),
    )

    assert answer.status == status
    assert answer.json["explanation"].endswith(".")


@pytest.mark.parametrize(
    "path", ["/nothing", "/tracebacks/unknown", "/frames/unknown-1", "/static/passwd", "/frames/x"]
)
def test_an_unknown_address_says_so_to_people_and_to_scripts(path: str) -> None:
    client = unlocked()
    page, script = client(f"{MOUNT}{path}"), client(f"{MOUNT}{path}", HTTP_X_DEBUGKIT="1")

    assert (page.status, script.status) == (404, 404)
    assert "text/html" in (page.header("Content-Type") or "")
    assert script.json["error"] == "not_found"


@pytest.mark.parametrize(
    ("path", "method", "allow"),
    [
        ("/tracebacks", "POST", "GET, HEAD"),
        ("/unlock", "PUT", "GET, HEAD, POST"),
        ("/frames/x-1/evaluate", "GET", "POST"),
        ("/static/page.css", "DELETE", "GET, HEAD"),
    ],
)
def test_a_wrong_method_says_which_are_right(path: str, method: str, allow: str) -> None:
    answer = unlocked()(f"{MOUNT}{path}", method, HTTP_ACCEPT="*/*")

    assert (answer.status, answer.header("Allow")) == (405, allow)


def test_an_evicted_frame_says_why_it_is_gone_and_keeps_its_text() -> None:
    client = unlocked(limits=Limits(live_tracebacks=1))
    frame = frame_of(client)
    client("/other")
    answer = evaluate(client, frame, "1")
    page = client(f"{MOUNT}/tracebacks/{frame.partition('-')[0]}")

    assert (answer.status, answer.json["error"]) == (410, "gone")
    assert page.status == 200
    assert "KeyError: &#39;/sugar&#39;" in page.text


# Values


def test_a_value_opens_level_by_level() -> None:
    client = unlocked()
    events = evaluate(client, frame_of(client), "basket").events
    handle = events[0]["node"]["handle"]
    children = client.post(f"{MOUNT}/values/{handle}", {"offset": 0}).json["children"]
    cups = next(child for child in children if child["label"] == "'cups'")
    inner = client.post(f"{MOUNT}/values/{cups['handle']}", {"offset": 0}).json

    assert [child["text"] for child in inner["children"]] == ["'green'", "'blue'"]
    assert inner["next"] is None


@pytest.mark.parametrize("offset", [-1, "1", 1.5, True, None])
def test_an_offset_must_be_a_number(offset: object) -> None:
    client = unlocked()
    handle = evaluate(client, frame_of(client), "basket").events[0]["node"]["handle"]

    assert client.post(f"{MOUNT}/values/{handle}", {"offset": offset}).status == 400


# The standalone console


def test_the_standalone_console_is_off_unless_asked_for() -> None:
    assert unlocked()(f"{MOUNT}/console").status == 404
    assert unlocked().post(f"{MOUNT}/console/evaluate", {"source": "1"}).status == 404


def test_the_standalone_console_stands_at_its_path_with_its_names() -> None:
    client = unlocked(console_path="/console", console_init_func=lambda: {"answer": 42})

    assert "Console" in client("/console").text
    assert client.post(f"{MOUNT}/console/evaluate", {"source": "answer"}).events[0]["text"] == "42"


# The debugger fails


def test_a_page_that_cannot_be_made_never_hides_the_error() -> None:
    answer, lines = answer_of_a_defect("describer")

    assert answer.status == 500
    assert "KeyError: '/password=" in answer.text
    assert "could not be rendered" in answer.text
    assert "TypeError" in lines[0]


@pytest.mark.parametrize("defect", ["describer", "redactor"])
def test_the_text_in_the_place_of_a_page_shows_no_secret(defect: str) -> None:
    answer, lines = answer_of_a_defect(defect)

    assert answer.status == 500
    assert "hunter2" not in answer.text
    assert lines


def answer_of_a_defect(attribute: str) -> tuple[Answer, list[str]]:
    """What an error with a secret in its message is answered, and the terminal told, without a part of the debugger."""
    lines: list[str] = []
    app = DebuggedApplication(failing)
    setattr(app.debugger, attribute, None)
    app.debugger._print_line = lines.append
    return Client(app)("/password=hunter2"), lines


def test_code_that_the_debugger_was_given_may_fail() -> None:
    lines: list[str] = []
    client = unlocked(console_path="/console", console_init_func=lambda: {}[0])
    client.app.debugger._print_line = lines.append  # type: ignore[attr-defined]
    answer = client.post(f"{MOUNT}/console/evaluate", {"source": "1"})

    assert (answer.status, answer.json["error"]) == (500, "internal_error")
    assert "KeyError: 0" in lines[0]


# Assets


def test_assets_may_be_kept_for_ever_under_their_key() -> None:
    client = shop()
    page = client("/sugar").text
    links = re.findall(rf'(?:href|src)="({MOUNT}/static/[^"]+)"', page)

    assert links
    for link in links:
        answer = client(link)
        assert answer.status == 200
        assert answer.header("Cache-Control") == "max-age=31536000, immutable"


def test_the_page_works_behind_the_applications_own_root() -> None:
    client = Client(DebuggedApplication(failing), environ={"SCRIPT_NAME": "/apps/shop"})
    page = client("/sugar").text

    assert not re.findall(r'(?:href|src|action)="/(?!apps/shop/__debugkit__)', page)
    assert "/apps/shop/__debugkit__/static/" in page


def test_no_page_holds_inline_script_or_style() -> None:
    client = unlocked(console_path="/console")
    address = client("/sugar").header("X-Debugkit-Traceback")
    for path in ("/sugar", address, f"{MOUNT}/tracebacks", "/console", f"{MOUNT}/nothing"):
        page = client(str(path)).text
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page)
        assert not re.search(r"<script(?![^>]*\ssrc=)", page)


def test_nothing_secret_stands_in_an_address_or_a_page() -> None:
    client = shop()
    answer = client("/sugar")
    plain = (pin(client) or "").replace("-", "")

    assert plain not in answer.text.replace("-", "")
    assert "token=" not in answer.text
    assert "token=" not in str(answer.headers)


def test_a_command_that_is_done_at_once_is_answered_in_one_piece() -> None:
    client = unlocked()

    answer = evaluate(client, frame_of(client), "print(1); 2")

    assert dict(answer.headers)["Content-Length"] == str(len(answer.body))
    assert [event["kind"] for event in answer.events] == ["output", "value", "command", "done"]


def test_a_response_that_streams_can_be_left_in_the_middle() -> None:
    client = unlocked()
    frame = frame_of(client)
    environ = client._environ(f"{MOUNT}/frames/{frame}/evaluate", "POST", b"", {})
    body = json.dumps({"source": "print(1)\nwhile True: pass\n"}).encode()
    environ |= JSON | {"HTTP_X_DEBUGKIT": client.key, "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
    result = client.app(environ, lambda *args: None)
    pieces = iter(result)
    assert next(pieces) == b"\n", "servers send the headers with it"
    first = json.loads(next(pieces))
    result.close()  # type: ignore[attr-defined]

    assert first == {"kind": "output", "stream": "stdout", "text": "1\n"}
    assert evaluate(client, frame, "2").events[0]["text"] == "2"
