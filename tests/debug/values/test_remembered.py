"""What foreign code answered is remembered with the error: it runs once, until a command may have changed something."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest
from client import CHROME, Client

from debugkit.debug.redaction.redactor import Redactor
from debugkit.debug.safe.inspection import Guard
from debugkit.debug.values.describe import Describer
from debugkit.debug.values.preview import line_preview
from debugkit.debug.values.remembered import MOST, Remembered
from debugkit.debug.wsgi import DebuggedApplication
from debugkit.settings import Limits

MOUNT = "/__debugkit__"
LONG = 240.0


class Cup:
    """Counts how often it is asked for its ``repr``, and says what it is told to."""

    def __init__(self, text):
        self.text, self.asked = text, 0

    def __repr__(self):
        self.asked += 1
        if isinstance(self.text, BaseException):
            raise self.text
        while self.text is None:
            pass
        return self.text


def failing(cup):
    """A client that may do all, the address of an error with ``cup`` among its values, and the debugger."""

    def app(environ, start_response):
        held = {"tray": [cup]}
        return held, 1 // 0

    debugged = DebuggedApplication(app)
    client = Client(debugged)
    client.unlock(debugged.debugger.pin_auth.pin)
    return client, client("/").header("X-Debugkit-Traceback"), debugged.debugger


def look_everywhere(client, address):
    """All forms twice, the frame, and the tree down to the cup; gives back what was seen."""
    seen = []
    for _ in range(2):
        seen += [client(address + form, HTTP_ACCEPT=CHROME).text for form in ("", ".json", ".md", ".txt")]
    problem = client(f"{address}.json").json
    frame = problem["exceptions"][0]["frames"][-1]["id"]
    seen += [client(f"{MOUNT}/frames/{frame}").text, client(f"{MOUNT}/frames/{frame}", HTTP_X_DEBUGKIT="1").text]
    return frame, seen


def evaluate(client, frame, source):
    return client.post(f"{MOUNT}/frames/{frame}/evaluate", {"source": source}).events


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a cup of tea", "a cup of tea"), (ValueError("no tea"), "repr raised ValueError: no tea")],
)
def test_a_repr_runs_once_for_all_looks_at_an_error(text, shown):
    cup = Cup(text)
    client, address, _ = failing(cup)
    _, seen = look_everywhere(client, address)
    assert cup.asked == 1
    assert shown in seen[0]
    assert shown in seen[-1]


def test_the_tree_runs_it_no_more_either():
    cup = Cup("a cup of tea")
    client, address, _ = failing(cup)
    frame, _ = look_everywhere(client, address)
    [held] = [event["node"] for event in evaluate(client, frame, "held") if event["kind"] == "value"]
    asked = cup.asked
    for _ in range(3):
        [tray] = client.post(f"{MOUNT}/values/{held['handle']}").json["children"]
        [inside] = client.post(f"{MOUNT}/values/{tray['handle']}").json["children"]
        assert inside["text"] == "a cup of tea"
    assert cup.asked == asked + 1  # once since the command


def test_after_a_command_objects_say_what_they_are_now():
    cup = Cup("a cup of tea")
    client, address, _ = failing(cup)
    frame, _ = look_everywhere(client, address)
    [node] = [
        event["node"] for event in evaluate(client, frame, "cup.text = 'cold tea'\ncup") if event["kind"] == "value"
    ]
    assert node["text"] == "cold tea"
    evaluate(client, frame, "cup.text = 'a broken cup'")
    asked = cup.asked
    _, seen = look_everywhere(client, address)
    assert cup.asked == asked + 1
    assert all("a broken cup" in text for text in (seen[0], seen[1], seen[2], seen[-1]))


def test_a_command_in_one_error_is_seen_in_another():
    cup = Cup("a cup of tea")
    client, address, _ = failing(cup)
    frame, _ = look_everywhere(client, client("/").header("X-Debugkit-Traceback"))
    cup.text = "cold tea"
    assert "a cup of tea" in client(f"{address}.md").text
    evaluate(client, frame, "pass")
    assert "cold tea" in client(f"{address}.md").text


def describing(remembered, each, **limits):
    return Describer(Limits(**limits), Redactor(environ={}), Guard(each, LONG), remembered=remembered)


def test_a_deadline_is_paid_once_and_for_no_other_instance():
    remembered = Remembered()
    slow, other = Cup(None), Cup(None)
    with describing(remembered, 0.05) as describer:
        assert describer.describe(slow).text == "<Cup: repr took longer than 0.05 s>"
    with describing(remembered, 0.05) as describer:
        assert describer.describe(slow).text == "<Cup: repr took longer than 0.05 s>"
        assert describer.describe(other).text.startswith("<Cup text=")
    assert (slow.asked, other.asked) == (1, 0)


def test_what_was_not_asked_for_want_of_time_is_asked_by_the_next_page():
    remembered, cup = Remembered(), Cup("a cup of tea")
    with Describer(Limits(), Redactor(environ={}), Guard(1, 0), remembered=remembered) as describer:
        assert describer.describe(cup).text.startswith("<Cup text=")
    with describing(remembered, LONG) as describer:
        assert describer.describe(cup).text == "a cup of tea"


def test_few_answers_are_kept_those_that_were_looked_at_last():
    remembered = Remembered()
    cups = [Cup("") for _ in range(MOST + 1)]
    gone = weakref.ref(cups[1])
    for cup in cups[:-1]:
        remembered.keep(cup, line_preview("object", "tea"))
    assert remembered.find(cups[0]) is not None
    remembered.keep(cups[-1], line_preview("object", "tea"))
    assert [remembered.find(cups[number]) is None for number in (0, 1, 2, MOST)] == [False, True, False, False]
    cups.clear()
    del cup
    gc.collect()
    assert gone() is None


def test_a_long_answer_is_kept_as_far_as_it_is_shown():
    remembered, cup = Remembered(), Cup("tea" * 10_000)
    with describing(remembered, LONG, value_text=30) as describer:
        assert describer.describe(cup).text == "tea" * 9 + "te…"
    kept = remembered.find(cup)
    assert kept is not None
    assert kept.line is not None
    assert len(kept.line(1_000_000)) == 31


def test_with_the_error_its_answers_go_and_nothing_is_remembered_afterwards():
    cup = Cup("a cup of tea")
    _, address, debugger = failing(cup)
    entry = debugger.registry.get(address.rpartition("/")[2])
    assert entry.remembered.find(cup) is not None
    # An address that is looked at while the error goes.
    entry._end("gone")
    entry._drop()
    assert entry.remembered.find(cup) is None
    entry.remembered.keep(cup, line_preview("object", "tea"))
    assert entry.remembered.find(cup) is None


def test_a_value_that_two_look_at_at_once_is_asked_once():
    begun, go_on, calls = threading.Event(), threading.Event(), []

    class Slow:
        def __repr__(self):
            calls.append(1)
            begun.set()
            assert go_on.wait(LONG)
            return "tea at last"

    class Watched(Remembered):
        def begin(self, value):
            asked = super().begin(value)
            if asked is not None:
                go_on.set()
            return asked

    remembered, value, seen = Watched(), Slow(), []

    def look():
        with Describer(
            Limits(repr_seconds=LONG), Redactor(environ={}), Guard(LONG, LONG), remembered=remembered
        ) as describer:
            seen.append(describer.describe(value).text)

    first, second = threading.Thread(target=look), threading.Thread(target=look)
    first.start()
    assert begun.wait(LONG)
    second.start()
    first.join()
    second.join()

    assert (seen, calls) == (["tea at last", "tea at last"], [1])


def test_a_value_that_another_page_waits_for_too_long_is_a_plain_one():
    remembered, value = Remembered(), Cup("tea")
    assert remembered.begin(value) is None
    with Describer(
        Limits(repr_seconds=0.01), Redactor(environ={}), Guard(LONG, LONG), remembered=remembered
    ) as describer:
        assert describer.describe(value).text == "<Cup text='tea', asked=0>"  # by its attributes
    remembered.end(value)

    assert value.asked == 0
