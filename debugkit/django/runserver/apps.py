"""Sees to it that the name ``runserver`` is not taken by another application."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps
from django.core import checks
from django.core.management import get_commands

NAME = "debugkit.django.runserver"


class RunserverConfig(AppConfig):
    """What ``"debugkit.django.runserver"`` in INSTALLED_APPS means."""

    name = NAME
    label = "debugkit_runserver"
    verbose_name = "debugkit's runserver"

    def ready(self) -> None:
        checks.register(check_order)


def check_order(app_configs: Any = None, **_: Any) -> list[checks.CheckMessage]:
    """Of two applications with a command of one name, Django takes the one that comes first in INSTALLED_APPS."""
    winner = get_commands().get("runserver")
    if winner == NAME or not apps.is_installed(NAME):
        return []
    return [
        checks.Warning(
            f"manage.py runserver is the command of {winner!r}, not debugkit's.",
            hint=f"Put {NAME!r} before {winner!r} in INSTALLED_APPS.",
            id="debugkit.W001",
        )
    ]
