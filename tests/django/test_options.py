"""What the command can be asked for, on the command line and in settings of every spelling."""

from __future__ import annotations

import argparse
from types import SimpleNamespace
from typing import Any

import pytest

from debugkit import ConfigurationError
from debugkit.django.options import MESSAGES, RELOADERS, Options, SqlOptions, add_arguments, address, resolve

EVERYTHING = """
[::1]:9000 --noreload --browser --nothreading --output log --print-sql --print-sql-location --truncate-sql 50
--cert-file a.pem --key-file b.pem --extra-file c --extra-file d --exclude-pattern *.tmp --reloader-interval 0.5
--reloader-type stat --pdb --startup-messages once --keep-meta-shutdown --nopin --nostatic --insecure --skip-checks
--trusted-host dev.test
"""
PREFIXES = ("DEBUGKIT_", "RUNSERVER_PLUS_", "RUNSERVERPLUS_")


def asked(*arguments: str, **settings: Any) -> Options:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_arguments(parser, checks=True)
    return resolve(vars(parser.parse_args(arguments)), SimpleNamespace(**settings))


def test_nothing_said_means_what_djangos_own_server_does() -> None:
    assert asked() == Options()
    assert asked().address == "127.0.0.1:8000"
    assert resolve({}, object()) == Options()


def test_every_option_of_runserver_plus_is_understood() -> None:
    found = asked(*EVERYTHING.split())
    assert found == Options(
        address="[::1]:9000",
        reload=False,
        threaded=False,
        browser=True,
        checks=False,
        static=False,
        insecure=True,
        output="log",
        sql=SqlOptions(location=True, truncate=50),
        cert="a.pem",
        key="b.pem",
        extra_files=("c", "d"),
        exclude_patterns=("*.tmp",),
        reloader_type="stat",
        reloader_interval=0.5,
        debugger="pdb",
        messages="once",
        pin=False,
        trusted_hosts=("dev.test",),
    )


def test_options_with_two_names_mean_the_same() -> None:
    assert asked("--cert", "tea") == asked("--cert-file", "tea")
    assert asked("--pm") == asked("--pdb")
    assert asked("--threaded") == asked()
    assert asked("--ipdb").debugger == "ipdb"


@pytest.mark.parametrize("prefix", PREFIXES)
def test_settings_are_read_in_every_spelling(prefix: str) -> None:
    values = {
        "SERVER_ADDRESS_PORT": "0.0.0.0:9000",
        "POLLER_RELOADER_INTERVAL": 3,
        "POLLER_RELOADER_TYPE": "stat",
        "PRINT_SQL": True,
        "PRINT_SQL_TRUNCATE": None,
        "SQLPARSE_ENABLED": False,
        "PYGMENTS_ENABLED": False,
        "EXTRA_FILES": ["a.txt"],
        "EXCLUDE_PATTERNS": ("b/**",),
        "TRUSTED_HOSTS": [".tea.test"],
        "STARTUP_MESSAGES": "never",
    }
    found = asked(**{f"{prefix}{name}": value for name, value in values.items()})
    assert found == Options(
        address="0.0.0.0:9000",
        reloader_interval=3.0,
        reloader_type="stat",
        sql=SqlOptions(truncate=None, layout=None, colours=False),
        extra_files=("a.txt",),
        exclude_patterns=("b/**",),
        trusted_hosts=(".tea.test",),
        messages="never",
    )


def test_the_command_line_wins_and_our_spelling_goes_before_the_others() -> None:
    settings = {f"{prefix}SERVER_ADDRESS_PORT": f"127.0.0.{number}:80" for number, prefix in enumerate(PREFIXES, 1)}
    assert asked(**settings).address == "127.0.0.1:80"
    assert asked("8080", **settings).address == "127.0.0.1:8080"


def test_lists_are_joined() -> None:
    settings = {"RUNSERVER_PLUS_EXTRA_FILES": ["b", "a"], "DEBUGKIT_EXTRA_FILES": ["c"]}
    assert asked("--extra-file", "a", **settings).extra_files == ("a", "c", "b")


def test_zero_characters_of_a_query_mean_all_of_them() -> None:
    assert asked("--print-sql", "--truncate-sql", "0").sql == SqlOptions(truncate=None)
    assert asked("--print-sql", RUNSERVER_PLUS_PRINT_SQL_TRUNCATE=20).sql == SqlOptions(truncate=20)
    assert asked("--print-sql", "--truncate-sql", "7", RUNSERVER_PLUS_PRINT_SQL_TRUNCATE=20).sql == SqlOptions(
        truncate=7
    )


@pytest.mark.parametrize(
    ("text", "ipv6", "found"),
    [
        ("", False, "127.0.0.1:8000"),
        ("", True, "[::1]:8000"),
        ("9000", False, "127.0.0.1:9000"),
        ("9000", True, "[::1]:9000"),
        ("0:9000", False, "0.0.0.0:9000"),
        ("1.2.3.4:9000", False, "1.2.3.4:9000"),
        ("[2001:db8::1]:9000", False, "[2001:db8::1]:9000"),
        ("tea-house.local:9000", False, "tea-house.local:9000"),
        ("localhost:9000", True, "[::1]:9000"),
        ("unix:/tmp/tea.sock", False, "unix:/tmp/tea.sock"),
        ("fd://3", False, "fd://3"),
    ],
    ids=lambda value: str(value) or "nothing",
)
def test_addresses_are_what_django_takes_and_sockets_too(text: str, ipv6: bool, found: str) -> None:
    assert address(text, ipv6=ipv6) == found


@pytest.mark.parametrize(
    "text",
    ["port", "1:2:3", "[::1]", "[::1:80", "a b:80", "80:", ":80", "127.0.0.1:99999", "-1", "٣٣", "unix:", "fd://x"],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"write|give"):
        address(text)


@pytest.mark.parametrize("text", ["127.0.0.1:80", "0:80"])
def test_ipv6_and_an_ipv4_address_contradict_each_other(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is not an IPv6 address"):
        address(text, ipv6=True)


@pytest.mark.parametrize(
    ("option", "value", "advice"),
    [
        ("--reloader-type", "watchman", f"one of {', '.join(RELOADERS)}"),
        ("--startup-messages", "sometimes", f"one of {', '.join(MESSAGES)}"),
        ("--reloader-interval", "0", "a number of seconds above 0"),
        ("--reloader-interval", "soon", "a number of seconds above 0"),
    ],
    ids=str,
)
def test_a_word_that_means_nothing_is_named_with_what_would(option: str, value: str, advice: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        asked(option, value)
    assert caught.value.explanation == f"Invalid value for {option}: {value!r}. Give {advice}."


def test_a_certificate_is_named_once() -> None:
    with pytest.raises(argparse.ArgumentError, match="not allowed with argument --cert"):
        asked("--cert", "a", "--cert-file", "b")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SERVER_ADDRESS_PORT", ("127.0.0.1", 8000)),
        ("POLLER_RELOADER_INTERVAL", None),
        ("POLLER_RELOADER_TYPE", "fast"),
        ("PRINT_SQL", "yes"),
        ("PRINT_SQL_TRUNCATE", -1),
        ("PRINT_SQL_TRUNCATE", "much"),
        ("SQLPARSE_FORMAT_KWARGS", ["reindent"]),
        ("EXTRA_FILES", [1]),
        ("EXCLUDE_PATTERNS", 5),
        ("TRUSTED_HOSTS", [b"x"]),
    ],
    ids=str,
)
def test_a_setting_that_cannot_work_is_named(name: str, value: Any) -> None:
    settings = {"RUNSERVER_PLUS_PRINT_SQL": True, f"RUNSERVER_PLUS_{name}": value}
    with pytest.raises(ConfigurationError, match=f"^Invalid value for RUNSERVER_PLUS_{name}: "):
        asked(**settings)


def test_a_setting_may_be_a_single_path_and_a_port_a_number() -> None:
    found = asked(DEBUGKIT_EXTRA_FILES="notes.txt", DEBUGKIT_SERVER_ADDRESS_PORT=8080)
    assert (found.extra_files, found.address) == (("notes.txt",), "127.0.0.1:8080")
