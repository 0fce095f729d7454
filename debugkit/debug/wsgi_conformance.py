"""What an application gives for an answer, watched for what breaks PEP 3333, and the place in its code where it does.

A server finds some of it too, when the application has returned long since and no traceback leads there. Here a
mistake becomes an `ApplicationError` that points at the application. Knows no page; all that costs time comes after.
"""

from __future__ import annotations

import dis
import inspect
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from opcode import opmap
from types import CodeType, FunctionType, GeneratorType, NoneType
from typing import TYPE_CHECKING, Any

from debugkit.debug.safe import inspection
from debugkit.debug.tracebacks.libraries import is_library
from debugkit.debug.wsgi_applications import layers
from debugkit.errors import ApplicationError
from debugkit.raised import traceback_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

#: What an instruction makes for certain.
_DISPLAYS = {
    **dict.fromkeys(("BUILD_LIST", "LIST_EXTEND", "LIST_APPEND"), list),
    **dict.fromkeys(("BUILD_MAP", "BUILD_CONST_KEY_MAP", "DICT_UPDATE", "MAP_ADD"), dict),
    "BUILD_TUPLE": tuple,
    "BUILD_STRING": str,
}
_SUSPENDING = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
#: Statuses without a body: what Content-Length says then is about another answer (RFC 9110, 8.6).
_BODYLESS = ("1", "204", "304")
#: What people return in place of an iterable of bytes, and what to write instead.
_INSTEAD = {
    str: "text: write return [text.encode()]",
    bytes: "bytes, whose items are numbers: write return [data]",
    bytearray: "a bytearray, whose items are numbers: write return [bytes(data)]",
    dict: "a dict, whose items are its keys: write return [json.dumps(data).encode()]",
    NoneType: 'None: is a return missing? Write return [b""] for an empty body',
}

Headers = list[tuple[str, str]]


class Exchange:
    """One request's answer: sits between the application and the server's ``start_response`` and `write`.

    The methods that look for mistakes return them, since nothing was raised anywhere: an `ApplicationError` without a
    traceback, that names the application's own line.
    """

    # On the class, not set anew for each request: most requests need none of them.
    _write: Callable[[bytes], object] | None = None
    _length: int | None = None
    _size = 0
    #: What the application has said last; `None`: it has not called ``start_response``.
    headers: Headers | None = None
    #: Any bytes may come now, and as many as there are: the answer is no failure, and its head promises no length.
    free = False
    #: The status when the application itself has begun an answer 5xx, else "".
    failure = ""
    #: The exception that the application has given for that, as PEP 3333 has it for an answer that reports an error.
    error: BaseException | None = None
    #: The answer 5xx that the server has not been given yet: the debugger's page may take its place.
    _held: tuple[str, Headers, Any] | None = None

    def __init__(self, app: object, environ: WSGIEnvironment, start_response: StartResponse) -> None:
        self._app = app
        self._environ = environ
        self._start_response = start_response

    def start(self, status: str, headers: Headers, exc_info: Any = None, /) -> Callable[[bytes], object]:
        """``start_response`` for the application. Raises `ApplicationError` from there."""
        length = None
        try:
            for name, value in headers:  # every request pays for this loop: wrong names and values, servers refuse
                if len(name) == 14 and name.lower() == "content-length":
                    length = value
            self.failure = status if status >= "5" else ""
        except (TypeError, ValueError, AttributeError):
            check_head(status, headers)
            raise
        if type(headers) is not list:
            check_head(status, headers)
        if self.failure or self._held is not None:
            return self._start_failure(status, headers, exc_info, length)
        self.headers = headers
        start = self._start_response
        write = start(status, headers) if exc_info is None else start(status, headers, exc_info)
        if length is None:
            self.free, self._length = True, None
            return write
        self._write, self._length = write, self._promised(status, length)
        self.free = self._length is None
        return self.write

    def _start_failure(
        self, status: str, headers: Headers, exc_info: Any, length: str | None
    ) -> Callable[[bytes], object]:
        """Begin an answer 5xx, or another one in its place.

        It is held back: some servers add the headers of what takes its place, where PEP 3333 has them replaced.
        """
        check_head(status, headers)  # what the server would say only when the application has returned
        if self._held is not None and exc_info is None:
            self.pass_on()  # the second call without `exc_info`, which servers refuse
        held_back = self._held is not None or self.headers is None
        self.headers, self.free = headers, False
        self._length = None if length is None else self._promised(status, length)
        self.error = exc_info[1] if exc_info is not None and self.failure else None
        self._held = (status, headers, None if held_back else exc_info)
        if not (held_back and self.failure):
            self.pass_on()
        return self.write

    @property
    def is_passed_on(self) -> bool:
        """Whether the server has an answer of the application."""
        return self.headers is not None and self._held is None

    def pass_on(self) -> None:
        """Give the server the answer that is held back, if there is one."""
        if self._held is not None:
            (status, headers, exc_info), self._held = self._held, None
            start = self._start_response
            self._write = start(status, headers) if exc_info is None else start(status, headers, exc_info)

    def refused(self, body: object) -> ApplicationError | None:
        """Pass on what is held back; what is wrong with it, where the server refuses it."""
        try:
            self.pass_on()
        except Exception as error:
            return self._refusal(error, body)
        return None

    def _refusal(self, error: Exception, body: object) -> ApplicationError:
        mistake = self._mistake("The server refuses the status or a header of {}.", body)
        mistake.__cause__ = error
        return mistake

    def take_back(self) -> None:
        """Have the server never see the answer that is held back."""
        self._held = None

    def _promised(self, status: str, length: str) -> int | None:
        """The bytes of the body that is to follow; `None` where the length is that of another answer."""
        if self._environ.get("REQUEST_METHOD") == "HEAD" or status.startswith(_BODYLESS):
            return None
        if not (length.isascii() and length.isdecimal()):
            raise ApplicationError("The Content-Length must be one number of bytes.")
        return int(length)

    def write(self, data: bytes) -> None:
        self.pass_on()
        if self._write is None:
            raise ApplicationError("This server does not support write().")
        if isinstance(data, bytes):  # what else it may be, the server says here and now
            self._size += len(data)
        self._write(data)

    def wrong_whole(self, parts: Sequence[bytes]) -> ApplicationError | None:
        """What is wrong with a body that is there already."""
        for part in parts:
            if type(part) is not bytes and not isinstance(part, bytes):
                return self._no_bytes(part, parts)
        if self.free:
            return None
        self._size += sum(map(len, parts))
        return self.wrong_end(parts)

    def wrong_kind(self, body: object) -> ApplicationError | None:
        """What is wrong with a body that is no sequence of its parts, before the first one comes."""
        kind = type(body)
        instead = next((text for cls, text in _INSTEAD.items() if cls is kind), "")
        if not instead and any(inspection.class_attribute(kind, name) is not inspection.MISSING for name in _ITERATES):
            return None
        if inspect.iscoroutine(body):
            body.close()
            instead = "a coroutine: it is an async def, or an ASGI application"
        instead = instead or f"an object of type {inspection.qualified_name(kind)}, which is not iterable"
        return self._mistake(f"{{}} returned {instead}. PEP 3333 requires an iterable of bytes.", body)

    def wrong_part(self, part: bytes, body: object) -> ApplicationError | None:
        """What is wrong when ``part`` comes now."""
        if type(part) is not bytes and not isinstance(part, bytes):
            return self._no_bytes(part, body)
        if part:
            self._size += len(part)
            if self.headers is None:
                return self.not_started(body)
            if self._length is not None and self._size > self._length:
                return self._wrong_length(body)
        return None

    def wrong_end(self, body: object) -> ApplicationError | None:
        """What is wrong when nothing more comes."""
        if self.headers is None:
            return self.not_started(body)
        return self._wrong_length(body) if self._length is not None and self._size != self._length else None

    def not_started(self, body: object) -> ApplicationError | None:
        if self.headers is not None or "HTTP_UPGRADE" in self._environ:  # a WebSocket took the connection over
            return None
        return self._mistake(
            "{} did not call start_response(status, headers). PEP 3333 requires that before the first bytes.", body
        )

    def _no_bytes(self, part: object, body: object) -> ApplicationError:
        name = inspection.qualified_name(type(part))
        verb = "yielded" if type(body) is GeneratorType else "returned a body with"
        return self._mistake(f"{{}} {verb} an object of {name}. PEP 3333 requires bytes: encode text first.", body)

    def _wrong_length(self, body: object) -> ApplicationError:
        more = "more than" if self._size > (self._length or 0) else "only"
        lengths = f"{self._length}, and the body has {more} {min(self._size, self._length or 0)} bytes"
        return self._mistake(f"{{}} says Content-Length: {lengths}. PEP 3333 requires them to be equal.", body)

    def _mistake(self, sentence: str, body: object) -> ApplicationError:
        try:
            name, filename, lineno = place_of(self._app, body)
        except Exception:  # an application may be any object; without its place the sentence still holds
            name, filename, lineno = "", "", 0
        who = f"{name} ({filename}, line {lineno})" if filename else "The application"
        return ApplicationError(sentence.replace("{}", who, 1), name, filename, lineno)


_ITERATES = ("__iter__", "__getitem__")


def check_head(status: object, headers: object) -> None:
    """Raises `ApplicationError` for a status that is no text, and for headers that are no list of pairs of texts."""
    if not isinstance(status, str):
        raise ApplicationError(
            f"PEP 3333 requires the status to be a string such as '200 OK', not {type(status).__name__}."
        )
    if not isinstance(headers, list):
        raise ApplicationError(f"PEP 3333 requires the headers to be a list of tuples, not {type(headers).__name__}.")
    for header in headers:
        if not isinstance(header, tuple) or len(header) != 2:
            raise ApplicationError("PEP 3333 requires each header to be a tuple of two strings, name and value.")
        for text in header:
            if not isinstance(text, str):
                kind = type(text).__name__
                raise ApplicationError(f"PEP 3333 requires header names and values to be strings, not {kind}.")


def stops_the_program(error: BaseException) -> bool:
    """Whether ``error`` is a Ctrl+C, and not the application's own ``raise KeyboardInterrupt``.

    A signal breaks in at any instruction, or in a library that waits; `asyncio` raises it again by a statement.
    """
    if not issubclass(type(error), KeyboardInterrupt):
        return False
    trace = traceback_of(error)
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return True
    code = trace.tb_frame.f_code
    stated = code.co_code[trace.tb_lasti] == opmap["RAISE_VARARGS"] and not is_library(
        inspection.exact_str(code.co_filename)
    )
    return not stated or getattr(signal.getsignal(signal.SIGINT), "__code__", None) is code


def is_closing(error: BaseException) -> bool:
    """Whether ``error`` came to the frame that caught it from outside, through `close`: nothing below has raised it."""
    trace = traceback_of(error)
    return type(error) is GeneratorExit and (trace is None or trace.tb_next is None)


# Where the application is.


def place_of(app: object, body: object) -> tuple[str, str, int]:
    """The name, file and line of what gave ``body``: where a generator stands, the only line that can have returned
    it, or else where the application is defined. Nothing for one that is no Python."""
    if type(body) is GeneratorType:
        code, frame = body.gi_code, body.gi_frame
        return *_names(code), code.co_firstlineno if frame is None else frame.f_lineno
    app_code = code_of(app)
    if app_code is None:
        return "", "", 0
    # What a coroutine returns is not what its function has returned.
    lines = set() if app_code.co_flags & _SUSPENDING else set(_returns(app_code, body))
    return *_names(app_code), lines.pop() if len(lines) == 1 else app_code.co_firstlineno


def _names(code: CodeType) -> tuple[str, str]:
    return inspection.exact_str(code.co_qualname), inspection.exact_str(code.co_filename)


def code_of(app: object) -> CodeType | None:
    """The code of an application, below the middleware of libraries around it."""
    outermost = None
    for layer in layers(app):
        code = _own_code(layer)
        if code is not None and not is_library(inspection.exact_str(code.co_filename)):
            return code
        outermost = outermost or code
    return outermost


def _own_code(app: object) -> CodeType | None:
    if issubclass(type(app), type):  # a class whose objects are the bodies
        app = inspection.class_attribute(app, "__init__")  # type: ignore[arg-type]
    elif type(app) is not FunctionType:
        app = inspection.class_attribute(type(app), "__call__")
    return app.__code__ if type(app) is FunctionType else None


def _returns(code: CodeType, body: object) -> Iterator[int]:
    """The lines on which the code can have returned ``body``: a constant or a display tells itself from others."""
    before: dis.Instruction | None = None
    for instruction in dis.get_instructions(code):
        made = instruction if instruction.opname == "RETURN_CONST" else before
        if instruction.opname in ("RETURN_VALUE", "RETURN_CONST") and (made is None or _may_make(made, body)):
            lineno = instruction.positions.lineno if instruction.positions else None
            if lineno is not None:
                yield lineno
        before = instruction


def _may_make(made: dis.Instruction, body: object) -> bool:
    if made.opname in ("LOAD_CONST", "RETURN_CONST"):
        return made.argval is body
    return _DISPLAYS.get(made.opname, type(body)) is type(body)


def close(body: Iterable[bytes]) -> None:
    """As PEP 3333 wants of a body that is not needed any more."""
    method = getattr(body, "close", None)
    if method is not None:
        method()
