"""Behind a real nginx, as it is by default, as Debian sets it up, and as it should be: the PIN, and what to change."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from integration.processes import BEHIND_UWSGI_PASS, GTHREAD, MOUNT, ROOT, Browser, Server, serving
from nginx_support import PROXY_PARAMS, UWSGI_PARAMS, nginx

#: The line that the page names is the one that helps.
ADVICE = r"The browser is at (\S+), the proxy says (\S+): set `(.*?;)` in nginx \(with uwsgi_pass: `(.*?;)`\), "
#: What the README says to write.
[README] = re.findall(r"\.\. code-block:: nginx\n\n((?: {4}.*\n|\n)+)", (ROOT / "README.rst").read_text("utf-8"))


@dataclass
class Front:
    """An address of nginx, and the server behind it."""

    port: int
    server: Server

    def wait_for(self, pattern: str) -> re.Match[str]:
        return self.server.wait_for(pattern)


@pytest.fixture(scope="module")
def front(state: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Browser]]:
    """A browser at an address of nginx that is set up in the way of that name."""
    with serving(GTHREAD, state) as http, serving(BEHIND_UWSGI_PASS, state) as uwsgi:
        proxy_pass, uwsgi_pass = f"proxy_pass http://127.0.0.1:{http.port}", f"uwsgi_pass 127.0.0.1:{uwsgi.port};"
        servers = {
            "default": f"location / {{ {proxy_pass}; }}",
            "debian": f"location / {{ {PROXY_PARAMS} {proxy_pass}; }}",
            "port": f"location / {{ {PROXY_PARAMS} proxy_set_header X-Forwarded-Port $server_port; {proxy_pass}; }}",
            "readme": README.replace("127.0.0.1:8000", f"127.0.0.1:{http.port}"),
            "uwsgi": f"location / {{ {UWSGI_PARAMS} {uwsgi_pass} }}",
            "uwsgi http_host": f"location / {{ {UWSGI_PARAMS} uwsgi_param HTTP_HOST $http_host; {uwsgi_pass} }}",
        }
        with nginx(tmp_path_factory.mktemp("nginx"), servers) as ports:

            def browser(name: str, called: str = "localhost", *, fetch_site: str = "same-origin") -> Browser:
                server = uwsgi if name.startswith("uwsgi") else http
                return Browser(Front(ports[name], server), name=called, fetch_site=fetch_site)

            yield browser


def unlock(browser: Browser, error: str) -> str:
    """What a console answers when the PIN was right, or why it was not let in."""
    answer = browser.post("unlock", {"pin": browser.pin()})
    if answer.status != 200:
        return str(answer.json["explanation"])
    browser.key = answer.json["key"]
    return browser.value(browser.frame_id(error, "Application.fails"), "tea['price']")


@pytest.mark.parametrize("name", ["debian", "uwsgi", "port", "readme", "uwsgi http_host"])
def test_the_pin_works_when_the_proxy_keeps_the_name_of_the_host(front: Callable[..., Browser], name: str) -> None:
    browser = front(name)
    assert unlock(browser, browser.error()) == "12"


@pytest.mark.parametrize("name", ["port", "readme", "uwsgi http_host"])
def test_the_pin_works_without_the_browsers_word_when_the_proxy_names_the_port(
    front: Callable[..., Browser], name: str
) -> None:
    browser = front(name, fetch_site="")
    assert unlock(browser, browser.error()) == "12"


@pytest.mark.parametrize("called", ["localhost", "127.0.0.1"])
def test_the_pin_works_at_this_computer_by_what_nginx_says_by_default(
    front: Callable[..., Browser], called: str
) -> None:
    browser = front("default", called)
    assert unlock(browser, browser.error()) == "12"


def test_the_line_that_is_missing_is_named(front: Callable[..., Browser]) -> None:
    for browser in (front("default", "shop.localhost"), front("debian", fetch_site=""), front("uwsgi", fetch_site="")):
        advice = re.search(ADVICE, refused := unlock(browser, browser.error()))
        assert advice, refused
        host = "localhost" if browser.name == "localhost" else f"127.0.0.1:{browser.server.server.port}"
        lines = "proxy_set_header Host $http_host;", "uwsgi_param HTTP_HOST $http_host;"
        assert advice.groups() == (f"{browser.name}:{browser.server.port}", host, *lines)


def test_a_page_of_another_port_is_told_nothing_of_proxies(front: Callable[..., Browser]) -> None:
    browser = front("debian", fetch_site="same-site")
    assert "page of another site" in unlock(browser, browser.error())


def test_links_have_the_prefix_that_the_proxy_takes_off(front: Callable[..., Browser]) -> None:
    browser = front("readme")
    page = browser("/shop/fails")
    links = set(re.findall(r'(?:href|src)="(/[^"#]+)"', page.text))
    assert len(links) > 3
    assert all(link.startswith(f"/shop{MOUNT}/") for link in links)
    assert {browser(link).status for link in links} == {200}
    error = page.headers["X-Debugkit-Traceback"].removeprefix(f"/shop{MOUNT}/tracebacks/")
    answer = browser(f"/shop{MOUNT}/unlock", "POST", **browser._own("unlock", {"pin": browser.pin()}))
    assert (answer.status, "Path=/shop;" in answer.headers["Set-Cookie"]) == (200, True)
    own = f"http://127.0.0.1:{browser.server.server.port}{MOUNT}/tracebacks/{error}"
    assert browser.server.wait_for(f"Debugger page: (.*/{error})\n")[1] == own
