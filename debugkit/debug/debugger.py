"""The debugger: keeps errors, prints them in the terminal, and knows who may see what of them.

Lives as long as the application. Knows no protocol and answers no request: `debugkit.debug.http` does.
"""

from __future__ import annotations

import contextlib
import contextvars
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any

from debugkit import terminal_text
from debugkit.debug.access.pin import LOCKED_OUT, PinAuth
from debugkit.debug.access.trust import assess, own_authority
from debugkit.debug.access.viewer import Viewer
from debugkit.debug.console.console import Console
from debugkit.debug.framework_report import NOTHING, FrameworkReport
from debugkit.debug.live import Events
from debugkit.debug.messages import Request
from debugkit.debug.page.headline import title
from debugkit.debug.processes.folder import is_meeting_place
from debugkit.debug.processes.siblings import Siblings
from debugkit.debug.redaction.redactor import Redactor
from debugkit.debug.registry import ErrorRecord, Registry
from debugkit.debug.replay.replay import Replay, note_error
from debugkit.debug.request_snapshot import RequestSnapshot
from debugkit.debug.safe.event_loops import running_loop
from debugkit.debug.timeline.timeline import recorded
from debugkit.debug.tracebacks.capture import capture
from debugkit.debug.tracebacks.model import CapturedTraceback
from debugkit.debug.values.describe import Describer, page_guard
from debugkit.raised import printed
from debugkit.servers import known
from debugkit.settings import Settings
from debugkit.state import state_folder

#: Different refusals explained in the terminal: a scanner that tries more gets no more lines.
EXPLANATIONS = 50


class Debugger:
    """The errors of one application, the PIN that guards them, and the terminal that reports them.

    ``identity`` names the application (for the PIN); ``print_line`` writes a line to the developer's terminal.
    """

    def __init__(
        self,
        settings: Settings,
        identity: str,
        *,
        clock: Callable[[], float] = time.time,
        print_line: Callable[[str], object] = lambda line: print(line, file=sys.stderr, flush=True),
    ) -> None:
        self.settings = settings
        pin_auth = self.pin_auth = PinAuth(settings, identity, clock=clock)
        #: The same application in other processes. `debugkit.debug.http.owner` has it answer them.
        self.siblings: Siblings[ErrorRecord] = Siblings(identity, lambda: pin_auth.shared_key, print_line)
        self.registry = Registry(settings.limits, clock=clock, owner=self.siblings.take_token)
        self.redactor = Redactor(settings.redact)
        self._bound_host: str | None = None
        #: The event streams of open pages; set by a runner, which reports changed code.
        self.events: Events | None = None
        #: Called for the error of a request before anything else, where a runner was asked to: it may take its time.
        self.post_mortem: Callable[[BaseException, TracebackType | None], None] | None = None
        #: Sends the request of an error to the application once more; set by the adapter of its protocol.
        self.send_again: Callable[[ErrorRecord], Replay] | None = None
        #: What is debugged, for tests that import it.
        self.application: object = None
        self._print_line = print_line
        self._announced = False
        self._noted: set[str] = set()
        self._explained: set[str] = set()
        self._in_this_thread = threading.local()
        self._standalone: Console | None = None

    # For the runner

    def print_with(self, print_line: Callable[[str], None]) -> None:
        """Have lines of the terminal printed by ``print_line``, in the order of those that a server prints."""
        self._print_line = print_line

    def supervised_by(self, name: str) -> None:
        """Count wrong PINs on where an earlier process of the supervisor ``name`` has left off."""
        self.pin_auth.supervisor = name

    def trust_host(self, name: str) -> None:
        """Trust the name that the server is bound to, as if it were in ``trusted_hosts``."""
        self._bound_host = name

    def banner(self, url: str) -> list[str]:
        """Lines for the terminal of a server that answers at ``url``: the PIN and the link that unlocks a browser."""
        return self.announcement(f"{url.rstrip('/')}{self.settings.mount}")

    def restarted(self) -> None:
        """PIN and link are in the terminal already, printed by an earlier process of the same server."""
        self._announced = True

    # The terminal, and who is asking

    def say(self, line: str) -> None:
        """Print a line in the developer's terminal. If that is gone, the browser still gets its response."""
        with contextlib.suppress(Exception):
            self._print_line(line)

    def announcement(self, url: str, entry: ErrorRecord | None = None) -> list[str]:
        """The PIN and the one-time link for the terminal, the first time they are asked for; then nothing."""
        settings = self.settings
        if self._announced or not (settings.evalex and settings.pin_logging) or self.pin_auth.pin is None:
            return []
        self._announced = True
        link = f"{url}/unlock?token={self.pin_auth.issue_token()}{f'&next={entry.id}' if entry else ''}"
        lines = [
            f" * Debugger PIN: {self.pin_auth.pin}",
            f" * Unlock this browser: {link} (works once, within {settings.link_lifetime / 60:g} minutes)",
        ]
        return [*lines, *([f" * {self.pin_auth.notice}"] if self.pin_auth.notice else [])]

    def announce(self, request: Request) -> None:
        """Print the PIN unless it was printed already."""
        for line in self.announcement(self.own_base(request)):
            self.say(line)

    def viewer_of(self, request: Request) -> Viewer:
        """Who is asking. A refusal is explained in the terminal, once, and to nobody else; so is trust in a proxy."""
        cookies = request.headers.get("cookie", "")
        keyed = self.pin_auth.holds_key(cookies, request.headers.get("x-debugkit", ""))
        unlocked = keyed or self.pin_auth.verify_cookie_header(cookies)
        reader = request.headers.get(known.KEY_HEADER.lower(), "")
        same_user = reader != "" and self.pin_auth.is_reader(reader)
        viewer = assess(
            request,
            self.settings,
            bound_host=self._bound_host,
            unlocked=unlocked,
            keyed=keyed,
            same_user=same_user,
        )
        if viewer.is_stranger:
            self._explain(viewer.reason)
        elif viewer.can_unlock and self.pin_auth.locked_out:
            return replace(viewer, locked_out=True, reason=LOCKED_OUT)
        elif viewer.via and viewer.sees_values:
            self._explain(f"values are shown to a client behind a proxy, which sent the header {viewer.via.title()}.")
        return viewer

    def _explain(self, reason: str) -> None:
        if reason not in self._explained and len(self._explained) < EXPLANATIONS:
            self._explained.add(reason)
            self.say(f" * Debugger: {reason}")

    def own_site(self, request: Request) -> str:
        """Scheme and address of the server's own socket, for the terminal; empty when only a proxy knows them."""
        authority = own_authority(request, self.settings, self._bound_host)
        return f"{request.scheme}://{authority}" if authority else ""

    def own_base(self, request: Request) -> str:
        """What addresses of the debugger start with in the terminal: no proxy has a say in it."""
        return f"{self.own_site(request)}{request.root}{self.settings.mount}"

    # Values

    def redactor_of(self, entry: ErrorRecord | None) -> Redactor:
        """Includes the names and texts that the framework marked as secret in this error."""
        if entry is None:
            return self.redactor
        return self.redactor.extended(entry.framework_report.secret_names, entry.framework_report.secret_texts)

    def describer(self, entry: ErrorRecord | None = None) -> Describer:
        """Describes values as the code of ``entry`` would see them, in the context of its request."""
        limits = self.settings.limits
        guard = page_guard(limits, entry.context if entry else None)
        return Describer(limits, self.redactor_of(entry), guard, remembered=entry.remembered if entry else None)

    def standalone_console(self) -> Console:
        """The console without a frame, made on first use."""
        if self._standalone is None:
            make = self.settings.console_init_func
            self._standalone = Console(None, names=make() if make else {})
        return self._standalone

    # Errors

    def record(
        self,
        exc: BaseException,
        tb: TracebackType | None,
        *,
        request: RequestSnapshot | None = None,
        context: contextvars.Context | None = None,
        context_managers: Sequence[Any] = (),
        explain: Callable[[CapturedTraceback], FrameworkReport] | None = None,
    ) -> ErrorRecord:
        """Capture an exception and keep it. ``tb`` says where its traceback is to begin.

        To be called in the event loop that the request ran in, if it ran in one: there, commands in the console await.

        ``explain`` tells what a framework knows of it, and runs at once: what it says is secret never gets out.
        """
        settings = self.settings
        captured = capture(exc, tb=tb, show_hidden=settings.show_hidden_frames, limits=settings.limits)
        entry = self.registry.add(
            captured,
            request=request,
            context=context,
            context_managers=context_managers,
            loop=running_loop(),
            framework_report=NOTHING if explain is None else explain(captured),
            timeline=recorded(),
        )
        self._in_this_thread.__dict__["recorded"] = True
        note_error(entry.id)
        if self.events is not None:
            text = self.redactor_of(entry).text(title(captured.exception))
            self.events.publish("recorded", {"id": entry.id, "title": text, "request": entry.request_line})
        self.siblings.recorded(entry, multiprocess=request is not None and request.multiprocess)
        return entry

    def take_recorded(self) -> bool:
        """Whether this thread has recorded an error since it last asked."""
        recorded: bool = self._in_this_thread.__dict__.pop("recorded", False)
        return recorded

    def report(self, entry: ErrorRecord, request: Request, viewer: Viewer, *, text: bool = True) -> str:
        """What the terminal says of an error: the traceback (unless ``text`` is false), and where to look at it.

        A Host may name any server: no link in the terminal leads there, least of all the one that unlocks. That one
        is not for errors of strangers: it would expire unused.
        """
        site = self.own_site(request)
        base = f"{site}{request.root}{self.settings.mount}"
        self._note_addresses(base if site else "", request.root)
        link = f" * Debugger page: {base}/tracebacks/{entry.id}"
        announcement = self.announcement(base, entry) if not viewer.is_stranger else []
        traceback_text = [terminal_text.quoted(entry.captured.text.rstrip("\n"))] if text else []
        return "\n".join([*traceback_text, link, *announcement, ""])

    def _note_addresses(self, base: str, root: str) -> None:
        """For ``debugkit errors``, once for each address; where only a proxy knows one, those of the Unix sockets."""
        if base in self._noted or len(self._noted) >= known.MOST:
            return
        self._noted.add(base)
        folder = state_folder(self.settings.state_dir).path
        with contextlib.suppress(OSError):
            if folder is not None:
                for address in [known.Address(base)] if base else self._at_sockets(root):
                    known.note(folder, address)

    def _at_sockets(self, root: str) -> list[known.Address]:
        from debugkit.servers import unix_sockets

        below, key = f"{root}{self.settings.mount}", self.pin_auth.reader_key
        return [known.at_socket(path, below, key) for path in unix_sockets.listening() if not is_meeting_place(path)]

    def tell_defect(self, defect: BaseException) -> None:
        """Say in the terminal that the debugger itself failed."""
        self.say(f" * The debugger failed:\n{terminal_text.quoted(printed(defect))}")
