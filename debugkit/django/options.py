"""What ``runserver_plus`` can be asked for, on the command line and in Django's settings, checked and in one object.

Knows no Django: the settings are an object with attributes, so that it also works where there are none yet.
"""

from __future__ import annotations

import argparse
import re
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from debugkit.converters import Converter, choice_of, flag, paths, seconds_or_text, texts, wrong
from debugkit.errors import ConfigurationError
from debugkit.frozen import frozen
from debugkit.serving.listen import parse_address

#: How the settings may begin: ours, and both spellings of django-extensions.
PREFIXES = ("DEBUGKIT_", "RUNSERVER_PLUS_", "RUNSERVERPLUS_")
DEFAULT_PORT = 8000
RELOADERS = ("auto", "stat", "watchdog")
MODES = ("auto", "warm", "cold")
#: When a start reports that its checks found nothing: each time ("reload", "always"), the first time, or never. What
#: they find is always reported.
MESSAGES = ("reload", "once", "always", "never")
#: How queries are laid out by sqlparse unless the settings say something else.
LAYOUT = {"reindent_aligned": True, "truncate_strings": 500}


@frozen
class SqlOptions:
    """How queries are printed."""

    location: bool = False
    truncate: int | None = 1000  # characters; `None`: all of them
    layout: Mapping[str, Any] | None = field(default_factory=lambda: LAYOUT)  # for sqlparse; `None`: as it is
    colours: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Everything the command was asked for."""

    address: str = f"127.0.0.1:{DEFAULT_PORT}"
    reload: bool = True
    threaded: bool = True
    browser: bool = False
    checks: bool = True
    static: bool = True
    asgi: bool = False
    insecure: bool = False
    output: str | None = None
    sql: SqlOptions | None = None
    cert: str = ""
    key: str = ""
    extra_files: tuple[str, ...] = ()
    exclude_patterns: tuple[str, ...] = ()
    reloader_type: str = "auto"
    reloader_interval: float = 1.0
    reload_mode: str | None = None
    preload: tuple[str, ...] | None = None
    timing: bool | None = None
    debugger: str = ""  # the module of the one that opens in the terminal: "pdb", "ipdb"
    messages: str = "reload"
    pin: bool = True
    trusted_hosts: tuple[str, ...] = ()


def add_arguments(parser: argparse.ArgumentParser, *, checks: bool = False) -> None:
    """Give a parser the options of the command. ``checks``: --skip-checks too, which Django otherwise adds itself.

    Words that only some are right are checked in `resolve`, as those in the settings are.
    """
    add = parser.add_argument
    add("addrport", nargs="?", help="address to listen on: PORT, ADDRESS:PORT, [IPv6]:PORT, NAME:PORT, unix:/path")
    add("--ipv6", "-6", action="store_true", dest="use_ipv6", help="listen on an IPv6 address")
    add("--noreload", action="store_false", dest="use_reloader", help="do not restart when a file changes")
    add("--nothreading", action="store_false", dest="threaded", help="answer one request at a time")
    add(
        "--threaded",
        action="store_true",
        dest="threaded",
        default=True,
        help="answer requests concurrently (the default)",
    )
    if checks:
        add("--skip-checks", action="store_true", help="skip the system checks")
    add("--asgi", action="store_true", help="serve the project's ASGI_APPLICATION, with uvicorn")
    add("--nostatic", action="store_false", dest="use_static_handler", help="do not serve static files")
    add("--insecure", action="store_true", dest="insecure_serving", help="serve static files even with DEBUG=False")
    add("--browser", action="store_true", dest="open_browser", help="open the site in a browser once it is up")
    add("--output", dest="output_file", metavar="FILE", help="also write requests and errors to FILE")
    add(
        "--startup-messages",
        metavar="WHEN",
        help=f"when to print the result of the system checks: {', '.join(MESSAGES)}",
    )
    add("--nopin", action="store_true", dest="nopin", help="run code without the PIN, on this computer only")
    _add_debugger(parser)
    _add_reloader(parser)
    _add_sql(parser)
    _add_certificate(parser)


def _add_debugger(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--trusted-host",
        action="append",
        dest="trusted_hosts",
        metavar="NAME",
        help="also trust this host name; repeatable",
    )
    add("--pm", action="store_true", help="stop at an error with pdb in the terminal, then show the page")
    add("--pdb", action="store_true", help="same as --pm")
    add("--ipdb", action="store_true", help="same, with ipdb")
    add("--keep-meta-shutdown", action="store_true", dest="keep_meta_shutdown_func", help="accepted, has no effect")


def _add_reloader(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--extra-file",
        action="append",
        dest="extra_files",
        metavar="PATH",
        help="also watch this file, folder or pattern; repeatable",
    )
    add(
        "--exclude-pattern",
        action="append",
        dest="exclude_patterns",
        metavar="PATTERN",
        help="files, folders or patterns to ignore; repeatable",
    )
    add("--reloader-interval", metavar="SECONDS", help="seconds between checks (stat only)")
    add("--reloader-type", metavar="TYPE", help=f"how changes are detected: {', '.join(RELOADERS)}")
    add("--reload-mode", metavar="MODE", help=f"how the next process starts: {', '.join(MODES)}")
    add("--preload", metavar="NAME,..", help="import these modules once for all processes, in this order")
    add("--timing", action="store_true", default=None, help="say where the time of a reload went")


def _add_sql(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    # No default: only what is said on the command line goes before the settings.
    add("--print-sql", action="store_true", default=None, help="print the queries of each request")
    add("--truncate-sql", metavar="N", help="print at most N characters of a query; 0 prints all")
    add("--print-sql-location", action="store_true", help="print the line of your code that ran each query")


def _add_certificate(parser: argparse.ArgumentParser) -> None:
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--cert", dest="cert_path", metavar="PATH", help="same as --cert-file")
    group.add_argument("--cert-file", dest="cert_path", metavar="PATH", help="serve HTTPS; missing files are created")
    parser.add_argument("--key-file", dest="key_file_path", metavar="PATH", help="private key of the certificate")


def resolve(arguments: Mapping[str, Any], settings: object) -> Options:
    """What the command line and the settings come to; the command line wins, lists are joined.

    Raises `ConfigurationError` that names the option or the setting.
    """
    find = Finder(arguments, settings)
    sql = find.value("print_sql", "PRINT_SQL", flag, False)
    return Options(
        address=address(find.value("addrport", "SERVER_ADDRESS_PORT", _text, ""), ipv6=bool(arguments.get("use_ipv6"))),
        reload=arguments.get("use_reloader", True),
        threaded=arguments.get("threaded", True),
        browser=bool(arguments.get("open_browser")),
        checks=not arguments.get("skip_checks"),
        static=arguments.get("use_static_handler", True),
        asgi=bool(arguments.get("asgi")),
        insecure=bool(arguments.get("insecure_serving")),
        output=arguments.get("output_file"),
        sql=_sql(find) if sql else None,
        cert=arguments.get("cert_path") or "",
        key=arguments.get("key_file_path") or "",
        extra_files=find.join("extra_files", "EXTRA_FILES", "--extra-file"),
        exclude_patterns=find.join("exclude_patterns", "EXCLUDE_PATTERNS", "--exclude-pattern"),
        reloader_type=find.value("reloader_type", "POLLER_RELOADER_TYPE", choice_of(RELOADERS), "auto"),
        reloader_interval=find.value("reloader_interval", "POLLER_RELOADER_INTERVAL", seconds_or_text, 1.0),
        reload_mode=find.value("reload_mode", "RELOAD_MODE", choice_of(MODES), None),
        preload=find.value("preload", "PRELOAD", texts, None),
        timing=arguments.get("timing"),
        debugger="ipdb" if arguments.get("ipdb") else "pdb" if arguments.get("pdb") or arguments.get("pm") else "",
        messages=find.value("startup_messages", "STARTUP_MESSAGES", choice_of(MESSAGES), "reload"),
        pin=not arguments.get("nopin"),
        trusted_hosts=find.join("trusted_hosts", "TRUSTED_HOSTS", "--trusted-host"),
    )


def _sql(find: Finder) -> SqlOptions:
    layout = find.value("", "SQLPARSE_FORMAT_KWARGS", _table, LAYOUT)
    return SqlOptions(
        location=bool(find.arguments.get("print_sql_location")),
        truncate=find.value("truncate_sql", "PRINT_SQL_TRUNCATE", _length, 1000) or None,
        layout=layout if find.value("", "SQLPARSE_ENABLED", flag, True) else None,
        colours=find.value("", "PYGMENTS_ENABLED", flag, True),
    )


@frozen
class Finder:
    """Finds what was said of one thing: on the command line, or in a setting of any spelling."""

    arguments: Mapping[str, Any]
    settings: object

    def value(self, dest: str, name: str, convert: Converter, default: Any) -> Any:
        value = self.arguments.get(dest)
        if value is not None:
            return convert(value, f"--{dest.replace('_', '-')}" if dest != "addrport" else "The address")
        for source, value in self._set(name):
            return convert(value, source)
        return default

    def join(self, dest: str, name: str, option: str) -> tuple[str, ...]:
        values = list(paths(self.arguments.get(dest), option))
        for source, value in self._set(name):
            values += paths(value, source)
        return tuple(dict.fromkeys(values))

    def _set(self, name: str) -> Iterator[tuple[str, Any]]:
        for source in (f"{prefix}{name}" for prefix in PREFIXES):
            value = getattr(self.settings, source, _MISSING)
            if value is not _MISSING:
                yield source, value


#: A setting may be `None`, which can mean something.
_MISSING = object()


# Addresses.

_ADDRESS = re.compile(
    r"""((?P<host> \[ (?P<six> [0-9A-Fa-f:.]+ (%[A-Za-z0-9_.-]+)? ) \]
                | (?P<four> \d{1,3} (\.\d{1,3}){3} ) | (?P<zero> 0)
                | (?P<name> [A-Za-z0-9_-]+ (\.[A-Za-z0-9_-]+)*) ) :)? (?P<port> \d{1,5})""",
    re.X,
)


def address(text: str, *, ipv6: bool = False) -> str:
    """The address to listen on, as `parse_address` takes it. Raises `ConfigurationError` for what is none."""
    if ipv6 and not socket.has_ipv6:
        raise ConfigurationError("This Python does not support IPv6: omit --ipv6.")
    if text.startswith(("unix:", "fd:")):
        parse_address(text, DEFAULT_PORT)
        return text
    match = _ADDRESS.fullmatch(text or str(DEFAULT_PORT))
    if match is None:
        raise ConfigurationError(
            f"{text!r} is not an address: write 8000, 127.0.0.1:8000, [::1]:8000 or localhost:8000."
        )
    if ipv6 and (match["four"] or match["zero"]):
        raise ConfigurationError(f"{match['host']!r} is not an IPv6 address: write [::1]:{match['port']}.")
    chosen = f"{_host(match, ipv6=ipv6)}:{match['port']}"
    parse_address(chosen, DEFAULT_PORT)
    return chosen


def _host(match: re.Match[str], *, ipv6: bool) -> str:
    if match["host"] is None:
        return "[::1]" if ipv6 else "127.0.0.1"
    if match["zero"]:  # as inet_aton(3) reads it
        return "0.0.0.0"
    if match["name"] and ipv6:
        return f"[{_six(match['name'])}]"
    return match["host"]


def _six(name: str) -> str:
    if name == "localhost":  # RFC 6761, section 6.3, whatever /etc/hosts says
        return "::1"
    try:
        return str(socket.getaddrinfo(name, None, socket.AF_INET6, socket.SOCK_STREAM)[0][4][0])
    except OSError as error:
        raise ConfigurationError(f"{name!r} has no IPv6 address: omit --ipv6, or write [::1].") from error


# What values may be.


def _text(value: Any, source: str) -> str:
    if isinstance(value, int) and not isinstance(value, bool):  # a port
        return str(value)
    if value is not None and not isinstance(value, str):
        raise wrong(value, source, "give a text such as '127.0.0.1:8000'.")
    return value or ""


def _length(value: Any, source: str) -> int | None:
    try:
        length = int(value) if value is not None and not isinstance(value, bool) else 0 if value is None else -1
    except (TypeError, ValueError):
        length = -1
    if length < 0:
        raise wrong(value, source, "give a number of characters, 0 for all of them.")
    return length


def _table(value: Any, source: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise wrong(value, source, "give a dict of arguments for sqlparse.format.")
    return value
