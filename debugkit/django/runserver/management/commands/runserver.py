"""``manage.py runserver`` as ``runserver_plus``."""

from __future__ import annotations

from debugkit.django.management.commands.runserver_plus import Command as Command
