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


def serve_cheroot() -> None:
    from cheroot.wsgi import Server

    server = Server((HOST, 0), application())
    server.prepare()
    listening(server.bind_addr[1])
    server.serve()


def serve_cherrypy() -> None:
    import cherrypy

    cherrypy.tree.graft(application(), "/")
    cherrypy.config.update({"server.socket_host": HOST, "server.socket_port": 0, "environment": "embedded"})
    cherrypy.engine.start()
    listening(cherrypy.server.bound_addr[1])
    cherrypy.engine.block()


def serve_a2wsgi() -> None:
    serve_asgi(wsgi_in_asgi())


def serve_mount() -> None:
    from starlette.applications import Starlette
    from starlette.routing import Mount

    serve_asgi(Starlette(routes=[Mount("/shop", wsgi_in_asgi())]))


def wsgi_in_asgi() -> Any:
    from a2wsgi import WSGIMiddleware

    sys.stdout = sys.stderr  # which it takes for ``wsgi.errors``
    return WSGIMiddleware(application())


def serve_asgi(app: Any) -> None:
    import uvicorn

    uvicorn.run(app, host=HOST, port=0)


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
