"""The frameworks that are known: which one an application is of, and what all of them do for an error.

No framework is imported: one that is not loaded has no application here, and costs nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any, NamedTuple

from debugkit.debug.framework_report import NOTHING, FrameworkReport
from debugkit.debug.frameworks.framework import Failure, Framework, attempt
from debugkit.debug.safe import inspection
from debugkit.debug.wsgi_applications import reachable

#: What is to be done where the user's own code handles the error.
CAPTURE = "If it handles an error itself, this line brings up the page:\n       debugkit.capture(error)"
#: The packages of frameworks. The module of this folder with the same name has its `FRAMEWORK`.
PACKAGES = ("flask", "django", "pyramid", "bottle", "falcon", "cherrypy", "starlette", "litestar", "quart")


class Known(NamedTuple):
    """An application whose framework is known."""

    framework: Framework
    application: Any


def loaded() -> Iterator[Framework]:
    """The known frameworks that this program has imported."""
    for package in PACKAGES:
        if package in sys.modules:
            yield import_module(f"debugkit.debug.frameworks.{package}").FRAMEWORK


def known_in(application: Any) -> Iterator[Known]:
    """The applications of known frameworks in an application: below middleware, in dispatchers, in each other."""
    frameworks = list(loaded())
    for layer in reachable(application) if frameworks else ():
        for framework in frameworks:
            if _is_of(framework, layer):
                yield Known(framework, layer)


def is_application(value: object) -> bool:
    """Whether it is itself the application of a known framework."""
    return any(_is_of(framework, value) for framework in loaded())


def _is_of(framework: Framework, value: object) -> bool:
    bases = {f"{inspection.module_name(base)}.{inspection.class_name(base)}" for base in inspection.mro(type(value))}
    return not bases.isdisjoint(framework.classes)


def name_of(value: object) -> str:
    """The framework that it is itself the application of; empty if that is not known."""
    return next((framework.name for framework in loaded() if _is_of(framework, value)), "")


def attach(application: Any) -> None:
    """Have the errors of an application reach the debugger that is around it. Idempotent.

    What a framework of a version yet to come refuses, it goes without: the terminal tells of an answer 5xx.
    """
    for framework in loaded():
        attempt(framework.listen)
    for framework, layer in attempt(lambda: list(known_in(application))) or ():
        attempt(framework.open_up, layer)


def refresh(application: Any) -> None:
    """Have the templates of an application read again when they have changed."""
    for framework, layer in known_in(application):
        framework.refresh(layer)


def advice(application: Any) -> str:
    """What brings the page of an error that an application has answered itself: the end of a sentence."""
    for framework, layer in attempt(lambda: list(known_in(application))) or ():
        if line := attempt(framework.advice, layer):
            return f"{framework.name} handles errors itself; this line brings up the page:\n       {line}"
    return CAPTURE


def managers(failure: Failure) -> tuple[Any, ...]:
    """The context managers of a failed request, beside those that were handed over."""
    return tuple(
        manager for framework in loaded() for manager in attempt(lambda f=framework: list(f.managers(failure))) or ()
    )


def report(failure: Failure, captured: Any) -> FrameworkReport:
    """What the frameworks know of a failed request; of one inside another, the inner one names the view."""
    whole = NOTHING
    for framework in loaded():
        part = attempt(framework.report, failure, captured)
        if part is None or part is NOTHING:  # not its request, or not one that it can read
            continue
        whole = replace(
            whole,
            raised_during=part.raised_during or whole.raised_during,
            facts=whole.facts + part.facts,
            panels=whole.panels + part.panels,
            names={**whole.names, **part.names},
            hidden={**whole.hidden, **part.hidden},
            secret_names=whole.secret_names | part.secret_names,
            secret_texts=whole.secret_texts | part.secret_texts,
        )
    return whole
