"""What every handler works with: the stores, and what one request may see of them."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from debugkit.debug.access.pin import Gate
from debugkit.debug.access.trust import Level, Verdict, assess, own_authority
from debugkit.debug.console.console import Console
from debugkit.debug.http import negotiate
from debugkit.debug.live import Events
from debugkit.debug.messages import Request
from debugkit.debug.page import assets
from debugkit.debug.page.builder import PageBuilder
from debugkit.debug.page.frame import Reader
from debugkit.debug.page.models import AccessView, LiveView
from debugkit.debug.redaction.redactor import Redactor
from debugkit.debug.registry import Entry, Registry
from debugkit.debug.safe.inspection import Guard
from debugkit.debug.values.describe import Describer
from debugkit.errors import BadRequest, BodyTooLarge, UnsupportedMedia
from debugkit.settings import Settings

#: Different refusals explained in the terminal; a scanner that tries more is not worth more lines.
EXPLANATIONS = 50


class Desk:
    """The registry, the gate and the redactor of one debugger; judges requests and prints to the terminal."""

    def __init__(
        self,
        settings: Settings,
        identity: str,
        *,
        clock: Callable[[], float] = time.time,
        print_line: Callable[[str], object] = lambda line: print(line, file=sys.stderr, flush=True),
    ) -> None:
        self.settings = settings
        self.registry = Registry(settings.limits, clock=clock)
        self.gate = Gate(settings, identity, clock=clock)
        self.redactor = Redactor(settings.redact)
        #: The name the server is bound to, once known: trusted like localhost.
        self.bound_host: str | None = None
        #: Where open pages hear what happens; there are some when a runner says when the code has changed.
        self.events: Events | None = None
        self._print_line = print_line
        #: The terminal says PIN and link already.
        self.announced = False
        self._explained: set[str] = set()
        self._in_this_thread = threading.local()
        self._standalone: Console | None = None

    def standalone_console(self) -> Console:
        """The console that belongs to no frame, made when it is first used."""
        if self._standalone is None:
            make = self.settings.console_init_func
            self._standalone = Console(None, limits=self.settings.limits, names=make() if make else {})
        return self._standalone

    def say(self, line: str) -> None:
        """A line in the developer's terminal. Where that is gone, the browser is answered all the same."""
        with contextlib.suppress(Exception):
            self._print_line(line)

    def announcement(self, url: str, entry: Entry | None = None) -> list[str]:
        """The PIN and the one-time link for the terminal, the first time they are asked for; then nothing."""
        settings = self.settings
        if self.announced or not (settings.evalex and settings.pin_logging) or self.gate.pin is None:
            return []
        self.announced = True
        link = f"{url}/unlock?token={self.gate.issue_token()}{f'&next={entry.id}' if entry else ''}"
        lines = [
            f" * Debugger PIN: {self.gate.pin}",
            f" * Unlock this browser: {link} (once, for {settings.link_lifetime / 60:g} minutes)",
        ]
        return [*lines, *([f" * {self.gate.notice}"] if self.gate.notice else [])]

    def announce(self, request: Request) -> None:
        """Print the PIN, if nobody has seen it yet."""
        for line in self.announcement(f"{self.own_site(request)}{self.base(request)}"):
            self.say(line)

    def judge(self, request: Request) -> Verdict:
        """Who is asking. A refusal is explained in the terminal, once, and to nobody else; so is trust in a proxy."""
        cookies = request.headers.get("cookie", "")
        unlocked = self.gate.verify_cookie_header(cookies)
        keyed = unlocked and self.gate.holds_key(cookies, request.headers.get("x-debugkit", ""))
        verdict = assess(request, self.settings, bound_host=self.bound_host, unlocked=unlocked, keyed=keyed)
        if verdict.level is Level.STRANGER:
            self._explain(verdict.reason)
        elif verdict.via and (verdict.local or verdict.level >= Level.DEVELOPER):
            self._explain(f"values are shown to a client behind a proxy, which sent {verdict.via.title()}.")
        return verdict

    def _explain(self, reason: str) -> None:
        if reason not in self._explained and len(self._explained) < EXPLANATIONS:
            self._explained.add(reason)
            self.say(f" * Debugger: {reason}")

    def base(self, request: Request) -> str:
        """What every URL of the debugger starts with: the application's root, and the mount."""
        return f"{request.root}{self.settings.mount}"

    def own_site(self, request: Request) -> str:
        """Scheme and address of the server's own socket, for the terminal; empty when only a proxy knows them."""
        authority = own_authority(request, self.settings, self.bound_host)
        return f"{request.scheme}://{authority}" if authority else ""

    def static_url(self, request: Request) -> str:
        return f"{self.base(request)}/static/{assets.static_key()}/"

    def locked_explanation(self) -> str:
        if not self.settings.evalex:
            return "Consoles are switched off (evalex=False)."
        if self.gate.pin is None:
            return "With the PIN switched off, this works only on the computer that runs the server."
        return "Enter the PIN first: the server printed it in its terminal."

    def redactor_of(self, entry: Entry | None) -> Redactor:
        """Knows also what the framework was told to keep secret in this error."""
        if entry is None:
            return self.redactor
        return self.redactor.extended(entry.extras.secret_names, entry.extras.secret_texts)

    def describer(self, entry: Entry | None = None) -> Describer:
        """Describes values as the code of ``entry`` would see them: in the context of its request."""
        limits = self.settings.limits
        guard = Guard(limits.repr_seconds, limits.values_seconds, context=entry.context if entry else None)
        return Describer(limits, self.redactor_of(entry), guard, remembered=entry.remembered if entry else None)

    def reader(self, request: Request, verdict: Verdict) -> Reader:
        developer = verdict.level >= Level.DEVELOPER
        return Reader(
            base=self.base(request),
            values=developer or verdict.local,
            developer=developer,
            evalex=self.settings.evalex,
            pin=self.gate.pin is not None,
            editor=self.settings.editor,
        )

    def access(self, request: Request, verdict: Verdict) -> AccessView:
        developer = verdict.level >= Level.DEVELOPER
        can_unlock = not developer and self.settings.evalex and self.gate.pin is not None
        return AccessView(
            level="developer" if developer else "visitor",
            unlock_url=f"{self.base(request)}/unlock" if can_unlock else "",
            notice="" if developer else self.locked_explanation(),
            lock_url=f"{self.base(request)}/lock" if developer and self.settings.pin_security else "",
        )

    def live(self, request: Request, heals: str, *, label: str = "", url: str = "") -> LiveView | None:
        """How the page that answers ``request`` hears of changes; `None` when nobody would tell it."""
        if self.events is None:
            return None
        base = self.base(request)
        return LiveView(f"{base}/events", self.events.generation, f"{base}/tracebacks", heals, label, url)

    def builder(self, entry: Entry, request: Request, verdict: Verdict, describer: Describer) -> PageBuilder:
        return PageBuilder(
            entry,
            self.reader(request, verdict),
            self.access(request, verdict),
            describer,
            self.settings.limits,
            self.static_url(request),
        )

    def start_session(self, request: Request) -> tuple[tuple[str, str], str]:
        """The header that unlocks the browser which sent ``request``, and the key for its pages."""
        session = self.gate.issue_session(request.headers.get("cookie", ""))
        return self._cookie(request, session), self.gate.key_of(session)

    def end_session(self, request: Request) -> tuple[str, str]:
        """The header that locks the browser which sent ``request``."""
        return self._cookie(request, "")

    def _cookie(self, request: Request, session: str) -> tuple[str, str]:
        secure = request.scheme == "https"
        return ("Set-Cookie", self.gate.session_cookie(request.root, secure=secure, session=session))

    def json_body(self, request: Request) -> Mapping[str, Any]:
        """The request's body, an object. Raises `UnsupportedMedia`, `BodyTooLarge` or `BadRequest`."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise UnsupportedMedia("Send the body as application/json.")
        limit = self.settings.limits.request_body
        body = request.read_body(limit)
        if len(body) > limit:
            raise BodyTooLarge(f"The body is larger than {limit:,} bytes.")
        try:
            content = json.loads(body)
        except (ValueError, RecursionError):
            raise BadRequest("The body is not valid JSON.") from None
        if not isinstance(content, dict):
            raise BadRequest("The body must be a JSON object.")
        return content


def site(request: Request) -> str:
    """Scheme and host as the client named them, for its eyes alone; empty when it named none."""
    return f"{request.scheme}://{request.host}" if request.host else ""


def wants_page(request: Request) -> bool:
    """Whether a person will look at the answer, rather than the debugger's own script or another program."""
    return "x-debugkit" not in request.headers and negotiate.preferred(request.headers) == "html"


def text_field(content: Mapping[str, Any], name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str):
        raise BadRequest(f'The body needs "{name}", a text.')
    return value
