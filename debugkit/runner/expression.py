"""The part of a target behind the colon: ``app``, ``sites.one``, ``create_app()`` or ``create_app("dev", debug=True)``.

As Flask reads FLASK_APP, with dots added. Nothing is evaluated: arguments are literals.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from debugkit.frozen import frozen


@frozen
class Expression:
    """``name`` is a dotted attribute, to be called with the arguments if ``call``."""

    name: str = ""
    call: bool = False
    arguments: tuple[Any, ...] = ()
    keywords: Mapping[str, Any] = field(default_factory=dict)


def read(text: str) -> Expression:
    """Raises `ValueError` for what is none of these."""
    if not text.strip():
        return Expression()
    try:
        body = ast.parse(text.strip(), mode="eval").body
        if not isinstance(body, ast.Call):
            return Expression(_dotted_name(body))
        if any(word.arg is None for word in body.keywords):
            raise ValueError("** has no names")
        arguments = tuple(ast.literal_eval(argument) for argument in body.args)
        keywords = {str(word.arg): ast.literal_eval(word.value) for word in body.keywords}
    except (SyntaxError, TypeError) as error:  # the latter for a literal such as {[]: 1}
        raise ValueError(str(error)) from error
    return Expression(_dotted_name(body.func), True, arguments, keywords)


def _dotted_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted_name(node.value)}.{node.attr}"
    if isinstance(node, ast.Name):
        return node.id
    raise ValueError("neither a name nor a call")
