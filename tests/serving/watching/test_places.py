"""Names that come and go in a few folders, and files that are written, without looking below them."""

from __future__ import annotations

import select
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="inotify is Linux's")

if sys.platform.startswith("linux"):
    from debugkit.serving.watching.inotify import Calls, calls
    from debugkit.serving.watching.places import QUIET, Places


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def places(clock: Clock) -> Iterator[Places]:
    places = Places(calls(), clock=clock)
    yield places
    places.close()


def stirs(places: Places) -> bool:
    """Whether something has happened. The system says so before the call returns that has done it."""
    return bool(select.select([places], [], [], 0)[0])


def test_what_comes_goes_or_is_written_there_is_an_event_and_what_happens_below_is_none(
    tmp_path: Path, places: Places
) -> None:
    package, file = tmp_path / "tea", tmp_path / "tea.pth"
    package.mkdir()
    places.watch([str(tmp_path), str(tmp_path / "gone")])
    (package / "__init__.py").write_text("")
    assert not stirs(places)
    for act in (
        lambda: file.write_text("/shop"),
        lambda: file.write_text("/cups"),
        lambda: package.rename(tmp_path / "cups"),
        lambda: (tmp_path / "tea-1.dist-info").mkdir(),
        file.unlink,
    ):
        act()
        assert stirs(places)
        places.read()
        assert not stirs(places)


def test_a_single_file_may_be_one_of_them_and_is_to_be_named_again_when_another_takes_its_place(
    tmp_path: Path, places: Places
) -> None:
    file, other = tmp_path / "pyvenv.cfg", tmp_path / "draft"
    for path in (file, other):
        path.write_text("home = /usr/bin\n")
    for _ in range(2):
        places.watch([str(file)])
        file.write_text("home = /opt/bin\n")
        assert stirs(places)
        places.read()
        if other.exists():
            other.rename(file)
            assert stirs(places)
            places.read()


def test_it_is_over_when_nothing_more_has_happened_for_a_while(tmp_path: Path, places: Places, clock: Clock) -> None:
    places.watch([str(tmp_path)])
    assert places.due is None
    (tmp_path / "tea").mkdir()
    places.read()
    clock.now += QUIET - 0.1
    (tmp_path / "cups").mkdir()
    places.read()
    clock.now += QUIET - 0.1
    assert not places.is_quiet(clock.now)
    clock.now += 0.1
    assert places.due is not None
    assert places.is_quiet(places.due)
    assert not places.is_quiet(clock.now)
    assert places.due is None


def test_where_the_system_has_no_more_events_nothing_is_said(tmp_path: Path) -> None:
    places = Places(Calls(lambda: -1, calls().add, calls().remove))
    places.watch([str(tmp_path)])
    (tmp_path / "tea").mkdir()
    assert places.fileno() < 0
    assert places.due is None
    places.close()
