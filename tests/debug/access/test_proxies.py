"""What proxies say of the way to the server: where links lead by it, and what is not believed."""

from __future__ import annotations

import pytest
from debug.access.test_trust import post, refusal, request

from debugkit.debug.access.proxies import public_root
from debugkit.debug.access.trust import assess, check_same_origin
from debugkit.debug.messages import Request
from debugkit.errors import Forbidden
from debugkit.settings import Settings


def root(prefix: str, script_name: str = "") -> str:
    return public_root(Request("GET", "", "", {"x-forwarded-prefix": prefix}, script_name, "http", "127.0.0.1"))


@pytest.mark.parametrize("prefix", ["/shop", "/shop/", "/a/b", "/caf%C3%A9", "/v1.2/~me=1", "/.well-known"])
def test_links_begin_with_the_prefix_that_a_proxy_takes_off(prefix: str) -> None:
    assert root(prefix) == prefix.rstrip("/")
    assert root(prefix, "/inner") == f"{prefix.rstrip('/')}/inner"


def test_a_prefix_that_middleware_has_put_into_script_name_counts_once() -> None:
    assert root("/shop", "/shop") == "/shop"
    assert root("/shop", "/shop/inner") == "/shop/inner"
    assert root("/shop", "/shopping") == "/shop/shopping"


@pytest.mark.parametrize(
    "prefix",
    [
        *("", "/", "shop", "//evil.test", "/shop//evil.test", "///", "http://evil.test", "/\\evil.test", "\\evil.test"),
        *(
            "/..",
            "/shop/../..",
            "/shop/.",
            "/./shop",
            "javascript:alert(1)",
            "/shop?x",
            "/shop#x",
            "/shop, /other",
            "/shop;x",
        ),
        *("/shop\r\nX: y", "/sh\top", "/sh op", "/shop\x00", '/"><script>', "/%zz", "/café", "/" + "a" * 300),
    ],
)
def test_what_is_no_path_or_could_lead_elsewhere_is_no_prefix(prefix: str) -> None:
    assert root(prefix, "/inner") == "/inner"


def test_the_prefix_stands_in_every_address_that_a_viewer_gets() -> None:
    assert assess(request(x_forwarded_prefix="/shop"), Settings()).unlock_url == "/shop/__debugkit__/unlock"


def test_the_port_may_be_the_one_that_a_proxy_was_reached_by() -> None:
    assert post("localhost", origin="http://localhost:8080", x_forwarded_port="8080") is None
    assert post("localhost", origin="http://localhost:8080", x_forwarded_port="443, 8080") is None
    for port in ("8081", "8080x", "", "000008080"):
        assert refusal("localhost", origin="http://localhost:8080", x_forwarded_port=port) == "cross_origin"
    own = "localhost:5000"  # a port in Host is the one the browser has asked for
    assert refusal(own, origin="http://localhost:8080", x_forwarded_port="8080") == "cross_origin"
    assert refusal("localhost", origin="http://evil.test:8080", x_forwarded_port="8080") == "cross_origin"


def test_two_names_of_this_computer_are_one_when_the_browser_calls_the_page_its_own() -> None:
    own = {"sec_fetch_site": "same-origin"}
    for host in ("127.0.0.1:8000", "127.0.1.1", "[::1]:8000", "localhost:8000"):
        for origin in ("http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080"):
            assert post(host, origin=origin, **own) is None
            assert refusal(host, origin=origin, sec_fetch_site="same-site") == "cross_origin"
            assert refusal(host, origin=origin) == "cross_origin"
    for origin in ("http://10.0.0.1:8080", "http://evil.test", "http://127.0.0.1.evil.test", "http://a.localhost"):
        assert refusal("127.0.0.1:8000", origin=origin, **own) == "cross_origin"


def explanation(host: str | None, **headers: str) -> str:
    with pytest.raises(Forbidden) as caught:
        check_same_origin(request(host, method="POST", x_debugkit="1", **headers))
    return caught.value.explanation


def test_a_proxy_that_changes_the_host_is_told_of_with_the_line_to_change() -> None:
    advice = "The browser is at localhost:8080, the proxy says app: set `proxy_set_header Host $http_host;`"
    sure = explanation("app", origin="http://localhost:8080", sec_fetch_site="same-origin")
    assert sure.startswith(advice)
    unsure = explanation("app", origin="http://localhost:8080")
    assert advice in unsure
    assert unsure.startswith("This request comes from a page of another site.")


def test_a_page_of_another_site_is_told_nothing_of_proxies() -> None:
    for site in ("cross-site", "same-site"):
        assert "proxy" not in explanation("localhost", origin="http://localhost:8080", sec_fetch_site=site)
    for host, origin in (("localhost", "null"), ("localhost", "http://a b"), ("a b", "http://localhost")):
        assert "proxy" not in explanation(host, origin=origin)
