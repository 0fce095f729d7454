"""debugkit for Django: ``INSTALLED_APPS += ["debugkit.django"]`` gives ``manage.py runserver_plus``.

``options`` are the command's (``config`` for the runner, ``certificates`` its files); ``serving`` does what Django's
own ``runserver`` does, with its signals (``reloading``) and its log (``request_log``). ``hook`` replaces Django's page;
``report`` is what the page shows of Django, with ``template_errors`` and ``sql`` (``query_printer`` in the terminal).
``wsgi`` serves a project by its ``wsgi.py`` or ``asgi.py``, and ``__main__`` one that cannot be loaded yet.
"""

from __future__ import annotations

from importlib.util import find_spec

if find_spec("django") is None:
    raise ImportError("debugkit.django needs Django: pip install django")
