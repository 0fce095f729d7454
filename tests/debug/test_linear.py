"""Whatever a text holds and wherever it stands, looking at the error costs time in proportion to its length.

Processor time is compared, of six times the text with the text: never seconds.
"""

from __future__ import annotations

import base64
import random
import time
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from client import Client
from growth_support import no_collection
from values_support import Shown

from debugkit import DebuggedApplication, Limits
from debugkit.debug.redaction.redactor import Redactor

#: Characters of the shorter text: a regular expression that tries every start costs 0.03 seconds at this length and 1.1
#: at that of the longer one, which is not missed.
SIZE, TIMES = 2_500, 6
#: What so many times the text may cost, of what the shorter costs more than next to none: between proportion (6) and a
#: square (36). And this many seconds of anything else, beside once more what next to none costs: that was measured at
#: another time, when the machine may have been twice as fast.
GROWTH, SLACK = 15, 0.1
#: Measured again where it was more: another process may have been in the way.
TRIES = 5

_bytes = random.Random(8).randbytes(SIZE * TIMES)
_numbers = count()

#: A text of about so many characters for each pattern: a long run, many matches, near misses.
TEXTS: dict[str, Callable[[int], str]] = {
    "word and equals sign": lambda n: f"{'a' * n}=",
    "word and colon": lambda n: f"{'a' * n}: x",
    "quoted word and colon": lambda n: f"'{'a' * n}': 'x'",
    "words with dashes": lambda n: f"{'a-' * (n // 2)}=x",
    "words in camel case": lambda n: f"{'aB' * (n // 2)}=x",
    "secret word, repeated": lambda n: f"{'password' * (n // 8)}=x",
    "secrets": lambda n: "password='hunter2' " * (n // 19),
    "secrets that never end": lambda n: "password='" * (n // 10),
    "nearly secrets": lambda n: "passwort='x' tokens: " * (n // 21),
    "a long secret": lambda n: f"password='{'x' * n}",
    "headers": lambda n: "X-Api-Key: abcdef\n" * (n // 18),
    "base64": lambda n: f"token={base64.b64encode(_bytes[: n * 3 // 4]).decode()}=",
    "hex": lambda n: f"key={_bytes[: n // 2].hex()}=",
    "double quotes": lambda n: "token=" + '"' * n,
    "single quotes": lambda n: "token=" + "'" * n,
    "backslashes": lambda n: f"token='{chr(92) * n}",
    "escaped quotes": lambda n: "\\'token\\': " * (n // 11),
    "brackets": lambda n: f"token={'[' * n}",
    "angles": lambda n: f"token={'<' * n} object at 0x",
    "newlines": lambda n: f"token={chr(10) * n}x",
    "blanks": lambda n: f"token={' ' * n}x",
    "blank lines": lambda n: "token=\n" + " \r\n" * (n // 3) + "x",
    "addresses": lambda n: "https://me:hunter2@host/ " * (n // 25),
    "a long address": lambda n: f"https://{'a' * n}:x@",
    "a long scheme": lambda n: f"{'a' * n}://me:x@host",
    "nearly addresses": lambda n: "a://b:" * (n // 6) + "@",
    "schemes of credentials": lambda n: "Bearer abcdef0123 Basic " * (n // 24),
    "blanks behind a scheme": lambda n: f"bearer{' ' * n}",
    "tokens": lambda n: f"{'eyJabcdefg.' * (n // 11)}",
    "nearly tokens": lambda n: "eyJ" * (n // 3),
    "keys": lambda n: "-----BEGIN PRIVATE KEY-----" * (n // 27),
    "nearly keys": lambda n: "-----BEGIN A " * (n // 13),
    "dashes": lambda n: f"-----BEGIN PRIVATE KEY-----{'-' * n}",
    "control characters": lambda n: "\x1b[31m\u202e" * (n // 6),
    "blanks behind a bell": lambda n: "\x07" + " " * n,
    "umlauts": lambda n: "ä=" * (n // 2),
    "backticks": lambda n: "`" * n,
    "what Python suggests": lambda n: "did you cannot import name 'x" * (n // 29),
    "a call": lambda n: f"{'a.' * (n // 2)}() got an unexpected keyword argument",
}


class Failing:
    """An application whose error holds a text in every place that takes one."""

    def __init__(self, make: Callable[[int], str], size: int, folder: Path) -> None:
        text = make(size)
        source = folder / f"shop{next(_numbers)}.py"
        # A line that ends in the error, with the text in a string before it and in a comment behind.
        source.write_text(
            "def view(text, shown, table):\n"
            f"    quoted = [{text!r}, missing()]  # {text.encode('unicode_escape').decode()}\n",
            "utf-8",
        )
        names: dict[str, Any] = {"__name__": "shop", "missing": lambda: fail(text)}
        exec(compile(source.read_text("utf-8"), str(source), "exec"), names)
        self.view = names["view"]
        self.text = text
        self.app = DebuggedApplication(self, pin_security=False, pin_logging=False, limits=Limits(repr_seconds=20))
        # Shorter, for what a server takes is bounded; not cut, for what ends a text may be what makes it quick.
        sent = make(size * 3 // 4)
        line = quote(sent)
        self.client = Client(
            self.app,
            {
                "QUERY_STRING": f"text={line}&{line}",
                "HTTP_COOKIE": f"text={line}; {line}",
                "HTTP_X_TEXT": sent.encode("unicode_escape").decode(),
                "HTTP_REFERER": line,
            },
            validate=False,
        )

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.view(self.text, Shown(self.text), {self.text: self.text, "inner": [self.text, Shown(self.text)]})
        return []


def fail(text: str) -> None:
    try:
        try:
            raise OSError(36, "File name too long", text)
        except OSError:
            raise KeyError(text)  # noqa: B904 - the context is wanted
    except KeyError as error:
        error.add_note(text)
        raise ValueError(text) from error


def forms(failing: Failing) -> dict[str, float]:
    """Seconds of the processor for each form."""
    client = failing.client
    seconds: dict[str, float] = {}

    def timed(form: str, ask: Callable[[], Any]) -> Any:
        with no_collection():
            started = time.process_time()
            answer = ask()
            seconds[form] = time.process_time() - started
        assert answer.status < 400 or form == "page", (form, answer.text[:500])
        return answer

    page = timed("page", lambda: client("/cart"))
    address = page.header("X-Debugkit-Traceback") or ""
    for ending in (".txt", ".md", ".json"):
        timed(ending, lambda: client(f"{address}{ending}"))  # noqa: B023 - called at once
    for form in (".html", "/curl", "/python", "/pytest"):
        timed(form, lambda: client(f"{address}{form}"))  # noqa: B023
    entry = failing.app.debugger.registry.get(address.rpartition("/")[2])
    frame = f"{entry.id}-{entry.captured.opened.index if entry.captured.opened else 0}"
    for name in ("text", "shown"):
        value = failing.text if name == "text" else Shown(failing.text)
        timed(f"tree of {name}", lambda: client.post(f"/__debugkit__/values/{entry.values.put(value, name)}"))  # noqa: B023
    drawing = "type('Drawn', (), {'_repr_html_': lambda self: text, '__repr__': lambda self: text})()"
    for source in ("text, print(text)", "[{text[:100]: text, 'inner': [text]}] * 30", drawing):
        console = f"/__debugkit__/frames/{frame}"
        timed(source, lambda: client.post(f"{console}/evaluate", {"source": source}))  # noqa: B023
    return seconds


def least(failing: Failing, kept: dict[str, float]) -> dict[str, float]:
    """What each form costs, or cost before where that was less."""
    return {form: min(seconds, kept.get(form, seconds)) for form, seconds in forms(failing).items()}


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """What each form costs with next to no text."""
    failing = Failing(lambda size: "a" * size, 10, tmp_path_factory.mktemp("fixed"))
    return least(failing, least(failing, least(failing, {})))


def grown(make: Callable[[int], str], folder: Path, fixed: dict[str, float]) -> list[str]:
    """The forms that cost out of proportion."""
    short, long = Failing(make, SIZE, folder), Failing(make, TIMES * SIZE, folder)
    once: dict[str, float] = {}
    more: dict[str, float] = {}
    for _ in range(TRIES):
        once, more = least(short, once), least(long, more)
        found = [
            f"{form}: {once[form]:.3f} s, then {more[form]:.3f} s ({base:.3f} s without)"
            for form, base in fixed.items()
            if more[form] - base > GROWTH * max(once[form] - base, 0) + base + SLACK
        ]
        if not found:
            break
    return found


@pytest.mark.parametrize("name", TEXTS)
def test_a_longer_text_costs_as_much_more_time_as_it_is_longer(
    name: str, tmp_path: Path, fixed: dict[str, float]
) -> None:
    assert grown(TEXTS[name], tmp_path, fixed) == []


def test_no_text_of_more_than_a_megabyte_is_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    longest: list[int] = []
    search = Redactor.text

    def counted(self: Redactor, value: str) -> str:
        longest.append(len(value))
        return search(self, value)

    monkeypatch.setattr(Redactor, "text", counted)
    forms(Failing(lambda size: "a b" * (size // 3), 1_050_000, tmp_path))
    assert 0 < max(longest) <= 1_000_000
