"""What a process leaves behind: whole, bounded, private, and without what is secret."""

from __future__ import annotations

import os
import stat
import sys
import threading
from pathlib import Path

import pytest
from process_support import TIMEOUT

from debugkit.debug.processes import snapshots
from debugkit.debug.processes.snapshots import Document, read_document, read_rows, write
from debugkit.debug.processes.writer import WAITING, Writer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no private Unix sockets")

ROW = {"title": "KeyError: 'price'", "moments": [[1.5, "a"]]}
DOCUMENTS = {"html": Document((("Content-Type", "text/html"),), "<p>café"), "text": Document((), "")}


def test_a_snapshot_is_read_as_it_was_written_and_by_its_user_alone(own_state: Path) -> None:
    write(own_state, "abc", ROW, DOCUMENTS)
    assert read_rows(own_state) == {"abc": ROW}
    assert {name: read_document(own_state, "abc", name) for name in DOCUMENTS} == DOCUMENTS
    assert read_document(own_state, "abc", "json") is None
    assert read_document(own_state, "abd", "html") is None
    assert [stat.S_IMODE(path.stat().st_mode) for path in own_state.iterdir()] == [0o600]


def test_snapshots_are_bounded_in_number_and_in_bytes(own_state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "MOST", 3)
    for number in range(5):
        write(own_state, str(number), ROW, DOCUMENTS)
        os.utime(own_state / f"{number}.error", (number, number))
    write(own_state, "5", ROW, DOCUMENTS)
    assert sorted(read_rows(own_state)) == ["3", "4", "5"]
    size = (own_state / "5.error").stat().st_size
    monkeypatch.setattr(snapshots, "MOST_BYTES", 2 * size)
    write(own_state, "6", ROW, DOCUMENTS)
    assert sorted(read_rows(own_state)) == ["5", "6"]


def test_what_is_too_long_is_left_out(own_state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(own_state, "a", {"title": "x" * 70_000}, DOCUMENTS)
    write(own_state, "b", ROW, {"html": Document((), os.urandom(1_500_000).hex())})
    monkeypatch.setattr(snapshots, "LARGEST_DOCUMENTS", 1_000)
    write(own_state, "c", ROW, {"html": Document((), "x" * 1_000)})
    assert list(own_state.iterdir()) == []


def test_a_file_that_is_cut_off_foreign_or_a_link_is_nothing(own_state: Path) -> None:
    write(own_state, "a", ROW, DOCUMENTS)
    whole = (own_state / "a.error").read_bytes()
    for name, data in {"cut": whole[:50], "short": b"dk", "foreign": b"<html>" * 20, "late": whole[:-9]}.items():
        (own_state / f"{name}.error").write_bytes(data)
        (own_state / f"{name}.error").chmod(0o600)
    (own_state / "link.error").symlink_to(own_state / "a.error")
    (own_state / "open.error").write_bytes(whole)
    (own_state / "open.error").chmod(0o644)
    assert set(read_rows(own_state)) == {"a", "late"}
    assert [read_document(own_state, name, "html") for name in ("cut", "short", "foreign", "late", "link", "open")] == [
        None
    ] * 6


# The thread that writes them


class Diary:
    """What was written, the first of it only when it may be."""

    def __init__(self) -> None:
        self.written: list[int] = []
        self.began, self.go, self.wrote = threading.Event(), threading.Event(), threading.Event()

    def write(self, item: int) -> None:
        self.began.set()
        self.go.wait(TIMEOUT)
        self.written.append(item)
        self.wrote.set()


def test_of_a_flood_the_newest_are_written() -> None:
    diary = Diary()
    writer = Writer(diary.write)
    writer.put(-1)
    assert diary.began.wait(TIMEOUT)
    for number in range(1_000):
        writer.put(number)
    diary.go.set()
    writer.finish()
    assert diary.written == [-1, *range(999, 999 - WAITING, -1)]


def test_what_is_put_is_written_without_being_asked_for() -> None:
    diary = Diary()
    diary.go.set()
    writer = Writer(diary.write)
    writer.put(1)
    assert diary.wrote.wait(TIMEOUT)
    writer.finish()
    assert diary.written == [1]


def test_the_end_does_not_wait_for_more_than_there_is_time_for() -> None:
    written: list[int] = []

    class Clock:
        now = 0.0

        def __call__(self) -> float:
            return self.now

    clock = Clock()

    def write(item: int) -> None:
        written.append(item)
        clock.now += 0.75

    writer = Writer(write, clock=clock)
    writer._ended.set()  # nothing but the end writes
    for number in range(5):
        writer.put(number)
    writer.finish()
    assert written == [4, 3]
