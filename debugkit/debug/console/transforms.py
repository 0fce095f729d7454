"""How the tree of a command is rewritten before it is compiled. Knows no frame and no value, and runs nothing.

Expression statements show their value. In a method's frame, private names and ``super()`` mean what they mean there.
CPython stores globals into the dict of the code without asking, so ``global x`` is rewritten to store into the module.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

#: Names in rewritten code. Not identifiers, so that they collide with none.
SHOW, MODULE, ASSIGN = "<show>", "<module>", "<assign>"

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def show_expressions(body: list[Any]) -> None:
    """Let expression statements show their value: where the REPL does, outside of functions and classes."""
    for node in body:
        if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Starred):
            value = node.value
            made = (ast.Name(SHOW, ast.Load()), ast.Constant(_short_name(value)))
            function, name = (ast.copy_location(part, value) for part in made)
            node.value = ast.copy_location(ast.Call(function, [value, name], []), value)
        elif not isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            for field in ("body", "handlers", "orelse", "finalbody", "cases"):
                show_expressions(getattr(node, field, []))


def _short_name(node: ast.expr) -> str:
    """The expression of a value if it is made of names, attributes and items; else empty."""
    inner = node
    while isinstance(inner, ast.Attribute | ast.Subscript):
        inner = inner.value
    short = node.end_lineno == node.lineno and (node.end_col_offset or 0) - node.col_offset <= 100
    return ast.unparse(node) if short and isinstance(inner, ast.Name) else ""


class Method:
    """What the compiler knows inside a class: private names (``self.__x``) and ``super()`` without arguments."""

    def __init__(self, class_name: str, first: str) -> None:
        self._prefix = "_" + class_name.lstrip("_") if class_name.strip("_") else ""
        self._first = first

    def adapted(self, tree: ast.Module, names: Mapping[str, object]) -> ast.Module:
        """The tree with private names of the frame's class spelled out; classes in it have their own."""
        stack: list[ast.AST] = [tree]
        while stack:
            node = stack.pop()
            if isinstance(node, ast.ClassDef):
                continue
            if isinstance(node, ast.Attribute):
                node.attr = self._spelled(node.attr)
            elif isinstance(node, ast.Name) and self._spelled(node.id) in names:
                node.id = self._spelled(node.id)
            elif isinstance(node, ast.Call) and self._first and "__class__" in names:
                self._complete_super(node)
            stack.extend(ast.iter_child_nodes(node))
        return tree

    def _spelled(self, name: str) -> str:
        private = self._prefix and name.startswith("__") and not name.endswith("__")
        return self._prefix + name if private else name

    def _complete_super(self, call: ast.Call) -> None:
        if isinstance(call.func, ast.Name) and call.func.id == "super" and not call.args:
            call.args = [ast.Name("__class__", ast.Load()), ast.Name(self._first, ast.Load())]


class ModuleStores(ast.NodeTransformer):
    """``global x`` for code whose globals are not the module's: each such ``x`` becomes an attribute of the module.

    Where a statement binds the name itself (def, class, import, except, case), the value is moved there after it.
    ``nonlocal x`` in an outermost function means a name of the console, which is a global of the code.
    """

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._depth = 0

    def rewritten(self, tree: ast.Module) -> ast.Module:
        self._names = _declared(tree.body)
        tree.body = self._visited(tree.body)
        return tree

    def _visited(self, body: list[ast.stmt]) -> list[Any]:
        statements: list[Any] = []
        for node in body:
            new = self.visit(node)
            statements.extend(new if isinstance(new, list) else [new])
        return statements

    def _moved(self, name: str | None, node: ast.AST) -> list[ast.stmt]:
        if name is None or name not in self._names:
            return []
        store = ast.Assign([_attribute(name, ast.Store())], ast.Name(name, ast.Load()))
        return [ast.copy_location(statement, node) for statement in (store, ast.Delete([ast.Name(name, ast.Del())]))]

    def _scope(self, node: Any) -> list[ast.stmt]:
        """A function or class: what is outside its body belongs to this scope."""
        body, node.body = node.body, []
        self.generic_visit(node)
        outer, self._names = self._names, _declared(body)
        self._depth += not isinstance(node, ast.ClassDef)
        node.body = self._visited(body)
        self._depth -= not isinstance(node, ast.ClassDef)
        self._names = outer
        return [node, *self._moved(node.name, node)]

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = _scope

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> list[ast.stmt]:
        names = [alias.asname or alias.name.partition(".")[0] for alias in node.names]
        return [node, *(statement for name in names for statement in self._moved(name, node))]

    visit_ImportFrom = visit_Import

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        self.generic_visit(node)
        node.body[:0] = self._moved(node.name, node)
        return node

    def visit_match_case(self, node: ast.match_case) -> ast.AST:
        """A guard is evaluated before the body, and must see what was captured."""
        self.generic_visit(node)
        for part in ast.walk(node.pattern):
            name = getattr(part, "name", None) or getattr(part, "rest", None)
            if name in self._names:
                node.body[:0] = self._moved(name, node.body[0])
                if node.guard is not None:
                    both = ast.Tuple([_assigned(name, ast.Name(name, ast.Load())), node.guard], ast.Load())
                    node.guard = ast.Subscript(both, ast.Constant(1), ast.Load())
        return node

    def _comprehension(self, node: Any) -> ast.AST:
        """Its targets are its own; everything else in it belongs to this scope."""
        targets = {part.id for made in node.generators for part in ast.walk(made.target) if isinstance(part, ast.Name)}
        outer, self._names = self._names, self._names - targets
        self.generic_visit(node)
        self._names = outer
        return node  # type: ignore[no-any-return]  # any of four classes

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        outer, self._names = (
            self._names,
            self._names - {argument.arg for argument in ast.walk(node.args) if isinstance(argument, ast.arg)},
        )
        self.generic_visit(node)
        self._names = outer
        return node

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.AST:
        value = node.value = self.visit(node.value)
        if node.target.id not in self._names:
            return node
        return ast.copy_location(_assigned(node.target.id, value), node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.copy_location(_attribute(node.id, node.ctx), node) if node.id in self._names else node

    def visit_Global(self, node: ast.Global) -> ast.AST:
        return ast.copy_location(ast.Pass(), node)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.AST:
        return ast.copy_location(ast.Global(node.names), node) if self._depth == 1 else node


def _attribute(name: str, context: ast.expr_context) -> ast.Attribute:
    return ast.Attribute(ast.Name(MODULE, ast.Load()), name, context)


def _assigned(name: str, value: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(ASSIGN, ast.Load()), [ast.Constant(name), value], [])


def _declared(body: list[ast.stmt]) -> set[str]:
    """The names that a scope declares global, anywhere in it but not in scopes inside it."""
    names: set[str] = set()
    stack: list[ast.AST] = list(body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Global):
            names.update(node.names)
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.Lambda)):
            stack.extend(ast.iter_child_nodes(node))
    return names
