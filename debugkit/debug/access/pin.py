"""The PIN, the one-time link and the signed session: whether a browser may act as the developer's.

A session has two halves: the cookie, and a key that the pages of one origin keep, since browsers send a cookie to every
port of a host (RFC 6265, 8.5).

All three are keyed with a secret that the processes of one user share. Knows no requests beyond the Cookie header, and
does not decide what an unlocked browser may do. Neither the PIN nor a key is ever part of a message or a repr.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from debugkit.debug.access import machine
from debugkit.debug.access.lockout import MOST_FAILURES, SECRET_SIZE, Attempts, Record, load_secret
from debugkit.errors import Forbidden, Locked, WrongPin
from debugkit.settings import Settings
from debugkit.state import StateFolder, state_folder

_PIN_DIGITS = 9
#: Characters of a PIN that are compared.
_PIN_SIZE = 1_000
#: Characters of a Cookie header that are parsed: what servers accept for all headers together.
_COOKIE_HEADER_SIZE = 65_536
#: Sessions of this name that are tried: a browser sends one for each Path it was set with (RFC 6265, 5.4).
_MOST_SESSIONS = 10
#: "v1", expiry and nonce, and the signature: what is issued here is shorter.
_SIGNED_SIZE = 200
#: Seconds by which a clock may have been set back since a session began.
_CLOCK_SLACK = 300
#: Links that are remembered as used; older ones have expired, or nobody opened that many on purpose.
_MOST_LINKS = 1_000
#: Characters of RFC 3986, 3.3 but ";", which would end the attribute of the cookie.
_COOKIE_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,=:@%/-]*")

_WHAT_NEXT = "Open the one-time link from the server's terminal, or stop the server and start it again."
#: What everybody is told from the tenth wrong PIN on.
LOCKED_OUT = f"Too many wrong PINs. {_WHAT_NEXT}"


@dataclass(frozen=True, slots=True, repr=False)
class _Keys:
    """What is derived once from the secret. ``digits`` is the PIN without dashes."""

    pin: str
    digits: bytes
    session: bytes
    page: bytes
    link: bytes
    attempts: Attempts
    notice: str
    processes: str
    reader: str


class PinAuth:
    """Checks PINs, links and sessions for one application. Touches the disk on first use.

    ``application`` names the application among those of the user, and stays the same over restarts ("shop.app:app").
    ``clock`` returns epoch seconds. ``identity`` and ``folder`` say where this is: the machine and the state folder.
    """

    def __init__(
        self,
        settings: Settings,
        application: str,
        *,
        clock: Callable[[], float] = time.time,
        identity: Callable[[], tuple[str, ...]] = machine.identity,
        folder: Callable[[], StateFolder] | None = None,
    ) -> None:
        self._settings = settings
        self._application = application
        self._clock = clock
        self._identity = identity
        self._folder = folder or (lambda: state_folder(settings.state_dir))
        self._made: dict[str, _Keys] = {}
        #: Identifies the supervisor that started this process; set before first use.
        self.supervisor = ""
        #: The name of the session cookie. Cookies do not distinguish ports, so it includes the application.
        self.cookie_name = f"__debugkit_{self._key}"

    def __repr__(self) -> str:
        return f"<PinAuth of {self._application!r}>"

    @property
    def pin(self) -> str | None:
        """The PIN, for the terminal only; `None` when it is disabled."""
        return self._keys.pin if self._settings.pin_security else None

    @property
    def notice(self) -> str:
        """A sentence for the terminal when PIN and sessions do not outlive this process, with the reason; or empty."""
        return self._keys.notice if self._settings.pin_security else ""

    @property
    def shared_key(self) -> str:
        """What the processes of this application share, and nobody else knows; empty when they share nothing."""
        return self._keys.processes

    @property
    def reader_key(self) -> str:
        """What only programs of this user know, that can read the state folder; empty when no state is kept."""
        return self._keys.reader

    def is_reader(self, key: str) -> bool:
        """Whether ``key`` is the `reader_key`. Never raises."""
        own = self.reader_key
        return own != "" and hmac.compare_digest(own.encode(), key.encode("utf-8", "backslashreplace"))

    def change(self, settings: Settings) -> None:
        """Apply new settings. If the PIN changes, sessions and links issued before become invalid."""
        self.close()
        self._settings = settings
        self._made = {}

    def close(self) -> None:
        """Leave the run of the application's processes; garbage collection does the same."""
        for keys in self._made.values():
            keys.attempts.close()

    # Keys

    @property
    def _key(self) -> str:
        return hashlib.sha256(self._application.encode("utf-8", "backslashreplace")).hexdigest()[:16]

    @property
    def _keys(self) -> _Keys:
        # Threads may both make keys; all use those that were stored first. A lock could be lost in a fork.
        return self._made.get("keys") or self._made.setdefault("keys", self._make_keys())

    def _make_keys(self) -> _Keys:
        folder = self._folder()
        secret, reason = _secret(folder)
        parts = "\0".join((*self._identity(), self._application))
        pin = self._settings.pin or _pin(_derive(secret, "pin", parts))
        digits = _digits(pin)
        # The PIN is part of the keys: changing it ends all sessions.
        whole = f"{parts}\0{digits.decode()}"
        return _Keys(
            pin=pin,
            digits=digits,
            session=_derive(secret, "session", whole),
            page=_derive(secret, "page", whole),
            link=_derive(secret, "link", whole),
            attempts=Attempts(None if reason else folder.path, self._key, self.supervisor),
            notice=self._explain(reason) if reason else "",
            processes="" if reason else _derive(secret, "processes", whole).hex(),
            reader="" if reason else _derive(secret, "reader", whole).hex(),
        )

    def _explain(self, reason: str) -> str:
        what = "Sessions will end" if self._settings.pin else "The PIN will change"
        return f"{what} on every start because no state can be saved: {reason}."

    # PIN

    def check_pin(self, text: str) -> None:
        """Compare what somebody typed with the PIN; dashes and blanks do not matter.

        Raises `WrongPin`, and `Locked` after ten wrong ones in all processes of the run, also for the right PIN.
        A right one before that starts the count again. Unlocked sessions stay valid.
        """
        if not self._settings.pin_security:
            raise Forbidden("The PIN is disabled.", code="no_pin")
        keys = self._keys
        typed = _digits(text)

        def attempt(record: Record) -> int:
            if record.failures >= MOST_FAILURES:
                raise Locked(LOCKED_OUT)
            right = hmac.compare_digest(typed, keys.digits)
            record.failures = 0 if right else record.failures + 1
            return record.failures

        if failures := keys.attempts.change(attempt):
            raise _wrong_pin(MOST_FAILURES - failures)

    @property
    def locked_out(self) -> bool:
        """Whether no PIN is taken any more."""
        return self._settings.pin_security and self._keys.attempts.glance().failures >= MOST_FAILURES

    # Sessions

    def issue_session(self, cookies: str = "") -> str:
        """The value of a session cookie: ``v1.<expiry>.<nonce>.<signature>``.

        It prolongs the session in the Cookie header ``cookies``: pages on another port keep their key to it.
        """
        nonce = next((value.split(".")[2] for value in self._valid_sessions(cookies)), "")
        return self._signed("v1", self._keys.session, self._settings.session_lifetime, nonce)

    def key_of(self, session: str) -> str:
        """The other half of a session that was issued here, in hexadecimal digits. The cookie does not reveal it."""
        return _sign(self._keys.page, session.split(".")[2])

    def holds_key(self, cookies: str, key: str) -> bool:
        """Whether ``key`` is the other half of a valid session in the Cookie header ``cookies``. Never raises."""
        typed = key.encode("utf-8", "backslashreplace")
        # No `any` that ends early: timing must reveal nothing.
        matches = [
            hmac.compare_digest(typed, self.key_of(session).encode()) for session in self._valid_sessions(cookies)
        ]
        return True in matches

    def verify(self, value: str) -> bool:
        """Whether a session cookie's value was issued here and is still valid. Never raises."""
        if not self._settings.pin_security:
            return False
        parsed = _verified(value, "v1", self._keys.session)
        now = self._clock()
        # Further ahead than a session lasts: the setting was shortened, or the clock was wrong.
        return parsed is not None and now < parsed[0] <= now + self._settings.session_lifetime + _CLOCK_SLACK

    def verify_cookie_header(self, header: str) -> bool:
        """Whether a Cookie header (RFC 6265, 4.2) holds a valid session, in one of its cookies. Never raises."""
        return any(True for _ in self._valid_sessions(header))

    def _valid_sessions(self, header: str) -> Iterator[str]:
        return (value for value in self._session_values(header) if self.verify(value))

    def _session_values(self, header: str) -> Iterator[str]:
        count = 0
        if not header or len(header) > _COOKIE_HEADER_SIZE:
            return
        for pair in header.split(";"):
            name, _, value = pair.strip().partition("=")
            if name == self.cookie_name and count < _MOST_SESSIONS:
                count += 1
                yield value.removeprefix('"').removesuffix('"')

    def session_cookie(self, root: str, *, secure: bool, session: str | None = None) -> str:
        """The value of a Set-Cookie header that starts a session; an empty ``session`` ends the one there is.

        ``root`` is the application's SCRIPT_NAME.
        """
        value = self.issue_session() if session is None else session
        path = root if _COOKIE_PATH.fullmatch(root) else "/"
        age = int(self._settings.session_lifetime) if value else 0
        cookie = f"{self.cookie_name}={value}; Path={path}; Max-Age={age}; HttpOnly; SameSite=Strict"
        return f"{cookie}; Secure" if secure else cookie

    # Links

    def issue_token(self) -> str:
        """A token for a link that unlocks one browser, once; safe in a URL."""
        return self._signed("t1", self._keys.link, self._settings.link_lifetime)

    def redeem(self, token: str) -> None:
        """Use a token up. Raises `Forbidden`: ``bad_link``, ``expired_link`` or ``used_link``."""
        keys = self._keys
        parsed = _verified(token, "t1", keys.link)
        now = self._clock()
        if parsed is None:
            raise Forbidden("This link is incomplete or not from this server. Copy it again.", code="bad_link")
        expiry, nonce = parsed
        if expiry <= now:
            explanation = f"This link has expired. {_other_way(keys.attempts.read())}"
            raise Forbidden(explanation, code="expired_link")

        def use(record: Record) -> None:
            if nonce in record.used:
                explanation = f"This link works once, and was already used. {_other_way(record)}"
                raise Forbidden(explanation, code="used_link")
            record.used = dict(_newest({**record.used, nonce: expiry}, now))

        keys.attempts.change(use)

    def _signed(self, version: str, key: bytes, lifetime: float, nonce: str = "") -> str:
        text = f"{version}.{int(self._clock() + lifetime)}.{nonce or secrets.token_hex(16)}"
        return f"{text}.{_sign(key, text)}"


def _secret(folder: StateFolder) -> tuple[bytes, str]:
    """The secret and, if only this process has it, the reason."""
    if folder.path is None:
        return secrets.token_bytes(SECRET_SIZE), folder.reason
    try:
        return load_secret(folder.path), ""
    except OSError as error:
        return secrets.token_bytes(SECRET_SIZE), str(error)


def _derive(secret: bytes, purpose: str, whole: str) -> bytes:
    return hmac.digest(secret, f"debugkit {purpose}\0{whole}".encode("utf-8", "backslashreplace"), "sha256")


def _pin(digest: bytes) -> str:
    number = f"{int.from_bytes(digest) % 10**_PIN_DIGITS:0{_PIN_DIGITS}}"
    return "-".join(number[start : start + 3] for start in range(0, _PIN_DIGITS, 3))


def _digits(text: str) -> bytes:
    """A PIN as it is compared: without blanks and dashes, and as bytes: `hmac.compare_digest` takes only ASCII text."""
    return re.sub(r"[\s-]", "", text[:_PIN_SIZE]).encode("utf-8", "backslashreplace")


def _wrong_pin(remaining: int) -> WrongPin:
    if remaining == 0:
        return WrongPin(f"Wrong PIN, and no attempts are left. {_WHAT_NEXT}", remaining)
    left = "1 attempt left" if remaining == 1 else f"{remaining} attempts left"
    return WrongPin(f"Wrong PIN; {left}. The PIN is printed in the server's terminal.", remaining)


def _other_way(record: Record) -> str:
    """What to do when a link does not work."""
    restart = "stop the server and start it again for a new link."
    return restart.capitalize() if record.failures >= MOST_FAILURES else f"Enter the PIN, or {restart}"


@lru_cache(maxsize=32)
def _sign(key: bytes, text: str) -> str:
    """The signature of a text. A browser sends the same ones with each request."""
    return hmac.digest(key, text.encode(), "sha256").hex()


def _verified(value: str, version: str, key: bytes) -> tuple[int, str] | None:
    """Expiry and nonce of a signed value; `None` when it is malformed or not signed with ``key``."""
    if len(value) > _SIGNED_SIZE or not value.isascii():
        return None
    text, _, signature = value.rpartition(".")
    if not hmac.compare_digest(signature, _sign(key, text)):
        return None
    match = re.fullmatch(r"(\w+)\.([0-9]{1,12})\.([0-9a-f]+)", text)
    return (int(match[2]), match[3]) if match and match[1] == version else None


def _newest(used: dict[str, int], now: float) -> list[tuple[str, int]]:
    """The used links that have not expired, at most as many as are remembered."""
    valid = sorted((pair for pair in used.items() if pair[1] > now), key=lambda pair: pair[1])
    return valid[-_MOST_LINKS:]
