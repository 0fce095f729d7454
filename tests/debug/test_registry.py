"""The registry: what is kept, for how long, and what is said of what is not."""

from __future__ import annotations

import gc
import re
import threading
import weakref
from contextlib import suppress

import pytest
from process_support import TIMEOUT

from debugkit.debug.registry import ErrorRecord, Registry
from debugkit.errors import Gone, NotFound
from debugkit.settings import Limits


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Payload:
    """Something of the user's, whose end can be seen."""

    line = "GET /"  # it stands for a request too


class Captured:
    """What the registry uses of a captured traceback."""

    def __init__(self, fingerprint="KeyError@cart.py:42", payload=None):
        self.fingerprint = fingerprint
        self.text = "Traceback (most recent call last): ..."
        self.frames = {0: ("outer", payload), 7: ("inner", payload)}
        self.releases = 0

    def frame(self, index):
        return self.frames[index]

    def release(self):
        self.frames = {}
        self.releases += 1


class Console:
    def __init__(self, closes=None):
        self.closes = [] if closes is None else closes

    def close(self):
        self.closes.append(self)


class Request:
    line = "POST /cart/checkout"


def newest(store: Registry) -> list[ErrorRecord]:
    """The newest error of each group."""
    return [group[0] for group in store.recent_groups()]


@pytest.fixture
def clock():
    return Clock()


def registry(clock=None, *, live_tracebacks=20, max_age=3600, **most) -> Registry:
    limits = Limits(live_tracebacks=live_tracebacks, max_age=max_age)
    return Registry(limits, clock=clock or Clock(), **most)


def fill(store, count, prefix="E"):
    return [store.add(Captured(f"{prefix}{number}")) for number in range(count)]


def reason(error, function, *args) -> str:
    with pytest.raises(error) as caught:
        function(*args)
    return caught.value.explanation


# -- Finding ---------------------------------------------------------------------------------------------------------


def test_an_added_error_is_found_by_its_id(clock):
    store = registry(clock)
    captured, request, manager = Captured(), Request(), object()
    entry = store.add(captured, request=request, context=None, context_managers=[manager])
    assert store.get(entry.id) is entry
    assert (entry.captured, entry.request, entry.context_managers) == (captured, request, (manager,))
    assert (entry.time, entry.live, entry.gone_reason) == (clock.now, True, "")
    assert (entry.group, entry.occurrences) == ("KeyError@cart.py:42", 1)


def test_ids_cannot_be_guessed_and_need_no_escaping():
    ids = {entry.id for entry in fill(registry(), 100)}
    assert len(ids) == 100
    assert all(re.fullmatch("[0-9a-f]{24}", one) for one in ids)


def test_a_frame_is_found_by_the_id_of_its_error_and_its_number():
    store = registry()
    entry = store.add(Captured())
    assert store.frame(f"{entry.id}-7") == (entry, ("inner", None))


@pytest.mark.parametrize("end", ["", "-", "-1", "--7", "-07", "-7x", "-٧", "-v1", "-" + "7" * 40, "-7\n"])
def test_a_malformed_or_unknown_frame_is_not_found(end):
    store = registry()
    entry = store.add(Captured())
    assert reason(NotFound, store.frame, f"{entry.id}{end}")


@pytest.mark.parametrize("text", ["", "x", "../etc/passwd", "0" * 24, "é", "0" * 10_000])
def test_an_id_that_was_never_given_is_not_found_and_says_that_restarts_forget(text):
    store = registry()
    fill(store, 3)
    assert "restart" in reason(NotFound, store.get, text)
    assert reason(NotFound, store.frame, f"{text}-0")
    assert reason(NotFound, store.value, f"{text}-v1xabcd")


# -- Letting go ------------------------------------------------------------------------------------------------------


def test_the_oldest_error_is_let_go_when_there_are_too_many_and_says_so():
    store = registry(live_tracebacks=20)
    entries = fill(store, 22)
    assert [entry.live for entry in entries] == [False] * 2 + [True] * 20
    assert "room for newer errors (at most 20" in entries[0].gone_reason
    assert "text is still available" in entries[0].gone_reason


def test_an_error_let_go_keeps_its_text_and_request_line_and_nothing_that_lives():
    store = registry(live_tracebacks=1)
    captured = Captured()
    entry = store.add(captured, request=Request(), context_managers=[object()])
    store.add(Captured("other"))
    assert captured.releases == 1
    assert store.get(entry.id).captured.text.startswith("Traceback")
    assert (entry.request, entry.context, entry.context_managers) == (None, None, ())
    assert entry.request_line == "POST /cart/checkout"


def test_a_frame_of_an_error_let_go_is_gone_with_the_reason():
    store = registry(live_tracebacks=1)
    entry = store.add(Captured())
    store.add(Captured("other"))
    assert reason(Gone, store.frame, f"{entry.id}-7") == entry.gone_reason


def test_only_the_newest_of_the_same_error_stay_live():
    store = registry(live_per_group=3)
    other = store.add(Captured("other"))
    entries = [store.add(Captured()) for _ in range(5)]
    assert [entry.live for entry in entries] == [False, False, True, True, True]
    assert "happened again (at most 3" in entries[0].gone_reason
    assert other.live


def test_an_error_is_let_go_after_an_hour_without_use(clock):
    store = registry(clock, max_age=3600)
    entry = store.add(Captured())
    clock.now += 3600
    assert store.get(entry.id).live
    clock.now += 1
    assert not store.get(entry.id).live
    assert "after an hour" in entry.gone_reason


@pytest.mark.parametrize(("age", "said"), [(5400, "90 minutes"), (90, "1.5 minutes"), (30, "30 seconds")])
def test_the_reason_says_how_long(clock, age, said):
    store = registry(clock, max_age=age)
    entry = store.add(Captured())
    clock.now += age + 1
    assert f"after {said} without use" in store.get(entry.id).gone_reason


@pytest.mark.parametrize("look", ["add", "get", "frame", "value", "recent_groups"])
def test_age_is_noticed_by_whoever_looks_first(clock, look):
    store = registry(clock)
    old = Captured()
    entry = store.add(old)
    handle = entry.values.put(object(), "x")
    clock.now += 4000
    looks = {
        "add": lambda: store.add(Captured("new")),
        "get": lambda: store.get("unknown"),
        "frame": lambda: store.frame(f"{entry.id}-7"),
        "value": lambda: store.value(handle),
        "recent_groups": store.recent_groups,
    }
    try:
        looks[look]()
    except (NotFound, Gone):
        pass
    assert old.releases == 1


def test_a_clock_that_jumps_back_does_no_harm(clock):
    store = registry(clock)
    entry = store.add(Captured())
    clock.now -= 100_000
    assert store.get(entry.id).live


def test_texts_are_bounded_too_and_an_error_without_text_is_gone():
    store = registry(live_tracebacks=2, text_tracebacks=3)
    entries = fill(store, 7)
    assert "removed to make room" in reason(Gone, store.get, entries[0].id)
    assert "removed to make room" in reason(Gone, store.frame, f"{entries[1].id}-0")
    assert [store.get(entry.id).live for entry in entries[2:]] == [False] * 3 + [True] * 2


def test_a_flood_of_one_error_does_not_push_out_the_text_of_a_rare_one():
    store = registry(live_tracebacks=2, text_tracebacks=10)
    rare = store.add(Captured("rare"))
    for _ in range(500):
        store.add(Captured("flood"))
    assert store.get(rare.id).captured.text
    assert [entry.group for entry in newest(store)] == ["flood", "rare"]


def test_what_is_remembered_of_forgotten_errors_is_bounded():
    store = registry(live_tracebacks=1, text_tracebacks=1)
    first = store.add(Captured("first"))
    fill(store, 100)
    assert reason(Gone, store.get, first.id)
    fill(store, 2_100)
    assert reason(NotFound, store.get, first.id)


def test_a_limit_of_none_at_all_keeps_text_only():
    store = registry(live_tracebacks=0)
    entry = store.add(Captured())
    assert not store.get(entry.id).live


# -- Grouping --------------------------------------------------------------------------------------------------------


def test_recent_errors_come_newest_first_and_the_same_ones_together():
    store = registry()
    a1, b, a2 = store.add(Captured("a")), store.add(Captured("b")), store.add(Captured("a"))
    assert store.recent_groups() == [[a2, a1], [b]]
    assert newest(store) == [a2, b]
    assert [entry.occurrences for entry in (a1, a2, b)] == [2, 2, 1]


def test_all_occurrences_count_also_those_that_were_let_go():
    store = registry(live_per_group=1, text_tracebacks=2)
    for _ in range(50):
        last = store.add(Captured())
    assert last.occurrences == 50
    assert len(store.recent_groups()[0]) == 3


def test_groups_that_nobody_remembers_take_no_room():
    store = registry(live_tracebacks=1, text_tracebacks=1)
    fill(store, 50)
    assert len(store._groups) == 2


# -- Values ----------------------------------------------------------------------------------------------------------


def test_a_value_is_found_by_its_handle():
    store = registry()
    entry, value = store.add(Captured()), object()
    handle = entry.values.put(value, "cart")
    assert re.fullmatch(rf"{entry.id}-v[0-9a-z]+", handle)
    assert store.value(handle) == (entry, value, "cart")
    assert entry.values.get(handle) == (value, "cart")


def test_the_same_object_and_name_have_the_same_handle():
    entry = registry().add(Captured())
    value = []
    assert entry.values.put(value, "a") == entry.values.put(value, "a")
    assert entry.values.put(value, "a") != entry.values.put(value, "b")
    assert entry.values.put([], "a") != entry.values.put([], "a")


def test_a_value_is_neither_compared_nor_hashed():
    class Hostile:
        def __eq__(self, other):
            raise SystemExit

        __hash__ = __bool__ = __len__ = __repr__ = __eq__

    entry = registry(most_values=1).add(Captured())
    first, second = Hostile(), Hostile()
    assert entry.values.put(first, "x") == entry.values.put(first, "x")
    assert entry.values.get(entry.values.put(second, "x"))[0] is second


def test_the_oldest_value_is_dropped_when_there_are_too_many():
    store = registry(most_values=3)
    entry, payload = store.add(Captured()), Payload()
    seen = weakref.ref(payload)
    handle = entry.values.put(payload, "payload")
    del payload
    kept = [entry.values.put([number], "x") for number in range(3)]
    assert seen() is None
    assert "at most 3" in reason(Gone, store.value, handle)
    assert [store.value(one)[1] for one in kept] == [[0], [1], [2]]


def test_a_dropped_value_put_again_gets_a_new_handle():
    entry = registry(most_values=1).add(Captured())
    value = []
    first = entry.values.put(value, "x")
    entry.values.put([], "x")
    assert entry.values.get(entry.values.put(value, "x")) == (value, "x")
    assert reason(Gone, entry.values.get, first)


def test_a_handle_that_was_never_given_is_not_found():
    store = registry()
    entry, other = store.add(Captured("a")), store.add(Captured("b"))
    given = entry.values.put([], "x")
    for handle in ["", "v1", f"{entry.id}-v", f"{entry.id}-v1", f"{entry.id}-v2x00", f"{other.id}-v1x00", given + "\n"]:
        assert reason(NotFound, store.value, handle)
    assert reason(NotFound, other.values.get, given)


def test_values_of_an_error_let_go_are_gone_with_its_reason_and_take_no_room():
    store = registry(live_tracebacks=1)
    entry, payload = store.add(Captured()), Payload()
    seen = weakref.ref(payload)
    handle = entry.values.put(payload, "payload")
    del payload
    store.add(Captured("other"))
    assert seen() is None
    assert reason(Gone, store.value, handle) == entry.gone_reason
    assert entry.values.put([], "late") == ""


# -- Consoles --------------------------------------------------------------------------------------------------------


def test_a_frame_has_one_console():
    entry = registry().add(Captured())
    first = entry.consoles.get(7, Console)
    assert entry.consoles.get(7, Console) is first
    assert entry.consoles.get(0, Console) is not first


def test_threads_that_ask_at_once_get_the_same_console():
    entry = registry().add(Captured())
    start, made, got = threading.Barrier(8), [], []

    def factory():
        made.append(Console())
        return made[-1]

    def ask():
        start.wait(TIMEOUT)
        got.append(entry.consoles.get(0, factory))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)
    assert len(made) == 1
    assert got == made * 8


def test_a_console_that_cannot_be_made_is_tried_again():
    entry = registry().add(Captured())

    def broken():
        raise RuntimeError

    with pytest.raises(RuntimeError):
        entry.consoles.get(0, broken)
    assert entry.consoles.get(0, Console)


def test_consoles_are_closed_when_their_error_is_let_go():
    store, closes = registry(live_tracebacks=1), []
    entry = store.add(Captured())
    consoles = [entry.consoles.get(index, lambda: Console(closes)) for index in (0, 7)]
    store.add(Captured("other"))
    assert sorted(closes, key=id) == sorted(consoles, key=id)
    assert reason(Gone, entry.consoles.get, 0, Console) == entry.gone_reason


def test_a_console_made_while_its_error_is_let_go_is_closed_and_not_given():
    store, closes = registry(live_tracebacks=1), []
    entry = store.add(Captured())

    def slow():
        store.add(Captured("other"))
        return Console(closes)

    assert reason(Gone, entry.consoles.get, 0, slow) == entry.gone_reason
    assert len(closes) == 1


def test_one_console_that_cannot_be_closed_does_not_keep_the_others_and_the_frames():
    class Stuck(Console):
        def close(self):
            raise OSError("stuck")

    store, closes = registry(live_tracebacks=1), []
    captured = Captured()
    entry = store.add(captured)
    entry.consoles.get(0, lambda: Console(closes))
    entry.consoles.get(3, Stuck)
    entry.consoles.get(7, lambda: Console(closes))
    with pytest.raises(OSError, match="stuck"):
        store.add(Captured("other"))
    assert (len(closes), captured.releases) == (2, 1)
    assert len(newest(store)) == 2


def test_errors_with_a_console_outlive_errors_without(clock):
    store = registry(clock, live_tracebacks=3)
    first, second, third = fill(store, 3)
    first.consoles.get(0, Console)
    store.add(Captured("new"))
    assert [entry.live for entry in (first, second, third)] == [True, False, True]


def test_the_console_used_last_outlives_the_others(clock):
    store = registry(clock, live_tracebacks=2)
    first, second = fill(store, 2)
    for entry in (first, second, first):
        clock.now += 1
        with entry.using():
            entry.consoles.get(0, Console)
    store.add(Captured("new"))
    assert [entry.live for entry in (first, second)] == [True, False]


def test_a_running_console_outlives_idle_ones_and_the_bound_holds(clock):
    store = registry(clock, live_tracebacks=2)
    running, idle = fill(store, 2)
    running.consoles.get(0, Console)
    with running.using():
        clock.now += 1
        idle.consoles.get(0, Console)
        new = store.add(Captured("new"))
        assert [entry.live for entry in (running, idle, new)] == [True, False, True]
        with new.using():
            store.add(Captured("newer"))
            assert sum(entry.live for entry in newest(store)) == 2


def test_a_console_in_use_keeps_its_error_from_growing_old(clock):
    store = registry(clock, max_age=3600)
    entry, idle = fill(store, 2)
    clock.now += 3000
    with entry.using():
        pass
    clock.now += 3000
    assert (store.get(entry.id).live, store.get(idle.id).live) == (True, False)


# -- Memory and hostile ends -----------------------------------------------------------------------------------------


def test_two_thousand_errors_that_hold_much_keep_memory_flat():
    store, alive = registry(), weakref.WeakSet()
    for number in range(2_000):
        payload = Payload()
        payload.data = bytes(1_000_000)
        alive.add(payload)
        entry = store.add(Captured(f"E{number % 40}", payload), request=payload, context_managers=[payload])
        entry.values.put(payload, "payload")
        del payload
    gc.collect()
    assert len(alive) <= 20
    assert sum(map(len, store.recent_groups())) <= 220


def test_the_end_of_a_value_runs_without_a_lock():
    """Its ``__del__`` asks the registry from another thread, which would wait for ever if a lock were held."""
    store = registry(live_tracebacks=1, most_values=2)
    answers = []

    def ask():
        with suppress(NotFound):
            answers.append(newest(store))
            entry.values.get("never given")

    class Hostile:
        line = "GET /"

        def __del__(self):
            thread = threading.Thread(target=ask)
            thread.start()
            thread.join(TIMEOUT)

    entry = store.add(Captured(payload=Hostile()), request=Hostile(), context_managers=[Hostile()])
    entry.values.put(Hostile(), "a")
    store.add(Captured("other"))
    assert len(answers) == 4
    entry = store.add(Captured("third"))
    for name in "abc":
        entry.values.put(Hostile(), name)
    assert len(answers) == 5


def test_an_end_that_raises_disturbs_nobody():
    class Failing:
        def __del__(self):
            store.add(Captured("from the end"))

    store = registry(live_tracebacks=1)
    store.add(Captured(payload=Failing()))
    store.add(Captured("other"))
    assert {entry.group for entry in newest(store)} == {"KeyError@cart.py:42", "other", "from the end"}


def test_many_threads_add_and_look_at_once():
    store = registry(live_tracebacks=5, text_tracebacks=5)
    start, failures = threading.Barrier(6), []

    def work(number):
        start.wait(TIMEOUT)
        for turn in range(200):
            entry = store.add(Captured(f"E{(number + turn) % 9}"))
            entry.values.put([], "x")
            try:
                newest(store)
                store.get(entry.id)
            except Gone:
                continue
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)
    assert failures == []
    assert sum(entry.live for group in store.recent_groups() for entry in group) <= 5
