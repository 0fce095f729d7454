"""An error as plain text, as curl gets it: the traceback to the letter, then the cause where it is known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from client import Client

from debugkit import DebuggedApplication


def failing(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    item = {"name": "Tea"}
    return [item["price"]]  # type: ignore[list-item]


def text(**environ: str) -> str:
    return Client(DebuggedApplication(failing, pin_logging=False))("/", HTTP_ACCEPT="*/*", **environ).text


def test_the_cause_stands_below_the_traceback() -> None:
    assert "KeyError: 'price'\n\nitem has 'name', no 'price'.\n\nMethod: GET\n" in text()


def test_who_sees_no_values_reads_no_cause() -> None:
    assert "KeyError: 'price'\n" in text(REMOTE_ADDR="192.168.1.7")
    assert "item has" not in text(REMOTE_ADDR="192.168.1.7")
