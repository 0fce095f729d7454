"""What debugkit knows of a framework: one shape for all, which does nothing where a framework needs nothing.

A framework's module here is loaded when the framework itself is, and reaches it through `sys.modules`. What it asks of
an application or a request may be somebody else's code, and may fail: `known` is prepared for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, ClassVar

from debugkit.debug.framework_report import NOTHING, FrameworkReport
from debugkit.debug.safe import inspection
from debugkit.frozen import frozen


@frozen
class Failure:
    """A request that failed: its environ (or scope), its traceback, and the managers that were handed over with it."""

    request: Mapping[str, Any]
    trace: TracebackType | None
    managers: Sequence[Any] = ()

    def variable(self, module: str, function: str, name: str) -> Any:
        """A local variable of the innermost frame of a function; `None` where there is none."""
        value = None
        for trace in self._traces():
            frame = trace.tb_frame
            if inspection.exact_str(frame.f_code.co_name) == function and frame.f_globals.get("__name__") == module:
                value = frame.f_locals.get(name)
        return value

    def _traces(self) -> Iterator[TracebackType]:
        trace = self.trace
        while trace is not None:
            yield trace
            trace = trace.tb_next


class Framework:
    """A framework whose applications are of the ``classes``, by their full names."""

    name: ClassVar[str] = ""
    classes: ClassVar[tuple[str, ...]] = ()

    def listen(self) -> None:
        """Hear of the errors of all its applications in this process, where it has a signal for them. Idempotent."""

    def open_up(self, application: Any) -> None:
        """Have the errors of one application reach the debugger, where there is no signal. Idempotent."""

    def refresh(self, application: Any) -> None:
        """Have templates read again when they have changed, as the framework's own development server does."""

    def advice(self, application: Any) -> str:
        """The line that its user may write where errors do not reach the debugger; "" where they do."""
        return ""

    def managers(self, failure: Failure) -> Iterable[Any]:
        """Context managers in which the code of the console finds the request."""
        return ()

    def report(self, failure: Failure, captured: Any) -> FrameworkReport:
        """What it knows of the request: the view, the route, the session."""
        return NOTHING


def full_name(function: Any) -> str:
    """What a view is called, also below decorators made with `functools.wraps`: "shop.views.checkout"."""
    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{named.__module__}.{named.__qualname__}"


def rows(**facts: object) -> tuple[tuple[str, object], ...]:
    """Rows for the request's panel, without those that there is nothing to say of."""
    return tuple((name.replace("_", " "), value) for name, value in facts.items() if not _is_nothing(value))


def _is_nothing(value: object) -> bool:
    """Asks no object of the application, which may compare as it likes."""
    return value is None or (any(type(value) is kind for kind in (str, dict, tuple)) and not value)


def attempt(ask: Callable[..., Any], *arguments: Any) -> Any:
    """The answer of somebody else's code; `None` where that fails: an error has its page without it."""
    try:
        return ask(*arguments)
    except Exception:
        return None
