"""How names in a command resolve, and how its source becomes code. Knows one frame, not which thread runs the code.

In a function's frame the names of the console (a copy of the frame's locals and cells, and what commands assign) are
the *globals* of the code, a plain dict: functions, lambdas and class bodies see them, also names that come later.
What is missing there is looked up in the *builtins* of the code, a mapping that asks the module's live globals first;
``global x`` is left to `debugkit.debug.console.transforms`.
In a module's frame the code runs in the module's real globals.
"""

from __future__ import annotations
import __future__

import ast
import builtins
import inspect
import io
import itertools
import linecache
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from types import CodeType, FrameType
from typing import Any

from debugkit.debug.console.living_frame import LivingFrame, living_frame
from debugkit.debug.console.module_names import ModuleNames
from debugkit.debug.console.transforms import ASSIGN, FUNCTIONS, MODULE, SHOW, Method, ModuleStores, show_expressions
from debugkit.debug.safe.lazy_imports import used

#: Commands whose source a traceback can still show, for one console.
_SOURCES = 100
#: ``codeop.PyCF_DONT_IMPLY_DEDENT | codeop.PyCF_ALLOW_INCOMPLETE_INPUT``, which typeshed does not know.
_MAY_GO_ON = 0x200 | 0x4000
#: ``await`` outside of functions makes a coroutine of the code. Inside of them it means what it means anywhere.
_AWAIT = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
_FUTURE_FLAGS = sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
#: What import statements, class statements and warnings read from the globals of the code.
_MODULE_FACTS = ("__name__", "__package__", "__spec__", "__loader__", "__file__", "__path__")
_HIDDEN = (*_MODULE_FACTS, "__builtins__", "__annotations__", "__warningregistry__", "_")

#: Without one of these, a command means the same in a frame as anywhere.
_ADAPTED = ("__", "super", "global", "nonlocal")

_numbers = itertools.count(1)
_COMPOUND = (
    *FUNCTIONS, ast.ClassDef, ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar,
    ast.Match,
)  # fmt: skip


class Namespace:
    """The names of one console. ``show(value, name, text)`` is called for each value that a command
    shows; an empty ``text`` means the value's own preview.

    ``frame`` is the frame to look from; ``names`` are found there when nothing else has their name. `None`: a console
    of its own, which starts with ``names``.
    """

    def __init__(
        self, frame: FrameType | None, names: Mapping[str, object], show: Callable[[object, str, str], None]
    ) -> None:
        self._show = show
        self._at_hand = (
            {} if frame is None else {name: value for name, value in names.items() if name not in vars(builtins)}
        )
        self._sources: deque[str] = deque()
        self._flags = 0
        self._method = Method("", "")
        self._local_names: ModuleNames | None = None
        self._living: LivingFrame | None = None
        self._underscore: tuple[object, ...] = ()  # what the frame itself calls _, if anything
        if frame is None:
            self._names: dict[str, Any] = dict(names)
            self._names.setdefault("__name__", "__console__")
            self._globals = self._names
        else:
            self._enter(frame)
        if self._local_names is None:
            self._names["__builtins__"] = _Builtins(self._globals, self._helpers())
            self._names.setdefault("__annotations__", {})  # else those of the module would be taken

    def _enter(self, frame: FrameType) -> None:
        code = frame.f_code
        self._flags = code.co_flags & _FUTURE_FLAGS
        self._globals = frame.f_globals
        if frame.f_locals is frame.f_globals:
            self._names = frame.f_globals
            self._local_names = ModuleNames(frame.f_globals, self._helpers())
            return
        self._names = _names_of(frame)
        self._living = living_frame(frame, self._names)
        self._method = Method(_class_of(code), code.co_varnames[0] if code.co_argcount else "")
        if "_" in self._names:
            self._underscore = (self._names["_"],)
        for name in _MODULE_FACTS:
            if name in frame.f_globals:
                self._names.setdefault(name, frame.f_globals[name])

    # Called by the console

    def compile(self, source: str) -> CodeType | None:
        """The code of a command; `None` when more lines are expected. Raises what `compile` raises."""
        filename = f"<console {next(_numbers)}>"
        self._remember(filename, source)
        try:
            tree = self._parse(source, filename)
            if tree is None:
                return None
            code: CodeType = compile(
                self._adapted(tree, source), filename, "exec", self._flags | _AWAIT, dont_inherit=True
            )
        except SyntaxError as error:
            if error.text is None and error.filename == filename and error.lineno:
                error.text = linecache.getline(filename, error.lineno)
            raise
        self._flags |= code.co_flags & _FUTURE_FLAGS
        return code

    def run(self, code: CodeType) -> Any:
        """Run the code of a command. Raises whatever it raises. Code that awaits is returned as a coroutine instead."""
        if self._living is not None:
            self._living.read()
        if self._globals is not self._names:  # each command may warn, also where an earlier one has
            self._names.pop("__warningregistry__", None)
        return eval(code, self._names, self._names if self._local_names is None else self._local_names)

    def write_through(self) -> None:
        """Let the frame see what the command has assigned, if it has not ended."""
        if self._living is not None:
            self._living.write()

    def names(self) -> dict[str, object]:
        """The console's names and values: what ``locals()`` is. In a module, a copy of its globals."""
        names: dict[str, object] = self._names.copy()
        for name in _HIDDEN if self._local_names is None else ("__builtins__",):
            names.pop(name, None)
        return {**names, "_": self._underscore[0]} if self._underscore else names

    def scopes(self) -> tuple[dict[str, Any], ...]:
        """Where a name is looked up, in this order: the very dicts. They also hold what is no name."""
        last = self._local_names.last if self._local_names is not None else ()
        own = {"_": last[0]} if last else {}
        return (own, self._names, self._globals, self._helpers(), _builtins_of(self._globals))

    def close(self) -> None:
        """Release all names and sources."""
        self._names, self._globals, self._at_hand, self._local_names = {}, {}, {}, None
        self._living = None
        self._underscore = ()
        while self._sources:
            linecache.cache.pop(self._sources.popleft(), None)

    # Source to code

    def _remember(self, filename: str, source: str) -> None:
        """Let tracebacks show the source: `linecache.checkcache` skips entries whose modification time is `None`."""
        linecache.cache[filename] = (len(source), None, [line + "\n" for line in source.split("\n")], filename)
        self._sources.append(filename)
        if len(self._sources) > _SOURCES:
            linecache.cache.pop(self._sources.popleft(), None)

    def _parse(self, source: str, filename: str) -> ast.Module | None:
        try:
            tree = compile(source, filename, "exec", self._flags | ast.PyCF_ONLY_AST, dont_inherit=True)
        except SyntaxError:
            if _unfinished(source):
                return None
            raise
        assert isinstance(tree, ast.Module)
        # As in the REPL, one compound statement ends with a blank line.
        waits = len(tree.body) == 1 and isinstance(tree.body[0], _COMPOUND) and source.rpartition("\n")[2].strip() != ""
        return None if waits else tree

    def _adapted(self, tree: ast.Module, source: str) -> ast.Module:
        show_expressions(tree.body)
        # A text is searched sooner than its tree. What is not ASCII may mean any of these (NFKC).
        if self._globals is self._names or (source.isascii() and not any(word in source for word in _ADAPTED)):
            return tree
        tree = ModuleStores().rewritten(self._method.adapted(tree, self._names))
        return ast.fix_missing_locations(tree)

    # Names that commands find after the user's own

    def _helpers(self) -> dict[str, Any]:
        return self._at_hand | {
            SHOW: self._display,
            MODULE: _module_proxy(self._globals),
            ASSIGN: self._assign,
            "dump": self._dump,
            "help": _help,
            "locals": self._locals,
            "vars": self._vars,
            "dir": self._dir,
            "globals": self._module_globals,
        }

    def _display(self, value: object, name: str) -> None:
        """What ``sys.displayhook`` does in the REPL."""
        if value is None:
            return
        if self._local_names is not None:
            self._local_names.last = (value,)
        else:
            self._names["_"] = value
        self._show(value, name, "")

    def _assign(self, name: str, value: object) -> object:
        self._globals[name] = value
        return value

    def _dump(self, *values: object) -> None:
        """Show all local names, or the values given."""
        if not values:
            self._show(self.names(), "locals", "locals")
        for value in values:
            self._show(value, "", "")

    def _locals(self) -> object:
        """The local names and their values."""
        return self._locals_of(sys._getframe(1))

    def _locals_of(self, frame: FrameType) -> object:
        namespace: Any = frame.f_locals
        if namespace is self._local_names:
            return self._names
        if namespace is self._names and self._globals is not self._names:
            return self.names()
        return dict(namespace) if frame.f_code.co_flags & inspect.CO_OPTIMIZED else namespace

    def _vars(self, *values: object) -> object:
        """The local names and their values; with an argument, the attributes of an object."""
        return vars(*values) if values else self._locals_of(sys._getframe(1))

    def _dir(self, *values: object) -> list[str]:
        """The local names; with an argument, the names of an object's attributes."""
        if values:
            return dir(*values)
        names: Any = self._locals_of(sys._getframe(1))
        return sorted(name for name in names if isinstance(name, str))

    def _module_globals(self) -> dict[str, Any]:
        """The real globals of the frame's module."""
        module_globals = sys._getframe(1).f_globals
        return self._globals if module_globals is self._names else module_globals


class _Builtins(dict[str, Any]):
    """What code finds beyond its globals: the module's globals, the helpers, the builtins, each as they are then.

    Its content serves C code that bypasses `__getitem__` (``__import__``).
    """

    def __init__(self, module: dict[str, Any], helpers: dict[str, Any]) -> None:
        self._builtins = _builtins_of(module)
        self._module = module
        self._helpers = helpers
        super().__init__(self._builtins)

    def __getitem__(self, name: str) -> Any:
        for names in (self._module, self._helpers, self._builtins):
            if name in names:
                return used(names[name])
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        """For "did you mean"."""
        return iter([*self._module, "dump", *self._builtins])


def _builtins_of(module: dict[str, Any]) -> dict[str, Any]:
    module_builtins = module.get("__builtins__", builtins)
    return module_builtins if isinstance(module_builtins, dict) else vars(module_builtins)


def _module_proxy(module: dict[str, Any]) -> object:
    """An object whose attributes are the module's globals, and all of them."""

    class Proxy:
        def __getattribute__(self, name: str) -> Any:
            if name in module:
                return used(module[name])
            if hasattr(builtins, name):
                return getattr(builtins, name)
            raise NameError(f"name {name!r} is not defined", name=name)

        def __setattr__(self, name: str, value: object) -> None:
            module[name] = value

        def __delattr__(self, name: str) -> None:
            if name not in module:
                raise NameError(f"name {name!r} is not defined", name=name)
            del module[name]

    return Proxy()


def _help(*values: object) -> None:
    """Print the documentation of an object as plain text, without a pager."""
    if not values:
        print("Type help(object) for help about an object, for example help(str.split).")
        return
    import pydoc  # slow to import, and rarely needed

    text = io.StringIO()
    helper: Any = pydoc.Helper(output=text)
    helper(*values)
    print(pydoc.plain(text.getvalue()).strip("\n"))


def _names_of(frame: FrameType) -> dict[str, Any]:
    """Locals and cells of a frame that is not a module's, read once (before PEP 667, each reading starts anew)."""
    namespace: Any = frame.f_locals
    if frame.f_code.co_flags & inspect.CO_OPTIMIZED:
        return {name: value for name, value in dict(namespace).items() if name.isidentifier()}  # not ".0"
    # A class body, or code given to exec(): its namespace may be anybody's mapping, which is not asked.
    names: dict[str, Any] = dict(dict.items(namespace)) if issubclass(type(namespace), dict) else {}
    return {**_enclosing(frame), **names}


def _enclosing(frame: FrameType) -> dict[str, Any]:
    """The cells of a class body, which are not among its locals: from the enclosing function."""
    code, back = frame.f_code, frame.f_back
    if back is None or not any(constant is code for constant in back.f_code.co_consts):
        return {}
    return {name: value for name, value in _names_of(back).items() if name in code.co_freevars}


def _class_of(code: CodeType) -> str:
    """The class whose body contains the code, from its qualified name; empty if there is none."""
    parts = code.co_qualname.split(".")
    if code.co_flags & inspect.CO_OPTIMIZED:
        parts.pop()
    while parts and parts[-1] == "<locals>":
        del parts[-2:]
    return parts[-1] if parts else ""


def _unfinished(source: str) -> bool:
    """Whether more lines could make the source valid, according to CPython's own parser."""
    try:
        compile(source, "<console>", "exec", ast.PyCF_ONLY_AST | _MAY_GO_ON, dont_inherit=True)
    except SyntaxError as error:
        return "incomplete input" in str(error)
    except ValueError:
        return False
    return False
