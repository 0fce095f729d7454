"""The options of ``debugkit run``: one table for the command line, the environment and ``[tool.debugkit]``.

The command line wins over ``DEBUGKIT_*`` variables, and those over the nearest ``pyproject.toml``.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from debugkit.converters import Converter, choice_of, flag_or_word, seconds_or_text, text, texts, whole_number, wrong
from debugkit.editors import EDITORS
from debugkit.errors import ConfigurationError
from debugkit.frozen import frozen
from debugkit.serving.paths import is_file


def list_of_texts(value: Any, source: str) -> tuple[str, ...]:
    """Texts. A table of a file would otherwise count as the list of its keys."""
    if isinstance(value, Mapping):
        raise wrong(value, source, "give a list of strings.")
    return texts(value, source)


def names(value: Any, source: str) -> tuple[str, ...]:
    """Texts without commas: several may stand in one."""
    return texts(",".join(list_of_texts(value, source)), source)


#: By the kind of an option.
CONVERTERS: Mapping[str, Converter] = {
    "text": text,
    "whole": whole_number,
    "number": seconds_or_text,
    "flag": flag_or_word,
    "list": list_of_texts,
    "names": names,
}


@frozen
class Option:
    """``kind`` is one of `CONVERTERS`; ``value`` what holds when nobody says anything."""

    name: str
    kind: str
    value: Any
    help: str
    metavar: str = ""
    choices: tuple[str, ...] = ()

    @property
    def flag(self) -> str:
        return f"--{self.name.replace('_', '-')}"

    @property
    def variable(self) -> str:
        return f"DEBUGKIT_{self.name.upper()}"


OPTIONS = (
    Option("host", "text", "127.0.0.1", "address to listen on; localhost is IPv4 and IPv6", "HOST"),
    Option("port", "whole", None, "port; 0 picks a free one (default: 8000, or the next free one)", "PORT"),
    Option("bind", "list", (), "used instead of --host: HOST:PORT, unix:/path or fd://3; repeatable", "ADDRESS"),
    Option("reload", "flag", True, "restart when a file of the application changes"),
    Option("reloader_type", "text", "auto", "how changes are detected", "TYPE", ("auto", "stat", "watchdog")),
    Option("reloader_interval", "number", 1.0, "seconds between checks (stat only)", "SECONDS"),
    Option("reload_mode", "text", "auto", "how the next process starts", "MODE", ("auto", "warm", "cold")),
    Option("preload", "names", (), "import these modules once for all processes, in this order", "NAME,.."),
    Option("timing", "flag", False, "say where the time of a reload went"),
    Option("extra_files", "list", (), "also watch this file, folder or pattern; repeatable", "PATH"),
    Option("exclude_patterns", "list", (), "files, folders or patterns to ignore; repeatable", "PATTERN"),
    Option("debugger", "flag", True, "show the debugger page for errors"),
    Option("evalex", "flag", True, "give every frame a console"),
    Option("pin", "flag", True, "require the PIN before running code"),
    Option("trusted_hosts", "list", (), "also trust this host name; repeatable", "NAME"),
    Option(
        "trusted_peers", "list", (), "also show errors to clients on this address or network; repeatable", "NETWORK"
    ),
    Option("redact", "list", (), "also hide the values of this name; repeatable", "NAME"),
    Option("editor", "text", None, "editor that links open, such as vscode", "EDITOR"),
    Option("threaded", "flag", True, "answer requests concurrently"),
    Option("processes", "whole", 1, "number of processes that serve", "N"),
    Option("static_files", "list", (), "serve a folder, as /static=path; repeatable", "URL=PATH"),
    Option("passthrough_errors", "flag", False, "let an error end the server"),
    Option("pm", "flag", False, "stop at an error with pdb in the terminal, then show the page"),
    Option("cert", "text", None, "serve HTTPS: certificate file, or 'adhoc' for a self-signed one", "FILE"),
    Option("key", "text", None, "private key of the certificate", "FILE"),
)

NAMES = {option.name: option for option in OPTIONS}
#: Keys of ``[tool.debugkit]``: options, and the target.
KEYS = ("target", *NAMES)


class OnOff(argparse.Action):
    """``--no-NAME`` and ``--NAME``."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        setattr(namespace, self.dest, not str(option_string).startswith("--no-"))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give ``parser`` an option for each row of the table; what is not given does not appear in its result."""
    for option in OPTIONS:
        keywords: dict[str, Any] = {"dest": option.name, "default": argparse.SUPPRESS, "help": help_text(option)}
        names = [option.flag]
        if option.kind == "flag":
            off = f"--no-{option.flag[2:]}"
            names = [option.flag, off]
            keywords |= {"action": OnOff, "nargs": 0}
        else:
            keywords |= {"metavar": option.metavar, "action": "append" if option.kind in ("list", "names") else "store"}
        parser.add_argument(*names, **keywords)


def help_text(option: Option) -> str:
    choices = f": {', '.join(option.choices)}" if option.choices else ""
    default = ""
    if option.kind == "flag":
        default = f" (default: {'on' if option.value else 'off'})"
    elif option.value not in (None, ()):
        default = f" (default: {option.value})"
    return f"{option.help}{choices}{default}"


def resolve(
    arguments: Mapping[str, Any], environ: Mapping[str, str], table: Mapping[str, Any], source: str
) -> dict[str, Any]:
    """The value of every option. ``table`` is ``[tool.debugkit]``, ``source`` the file that contains it.

    Raises `ConfigurationError` that names where a value that cannot work was given.
    """
    values = {option.name: option.value for option in OPTIONS}
    for key, value in table.items():
        name = key.replace("-", "_")
        if name not in KEYS:
            from difflib import get_close_matches

            close = get_close_matches(name, KEYS, n=1)
            hint = f"did you mean {close[0]}?" if close else f"it can hold {', '.join(KEYS)}."
            raise ConfigurationError(f"[tool.debugkit] in {source} has a key {key!r}, which is unknown; {hint}")
        if name in NAMES:
            values[name] = convert(NAMES[name], value, f"{key} in {source}")
    for option in OPTIONS:
        if text := environ.get(option.variable, "").strip():
            values[option.name] = convert(option, text, option.variable)
    for name, value in arguments.items():
        values[name] = convert(NAMES[name], value, NAMES[name].flag)
    return values


def from_environ(name: str, environ: Mapping[str, str] = os.environ) -> Any:
    """The value of an option where there is no command line and no file. Raises `ConfigurationError`."""
    option = NAMES[name]
    value = environ.get(option.variable, "").strip()
    return convert(option, value, option.variable) if value else option.value


def convert(option: Option, value: Any, source: str) -> Any:
    """``value`` as the option's kind. Raises `ConfigurationError`."""
    value = CONVERTERS[option.kind](value, source)
    if option.choices:
        return choice_of(option.choices)(value, source)
    if option.name == "editor" and value and value not in EDITORS and "{path}" not in value:
        from difflib import get_close_matches

        close = get_close_matches(value, EDITORS, n=1)
        raise ConfigurationError(
            f"{source} is {value!r}, which is not a known editor{f'; did you mean {close[0]}?' if close else ''}: "
            f"give {', '.join(EDITORS)}, or a URL with {{path}} and {{line}}."
        )
    return value


def project_table(folder: Path) -> tuple[dict[str, Any], str]:
    """``[tool.debugkit]`` of the nearest ``pyproject.toml`` from ``folder`` upwards, and its path; else nothing.

    Raises `ConfigurationError` for a file that is no TOML.
    """
    for parent in (folder, *folder.parents):
        path = parent / "pyproject.toml"
        if is_file(path):
            return _table(path), str(path)
    return {}, ""


def _table(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        raise ConfigurationError(f"{path} cannot be read: {error}.") from error
    table = content.get("tool", {}).get("debugkit", {})
    if not isinstance(table, dict):
        raise ConfigurationError(f"tool.debugkit in {path} must be a table: write [tool.debugkit].")
    return table
