"""Settings: from arguments and the environment, checked when they are given."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from debugkit.editors import EDITORS
from debugkit.errors import ConfigurationError
from debugkit.settings import _CHECKS, VARIABLES, Limits, Settings


def settings(environ=None, **choices):
    return Settings.from_environ(environ or {}, **choices)


def refusal(environ=None, **choices) -> str:
    with pytest.raises(ConfigurationError) as caught:
        settings(environ, **choices)
    return caught.value.explanation


# -- Where a value comes from ----------------------------------------------------------------------------------------


def test_without_choices_the_defaults_stand():
    assert settings() == Settings()


def test_every_field_has_a_check():
    assert set(_CHECKS) == {one.name for one in fields(Settings)}


def test_every_variable_fills_a_field_of_its_own_and_says_what_it_means():
    names = [variable.field for variable in VARIABLES]
    assert len(set(names)) == len(names)
    assert set(names) <= set(_CHECKS)
    assert all(variable.meaning.endswith(".") for variable in VARIABLES)


def test_variables_fill_what_arguments_leave_open():
    environ = {
        "WERKZEUG_DEBUG_PIN": "123-456",
        "DEBUGKIT_TRUSTED_HOSTS": "dev.test, *.example.test",
        "DEBUGKIT_TRUSTED_PEERS": "100.64.0.0/10",
        "DEBUGKIT_EDITOR": "vscode",
        "DEBUGKIT_STATE_DIR": "/var/lib/debugkit",
        "DEBUGKIT_REDACT": "iban,, birthday ",
    }
    assert settings(environ) == Settings(
        pin="123-456",
        trusted_hosts=("dev.test", "*.example.test"),
        trusted_peers=("100.64.0.0/10",),
        editor=EDITORS["vscode"],
        state_dir=Path("/var/lib/debugkit"),
        redact=("iban", "birthday"),
    )


def test_an_argument_wins_over_its_variable():
    environ = {"DEBUGKIT_TRUSTED_HOSTS": "b.test", "WERKZEUG_DEBUG_PIN": "9999"}
    chosen = settings(environ, trusted_hosts=["a.test"], pin="1234")
    assert chosen.trusted_hosts == ("a.test",)
    assert chosen.pin == "1234"


def test_a_bad_variable_does_no_harm_where_an_argument_is_given():
    assert settings({"WERKZEUG_DEBUG_PIN": "secret"}, pin="1234").pin == "1234"


def test_an_argument_of_none_and_an_empty_variable_are_not_given():
    assert settings({"DEBUGKIT_TRUSTED_HOSTS": " "}, trusted_hosts=None, limits=None) == Settings()


def test_an_empty_list_is_an_adapters_default_and_leaves_the_variable_its_say():
    environ = {"DEBUGKIT_TRUSTED_HOSTS": "a.test", "DEBUGKIT_TRUSTED_PEERS": "203.0.113.7"}
    chosen = settings(environ, trusted_hosts=(), trusted_peers=[])
    assert chosen.trusted_hosts == ("a.test",)
    assert chosen.trusted_peers == ("203.0.113.7/32",)


def test_variables_of_others_are_left_alone():
    assert settings({"DEBUGKIT_UNHEARD_OF": "1", "PATH": "/bin"}) == Settings()


# -- The PIN ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["1234", "123-456-789", "0000", " 12-34 "])
def test_digits_with_dashes_are_a_pin(text):
    assert settings({"WERKZEUG_DEBUG_PIN": text}).pin == text.strip()


@pytest.mark.parametrize("text", ["off", "OFF", "Off"])
def test_off_switches_the_pin_off_in_any_case(text):
    chosen = settings({"WERKZEUG_DEBUG_PIN": text})
    assert (chosen.pin, chosen.pin_security) == (None, False)


@pytest.mark.parametrize(
    "text", ["123", "1-2-3", "secret-pass", "12345x", "-1234", "12--34", "12 34", "１２３４", "on"]
)
def test_what_cannot_be_a_pin_is_refused_with_the_variable_and_an_example(text):
    explanation = refusal({"WERKZEUG_DEBUG_PIN": text})
    assert "WERKZEUG_DEBUG_PIN=123-456-789" in explanation
    assert "WERKZEUG_DEBUG_PIN=off" in explanation


def test_a_refused_pin_is_not_repeated_in_the_message():
    assert "hunter2" not in refusal({"WERKZEUG_DEBUG_PIN": "hunter2"})


def test_a_pin_that_is_a_number_is_refused_as_zeros_in_front_would_be_lost():
    assert "pin=123-456-789" in refusal(pin=1234)


def test_pin_security_true_is_the_default_and_does_not_contradict_off():
    assert settings({"WERKZEUG_DEBUG_PIN": "off"}, pin_security=True).pin_security is False


def test_a_pin_given_as_argument_wins_over_off():
    chosen = settings({"WERKZEUG_DEBUG_PIN": "off"}, pin="1234")
    assert (chosen.pin, chosen.pin_security) == ("1234", True)


def test_pin_security_false_wins_over_a_pin_in_the_environment():
    assert settings({"WERKZEUG_DEBUG_PIN": "1234"}, pin_security=False).pin_security is False


# -- Hosts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a.test", ("a.test",)),
        ("a.test,b.test", ("a.test", "b.test")),
        (["A.Test."], ("a.test",)),
        (("*.example.test",), ("*.example.test",)),
        (".example.test", ("example.test", "*.example.test")),
        ("[::1]", ("::1",)),
        ("::1", ("::1",)),
        ("192.168.1.5", ("192.168.1.5",)),
        ("my_service", ("my_service",)),
        ("bücher.test", ("xn--bcher-kva.test",)),
        (iter(["a.test"]), ("a.test",)),
        ({"a.test": 1}, ("a.test",)),
        ([], ()),
    ],
)
def test_hosts_are_kept_as_they_are_compared(given, kept):
    assert settings(trusted_hosts=given).trusted_hosts == kept


@pytest.mark.parametrize("entry", ["a.test:8000", "https://a.test", "a.test/path", "[::1]:80", "//a.test"])
def test_a_host_with_scheme_port_or_path_is_refused_and_says_to_leave_them_out(entry):
    assert "Leave out" in refusal(trusted_hosts=[entry])


@pytest.mark.parametrize(
    "entry", ["a b.test", "a..test", "*x.test", "a.*.test", "-", "ä" * 70 + ".test", "a@b", "\x00"]
)
def test_a_host_that_cannot_stand_in_a_host_header_is_refused(entry):
    assert "dev.example.test" in refusal(trusted_hosts=[entry])


def test_a_star_alone_would_trust_every_website_and_is_refused():
    assert "Any website" in refusal({"DEBUGKIT_TRUSTED_HOSTS": "*"})


def test_the_refusal_names_the_variable_it_came_from():
    assert refusal({"DEBUGKIT_TRUSTED_HOSTS": "a.test:80"}).startswith(
        "Invalid value for DEBUGKIT_TRUSTED_HOSTS: 'a.test:80'"
    )


# -- Peers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("203.0.113.7", ("203.0.113.7/32",)),
        ("203.0.113.7/24", ("203.0.113.0/24",)),
        ("2001:db8::/32, 100.64.0.0/10", ("2001:db8::/32", "100.64.0.0/10")),
    ],
)
def test_peers_are_kept_as_networks(given, kept):
    assert settings(trusted_peers=given).trusted_peers == kept


@pytest.mark.parametrize("entry", ["gateway", "1.2.3", "1.2.3.4:80", "10.0.0.0/33"])
def test_a_peer_that_is_no_address_is_refused(entry):
    assert "Write an address" in refusal(trusted_peers=[entry])


# -- The editor ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EDITORS)
def test_every_known_editor_is_a_url_that_would_pass_itself(name):
    assert settings(editor=name.upper()).editor == EDITORS[name]
    assert settings(editor=EDITORS[name]).editor == EDITORS[name]


def test_an_unknown_editor_is_refused_with_the_names_that_are_known():
    explanation = refusal({"DEBUGKIT_EDITOR": "notepad"})
    assert "DEBUGKIT_EDITOR" in explanation
    assert all(name in explanation for name in EDITORS)


def test_an_editor_may_be_a_url_of_its_own():
    url = "https://ide.example.test/open?file={path}&at={line}"
    assert settings({"DEBUGKIT_EDITOR": url}).editor == url


@pytest.mark.parametrize(
    "url",
    ["x://open", "x://{path}", "x://{line}", "x://{path}:{line}:{user}", "x://{path}:{line", "x://{path}:{line}{}"],
)
def test_a_url_needs_path_and_line_and_nothing_unknown(url):
    assert "{path}" in refusal(editor=url)


@pytest.mark.parametrize(
    "url", ["javascript:x({path},{line})", "DATA:{path}{line}", "{path}:{line}", "1x:{path}{line}"]
)
def test_a_url_needs_the_scheme_of_an_editor(url):
    assert "scheme" in refusal(editor=url)


def test_an_empty_editor_as_argument_switches_the_links_off():
    assert settings({"DEBUGKIT_EDITOR": "zed"}, editor="").editor is None


# -- The rest --------------------------------------------------------------------------------------------------------


def test_an_unknown_setting_is_refused_with_the_closest_known_name():
    assert "did you mean 'trusted_hosts'?" in refusal(trusted_host="a.test")


def test_a_setting_far_from_all_is_refused_with_the_list():
    assert "show_hidden_frames" in refusal(qqqqqq=1)


@pytest.mark.parametrize("mount", ["/__debugkit__", "/a/b", "/x.y~z-1"])
def test_a_mount_of_unreserved_characters_is_taken(mount):
    assert settings(mount=mount).mount == mount


@pytest.mark.parametrize(
    "mount", ["", "/", "debug", "/debug/", "/de bug", "/ü", "/a//b", "/..", "/./x", "/a%20", "/a\n", 3]
)
def test_a_mount_that_would_need_escaping_is_refused(mount):
    assert "Start with a slash" in refusal(mount=mount)


@pytest.mark.parametrize("path", ["console", "", 7])
def test_a_console_path_starts_with_a_slash(path):
    assert "/console" in refusal(console_path=path)
    assert settings(console_path="/console").console_path == "/console"


@pytest.mark.parametrize("name", ["evalex", "show_hidden_frames", "pin_security", "pin_logging"])
def test_a_switch_is_true_or_false_and_no_text(name):
    assert "True or False" in refusal(**{name: "false"})
    assert getattr(settings(**{name: False}), name) is False


@pytest.mark.parametrize("value", [0, -1, True, "3600", float("inf"), float("nan")])
def test_a_lifetime_is_a_number_of_seconds(value):
    assert "seconds" in refusal(session_lifetime=value)
    assert settings(link_lifetime=60).link_lifetime == 60.0


def test_the_state_folder_is_made_absolute_with_the_home_folder_filled_in():
    assert settings({"DEBUGKIT_STATE_DIR": "~/state"}).state_dir == Path.home() / "state"
    assert settings(state_dir="state").state_dir == Path.cwd() / "state"
    assert "folder" in refusal(state_dir=3)


def test_every_limit_is_explained_in_the_help():
    assert re.findall(r"``(\w+)``", "".join(re.findall(r"- (.*):", Limits.__doc__))) == list(Limits.__slots__)


def test_limits_and_functions_are_checked_for_their_kind():
    assert "Limits" in refusal(limits={"frames": 3})
    assert "function" in refusal(console_init_func={})
    assert settings(limits=Limits(frames=3), console_init_func=dict).limits.frames == 3


@pytest.mark.parametrize("value", [3, [3], [b"x"]])
def test_a_list_holds_texts(value):
    assert "list of strings" in refusal(redact=value)
