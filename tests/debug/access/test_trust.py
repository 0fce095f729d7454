"""Who may see what: every row of the table, and the ways around it that must not work."""

from __future__ import annotations

from dataclasses import replace

import pytest

from debugkit.debug.access.trust import assess, check_same_origin, own_authority
from debugkit.debug.access.viewer import Level
from debugkit.debug.messages import Request
from debugkit.errors import Forbidden
from debugkit.settings import Settings

DEFAULTS = Settings()
LOOPBACK = ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1", "0:0:0:0:0:0:0:1"]
PRIVATE = ["10.1.2.3", "172.17.0.1", "192.168.1.20", "169.254.7.7", "fd12::7", "fe80::1%eth0", "::ffff:10.0.0.1"]
PUBLIC = ["93.184.216.34", "2606:2800::1", "100.64.0.1", "172.32.0.1", "192.0.2.1", "0.0.0.0", "::", "::127.0.0.1"]
NONSENSE = ["unknown", "_hidden", "", "localhost", "127.0.0.1.evil.test", "127.1", "1.2.3.4:x", "[::1", "127.0.0.1 x"]


def request(host="localhost:5000", peer="127.0.0.1", method="GET", scheme="http", **headers) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if host is not None:
        named["host"] = host
    return Request(method, "tracebacks", "", named, "", scheme, peer)


def level(host="localhost:5000", peer="127.0.0.1", settings=DEFAULTS, bound_host=None, unlocked=False, **headers):
    return assess(request(host, peer, **headers), settings, bound_host=bound_host, unlocked=unlocked).level


# -- The table -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("peer", LOOPBACK)
def test_somebody_at_this_computer_is_a_visitor_who_sees_values(peer):
    viewer = assess(request(peer=peer), Settings())
    assert (viewer.level, viewer.local) == (Level.VISITOR, True)


@pytest.mark.parametrize("peer", PRIVATE)
def test_somebody_in_the_private_network_is_a_visitor_without_values(peer):
    viewer = assess(request(peer=peer), Settings())
    assert (viewer.level, viewer.local) == (Level.VISITOR, False)


@pytest.mark.parametrize("peer", PUBLIC)
def test_somebody_at_a_public_address_is_a_stranger_even_when_unlocked(peer):
    assert level(peer=peer, unlocked=True) is Level.STRANGER


@pytest.mark.parametrize("peer", LOOPBACK + PRIVATE)
def test_who_unlocked_is_a_developer(peer):
    viewer = assess(request(peer=peer), Settings(), unlocked=True)
    assert (viewer.level, viewer.reason) == (Level.DEVELOPER, "")


def test_who_has_the_key_too_runs_code_and_the_key_alone_is_nothing():
    assert assess(request(), Settings(), unlocked=True, keyed=True).level is Level.RUNNER
    assert assess(request(), Settings(), keyed=True).level is Level.VISITOR
    assert assess(request(), Settings(evalex=False), unlocked=True, keyed=True).level is Level.VISITOR
    assert assess(request(peer="93.184.216.34"), Settings(), unlocked=True, keyed=True).level is Level.STRANGER


@pytest.mark.parametrize("peer", ["", "localhost"])
def test_a_unix_socket_counts_as_private_network(peer):
    viewer = assess(request(peer=peer), Settings())
    assert (viewer.level, viewer.local) == (Level.VISITOR, False)


def test_with_the_pin_off_only_this_computer_has_developers():
    settings = Settings(pin_security=False)
    assert level(settings=settings) is Level.RUNNER
    assert [level(peer=peer, settings=settings) for peer in ["10.0.0.1", ""]] == [Level.VISITOR] * 2
    assert level(peer="10.0.0.1", settings=settings, unlocked=True) is Level.VISITOR


def test_with_consoles_off_nobody_is_a_developer_and_values_stay_for_this_computer():
    for settings in (Settings(evalex=False), Settings(evalex=False, pin_security=False)):
        viewer = assess(request(), settings, unlocked=True)
        assert (viewer.level, viewer.local) == (Level.VISITOR, True)
        assert "evalex" in viewer.reason


# -- Host ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LocalHost:8000",
        "localhost.",
        "shop.localhost:80",
        "a.b.localhost.:1",
        "127.0.0.1",
        "127.0.0.1.:80",
        "0.0.0.0:5000",
        "192.168.1.5:5000",
        "[::1]",
        "[::1]:5000",
        "[FE80::1]:5000",
        "[::ffff:1.2.3.4]",
    ],
)
def test_localhost_and_addresses_are_trusted_with_any_port(host):
    assert level(host) is Level.VISITOR


@pytest.mark.parametrize(
    "host",
    [
        "evil.test",
        "localhost.evil.test",
        "127.0.0.1.evil.test",
        "notlocalhost",
        ".localhost",
        "localhost..",
        "127.1",
        "0x7f000001",
        "2130706433",
        "::1",
        "[::1",
        "[localhost]",
        "[1.2.3.4]x",
        "localhost:port",
        "localhost:",
        "localhost:123456",
        "localhost,evil.test",
        "localhost evil.test",
        "localhost, localhost",
        "user@localhost",
        "localhost/..",
        "localhost\n",
        "localhost\x00",
        "lоcalhost",
        " localhost",
        "a" * 300 + ".localhost",
        "[" + ":" * 9000 + "]",
    ],
)
def test_other_names_and_malformed_hosts_make_strangers(host):
    assert level(host, unlocked=True) is Level.STRANGER


def test_names_of_the_settings_are_trusted():
    settings = Settings.from_environ({}, trusted_hosts=["dev.test", "*.example.test", ".both.test"])
    trusted = ["dev.test", "DEV.test.:80", "a.example.test", "a.b.example.test", "both.test", "x.both.test"]
    assert {level(host, settings=settings) for host in trusted} == {Level.VISITOR}
    others = ["a.dev.test", "example.test", "xexample.test", "evil-both.test", "dev.test.evil.test"]
    assert {level(host, settings=settings) for host in others} == {Level.STRANGER}


@pytest.mark.parametrize("bound", ["dev.box", "Dev.Box.", "dev.box:80"])
def test_the_name_the_server_binds_is_trusted(bound):
    assert level("dev.box:5000", bound_host=bound) is Level.VISITOR
    assert level("a.dev.box", bound_host=bound) is Level.STRANGER


@pytest.mark.parametrize("bound", [None, "", "*", "[::]", "/run/app.sock"])
def test_what_is_bound_without_a_name_trusts_no_name(bound):
    assert level("evil.test", bound_host=bound) is Level.STRANGER


@pytest.mark.parametrize("host", [None, ""])
def test_without_a_host_only_this_computer_is_trusted(host):
    assert level(host) is Level.VISITOR
    assert level(host, peer="10.0.0.1") is Level.STRANGER
    assert level(host, x_forwarded_for="10.0.0.1") is Level.STRANGER
    assert level(host, x_forwarded_host="evil.test") is Level.STRANGER


@pytest.mark.parametrize("forwarded", ["evil.test", "localhost, evil.test", "evil.test, localhost", ""])
def test_the_host_a_proxy_was_reached_by_must_be_trusted_too(forwarded):
    assert level(x_forwarded_host=forwarded) is Level.STRANGER
    assert level(forwarded=f'for=127.0.0.1;host="{forwarded}"') is Level.STRANGER


def test_a_trusted_forwarded_host_does_no_harm():
    assert level(x_forwarded_host="localhost:3000", x_forwarded_for="127.0.0.1") is Level.VISITOR
    assert level(forwarded="for=127.0.0.1;Host=localhost:3000") is Level.VISITOR


# -- The own address -------------------------------------------------------------------------------------------------


def own(name, port="8000", peer="127.0.0.1", bound_host=None, settings=DEFAULTS, **headers) -> str:
    asked = replace(request("localhost:666", peer, **headers), server=(name, port))
    return own_authority(asked, settings, bound_host)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("127.0.0.1", "127.0.0.1:8000"),
        ("192.168.1.5", "192.168.1.5:8000"),
        ("0.0.0.0", "127.0.0.1:8000"),
        ("::", "localhost:8000"),
        ("::1", "[::1]:8000"),
        ("localhost", "localhost:8000"),
        ("waitress.invalid", "127.0.0.1:8000"),
        ("laptop.lan", "127.0.0.1:8000"),
        ("\x1b[31m", "127.0.0.1:8000"),
        ("", "127.0.0.1:8000"),
    ],
)
def test_the_address_for_the_terminal_is_the_sockets(name, expected):
    assert own(name) == expected


def test_a_name_that_the_server_binds_or_the_settings_trust_stays():
    assert own("dev.box", bound_host="dev.box") == "dev.box:8000"
    assert own("dev.test", settings=Settings.from_environ({}, trusted_hosts=["dev.test"])) == "dev.test:8000"


@pytest.mark.parametrize("port", ["", "80\n", "x", "٣"])
def test_a_port_that_is_none_is_left_out(port):
    assert own("127.0.0.1", port) == "127.0.0.1"


@pytest.mark.parametrize("peer", ["", "localhost"])
def test_behind_a_unix_socket_the_address_is_not_known(peer):
    assert own("evil.test", "666", peer) == ""


@pytest.mark.parametrize("header", ["forwarded", "x_forwarded_host", "x_forwarded_port", "x_forwarded_server"])
def test_what_middleware_made_of_forwarded_headers_is_not_the_own_address(header):
    assert own("localhost", "666", **{header: "host=localhost:666"}) == ""


# -- Peers behind proxies --------------------------------------------------------------------------------------------


HEADERS = [
    "x_forwarded_for",
    "x_real_ip",
    "x_client_ip",
    "cf_connecting_ip",
    "true_client_ip",
    "fly_client_ip",
    "fastly_client_ip",
    "x_cluster_client_ip",
]


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("address", [*PUBLIC, *NONSENSE])
def test_an_address_in_a_forwarded_header_that_is_public_or_none_makes_a_stranger(header, address):
    assert level(**{header: address}, unlocked=True) is Level.STRANGER


@pytest.mark.parametrize("header", HEADERS)
def test_a_forwarded_header_never_brings_anybody_closer(header):
    assert level(peer="93.184.216.34", **{header: "127.0.0.1"}) is Level.STRANGER
    assert not assess(request(peer="10.0.0.1", **{header: "127.0.0.1"}), Settings()).local


@pytest.mark.parametrize("header", HEADERS)
def test_a_proxy_on_this_computer_that_names_a_private_address_hides_values(header):
    viewer = assess(request(**{header: "192.168.1.20"}), Settings())
    assert (viewer.level, viewer.local) == (Level.VISITOR, False)


@pytest.mark.parametrize("header", HEADERS)
def test_a_proxy_on_this_computer_that_names_this_computer_keeps_values(header):
    assert assess(request(**{header: "127.0.0.1"}), Settings()).local


@pytest.mark.parametrize(
    "chain", ["93.184.216.34, 127.0.0.1", "127.0.0.1, 93.184.216.34", "127.0.0.1,,", "127.0.0.1, x"]
)
def test_every_address_of_a_chain_counts(chain):
    assert level(x_forwarded_for=chain) is Level.STRANGER


@pytest.mark.parametrize("text", ["10.0.0.1:4711", "[fd12::7]:4711", "[fd12::7]", " 10.0.0.1 "])
def test_addresses_with_a_port_or_brackets_are_understood(text):
    assert level(x_forwarded_for=text) is Level.VISITOR


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("for=127.0.0.1", Level.VISITOR),
        ('For="[::1]:4711";proto=http', Level.VISITOR),
        ("for=127.0.0.1, for=10.0.0.1", Level.VISITOR),
        ("for=127.0.0.1, for=93.184.216.34", Level.STRANGER),
        ('for="_gazonk"', Level.STRANGER),
        ("for=unknown", Level.STRANGER),
        ("proto=https;for=2606:2800::1", Level.STRANGER),
        ('for="a,b"', Level.STRANGER),
    ],
)
def test_the_forwarded_header_of_rfc_7239_is_understood(value, expected):
    assert level(forwarded=value) is expected


@pytest.mark.parametrize("header", ["via", "forwarded", "x_forwarded_proto", "x_forwarded_port"])
def test_a_proxy_that_does_not_say_for_whom_it_asks_hides_values(header):
    viewer = assess(request(**{header: "http"}), Settings())
    assert (viewer.level, viewer.local) == (Level.VISITOR, False)


def test_networks_of_the_settings_count_as_private_and_not_as_this_computer():
    settings = Settings.from_environ({}, trusted_peers="100.64.0.0/10, 2606:2800::/32")
    for peer in ["100.64.0.1", "2606:2800::1", "::ffff:100.64.0.1"]:
        viewer = assess(request(peer=peer), settings)
        assert (viewer.level, viewer.local) == (Level.VISITOR, False)
    assert level(peer="93.184.216.34", settings=settings) is Level.STRANGER


# -- Reasons ---------------------------------------------------------------------------------------------------------


def test_the_reason_names_the_setting_that_trusts_the_host():
    reason = assess(request("Dev.Test:8000"), Settings()).reason
    assert "'Dev.Test:8000'" in reason
    assert "DEBUGKIT_TRUSTED_HOSTS=dev.test " in reason


def test_the_setting_a_reason_names_lets_the_request_in():
    assert level("dev.test:80", settings=Settings.from_environ({"DEBUGKIT_TRUSTED_HOSTS": "dev.test"})) is Level.VISITOR
    for peer in ["93.184.216.34", "2606:2800::1"]:
        reason = assess(request(peer=peer), Settings()).reason
        assert f"DEBUGKIT_TRUSTED_PEERS={peer} " in reason
        assert level(peer=peer, settings=Settings.from_environ({"DEBUGKIT_TRUSTED_PEERS": peer})) is Level.VISITOR


def test_the_reason_names_the_address_a_proxy_gave_without_its_port():
    reason = assess(request(x_forwarded_for="10.0.0.1, 93.184.216.34:4711"), Settings()).reason
    assert "DEBUGKIT_TRUSTED_PEERS=93.184.216.34 " in reason


@pytest.mark.parametrize("hostile", ["\x1b[31mred.test", "a\nb", "x" * 9000, "2606:2800::1%\x1b[31m"])
def test_a_hostile_header_reaches_the_terminal_escaped_and_short(hostile):
    for asked in (request(hostile), request(x_forwarded_for=hostile), request(x_forwarded_host=hostile)):
        reason = assess(asked, Settings()).reason
        assert reason.isprintable()
        assert len(reason) < 300


def test_visitors_learn_how_to_become_developers():
    assert "PIN" in assess(request(), Settings()).reason
    assert "the computer that runs the server" in assess(request(peer="10.0.0.1"), Settings(pin_security=False)).reason


# -- Origins of readers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:5173",
        "https://localhost",
        "http://shop.localhost",
        "http://127.0.0.1:3000",
        "http://[::1]:3000",
        "http://192.168.1.5:3000",
    ],
)
def test_a_page_of_a_trusted_origin_reads_what_a_visitor_reads(origin):
    assert level(origin=origin) is Level.VISITOR


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.test",
        "https://localhost.evil.test",
        "http://93.184.216.34",
        "http://[2606:2800::1]:3000",
        "null",
        "",
        "file://",
        "chrome-extension://localhost",
        "http://localhost@evil.test",
        "http://localhost:3000/",
        "http://localhost, http://evil.test",
    ],
)
@pytest.mark.parametrize("site", [{}, {"sec_fetch_site": "cross-site"}, {"sec_fetch_site": "same-site"}])
def test_a_page_of_another_website_is_a_stranger_also_when_the_browser_is_unlocked(origin, site):
    viewer = assess(request(origin=origin, **site), DEFAULTS, unlocked=True, keyed=True)
    assert viewer.level is Level.STRANGER
    assert viewer.reason.startswith("the origin ")


def test_the_settings_trust_origins_as_they_trust_hosts():
    settings = Settings.from_environ({}, trusted_hosts=["*.dev.test"], trusted_peers=["93.184.216.0/24"])
    assert level(origin="https://app.dev.test:8443", settings=settings) is Level.VISITOR
    assert level(origin="http://93.184.216.34", settings=settings) is Level.VISITOR
    assert level(origin="http://dev.box", bound_host="dev.box") is Level.VISITOR


def test_an_origin_that_is_the_servers_own_is_trusted_whatever_its_address():
    assert level("93.184.216.34:8000", origin="http://93.184.216.34:8000") is Level.VISITOR


def test_a_page_without_referrers_may_send_forms_to_its_own_origin():
    assert level(method="POST", origin="null", sec_fetch_site="same-origin") is Level.VISITOR


# -- Origin ----------------------------------------------------------------------------------------------------------


def post(host="localhost:5000", **headers):
    headers.setdefault("x_debugkit", "1")
    check_same_origin(request(host, method="POST", **headers))


def refusal(host="localhost:5000", **headers) -> str:
    with pytest.raises(Forbidden) as caught:
        post(host, **headers)
    return caught.value.code


@pytest.mark.parametrize("value", ["", "0", "true", "11", "1\n", "a" * 63, "A" * 64, "a" * 65])
def test_a_request_without_the_header_is_refused(value):
    assert refusal(x_debugkit=value) == "missing_header"
    with pytest.raises(Forbidden):
        check_same_origin(request(method="POST"))


def test_the_header_may_hold_a_key_in_place_of_1():
    assert post(x_debugkit="a" * 64) is None


def test_a_client_that_is_no_browser_needs_the_header_only():
    assert post() is None


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "", "same-origin, cross-site"])
def test_a_request_a_browser_calls_foreign_is_refused(site):
    assert refusal(sec_fetch_site=site, origin="http://localhost:5000") == "cross_origin"


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:5000", "http://localhost:5000"),
        ("LOCALHOST:5000", "http://localhost:5000"),
        ("localhost", "http://localhost"),
        ("localhost:80", "http://localhost"),
        ("localhost", "http://localhost:80"),
        ("dev.test", "https://dev.test"),
        ("dev.test:443", "https://dev.test"),
        ("[::1]:5000", "http://[::1]:5000"),
    ],
)
def test_the_own_origin_is_let_through_with_and_without_the_default_port(host, origin):
    assert post(host, origin=origin, sec_fetch_site="same-origin") is None


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "http://localhost",
        "http://localhost:5001",
        "http://evil.test:5000",
        "http://localhost:5000.evil.test",
        "http://a.localhost:5000",
        "http://127.0.0.1:5000",
        "localhost:5000",
        "http://localhost:5000/",
        "http://user@localhost:5000",
        "http://localhost:5000 http://evil.test",
        "chrome-extension://localhost:5000",
        "http://",
    ],
)
def test_any_other_origin_is_refused(origin):
    assert refusal(origin=origin) == "cross_origin"


def test_the_origin_may_be_the_one_that_a_proxy_was_reached_by():
    assert post("localhost:8000", origin="https://dev.test", x_forwarded_host="dev.test") is None
    assert refusal("localhost:8000", origin="https://evil.test", x_forwarded_host="dev.test") == "cross_origin"


def test_a_proxy_that_drops_the_port_from_host_does_not_lock_its_owner_out():
    own = {"sec_fetch_site": "same-origin"}
    assert post("localhost", origin="http://localhost:8080", **own) is None
    assert post("dev.test:443", origin="https://dev.test:8443", **own) is None
    assert refusal("localhost", origin="http://evil.test:8080", **own) == "cross_origin"
    assert refusal("localhost", origin="http://localhost:8080", sec_fetch_site="same-site") == "cross_origin"
    assert refusal("localhost", origin="http://localhost:8080") == "cross_origin"


def test_an_origin_without_a_host_to_compare_with_is_refused():
    assert refusal(None, origin="http://localhost") == "cross_origin"
