"""What axe-core finds on a page."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SCRIPT = Axe().axe_script
#: For what is no violation axe-core would make a selector of each element too, the most of its work.
VIOLATIONS = {"resultTypes": ["violations"]}
#: Off by default in axe-core, and a criterion of level AA (WCAG 2.2, 2.5.8).
TARGETS = {"rules": {"target-size": {"enabled": True}}}
CONTRAST = {"runOnly": ["color-contrast"]}


def violations(page: Page) -> list[str]:
    """The rule and where: all rules in the light, contrast in the dark once more."""
    found: list[Any] = []
    for theme, options in (("light", TARGETS), ("dark", CONTRAST)):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        found += run(page, options)
    nodes = [(rule["id"], node) for rule in found for node in rule["nodes"]]
    return [f"{rule}: {node['target']} {node['failureSummary']}" for rule, node in nodes if not in_line(rule, node)]


def run(page: Page, options: dict[str, Any]) -> list[Any]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(SCRIPT)
    found: list[Any] = page.evaluate(
        "(options) => axe.run(options).then(({ violations }) => violations)", options | VIOLATIONS
    )
    return found


def in_line(rule: str, node: Any) -> bool:
    """Whether a target is as high as the lines of source it stands in: the exception "Inline" of WCAG 2.2, 2.5.8."""
    return rule == "target-size" and node["html"].startswith('<a class="n"')
