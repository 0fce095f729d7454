"""Serves ``python serve.py wsgiref|werkzeug module:name`` with a server that has no command line of its own."""

from __future__ import annotations

import importlib
import sys
from wsgiref.simple_server import make_server

module, _, name = sys.argv[2].partition(":")
application = getattr(importlib.import_module(module), name)
if sys.argv[1] == "wsgiref":
    with make_server("127.0.0.1", 0, application) as server:
        print(f"Serving on http://127.0.0.1:{server.server_port}", file=sys.stderr, flush=True)
        server.serve_forever()
else:
    from werkzeug.serving import run_simple

    run_simple("127.0.0.1", 0, application, threaded=True)
