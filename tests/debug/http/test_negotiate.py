from __future__ import annotations

import pytest

from debugkit.debug.http.negotiate import preferred

CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (CHROME, "html"),
        ("text/html", "html"),
        ("*/*", "text"),
        ("", "text"),
        ("application/json", "json"),
        ("application/json, text/plain, */*", "json"),
        ("application/problem+json", "json"),
        ("application/vnd.api+json", "json"),
        ("text/plain", "text"),
        ("text/html;q=0.5, application/json", "json"),
        ("application/json;q=0.1, text/html;q=0.9", "html"),
        ("application/json;q=0, text/html", "html"),
        ("text/html;q=nonsense, application/json;q=0.1", "json"),
        ("image/png", "text"),
        ("text/markdown", "markdown"),
        ("text/markdown, text/html", "markdown"),
        ("text/html, text/markdown", "html"),
        ("text/markdown;q=0.5, text/html", "html"),
        ("text/markdown, text/html;q=0.9, */*;q=0.8", "markdown"),
        ("text/markdown;charset=utf-8, text/plain", "markdown"),
        ("text/markdown;q=0, text/html", "html"),
        ("TEXT/HTML", "html"),
        (";;;,,,q=1", "text"),
    ],
)
def test_a_client_gets_the_form_it_can_use(accept: str, form: str) -> None:
    assert preferred({"accept": accept}) == form


def test_a_navigation_gets_a_page_whatever_it_accepts() -> None:
    assert preferred({"accept": "*/*", "sec-fetch-dest": "document"}) == "html"


def test_a_fetch_by_a_script_does_not_get_a_page_unless_it_asks() -> None:
    assert preferred({"accept": "*/*", "sec-fetch-dest": "empty"}) == "text"
