"""A text that is no number, bytes in another encoding, what is no JSON."""

from __future__ import annotations

import ast
import re
from typing import Any, Final

from debugkit.debug.causes.scene import Scene, expression
from debugkit.debug.safe import inspection
from debugkit.debug.safe.inspection import MISSING
from debugkit.raised import field

#: What the built-in constructors say, with the text in quotes behind it.
_NUMBER: Final = re.compile(r"(?:invalid literal for int\(\) with base \d+|could not convert string to float): ")
#: What makes a number of a text.
_CONSTRUCTORS: Final = ("int", "float", "Decimal", "decimal.Decimal")
_DECIMAL_COMMA: Final = re.compile(r"[+-]?\d{1,15}(?:\.\d{3}){0,4},\d{1,15}")
_FRACTION: Final = re.compile(r"[+-]?\d{1,15}\.\d{1,15}")
_THOUSANDS: Final = re.compile(r"[+-]?\d{1,3}(?:,\d{3}){2,5}(?:\.\d{1,15})?")
#: Characters of a text that are quoted from an error.
_MOST: Final = 1_000


def cause(scene: Scene) -> str:
    exc = scene.exc
    if type(exc) is UnicodeDecodeError:
        return _for_decoding(exc)
    if type(exc) is UnicodeEncodeError:
        return _for_encoding(scene, exc)
    if not issubclass(type(exc), (ValueError, ArithmeticError)):
        return ""
    if inspection.qualified_name(type(exc)) == "json.decoder.JSONDecodeError":
        return _for_json(exc)
    if type(exc) is ValueError and (match := _NUMBER.match(scene.message)):
        return _for_number(scene, _literal(scene.message[match.end() :]))
    if inspection.qualified_name(type(exc)) == "decimal.InvalidOperation":
        return _for_number(scene, MISSING)
    return ""


# Numbers


def _literal(text: str) -> Any:
    """The text behind its quotes; `MISSING` if it is none."""
    try:
        value = ast.literal_eval(text) if len(text) <= _MOST else MISSING
    except (SyntaxError, ValueError):
        return MISSING
    return value if type(value) is str else MISSING


def _for_number(scene: Scene, quoted: Any) -> str:
    place = scene.place
    match place.node if place else None:
        case ast.Call(func=function, args=[argument, *_]) if expression(function) in _CONSTRUCTORS:
            name = expression(argument)
        case _:
            return ""
    if place is None or not name or isinstance(argument, ast.Constant) or place.conceals(argument):
        return ""
    value = place.value(argument)
    text = quoted if value is MISSING else value
    if type(text) is not str:
        return ""
    if not text.strip():
        return f"{name} holds only white space." if text else f"{name} is empty."
    return f"{name} is {scene.value(text, name)}{_reason(text, expression(function))}."


def _reason(text: str, function: str) -> str:
    text = text.strip()
    if _THOUSANDS.fullmatch(text):
        return f": {function}() takes no commas between thousands"
    if _DECIMAL_COMMA.fullmatch(text):
        return ", with a decimal comma: Python takes a point"
    if function == "int" and _FRACTION.fullmatch(text):
        return ", which has a fraction: int() takes whole numbers"
    return ", which is no number"


# Encodings


def _for_decoding(exc: UnicodeDecodeError) -> str:
    data, start = field(UnicodeDecodeError, "object", exc), field(UnicodeDecodeError, "start", exc)
    encoding = inspection.exact_str(field(UnicodeDecodeError, "encoding", exc))
    if type(data) is not bytes or type(start) is not int or not 0 <= start < len(data):
        return ""
    if start == 0 and data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "The bytes begin with the mark of UTF-16."
    if data[:2] == b"\x1f\x8b":
        return "The bytes are compressed: they begin as gzip does."
    if encoding.replace("_", "-").lower() in ("utf-8", "ascii") and data[start] >= 0xC0:
        letter = data[start : start + 1].decode("latin-1")
        return f"Byte {start} is 0x{data[start]:02x}, no {encoding}; in Latin-1 it is '{letter}'."
    return ""


def _for_encoding(scene: Scene, exc: UnicodeEncodeError) -> str:
    text, start = field(UnicodeEncodeError, "object", exc), field(UnicodeEncodeError, "start", exc)
    encoding = inspection.printable(inspection.exact_str(field(UnicodeEncodeError, "encoding", exc)))
    if type(text) is not str or type(start) is not int or not 0 <= start < len(text):
        return ""
    if "\ud800" <= text[start] <= "\udfff":
        return f"Character {start} is half of a pair of surrogates, which stands for no character."
    return f"Character {start} is {scene.value(text[start])}, which {encoding} has not."


# JSON


def _for_json(exc: BaseException) -> str:
    """The text is not quoted: without its names nobody can tell what is secret in it."""
    text, position = inspection.attribute(exc, "doc"), inspection.attribute(exc, "pos")
    if type(text) is not str or type(position) is not int or not 0 <= position <= len(text):
        return ""
    rest = text[position : position + 1]
    if not text or text.isspace():
        return "The text is empty."
    if position == 0 and rest == "<":
        return "The text begins with '<': it is HTML or XML, no JSON."
    if rest == "'":
        return "The text has single quotes where JSON has double ones."
    return ""
