"""The gate: PINs, sessions and links, and the ways around them that must not work."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from process_support import TIMEOUT

import debugkit
from debugkit.debug.access.pin import PinAuth
from debugkit.errors import Forbidden, Locked, RequestError, WrongPin
from debugkit.settings import Settings
from debugkit.state import StateFolder

WEEK = 7 * 24 * 3600
HERE = ("machine", "container", "ada")


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.25

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def gate(tmp_path, clock):
    return make(tmp_path, clock=clock)


def make(folder, application="shop.app:app", clock=None, identity=HERE, **choices) -> PinAuth:
    return PinAuth(
        Settings(state_dir=folder, **choices), application, clock=clock or Clock(), identity=lambda: identity
    )


def homeless(**choices) -> PinAuth:
    folder = StateFolder(None, "the disk is read-only")
    return PinAuth(Settings(**choices), "shop.app:app", clock=Clock(), identity=lambda: HERE, folder=lambda: folder)


def wrong(gate, text="000-000-000") -> RequestError:
    with pytest.raises((WrongPin, Locked)) as caught:
        gate.check_pin(text)
    return caught.value


def lock(gate) -> None:
    while not isinstance(wrong(gate), Locked):
        pass


# -- Which PIN -------------------------------------------------------------------------------------------------------


def test_the_pin_is_nine_digits_and_stable_over_restarts(tmp_path):
    first = make(tmp_path)
    pin = first.pin
    assert re.fullmatch("[0-9]{3}-[0-9]{3}-[0-9]{3}", pin)
    first.close()
    assert make(tmp_path).pin == pin == first.pin


def test_the_pin_is_another_one_for_another_application_machine_user_or_secret(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
    gates = [
        make(tmp_path / "a"),
        make(tmp_path / "b"),
        make(tmp_path / "a", application="shop.app:other"),
        make(tmp_path / "a", identity=("other", "container", "ada")),
        make(tmp_path / "a", identity=("machine", "container", "bob")),
        make(tmp_path / "a", identity=("machine", "", "containerada")),
    ]
    assert len({gate.pin for gate in gates}) == len(gates)


def test_what_the_machine_shows_is_not_enough_to_compute_the_pin(tmp_path):
    pin = make(tmp_path).pin
    (tmp_path / "secret").unlink()
    assert make(tmp_path).pin != pin


def test_a_pin_of_the_settings_is_taken_as_it_is(tmp_path):
    gate = make(tmp_path, pin="12-34")
    assert gate.pin == "12-34"
    assert gate.check_pin("1234") is None


def test_with_the_pin_switched_off_there_is_none_and_the_disk_is_left_alone(tmp_path):
    gate = make(tmp_path, pin_security=False, pin="1234")
    assert (gate.pin, gate.notice) == (None, "")
    assert not gate.verify("v1.1.1.1")
    with pytest.raises(Forbidden, match="is disabled"):
        gate.check_pin("1234")
    assert list(tmp_path.iterdir()) == []


def test_the_disk_is_left_alone_until_somebody_asks(tmp_path):
    gate = make(tmp_path)
    gate.verify_cookie_header("")
    gate.verify_cookie_header("session=1; theme=dark")
    assert repr(gate) == "<PinAuth of 'shop.app:app'>"
    gate.close()
    assert list(tmp_path.iterdir()) == []


def test_without_a_folder_the_pin_changes_with_every_start_and_the_notice_says_why():
    first, second = homeless(), homeless()
    assert first.pin == first.pin != second.pin
    assert first.notice == "The PIN will change on every start because no state can be saved: the disk is read-only."


def test_without_a_folder_and_with_a_pin_of_the_settings_sessions_end_with_every_start():
    first, second = homeless(pin="1234"), homeless(pin="1234")
    assert first.notice.startswith("Sessions will end on every start")
    assert not second.verify(first.issue_session())


def test_a_folder_that_takes_no_secret_is_as_good_as_none(tmp_path):
    (tmp_path / "secret").mkdir()
    gate = make(tmp_path)
    assert str(tmp_path / "secret") in gate.notice
    assert gate.check_pin(gate.pin) is None


def test_where_the_state_is_kept_there_is_no_notice(gate):
    assert gate.notice == ""


def test_an_application_may_have_any_name(tmp_path):
    gate = make(tmp_path, application="\udcff/../ü\0;,=")
    assert re.fullmatch(r"__debugkit_[0-9a-f]{16}", gate.cookie_name)
    assert gate.check_pin(gate.pin) is None


def test_threads_that_ask_first_see_one_pin():
    gate, got, barrier = homeless(), [], threading.Barrier(8)

    def ask():
        barrier.wait(TIMEOUT)
        got.append(gate.pin)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)
    assert got == [gate.pin] * 8


# -- Entering it -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["{0}", " {0}\n", "{1}", "{1:.3} {1:.0}{2}"])
def test_the_pin_is_taken_with_and_without_dashes_and_blanks(gate, typed):
    digits = gate.pin.replace("-", "")
    assert gate.check_pin(typed.format(gate.pin, digits, digits[3:])) is None


@pytest.mark.parametrize("typed", ["", "-", "0", "not a pin", "١٢٣", "\udcff", "\0", "1" * 1_000_000])
def test_anything_else_is_a_wrong_pin(gate, typed):
    assert isinstance(wrong(gate, typed), WrongPin)


def test_a_pin_with_a_digit_more_or_less_is_wrong(gate):
    assert wrong(gate, gate.pin + "0").remaining == 9
    assert wrong(gate, gate.pin[:-1]).remaining == 8


def test_each_wrong_pin_says_how_many_attempts_are_left(gate):
    errors = [wrong(gate) for _ in range(10)]
    assert [error.remaining for error in errors] == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert "9 attempts left" in errors[0].explanation
    assert "1 attempt left" in errors[8].explanation
    assert "no attempts are left" in errors[9].explanation


def test_after_ten_wrong_ones_the_right_pin_is_refused_too_and_says_what_to_do(gate):
    lock(gate)
    error = wrong(gate, gate.pin)
    assert (type(error), error.status, error.code) == (Locked, 429, "locked")
    assert "stop the server and start it again" in error.explanation


def test_whether_entry_is_locked_is_known_without_an_attempt(gate, tmp_path, clock):
    other = make(tmp_path, clock=clock)
    for _ in range(9):
        wrong(gate)
    assert not other.locked_out
    wrong(gate)
    assert (gate.locked_out, other.locked_out) == (True, True)
    assert not make(tmp_path, clock=clock, pin_security=False).locked_out


def test_a_right_pin_starts_the_count_again(gate):
    for _ in range(9):
        wrong(gate)
    gate.check_pin(gate.pin)
    assert wrong(gate).remaining == 9


def test_a_wrong_pin_counts_also_when_the_cookie_is_stale(gate, clock):
    stale = gate.issue_session()
    clock.now += 2 * WEEK
    assert not gate.verify(stale)
    assert wrong(gate).remaining == 9


def test_a_locked_entry_leaves_sessions_and_links_alone(gate):
    session, token = gate.issue_session(), gate.issue_token()
    lock(gate)
    assert gate.verify(session)
    assert gate.redeem(token) is None
    assert gate.verify(gate.issue_session())


def test_a_restart_unlocks_the_entry(tmp_path):
    gate, other = make(tmp_path), make(tmp_path)
    lock(gate)
    assert isinstance(wrong(other), Locked)
    gate.close()
    other.close()
    again = make(tmp_path)
    assert again.check_pin(again.pin) is None


def test_attempts_in_parallel_are_never_more_than_ten(tmp_path):
    gates, errors, barrier = [make(tmp_path), make(tmp_path), homeless()], [], threading.Barrier(30)

    def attempt(gate):
        barrier.wait(TIMEOUT)
        errors.append((gate is gates[2], type(wrong(gate))))

    threads = [threading.Thread(target=attempt, args=(gates[number % 3],)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)
    assert errors.count((False, WrongPin)) == 10  # of the twenty at two gates of one application
    assert errors.count((True, WrongPin)) == 10


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no shared file locks")
def test_attempts_count_over_all_processes(tmp_path):
    script = """
import sys
from pathlib import Path
from debugkit.debug.access.pin import PinAuth
from debugkit.errors import Locked, WrongPin
from debugkit.settings import Settings
gate = PinAuth(Settings(state_dir=Path(sys.argv[1])), "shop.app:app", identity=lambda: ("machine", "container", "ada"))
for _ in range(4):
    try:
        gate.check_pin("0")
    except (Locked, WrongPin) as error:
        print(type(error).__name__, getattr(error, "remaining", ""), gate.pin)
"""
    gate = make(tmp_path)
    environ = {**os.environ, "PYTHONPATH": str(Path(debugkit.__file__).parents[1])}
    wrong(gate)
    lines = []
    for _ in range(3):
        command = [sys.executable, "-c", script, str(tmp_path)]
        lines += subprocess.run(
            command, env=environ, capture_output=True, text=True, check=True, timeout=TIMEOUT
        ).stdout.splitlines()
    assert lines == [f"WrongPin {left} {gate.pin}" for left in range(8, -1, -1)] + [f"Locked  {gate.pin}"] * 3
    assert isinstance(wrong(gate, gate.pin), Locked)


# -- Sessions --------------------------------------------------------------------------------------------------------


def test_a_session_lasts_a_week(gate, clock):
    session = gate.issue_session()
    assert gate.verify(session)
    clock.now += WEEK - 2
    assert gate.verify(session)
    clock.now += 3
    assert not gate.verify(session)


def test_the_setting_says_how_long_a_session_lasts(tmp_path, clock):
    gate = make(tmp_path, clock=clock, session_lifetime=60)
    session = gate.issue_session()
    assert "Max-Age=60;" in gate.session_cookie("", secure=False)
    clock.now += 61
    assert not gate.verify(session)


def test_a_session_outlives_a_restart_and_a_changed_pin_ends_it(tmp_path):
    session = make(tmp_path, pin="1234").issue_session()
    assert make(tmp_path, pin="12-34").verify(session)
    assert not make(tmp_path, pin="4321").verify(session)
    assert not make(tmp_path).verify(session)


def test_a_session_of_another_application_or_machine_is_refused(tmp_path):
    session = make(tmp_path).issue_session()
    assert not make(tmp_path, application="other").verify(session)
    assert not make(tmp_path, identity=("other", "", "ada")).verify(session)


def test_no_two_sessions_are_alike(gate):
    assert gate.issue_session() != gate.issue_session()


def test_every_changed_character_spoils_a_session(gate):
    session = gate.issue_session()
    for index, character in enumerate(session):
        assert not gate.verify(f"{session[:index]}{'1' if character != '1' else '2'}{session[index + 1 :]}")
        assert not gate.verify(session[:index])


def test_a_session_further_ahead_than_sessions_last_is_refused_though_its_signature_is_right(tmp_path, clock):
    long = make(tmp_path, clock=clock, session_lifetime=10 * WEEK)
    assert not make(tmp_path, clock=clock).verify(long.issue_session())


def test_a_clock_set_back_by_a_minute_ends_no_session(gate, clock):
    session = gate.issue_session()
    clock.now -= 60
    assert gate.verify(session)
    clock.now -= 3600
    assert not gate.verify(session)


@pytest.mark.parametrize(
    "value", ["", ".", "...", "v1...", "v1.9999999999.aa.bb", "é", "\udcff", "v1." + "9" * 10_000, "\0"]
)
def test_a_malformed_session_is_refused(gate, value):
    assert not gate.verify(value)


def test_a_link_is_no_session_and_a_session_no_link(gate):
    assert not gate.verify(gate.issue_token())
    with pytest.raises(Forbidden):
        gate.redeem(gate.issue_session())


@pytest.mark.parametrize(
    "text", ["v2.{0}.ab", "v1.{0}.AB", "v1.{0}", "v1.{0}.ab.ab", "v1.-1.ab", "v1.1e9.ab", "v1.{0}.ab\n"]
)
def test_a_right_signature_under_another_format_is_refused(gate, clock, text):
    text = text.format(int(clock.now) + 60)
    signature = hmac.new(gate._keys.session, text.encode(), hashlib.sha256).hexdigest()
    assert not gate.verify(f"{text}.{signature}")


def test_the_key_of_sessions_is_sha256_of_version_expiry_and_nonce(gate, clock):
    text = f"v1.{int(clock.now) + 60}.ab"
    signature = hmac.new(gate._keys.session, text.encode(), hashlib.sha256).hexdigest()
    assert gate.verify(f"{text}.{signature}")


# -- Keys ------------------------------------------------------------------------------------------------------------


def cookies(gate, *sessions) -> str:
    return "; ".join(f"{gate.cookie_name}={session}" for session in sessions)


def test_the_key_belongs_to_one_session_and_is_not_told_by_its_cookie(gate):
    one, two = gate.issue_session(), gate.issue_session()
    assert re.fullmatch("[0-9a-f]{64}", gate.key_of(one))
    assert gate.key_of(one) == gate.key_of(one) != gate.key_of(two)
    assert gate.holds_key(cookies(gate, one), gate.key_of(one))
    assert not gate.holds_key(cookies(gate, one), gate.key_of(two))
    for part in (*one.split("."), one, "", "1", "é", "\udcff"):
        assert not gate.holds_key(cookies(gate, one), part)


def test_a_key_without_a_valid_session_opens_nothing(gate, clock):
    session = gate.issue_session()
    key = gate.key_of(session)
    assert not gate.holds_key("", key)
    assert not gate.holds_key(cookies(gate, f"{session[:-1]}x"), key)
    clock.now += 2 * WEEK
    assert not gate.holds_key(cookies(gate, session), key)


def test_of_two_sessions_in_one_header_either_may_have_the_key(gate):
    one, two = gate.issue_session(), gate.issue_session()
    assert gate.holds_key(cookies(gate, one, two), gate.key_of(one))
    assert gate.holds_key(cookies(gate, one, two), gate.key_of(two))


def test_a_key_outlives_a_restart_and_a_changed_pin_ends_it(tmp_path):
    first = make(tmp_path, pin="1234")
    session = first.issue_session()
    assert make(tmp_path, pin="1234").key_of(session) == first.key_of(session)
    assert make(tmp_path, pin="4321").key_of(session) != first.key_of(session)
    assert make(tmp_path, pin="1234", application="other").key_of(session) != first.key_of(session)


def test_unlocking_once_more_prolongs_the_session_and_keeps_its_key(gate, clock):
    session = gate.issue_session()
    clock.now += WEEK - 60
    longer = gate.issue_session(cookies(gate, session))
    assert gate.key_of(longer) == gate.key_of(session)
    clock.now += 120
    assert (gate.verify(session), gate.verify(longer)) == (False, True)
    assert gate.key_of(gate.issue_session(cookies(gate, session))) != gate.key_of(session)


def test_the_cookie_of_an_ended_session_is_gone_at_once(gate):
    cookie = gate.session_cookie("/shop", secure=False, session="")
    assert cookie == f"{gate.cookie_name}=; Path=/shop; Max-Age=0; HttpOnly; SameSite=Strict"


# -- Cookies ---------------------------------------------------------------------------------------------------------


def test_the_cookie_is_for_the_server_only_for_this_site_and_for_the_application(gate):
    cookie = gate.session_cookie("/shop", secure=True)
    name, _, rest = cookie.partition("=")
    value, *attributes = rest.split("; ")
    assert name == gate.cookie_name
    assert gate.verify(value)
    assert attributes == ["Path=/shop", f"Max-Age={WEEK}", "HttpOnly", "SameSite=Strict", "Secure"]


def test_the_cookie_is_secure_only_where_there_is_tls(gate):
    assert "Secure" not in gate.session_cookie("", secure=False)


@pytest.mark.parametrize(
    ("root", "path"),
    [("", "/"), ("/a/b", "/a/b"), ("/a%20b", "/a%20b"), ("/a;b", "/"), ("/a\r\nX: y", "/"), ("/é", "/"), ("a", "/")],
)
def test_a_path_that_would_break_the_cookie_becomes_the_root(gate, root, path):
    assert f"; Path={path}; " in gate.session_cookie(root, secure=False)


def test_a_cookie_header_is_searched_for_a_valid_session(gate):
    name, session = gate.cookie_name, gate.issue_session()
    good = [
        f"{name}={session}",
        f'{name}="{session}"',
        f"theme=dark; {name}={session}; x",
        f"theme=dark;{name}={session};;=;",
        f"{name}=stale; {name}={session}",
        f"long={'x' * 30_000}; {name}={session}",
    ]
    assert [gate.verify_cookie_header(header) for header in good] == [True] * len(good)


def test_a_cookie_header_without_a_valid_session_unlocks_nothing(gate):
    name, session = gate.cookie_name, gate.issue_session()
    bad = [
        "",
        name,
        f"{name}=",
        f"x{name}={session}",
        f"{name}x={session}",
        f"{name.upper()}={session}",
        f"x={name}={session}",
        f"{name}={session}x",
        f"{name}={session},{name}={session}",
        f"{name}=stale; " * 50 + f"{name}={session}",
        f"long={'x' * 70_000}; {name}={session}",
        "\udcff;\0=" * 1_000,
    ]
    assert [gate.verify_cookie_header(header) for header in bad] == [False] * len(bad)


def test_applications_on_other_ports_have_cookies_of_their_own(tmp_path):
    assert make(tmp_path).cookie_name != make(tmp_path, application="other").cookie_name


# -- Links -----------------------------------------------------------------------------------------------------------


def refusal(gate, token) -> Forbidden:
    with pytest.raises(Forbidden) as caught:
        gate.redeem(token)
    return caught.value


def code(gate, token) -> str:
    refused = refusal(gate, token)
    assert re.search(r"terminal|PIN|Copy", refused.explanation)
    return refused.code


def test_a_link_works_once(gate):
    token = gate.issue_token()
    assert gate.redeem(token) is None
    assert code(gate, token) == "used_link"


def test_a_link_that_does_not_work_names_the_pin_only_while_one_is_taken(gate, clock):
    used, old = gate.issue_token(), gate.issue_token()
    gate.redeem(used)
    assert refusal(gate, used).explanation.endswith(
        "Enter the PIN, or stop the server and start it again for a new link."
    )
    lock(gate)
    assert refusal(gate, used).explanation.endswith("Stop the server and start it again for a new link.")
    clock.now += 3600
    assert refusal(gate, old).explanation == "This link has expired. Stop the server and start it again for a new link."


def test_a_link_needs_no_escaping_in_a_url(gate):
    assert re.fullmatch(r"[A-Za-z0-9._-]+", gate.issue_token())


def test_a_link_works_once_over_all_processes_and_restarts(tmp_path):
    first, second = make(tmp_path), make(tmp_path)
    token = first.issue_token()
    second.redeem(token)
    assert code(first, token) == "used_link"
    first.close()
    second.close()
    assert code(make(tmp_path), token) == "used_link"


def test_a_link_used_at_once_by_many_works_for_one(tmp_path):
    gate = make(tmp_path)
    token, results, barrier = gate.issue_token(), [], threading.Barrier(10)

    def use():
        barrier.wait(TIMEOUT)
        try:
            results.append(gate.redeem(token))
        except Forbidden as error:
            results.append(error.code)

    threads = [threading.Thread(target=use) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)
    assert sorted(results, key=str) == [None] + ["used_link"] * 9


def test_a_link_expires(gate, clock):
    token = gate.issue_token()
    clock.now += 15 * 60
    assert code(gate, token) == "expired_link"


def test_the_setting_says_how_long_a_link_lasts(tmp_path, clock):
    gate = make(tmp_path, clock=clock, link_lifetime=3600)
    token = gate.issue_token()
    clock.now += 3500
    assert gate.redeem(token) is None


@pytest.mark.parametrize("token", ["", "x", "t1.9999999999.ab.cd", "é", "\udcff", "t1." * 10_000])
def test_a_link_that_is_not_from_here_is_bad(gate, token):
    assert code(gate, token) == "bad_link"


def test_a_link_of_another_server_is_bad(tmp_path, gate):
    assert code(gate, make(tmp_path, application="other").issue_token()) == "bad_link"


def test_links_are_remembered_until_they_expire_and_not_without_end(gate, clock):
    for _ in range(5):
        gate.redeem(gate.issue_token())
    clock.now += 3600
    last = gate.issue_token()
    gate.redeem(last)
    assert gate._keys.attempts.change(lambda record: len(record.used)) == 1


def test_so_many_links_are_remembered_and_no_more(gate, clock):
    def crowd(record):
        record.used = {str(number): int(clock.now) + 1 + number % 7 for number in range(1_500)}

    gate._keys.attempts.change(crowd)
    token = gate.issue_token()
    gate.redeem(token)
    assert code(gate, token) == "used_link"
    assert gate._keys.attempts.change(lambda record: len(record.used)) == 1_000


# -- Silence ---------------------------------------------------------------------------------------------------------


def test_neither_pin_nor_key_stands_in_a_repr_or_a_message(gate):
    digits = gate.pin.replace("-", "")
    texts = [repr(gate), repr(vars(gate)), repr(gate._keys), *(wrong(gate).explanation for _ in range(11)), gate.notice]
    for text in texts:
        assert gate.pin not in text
        assert digits not in text
        assert gate._keys.session.hex() not in text
        assert repr(gate._keys.session) not in text


def test_a_link_or_session_does_not_contain_the_pin(gate):
    digits = gate.pin.replace("-", "")
    assert digits not in gate.issue_token() + gate.issue_session() + gate.session_cookie("", secure=True)
