"""The command line as a user meets it: in a process, with signals, and with sentences where something is wrong."""

from __future__ import annotations

import inspect
import re
import signal
import socket
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from process_support import TIMEOUT
from serving_support import Client, Program, Stream, application, environ

import debugkit
from debugkit.cli import main
from debugkit.errors import ConfigurationError
from debugkit.runner.config import PORTS, Choices, debugger_of, listen_on, wrap_in_debugger
from debugkit.runner.run import run_simple
from debugkit.serving.listen import AddressInUse, bind
from debugkit.serving.log import Log

HELLO = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/fails":
        raise LookupError("no tea")
    return [b"hello"]
"""


@pytest.fixture
def hello(tmp_path: Path) -> Path:
    path = tmp_path / "tea_hello.py"
    path.write_text(HELLO)
    return path


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "debugkit", *arguments],
        cwd=cwd,
        env=environ(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=TIMEOUT,
    )


# Help.


def test_the_version_is_told() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"debugkit {debugkit.__version__}\n")


def test_help_teaches_with_examples(capsys: Any) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["run", "--help"])
    assert caught.value.code == 0
    said = capsys.readouterr().out
    for word in ("module:app", "debugkit run examples/shop/app.py", "--host", "--no-debugger", "PIN", "never use it"):
        assert word in said


def test_the_width_of_the_help_fits_a_terminal(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    assert max(len(line) for line in capsys.readouterr().out.splitlines()) <= 80


def test_no_command_is_wrong_usage_and_shows_the_help(capsys: Any) -> None:
    assert main([]) == 2
    assert "debugkit run --help" in capsys.readouterr().err


# Serving.


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_file_is_served_until_a_signal_ends_it_with_128_and_its_number(hello: Path, number: signal.Signals) -> None:
    with Program("run", str(hello), "--port", "0", "--no-debugger") as process:
        with Client(process.port()) as client:
            assert client.get("/").body == b"hello"
        assert process.end(number) == 128 + number
        assert "Traceback" not in process.stderr.rest()


def test_a_module_is_found_in_the_working_directory(hello: Path) -> None:
    with Program("run", "tea_hello:app", "--port", "0", "--no-debugger", cwd=hello.parent) as process:
        with Client(process.port()) as client:
            assert client.get("/").body == b"hello"


def test_requests_and_tracebacks_are_in_the_terminal(hello: Path) -> None:
    with Program("run", str(hello), "--port", "0", "--no-debugger") as process:
        with Client(process.port()) as client:
            assert client.get("/fails").body == b"Internal Server Error\n"
        process.read_until(r"^Traceback \(most recent call last\):$")
        process.read_until(r"^LookupError: no tea$")
        process.read_until(r'^127\.0\.0\.1 - - \[.*\] "GET /fails HTTP/1\.1" 500 - 22B [\d.]+ms$')


def test_the_debugger_is_on_unless_asked_otherwise_and_the_terminal_says_the_pin(hello: Path) -> None:
    with Program("run", str(hello), "--port", "0") as process:
        with Client(process.port()) as client:
            process.read_until(r"\d{3}-\d{3}-\d{3}")
            reply = client.get("/fails", "Accept: text/html")
            assert reply.status == 500
            assert b"no tea" in reply.body
            assert re.fullmatch("/__debugkit__/tracebacks/.+", reply.header("X-Debugkit-Traceback") or "")
            assert client.get("/").body == b"hello"


# What is wrong is one sentence.


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("tea_hello:apq", "'tea_hello' has no 'apq'; did you mean app?"),
        ("tea_helo.py", "There is no file tea_helo.py; did you mean tea_hello.py?"),
    ],
)
def test_a_wrong_target_is_one_sentence_and_status_1(hello: Path, target: str, sentence: str) -> None:
    done = run("run", target, cwd=hello.parent)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"debugkit: {sentence}")
    assert done.stderr.count("\n") == 1


def test_an_error_in_the_module_is_its_traceback_without_our_frames(tmp_path: Path) -> None:
    (tmp_path / "tea_broken.py").write_text("def tea():\n    return 1 / 0\ntea()\n")
    done = run("run", "--no-reload", "tea_broken.py", cwd=tmp_path)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].endswith('tea_broken.py", line 3, in <module>')
    assert lines[-1] == "ZeroDivisionError: division by zero"
    assert "debugkit" not in done.stderr


def test_a_syntax_error_in_the_module_is_shown_as_python_shows_it(tmp_path: Path) -> None:
    (tmp_path / "tea_typo.py").write_text("def app(:\n")
    done = run("run", "tea_typo.py", "--no-reload", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("SyntaxError:")


def test_a_port_in_use_is_one_sentence_when_it_was_asked_for(hello: Path) -> None:
    (taken,) = bind("127.0.0.1", 0)
    port = taken.getsockname()[1]
    with taken:
        done = run("run", str(hello), "--port", str(port), "--no-debugger")
    assert done.returncode == 1
    assert done.stderr.startswith(f"debugkit: Port {port} is in use")
    assert done.stderr.count("\n") == 1


def test_a_pin_that_cannot_be_one_is_one_sentence(hello: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WERKZEUG_DEBUG_PIN", "password")
    done = run("run", str(hello))
    assert done.returncode == 1
    assert done.stderr.startswith("debugkit: WERKZEUG_DEBUG_PIN cannot be a PIN")


# Ports.


@pytest.fixture
def ports() -> list[int]:
    """Three ports, of which the first is taken from the system's and was free a moment ago."""
    (first,) = bind("127.0.0.1", 0)
    with first:
        port = min(first.getsockname()[1], 65_533)
    return [port, port + 1, port + 2]


def listening(ports: list[int], **choices: Any) -> tuple[list[int], str]:
    """The ports that are listened on when ``ports`` may be, and what the terminal says."""
    stream = Stream()
    sockets = listen_on(Choices(**choices), Log(stream, environ={}), candidates=ports)
    found = [sock.getsockname()[1] for sock in sockets]
    for sock in sockets:
        sock.close()
    return found, stream.getvalue()


def test_the_next_free_port_is_taken_when_none_was_asked_for(ports: list[int]) -> None:
    (taken,) = bind("127.0.0.1", ports[0])
    with taken:
        (port,), said = listening(ports)
    assert port in ports[1:]
    assert said == f"Port {ports[0]} is in use: using {port} instead.\n"


def test_the_first_port_is_taken_without_a_word_when_it_is_free(ports: list[int]) -> None:
    assert listening(ports) == ([ports[0]], "")


def test_when_all_ports_are_in_use_the_user_must_choose(ports: list[int]) -> None:
    (taken,) = bind("127.0.0.1", ports[0])
    with taken, pytest.raises(AddressInUse, match=f"Ports {ports[0]} to {ports[0]} are all in use"):
        listening(ports[:1])


def test_several_addresses_share_the_port_and_may_name_their_own(ports: list[int], tmp_path: Path) -> None:
    (taken,) = bind("127.0.0.1", ports[0])
    with taken:
        found, said = listening(ports, addresses=("127.0.0.1", "[::1]", f"127.0.0.1:{ports[2]}"))
        assert found[0] == found[1]
        assert "is in use: using" in said
        with pytest.raises(AddressInUse, match=f"Port {ports[0]} is in use"):
            listening(ports, addresses=(f"127.0.0.1:{ports[0]}",))


def test_the_default_port_is_8000_and_nine_more_are_tried() -> None:
    assert list(PORTS) == [8000, 8001, 8002, 8003, 8004, 8005, 8006, 8007, 8008, 8009]


# run_simple.


def test_run_simple_serves_until_a_signal() -> None:
    program = (
        f"{HELLO}\nfrom debugkit import run_simple\ntry: run_simple('localhost', 0, app)\nfinally: print('cleaned up')"
    )
    with Program(python=("-c", program)) as process:
        with Client(process.port()) as client:
            assert client.get("/").body == b"hello"
        assert process.end(signal.SIGINT) == 128 + signal.SIGINT
        assert process.stdout.rest() == "cleaned up\n"


def test_run_simple_with_the_debugger_prints_the_banner_of_a_wrapped_application_once() -> None:
    program = (
        f"{HELLO}\nfrom debugkit import DebuggedApplication, run_simple\n"
        "run_simple('127.0.0.1', 0, DebuggedApplication(app), use_debugger=True)"
    )
    with Program(python=("-c", program)) as process:
        process.port()
        process.read_until(r"\d{3}-\d{3}-\d{3}")
        process.send_signal(signal.SIGINT)
        assert not re.search(r"\d{3}-\d{3}-\d{3}", process.stderr.rest())


def test_run_simple_passes_errors_through_to_the_program() -> None:
    program = f"{HELLO}\nfrom debugkit import run_simple\nrun_simple('127.0.0.1', 0, app, passthrough_errors=True)"
    with Program(python=("-c", program)) as process:
        with Client(process.port()) as client:
            client.get("/fails")
        process.read_until("^LookupError: no tea")
        assert process.wait() == 1


def test_run_simple_says_what_to_use_instead_of_a_request_handler() -> None:
    with pytest.raises(ConfigurationError, match="put what it does to requests into a WSGI middleware"):
        run_simple("127.0.0.1", 0, application([b"ok"]), request_handler=object)


@contextmanager
def refused(capsys: pytest.CaptureFixture[str]) -> Iterator[list[str]]:
    """What happens inside ends the program with status 1 and one sentence."""
    sentences: list[str] = []
    with pytest.raises(SystemExit) as caught:
        yield sentences
    assert caught.value.code == 1
    sentences.append(capsys.readouterr().err)
    assert sentences[0].startswith("debugkit: ")
    assert sentences[0].count("\n") == 1


@pytest.mark.parametrize(
    ("host", "port", "choices", "sentence"),
    [
        ("192.0.2.1", 0, {}, "Cannot listen on 192.0.2.1:0"),
        ("no such host", 0, {}, "'no such host' is not an address of this computer"),
        ("localhost", "http", {}, "'http' is not a port"),
        ("localhost", "", {}, "'' is not a port"),
        ("localhost", None, {}, "None is not a port"),
        ("localhost", 70000, {}, "70000 is not a port"),
        ("unix:/no/such/folder/s", 0, {}, "Cannot listen on the Unix socket /no/such/folder/s"),
        ("localhost", 0, {"ssl_context": ("missing.crt", "missing.key")}, "missing.crt"),
        ("localhost", 0, {"ssl_context": "adhoc.crt"}, "ssl_context"),
    ],
    ids=str,
)
def test_run_simple_says_what_cannot_work_in_one_sentence_and_ends_with_status_1(
    host: str, port: Any, choices: dict[str, Any], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with refused(capsys) as sentences:
        run_simple(host, port, application([b"hello"]), **choices)
    assert sentence in sentences[0]


def test_run_simple_names_a_port_that_is_in_use_also_under_a_reloader(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        for number in (port, str(port)):
            with refused(capsys) as sentences:
                run_simple("127.0.0.1", number, application([b"hello"]))
            assert f"Port {port} is in use on 127.0.0.1" in sentences[0]
        file = tmp_path / "site.py"
        file.write_text(
            f"{HELLO}\nfrom debugkit import run_simple\nrun_simple('127.0.0.1', {port}, app, use_reloader=True)\n"
        )
        with Program(python=("site.py",), cwd=tmp_path) as process:
            assert process.wait() == 1
            assert re.fullmatch(rf"debugkit: Port {port} is in use on 127\.0\.0\.1.*\n", process.stderr.rest())


def test_run_simple_takes_its_port_as_the_environment_gives_it() -> None:
    program = f"{HELLO}\nimport os\nfrom debugkit import run_simple\nrun_simple('127.0.0.1', os.environ['PORT'], app)"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Program(python=("-c", program), PORT=str(port)) as process:
        assert process.port() == port
        with Client(port) as client:
            assert client.get("/").body == b"hello"


def test_run_simple_offers_the_parameters_of_werkzeug_with_their_defaults() -> None:
    import werkzeug.serving

    theirs = inspect.signature(werkzeug.serving.run_simple).parameters
    ours = inspect.signature(run_simple).parameters

    assert list(ours) == list(theirs)
    # One idle browser stops Werkzeug's server unless it is threaded: this one is concurrent by default.
    assert {name for name in theirs if ours[name].default != theirs[name].default} == {"threaded"}


def test_run_simple_serves_files_over_https_in_several_processes(tmp_path: Path) -> None:
    (tmp_path / "tea.txt").write_text("green")
    program = (
        f"{HELLO}\nfrom debugkit import run_simple\nrun_simple('localhost', 0, app, processes=2, "
        f"static_files={{'/files': {str(tmp_path)!r}}}, ssl_context='adhoc')"
    )
    with Program(python=("-c", program)) as process:
        port = process.port()
        trusting = ssl.create_default_context(cafile=user_certificate())
        with urllib.request.urlopen(
            f"https://localhost:{port}/files/tea.txt", context=trusting, timeout=TIMEOUT
        ) as reply:
            assert reply.read() == b"green"
        with urllib.request.urlopen(f"https://127.0.0.1:{port}/", context=trusting, timeout=TIMEOUT) as reply:
            assert reply.read() == b"hello"
        assert process.end(signal.SIGTERM) == 128 + signal.SIGTERM


def user_certificate() -> str:
    """The path that ``debugkit cert`` tells."""
    return re.findall("^Certificate: (.*)$", run("cert").stdout, re.M)[0]


def test_the_certificate_command_shows_the_kept_one_and_writes_others(tmp_path: Path) -> None:
    first, second = run("cert"), run("cert")
    assert first.returncode == 0
    assert first.stdout == second.stdout
    assert "localhost" in first.stdout

    done = run("cert", "--out", str(tmp_path / "shop"), "--host", "shop.test")
    assert done.returncode == 0
    assert "shop.test" in done.stdout
    assert (tmp_path / "shop.key").stat().st_mode & 0o777 == 0o600

    again = run("cert", "--out", str(tmp_path / "shop"))
    assert again.returncode == 1
    assert again.stderr.startswith("debugkit: ")
    assert again.stderr.count("\n") == 1


def test_an_application_is_not_wrapped_twice_also_when_flask_holds_the_debugger() -> None:
    class Flask:
        wsgi_app: Any = staticmethod(application([b"ok"]))

        def __call__(self, environ: Any, start_response: Any) -> Any:
            return self.wsgi_app(environ, start_response)

    flask: Any = Flask()
    assert debugger_of(flask) is None
    flask.wsgi_app = wrap_in_debugger(flask.wsgi_app)
    assert wrap_in_debugger(flask) is flask
    assert debugger_of(flask) is flask.wsgi_app
    assert wrap_in_debugger(flask.wsgi_app) is flask.wsgi_app


def test_the_name_that_the_server_is_bound_to_is_trusted(hello: Path) -> None:
    with Program("run", str(hello), "--host", "localhost", "--port", "0") as process:
        with Client(process.port()) as client:
            assert b"no tea" in client.get("/fails", "Host: localhost", "Accept: text/html").body
            assert b"no tea" not in client.get("/fails", "Host: evil.test", "Accept: text/html").body
