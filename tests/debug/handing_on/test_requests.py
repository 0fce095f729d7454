"""The request of an error as a line for a shell and as a script: run, they send it again, without its secrets."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import django.conf
import pytest
from client import Client
from process_support import TIMEOUT

from debugkit import DebuggedApplication, Limits
from debugkit.debug.handing_on.placeholders import PLACEHOLDER, Placeholders
from debugkit.debug.handing_on.shell import printf, word
from debugkit.debug.redaction.redactor import Redactor
from debugkit.serving.server import make_server

MOUNT = "/__debugkit__"
#: What a shell, a form or Python would take for something else.
HOSTILE = "a'b\"c$HOME`id`\\ %d;&|<>(){}[]*?!#~ é抹"
ON_THE_WIRE = HOSTILE.encode().decode("latin-1")


class Echo:
    """Fails with every request, and keeps it."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        kept = ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE")
        asked = {name: value for name, value in environ.items() if name in kept or name.startswith("HTTP_")}
        asked["QUERY_STRING"] = unquote_to_bytes(asked["QUERY_STRING"].encode("latin-1"))
        self.asked.append({**asked, "body": body})
        raise LookupError("no tea")

    def differences(self) -> dict[str, tuple[Any, Any]]:
        """Between the last two requests."""
        before, after = self.asked[-2:]
        names = sorted(before.keys() | after.keys())
        return {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}


@pytest.fixture(scope="module")
def echo() -> Echo:
    return Echo()


@pytest.fixture(scope="module")
def base(echo: Echo) -> Iterator[str]:
    with make_server("127.0.0.1", 0, DebuggedApplication(echo, pin_logging=False)) as server:
        yield server.url.rstrip("/")


def run(kind: str, text: str, folder: Path) -> str:
    command = ["sh", "-c", text] if kind == "curl" else [sys.executable, "-c", text]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=TIMEOUT, cwd=folder, env={"PATH": "/usr/bin:/bin"}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def copied(app: Any, kind: str, path: str, method: str = "GET", **more: Any) -> str:
    """What is copied of a request that ``app`` fails with."""
    client = Client(app, validate=False)
    page = client(path, method, **more)
    answer = client(f"{MOUNT}/tracebacks/{(page.header('X-Debugkit-Traceback') or '').rpartition('/')[2]}/{kind}")
    assert answer.status == 200, answer.text
    return answer.text


REQUESTS: dict[str, dict[str, Any]] = {
    "a plain one": {"path": "/cart"},
    "every field": {
        "path": f"/{ON_THE_WIRE}/../[1]",
        "method": "PUT",
        "QUERY_STRING": f"q={ON_THE_WIRE}&{{1,2}}=[3]".replace(" ", "+").replace("#", "%23"),
        "HTTP_X_SHOUT": ON_THE_WIRE,
        "HTTP_X_TAB": "a\tb",
        "HTTP_X_BYTES": "\xff\xfe",
        "HTTP_X_EMPTY": "",
        "HTTP_COOKIE": f"theme={ON_THE_WIRE}",
        "HTTP_USER_AGENT": "Tea/1",
        "body": HOSTILE.encode() + b"@x",
        "CONTENT_TYPE": "text/plain; charset=utf-8",
    },
    "a body of bytes": {"path": "/", "method": "POST", "body": bytes(range(256)) + b"\n\n", "CONTENT_TYPE": "a/b"},
    "a body of lines": {"path": "/", "method": "POST", "body": b"-e one\r\ntwo\n@three\n\n", "CONTENT_TYPE": "a/b"},
    "a body that looks like a file": {"path": "/", "method": "POST", "body": b"@/etc/passwd"},
    "an unknown method": {"path": "/", "method": "M-SEARCH"},
    "HEAD": {"path": "/", "method": "HEAD"},
}


@pytest.mark.parametrize("kind", ["curl", "python"])
@pytest.mark.parametrize("name", REQUESTS)
def test_what_is_copied_sends_the_same_request(name: str, kind: str, echo: Echo, base: str, tmp_path: Path) -> None:
    host = base.partition("//")[2]
    text = copied(DebuggedApplication(echo, pin_logging=False), kind, HTTP_HOST=host, **REQUESTS[name])
    output = run(kind, text, tmp_path)

    assert "LookupError" in output or name == "HEAD"
    added = {"HTTP_ACCEPT_ENCODING"} if kind == "python" else set()  # http.client says that it takes none
    assert echo.differences().keys() == added, echo.differences()
    if kind == "curl":
        assert text.count("\n") == 1


def test_a_shell_prints_the_bytes_of_a_word(tmp_path: Path) -> None:
    data = bytes(range(1, 256))
    assert subprocess.run(["sh", "-c", printf(b"-n" + data)], capture_output=True).stdout == b"-n" + data
    assert subprocess.run(["sh", "-c", f"printf %s {word(data)}"], capture_output=True).stdout == data


# Secrets

SECRET = "s3cr3t-value"


@pytest.mark.parametrize("kind", ["curl", "python", "pytest"])
@pytest.mark.parametrize(
    ("request_", "names"),
    [
        ({"HTTP_AUTHORIZATION": f"Bearer {SECRET}"}, "header Authorization"),
        ({"HTTP_COOKIE": f"theme=dark; sessionid={SECRET}"}, "cookie sessionid"),
        ({"QUERY_STRING": f"a=%20b&api_key={SECRET}"}, "query api_key"),
        ({"HTTP_REFERER": f"http://localhost/?password={SECRET}"}, "header Referer"),
        ({"body": f"a=1&password={SECRET}".encode()}, "field password"),
        ({"body": json.dumps({"a": [{"token": SECRET}]}).encode(), "CONTENT_TYPE": "application/json"}, "field token"),
        ({"body": f"password={SECRET}".encode(), "CONTENT_TYPE": "text/plain"}, "the body"),
        (
            {
                "body": f'--cut\r\nContent-Disposition: form-data; name="password"\r\n\r\n{SECRET}\r\n--cut--'.encode(),
                "CONTENT_TYPE": "multipart/form-data; boundary=cut",
            },
            "field password",
        ),
    ],
)
def test_secrets_are_placeholders_and_the_text_says_so(request_: dict[str, Any], names: str, kind: str) -> None:
    text = copied(DebuggedApplication(Echo(), pin_logging=False), kind, "/", "POST", **request_)

    assert SECRET not in text
    assert PLACEHOLDER in text
    assert f"Redacted: {names}" in text


def test_what_is_not_secret_stays_byte_for_byte() -> None:
    placeholders = Placeholders(Redactor(environ={}))
    body = b'{"b": 1.0,  "a": "\\u00e4"}'

    assert placeholders.query("a=%7e+%20&&b&=c") == "a=%7e+%20&&b&=c"
    assert placeholders.body("application/json", body) == body
    assert placeholders.body("application/x-www-form-urlencoded", b"a=\xff+%41&b") == b"a=\xff+%41&b"
    assert placeholders.sentence == ""
    assert placeholders.body("application/json", b'{"token": "x", "n": 1}') == b'{"token": "REDACTED", "n": 1}'


def test_the_debuggers_own_session_is_never_copied() -> None:
    text = copied(
        DebuggedApplication(Echo(), pin_logging=False), "curl", "/", HTTP_COOKIE=f"a=1; __debugkit_x={SECRET}"
    )

    assert "a=1" in text
    assert "__debugkit_" not in text


@pytest.mark.parametrize("kind", ["curl", "python", "pytest"])
def test_a_body_that_was_cut_is_said_to_be(kind: str) -> None:
    app = DebuggedApplication(Echo(), pin_logging=False, limits=Limits(recorded_body=10))
    text = copied(app, kind, "/", "POST", body=b"0123456789abc", CONTENT_TYPE="text/plain")

    assert "The body is not complete: only 10 of 13 bytes of it were kept." in text


def test_no_text_of_the_request_names_the_encoding_of_a_script() -> None:
    text = copied(
        DebuggedApplication(Echo(), pin_logging=False), "python", "/coding:utf-7", "POST", body=b"coding: utf-7"
    )

    assert not any("coding" in line for line in text.splitlines()[:2])


@pytest.mark.parametrize("kind", ["curl", "python", "pytest"])
def test_who_sees_no_values_gets_nothing_to_copy(kind: str) -> None:
    client = Client(DebuggedApplication(Echo(), pin_logging=False), {"REMOTE_ADDR": "192.168.1.7"})
    address = (client("/", HTTP_X_SHOUT="loud").header("X-Debugkit-Traceback") or "").rpartition("/")[2]
    refusal = client(f"{MOUNT}/tracebacks/{address}/{kind}", HTTP_ACCEPT="*/*")

    assert (refusal.status, refusal.json["error"]) == (403, "not_unlocked")


def test_settings_of_django_that_nobody_has_made_are_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    monkeypatch.setattr(django.conf, "settings", django.conf.LazySettings())

    assert "def test_" in copied(DebuggedApplication(Echo(), pin_logging=False), "pytest", "/")
