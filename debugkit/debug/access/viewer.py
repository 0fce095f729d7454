"""Who sends a request, and what they may see: the one answer that pages, handlers and the terminal go by."""

from __future__ import annotations

from enum import IntEnum

from debugkit.frozen import frozen


class Level(IntEnum):
    """What a request may see; each level includes the ones before it."""

    STRANGER = 0  # nothing that tells there is a debugger
    VISITOR = 1  # traceback and source; may try the PIN
    DEVELOPER = 2  # value tree, whole files
    RUNNER = 3  # holds both halves of the session: console


@frozen
class Viewer:
    """Who sends a request, and what they may see."""

    level: Level
    local: bool  # the request comes from this computer
    base: str = ""  # what every URL of the debugger starts with: the application's root, and the mount
    evalex: bool = True  # there are consoles at all
    pin_security: bool = True  # a PIN is asked for
    locked_out: bool = False  # no PIN is accepted any more: only the one-time link unlocks
    #: Why it is not more: for a stranger only the terminal says it; empty for a developer.
    reason: str = ""
    #: The header that says a proxy forwards the request, if there is one.
    via: str = ""

    @property
    def is_stranger(self) -> bool:
        return self.level is Level.STRANGER

    @property
    def is_developer(self) -> bool:
        """Whether value trees and whole files are shown, and consoles offered."""
        return self.level >= Level.DEVELOPER

    @property
    def sees_values(self) -> bool:
        """Whether values of variables and the data of requests are shown."""
        return self.is_developer or self.local

    @property
    def can_unlock(self) -> bool:
        """Whether unlocking would show more."""
        return not self.is_developer and self.evalex and self.pin_security

    @property
    def unlock_url(self) -> str:
        """Where to send the PIN; empty when there is none to enter."""
        return f"{self.base}/unlock" if self.can_unlock else ""

    @property
    def lock_url(self) -> str:
        """Where to end the session; empty when there is none."""
        return f"{self.base}/lock" if self.is_developer and self.pin_security else ""
