"""The cause is on the first screen: at 1440 by 900, without a click or a key, in a real browser."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest
from browser.failing_app import CASES, application
from playwright.sync_api import Page

from debugkit import DebuggedApplication

#: Which of the given texts a person sees: in the viewport, in no box that cuts them off, and under nothing.
SEEN = """
(words) => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  const visible = (node, start, end) => {
    const range = document.createRange();
    range.setStart(node, start);
    range.setEnd(node, end);
    return [...range.getClientRects()].every((box) => {
      if (box.width === 0 || box.height === 0) return false;
      if (box.left < 0 || box.top < 0 || box.right > innerWidth || box.bottom > innerHeight) return false;
      return [box.left + 1, box.right - 1].every((x) => {
        const top = document.elementFromPoint(x, box.top + box.height / 2);
        return top !== null && (top === node.parentElement || top.contains(node) || node.parentElement.contains(top));
      });
    });
  };
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    for (const word of words) {
      const start = node.data.indexOf(word);
      if (start >= 0 && visible(node, start, start + word.length)) seen.add(word);
    }
  }
  return words.filter((word) => seen.has(word));
}
"""


def seen(page: Page, words: list[str]) -> set[str]:
    return set(page.evaluate(SEEN, words))


def test_nine_of_ten_values_that_explain_a_failure_are_on_the_first_screen(
    serve: Callable[[Any], str], own_page: Any
) -> None:
    words: dict[str, str] = {}
    needed: dict[str, list[str]] = {}
    app = application(lambda name: words.setdefault(name, f"w{secrets.token_hex(4)}"), needed)
    base = serve(DebuggedApplication(app))
    missing: dict[str, list[str]] = {}
    for name in CASES:
        own_page.page.goto(f"{base}/{name}")
        found = seen(own_page.page, needed[name])
        missing[name] = [
            next(key for key in [*words, word] if words.get(key, word) == word)
            for word in needed[name]
            if word not in found
        ]
    total = sum(map(len, needed.values()))
    lost = sum(map(len, missing.values()))

    assert total >= 40
    assert total - lost >= 0.9 * total, {name: words for name, words in missing.items() if words}


SECRETS = {"SHOP_API_KEY": "sk-live-51H8aQ2xY7", "DATABASE_URL": "postgres://shop:Tr0ub4dor3@db/shop"}


def test_no_secret_is_on_the_page(serve: Callable[[Any], str], own_page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    password, session = secrets.token_hex(8), secrets.token_hex(8)

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        import os

        class Account:
            def __init__(self) -> None:
                self.email = "ada@example.test"
                self.password = password

        account = Account()
        key = os.environ["SHOP_API_KEY"]
        address = os.environ["DATABASE_URL"]
        note = f"calling with {key}"
        headers = {"Authorization": f"Bearer {password}", "X-Total": "7"}
        return [account, key, address, note, headers["missing"]]  # type: ignore[list-item]

    base = serve(DebuggedApplication(app))
    own_page.page.context.add_cookies([{"name": "sessionid", "value": session, "url": base}])
    own_page.page.goto(f"{base}/")
    text = own_page.page.content()

    assert "ada@example.test" in text
    for secret in (password, session, "sk-live-51H8aQ2xY7", "Tr0ub4dor3"):
        assert secret not in text
