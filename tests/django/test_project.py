"""The example project through its own command: every failing page, saves of broken files, and how the command ends."""

from __future__ import annotations

import re
import ssl
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import IncompleteRead
from pathlib import Path
from typing import Any

import pytest
from process_support import TIMEOUT

pytest.importorskip("django.conf")

from integration.processes import MOUNT
from reload_support import Caller
from teahouse_support import (
    FAILURES,
    PROJECT,
    Guest,
    House,
    copy_of_the_project,
    made_database,
    serving,
    without_markup,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the reloader needs POSIX")

GUESTBOOK = PROJECT / "guestbook"
LINUX = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_database(tmp_path_factory.mktemp("database"))


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("state")
    folder.chmod(0o700)
    return folder


@pytest.fixture(scope="module")
def house(database: Path, state: Path) -> Iterator[House]:
    """The project as it is, with a reloader."""
    with serving("0", database=database, DEBUGKIT_STATE_DIR=str(state)) as house:
        yield house


@pytest.fixture(scope="module")
def guest(house: House) -> Guest:
    """A browser that has been unlocked."""
    guest = house.guest()
    guest.unlock()
    return guest


def named(failure: Any) -> str:
    return failure.title.replace(" ", "-").lower()


# The pages


@dataclass(frozen=True)
class Facts:
    """What must be seen of an error: part of the message, where it was raised, a value there, and words on the page."""

    message: str
    frame: str
    value: str = ""
    words: tuple[str, ...] = ()


FACTS = {
    "Write the invoice": Facts(
        "'honey cake'", "invoice_total", "extra = 'honey cake'", ("Hedy", "tastings.views.invoice")
    ),
    "Next tasting": Facts("'NoneType' object has no attribute 'title'", "next_tasting", "tasting = None"),
    "Print labels": Facts("cannot import name 'price_on_label'", "labels", "", ("from tastings.labels import",)),
    "Heat the kettles": Facts("'NoneType' object is not subscriptable", "temperature", "reading = None", ("'tin'",)),
    "Ask the suppliers": Facts("2 sub-exceptions", "suppliers", "", ("KeyError", "'oolong'", "'on request'")),
    "Close the till": Facts("short of 490 cents", "close_till", "counted = 18250"),
    "Old prices": Facts("no such table: price_list_2019", "old_prices", "", ("OldPrice",)),
    "Book a seat": Facts("UNIQUE constraint failed", "book", "", ("First flush", "Ida", "tastings_booking.seat")),
    "Redeem a voucher": Facts("nobody has ever given out EARLGREY", "voucher", "code = 'EARLGREY'", ("DoesNotExist",)),
    "Newsletter": Facts("endfor", "newsletter", "", ("newsletter.html", "only {{ tea.grams }} g left")),
    "Count the cups": Facts("by zero", "Tea.cups", "", ("cups.html", "{{ tea.cups }}", "Kukicha")),
    "Autumn": Facts("tastings/autumn.html", "autumn", "", ("templates/tastings/season.html",)),
    "How to find us": Facts("tastings/_map.html", "way", "", ("way.html", "guestbook/templates")),
    "Subscribe": Facts("'e-mail'", "subscribe", "", ("ida@example.org", "Tea & Co.")),
    "Pay": Facts("3270 cents are more than the limit of 2500", "charge", "limit = 2500"),
    "Guests of 1998": Facts("can't decode byte 0xe9", "guests_in", "", ("Jos", "guestbook.views.guests_of_1998")),
    "The monsoon menu": Facts("'monsoon'", "season.<locals>.pour", "wanted = 'monsoon'"),
    "Ask for seats": Facts("'many' is not a number of seats", "seats", "count = 'many'"),
}

WITH_A_PAGE = [failure for failure in FAILURES.values() if failure.raises and failure.status != 200]


def test_the_front_page_links_to_everything(guest: Guest) -> None:
    page = guest("/").text
    for failure in FAILURES.values():
        assert failure.path.replace("&", "&amp;") in page
        assert failure.story in without_markup(page)
    assert set(FACTS) == {failure.title for failure in WITH_A_PAGE}


@pytest.mark.parametrize("failure", WITH_A_PAGE, ids=named)
def test_every_failure_has_its_status_and_its_facts_on_the_page(guest: Guest, failure: Any) -> None:
    facts = FACTS[failure.title]
    answer = guest.visit(failure)
    page = without_markup(answer.text)
    error = guest.error_of(answer)
    assert (answer.status, error["status"]) == (failure.status, failure.status)
    exception = error["exceptions"][0]
    assert exception["type"].rpartition(".")[2] == failure.raises
    assert facts.message in exception["message"]
    own = [frame for frame in exception["frames"] if frame.get("name") and frame["library"] is None]
    assert facts.frame in [frame["name"] for frame in own]
    assert facts.value in ["", *(f"{value['name']} = {value['text']}" for frame in own for value in frame["values"])]
    assert failure.raises in page
    for word in facts.words:
        assert word in page


@pytest.mark.parametrize("failure", [one for one in FAILURES.values() if not one.raises], ids=named)
def test_what_django_answers_stays_with_django(guest: Guest, failure: Any) -> None:
    answer = guest.visit(failure)
    assert answer.status == failure.status
    assert "X-Debugkit-Traceback" not in answer.headers
    assert answer.headers["X-Frame-Options"] == "DENY"


def test_static_files_and_the_admin_are_served(guest: Guest) -> None:
    for path, kind in (("/static/house.css", "text/css"), ("/static/admin/css/base.css", "text/css")):
        answer = guest(path)
        assert (answer.status, answer.headers["Content-Type"]) == (200, kind)
    assert "Log in" in guest("/admin/login/").text


def test_a_stream_that_breaks_is_cut_off_and_its_error_is_linked_in_the_terminal(house: House, guest: Guest) -> None:
    start = house.mark()
    with pytest.raises(IncompleteRead) as caught:
        guest.visit(FAILURES["The menu as CSV"])
    assert b"Matcha,8,50" in caught.value.partial
    link = house.wait_for(rf"{MOUNT}/tracebacks/(\w+)", start)
    frame = guest.frame_id(link[1], "lines_of_menu")
    assert guest.value(frame, "tea.name") == "'Oolong'"


def test_the_secrets_of_a_payment_are_nowhere(house: House, guest: Guest) -> None:
    start = house.mark()
    answer = guest.visit(FAILURES["Pay"])
    link = answer.headers["X-Debugkit-Traceback"]
    shown = answer.text + "".join(guest(f"{link}{kind}").text for kind in (".json", ".md", ".txt"))
    for hidden in ("4000-1234-5678-9010", "4000123456789010", "steep-for-three-minutes"):
        assert hidden not in shown
        assert hidden not in house.log[start:]
    assert "3270" in shown


def test_an_error_of_a_guest_who_has_logged_in_names_them_and_hides_their_cookie(house: House) -> None:
    rosa = house.guest()
    assert rosa.send("/enter/", []).status == 302
    answer = rosa.visit(FAILURES["Write the invoice"])
    assert rosa.cookies["sessionid"] not in answer.text
    sections = rosa.error_of(answer)["request"]["request"]
    values = {name: value for section in sections for name, value in section["values"].items()}
    assert values["User"] == "rosa"
    assert rosa.cookies["sessionid"] not in values["sessionid"]


def test_an_upload_that_cannot_be_read_shows_the_file_and_the_place_in_it(guest: Guest) -> None:
    list_of_1998 = (GUESTBOOK / "guests-1998.csv").read_bytes()
    fields = [("house", "Café Central")]
    good = guest.upload("/guestbook/import/", fields, "guests", "guests.csv", list_of_1998.decode("latin-1").encode())
    assert good.status == 302
    answer = guest.upload("/guestbook/import/", fields, "guests", "guests-1998.csv", list_of_1998)
    error = guest.error_of(answer)
    assert (answer.status, error["exceptions"][0]["type"]) == (500, "UnicodeDecodeError")
    page = without_markup(answer.text)
    for word in ("guests-1998.csv", "Café Central", "guestbook.views.import_guests"):
        assert word in page


def test_the_headers_of_the_middleware_are_kept_and_the_page_has_its_own_policy(guest: Guest) -> None:
    answer = guest.visit(FAILURES["Write the invoice"])
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert (
        "nonce" in answer.headers["Content-Security-Policy"]
        or "script-src" in answer.headers["Content-Security-Policy"]
    )
    assert "default-src 'self'" not in answer.headers["Content-Security-Policy"]


def test_a_stranger_gets_the_bare_status(guest: Guest) -> None:
    answer = guest("/tastings/", headers={"Host": "tea.example"})  # a name that ALLOWED_HOSTS does not know either
    assert (answer.status, answer.text.strip()) == (400, "Bad Request")
    assert "X-Debugkit-Traceback" not in answer.headers


def test_a_script_gets_json_and_curl_gets_text(guest: Guest) -> None:
    path = FAILURES["Write the invoice"].path
    problem = guest(path, headers={"Accept": "application/json"})
    assert (problem.status, problem.json["title"]) == (500, "KeyError: 'honey cake'")
    text = guest(path, headers={"Accept": "*/*"}).text
    assert text.splitlines()[0].startswith("KeyError") or "Traceback" in text
    assert "<" + "html" not in text


def test_the_terminal_has_the_traceback_once_and_the_request_in_djangos_words(house: House, guest: Guest) -> None:
    start = house.mark()
    answer = guest.visit(FAILURES["Next tasting"])
    house.wait_for(r'"GET /tastings/next/ HTTP/1.1" 500', start)
    said = house.log[start:]
    for once in (
        "AttributeError: 'NoneType' object has no attribute 'title'\n",
        "Internal Server Error: /tastings/next/\n",
        f"{answer.headers['X-Debugkit-Traceback']}\n",
    ):
        assert said.count(once) == 1
    assert "\x1b" not in said


# The console


def test_the_console_knows_the_request_the_settings_and_the_models_in_every_frame(guest: Guest) -> None:
    error = guest.error_of(guest.visit(FAILURES["Guests of 1998"]))
    frames = {frame["name"]: frame["id"] for frame in error["exceptions"][0]["frames"] if frame["library"] is None}
    assert set(frames) == {"guests_of_1998", "guests_in"}
    for frame in frames.values():
        assert guest.value(frame, "request.path, settings.ROOT_URLCONF") == "('/guestbook/1998/', 'teahouse.urls')"
        assert guest.value(frame, "Tea.objects.count()") == "5"


def test_the_console_of_an_async_view_awaits(guest: Guest) -> None:
    answer = guest.visit(FAILURES["Heat the kettles"])
    frame = guest.frame_id(guest.error_of(answer)["id"], "temperature")
    assert guest.value(frame, "await Tea.objects.acount()") == "5"
    assert guest.value(frame, "min([tea.name async for tea in Tea.objects.all()])") == "'Assam'"
    assert guest.value(frame, "await temperature('iron')") == "96"
    assert guest.value(frame, "request.path") == "'/tastings/kettles/'"


def test_a_query_that_nobody_has_evaluated_is_not_evaluated_by_the_page(guest: Guest) -> None:
    answer = guest.visit(FAILURES["Write the invoice"])
    error = guest.error_of(answer)["id"]
    frame = guest.frame_id(error, "invoice")
    assert guest.value(frame, "teas._result_cache is None") == "True"
    assert guest.value(frame, "sorted(map(str, teas))") == "['Darjeeling', 'Matcha']"


# What a hundred errors leave behind


def status_of(pid: int) -> tuple[int, int]:
    """Open descriptors, and resident memory in kB."""
    text = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", text)
    assert found is not None
    return len(list(Path(f"/proc/{pid}/fd").iterdir())), int(found[1])


@LINUX
def test_a_hundred_failing_requests_leave_descriptors_and_memory_flat(database: Path) -> None:
    with serving("0", "--noreload", database=database) as house:
        guest = house.guest()
        worker = house.worker

        def fail(times: int) -> None:
            for _ in range(times):
                assert guest("/tastings/voucher/EARLGREY/", headers={"Accept": "text/plain"}).status == 500

        fail(40)
        descriptors, memory = status_of(worker)
        fail(100)
        descriptors_after, memory_after = status_of(worker)
        assert house.worker == worker
    # Of the last ones the answers are read before the server has closed its end; one for each would be a hundred.
    assert descriptors_after < descriptors + 10
    assert memory_after - memory < 4000  # kB; it was 8000 where every error kept its frames


# Saves of broken files


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory, database: Path) -> Iterator[House]:
    """A copy of the project that the tests below break and mend."""
    folder = copy_of_the_project(tmp_path_factory.mktemp("copy"))
    with serving("0", database=database, folder=folder) as house:
        house.wait_for("Reloading with")
        yield house


BROKEN = {
    "models": ("tastings/models.py", "class Voucher(", "class Voucher", "SyntaxError"),
    "apps": ("tastings/apps.py", "from django.apps import", "from django.app import", "No module named 'django.app'"),
    "installed-apps": ("teahouse/settings.py", '"guestbook",', '"guestbok",', "No module named 'guestbok'"),
    "settings": ("teahouse/settings.py", "import os\n", "import osos\n", "No module named 'osos'"),
    "manage": ("manage.py", "import sys\n", "import tea\n", "No module named 'tea'"),
    "check": ("guestbook/models.py", "max_length=80", "max_length=-80", "fields.E121"),
    "exit": ("teahouse/settings.py", "import os\n", "import os\nimport sys\nsys.exit('no tea')\n", "no tea"),
}


@pytest.mark.parametrize(("name", "good", "bad", "shown"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_shown_and_healed_by_a_save(copy: House, name: str, good: str, bad: str, shown: str) -> None:
    text = copy.text_of(name)
    assert good in text
    try:
        copy.save(name, text.replace(good, bad, 1))
        answer = copy.guest()("/tastings/")
        assert answer.status == 500
        assert shown in without_markup(answer.text)
    finally:
        copy.save(name, text)
    assert copy.guest()("/tastings/").status == 200


def test_a_project_that_is_broken_at_its_first_start_is_served_by_the_module_and_heals(
    database: Path, tmp_path: Path
) -> None:
    folder = copy_of_the_project(tmp_path)
    settings = folder / "teahouse" / "settings.py"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace("import os\n", "import osos\n"), "utf-8")
    starter = ("-m", "debugkit.django", "manage.py")
    with serving("0", database=database, folder=folder, python=starter) as house:
        answer = house.guest()("/")
        assert (answer.status, "No module named 'osos'" in without_markup(answer.text)) == (500, True)
        house.save("teahouse/settings.py", text)
        assert house.guest()("/").status == 200


def test_a_template_is_new_at_once_and_the_worker_is_the_same(copy: House) -> None:
    name = "tastings/templates/tastings/list.html"
    text = copy.text_of(name)
    before = copy.worker
    assert "<h1>Tastings</h1>" in copy.guest()("/tastings/").text
    start = copy.mark()
    copy.write(name, text.replace("<h1>Tastings</h1>", "<h1>Come and taste</h1>"))
    copy.wait_for("list.html.*without a restart", start)
    assert "<h1>Come and taste</h1>" in copy.guest()("/tastings/").text
    assert copy.worker == before


def test_a_missing_template_is_found_as_soon_as_it_is_written(copy: House) -> None:
    assert copy.guest()("/tastings/autumn/").status == 500
    (copy.folder / "templates/tastings").mkdir()
    start = copy.mark()
    copy.write("templates/tastings/season.html", "<h1>{{ season }} leaves</h1>")
    copy.wait_for("season.html.*without a restart", start)
    assert "autumn leaves" in copy.guest()("/tastings/autumn/").text


def test_no_request_is_refused_while_workers_change(copy: House) -> None:
    text = copy.text_of("tastings/views.py")
    with Caller(copy.port, keep=True) as patient, Caller(copy.port, keep=False) as caller:
        for number in range(2):
            copy.save("tastings/views.py", f"{text}\nREVISION = {number}\n")
        caller.wait_for("")
    assert (patient.failures, caller.failures) == ([], [])
    assert all("Mind the step." in answer for answer in patient.answers + caller.answers)


# The command


def test_without_the_reloader_there_is_one_process_that_serves_and_ends_by_sigterm(database: Path) -> None:
    with serving("0", "--noreload", database=database) as house:
        guest = house.guest()
        assert guest("/tastings/").status == 200
        assert house.worker == house.pid
        assert house.end() == 143


def test_a_certificate_is_made_for_the_names_of_the_server_and_kept(database: Path, tmp_path: Path) -> None:
    certificate = tmp_path / "house.crt"
    with serving("0", "--cert-file", str(certificate), database=database) as house:
        assert secure_status(house.port, certificate) == 200
    key = tmp_path / "house.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    kept = certificate.read_bytes(), key.read_bytes()
    with serving("0", "--noreload", "--cert-file", str(certificate), database=database) as house:
        assert secure_status(house.port, certificate) == 200
    assert (certificate.read_bytes(), key.read_bytes()) == kept


def secure_status(port: int, certificate: Path) -> int:
    """The status of the front page over https, for a client that trusts only this certificate."""
    from http.client import HTTPSConnection

    connection = HTTPSConnection(
        "127.0.0.1", port, timeout=TIMEOUT, context=ssl.create_default_context(cafile=certificate)
    )
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    finally:
        connection.close()


def test_with_debug_off_and_no_allowed_hosts_the_command_refuses_in_one_sentence(database: Path) -> None:
    with House("0", "--noreload", database=database, TEAHOUSE_DEBUG="0") as house:
        assert house.wait() == 1
        house.wait_for("ALLOWED_HOSTS")
        assert "Traceback" not in house.log
        assert "PIN" not in house.log


@LINUX
def test_sigterm_ends_the_supervisor_and_its_worker(house: House) -> None:
    """Last: the others are served by it."""
    assert house.guest()("/").status == 200
    children = house.children
    assert house.worker in children
    assert house.end() == 143
    assert not [child for child in children if Path(f"/proc/{child}").exists()]
