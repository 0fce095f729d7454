"""Every route for every kind of sender: who gets an answer, and who a refusal. What they say is tested elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from client import Answer, Client

from debugkit import DebuggedApplication
from debugkit.debug.access.viewer import Level
from debugkit.debug.http.routes import ROUTES

MOUNT = "/__debugkit__"

#: What each address takes, written down once more: a change to the table of the code is to be one here too.
NEEDED = {
    "GET static/page.css": Level.VISITOR,
    "GET tracebacks": Level.VISITOR,
    "GET tracebacks/last": Level.VISITOR,
    "POST tracebacks/clear": Level.DEVELOPER,
    "GET tracebacks/ENTRY": Level.VISITOR,
    "POST tracebacks/ENTRY/search": Level.VISITOR,
    "GET tracebacks/ENTRY/curl": Level.VISITOR,
    "GET tracebacks/ENTRY.html": Level.VISITOR,
    "GET frames/FRAME": Level.VISITOR,
    "GET frames/FRAME/source": Level.DEVELOPER,
    "POST frames/FRAME/values": Level.VISITOR,
    "POST frames/FRAME/evaluate": Level.RUNNER,
    "POST frames/FRAME/interrupt": Level.RUNNER,
    "POST frames/FRAME/results/1": Level.RUNNER,
    "GET frames/FRAME/results/1": Level.DEVELOPER,
    "POST tracebacks/ENTRY/replay": Level.RUNNER,
    "POST frames/FRAME/complete": Level.DEVELOPER,
    "POST values/VALUE": Level.DEVELOPER,
    "POST unlock": Level.VISITOR,
    "GET unlock": Level.VISITOR,
    "POST lock": Level.VISITOR,
    "GET events": Level.VISITOR,
    "GET console": Level.VISITOR,
    "POST console/evaluate": Level.RUNNER,
    "POST console/interrupt": Level.RUNNER,
    "POST console/results/1": Level.RUNNER,
    "GET console/results/1": Level.DEVELOPER,
    "POST console/complete": Level.DEVELOPER,
}

#: A value that sends less than it has: a long text, and a document.
SHOWN = "type('Shown', (), {'_repr_html_': lambda self: '<b>', '__repr__': lambda self: 'shown ' * 1000})()"


class House:
    """An application with an error that was looked at, and clients of every level."""

    def __init__(self) -> None:
        self.build()

    def build(self) -> None:
        self.app = DebuggedApplication(self._fail, console_path="/console")
        owner = Client(self.app)
        owner.unlock(self.app.debugger.pin_auth.pin)
        self.bodies = {
            "evaluate": {"source": "1"},
            "complete": {"source": "b", "cursor": 1},
            "search": {"text": "basket"},
            "unlock": {"pin": self.app.debugger.pin_auth.pin},
        }
        entry = (owner("/x").header("X-Debugkit-Traceback") or "").rpartition("/")[2]
        frame = owner(f"{MOUNT}/tracebacks/{entry}.json").json["exceptions"][0]["frames"][-1]["id"]
        events = owner.post(f"{MOUNT}/frames/{frame}/evaluate", {"source": "basket"}).events
        for console in (f"frames/{frame}", "console"):
            owner.post(f"{MOUNT}/{console}/evaluate", {"source": SHOWN})
        self.ids = {"ENTRY": entry, "FRAME": frame, "VALUE": events[0]["node"]["handle"]}
        self.clients = {
            Level.STRANGER: Client(self.app, {"HTTP_HOST": "evil.test"}, owner.cookie, owner.key),
            Level.VISITOR: Client(self.app),
            Level.DEVELOPER: Client(self.app, cookie=owner.cookie),
            Level.RUNNER: owner,
        }

    @staticmethod
    def _fail(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/x":
            start_response("404 Not Found", [("Content-Type", "text/own")])
            return [b"own 404"]
        basket = {"tea": ["green"]}
        return [basket["coffee"]]  # type: ignore[list-item]

    def path(self, route: str) -> str:
        found = re.sub("[A-Z]{5,}", lambda match: self.ids[match[0]], route.partition(" ")[2])
        return f"{MOUNT}/{found}"

    def ask(self, level: Level, route: str, **more: Any) -> Answer:
        client, path = replace(self.clients[level]), self.path(route)
        more = {"HTTP_ACCEPT": "*/*"} | more
        if route.startswith("GET"):
            return client(path, **more)
        # As the page sends it with the key, also where 1 would do: a level holds all that the ones below it may.
        key = {"HTTP_X_DEBUGKIT": client.key} if client.key else {}
        answer = client.post(path, self.bodies.get(path.rpartition("/")[2], {}), **(key | more))
        if route.endswith("/clear") and answer.status == 200:
            self.build()
        return answer


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    folder = tmp_path_factory.mktemp("state")
    folder.chmod(0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEBUGKIT_STATE_DIR", str(folder))
        return House()


def test_the_table_names_every_route() -> None:
    sample = {"ENTRY": "a1", "FRAME": "a1-0", "VALUE": "a1-v1"}
    found = {}
    for route in NEEDED:
        method, _, path = route.partition(" ")
        path = re.sub("[A-Z]{5,}", lambda match: sample[match[0]], path)
        match = next(row for row in ROUTES if row.method == method and row.path.fullmatch(path))
        found[ROUTES.index(match)] = match.level

    assert len(found) == len(ROUTES) == len(NEEDED)
    assert [found[index] for index in sorted(found)] == [row.level for row in ROUTES]


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("route", NEEDED)
def test_each_route_answers_those_who_may_and_nobody_else(house: House, route: str, level: Level) -> None:
    answer = house.ask(level, route)

    if level is Level.STRANGER:
        assert (answer.status, answer.text) == (404, "own 404")
    elif level < NEEDED[route]:
        expected = "no_key" if level is Level.DEVELOPER else "not_unlocked"
        assert (answer.status, answer.json["error"]) == (403, expected)
    else:
        # A link without a token is bad, and nobody tells of events here: both say so to those who may ask.
        refusals = {"GET unlock": (403, "bad_link"), "GET events": (404, "not_found")}
        assert answer.status == 200 or (answer.status, answer.json["error"]) == refusals[route]


FOREIGN = {
    "another port": {"HTTP_ORIGIN": "http://localhost:9999"},
    "another site": {"HTTP_SEC_FETCH_SITE": "same-site"},
    "a form": {"HTTP_X_DEBUGKIT": ""},
}


@pytest.mark.parametrize("foreign", FOREIGN)
@pytest.mark.parametrize("route", [route for route in NEEDED if route.startswith("POST")])
def test_what_changes_something_is_refused_to_pages_of_others(house: House, route: str, foreign: str) -> None:
    answer = house.ask(Level.RUNNER, route, **FOREIGN[foreign])

    assert answer.status == 403
    assert answer.json["error"] in ("cross_origin", "missing_header")
    assert answer.header("Set-Cookie") is None


#: What a browser is to be told with each answer, written down once more.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
}
#: The document that a value of the application made: in a frame of the page, which reaches nothing.
DOCUMENT = {
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'",
    "X-Frame-Options": "SAMEORIGIN",
}


@pytest.mark.parametrize("level", [Level.VISITOR, Level.DEVELOPER])
@pytest.mark.parametrize("route", NEEDED)
def test_each_answer_and_refusal_carries_the_policies(house: House, route: str, level: Level) -> None:
    for accept in ("text/html", "*/*"):
        answer = house.ask(level, route, HTTP_ACCEPT=accept)
        document = "GET" in route and "/results/" in route and answer.status == 200
        assert {name: answer.header(name) for name in HEADERS} == HEADERS | (DOCUMENT if document else {})
        if "static" not in route:
            assert answer.header("Cache-Control") == "no-store"


@pytest.mark.parametrize("accept", ["text/html", "application/json", "*/*"])
def test_the_answer_to_a_failed_request_carries_them_too(house: House, accept: str) -> None:
    answer = house.clients[Level.VISITOR]("/x", HTTP_ACCEPT=accept)

    # Forms on a page without referrers send "Origin: null", which the application would refuse.
    assert {name: answer.header(name) for name in HEADERS} == HEADERS | {"Referrer-Policy": "same-origin"}
    assert answer.header("Cache-Control") == "no-store"
