"""The templates of templates/, compiled. The only module that knows Jinja2.

A template here is trusted, asks for attributes of view models only, and is the only thing that knows markup. So it is
compiled to less than Jinja would make of it: an attribute is looked up as in Python, a macro is called as a function,
and what templates import from each other is looked up once. And no value is believed to be markup, whatever its class
says: what is printed as it is, is what a macro or a function of ours returns, called by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from functools import cache
from typing import Any, Final

from jinja2 import Environment, FunctionLoader, StrictUndefined, nodes
from jinja2.compiler import CodeGenerator, Frame, MacroRef
from jinja2.utils import missing

from debugkit.debug.safe.inspection import exact_str
from debugkit.debug.safe.text import text_of

#: Whether the text ``t`` holds what markup must not hold as it is. Characters are found sooner than by a pattern.
_SPECIAL: Final = " or ".join(f"{character!r} in t" for character in "&<>'\"")


def escaped(value: Any) -> str:
    """``value`` as markup."""
    kind = type(value)
    if kind is int:
        return int.__repr__(value)
    # Another class of text may have methods of its own; none is asked for an ``__html__``.
    text: str = value if kind is str else exact_str(value) if issubclass(kind, str) else text_of(value)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("'", "&#39;").replace('"', "&#34;")


def made_macro(function: Any, parameters: tuple[str, ...]) -> Any:
    """A macro is its function; an argument that is left out is `missing`, for which Jinja's code has the default."""
    function.__defaults__ = (missing,) * len(parameters)
    function.parameters = parameters
    return function


def call_by_name(function: Any, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
    """Call a macro with keywords: Jinja gives its parameters names of its own."""
    return function(*arguments, *(keywords.get(name, missing) for name in function.parameters[len(arguments) :]))


def is_markup(node: nodes.Expr) -> bool:
    """Whether it calls a macro, or a function that templates know by name."""
    return isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name)


class _Compiler(CodeGenerator):
    """Writes Python where Jinja writes calls that look for more than there can be."""

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:
        self.visit(node.node, frame)
        self.write(f".{node.attr}")

    def visit_Call(self, node: nodes.Call, frame: Frame, forward_caller: bool = False) -> None:
        assert not forward_caller, "a call block would need Jinja's own macros"
        if node.kwargs:
            self.write("environment.call_by_name(")
        self.visit(node.node, frame)
        self.write(", (" if node.kwargs else "(")
        for argument in node.args:
            self.visit(argument, frame)
            self.write(", ")
        if node.kwargs:
            self.write("), {")
            for keyword in node.kwargs:
                self.write(f"{keyword.key!r}: ")
                self.visit(keyword.value, frame)
                self.write(", ")
            self.write("}")
        self.write(")")

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:
        self.write("str_join((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")

    def macro_def(self, macro_ref: MacroRef, frame: Frame) -> None:
        parameters = tuple(argument.name for argument in macro_ref.node.args)
        self.write(f"environment.made_macro(macro, {parameters!r})")

    def _import_common(self, node: nodes.Import | nodes.FromImport, frame: Frame) -> None:
        self.write("environment.module(")
        self.visit(node.template, frame)
        self.write(")")

    def write_commons(self) -> None:
        super().write_commons()
        self.writeline("escaped = environment.escaped")

    # A page prints hundreds of texts, and nearly all have nothing to escape: a call for each would take longer.

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if is_markup(node):
            self.write("(")
        else:
            self.write("(t if type(t := (" if frame.eval_ctx.autoescape else "str(")

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        escapes = frame.eval_ctx.autoescape and not is_markup(node)
        self.write(f")) is str and not ({_SPECIAL}) else escaped(t))" if escapes else ")")


class Templates(Environment):
    """Finds templates by name; ``load`` gives their text. They may use ``filters``, ``tests`` and ``names``."""

    code_generator_class = _Compiler
    escaped = staticmethod(escaped)
    made_macro = staticmethod(made_macro)
    call_by_name = staticmethod(call_by_name)

    def __init__(
        self,
        load: Callable[[str], str | None],
        *,
        filters: Mapping[str, Callable[..., Any]],
        tests: Mapping[str, Callable[..., bool]],
        names: Mapping[str, Any],
    ) -> None:
        super().__init__(
            loader=FunctionLoader(load),
            autoescape=lambda name: name is not None and name.endswith((".html", ".svg")),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self.filters.update(filters)
        self.tests.update(tests)
        self.globals = dict(names)
        # Jinja looks for a template with locks and lists that are made for thousands of them.
        self.get_template = cache(super().get_template)  # type: ignore[method-assign]
        self.module = cache(lambda name: self.get_template(name).module)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """What all templates have: those of one alone would be in a chain of mappings, which each rendering copies."""
        return self.globals
