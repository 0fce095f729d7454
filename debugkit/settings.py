"""Every choice a user has, in two frozen dataclasses. No other file reads debugkit's environment variables.

`Settings` says how the debugger behaves and whom it trusts; `Limits` bounds what it keeps and shows.
It checks that a choice can work, and does not know what is done with it.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from debugkit import editors
from debugkit.converters import Converter, flag, seconds, texts, wrong
from debugkit.editors import EditorPath
from debugkit.errors import ConfigurationError

#: Where all requests of the debugger live, below the application's own SCRIPT_NAME.
MOUNT = "/__debugkit__"
#: Seconds: a week, and a quarter of an hour.
SESSION_LIFETIME = 7 * 24 * 3600.0
LINK_LIFETIME = 15 * 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what is kept and shown.

    - ``live_tracebacks``: errors that keep their frames, values and consoles; older ones keep their text
    - ``max_age``: seconds without use after which the frames of an error are released
    - ``frames``: frames listed for one exception; of more, the middle is left out
    - ``value_text``: characters of a value in its line
    - ``value_items``: items shown in the line of a container
    - ``lines_before``, ``lines_after``: lines of source shown around the failing one
    - ``repr_seconds``: time for the ``__repr__`` of one value; all those of one page get a small multiple of it
    - ``recorded_body``: bytes kept of the request's body
    """

    live_tracebacks: int = 20
    max_age: float = 3600.0
    frames: int = 200
    value_text: int = 200
    value_items: int = 10
    lines_before: int = 12
    lines_after: int = 6
    repr_seconds: float = 0.1
    recorded_body: int = 65_536


@dataclass(frozen=True, slots=True)
class Settings:
    """How the debugger behaves and whom it trusts. Build it with `from_environ`, which validates."""

    evalex: bool = True
    console_path: str | None = None
    console_init_func: Callable[[], dict[str, Any]] | None = None
    show_hidden_frames: bool = False
    pin_security: bool = True
    pin_logging: bool = True
    #: `None`: derived from the machine, the user and the application. Digits and dashes: this PIN.
    pin: str | None = None
    #: Host names (no port) trusted beside localhost, ``*.localhost`` and IP literals.
    #: ``*.example.test`` matches subdomains.
    trusted_hosts: tuple[str, ...] = ()
    #: Networks in CIDR form trusted beside loopback and private networks.
    trusted_peers: tuple[str, ...] = ()
    #: Folder for the secret, the attempts and the like. `None`: the user's state folder.
    state_dir: Path | None = None
    #: Seconds until an unlocked browser must enter the PIN again.
    session_lifetime: float = SESSION_LIFETIME
    #: Seconds in which the one-time link printed in the terminal can be opened.
    link_lifetime: float = LINK_LIFETIME
    mount: str = MOUNT
    #: The URL that opens a file in an editor, with ``{path}``, ``{line}`` and ``{column}``. `None`: no links.
    editor: str | None = None
    #: Folders of the server and where the editor has them.
    editor_paths: tuple[EditorPath, ...] = ()
    #: Names (case-insensitive, part of the name is enough) whose values are never shown, beside the built-in ones.
    redact: tuple[str, ...] = ()
    #: Keep the log records, warnings and SQL of each request for the page of its error.
    timeline: bool = False
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ, **choices: Any) -> Settings:
        """Settings from keyword arguments, completed by the environment variables in `VARIABLES`; arguments win.

        An argument of `None`, an empty list and an empty variable count as not given, so that an adapter can pass its
        own defaults on. Lists may be given as one comma-separated text.
        ``pin_security=True`` does not contradict ``WERKZEUG_DEBUG_PIN=off``, as in Werkzeug; giving a ``pin`` does.
        Raises `ConfigurationError` for a value that cannot work, naming the variable and what to write instead.
        """
        _refuse_unknown_names(choices, [setting.name for setting in fields(cls)])
        sourced = {name: (name, value) for name, value in choices.items() if value not in (None, (), [])}
        for variable in VARIABLES:
            if text := environ.get(variable.name, "").strip():
                sourced.setdefault(variable.field, (variable.name, text))
        values = {name: _CHECKS[name](value, source) for name, (source, value) in sourced.items()}
        if values.get("pin") == "off":
            values.update(pin=None, pin_security=False)
        return cls(**values)

    def changed(self, **choices: Any) -> Settings:
        """A copy with other values, checked as `from_environ` does; `None` where it is the default."""
        _refuse_unknown_names(choices, [setting.name for setting in fields(self)])
        defaults = {setting.name: setting.default for setting in fields(self)}
        values: dict[str, Any] = {
            name: None if value is None and defaults[name] is None else _CHECKS[name](value, name)
            for name, value in choices.items()
        }
        return replace(self, **values)


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable: its name, the field of `Settings` it fills, and its meaning for the README."""

    name: str
    field: str
    meaning: str


VARIABLES = (
    Variable("WERKZEUG_DEBUG_PIN", "pin", "The PIN: at least four digits, with or without dashes. `off` disables it."),
    Variable("DEBUGKIT_TRUSTED_HOSTS", "trusted_hosts", "Names the server may be reached by, comma-separated."),
    Variable(
        "DEBUGKIT_TRUSTED_PEERS", "trusted_peers", "Addresses and networks that count as private, comma-separated."
    ),
    Variable("DEBUGKIT_EDITOR", "editor", "The editor that links open: its name, or a URL with `{path}` and `{line}`."),
    Variable(
        "DEBUGKIT_EDITOR_PATHS",
        "editor_paths",
        "Where the editor has the server's folders: `/app=~/shop`, as in `PATH`.",
    ),
    Variable("DEBUGKIT_STATE_DIR", "state_dir", "The folder for the secret behind the PIN."),
    Variable("DEBUGKIT_TIMELINE", "timeline", "`1`: show the log records, warnings and SQL before an error."),
    Variable("DEBUGKIT_REDACT", "redact", "More names whose values are never shown, comma-separated."),
)


def _refuse_unknown_names(names: Iterable[str], known: list[str]) -> None:
    for name in names:
        if name not in known:
            from difflib import get_close_matches

            close = get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"the settings are {', '.join(known)}."
            raise ConfigurationError(f"There is no setting {name!r}; {hint}")


def _callable(value: Any, source: str) -> Callable[[], dict[str, Any]]:
    if not callable(value):
        raise wrong(value, source, "give a function without arguments that returns a dict of names.")
    return value  # type: ignore[no-any-return]  # what it returns is seen when a console opens


def _limits(value: Any, source: str) -> Limits:
    if not isinstance(value, Limits):
        raise wrong(value, source, "give a debugkit.settings.Limits.")
    return value


def _pin(value: Any, source: str) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if text.lower() == "off":
        return "off"
    # The value is not repeated here: it may be a password that was meant for another variable.
    if not re.fullmatch(r"[0-9]+(-[0-9]+)*", text) or len(text.replace("-", "")) < 4:
        raise ConfigurationError(
            f"{source} cannot be a PIN: write at least four digits, with or without dashes "
            f"({source}=123-456-789), or {source}=off to disable the PIN."
        )
    return text


def _hosts(value: Any, source: str) -> tuple[str, ...]:
    return tuple(host for item in texts(value, source) for host in _host(item, source))


def _host(text: str, source: str) -> tuple[str, ...]:
    """One entry of trusted_hosts in lower case. ``.example.test`` means the name and all below it, as in Werkzeug."""
    try:
        return (str(ipaddress.ip_address(text.removeprefix("[").removesuffix("]"))),)
    except ValueError:
        pass
    name = text.lower().removesuffix(".")
    if name == "*":
        raise wrong(text, source, "any website could then point its name here; list the names you use.")
    if "/" in name or ":" in name:
        raise wrong(text, source, "leave out the scheme, the port and the path, and write only the name.")
    if name.startswith("."):
        return (*_host(name[1:], source), *_host(f"*{name}", source))
    return (_ascii_name(name, source),)


def _ascii_name(name: str, source: str) -> str:
    """The name as in a Host header: ASCII labels (RFC 1123; underscores as Docker Compose makes them)."""
    try:
        ascii_name = name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        ascii_name = ""
    label = "[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?"
    if not re.fullmatch(rf"(\*\.)?{label}(\.{label})*", ascii_name):
        raise wrong(name, source, "write a host name such as dev.example.test or *.example.test.")
    return ascii_name


def _peers(value: Any, source: str) -> tuple[str, ...]:
    return tuple(_network(item, source) for item in texts(value, source))


def _network(text: str, source: str) -> str:
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        raise wrong(text, source, "write an address (203.0.113.7) or a network (100.64.0.0/10).") from None


def _mount(value: Any, source: str) -> str:
    # Unreserved characters (RFC 3986, 2.3) need no escaping in any of the places a path passes through.
    if not isinstance(value, str) or not re.fullmatch(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)+", value):
        raise wrong(
            value, source, "start with a slash, do not end with one, and use letters, digits, '-', '.', '_', '~'."
        )
    return value


def _console_path(value: Any, source: str) -> str:
    if not isinstance(value, str) or not value.startswith("/"):
        raise wrong(value, source, "start with a slash, as in /console.")
    return value


def _folder(value: Any, source: str) -> Path:
    try:
        return Path(value).expanduser().absolute()
    except (TypeError, RuntimeError, ValueError):
        raise wrong(value, source, "give the path of a folder.") from None


_CHECKS: dict[str, Converter] = {
    "evalex": flag,
    "console_path": _console_path,
    "console_init_func": _callable,
    "show_hidden_frames": flag,
    "pin_security": flag,
    "pin_logging": flag,
    "pin": _pin,
    "trusted_hosts": _hosts,
    "trusted_peers": _peers,
    "state_dir": _folder,
    "session_lifetime": seconds,
    "link_lifetime": seconds,
    "mount": _mount,
    "editor": editors.editor,
    "editor_paths": editors.editor_paths,
    "redact": texts,
    "timeline": flag,
    "limits": _limits,
}
