"""The error as one file: readable without any server, bounded, without secrets and scripts."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable
from html.parser import HTMLParser
from typing import Any

import pytest
from client import Client

from debugkit import DebuggedApplication

SECRET = "s3cr3t-value"


class Reader(HTMLParser):
    """The elements of a file, and the text that is shown."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: dict[str, int] = {}
        self.attributes: list[tuple[str, str | None]] = []
        self.style = self.text = ""
        self._in_style = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.attributes += attrs
        self._in_style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.style += data
        else:
            self.text += data


def saved(app: Callable[..., Any], path: str = "/", method: str = "GET", **more: Any) -> tuple[str, Any]:
    """The file of an error of ``app``, and the answer that brings it."""
    client = Client(DebuggedApplication(app, pin_logging=False), validate=False)
    page = client(path, method, **more)
    answer = client(f"{page.header('X-Debugkit-Traceback')}.html")
    assert answer.status == 200, answer.text
    return answer.text, answer


def failing(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    basket = {"tea": "green", "password": SECRET}
    return [basket["coffee"].encode()]


def test_the_file_is_complete_and_asks_nobody() -> None:
    text, answer = saved(failing, "/cart?size=2", "POST", body=b"count=3&password=" + SECRET.encode())
    file = Reader(text)

    assert re.fullmatch(r'attachment; filename="KeyError-[0-9a-f]{8}\.html"', answer.header("Content-Disposition"))
    assert not {"script", "link", "a", "img", "iframe", "form", "button"} & file.tags.keys()
    assert not [name for name, _ in file.attributes if name in ("src", "href", "style") or name.startswith("on")]
    assert not re.search(r"url\(|@import", file.style)
    digest = base64.b64encode(hashlib.sha256(file.style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert ("content", policy) in file.attributes
    for shown in ("KeyError", "'coffee'", 'basket["coffee"]', "'green'", "POST", "/cart", "count", "Traceback (most"):
        assert shown in file.text, shown
    assert SECRET not in text


def test_frames_of_libraries_are_folded_and_those_of_the_application_are_not() -> None:
    import json

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return [json.loads("{")]

    file = Reader(saved(app)[0])
    assert "library frames: Python" in file.text
    assert "raise JSONDecodeError" in file.text
    assert ("class", "card folded") in file.attributes


def test_every_exception_of_a_chain_and_a_group_is_in_it() -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            raise ExceptionGroup("several", [ValueError("inner one"), KeyError("inner two")])
        except ExceptionGroup as group:
            raise RuntimeError("outer") from group

    text = Reader(saved(app)[0]).text
    for shown in ("outer", "caused by", "several", "in the group", "inner one", "inner two"):
        assert shown in text, shown


#: A chain of functions with as much in each frame as a page shows.
DEEP = """
def level_{n}(value):
    first, second, third = value, value * 2, [value] * 20
{locals}
    return level_{next}(value)  # {n}
"""


def deep(levels: int) -> Callable[..., Any]:
    names: dict[str, Any] = {}
    lines = "\n".join(f"    name_{number} = {{value: value, 'n': {number}}}" for number in range(60))
    for n in range(levels):
        exec(compile(DEEP.format(n=n, next=n + 1, locals=lines), f"/srv/shop/level{n}.py", "exec"), names)
    names[f"level_{levels}"] = lambda value: 1 / 0

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return [names["level_0"]("\"<&'" * 60)]

    return app


@pytest.mark.parametrize("levels", [28, 150])
def test_the_file_stays_small_whatever_is_in_the_frames(levels: int) -> None:
    text, _ = saved(deep(levels), "/", HTTP_X_LONG="<" * 30_000, HTTP_COOKIE="a=" + '"' * 30_000)

    assert len(text.encode()) < 500_000
    assert "ZeroDivisionError" in text
    assert "level_0" in Reader(text).text


def test_who_sees_no_values_gets_no_file() -> None:
    client = Client(DebuggedApplication(failing, pin_logging=False), {"REMOTE_ADDR": "192.168.1.7"})
    page = client("/")
    refusal = client(f"{page.header('X-Debugkit-Traceback')}.html", HTTP_ACCEPT="*/*")

    assert (refusal.status, refusal.json["error"]) == (403, "not_unlocked")
    assert "Save as file" not in page.text
    assert "As curl" not in page.text
