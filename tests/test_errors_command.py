"""``debugkit errors``: what it prints of real servers, for whom, and with which exit status."""

from __future__ import annotations

import json
import os
import socket
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from ssl import SSLContext
from tempfile import TemporaryDirectory
from typing import Any

import jsonschema
import pytest
from client import Client
from django_support import site
from integration.processes import Kind, child_environ, serving
from process_support import TIMEOUT, Process
from serving_support import ROOT, Running, application, running
from tls_support import careless

from debugkit import DebuggedApplication
from debugkit.cli import main
from debugkit.servers.arguments import since
from debugkit.servers.known import FOLDER, MOST, Address, known, note
from debugkit.servers.unix_sockets import UnixConnection
from debugkit.serving import make_ssl_devcert

SCHEMA = json.loads((ROOT / "tests" / "support" / "error.schema.json").read_text("utf-8"))


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("DEBUGKIT_STATE_DIR", str(folder))
    return folder


def failing(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    password = "hunter2" * 2
    if environ["PATH_INFO"] == "/odd":
        raise ValueError("`code`\n\x1b[2J # title")
    try:
        return [{"name": len(password)}["price"]]  # type: ignore[list-item]
    except KeyError as error:
        raise RuntimeError(f"no price, password={password}") from error


@pytest.fixture
def server(state: Path) -> Iterator[Running]:
    app = DebuggedApplication(failing, state_dir=state, pin_logging=False)
    with running(app, check=False) as server:
        server.get("/cart")
        yield server


def errors(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    capsys.readouterr()
    assert main(["errors", *arguments]) == status
    return capsys.readouterr().out


def listed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    answer = json.loads(errors(capsys, "--json"))
    assert answer["format"] == 1
    rows: list[dict[str, Any]] = answer["errors"]
    return rows


def test_all_errors_are_listed_newest_first(server: Running, capsys: pytest.CaptureFixture[str]) -> None:
    server.get("/cart")
    server.get("/odd")
    newest, other = listed(capsys)

    assert (newest["type"], newest["request_line"], newest["count"]) == ("ValueError", "GET /odd", 1)
    assert (other["type"], other["status"], other["count"], other["live"]) == ("RuntimeError", 500, 2, True)
    assert other["where"].endswith("in failing")
    assert other["url"] == f"http://127.0.0.1:{server.port}/__debugkit__/tracebacks/{other['id']}"


def test_the_list_as_markdown_is_a_line_for_each_in_which_no_markup_counts(
    server: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    server.get("/odd")
    lines = errors(capsys).splitlines()

    assert len(lines) == 2
    assert lines[0].startswith("- `ValueError: 'code'")
    assert "\x1b" not in lines[0]


def test_one_error_is_printed_in_full_and_redacted(server: Running, capsys: pytest.CaptureFixture[str]) -> None:
    [row] = listed(capsys)
    by_id, last = errors(capsys, row["id"]), errors(capsys, "last")

    assert by_id == last
    assert last.startswith("# `RuntimeError: no price, password=••••••`")
    assert "KeyError" in last
    assert "hunter2hunter2" not in last


def test_json_is_as_the_schema_has_it(server: Running, capsys: pytest.CaptureFixture[str]) -> None:
    problem = json.loads(errors(capsys, "last", "--json"))
    jsonschema.validate(problem, SCHEMA)
    frame = problem["exceptions"][0]["frames"][-1]

    assert "hunter2hunter2'" not in json.dumps(problem["exceptions"][0]["frames"][-1]["values"])
    assert [line["text"].strip()[:5] for line in frame["source"] if line["current"]] == ["raise"]
    assert problem["versions"][0].startswith("Python ")


def test_an_unknown_id_is_an_error(server: Running, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["errors", "0123"]) == 1
    assert capsys.readouterr().err == ("debugkit: There is no error with the id 0123 in a running server of yours.\n")


def test_the_exit_status_tells_whether_there_were_errors_since_then(
    server: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "RuntimeError" in errors(capsys, "--since", "1d", status=1)
    assert errors(capsys, "--since", "2999-01-01T00:00") == "No errors.\n"
    assert errors(capsys, "last", "--since", "2999-01-01") == ""
    assert since("1700000000") == 1_700_000_000
    with pytest.raises(SystemExit):
        main(["errors", "--since", "yesterday"])


def test_without_servers_there_is_nothing(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert errors(capsys) == "No errors.\n"
    capsys.readouterr()
    assert main(["errors", "last"]) == 1


def test_a_server_that_has_ended_is_forgotten(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        note(state, Address(f"http://127.0.0.1:{unused.getsockname()[1]}/__debugkit__"))
        assert errors(capsys) == "No errors.\n"

    assert not list(known(state))


def test_another_server_at_its_address_is_asked_once(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running(application([b"<h1>Shop</h1>"])) as other:
        note(state, Address(f"http://127.0.0.1:{other.port}/__debugkit__"))
        assert errors(capsys) == "No errors.\n"

    assert not list(known(state))


def test_only_addresses_of_this_user_are_read(state: Path) -> None:
    note(state, Address("http://127.0.0.1:1/__debugkit__"))
    [server] = known(state)
    assert stat.S_IMODE(server.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(server.file.parent.stat().st_mode) == 0o700

    server.file.chmod(0o644)
    assert not list(known(state))
    server.file.chmod(0o600)
    (state / FOLDER).chmod(0o755)
    assert not list(known(state))


def test_what_is_no_address_is_left_alone(state: Path) -> None:
    note(state, Address("file:///etc/passwd"))
    note(state, Address("http://127.0.0.1:1/__debugkit__"))
    (state / FOLDER / "broken.json").write_text("{")

    assert [server.address.base for server in known(state)] == ["http://127.0.0.1:1/__debugkit__"]


def test_servers_are_bounded(state: Path) -> None:
    for port in range(MOST + 5):
        note(state, Address(f"http://127.0.0.1:{port + 1}/__debugkit__"))

    assert len(list(known(state))) == MOST


def test_a_server_whose_state_cannot_be_kept_fails_as_ever(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    (state / FOLDER).write_text("in the way")
    client = Client(DebuggedApplication(failing, state_dir=state, pin_logging=False))

    assert client("/").status == 500


ASGI = Kind("asgi", ("-m", "debugkit", "run", "--port", "0", "TARGET"), needs=("uvicorn",))
GUNICORN = Kind("gunicorn", ("-m", "gunicorn", "--bind=127.0.0.1:0", "--workers=4", "TARGET"), needs=("gunicorn",))


@pytest.mark.parametrize(("kind", "target"), [(ASGI, "asgi_site:application"), (GUNICORN, "apps:application")])
def test_it_works_with_other_servers(kind: Kind, target: str, state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(kind, state, target) as server:
        made = {server.browser().error() for _ in range(6)}
        rows = listed(capsys)
        jsonschema.validate(json.loads(errors(capsys, "last", "--json")), SCHEMA)

        assert sum(row["count"] for row in rows) == len(made)
        assert all(json.loads(errors(capsys, error, "--json"))["id"] == error for error in made)


def test_it_works_with_runserver_plus(tmp_path: Path, state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "site").mkdir()
    with site(tmp_path / "site", DEBUGKIT_STATE_DIR=os.fspath(state)) as project:
        project.get("/fails/")
        jsonschema.validate(json.loads(errors(capsys, "last", "--json")), SCHEMA)

        assert [row["type"] for row in listed(capsys)] == ["KeyError"]


@pytest.fixture
def folder() -> Iterator[Path]:
    """For a socket, whose path must be short."""
    with TemporaryDirectory() as name:
        yield Path(name)


def ask(path: Path, target: str, tls: SSLContext | None = None, **headers: str) -> str:
    connection = UnixConnection(str(path), TIMEOUT, tls)
    connection.request("GET", target, headers=headers)
    with closing(connection):
        return connection.getresponse().read().decode()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of the sockets of a process")
@pytest.mark.parametrize(
    "line",
    [
        ("debugkit", "run", "--no-reload", "--cert=own.crt", "--key=own.key"),
        ("gunicorn", "--certfile=own.crt", "--keyfile=own.key"),
    ],
    ids=["debugkit", "gunicorn"],
)
def test_a_unix_socket_may_have_tls(
    line: tuple[str, ...], state: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, environ = folder / "s", child_environ(state) | {"PYTHONPATH": str(ROOT / "tests" / "integration")}
    make_ssl_devcert(str(folder / "own"))
    command = [sys.executable, "-m", *line, "--bind", f"unix:{path}", "apps:application"]
    with Process(command, cwd=folder, env=environ, merged=True) as process:
        process.wait_for(f"unix:{path}")
        ask(path, "/fails", careless())
        process.wait_for("Debugger page")
        [row] = listed(capsys)

        assert json.loads(errors(capsys, "last", "--json"))["id"] == row["id"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of the sockets of a process")
@pytest.mark.parametrize(
    ("command", "target"),
    [
        (("debugkit", "run", "--bind"), "apps:application"),
        (("gunicorn", "--workers=2", "--bind"), "apps:application"),
        (("debugkit", "run", "--bind"), "asgi_site:application"),
    ],
)
def test_it_works_over_a_unix_socket_for_who_reads_the_state_of_this_user(
    command: tuple[str, ...], target: str, state: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "s"
    line = [sys.executable, "-m", *command, f"unix:{path}", target]
    with Process(line, cwd=ROOT / "tests" / "integration", env=child_environ(state), merged=True) as process:
        process.wait_for(f"unix:{path}")
        ask(path, "/fails")
        process.wait_for("Debugger page")  # an ASGI application is answered before that is printed
        [row] = listed(capsys)
        document = json.loads(errors(capsys, "last", "--json"))
        jsonschema.validate(document, SCHEMA)

        assert row["url"] == f"http://unix:{path}:/__debugkit__/tracebacks/{row['id']}"
        assert document["id"] == row["id"]
        values = [value for frame in document["exceptions"][-1]["frames"] for value in frame["values"]]
        assert values
        [server] = known(state)
        assert server.address.key
        assert server.address.key not in repr(server) + process.log
        for key in ("", server.address.key[:-1], server.address.key + "0"):
            shown = json.loads(ask(path, f"/__debugkit__/tracebacks/{row['id']}.json", **{"X-Debugkit-Reader": key}))
            assert not any(frame.get("values") for frame in shown["exceptions"][-1]["frames"])

    assert errors(capsys) == "No errors.\n"
    assert not list(known(state))


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can make files of others")
def test_a_socket_of_another_user_is_not_asked(folder: Path) -> None:
    path = folder / "s"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        os.chown(path, 12345, -1)
        with pytest.raises(PermissionError):
            UnixConnection(str(path), TIMEOUT).connect()
