"""What processes share on disk: the secret and the count, with real processes where it matters."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest
from process_support import TIMEOUT, Process
from serving_support import ROOT, environ

from debugkit.debug.access.lockout import MOST_FAILURES, SECRET_SIZE, Attempts, Record, load_secret

#: A process that does what it is told, a line for a line, until its input ends.
WORKER = """
import os, sys
from pathlib import Path
from debugkit.debug.access.lockout import Attempts, load_secret

def fail(record):
    record.failures += 1
    return record.failures

folder = Path(sys.argv[1])
attempts = Attempts(folder, "app")
print(attempts.shared, flush=True)
for line in sys.stdin:
    word = line.strip()
    if word == "fork":
        if os.fork() == 0:
            os.close(0)
            print(attempts.change(fail), flush=True)
            read, _ = os.pipe()
            os.read(read, 1)  # lives until it is killed
    elif word == "fork and leave":
        if (child := os.fork()) == 0:
            attempts.close()
            os._exit(0)
        os.waitpid(child, 0)
        print("left", flush=True)
    elif word == "fork while locked":
        def fork(record):
            if os.fork() == 0:
                os.close(0)
                read, _ = os.pipe()
                os.read(read, 1)
        attempts.change(fork)
        print(attempts.change(fail), flush=True)
    elif word == "secret":
        print(load_secret(folder).hex(), flush=True)
    elif word == "fail":
        print(attempts.change(fail), flush=True)
"""


class Worker(Process):
    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-c", WORKER, str(folder)]
        super().__init__(command, cwd=ROOT, env=environ(), stdin=subprocess.PIPE)
        assert self.stdout.line() == "True\n"

    def ask(self, word: str) -> str:
        self.tell(f"{word}\n")
        return self.stdout.line().strip()

    def leave(self) -> None:
        self.hang_up()
        assert self.wait() == 0


@pytest.fixture
def start(tmp_path):
    workers = []

    def start_one() -> Worker:
        workers.append(Worker(tmp_path))
        return workers[-1]

    yield start_one
    for worker in workers:
        worker.kill_all()


def fail(record: Record) -> int:
    record.failures += 1
    return record.failures


def failures(record: Record) -> int:
    return record.failures


needs_locks = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no shared file locks")


# -- The count, in one process ---------------------------------------------------------------------------------------


@pytest.fixture(params=["shared", "alone"])
def attempts(request, tmp_path):
    if request.param == "shared" and sys.platform == "win32":
        pytest.skip("Windows has no shared file locks")
    one = Attempts(tmp_path if request.param == "shared" else None, "app")
    assert one.shared == (request.param == "shared")
    yield one
    one.close()


def test_a_change_is_kept_and_its_result_returned(attempts):
    assert [attempts.change(fail) for _ in range(3)] == [1, 2, 3]
    assert attempts.change(failures) == 3


def test_a_change_that_raises_keeps_nothing(attempts):
    def half(record):
        record.failures = 5
        record.used["link"] = 1
        raise KeyError

    with pytest.raises(KeyError):
        attempts.change(half)
    assert attempts.change(lambda record: record) == Record()


def test_used_links_are_kept(attempts):
    attempts.change(lambda record: record.used.update(a=1, b=2))
    assert attempts.change(lambda record: record.used) == {"a": 1, "b": 2}


def test_no_change_is_lost_among_threads(attempts):
    threads = [threading.Thread(target=lambda: [attempts.change(fail) for _ in range(25)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)
    assert attempts.change(failures) == 200


def test_a_page_reads_the_count_again_only_when_it_has_changed(tmp_path, monkeypatch):
    attempts, other = Attempts(tmp_path, "app"), Attempts(tmp_path, "app")
    read, reads = Attempts.read, []
    monkeypatch.setattr(Attempts, "read", lambda self: reads.append(1) or read(self))

    assert [attempts.glance().failures for _ in range(3)] == [0, 0, 0]
    assert len(reads) == 1
    for count in (1, MOST_FAILURES - 1, MOST_FAILURES):
        other.change(lambda record, count=count: setattr(record, "failures", count))
    assert [attempts.glance().failures for _ in range(3)] == [MOST_FAILURES] * 3
    assert len(reads) == 2


def test_a_count_that_nobody_shares_is_for_pages_too(tmp_path):
    attempts = Attempts(None, "app")
    attempts.change(lambda record: setattr(record, "failures", 3))
    assert attempts.glance().failures == 3


def test_closing_twice_is_closing_once_and_counting_goes_on_alone(attempts):
    attempts.change(fail)
    attempts.close()
    attempts.close()
    assert not attempts.shared
    assert attempts.change(fail) == 2


@needs_locks
def test_two_of_one_application_count_together_and_another_one_apart(tmp_path):
    first, second, other = Attempts(tmp_path, "app"), Attempts(tmp_path, "app"), Attempts(tmp_path, "other")
    assert [first.change(fail), second.change(fail), other.change(fail)] == [1, 2, 1]


@needs_locks
def test_the_count_starts_again_when_all_have_left_and_used_links_stay_used(tmp_path):
    first = Attempts(tmp_path, "app")
    second = Attempts(tmp_path, "app")
    first.change(fail)
    first.change(lambda record: record.used.update(link=1))
    first.close()
    third = Attempts(tmp_path, "app")
    assert third.change(failures) == 1
    second.close()
    third.close()
    assert Attempts(tmp_path, "app").change(lambda record: record) == Record(0, {"link": 1})


@needs_locks
def test_who_follows_a_worker_of_the_same_supervisor_counts_on(tmp_path):
    for count in (1, 2, 3):
        worker = Attempts(tmp_path, "app", "one")
        assert worker.change(fail) == count
        worker.close()
    assert Attempts(tmp_path, "app", "two").change(failures) == 0


@needs_locks
def test_a_supervisor_that_shared_the_run_with_another_one_counts_on_too(tmp_path):
    one, two = Attempts(tmp_path, "app", "one"), Attempts(tmp_path, "app", "two")
    assert [one.change(fail), two.change(fail)] == [1, 2]
    one.close()
    two.close()
    for name in ("one", "two"):
        worker = Attempts(tmp_path, "app", name)
        assert worker.change(failures) == 2
        worker.close()


@needs_locks
def test_without_a_supervisor_the_count_starts_again_after_one_with_it(tmp_path):
    worker = Attempts(tmp_path, "app", "one")
    worker.change(fail)
    worker.close()
    alone = Attempts(tmp_path, "app")
    assert alone.change(failures) == 0
    alone.close()
    assert Attempts(tmp_path, "app", "one").change(failures) == 0


@needs_locks
def test_so_many_supervisors_are_remembered_and_no_more(tmp_path):
    kept = [Attempts(tmp_path, "app", str(number)) for number in range(30)]
    assert kept[0].change(lambda record: record.supervisors) == [str(number) for number in range(10, 30)]


@needs_locks
def test_one_that_is_dropped_has_left(tmp_path):
    Attempts(tmp_path, "app").change(fail)
    gc.collect()
    assert Attempts(tmp_path, "app").change(failures) == 0


@needs_locks
def test_no_file_stays_open_but_the_one_that_marks_the_run(tmp_path):
    descriptors = Path("/dev/fd")
    before = len(list(descriptors.iterdir()))
    attempts = Attempts(tmp_path, "app")
    for _ in range(5):
        attempts.change(fail)
    load_secret(tmp_path)
    assert len(list(descriptors.iterdir())) == before + 1
    attempts.close()
    assert len(list(descriptors.iterdir())) == before


@needs_locks
@pytest.mark.parametrize(
    "content", [b"{", b"[]", b"null", b'{"failures": 1}', b'{"failures": "x", "used": {}}', b"\xff\x00", b"[" * 100_000]
)
def test_a_record_nobody_understands_counts_as_locked_until_the_run_ends(tmp_path, content):
    attempts = Attempts(tmp_path, "app")
    (tmp_path / "app.attempts").write_bytes(content)
    assert attempts.change(failures) == MOST_FAILURES
    attempts.close()
    assert Attempts(tmp_path, "app").change(failures) == 0


@needs_locks
def test_files_are_for_the_user_only(tmp_path):
    previous = os.umask(0)
    try:
        Attempts(tmp_path, "app").change(fail)
        load_secret(tmp_path)
    finally:
        os.umask(previous)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_a_folder_that_is_missing_means_counting_alone(tmp_path):
    attempts = Attempts(tmp_path / "missing", "app")
    assert not attempts.shared
    assert [attempts.change(fail), attempts.change(fail)] == [1, 2]


@needs_locks
def test_a_folder_that_vanishes_does_not_start_the_count_again(tmp_path):
    folder = tmp_path / "state"
    folder.mkdir()
    attempts = Attempts(folder, "app")
    attempts.change(fail)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    assert [attempts.change(fail), attempts.change(fail)] == [2, 3]


@needs_locks
def test_a_full_disk_does_not_start_the_count_again(tmp_path):
    import resource

    attempts = Attempts(tmp_path, "app")
    attempts.change(fail)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        assert attempts.change(fail) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not attempts.shared
    assert attempts.change(fail) == 3


@needs_locks
def test_a_record_that_cannot_be_opened_does_not_start_the_count_again(tmp_path):
    attempts = Attempts(tmp_path, "app")
    attempts.change(fail)
    record = tmp_path / "app.attempts"
    record.unlink()
    record.mkdir()
    assert [attempts.change(fail), attempts.change(fail)] == [2, 3]


# -- The count, among processes --------------------------------------------------------------------------------------


@needs_locks
def test_failures_of_two_processes_add_up(start):
    first, second = start(), start()
    assert [first.ask("fail"), second.ask("fail"), first.ask("fail")] == ["1", "2", "3"]


@needs_locks
def test_the_count_starts_again_after_all_processes_have_ended_and_not_before(start):
    first, second = start(), start()
    first.ask("fail")
    first.leave()
    third = start()
    assert third.ask("fail") == "2"
    second.leave()
    third.leave()
    assert start().ask("fail") == "1"


@needs_locks
def test_a_process_that_was_killed_has_left(start):
    first = start()
    first.ask("fail")
    first.kill_all()
    assert start().ask("fail") == "1"


@needs_locks
def test_a_forked_process_belongs_to_the_run_as_long_as_it_lives(start):
    parent = start()
    assert parent.ask("fail") == "1"
    assert parent.ask("fork") == "2"
    parent.leave()
    assert start().ask("fail") == "3"
    parent.kill_all()


@needs_locks
def test_a_forked_process_that_leaves_does_not_end_the_run_of_its_parent(start):
    parent = start()
    parent.ask("fail")
    assert parent.ask("fork and leave") == "left"
    assert start().ask("fail") == "2"


@needs_locks
def test_a_process_forked_during_a_change_does_not_keep_the_record_locked(start):
    assert start().ask("fork while locked") == "1"
    assert start().ask("fail") == "2"


# -- The secret ------------------------------------------------------------------------------------------------------


def test_the_secret_is_made_once(tmp_path):
    secret = load_secret(tmp_path)
    assert len(secret) == SECRET_SIZE
    assert load_secret(tmp_path) == secret
    assert Counter(path.name for path in tmp_path.iterdir()) == {"secret": 1, "secret.lock": 1}


def test_two_folders_have_two_secrets(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
    assert load_secret(tmp_path / "a") != load_secret(tmp_path / "b")


def test_threads_that_need_the_first_secret_get_the_same(tmp_path):
    got, barrier = [], threading.Barrier(8)

    def ask():
        barrier.wait(TIMEOUT)
        got.append(load_secret(tmp_path))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)
    assert len(got) == 8
    assert len(set(got)) == 1


@needs_locks
def test_processes_get_the_same_secret(start):
    workers = [start(), start()]
    assert len({worker.ask("secret") for worker in workers}) == 1


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_secret_of_another_size_is_replaced(tmp_path, content):
    path = tmp_path / "secret"
    path.write_bytes(content)
    path.chmod(0o600)
    secret = load_secret(tmp_path)
    assert len(secret) == SECRET_SIZE
    assert path.read_bytes() == secret == load_secret(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666, 0o000])
def test_a_secret_that_others_can_read_or_nobody_is_replaced(tmp_path, mode):
    path = tmp_path / "secret"
    path.write_bytes(b"x" * SECRET_SIZE)
    path.chmod(mode)
    secret = load_secret(tmp_path)
    if mode or os.geteuid():  # root reads a file of mode 000, and it is private
        assert secret != b"x" * SECRET_SIZE
        assert path.stat().st_mode & 0o777 == 0o600
    assert load_secret(tmp_path) == secret


@needs_locks
def test_a_link_or_pipe_in_place_of_the_secret_is_replaced_and_not_followed(tmp_path):
    target = tmp_path / "target"
    target.write_bytes(b"x" * SECRET_SIZE)
    target.chmod(0o600)
    (tmp_path / "secret").symlink_to(target)
    assert load_secret(tmp_path) != b"x" * SECRET_SIZE
    assert target.read_bytes() == b"x" * SECRET_SIZE
    (tmp_path / "secret").unlink()
    os.mkfifo(tmp_path / "secret", 0o600)
    assert load_secret(tmp_path) == (tmp_path / "secret").read_bytes()


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can give files away")
def test_a_secret_of_another_user_is_replaced(tmp_path):
    path = tmp_path / "secret"
    path.write_bytes(b"x" * SECRET_SIZE)
    path.chmod(0o600)
    os.chown(path, 12345, 12345)
    assert load_secret(tmp_path) != b"x" * SECRET_SIZE


def test_a_place_where_no_secret_can_be_kept_is_an_oserror_and_leaves_nothing(tmp_path):
    with pytest.raises(OSError, match="missing"):
        load_secret(tmp_path / "missing")
    (tmp_path / "secret").mkdir()
    with pytest.raises(OSError):
        load_secret(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"secret", "secret.lock"}
