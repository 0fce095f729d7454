"""The program that runs now, and how to run the same again: a script, a module (-m) or a command (-c).

Reads `sys.orig_argv`, which keeps what `sys.argv` loses: the interpreter's options and the module's name.
Knows nothing of reloading.
"""

from __future__ import annotations

import builtins
import os
import runpy
import sys
from collections.abc import Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import debugkit
from debugkit.errors import ConfigurationError
from debugkit.frozen import frozen
from debugkit.serving.paths import by_the_shell, same

#: Options of the interpreter that take a value, in the same word or the next (``python --help``).
VALUED = "WX"
#: What the file of a module that is run is called, after the module's own name.
MODULE_FILES = (".py", f"{os.sep}__main__.py")
#: Options of debugpy without a value, of which all others have one (``python -m debugpy --help``).
DEBUGPY_FLAGS = {
    "--wait-for-client",
    "--log-to-stderr",
    "--disable-sys-remote-exec",
    "--linux-attach-prefer-lldb",
}


@frozen
class Program:
    """``kind`` is "script" (also a folder or an archive), "module" or "command"; ``what`` its path, name or text."""

    kind: str
    what: str
    arguments: tuple[str, ...]
    options: tuple[str, ...]  # of the interpreter
    folder: str  # the working directory at its start
    argv: tuple[str, ...]  # all of the command line

    @property
    def root(self) -> Path:
        """Where its own modules are looked for first, as ``sys.path[0]`` says (documentation of `sys.path`)."""
        if self.kind != "script":
            return Path(self.folder)
        path = Path(self.folder, self.what)
        return path if path.is_dir() or is_archive(path) else path.resolve().parent

    @property
    def home(self) -> Path:
        """The same folder by the name that people have for it: a link on the way may be turned elsewhere."""
        named = Path(self.folder, self.what).parent if self.kind == "script" else self.root
        return named if same(named, self.root) else self.root

    def set_arguments(self) -> None:
        """Let this process have its command line, as far as modules can ask for that."""
        sys.orig_argv[:] = self.argv
        sys.argv[:] = ["-c" if self.kind == "command" else self.what, *self.arguments]

    def run(self) -> None:
        """Run it in this process as ``python`` would. Raises what it raises."""
        if not sys.flags.safe_path:
            sys.path.insert(0, str(self.root))
        self.set_arguments()
        main = sys.modules["__main__"] = ModuleType("__main__")
        main.__dict__["__builtins__"] = builtins
        path = Path(self.folder, self.what)
        # The interpreter calls the same function for the option -m, and for folders and archives.
        if self.kind == "module":
            runpy._run_module_as_main(self.what)  # type: ignore[attr-defined]
        elif self.kind == "script" and path == self.root:
            runpy._run_module_as_main("__main__", alter_argv=False)  # type: ignore[attr-defined]
        elif self.kind == "script":
            main.__file__ = str(path)
            main.__loader__ = SourceFileLoader("__main__", str(path))
            run_code(path.read_bytes(), str(path), main)
        else:
            run_code(self.what, "<string>", main)


def is_archive(path: Path) -> bool:
    if path.suffix == ".py":
        return False
    import zipfile  # loads much, and is hardly ever needed

    return zipfile.is_zipfile(path)


def run_code(source: str | bytes, filename: str, module: ModuleType) -> None:
    exec(compile(source, filename, "exec", dont_inherit=True), module.__dict__)


def this_program(argv: Sequence[str] | None = None) -> Program:
    """The program that runs in this process. ``argv`` is `sys.orig_argv` unless given.

    Raises `debugkit.ConfigurationError` when it cannot be run again: an interactive session, or one read from stdin.
    """
    argv = without_debugger(tuple(sys.orig_argv if argv is None else argv))
    options, kind, what, arguments = split(argv)
    if hasattr(sys, "ps1") or "ipykernel" in sys.modules or kind == "stdin":
        raise ConfigurationError(
            "The reloader runs the whole program again, and an interactive session or a program read from stdin cannot "
            "be: put the code into a file, or leave use_reloader out."
        )
    return Program(kind, what, arguments, without_prompt(options), first_folder(kind, what, arguments), argv)


def without_debugger(argv: Sequence[str]) -> tuple[str, ...]:
    """The command line of what debugpy or pydevd (PyCharm, PyDev) runs, for one of these; others as they are.

    They have a connection for each process, or a port that is taken, and follow the children of one by themselves.
    """
    options, kind, what, words = split(argv)
    if kind in ("script", "module") and Path(what).stem == "pydevd" and "--file" in words:
        place = words.index("--file")  # the last one: the program's own follow
        module = ("-m",) if "--module" in words[:place] else ()
        return (argv[0], *options, *module, *words[place + 1 :])
    if kind in ("script", "module") and Path(what).stem == "debugpy":
        place = 0
        while words[place : place + 1] and words[place].startswith("--"):
            place += 1 if words[place] in DEBUGPY_FLAGS else 2
        return (argv[0], *options, *words[place:])
    return tuple(argv)


def without_prompt(options: Sequence[str]) -> tuple[str, ...]:
    """Options without ``-i``: a process that others start and end must not stop at a prompt."""
    kept = [word if word[1:2] in ("-", *VALUED) else word.replace("i", "") for word in options]
    return tuple(word for word in kept if word != "-")


def split(argv: Sequence[str]) -> tuple[tuple[str, ...], str, str, tuple[str, ...]]:
    """Options, kind, what and arguments of a command line of the interpreter."""
    options: list[str] = []
    words = list(argv[1:])
    while words:
        word = words.pop(0)
        if word == "-" or not word.startswith("-"):
            return tuple(options), "stdin" if word == "-" else "script", word, tuple(words)
        if word.startswith("--"):
            options.append(word)
            if word == "--check-hash-based-pycs" and words:
                options.append(words.pop(0))
            continue
        flags, letter, value = _cluster(word)
        if letter and not value and words:
            value = words.pop(0)
        if letter in ("c", "m"):
            return (*options, *flags), "command" if letter == "c" else "module", value, tuple(words)
        options += [*flags, *([f"-{letter}{value}"] if letter else [])]
    return tuple(options), "stdin", "", ()


def _cluster(word: str) -> tuple[list[str], str, str]:
    """``-BWerror`` as its flags, the letter that takes a value, and the value as far as it is in this word."""
    for position, letter in enumerate(word[1:], 1):
        if letter in f"cm{VALUED}":
            return [f"-{word[1:position]}"] if position > 1 else [], letter, word[position + 1 :]
    return [word], "", ""


def first_folder(kind: str, what: str, arguments: Sequence[str] = ()) -> str:
    """The working directory in which the program was started; it may have gone elsewhere since (`os.chdir`).

    By the name that the shell has for it. Raises `ConfigurationError` when it cannot be found.
    """
    return by_the_shell(_first_folder(kind, what, arguments))


def _first_folder(kind: str, what: str, arguments: Sequence[str]) -> str:
    """Known for certain where the command line names, from that directory, the file that runs as ``__main__``: its path
    was made absolute at the start. Else it is where this package was imported.
    """
    file = str(getattr(sys.modules["__main__"], "__file__", ""))
    imported = debugkit._folder or str(Path.cwd())
    if kind == "command" or (kind == "module" and {imported, ""} & set(sys.path)):  # "": put there by debugpy, cProfile
        return imported
    # The arguments too: ``python -m coverage run app.py`` has made another program its ``__main__``.
    for word in (what, f"{what}{os.sep}__main__.py", *arguments) if kind == "script" else arguments:
        before = file.removesuffix(f"{os.sep}{word}")
        if before != file and Path(before).is_absolute():
            return before
    if kind == "module":
        # The shell's word for it, which is that of another process unless the module is there.
        pwd = Path(os.environ.get("PWD", "")).resolve()
        named = [str(pwd / f"{what.replace('.', os.sep)}{end}") for end in MODULE_FILES]
        return str(pwd) if file in named else imported
    if not Path(imported, what).exists():
        raise ConfigurationError(
            f"The reloader cannot find the program {what!r} again: the working directory has changed. Start it by its "
            "absolute path, or change the directory after debugkit is imported."
        )
    return imported
