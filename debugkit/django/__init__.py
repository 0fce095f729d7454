"""debugkit for Django: ``INSTALLED_APPS += ["debugkit.django"]`` gives ``manage.py runserver_plus``."""

from __future__ import annotations

from importlib.util import find_spec

if find_spec("django") is None:
    raise ImportError("debugkit.django needs Django: pip install django")
