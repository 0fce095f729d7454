"""The Django application. It has no models and does nothing when it is ready: the command installs what it needs."""

from __future__ import annotations

from django.apps import AppConfig


class DebugkitConfig(AppConfig):
    """What ``"debugkit.django"`` in INSTALLED_APPS means."""

    name = "debugkit.django"
    label = "debugkit"
    verbose_name = "debugkit"
