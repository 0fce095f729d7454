"""The reloader with a real process and real saves, all to one server: what a save does to whom, and when."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from process_support import gone
from reload_support import APP, Caller, Project, plain_project
from serving_support import Client

pytestmark = pytest.mark.skipif(os.name != "posix", reason="workers inherit their sockets")

ONE, TWO, THREE = (APP % word for word in ("one", "two", "three"))
_saves = count()


def pid(text: str) -> int:
    return int(text.split()[-1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("saves")
    # Bytecode is written, as it is for people.
    variables = {"DEBUGKIT_STATE_DIR": str(folder / "state"), "PYTHONDONTWRITEBYTECODE": ""}
    with plain_project(folder, ONE, **variables) as found:
        yield found


@pytest.fixture
def shop(server: Project) -> Project:
    """The server, which serves "one". A test leaves no save behind whose line of the terminal it has not read."""
    assert server.save(f"# {next(_saves)}\n{ONE}").startswith(" * Reloaded")
    return server


def test_a_save_is_served_while_the_supervisor_stays_and_imports_nothing_of_the_users(shop: Project) -> None:
    says = "print('imported by', os.getpid(), flush=True)\n"
    shop.save(f"{ONE}\n{says}")
    first = shop.text
    assert first.startswith("one")
    said = shop.process.mark()
    assert shop.save(f"{TWO}\n{says}") == " * Reloaded"
    second = shop.text
    assert second.startswith("two")
    assert [pid(shop.process.stdout.line()) for _ in range(2)] == [pid(first), pid(second)]
    assert len({pid(first), pid(second), shop.process.pid}) == 3
    assert shop.process.runs
    assert "app.py changed.\n" in shop.terminal[said:]


def test_a_second_save_during_a_restart_is_never_lost(shop: Project, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "gate")
    # This one does not come further than the gate until the third is saved.
    shop.write(f"open({str(tmp_path / 'gate')!r}).read()\n{TWO}")
    shop.says(r"^ \* app\.py changed\.")
    with (tmp_path / "gate").open("w"):
        shop.save(THREE)
    assert shop.text.startswith("three")


PRICED = """
import prices
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"one %d" % prices.price]
"""


def test_a_changed_module_is_named_and_a_stale_pyc_of_it_never_served(shop: Project) -> None:
    second = int(time.time())
    path = shop.folder / "prices.py"

    def save(text: str) -> None:
        shop.write(text, "prices.py")
        os.utime(path, (second, second))

    path.write_text("price = 1\n")
    os.utime(path, (second, second))
    shop.save(PRICED)
    assert shop.text == "one 1"
    said = shop.process.mark()
    for price in (2, 3):
        save(f"price = {price}\n")
        shop.wait_for_reload()
        assert shop.text == f"one {price}"
    assert list((shop.folder / "__pycache__").glob("prices.*.pyc"))
    assert " * prices.py changed.\n" in shop.terminal[said:]


def test_no_request_is_refused_or_reset_while_it_reloads(shop: Project) -> None:
    with Caller(shop.port, keep=False) as plain, Caller(shop.port, keep=True) as kept:
        for text, word in ((TWO, "two"), (ONE, "one"), (THREE, "three")):
            assert shop.save(text).startswith(" * Reloaded")
            plain.wait_for(word)
            kept.wait_for(word)
    assert (plain.failures, kept.failures) == ([], [])
    assert "incomplete" not in kept.answers


SLOW = """
import os
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/slow":
        yield b"begun "
        yield open({gate!r}, "rb", buffering=0).read(7)
    yield b"one %d" % os.getpid()
"""


def test_a_request_in_flight_finishes_while_the_new_worker_answers(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    # Started warm, the new worker is there long before the old one cuts off what is not finished.
    with plain_project(tmp_path, SLOW.format(gate=str(gate)), "--timing", DEBUGKIT_RELOAD_MODE="auto") as shop:
        if sys.platform.startswith("linux"):
            shop.says(r"^ \* Preloaded")
        with Client(shop.port) as client, gate.open("r+b", buffering=0) as opened:
            client.send(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
            client.read_until(b"begun ")
            shop.save(TWO)
            assert shop.text.startswith("two")
            opened.write(b"waited ")
            assert b"one " in client.read_until(b"\r\n0\r\n\r\n")


def test_a_file_that_only_the_failing_traceback_names_is_watched(shop: Project, tmp_path: Path) -> None:
    path = tmp_path / "typo.py"
    path.write_text("def (\n")
    shop.save(f"import sys; sys.path.insert(0, {str(tmp_path)!r})\nimport typo\n{ONE}")
    assert shop.get().status == 500
    shop.write("good = True\n", str(path))
    shop.wait_for_reload()
    assert shop.text.startswith("one")


def test_a_worker_that_crashes_is_started_again(shop: Project) -> None:
    shop.save(
        f"import os\n{ONE}\nreal = app\n"
        "def app(environ, start_response):\n"
        "    if environ['PATH_INFO'] == '/crash':\n        os._exit(3)\n"
        "    return real(environ, start_response)\n"
    )
    for seconds in ("0.5", "1"):  # the next one waits longer
        with Client(shop.port) as client:
            client.send(b"GET /crash HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert client.rest() == b""
        shop.says(rf"^ \* The program ended with exit status 3: starting it again in {seconds} s\.")
    assert shop.text.startswith("one")


def test_threads_of_the_application_cannot_hang_a_reload(shop: Project) -> None:
    shop.save(f"import threading\nthreading.Thread(target=threading.Event().wait, name='tea-timer').start()\n{ONE}")
    old = pid(shop.text)
    said = shop.process.mark()
    shop.save(TWO)
    assert shop.text.startswith("two")
    # On a busy machine before the reload is told of.
    shop.process.wait_for("it was kept alive by: tea-timer", said)
    assert gone(old)


def test_the_hooks_are_called_around_a_reload(shop: Project) -> None:
    hooks = (
        "import debugkit\n"
        "debugkit.after_start(lambda url: print('started', url.startswith('http://'), flush=True))\n"
        "@debugkit.before_reload\ndef leave():\n    print('leaving', flush=True)\n"
    )
    shop.save(hooks + ONE)
    shop.save(hooks + TWO)
    said = [shop.process.stdout.line() for _ in range(3)]
    assert sorted(said) == ["leaving\n", "started True\n", "started True\n"]


def test_a_framework_may_take_a_change_over(shop: Project) -> None:
    hooks = (
        "import debugkit\n"
        "@debugkit.on_change\ndef decide(paths):\n"
        "    return 'handled' if all(path.endswith('menu.py') for path in paths) else 'restart'\n"
    )
    (shop.folder / "menu.py").write_text("tea = 1\n")
    shop.save(f"import menu\n{hooks}{ONE}")
    before = pid(shop.text)
    shop.write("tea = 2\n", "menu.py")
    shop.says(r"^ \* menu\.py: applied without a restart\.")
    assert pid(shop.text) == before
    shop.save(hooks + TWO)
    assert shop.text.startswith("two")


def test_lazy_imports_are_watched_wherever_they_are(shop: Project, tmp_path: Path) -> None:
    path = tmp_path / "late.py"
    path.write_text("word = b'early'\n")
    shop.save(
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "def app(environ, start_response):\n    import late\n"
        "    start_response('200 OK', [('Content-Type', 'text/plain')])\n    return [late.word]\n"
    )
    assert shop.text == "early"
    shop.write("word = b'late'\n", str(path))
    shop.wait_for_reload()
    assert shop.text == "late"
