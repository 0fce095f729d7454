"""``manage.py runserver_plus`` as a person runs it: real processes, sockets, files and signals."""

from __future__ import annotations

import re
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django_support import FILES, MODELS, names, refusal, several_refusals, site, started, write_project
from reload_support import Project
from serving_support import TIMEOUT, Client, environ, request

BROWSER = ("Accept: text/html", "Sec-Fetch-Dest: document", "Sec-Fetch-Mode: navigate")

#: What stands for the application of a person, and an add-on's receivers.
APPS = """
import sys
from django.apps import AppConfig
from django.utils.autoreload import BaseReloader, autoreload_started, file_changed

class TeaConfig(AppConfig):
    name = "tea"
    def ready(self):
        autoreload_started.connect(started)
        file_changed.connect(changed)

def started(sender, **kwargs):
    assert isinstance(sender, BaseReloader)
    print("started once", file=sys.stderr)
    sender.watch_dir("recipes", "*.txt")
    sender.extra_files.add("notes.txt")

def changed(sender, file_path, **kwargs):
    if file_path.parent.name == "recipes":
        print("told of", file_path.name, file=sys.stderr)
        return True
"""

STATIC = """
STATIC_URL = "static/"
INSTALLED_APPS += ["django.contrib.staticfiles"]
"""

#: The table of the model, made as a migration would.
DATABASE_READY = """
import sqlite3
with sqlite3.connect(BASE_DIR / "tea.sqlite3") as _database:
    _database.execute("CREATE TABLE IF NOT EXISTS tea_cup (id INTEGER PRIMARY KEY, name TEXT)")
_database.close()
"""


def test_a_project_is_served_with_banner_pin_and_a_log_in_djangos_way(tmp_path: Path) -> None:
    with site(tmp_path) as found:
        assert found.text.startswith("tea ")
        assert found.get("/__debugkit__/tracebacks").status == 200
        assert found.get("/fails/").status == 500
        found.says(r'"GET /fails/ HTTP/1.1" 500 \d+ ')
        assert "Django " in found.terminal
        assert "'site_settings'" in found.terminal
        assert re.search(r"Debugger PIN: \d{3}-\d{3}-\d{3}", found.terminal)
        assert re.search(r'^\[\d\d/\w{3}/\d{4} [\d:]{8}\] "GET / HTTP/1.1" 200 \d+ \S+$', found.terminal, re.M)
        assert "__debugkit__/tracebacks HTTP" not in found.terminal
        assert "\x1b" not in found.terminal
        assert found.process.end(signal.SIGTERM) == 128 + signal.SIGTERM


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A site of one process."""
    folder = tmp_path_factory.mktemp("bare")
    more = (
        f"{DATABASE_READY}\nDATABASES['default']['CONN_MAX_AGE'] = None\n"
        "LOGGING = {'version': 1, 'loggers': {'tea': {'level': 'INFO'}}}\n"
    )
    with site(folder, "--noreload", more=more, DEBUGKIT_STATE_DIR=str(folder / "state")) as found:
        yield found


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_no_connection_to_the_database_is_left_after_checks_and_requests(bare: Project) -> None:
    assert bare.get("/sql/").status == 200
    bare.says('"GET /sql/')
    descriptors = Path(f"/proc/{bare.process.pid}/fd").iterdir()
    assert not [path for path in descriptors if path.exists() and path.resolve().name == "tea.sqlite3"]


def test_without_the_reloader_the_same_process_serves(bare: Project) -> None:
    assert bare.text == f"tea {bare.process.pid}"
    assert "KeyError" in bare.get("/fails/", "Accept: text/plain").body.decode()


def test_a_logging_setting_that_forgets_the_server_does_not_silence_it(bare: Project) -> None:
    bare.get("/page/")
    bare.says(r'"GET /page/ HTTP/1.1" 200')


def test_the_one_process_without_the_reloader_ends_as_shells_expect(bare: Project) -> None:
    """Last: the others are served by it."""
    assert bare.process.end(signal.SIGINT) == 128 + signal.SIGINT


def test_a_failing_check_at_the_first_start_is_shown_in_the_browser_and_heals(tmp_path: Path) -> None:
    write_project(tmp_path, **{"tea/models.py": MODELS + "\n    class Meta:\n        ordering = ['leaf']\n"})
    options = ("--force-color", "--reloader-type", "stat", "--reloader-interval", "0.1")
    with started(tmp_path, "runserver_plus", "0", *options) as found:
        page = found.get("/", *BROWSER)
        text = found.get("/", "Accept: text/plain").body.decode()
        assert page.status == 500
        assert page.header("Content-Type") == "text/html; charset=utf-8"
        assert "models.E015" in text
        assert "\x1b" not in text
        assert "Debugger PIN" in found.terminal
        found.save(MODELS, "tea/models.py")
        assert found.text.startswith("tea ")


def test_a_wrong_wsgi_application_is_shown_in_the_browser_and_heals_in_the_settings(tmp_path: Path) -> None:
    write_project(tmp_path, 'WSGI_APPLICATION = "tea.gate.application"')
    with started(tmp_path, "runserver_plus", "0") as found:
        assert "No module named 'tea.gate'" in found.get("/", "Accept: text/plain").body.decode()
        found.save(FILES["site_settings.py"], "site_settings.py")
        assert found.text.startswith("tea ")


def test_templates_are_taken_over_without_a_restart_and_pages_of_errors_hear_of_it(tmp_path: Path) -> None:
    with site(tmp_path) as found:
        first = found.get("/page/").body.decode()
        with Client(found.port) as client:
            client.send(request("GET /__debugkit__/events HTTP/1.1"))
            client.read_until(b"event: hello")
            before = client.read_until(b"\n\n")
            found.write("second {{ process }}", "templates/page.html")
            found.says("templates/page.html: applied without a restart")
            client.read_until(b"event: hello")
            assert client.read_until(b"\n\n") != before
        assert found.get("/page/").body.decode() == first.replace("first", "second")
        # A loader remembers also what it has not found.
        assert found.get("/late/").status == 500
        found.write("late", "templates/late.html")
        found.says("templates/late.html: applied without a restart")
        assert found.get("/late/").body == b"late"


def test_receivers_of_djangos_signals_choose_what_is_watched_and_what_needs_no_restart(tmp_path: Path) -> None:
    write_project(tmp_path, **{"tea/apps.py": APPS, "recipes/green.txt": "1", "notes.txt": "1"})
    options = ("--extra-file", "other.txt", "--startup-messages", "once")
    with started(tmp_path, "runserver_plus", "0", *options) as found:
        assert found.terminal.count("started once") == 1
        text = found.text
        found.write("2", "recipes/green.txt")
        found.says("told of green.txt")
        found.write("1", "recipes/new.txt")
        found.says("told of new.txt")
        assert found.text == text
        found.save("2", "notes.txt")
        assert found.text != text
        found.save("1", "other.txt")
        assert found.process.end(signal.SIGTERM) == 128 + signal.SIGTERM
        assert found.process.stdout.rest().count("System check") == 1


def test_what_cannot_work_is_one_sentence_and_nothing_is_written(tmp_path: Path) -> None:
    before = names(write_project(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sentences = {
            ("--bogus",): "unrecognized arguments: --bogus",
            ("0", "--reloader-type", "bogus"): "Invalid value for --reloader-type: 'bogus'",
            ("0", "--output", "no/such/folder/log"): "--output no/such/folder/log cannot be written",
            ("0", "--cert", "no/such/folder/tea"): "make the folder",
            ("0", "--ipdb"): "--ipdb needs the package ipdb",
            (str(port),): f"Port {port} is in use",
        }
        refusals = several_refusals(tmp_path, *(("runserver_plus", *arguments) for arguments in sentences))
    for (status, output), sentence in zip(refusals, sentences.values(), strict=True):
        assert (status, output.count("\n")) == (1, 1), output
        assert output.startswith("CommandError: ")
        assert sentence in output
    assert names(tmp_path) == before


def test_without_debug_and_allowed_hosts_it_refuses_to_serve(tmp_path: Path) -> None:
    write_project(tmp_path, "DEBUG = False")
    status, output = refusal(tmp_path, "runserver_plus", "0")
    assert (status, output) == (1, "CommandError: You must set settings.ALLOWED_HOSTS if DEBUG is False.\n")


def test_without_debug_there_is_no_debugger_at_all(tmp_path: Path) -> None:
    with site(tmp_path, "--insecure", more=STATIC + "DEBUG = False\nALLOWED_HOSTS = ['*']") as found:
        assert found.get("/static/leaf.txt").body == b"green"
        assert "KeyError" not in found.get("/fails/", *BROWSER).body.decode()
        assert found.get("/__debugkit__/tracebacks").status == 404
        assert "PIN" not in found.terminal
        found.save("no python", "tea/models.py")
        assert found.get("/", *BROWSER).body == b"The application failed to start. See the terminal.\n"


def test_queries_are_printed_with_time_database_and_the_users_line(tmp_path: Path) -> None:
    write_project(tmp_path, DATABASE_READY)
    with started(tmp_path, "runserver_plus", "0", "--noreload", "--print-sql", "--print-sql-location") as found:
        assert found.get("/sql/").body == b"3"  # connection.queries is what it always is
        found.says('"GET /sql/')
        terminal = found.terminal
        assert "SELECT 'Assam' AS leaf" in terminal
        assert re.search(r"^    \S+s  \[default\]  tea/views.py:\d+ in sql$", terminal, re.M)
        assert "2 times" in terminal
        assert "django_migrations" not in terminal
        assert "\x1b" not in terminal


def test_the_output_file_holds_requests_and_errors_but_no_pin_and_no_colours(tmp_path: Path) -> None:
    with site(tmp_path, "--noreload", "--output", "log.txt", "--force-color") as found:
        found.get("/fails/")
        found.says(r'"GET /fails/')
        written = (tmp_path / "log.txt").read_text()
        assert re.search(r'^\d{4}-\d\d-\d\d \S+ "GET /fails/ HTTP/1.1" 500', written, re.M)
        assert "KeyError" in written
        assert "PIN" not in written
        assert "\x1b" not in written
        assert "\x1b" in found.terminal


def test_https_with_a_certificate_that_is_made_under_exactly_the_names_given(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    with site(tmp_path, "--cert-file", "./tea.pem", "--key-file", "keys/tea-key.pem", "--noreload") as found:
        assert "Created a certificate" in found.terminal
        assert (tmp_path / "keys/tea-key.pem").stat().st_mode & 0o777 == 0o600
        context = ssl.create_default_context(cafile=str(tmp_path / "tea.pem"))
        with context.wrap_socket(
            socket.create_connection(("127.0.0.1", found.port), TIMEOUT), server_hostname="127.0.0.1"
        ) as sock:
            sock.sendall(request("GET / HTTP/1.0"))
            assert sock.recv(12) == b"HTTP/1.1 200"


def test_the_page_waits_until_the_post_mortem_in_the_terminal_is_left(tmp_path: Path) -> None:
    with site(tmp_path, "--noreload", "--pm", stdin=subprocess.PIPE) as found:
        with Client(found.port) as client:
            client.send(request("GET /fails/ HTTP/1.1", "Accept: text/plain"))
            found.says("KeyError: stopped where it was raised")
            found.process.tell("p 'cups are', cups\nq\n")
            found.process.stdout.read_until(r"\('cups are', \{'green': 2\}\)")
            assert b"KeyError: 'black'" in client.reply().body


def test_static_files_are_served_as_django_does_and_the_environments_user_is_the_requests(tmp_path: Path) -> None:
    options = ("--noreload", "--skip-checks", "--nothreading")
    with site(tmp_path, *options, more=STATIC, REMOTE_USER="ada") as found:
        assert found.get("/static/leaf.txt").body == b"green"
        assert found.get("/user/").body == b"ada"
    with started(tmp_path, "runserver_plus", "0", *options, "--nostatic") as found:
        assert found.get("/static/leaf.txt").status == 404


def test_the_name_runserver_can_be_debugkits_too(tmp_path: Path) -> None:
    more = STATIC + 'INSTALLED_APPS[:0] = ["debugkit.django.runserver", "whitenoise.runserver_nostatic"]'
    write_project(tmp_path, more, **{"whitenoise/runserver_nostatic/__init__.py": ""})
    with started(tmp_path, "runserver", "0", "--noreload", "--nopin") as found:
        assert "is served by debugkit" in found.terminal
        assert "PIN" not in found.terminal
        # WhiteNoise's application says that it serves the static files.
        assert found.get("/static/leaf.txt").status == 404


def test_a_runserver_of_another_application_that_wins_is_spoken_of(tmp_path: Path) -> None:
    write_project(tmp_path, STATIC + 'INSTALLED_APPS += ["debugkit.django.runserver"]')
    status, output = refusal(tmp_path, "check")
    assert status == 0
    assert "debugkit.W001" in output
    assert "Put 'debugkit.django.runserver' before 'django.contrib.staticfiles' in INSTALLED_APPS." in output


def test_a_project_whose_settings_are_broken_can_be_started_and_heals(tmp_path: Path) -> None:
    write_project(tmp_path, "import no_such_module")
    python = ("-m", "debugkit.django")
    with started(tmp_path, "manage.py", "runserver_plus", "0", "-v", "1", python=python) as found:
        page = found.get("/", *BROWSER)
        assert page.status == 500
        assert "no_such_module" in page.body.decode()
        assert "Debugger PIN" in found.terminal
        found.save(FILES["site_settings.py"], "site_settings.py")
        assert found.text.startswith("tea ")
        assert found.process.end(signal.SIGTERM) == 128 + signal.SIGTERM


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere.py", "runserver_plus"], "There is no nowhere.py here"),
        (["manage.py", "migrate"], "Name a command to run: runserver_plus or runserver."),
        (["runserver_plus", "--reloader-type", "bogus"], "Invalid value for --reloader-type: 'bogus'"),
    ],
    ids=["program", "command", "option"],
)
def test_the_supervisor_that_knows_no_settings_refuses_in_one_sentence(
    tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    write_project(tmp_path)
    status, output = refusal(tmp_path, *arguments, python=("-m", "debugkit.django"))
    assert (status, output.count("\n")) == (1, 1)
    assert output.startswith(f"debugkit: {sentence}")


def test_a_browser_is_opened_once_at_an_address_that_is_served(tmp_path: Path) -> None:
    (tmp_path / "browser.py").write_text("import sys; print('opened', sys.argv[1], file=sys.stderr, flush=True)")
    with site(tmp_path, "--browser", BROWSER=f"{sys.executable} {tmp_path / 'browser.py'} %s") as found:
        # It may have been quicker than the line that `site` waits for.
        if "opened" not in found.terminal:
            found.says("opened")
        found.save(FILES["urls.py"] + "\n", "urls.py")
        assert re.findall(r"opened (\S+)", found.terminal) == [f"http://127.0.0.1:{found.port}/"]


def test_without_django_one_sentence_says_what_is_missing() -> None:
    program = "import sys; sys.modules['django'] = None; import debugkit.django"
    done = subprocess.run(
        [sys.executable, "-c", program], env=environ(), capture_output=True, text=True, timeout=TIMEOUT
    )
    assert done.stderr.endswith("ImportError: debugkit.django needs Django: pip install django\n")


def test_help_names_every_option_once_and_says_what_it_does(tmp_path: Path) -> None:
    status, text = refusal(write_project(tmp_path), "runserver_plus", "--help", COLUMNS="100")
    assert status == 0
    assert "errors become pages with a console" in text
    for option in (
        "--ipv6",
        "--noreload",
        "--print-sql",
        "--cert-file",
        "--trusted-host",
        "--skip-checks",
        "--settings",
    ):
        assert len(re.findall(rf"^  (?:\S+, )?{option}(?: |,|$)", text, re.M)) == 1, option
