"""The log of requests, the signals of reloading, and the prompt after an error, each by itself."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django_site
import pytest
from django.test import RequestFactory
from django.utils.autoreload import BaseReloader, autoreload_started, file_changed
from django.utils.log import ServerFormatter
from django.views import debug
from django_site import debugged

from debugkit import ConfigurationError
from debugkit.debug.live import Events
from debugkit.django import request_log
from debugkit.django.reloading import Reloader, literal, patterns
from debugkit.django.request_log import NAME, RequestLog
from debugkit.django.serving import RemoteUser, project_folder

assert django_site  # settings are needed


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Kept(logging.Handler):
    """Keeps the records it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[Any] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """Django's logger of requests as nobody has set it up; afterwards as it was."""
    found = logging.getLogger(NAME)
    before = found.handlers, found.level, found.propagate, found.disabled
    found.handlers, found.propagate = [], False
    found.setLevel(logging.NOTSET)
    yield found
    for handler in found.handlers:
        handler.close()
    found.handlers, level, found.propagate, found.disabled = before
    found.setLevel(level)


# The log


def test_a_request_is_a_record_as_djangos_own_server_makes_it(logger: logging.Logger) -> None:
    kept = Kept()
    logger.addHandler(kept)
    logger.setLevel(logging.INFO)
    log = RequestLog(io.StringIO())
    log.access("127.0.0.1", "GET /teas/?token=secret HTTP/1.1", 404, 1234, 0.0123)
    (record,) = kept.records
    assert record.getMessage() == '"GET /teas/?[not logged] HTTP/1.1" 404 1234 12.3ms'
    assert (record.levelname, record.status_code, record.args[1]) == ("WARNING", 404, "404")
    assert record.request.getpeername() == ("127.0.0.1", 0)
    assert record.seconds == 0.0123
    assert ServerFormatter("[{server_time}] {message}", style="{").format(record).startswith("[")


@pytest.mark.parametrize(("status", "level"), [(200, "INFO"), (302, "INFO"), (400, "WARNING"), (500, "ERROR")])
def test_the_level_says_how_bad_the_status_is(logger: logging.Logger, status: int, level: str) -> None:
    kept = Kept()
    logger.addHandler(kept)
    logger.setLevel(logging.INFO)
    RequestLog(io.StringIO()).access("", "GET / HTTP/1.1", status)
    assert kept.records[0].levelname == level


def test_the_debuggers_own_addresses_are_not_logged(logger: logging.Logger) -> None:
    kept = Kept()
    logger.addHandler(kept)
    logger.setLevel(logging.INFO)
    RequestLog(io.StringIO()).access("", "GET /__debugkit__/events HTTP/1.1", 200)
    assert kept.records == []


def test_a_logger_that_nobody_has_set_up_speaks_to_the_terminal(
    logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    logger.handlers = []  # pytest has put its own there
    request_log.prepare(colours=None, environ={})
    RequestLog(io.StringIO()).access("", "GET / HTTP/1.1", 200, 5, 0.001)
    assert capsys.readouterr().err.endswith('] "GET / HTTP/1.1" 200 5 1.0ms\n')


def test_a_logger_that_other_settings_have_disabled_speaks_again(logger: logging.Logger) -> None:
    kept = Kept()
    logger.addHandler(kept)
    logger.disabled = True
    request_log.prepare(colours=None, environ={})
    RequestLog(io.StringIO()).access("", "GET / HTTP/1.1", 200)
    assert len(kept.records) == 1


def test_a_level_that_the_settings_ask_for_is_kept(logger: logging.Logger) -> None:
    logger.addHandler(Kept())
    logger.setLevel(logging.ERROR)
    request_log.prepare(colours=None, environ={})
    assert logger.level == logging.ERROR


@pytest.mark.parametrize(
    ("stream", "colours", "environ", "found"),
    [
        (io.StringIO(), None, {}, False),
        (Terminal(), None, {}, True),
        (Terminal(), False, {}, False),
        (Terminal(), None, {"NO_COLOR": "1"}, False),
        (Terminal(), None, {"DJANGO_COLORS": "nocolor"}, False),
        (io.StringIO(), True, {}, True),
        (io.StringIO(), None, {"FORCE_COLOR": "1"}, True),
    ],
    ids=["file", "terminal", "--no-color", "NO_COLOR", "DJANGO_COLORS", "--force-color", "FORCE_COLOR"],
)
def test_colours_are_for_terminals_unless_somebody_says_so(
    logger: logging.Logger, stream: io.StringIO, colours: bool | None, environ: dict[str, str], found: bool
) -> None:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(ServerFormatter("{message}", style="{"))
    logger.addHandler(handler)
    request_log.prepare(colours=colours, environ=environ)
    RequestLog(io.StringIO()).access("", "GET / HTTP/1.1", 404)
    assert ("\x1b" in stream.getvalue()) is found
    stream.truncate(0)


def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be written"):
        request_log.write_to(str(tmp_path))


# Reloading


@pytest.fixture
def receivers() -> Iterator[list[Any]]:
    """Receivers of both signals: one that wants files watched, and one that deals with those in ``recipes``."""
    heard: list[Any] = []

    def started(sender: Any, **_: Any) -> None:
        heard.append(sender)
        sender.watch_dir("/tea/[old]", "**/*.txt")
        sender.extra_files.add("/tea/notes.txt")

    def changed(sender: Any, file_path: Path, **_: Any) -> bool | None:
        heard.append(file_path)
        return True if "recipes" in file_path.parts else None

    autoreload_started.connect(started)
    file_changed.connect(changed)
    yield heard
    autoreload_started.disconnect(started)
    file_changed.disconnect(changed)


def test_receivers_get_djangos_kind_of_reloader_and_what_they_want_is_watched(receivers: list[Any]) -> None:
    watched: list[str] = []
    reloader = Reloader(watched.extend)
    reloader.start()
    assert receivers == [reloader]
    assert isinstance(reloader, BaseReloader)
    assert {"/tea/[[]old]/**/*.txt", "/tea/notes.txt"} <= set(watched)
    assert reloader.directory_globs[Path("/tea/[old]")] == {"**/*.txt"}
    assert list(reloader.tick()) == []


def test_a_change_needs_no_restart_when_every_file_of_it_was_dealt_with(receivers: list[Any]) -> None:
    reloader = Reloader(lambda files: None)
    assert reloader.changed(["/tea/recipes/a.txt", "/tea/recipes/b.txt"]) == "handled"
    assert reloader.changed(["/tea/other.txt", "/tea/recipes/a.txt"]) == "restart"
    assert receivers[-2:] == [Path("/tea/other.txt"), Path("/tea/recipes/a.txt")]


def test_pages_hear_of_a_change_that_needed_no_restart(receivers: list[Any]) -> None:
    events = Events("one")
    stream = events.stream()
    reloader = Reloader(lambda files: None, lambda: events)
    reloader.changed(["/tea/other.txt"])
    assert events.generation == "one"
    reloader.changed(["/tea/recipes/a.txt"])
    assert events.generation != "one"
    assert events.generation.encode() in [next(stream) for _ in range(3)][-1]


def test_a_folder_whose_name_looks_like_a_pattern_is_meant_literally() -> None:
    assert patterns({Path("/a[b]/c*"): {"*.mo"}}) == ["/a[[]b]/c[*]/*.mo"]
    assert literal("/plain/path") == "/plain/path"


def test_a_prompt_opens_for_an_error_of_the_server_and_not_for_a_mistake_of_the_client() -> None:
    seen: list[Any] = []
    request = RequestFactory().get("/", headers={"accept": "text/plain"})
    with debugged() as app:
        app.debugger.post_mortem = lambda error, trace: seen.append((error, trace))
        try:
            raise KeyError("tea")
        except KeyError as error:
            kind, value, trace = type(error), error, error.__traceback__
        for status in (500, 400):
            assert debug.technical_500_response(request, kind, value, trace, status_code=status).status_code == status
    assert seen == [(value, trace)]


# Small things


def test_the_environments_user_is_the_requests_user() -> None:
    environ: dict[str, Any] = {}
    application = RemoteUser(lambda environ, start_response: [environ["REMOTE_USER"].encode()], "ada")
    assert application(environ, lambda *_: lambda data: None) == [b"ada"]


def test_a_projects_folder_is_that_of_manage_py_and_else_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sub").mkdir()
    program = tmp_path / "sub" / "manage.py"
    program.touch()
    monkeypatch.chdir(tmp_path)
    for argv, folder in {"sub/manage.py": program.parent, django_site.django.__file__: tmp_path, "": tmp_path}.items():
        monkeypatch.setattr("sys.argv", [argv])
        assert project_folder() == folder
