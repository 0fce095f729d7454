"""What ends a request and is nobody's mistake: it was cancelled, the program stops, or its client has left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

from debugkit.debug.safe import inspection
from debugkit.raised import traceback_of

#: `GeneratorExit`: the event loop closes what has not ended with it.
STOPS = (asyncio.CancelledError, KeyboardInterrupt, GeneratorExit)
#: What frameworks raise where a client has left, by module and name. They are told without an import.
LEFT = {
    "starlette.requests.ClientDisconnect",
    "starlette.websockets.WebSocketDisconnect",
    "litestar.exceptions.websocket_exceptions.WebSocketDisconnect",
    "trio.Cancelled",
}


def is_no_error(error: BaseException, send: Callable[..., Any]) -> bool:
    """Whether ``error``, or all of a group, is nobody's mistake. ``send`` is the server's and may raise `OSError`."""
    kind = type(error)
    if issubclass(kind, BaseExceptionGroup):
        return all(is_no_error(member, send) for member in BaseExceptionGroup.exceptions.__get__(error))
    if issubclass(kind, STOPS) or not LEFT.isdisjoint(map(inspection.qualified_name, inspection.mro(kind))):
        return True
    return issubclass(kind, OSError) and _code_of(send) in _codes(error)


def _code_of(function: Any) -> Any:
    return getattr(getattr(function, "__func__", function), "__code__", None)


def _codes(error: BaseException) -> Iterator[CodeType]:
    trace = traceback_of(error)
    while trace is not None:
        yield trace.tb_frame.f_code
        trace = trace.tb_next
