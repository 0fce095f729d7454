"""What can be changed on a `DebuggedApplication` after it was made, under the names that Werkzeug gave it."""

from __future__ import annotations

from collections.abc import Iterable, MutableSequence
from typing import Any, overload

from debugkit.debug.debugger import Debugger
from debugkit.settings import Settings


class TrustedHosts(MutableSequence[str]):
    """The trusted hosts of a debugger, as a list. What is put into it is checked, and counts from the next request.

    ``.example.test`` means the name and all below it, as in Werkzeug; it is kept as two entries.
    """

    def __init__(self, debugger: Debugger) -> None:
        self._debugger = debugger

    def __repr__(self) -> str:
        return repr(list(self))

    def __eq__(self, other: object) -> bool:
        return list(self) == other

    __hash__ = None  # type: ignore[assignment]

    def __len__(self) -> int:
        return len(self._debugger.settings.trusted_hosts)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        return list(self._debugger.settings.trusted_hosts)[index]

    def __setitem__(self, index: int | slice, value: Any) -> None:
        hosts = list(self)
        hosts[index] = value
        self.replace(hosts)

    def __delitem__(self, index: int | slice) -> None:
        hosts = list(self)
        del hosts[index]
        self.replace(hosts)

    def insert(self, index: int, value: str) -> None:
        hosts = list(self)
        hosts.insert(index, value)
        self.replace(hosts)

    def replace(self, hosts: Iterable[str]) -> None:
        """Trust ``hosts`` and no others. Raises `debugkit.ConfigurationError` when one is no host name."""
        self._debugger.settings = self._debugger.settings.changed(trusted_hosts=tuple(hosts))


class Attributes:
    """Settings of a running debugger. Assigning one that cannot work raises `debugkit.ConfigurationError`."""

    debugger: Debugger
    #: Beginnings of the paths that may be the debugger's own: every request is compared with them.
    _reserved: tuple[str, ...]

    @property
    def settings(self) -> Settings:
        """All settings as they are now."""
        return self.debugger.settings

    def _change(self, **choices: Any) -> None:
        self.debugger.settings = self.settings.changed(**choices)

    def _reserve(self) -> None:
        self._reserved = tuple(filter(None, (self.settings.mount, self.settings.console_path)))

    @property
    def trusted_hosts(self) -> MutableSequence[str]:
        """Names that the Host header may carry beside localhost and IP addresses. Can be assigned and appended to."""
        return TrustedHosts(self.debugger)

    @trusted_hosts.setter
    def trusted_hosts(self, hosts: Iterable[str]) -> None:
        TrustedHosts(self.debugger).replace((hosts,) if isinstance(hosts, str) else hosts)

    @property
    def evalex(self) -> bool:
        """Whether frames have consoles."""
        return self.settings.evalex

    @evalex.setter
    def evalex(self, value: bool) -> None:
        self._change(evalex=value)

    @property
    def console_path(self) -> str | None:
        """The path of the standalone console; `None` for none."""
        return self.settings.console_path

    @console_path.setter
    def console_path(self, value: str | None) -> None:
        self._change(console_path=value)
        self._reserve()

    @property
    def pin(self) -> str | None:
        """The PIN; `None` when it is off. Assigning a new one ends all sessions."""
        return self.debugger.pin_auth.pin

    @pin.setter
    def pin(self, value: str | None) -> None:
        is_off = value is None or value == "off"
        self._change(pin_security=not is_off, pin=None if is_off else value)
        self.debugger.pin_auth.change(self.settings)

    @property
    def pin_logging(self) -> bool:
        """Whether the terminal gets the PIN and the one-time link."""
        return self.settings.pin_logging

    @pin_logging.setter
    def pin_logging(self, value: bool) -> None:
        self._change(pin_logging=value)

    @property
    def pin_cookie_name(self) -> str:
        """The name of the cookie that holds an unlocked browser's session."""
        return self.debugger.pin_auth.cookie_name
