"""The errors of debugkit: one tree, each with the HTTP status it becomes and an explanation for the reader.

    DebugkitError
    ├── ConfigurationError      a setting that cannot work (raised at start-up)
    ├── ApplicationError        the application breaks PEP 3333
    └── RequestError            a request to the debugger that cannot be answered
        ├── BadRequest          400  not understood: not JSON, wrong types, missing fields
        ├── Forbidden           403  understood, and refused
        │   └── WrongPin        403
        ├── NotFound            404  no such page, or an id that never was
        ├── MethodNotAllowed    405
        ├── Conflict            409  not now: something else is going on
        │   └── Unconfirmed     409
        ├── Gone                410  an id that was: evicted, or its frames released
        ├── BodyTooLarge        413
        ├── UnsupportedMedia    415
        ├── Locked              429  too many wrong PINs
        ├── InternalError       500  a defect of the debugger, or of code that it was given to call
        └── NoAnswer            504  the process that has the error does not answer

Low code raises; `debugger.py` is the one place that turns a `RequestError` into a response.
"""

from __future__ import annotations


class DebugkitError(Exception):
    """Base of all errors raised on purpose. ``explanation`` is a sentence that tells the reader what to do."""

    def __init__(self, explanation: str) -> None:
        super().__init__(explanation)
        self.explanation = explanation


class ConfigurationError(DebugkitError, ValueError):
    """A setting, argument or environment variable has a value that cannot work. Raised at start-up."""


class ApplicationError(DebugkitError):
    """The application breaks PEP 3333: in ``function`` at ``filename`` and ``lineno``, if no traceback leads there."""

    def __init__(self, explanation: str, function: str = "", filename: str = "", lineno: int = 0) -> None:
        super().__init__(explanation)
        self.function = function
        self.filename = filename
        self.lineno = lineno


class RequestError(DebugkitError):
    """A request to the debugger that cannot be answered as asked."""

    status: int = 400
    code: str = "bad_request"


class BadRequest(RequestError):
    """The request is not understood: a body that is not JSON, a field missing or of the wrong type."""


class Forbidden(RequestError):
    """The request is understood and refused: not unlocked, or not from the debugger's own page."""

    status = 403

    def __init__(self, explanation: str, code: str = "forbidden") -> None:
        super().__init__(explanation)
        self.code = code


class WrongPin(Forbidden):
    """The PIN does not match. ``remaining`` is how many attempts are left before entry is locked."""

    def __init__(self, explanation: str, remaining: int) -> None:
        super().__init__(explanation, code="wrong_pin")
        self.remaining = remaining


class NotFound(RequestError):
    """No such address, or an id this process never gave out."""

    status = 404
    code = "not_found"


class MethodNotAllowed(RequestError):
    """The address exists, but not for this method. ``allow`` goes into the Allow header (RFC 9110, section 10.2.1)."""

    status = 405
    code = "method_not_allowed"

    def __init__(self, explanation: str, allow: str) -> None:
        super().__init__(explanation)
        self.allow = allow


class Conflict(RequestError):
    """Not now: for example a console that is busy with an earlier command."""

    status = 409
    code = "conflict"


class Unconfirmed(Conflict):
    """Not without being asked again: it may change something."""

    code = "unconfirmed"


class Gone(RequestError):
    """The id was known once: its traceback was evicted, or its frames were released. The text may still be there."""

    status = 410
    code = "gone"


class BodyTooLarge(RequestError):
    """The request body is longer than the debugger reads, or a command than it runs."""

    status = 413
    code = "body_too_large"


class UnsupportedMedia(RequestError):
    """The request body is not declared as ``application/json``."""

    status = 415
    code = "unsupported_media_type"


class Locked(RequestError):
    """Too many wrong PINs: entry by PIN is locked until the server restarts."""

    status = 429
    code = "locked"


class InternalError(RequestError):
    """The debugger itself failed, or code that it was given, such as ``console_init_func``. The terminal says how."""

    status = 500
    code = "internal_error"


class NoAnswer(RequestError):
    """Another process has the error, and does not answer in time."""

    status = 504
    code = "no_answer"
