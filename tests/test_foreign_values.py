"""Rules of the source for what belongs to the user: never compared, believed in markup, or asked for its fields.

A metaclass may define `__eq__` and `__hash__`, a `str` may carry markup through `str()`, and the fields of an exception
may be properties. What reads past all that stands in few modules; these rules keep the others from doing it themselves.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from test_architecture import MODULES, nodes, tree

#: The modules that meet the objects of an application.
MEETING = [name for name in MODULES if name.startswith(("debugkit.debug", "debugkit.serving", "debugkit.django."))]
#: It meets an application when that is wrapped, before there is any error.
EARLY = "debugkit.debug.wsgi_applications"
SHOWING = [name for name in MODULES if name.startswith("debugkit.debug.") and name != EARLY]
SHOWING += ["debugkit.django.report", "debugkit.django.sql", "debugkit.django.template_errors"]

#: Attributes that an exception's class may define: `debugkit.raised` reads them.
FIELDS = {"__traceback__", "__cause__", "__context__", "__suppress_context__", "__notes__", "with_traceback", "args"}
#: Where objects of ours, or of the standard library's own making, have attributes of these names.
OWN_FIELDS = {
    "debugkit.runner.expression": {"body.args"},
    "debugkit.debug.asgi.threads": {"P.args"},  # of typing
    "debugkit.debug.console.command": {"part.__cause__", "part.__context__"},  # of traceback.TracebackException
    "debugkit.debug.tracebacks.text": {"part.__cause__", "part.__context__"},
    "debugkit.debug.tracebacks.stand_ins": {"first.with_traceback"},
    "debugkit.debug.safe.inspection": {"self.args"},
    "debugkit.debug.values.objects": {"BaseException.args"},
    "debugkit.debug.source.expressions": {"function.args", "args.args"},  # of ast
    "debugkit.debug.console.transforms": {"call.args", "node.args"},
    "debugkit.debug.page.templating": {"node.args", "macro_ref.node.args"},  # of Jinja's syntax tree
    "debugkit.django.report": {"match.args"},  # of Django's ResolverMatch
}

#: What `str` is called with, elsewhere than in `text_of`: values of our own, and of the standard library.
OWN_TEXTS = {
    "debugkit.debug.access.lockout": {"link", "supervisor"},  # of our own file
    "debugkit.debug.tracebacks.model": {"frame.lineno"},
    "debugkit.debug.values.dispatch": {"name", "error"},  # compared with names; and an error of the guard's own
    "debugkit.debug.safe.text": {"value"},
    "debugkit.debug.page.frame_models": {"last"},  # numbers of lines and columns
    "debugkit.debug.page.frame_names": {"frame.lineno or 1", "column"},
    # Of our own JSON, which another process may have written.
    "debugkit.debug.page.recents": {"data[name]", "error_id"},
    "debugkit.debug.processes.protocol": {"name", "value", "text"},
    "debugkit.debug.processes.snapshots": {"key", "value", "body"},
    "debugkit.debug.processes.client": {"path"},  # of our own folder
    "debugkit.debug.processes.folder": {"error"},
    "debugkit.debug.processes.listener": {"path"},
    "debugkit.debug.processes.siblings": {"meeting_place(self._key(), self._place)"},
    "debugkit.debug.source.highlighting": {"get_lexer_by_name(suffix).aliases[0]"},
    "debugkit.debug.tracebacks.libraries": {
        *("Path(debugkit.__file__).parent.absolute()", "folder", "folder.resolve()", "Path(*relative)", "Path(*site)"),
    },
    "debugkit.debug.access.machine": {"winreg.QueryValueEx(key, 'MachineGuid')[0]", "os.geteuid()"},
    "debugkit.debug.console.namespace": {"error"},
    "debugkit.debug.access.pin": {"error"},
    "debugkit.django.sql": {"Path(__file__).parent.parent", "Path(path).relative_to(here)"},
    "debugkit.debug.access.trust": {"address"},
    "debugkit.debug.wsgi_gateway": {"len(body)", "limit + 1"},
    # Within `exact_str` or under guard.
    "debugkit.debug.values.builtins": {"value if known else value.replace(tzinfo=None)"},
    "debugkit.debug.safe.inspection": {"error"},
    "debugkit.debug.values.third_party": {"value"},
}

#: What evaluates annotations.
ANNOTATIONS = {"__annotations__", "__annotate__", "get_annotations", "get_type_hints", "signature", "getfullargspec"}

#: Those of the console read the names of the code that it runs for its own reader, as plain text.
COMMANDS = {
    "debugkit.debug.console.command",
    "debugkit.debug.console.namespace",
    "debugkit.django.sql",
    "debugkit.django.template_errors",
}


def is_type_of(node: ast.AST) -> bool:
    """``type(x)``."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "type"


def functions(module: ast.Module) -> Iterator[ast.AST]:
    yield module
    yield from (node for node in nodes(module) if isinstance(node, ast.FunctionDef))


def compared_types(module: ast.Module) -> Iterator[int]:
    """Lines where the type of a value is compared or hashed: with ``==`` or ``in``, be it under a name it was given."""
    for function in functions(module):
        inside = nodes(module) if function is module else tuple(ast.walk(function))
        named = {
            target.id
            for node in inside
            if isinstance(node, ast.Assign) and is_type_of(node.value) and isinstance(function, ast.FunctionDef)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in inside:
            if isinstance(node, ast.Compare) and any(
                isinstance(operator, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for operator in node.ops
            ):
                sides = [node.left, *node.comparators]
                sides += [item for side in sides if isinstance(side, ast.Tuple | ast.List) for item in side.elts]
                if any(is_type_of(side) or (isinstance(side, ast.Name) and side.id in named) for side in sides):
                    yield node.lineno
            elif (isinstance(node, ast.Subscript) and is_type_of(node.slice)) or (
                isinstance(node, ast.Dict) and any(key is not None and is_type_of(key) for key in node.keys)
            ):
                yield node.lineno


@pytest.mark.parametrize("name", MEETING)
def test_types_of_values_are_compared_by_identity_only(name: str) -> None:
    assert not list(compared_types(tree(MODULES[name]))), "a metaclass may define __eq__ and __hash__"


@pytest.mark.parametrize("name", MEETING)
def test_fields_of_exceptions_are_read_past_their_class(name: str) -> None:
    found = {
        ast.unparse(node)
        for node in nodes(tree(MODULES[name]))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and node.attr in FIELDS
    }
    assert found - OWN_FIELDS.get(name, set()) == set(), "debugkit.raised reads fields that a class may define"


@pytest.mark.parametrize("name", SHOWING)
def test_texts_of_values_are_made_in_one_place(name: str) -> None:
    found = {
        ast.unparse(node.args[0])
        for node in nodes(tree(MODULES[name]))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "str" and node.args
    }
    assert found - OWN_TEXTS.get(name, set()) == set(), "str() gives a subclass back with its markup: text_of does not"


@pytest.mark.parametrize("name", sorted({*SHOWING} - COMMANDS))
def test_names_of_code_are_read_as_plain_texts(name: str) -> None:
    module = tree(MODULES[name])
    plain = {
        id(node.args[0])
        for node in nodes(module)
        if isinstance(node, ast.Call) and node.args and ast.unparse(node.func).endswith("exact_str")
    }
    for node in nodes(module):
        if isinstance(node, ast.Attribute) and node.attr in ("co_name", "co_qualname", "co_filename"):
            assert id(node) in plain, f"{name}:{node.lineno}: a code object may be given a subclass of str"


@pytest.mark.parametrize("name", SHOWING)
def test_annotations_are_never_asked_for(name: str) -> None:
    """They may be code, which runs when somebody asks (PEP 649), and resolves imports that wait (PEP 810)."""
    found = {node.attr for node in nodes(tree(MODULES[name])) if isinstance(node, ast.Attribute)}
    found |= {
        item.name for node in nodes(tree(MODULES[name])) if isinstance(node, ast.ImportFrom) for item in node.names
    }
    assert not found & ANNOTATIONS


def test_the_rules_notice_what_they_forbid() -> None:
    for source in (
        "type(x) in KNOWN",
        "type(x) == y",
        "y not in (type(x), 1)",
        "def f(x):\n    kind = type(x)\n    return kind in KNOWN",
        "KNOWN[type(x)]",
        "{type(x): 1}",
    ):
        assert list(compared_types(ast.parse(source))), source
    assert not list(compared_types(ast.parse("type(x) is str or id(type(x)) in KNOWN")))
