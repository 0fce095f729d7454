"""What the page of an error costs a browser to load, in bytes and in steps."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from support.client import Client

from debugkit import DebuggedApplication
from debugkit.debug.page import assets

FRAMES = 30
#: Bytes, before any compression, of a page with that many frames and of all that it loads by itself.
MOST = 150_000

LOADED = re.compile(r'<(?:link|script)[^>]* (?:href|src)="([^"]+)"')
IMPORTED = re.compile(r'^(?:import|export)\b[^;(]*?"(\./[^"]+)";', re.MULTILINE)


def failing_app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """An application whose error has `FRAMES` frames, each of a function of its own."""
    source = "".join(
        f"def level_{number}(order, names):\n"
        f"    total = {number}\n"
        f"    for name in names:\n"
        f"        total += level_{number + 1}(order, names)\n"
        f"    return total\n"
        for number in range(FRAMES - 2)
    )
    namespace: dict[str, Any] = {f"level_{FRAMES - 2}": lambda order, names: order["price"]}
    exec(compile(source, "levels.py", "exec"), namespace)
    return [b"%d" % namespace["level_0"]({"name": "Tea", "count": 2}, ["a", "b"])]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """All that an unlocked browser gets for such an error, by address; the page itself first."""
    folder = tmp_path_factory.mktemp("state")
    folder.chmod(0o700)
    app = DebuggedApplication(failing_app, pin="314-159-265", state_dir=folder)
    client = Client(app)
    client.unlock("314-159-265")
    files = {"/": client("/").body}
    waiting = LOADED.findall(files["/"].decode())
    while waiting:
        url = waiting.pop()
        if url not in files:
            answer = client(url)
            assert answer.status == 200, url
            files[url] = answer.body
            if url.endswith(".js"):
                waiting += [posixpath.join(posixpath.dirname(url), name[2:]) for name in imports(files[url])]
    return files


def imports(script: bytes) -> list[str]:
    return IMPORTED.findall(script.decode())


def test_a_page_of_thirty_frames_with_all_that_it_loads_is_below_its_limit(loaded: dict[str, bytes]) -> None:
    page = loaded["/"].decode()
    assert page.count("data-open") >= FRAMES
    total = sum(map(len, loaded.values()))

    assert total < MOST, sorted(((len(body), url) for url, body in loaded.items()), reverse=True)


def test_a_page_names_every_module_that_it_needs_so_that_none_is_asked_for_in_a_later_turn(
    loaded: dict[str, bytes],
) -> None:
    named = set(re.findall(r'<link rel="modulepreload" href="([^"]+)"', loaded["/"].decode()))
    needed = {
        posixpath.join(posixpath.dirname(url), name[2:])
        for url, body in loaded.items()
        if url.endswith(".js")
        for name in imports(body)
    }

    assert named == needed
    assert not [url for url in named if url.endswith("/search.js")], "it is fetched when it is first used"


@pytest.mark.parametrize("name", sorted(name for name in assets.static_files() if name.endswith(".js")))
def test_a_script_is_written_so_that_comments_and_indentation_can_be_left_out(name: str) -> None:
    source = assets.static_files()[name].body.decode()
    sent = assets.compact(assets.static_files()[name]).decode()

    quotes = [line for line in source.splitlines() if line.count("`") % 2 and not re.search(r"\\`", line)]
    assert quotes == [], "indentation inside of a text over several lines would be lost"
    code = [line.strip() for line in source.splitlines() if not re.match(r"\s*(//|/\*\*| \*)|\s*$", line)]
    assert sent.splitlines() == code


def test_a_style_sheet_is_sent_without_comments_and_indentation() -> None:
    sheet = assets.Asset(b"/* The\n bar */\n.a,\n.b {\n  margin: 0\n    1px; /* why */\n}\n", "text/css; charset=utf-8")

    assert assets.compact(sheet) == b".a,.b{margin:0\n1px;}"


def test_each_animation_is_named_once_for_all_style_sheets_are_one() -> None:
    names = re.findall(r"@keyframes ([\w-]+)", "".join(map(assets.style, assets.STYLES)))

    assert sorted(names) == sorted(set(names))
