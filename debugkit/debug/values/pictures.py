"""What a value looks like in the words of IPython: ``_repr_png_``, ``_repr_jpeg_``, ``_repr_svg_``, ``_repr_html_``.

Asked only for the result of a command, under guard. The methods are looked for in classes: an object whose
``__getattr__`` answers everything is not asked. What a page may do with an answer is not known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

from debugkit.debug.safe.inspection import MISSING, ForeignCodeError, Guard, class_attribute
from debugkit.frozen import frozen

MediaType = Literal["image/png", "image/jpeg", "image/svg+xml", "text/html"]

#: In the order in which they are asked, and how an answer begins.
_METHODS: Final[Sequence[tuple[str, MediaType, bytes]]] = (
    ("_repr_png_", "image/png", b"\x89PNG\r\n\x1a\n"),
    ("_repr_jpeg_", "image/jpeg", b"\xff\xd8\xff"),
    ("_repr_svg_", "image/svg+xml", b""),
    ("_repr_html_", "text/html", b""),
)
#: Bytes of a picture: a browser shows no larger one well, and the event that carries it is one line.
MOST_BYTES: Final = 4_000_000


@frozen
class Picture:
    """An answer: ``data`` of ``media_type``, or the ``problem`` with it."""

    media_type: MediaType
    data: bytes = b""
    problem: str = ""


def picture_of(value: object, guard: Guard) -> Picture | None:
    """The first answer of ``value``; `None` if it has none. Raises nothing."""
    for name, media_type, signature in _METHODS:
        if class_attribute(type(value), name) is MISSING:
            continue
        try:
            answer = guard.run(_ask, value, name)
        except ForeignCodeError as error:
            return Picture(media_type, problem=f"{name} {error}")
        if answer is not None:
            return _checked(answer, name, media_type, signature)
    return None


def _ask(value: Any, name: str) -> object:
    answer = getattr(value, name)()
    # IPython takes an answer with its metadata, too.
    return answer[0] if type(answer) is tuple and len(answer) == 2 else answer


def _checked(answer: Any, name: str, media_type: MediaType, signature: bytes) -> Picture:
    cls = type(answer)  # not `isinstance`, which believes `__class__`
    if not signature and issubclass(cls, str):
        data = str.encode(str.__getitem__(answer, slice(MOST_BYTES + 1)), "utf-8", "replace")
    elif signature and issubclass(cls, bytes):
        data = bytes.__getitem__(answer, slice(MOST_BYTES + 1))
    else:
        return Picture(media_type, problem=f"{name} gave no {'bytes' if signature else 'text'}")
    if len(data) > MOST_BYTES:
        return Picture(media_type, problem=f"{name} gave more than {MOST_BYTES:,} bytes")
    if not data.startswith(signature):
        return Picture(media_type, problem=f"{name} gave no {media_type}")
    return Picture(media_type, data)
