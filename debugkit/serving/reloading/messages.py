"""The messages between a supervisor and its processes, and how a line of JSON becomes one.

A worker sends `Imported`, `Loaded`, `PromptOpen`, `Decision`, `StartRefused`, `Ready`, `ListenersClosed` and
`Answered`; the supervisor sends `WorkerConfig`, always first, then `Changed`, `Serve` and `Shutdown`. A preloaded
process gets a `Preload` and answers `Preloaded`. Messages hold plain values and never change.
"""

from __future__ import annotations

import functools
import json
import types
from collections.abc import Callable, Mapping
from dataclasses import asdict, field, is_dataclass
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from debugkit.frozen import frozen
from debugkit.hooks import Answer
from debugkit.serving.config import Timeouts
from debugkit.serving.reloading.command_line import Program

T = TypeVar("T")


@frozen
class Imported:
    """These files have been imported; one that changed after ``since`` (seconds since the epoch) counts as changed."""

    files: tuple[str, ...]
    since: float


@frozen
class Loaded:
    """What has been imported that belongs to Python or to installed packages, in this order."""

    modules: Mapping[str, str]  # name and file
    path: tuple[str, ...]  # where modules are looked for: `sys.path`
    added: tuple[str, ...]  # of that, what the program has put there
    environ: Mapping[str, str]  # the variables with which the program began
    obstacle: str = ""  # why no other process could have imported it in its place


@frozen
class Preload:
    """Import these ``modules``, with these variables; ``skip`` names modules that each worker imports for itself."""

    names: tuple[str, ...]  # what was asked for by name, first
    modules: Mapping[str, str]
    path: tuple[str, ...]
    added: tuple[str, ...]
    program: Program  # which will need them
    environ: Mapping[str, str]
    skip: tuple[str, ...]


@frozen
class Preloaded:
    """The modules are imported, and workers can be forked, unless there is something to ``skip`` or an ``obstacle``."""

    modules: Mapping[str, str]  # all that is imported now
    #: What cannot be imported before the program, beside what was known, and why.
    skip: Mapping[str, str] = field(default_factory=dict)
    obstacle: str = ""


@frozen
class StartRefused:
    """Starting again would not help: end with ``status``."""

    status: int


@frozen
class PromptOpen:
    """The decision about a change waits until somebody has left a debugger's prompt."""


@frozen
class Decision:
    """What the application's `on_change` handlers want to happen, now that these files have changed."""

    answer: Answer
    paths: tuple[str, ...]


@frozen
class Ready:
    """The program has been loaded and asks for its turn; ``failed``: the page that says why it was not.

    ``prepare`` names modules that served it, for the process that waits to become the next worker.
    """

    failed: bool
    prepare: tuple[str, ...] = ()


@frozen
class ListenersClosed:
    """The worker accepts no further connection: its successor may."""


@frozen
class Answered:
    """The first request has its answer, ``seconds`` after it came."""

    seconds: float


@frozen
class WorkerConfig:
    """Everything a worker is sent before it runs the program."""

    program: Program
    sockets: tuple[int, ...]  # descriptors that listen
    addresses: tuple[str, ...]  # what the sockets were opened for
    port: int | None
    environ: Mapping[str, str] = field(default_factory=dict)  # variables to set
    debugger: Mapping[str, Any] | None = None  # settings for the page of a failed start; `None`: no debugger
    tls: str | tuple[str | None, ...] | None = None  # for that page: "adhoc", or files of certificate and key
    certificate: str | None = None  # the PEM text of an ad-hoc one, with its key
    timeouts: Timeouts = field(default_factory=Timeouts)
    supervisor: str = ""  # a random name, which workers of one supervisor have in common
    number: int = 1  # of the workers that have run the program
    message: str = ""  # do not run the program, and show this instead
    preloads: bool = False  # what is imported is to be `Loaded`
    warm: bool = False  # most of that was there already
    timing: bool = False  # the first answer is to be `Answered`


@frozen
class Changed:
    """These files have changed: what is to happen?"""

    paths: tuple[str, ...]


@frozen
class Serve:
    """No other worker accepts connections any more."""


@frozen
class Shutdown:
    """End gracefully; with ``reload``, to make room for the next worker."""

    reload: bool


FromWorker = Imported | Loaded | StartRefused | PromptOpen | Decision | Ready | ListenersClosed | Answered
FromSupervisor = WorkerConfig | Changed | Serve | Shutdown
Message = FromWorker | FromSupervisor | Preload | Preloaded

KINDS: Mapping[str, type[Message]] = {kind.__name__: kind for kind in get_args(Message)}


def encode(message: Message) -> bytes:
    """A message as one line, without its end."""
    return json.dumps({"kind": type(message).__name__, **asdict(message)}).encode()


def decode(line: bytes) -> Message | None:
    """The message on a line. `None`: it is no JSON, of an unknown kind, or a field is missing, unknown or mistyped."""
    try:
        fields = json.loads(line)
        kind = KINDS.get(fields.pop("kind"))
        return None if kind is None else from_json(kind, fields)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None


#: The types of the fields of a kind. Reading them takes longer than all else about a message.
hints_of: Callable[[Any], Mapping[str, Any]] = functools.cache(get_type_hints)


def from_json(kind: type[T], fields: object) -> T:
    """A dataclass from what `dataclasses.asdict` made of it, and JSON of that. Raises `ValueError`."""
    hints = hints_of(kind)
    if not isinstance(fields, dict) or fields.keys() != hints.keys():
        raise ValueError(f"{kind.__name__} has the fields {', '.join(hints)}")
    return kind(**{name: _check(hint, fields[name]) for name, hint in hints.items()})


def _check(hint: Any, value: Any) -> Any:
    """``value``, which JSON holds, as the type of its field. Raises `ValueError` where it is none."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any or type(value) is hint or (hint is float and type(value) is int):
        return value
    if origin is tuple and type(value) is list:
        return tuple(_check(arguments[0], item) for item in value)
    if origin is Mapping and type(value) is dict:
        return {name: _check(arguments[1], item) for name, item in value.items()}
    if origin is Literal and type(value) is str and value in arguments:
        return value
    if origin is types.UnionType:
        return _first_that_fits(arguments, value)
    if is_dataclass(hint) and isinstance(hint, type):
        return from_json(hint, value)
    raise ValueError(f"{value!r} is no {hint}")


def _first_that_fits(hints: tuple[Any, ...], value: Any) -> Any:
    for hint in hints:
        try:
            return _check(hint, value)
        except ValueError:
            pass
    raise ValueError(f"{value!r} is none of {hints}")
