"""Serves ``python serve.py SERVER module:name`` with a server that has no command line of its own."""

from __future__ import annotations

import importlib
import sys
from typing import Any

HOST = "127.0.0.1"


def application() -> Any:
    module, _, name = sys.argv[2].partition(":")
    return getattr(importlib.import_module(module), name)


def listening(port: int) -> None:
    print(f"Serving on http://{HOST}:{port}", file=sys.stderr, flush=True)


def serve_wsgiref() -> None:
    from wsgiref.simple_server import make_server

    with make_server(HOST, 0, application()) as server:
        listening(server.server_port)
        server.serve_forever()


def serve_werkzeug() -> None:
    from werkzeug.serving import run_simple

    run_simple(HOST, 0, application(), threaded=True)


def serve_gevent() -> None:
    """Nothing is patched."""
    from gevent.pywsgi import WSGIServer

    server = WSGIServer((HOST, 0), application())
    server.start()
    listening(server.server_port)
    server.serve_forever()


def serve_gevent_late() -> None:
    """The application and the debugger are there before greenlets take the place of threads."""
    application()
    from gevent import monkey

    monkey.patch_all()
    serve_gevent()


def serve_eventlet() -> None:
    import eventlet.wsgi

    eventlet.monkey_patch()
    listener = eventlet.listen((HOST, 0))
    listening(listener.getsockname()[1])
    eventlet.wsgi.server(listener, application())


def serve_eventlet_late() -> None:
    application()
    serve_eventlet()


globals()[f"serve_{sys.argv[1].replace('-', '_')}"]()
