"""The reloader with real processes and real saves: no edit, no typo and no crash stops the server."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from process_support import descendants, gone
from reload_support import APP, Caller, Project, project
from serving_support import ROOT, TIMEOUT, Client, Program

from debugkit.serving.reloading.bootstrap import first_environ
from debugkit.serving.watching.fingerprints import age

pytestmark = pytest.mark.skipif(os.name != "posix", reason="workers inherit their sockets")

PRICED = """
import prices
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"one %d" % prices.price]
"""
ONE, TWO, THREE = (APP % word for word in ("one", "two", "three"))


def pid(text: str) -> int:
    return int(text.split()[-1])


# Saves.


def test_a_save_is_served_while_the_supervisor_stays_and_imports_nothing_of_the_users(tmp_path: Path) -> None:
    says = "print('imported by', os.getpid(), flush=True)\n"
    with project(tmp_path, f"{ONE}\n{says}") as shop:
        first = shop.text
        assert first.startswith("one")
        assert shop.terminal.count("Debugger PIN") == 1
        assert shop.save(f"{TWO}\n{says}") == " * Reloaded"
        second = shop.text
        assert second.startswith("two")
        assert [pid(shop.process.stdout.line()) for _ in range(2)] == [pid(first), pid(second)]
        assert len({pid(first), pid(second), shop.process.pid}) == 3
        assert shop.process.runs
        assert "app.py changed.\n" in shop.terminal


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")
def test_a_worker_waits_ready_and_dies_with_the_rest_even_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    def waits(number: int) -> bool:
        """Whether a process was started as a worker, or forked as one by a process that was not."""
        started = b"debugkit worker of" in Path(f"/proc/{number}/cmdline").read_bytes()
        return started or str(number) not in Path(children).read_text().split()

    with project(tmp_path, ONE) as shop:
        children = f"/proc/{shop.process.pid}/task/{shop.process.pid}/children"
        serving = pid(shop.text)
        waiting: set[int] = set()
        while not waiting:  # it is started a moment later; nobody tells when
            waiting = {number for number in descendants(shop.process.pid) - {serving} if waits(number)}
        shop.save(TWO)
        assert {pid(shop.text)} == waiting
        left = descendants(shop.process.pid)
        shop.process.kill()
        assert all(gone(number) for number in left)


STARTS = {
    "script": ("app.py",),
    "module": ("-m", "app"),
    "command": ("-c", "import app; app.main()"),
    "script-that-changes-its-directory": ("app.py", "elsewhere"),
}
SERVING = """
import os, sys
if __name__ == "__main__" and sys.argv[1:]:
    os.mkdir(sys.argv[1]) if not os.path.isdir(sys.argv[1]) else None
    os.chdir(sys.argv[1])
from debugkit import run_simple
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%s"]
def main():
    run_simple("127.0.0.1", 0, app, use_reloader=True, use_debugger=True)
if __name__ == "__main__":
    main()
"""


@pytest.mark.parametrize("python", STARTS.values(), ids=STARTS.keys())
def test_run_simple_runs_the_same_program_again(tmp_path: Path, python: tuple[str, ...]) -> None:
    folder = tmp_path / "a place with spaces"
    folder.mkdir()
    with project(folder, SERVING % "one", python=python) as shop:
        assert shop.text == "one"
        assert shop.save(SERVING % "two").startswith(" * Reloaded")
        assert shop.text == "two"


def test_a_second_save_during_a_restart_is_never_lost(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "gate")
    with project(tmp_path, ONE) as shop:
        # This one does not come further than the gate until the third is saved.
        shop.write(f"open({str(tmp_path / 'gate')!r}).read()\n{TWO}")
        shop.says(r"^ \* app\.py changed\.")
        with (tmp_path / "gate").open("w"):
            shop.save(THREE)
        assert shop.text.startswith("three")


def test_a_changed_module_is_named_and_a_stale_pyc_of_it_never_served(tmp_path: Path) -> None:
    second = int(time.time())

    def save(text: str) -> None:
        shop.write(text, "prices.py")
        os.utime(tmp_path / "prices.py", (second, second))

    (tmp_path / "prices.py").write_text("price = 1\n")
    os.utime(tmp_path / "prices.py", (second, second))
    with project(tmp_path, PRICED, PYTHONDONTWRITEBYTECODE="") as shop:
        for price in (2, 3, 4):
            save(f"price = {price}\n")
            shop.wait_for_reload()
            assert shop.text == f"one {price}"
        assert " * prices.py changed.\n" in shop.terminal


def test_no_request_is_refused_or_reset_while_it_reloads(tmp_path: Path) -> None:
    with project(tmp_path, ONE) as shop:
        with Caller(shop.port, keep=False) as plain, Caller(shop.port, keep=True) as kept:
            for text in (TWO, ONE, TWO, THREE):
                assert shop.save(text).startswith(" * Reloaded")
        assert (plain.failures, kept.failures) == ([], [])
        assert {answer.split()[0] for answer in plain.answers} == {"one", "two", "three"}
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
    with project(tmp_path, SLOW.format(gate=str(gate)), "--timing", DEBUGKIT_RELOAD_MODE="auto") as shop:
        if sys.platform.startswith("linux"):
            shop.says(r"^ \* Preloaded")
        with Client(shop.port) as client, gate.open("r+b", buffering=0) as opened:
            client.send(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
            client.read_until(b"begun ")
            shop.save(TWO)
            assert shop.text.startswith("two")
            opened.write(b"waited ")
            assert b"one " in client.read_until(b"\r\n0\r\n\r\n")


GATED = """
import debugkit, os
@debugkit.before_reload
def leave():
    with open({0!r}, "rb", buffering=0) as gate:
        gate.read(1)
"""


@contextmanager
def gated(folder: Path, *options: str) -> Iterator[tuple[Project, Callable[[], object], Callable[[str], None]]]:
    """A project whose worker leaves when it is let go, and a way to save a text and wait until it has been imported."""
    gate, told = folder / "gate", folder / "told"
    for pipe in (gate, told):
        os.mkfifo(pipe)
    descriptor = os.open(gate, os.O_RDWR)  # a worker that is ended leaves nobody waiting
    try:
        with project(folder, GATED.format(str(gate)) + ONE, *options) as shop:

            def save(text: str) -> None:
                shop.write(f"open({str(told)!r}, 'w').close()\n{text}")
                told.read_text()

            yield shop, lambda: os.write(descriptor, b"!"), save
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("processes", ["1", "2"])
def test_the_new_worker_serves_when_the_old_one_listens_no_more(tmp_path: Path, processes: str) -> None:
    with gated(tmp_path, "--processes", processes) as (shop, let_go, save):
        save(TWO)
        assert {shop.text.split()[0] for _ in range(10)} == {"one"}
        let_go()
        shop.wait_for_reload()
        assert {shop.text.split()[0] for _ in range(10)} == {"two"}


def test_a_worker_that_waits_for_its_turn_is_replaced_like_any_other(tmp_path: Path) -> None:
    with gated(tmp_path) as (shop, let_go, save):
        save(TWO)
        save(THREE)
        let_go()
        while not shop.text.startswith("three"):
            shop.wait_for_reload()


def test_a_worker_that_waits_for_its_turn_ends_with_the_rest(tmp_path: Path) -> None:
    with gated(tmp_path) as (shop, let_go, save):
        save(TWO)
        let_go()
        assert shop.process.end(signal.SIGTERM) == 128 + signal.SIGTERM


# What cannot start.


def test_a_failure_at_the_very_first_start_is_a_page_and_heals(tmp_path: Path) -> None:
    with project(tmp_path, "import nothing_of_this_name\n") as shop:
        reply = shop.get("/", "Accept: text/html")
        assert reply.status == 500
        assert b"nothing_of_this_name" in reply.body
        assert b"The application failed to start" in reply.body
        assert b"debugkit/cli.py" not in reply.body
        assert shop.save(ONE).startswith(" * Reloaded")
        assert shop.text.startswith("one")


FAILURES = {
    "syntax": ("def (", "SyntaxError"),
    "import": ("import nothing_of_this_name", "ModuleNotFoundError"),
    "exit": ("import sys; sys.exit(3)", "SystemExit"),
    "hard-exit": ("import os; os._exit(3)", "ended with exit status 3"),
    "killed": ("import os; os.kill(os.getpid(), 9)", "was ended by SIGKILL"),
    "name-gone": ("other = 1", "There is no application in"),
}


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """One server for all these: it stays whatever happens to its program."""
    folder = tmp_path_factory.mktemp("failing")
    with project(folder, ONE, DEBUGKIT_STATE_DIR=str(folder / "state")) as shop:
        yield shop


@pytest.mark.parametrize(("text", "expected"), FAILURES.values(), ids=FAILURES.keys())
def test_a_failure_at_start_is_a_page_and_heals(failing: Project, text: str, expected: str) -> None:
    assert failing.save(f"{text}\n").startswith(" * Waiting for a change")
    reply = failing.get("/", "Accept: text/html")
    assert reply.status == 500
    assert expected in reply.body.decode()
    assert failing.save(f"# after {expected}\n{TWO}").startswith(" * Reloaded")
    assert failing.text.startswith("two")


def test_a_script_that_ends_without_serving_is_said_and_heals(tmp_path: Path) -> None:
    with project(tmp_path, SERVING % "one", python=("app.py",)) as shop:
        shop.save("print('nothing to serve')\n")
        assert "ended with exit status 0 before it began to serve" in shop.get("/", "Accept: text/html").body.decode()
        shop.save(SERVING % "two")
        assert shop.text == "two"


def test_a_console_runs_in_the_frames_of_a_failed_start(tmp_path: Path) -> None:
    text = "def tea():\n    cups = 7\n    return cups / 0\ntea()\n"
    with project(tmp_path, text, "--no-pin") as shop:
        page = shop.get("/", "Accept: application/json").body.decode()
        frame = re.findall(r'"id":\s*"([0-9a-f]+-\d+)"', page)[-1]
        body = b'{"source": "cups * 6"}'
        with Client(shop.port) as client:
            head = (
                f"POST /__debugkit__/frames/{frame}/evaluate HTTP/1.1\r\nHost: localhost\r\nX-Debugkit: 1\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            reply = client.send(head.encode() + body).reply()
        assert '"42"' in reply.body.decode()


def test_without_the_debugger_a_failed_start_tells_browsers_nothing(tmp_path: Path) -> None:
    with project(tmp_path, "secret = 1 / 0\n", "--no-debugger") as shop:
        assert shop.get().body == b"The application failed to start. See the terminal.\n"
        assert "ZeroDivisionError" in shop.terminal


def test_a_file_that_only_the_failing_traceback_names_is_watched(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "typo.py").write_text("def (\n")
    home = tmp_path / "home"
    home.mkdir()
    with project(home, f"import sys; sys.path.insert(0, {str(elsewhere)!r})\nimport typo\n{ONE}") as shop:
        assert shop.get().status == 500
        (elsewhere / "typo.py").write_text("good = True\n")
        shop.wait_for_reload()
        assert shop.text.startswith("one")


# Crashes and ends.


def attempt(port: int) -> int:
    """Enter a wrong PIN, and return how many attempts are left."""
    body = b'{"pin": "000"}'
    head = (
        "POST /__debugkit__/unlock HTTP/1.1\r\nHost: localhost\r\nX-Debugkit: 1\r\nAccept: */*\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with Client(port) as client:
        return int(json.loads(client.send(head.encode() + body).reply().body)["remaining"])


def test_neither_a_save_nor_a_crash_gives_more_attempts_at_the_pin_and_a_new_start_does(tmp_path: Path) -> None:
    crashing = "import os\ndef app(environ, start_response):\n    os._exit(3)\n"
    with project(tmp_path, ONE) as shop:
        assert attempt(shop.port) == 9
        shop.save(crashing)
        assert attempt(shop.port) == 8
        with Client(shop.port) as client:
            client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            shop.says("starting it again")
        assert attempt(shop.port) == 7
        shop.save("def (\n")
        assert attempt(shop.port) == 6
    with project(tmp_path, ONE) as shop:
        assert attempt(shop.port) == 9


def test_a_worker_that_crashes_is_started_again(tmp_path: Path) -> None:
    text = f"import os\n{ONE}\nreal = app\n" + (
        "def app(environ, start_response):\n"
        "    if environ['PATH_INFO'] == '/crash':\n        os._exit(3)\n"
        "    return real(environ, start_response)\n"
    )
    with project(tmp_path, text) as shop:
        for seconds in ("0.5", "1"):  # the next one waits longer
            with Client(shop.port) as client:
                client.send(b"GET /crash HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert client.rest() == b""
            shop.says(rf"^ \* The program ended with exit status 3: starting it again in {seconds} s\.")
        assert shop.text.startswith("one")


@pytest.mark.parametrize(
    ("number", "text"),
    [(signal.SIGINT, ONE), (signal.SIGTERM, ONE), (signal.SIGTERM, "1 / 0\n")],
    ids=["SIGINT", "SIGTERM", "failed"],
)
def test_a_signal_ends_worker_and_supervisor_with_128_and_its_number(
    tmp_path: Path, number: signal.Signals, text: str
) -> None:
    text = f"import atexit\natexit.register(lambda: print('goodbye', flush=True))\n{text}"
    with project(tmp_path, text) as shop:
        assert shop.process.end(number) == 128 + number
        assert shop.process.stdout.rest() == "goodbye\n"
        assert "Traceback" not in shop.process.stderr.rest()


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for a process that is nobody's child here")
def test_a_worker_that_is_still_starting_dies_with_its_supervisor(tmp_path: Path) -> None:
    gate, told = tmp_path / "gate", tmp_path / "told"
    os.mkfifo(gate)
    os.mkfifo(told)
    starting = f"import os\nopen({str(told)!r}, 'w').write(str(os.getpid()))\nopen({str(gate)!r}).read()\n"
    with project(tmp_path, ONE) as shop:
        shop.write(starting)
        worker = int(told.read_text())
        shop.process.kill()
        assert gone(worker)


def test_threads_of_the_application_cannot_hang_a_reload(tmp_path: Path) -> None:
    text = f"import threading\nthreading.Thread(target=threading.Event().wait, name='tea-timer').start()\n{ONE}"
    with project(tmp_path, text) as shop:
        old = pid(shop.text)
        shop.save(TWO)
        assert shop.text.startswith("two")
        shop.process.wait_for("it was kept alive by: tea-timer")  # on a busy machine before the reload is told of
        assert gone(old)


def test_the_program_leaves_nothing_in_the_supervisor_nor_its_pin_on_the_command_line(tmp_path: Path) -> None:
    text = SERVING.replace("app, use_reloader", "DebuggedApplication(app, pin='424-242-424'), use_reloader")
    text = text.replace("import run_simple", "import DebuggedApplication, run_simple")
    thread = "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    with project(tmp_path, thread + text % "one", python=("app.py",)) as shop:
        command = Path(f"/proc/{shop.process.pid}/cmdline")
        if not command.exists():
            pytest.skip("needs /proc")
        assert b"debugkit.serving.reloading.supervisor" in command.read_bytes()
        assert b"424" not in command.read_bytes()
        shop.save("1 / 0")
        assert shop.get().status == 500


# Someone at a prompt.


def test_an_open_prompt_of_pdb_holds_the_reload(tmp_path: Path) -> None:
    text = ONE.replace("def app(environ, start_response):", "def app(environ, start_response):\n    breakpoint()")
    with project(tmp_path, text, stdin=subprocess.PIPE) as shop:
        with Client(shop.port) as client:
            client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert shop.process.stdout.line().startswith("> ")
            shop.write(TWO)
            shop.says(r"A debugger prompt is open")
            shop.write(THREE)  # a second one is held as well
            shop.says(r"^ \* app\.py changed\.")
            shop.process.tell("p 6 * 7\n")
            shop.process.stdout.read_until(r"^(\(Pdb\) )?42$")
            shop.process.tell("c\n")
            assert client.reply().body.startswith(b"one")
        assert shop.wait_for_reload().startswith(" * Reloaded")
        assert shop.text.startswith("three")


# Hooks.


def test_the_hooks_are_called_around_a_reload(tmp_path: Path) -> None:
    hooks = (
        "import debugkit\n"
        "debugkit.after_start(lambda url: print('started', url.startswith('http://'), flush=True))\n"
        "@debugkit.before_reload\ndef leave():\n    print('leaving', flush=True)\n"
    )
    with project(tmp_path, hooks + ONE) as shop:
        shop.save(hooks + TWO)
        said = [shop.process.stdout.line() for _ in range(3)]
        assert sorted(said) == ["leaving\n", "started True\n", "started True\n"]


def test_a_framework_may_take_a_change_over(tmp_path: Path) -> None:
    hooks = (
        "import debugkit\n"
        "@debugkit.on_change\ndef decide(paths):\n"
        "    return 'handled' if all(path.endswith('menu.py') for path in paths) else 'restart'\n"
    )
    (tmp_path / "menu.py").write_text("tea = 1\n")
    with project(tmp_path, hooks + ONE) as shop:
        before = pid(shop.text)
        shop.write("tea = 2\n", "menu.py")
        shop.says(r"^ \* menu\.py: applied without a restart\.")
        assert pid(shop.text) == before
        shop.save(hooks + TWO)
        assert shop.text.startswith("two")


# What the environment says.


def test_the_word_of_werkzeug_alone_makes_no_program_one_under_the_reloader() -> None:
    code = "import debugkit; print(debugkit.is_running_from_reloader())"
    told = {"env": {**os.environ, "WERKZEUG_RUN_MAIN": "true", "PYTHONPATH": str(ROOT)}}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=TIMEOUT, **told)  # type: ignore[call-overload]
    assert done.stdout == "False\n"


def test_the_word_of_werkzeug_is_set_for_applications_and_never_believed(tmp_path: Path) -> None:
    text = APP % "one" + "\nimport debugkit\nword = os.environ.get('WERKZEUG_RUN_MAIN')\n"
    text = text.replace('b"one %d" % os.getpid()', "f'{word} {debugkit.is_running_from_reloader()}'.encode()")
    with project(tmp_path, text, WERKZEUG_RUN_MAIN="true", WERKZEUG_SERVER_FD="77") as shop:
        assert shop.text == "true True"
        shop.save(ONE)
        assert shop.text.startswith("one")


def test_what_a_program_puts_into_the_environment_ends_with_it(tmp_path: Path) -> None:
    text = SERVING.replace("import os, sys\n", "import os, sys\nos.environ.setdefault('TEA', '%s')\n", 1)
    text = text.replace('return [b"%s"]', "return [os.environ['TEA'].encode()]")
    with project(tmp_path, text % "green", python=("app.py",)) as shop:
        assert shop.text == "green"
        shop.save(text % "black")
        assert shop.text == ("black" if Path("/proc/self/environ").exists() else "green")


@pytest.mark.parametrize("content", [b"", b"a title\0\0\0", None], ids=["empty", "renamed", "missing"])
def test_where_the_first_environment_is_not_told_it_is_the_one_of_now(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "environ").write_bytes(content)
    assert first_environ(tmp_path / "environ") == dict(os.environb)


# The rest of the house.


def test_files_beside_the_code_count_when_asked_for_and_excluded_ones_do_not(tmp_path: Path) -> None:
    (tmp_path / "menu.yaml").write_text("tea: 1\n")
    (tmp_path / "notes.py").write_text("")
    options = ("--extra-files", "menu.yaml", "--exclude-patterns", "notes.py")
    with project(tmp_path, ONE, *options) as shop:
        shop.write("not = python\n", "notes.py")
        assert shop.save("tea: 2\n", "menu.yaml").startswith(" * Reloaded")
        assert "menu.yaml changed" in shop.terminal
        assert "notes.py" not in shop.terminal


def test_a_changed_address_asks_for_a_start_by_hand(tmp_path: Path) -> None:
    with project(tmp_path, SERVING % "one", python=("app.py",)) as shop:
        shop.write((SERVING % "two").replace("127.0.0.1", "localhost"))
        shop.says(r"The addresses changed. Restart debugkit to listen on localhost")
        shop.wait_for_reload()
        assert shop.text == "two"


def test_the_banner_and_the_pin_are_printed_once(tmp_path: Path) -> None:
    with project(tmp_path, f"{ONE}") as shop:
        shop.save(TWO.replace("start_response(", "1 / 0, start_response("))
        shop.get()
        shop.save(TWO)
        assert shop.terminal.count("Debugger PIN") == 1
        assert shop.terminal.count("Press Ctrl+C") == 1


def test_several_processes_and_a_unix_socket_reload_too(tmp_path: Path) -> None:
    options = ("--bind", "127.0.0.1:0", "--bind", "unix:shop.sock", "--processes", "2")
    with project(tmp_path, ONE, *options, python=("-m", "debugkit", "run", "app.py")) as shop:
        assert shop.text.startswith("one")
        assert (tmp_path / "shop.sock").is_socket()
        shop.save(TWO)
        assert shop.text.startswith("two")
        shop.process.end(signal.SIGTERM)
    assert not (tmp_path / "shop.sock").exists()


def test_a_script_under_run_simple_ends_with_128_and_its_number_too_and_its_socket_goes(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text((SERVING % "one").replace('"127.0.0.1"', '"unix:shop.sock"'))
    with Program(python=("app.py",), cwd=tmp_path) as process:
        process.read_until("Reloading with")
        assert (tmp_path / "shop.sock").is_socket()
        assert process.end(signal.SIGTERM) == 128 + signal.SIGTERM
    assert not (tmp_path / "shop.sock").exists()


def test_an_open_event_stream_does_not_hold_up_an_application_without_threads(tmp_path: Path) -> None:
    with project(tmp_path, ONE, "--no-threaded") as shop, Client(shop.port) as listener:
        listener.send(b"GET /__debugkit__/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        listener.read_until(b"hello")
        assert shop.text.startswith("one")


def test_the_debuggers_own_requests_leave_no_line_under_any_mount(tmp_path: Path) -> None:
    text = SERVING.replace("app, use_reloader", "application, use_reloader").replace(
        "def main():",
        "from debugkit import DebuggedApplication\ninner = DebuggedApplication(app, mount='/why')\n"
        "def application(environ, start_response):\n"
        "    if environ['PATH_INFO'].startswith('/shop/'):\n"
        "        environ['SCRIPT_NAME'] = '/shop'\n        environ['PATH_INFO'] = environ['PATH_INFO'][5:]\n"
        "    return inner(environ, start_response)\ndef main():",
    )
    with project(tmp_path, text % "one", python=("app.py",)) as shop:
        for path in ("/why/tracebacks", "/shop/why/static/debugkit.css", "/why", "/tea/why/not", "/whys", "/last"):
            shop.get(path)
        shop.says('"GET /last')
        shop.process.end(signal.SIGTERM)  # lines of several threads come in any order
        assert set(re.findall(r'"GET (\S+) HTTP', shop.terminal)) == {"/tea/why/not", "/whys", "/last"}


def test_the_time_of_a_reload_counts_from_the_save(tmp_path: Path) -> None:
    path = tmp_path / "app.py"
    path.write_text("")
    saved = path.stat().st_ctime
    assert age([str(path), str(tmp_path / "gone.py")], lambda: saved + 2.0) == 2.0
    os.utime(path, (0, 0))
    assert age([str(path)], lambda: path.stat().st_ctime + 1.5) == 1.5
    assert age([str(path)], lambda: saved - 5.0) == 0.0  # another computer's clock
    assert age([str(path)], lambda: saved + 3600.0) == 0.0  # a link has been turned to it
    assert age([str(tmp_path / "gone.py")]) == 0.0


def test_an_interactive_session_cannot_be_reloaded() -> None:
    code = "from debugkit import run_simple; run_simple('127.0.0.1', 0, print, use_reloader=True)"
    done = subprocess.run(
        [sys.executable, "-"],
        input=code,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("debugkit: The reloader runs the whole program again")


def test_wrong_choices_end_the_first_start_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(ONE)
    with Program("run", "app.py", "--port", "0", "--cert", "nowhere.crt", cwd=tmp_path) as process:
        process.read_until(r"^debugkit: .*nowhere\.crt")
        assert process.wait() == 1


def test_lazy_imports_are_watched_wherever_they_are(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "late.py").write_text("word = b'early'\n")
    home = tmp_path / "home"
    home.mkdir()
    text = (
        f"import sys; sys.path.insert(0, {str(elsewhere)!r})\n"
        "def app(environ, start_response):\n    import late\n"
        "    start_response('200 OK', [('Content-Type', 'text/plain')])\n    return [late.word]\n"
    )
    with project(home, text) as shop:
        assert shop.text == "early"
        shop.write("word = b'late'\n", str(elsewhere / "late.py"))
        shop.wait_for_reload()
        assert shop.text == "late"
