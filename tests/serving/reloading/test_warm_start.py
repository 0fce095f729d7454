"""Workers that are forked from a process which has imported the installed packages: one real server, and its saves."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import sysconfig
import threading
import venv
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest
from process_support import gone
from reload_support import Caller, Project, project
from serving_support import ROOT, TIMEOUT, Program

from debugkit.serving.reloading.forking import UNFIT

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks on Linux only")

#: What is said with ``--timing``: from then on, workers are forked.
PRELOADED = r"(?m)^ \* Preloaded \d+ modules in \d+\.\d\d s: the next reload starts warm\.$"
#: Installed packages: two that are imported ahead, one that needs the project, and one that starts a thread.
PACKAGES = {
    "heavy": "import os\nPROCESS, TEA, VERSION = os.getpid(), os.environ.get('TEA'), 1\n",
    "final": (
        "import atexit, os\ndef end(name):\n    with open(os.environ['ENDS'], 'a') as file:\n"
        "        file.write(f'{name} {os.getpid()}\\n')\natexit.register(end, 'package')\n"
    ),
    "late": "import os\nPROCESS = os.getpid()\n",
    "needy": "import os, prices\nPROCESS = os.getpid()\n",
    "busy": (
        "import os, threading\nPROCESS = os.getpid()\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    ),
}
APP = """
import atexit, os, sys
import heavy, final, needy, busy, prices
atexit.register(final.end, "project")
try:
    import cups
except ImportError:
    cups = None
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    facts = ["{text}", os.getpid(), heavy.PROCESS, needy.PROCESS, busy.PROCESS, heavy.TEA, heavy.VERSION, prices.tea,
             getattr(cups, "size", None)]
    return [" ".join(map(str, facts)).encode()]
"""


class Site(Project):
    """A server whose workers start warm once it has been seen to."""

    count = 0

    def __init__(self, folder: Path, process: Program, environment: Environment) -> None:
        super().__init__(folder, process)
        self.environment = environment

    def next(self) -> str:
        """Save another text, and wait until it is served. Returns the line of the terminal."""
        Site.count += 1
        self.write(APP.format(text=f"text{self.count}"))
        line = self.says(r"^ \* (Reloaded|Waiting).*").string
        while self.facts[0] != f"text{self.count}":
            line = self.says(r"^ \* (Reloaded|Waiting).*").string
        return line

    def warm_up(self) -> None:
        """Save until a worker has started warm: the next one, unless what has been preloaded is not that any more."""
        start = self.process.mark()
        while "warm" not in self.next():
            self.process.wait_for(PRELOADED, start)
            start = self.process.mark()

    @property
    def facts(self) -> list[str]:
        return self.text.split()

    @property
    def worker(self) -> int:
        return int(self.facts[1])

    @property
    def preloaded(self) -> int:
        """The process that has forked the worker."""
        return parent(self.worker)

    @property
    def spare(self) -> int:
        """The process that waits to become the next worker; nobody tells when it begins to."""
        waiting: set[int] = set()
        while len(waiting) != 1:  # the one that has served may not have ended yet
            waiting = {number for number in self.family() if parent(number) == self.preloaded} - {self.worker}
        return waiting.pop()

    def members(self) -> list[int]:
        """Supervisor, preloaded process, worker, and the one that waits: once there is no other."""
        supervisor = self.process.pid
        while True:
            worker = self.worker
            family = self.family()
            preloaded = {number for number in family if parent(number) == supervisor}
            others = family - preloaded - {supervisor, worker}
            if len(others) == 1 and threads(other := others.pop()) == 1:  # it is not one that has served
                if preloaded == {parent(worker)} == {parent(other)}:
                    return [supervisor, parent(worker), worker, other]
                if preloaded == {parent(worker), parent(other)}:
                    self.next()  # which comes from the newer one, and the other ends

    @property
    def ends(self) -> list[str]:
        """Which functions of `atexit` were called, in which process."""
        return (self.folder.parent / "ends").read_text().splitlines()

    def family(self) -> set[int]:
        """The processes of this server."""
        processes = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal())
        return {number for number in processes if group(number) == self.process.pid}


def fields(number: int) -> list[str]:
    """Of proc_pid_stat(5), from the third on: state, parent, group; the eighteenth of them counts threads."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ["X", *["0"] * 17]


def parent(number: int) -> int:
    return int(fields(number)[1])


def group(number: int) -> int:
    return int(fields(number)[2])


def threads(number: int) -> int:
    return int(fields(number)[17])


class Environment:
    """A virtual environment that has all packages of this one, and some of its own."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, symlinks=True)
        self.python = str(folder / "bin" / "python")
        self.wheels = folder.parent.parent
        self.packages = next(folder.glob("lib/python*/site-packages"))
        (self.packages / "others.pth").write_text(sysconfig.get_path("purelib"))
        for name, text in PACKAGES.items():
            (self.packages / f"{name}.py").write_text(text)

    def install(self, **texts: str) -> None:
        """Have pip install modules, each of a package that has its name."""
        wheels = [str(make_wheel(self.wheels, name, text)) for name, text in texts.items()]
        self._pip("install", "--no-index", "--no-deps", "--no-compile", "--force-reinstall", *wheels)

    def uninstall(self, name: str) -> None:
        self._pip("uninstall", "--yes", name)

    def _pip(self, *words: str) -> None:
        pip = [self.python, "-m", "pip", "--disable-pip-version-check"]
        subprocess.run([*pip, *words], check=True, stdout=subprocess.DEVNULL)


def make_wheel(folder: Path, name: str, text: str) -> Path:
    about = f"{name}-1.dist-info"
    wheel = folder / f"{name}-1-py3-none-any.whl"
    files = {
        f"{name}.py": text,
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/RECORD": f"{name}.py,,\n{about}/METADATA,,\n{about}/WHEEL,,\n{about}/RECORD,,\n",
    }
    with ZipFile(wheel, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return wheel


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("warm")
    home = folder / "project"
    home.mkdir()
    environment = Environment(home / ".venv")
    (home / "prices.py").write_text("tea = 1\n")
    (home / ".env").write_text("TEA=green\n")
    variables = {"DEBUGKIT_RELOAD_MODE": "auto", "DEBUGKIT_TIMING": "yes", "ENDS": str(folder / "ends")}
    variables["DEBUGKIT_STATE_DIR"] = str(folder / "state")
    with project(home, APP.format(text="text0"), interpreter=environment.python, **variables) as shop:
        served = Site(home, shop.process, environment)
        served.port = shop.port
        shop.process.wait_for(PRELOADED)
        assert "warm" in served.next()
        yield served


def test_what_is_installed_is_imported_once_and_what_needs_the_project_or_a_thread_in_each_worker(site: Site) -> None:
    seen = []
    for _ in range(2):
        assert "warm" in site.next()
        _, worker, heavy, needy, busy, *_ = site.facts
        assert worker == needy == busy != heavy
        seen.append((worker, heavy))
    assert seen[0][0] != seen[1][0]
    assert seen[0][1] == seen[1][1] == str(site.preloaded)
    assert parent(site.preloaded) == site.process.pid


def save_often(site: Site) -> None:
    """Ten times in a second."""
    with Caller(site.port, keep=False) as plain, Caller(site.port, keep=True) as kept:
        for number in range(10):
            site.write(APP.format(text=f"quick{number}"))
        while site.facts[0] != "quick9":
            site.wait_for_reload()
    assert (plain.failures, kept.failures) == ([], [])
    for answers in (plain.answers, kept.answers):
        texts = [answer.split()[0] for answer in answers]
        assert len(list(dict.fromkeys(texts))) == sum(
            text != before for text, before in zip(texts, ["", *texts], strict=False)
        ), "an old answer after a new one"


def save_during_a_reload(site: Site) -> None:
    gate = site.folder.parent / "gate"
    os.mkfifo(gate)
    site.write(f"open({str(gate)!r}).read()\n{APP.format(text='early')}")
    with gate.open("w"):  # which waits until it is imported
        assert "warm" in site.next()


def save_a_mistake(site: Site) -> None:
    site.write("def (\n")
    assert "warm" in site.says(r"^ \* Waiting.*").string
    assert site.get().status == 500
    assert "warm" in site.next()
    assert site.get().status == 200


def install_meanwhile(site: Site) -> None:
    pip = threading.Thread(target=site.environment.install, kwargs={"cups": "size = 100\n"})
    pip.start()
    while pip.is_alive():
        site.next()
    site.next()
    assert site.facts[8] == "100"
    site.warm_up()


#: What happens, by the number of reloads before it.
DISTURBANCES = {20: save_often, 40: save_during_a_reload, 60: save_a_mistake, 80: install_meanwhile}


def test_a_hundred_reloads_with_all_that_comes_between_them_leave_no_process_no_descriptor_and_no_memory(
    site: Site,
) -> None:
    def measure() -> tuple[list[int], int]:
        """Descriptors and pages in memory (proc_pid_statm(5)) of all but the worker, which may still be busy.

        The one that waits to be next has what each worker inherits.
        """
        supervisor, preloaded, _, spare = site.members()
        folders = [Path("/proc", str(number)) for number in (supervisor, preloaded, spare)]
        pages = sum(int((folder / "statm").read_text().split()[1]) for folder in folders)
        return [len(list((folder / "fd").iterdir())) for folder in folders], pages

    descriptors, pages = measure()
    for number in range(100):
        if number in DISTURBANCES:
            DISTURBANCES[number](site)
        assert "warm" in site.next()
    descriptors_after, pages_after = measure()
    # Some may be open of a process that has just ended, or in one that rehearses a start. A leak would be a hundred.
    assert sum(descriptors_after) < sum(descriptors) + 10
    assert not any(fields(number)[0] == "Z" for number in site.family())
    assert pages_after < 1.1 * pages


def test_what_the_program_imports_for_the_first_time_is_imported_ahead_from_then_on(site: Site) -> None:
    text = APP.format(text='" + str(__import__("late").PROCESS) + "')  # when it answers
    start = site.process.mark()
    site.save(text)
    assert site.facts[0] == site.facts[1]
    while site.facts[0] == site.facts[1]:  # what is imported ahead first may have been on its way already
        site.process.wait_for(PRELOADED, start)
        start = site.process.mark()
        text += "# saved again\n"
        site.save(text)
    assert site.facts[0] == str(site.preloaded)


def test_what_is_registered_for_the_end_is_called_once_in_each_worker_and_not_before(site: Site) -> None:
    old, preloaded = site.worker, site.preloaded
    site.next()
    assert gone(old)
    assert [line for line in site.ends if line.endswith(f" {old}")] == [f"project {old}", f"package {old}"]
    assert not any(line.endswith((f" {preloaded}", f" {site.worker}")) for line in site.ends)


def test_where_the_time_went_is_said_and_what_each_worker_has_to_import(site: Site) -> None:
    assert " * Not preloaded: needy (needs the program).\n" in site.terminal
    assert " * Not preloaded: busy (starts a thread or opens a file).\n" in site.terminal
    site.next()
    steps = site.says(r"^   Of that: (.*)\.$")[1]
    assert re.sub(r"\d+ ms", "", steps) == "noticed , decided , started , loaded , its turn "
    site.says(r"^   First answer: (\d+ ms after the save, )?\d+ ms( after it was asked for)?\.$")
    said = site.process.mark()
    assert site.get().status == 200
    site.process.wait_for(r'"GET / HTTP', said)
    assert "First answer" not in site.terminal[said:]


def test_what_was_installed_or_upgraded_meanwhile_is_imported_ahead_before_the_next_save(site: Site) -> None:
    start = site.process.mark()
    site.environment.install(cups="size = 300\n", heavy=PACKAGES["heavy"].replace(", 1\n", ", 2\n"))
    site.process.wait_for(PRELOADED, start)
    site.next()  # warm, unless pip has been silent for long in between
    assert site.facts[6] == "2"
    assert site.facts[8] == "300"
    site.warm_up()
    assert site.facts[2] == str(site.preloaded)


def test_a_package_that_is_edited_in_place_is_there_at_the_next_save_which_is_warm(site: Site) -> None:
    sources = site.folder.parent / "sources"
    sources.mkdir()
    (sources / "cups.py").write_text("size = 500\n")
    site.environment.uninstall("cups")
    site.warm_up()
    assert site.facts[8] == "None"
    start = site.process.mark()
    draft = site.folder.parent / "draft"
    draft.write_text(f"{sources}\n")
    draft.rename(site.environment.packages / "_editable_impl_cups.pth")  # as pip does for `--editable`
    site.process.wait_for(PRELOADED, start)
    assert "warm" in site.next()
    assert site.facts[8] == "500"
    assert site.save("size = 700\n", str(sources / "cups.py")).startswith(" * Reloaded")
    assert site.facts[8] == "700"


def test_a_package_that_was_edited_is_imported_anew(site: Site) -> None:
    path = site.environment.packages / "heavy.py"
    path.write_text(PACKAGES["heavy"].replace(", 1\n", ", 3\n"))
    assert "warm" not in site.next()
    assert site.facts[6] == "3"
    site.warm_up()
    assert site.facts[6] == "3"


def test_variables_of_the_project_are_there_when_packages_are_imported(site: Site) -> None:
    assert site.facts[5] == "green"
    (site.folder / ".env").write_text("TEA=black\n")
    assert "warm" not in site.says(r"^ \* (Reloaded|Waiting).*").string
    assert site.facts[5] == "black"
    site.warm_up()
    assert site.facts[5] == "black"
    assert site.facts[2] == str(site.preloaded)


def test_a_file_of_variables_that_comes_later_counts_as_one_that_was_there(site: Site) -> None:
    (site.folder / ".env").unlink()
    site.wait_for_reload()
    assert site.facts[5] == "None"
    site.warm_up()
    site.write("TEA=white\n", ".flaskenv")
    assert "warm" not in site.says(r"^ \* (Reloaded|Waiting).*").string
    assert site.facts[5] == "white"
    site.warm_up()
    assert site.facts[5] == "white"


def test_a_spare_worker_that_is_killed_is_not_missed(site: Site) -> None:
    spare = site.spare
    os.kill(spare, signal.SIGKILL)
    assert gone(spare)
    assert "warm" in site.next()
    assert site.worker != spare


def test_a_worker_that_is_killed_is_replaced(site: Site) -> None:
    os.kill(site.worker, signal.SIGKILL)
    site.says("was ended by SIGKILL: starting it again")
    assert site.get().status == 200
    assert "warm" in site.next()


def test_a_preloaded_process_that_is_killed_is_replaced(site: Site) -> None:
    os.kill(site.preloaded, signal.SIGKILL)
    site.says("The next reload starts cold: the preloaded process was ended by SIGKILL")
    site.next()
    site.warm_up()


def test_what_is_in_the_way_of_a_warm_start_is_said_once_with_its_reason_and_ends_with_it(site: Site) -> None:
    site.save(f"import sys\nsys.modules['gevent'] = sys\n{APP.format(text='green')}")
    site.says(r"^ \* Reloads start cold: gevent does not survive a fork\.$")
    site.save(f"import sys\nsys.modules['gevent'] = sys\n{APP.format(text='black')}")
    assert site.text.startswith("black")
    site.warm_up()
    assert site.terminal.count("Reloads start cold") == 1


def test_all_end_with_a_supervisor_that_is_killed(site: Site) -> None:
    family, preloaded = site.family(), site.preloaded
    site.process.kill()
    assert len(family) >= 3
    assert all(gone(number) for number in family)
    assert f"package {preloaded}" not in site.ends


OBSTACLES = {
    **{name: (f"sys.modules[{name!r}] = sys", f"{name} does not survive a fork") for name in UNFIT},
    "trace": ("sys.settrace(lambda *arguments: None)", "follows each line of the program (__main__)"),
    "profile": ("sys.setprofile(lambda *arguments: None)", "follows each line of the program (__main__)"),
    "threads": ("threading.settrace(lambda *arguments: None)", "follows each line of the program (__main__)"),
    "finder": ("sys.meta_path.append(finders.Finder())", "modules are found (Finder in sys.meta_path)"),
    "removed": ("del sys.path[-1]", "the program removes or reorders what is in sys.path"),
    "reordered": ("sys.path.reverse()", "the program removes or reorders what is in sys.path"),
    "hook": ("sys.path_hooks.append(finders.hook)", "modules are found (hook in sys.path_hooks)"),
}
if sys.version_info >= (3, 12):
    OBSTACLES["monitoring"] = ("sys.monitoring.use_tool_id(3, 'tea')", "follows each line of the program (tea)")
ASKS = """
import finders, json, os, sys, threading
from debugkit.serving.reloading.forking import obstacle_in_program
assert not obstacle_in_program()
for text in json.load(sys.stdin):
    if not os.fork():
        exec(text)
        print(json.dumps(obstacle_in_program()), flush=True)
        os._exit(0)
    os.wait()
"""
FINDERS = "class Finder:\n    find_spec = lambda *a: None\ndef hook(path):\n    raise ImportError\n"


@pytest.fixture(scope="module")
def reasons(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Why programs that do such a thing would not start warm."""
    folder = tmp_path_factory.mktemp("finders")
    (folder / "finders.py").write_text(FINDERS)
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(folder)])}
    texts = json.dumps([text for text, _ in OBSTACLES.values()])
    command = [sys.executable, "-c", ASKS]
    done = subprocess.run(
        command, input=texts, capture_output=True, text=True, timeout=TIMEOUT, check=True, env=environ
    )
    return dict(zip(OBSTACLES, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("name", OBSTACLES)
def test_a_program_that_a_fork_would_not_be_is_started_cold_and_says_why(reasons: dict[str, str], name: str) -> None:
    assert reasons[name].endswith(OBSTACLES[name][1])


WSGI = """
import os
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"{text} %d" % os.getppid()]
"""
ASGI = """
import os
async def app(scope, receive, send):
    body = b"{text} %d" % os.getppid()
    await send({{"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]}})
    await send({{"type": "http.response.body", "body": body}})
"""
DJANGO = """
import os, sys
from django.conf import settings
APPS = ["debugkit.django", "django.contrib.contenttypes", "django.contrib.auth"]
settings.configure(DEBUG=True, SECRET_KEY="x", ROOT_URLCONF="__main__", INSTALLED_APPS=APPS, USE_TZ=True)
from django.core.management import execute_from_command_line
from django.http import HttpResponse
from django.urls import path
def index(request):
    from django.contrib.auth.models import User  # needs settings
    return HttpResponse(f"{text} {{os.getppid()}}")
urlpatterns = [path("", index)]
execute_from_command_line(sys.argv)
"""
SERVERS = {
    "processes": (WSGI, "-m", "debugkit", "run", "app.py", "--port", "0", "--processes", "2"),
    "asgi": (ASGI, "-m", "debugkit", "run", "app.py", "--port", "0"),
    "django": (DJANGO, "app.py", "runserver_plus", "127.0.0.1:0", "--skip-checks"),
}


@pytest.mark.parametrize("server", SERVERS.values(), ids=SERVERS.keys())
def test_other_servers_start_warm_too(tmp_path: Path, server: tuple[str, ...]) -> None:
    text, *python = server
    variables = {
        "DEBUGKIT_RELOAD_MODE": "auto",
        "DEBUGKIT_STATE_DIR": str(tmp_path / "state"),
        "DEBUGKIT_TIMING": "yes",
    }
    with project(tmp_path, text.format(text="first"), python=tuple(python), **variables) as shop:
        shop.process.wait_for(PRELOADED)
        shop.write(text.format(text="second"))
        assert "warm" in shop.says(r"^ \* (Reloaded|Waiting).*").string
        word, above = shop.text.split()
        preloaded = parent(int(above)) if "--processes" in python else int(above)
        assert word == "second"
        assert parent(preloaded) == shop.process.pid
        if "--processes" not in python:  # who answers there is no worker, but was forked by one
            shop.says(r"^   First answer: ")
