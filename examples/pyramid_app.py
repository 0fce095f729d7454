"""A Pyramid application: an error in a view shows the debugger, and an exception view is asked first.

Start it with ``python examples/pyramid_app.py`` or ``debugkit run examples/pyramid_app.py``.
"""

from pyramid.config import Configurator
from pyramid.response import Response

from debugkit import DebuggedApplication, run_simple


def index(request):
    return Response('All is well. <a href="/share?people=0">Share a cake among nobody</a>')


def share(request):
    people = int(request.params["people"])
    return Response(f"Everybody gets {12 // people} pieces.")


with Configurator() as config:
    config.add_route("index", "/")
    config.add_view(index, route_name="index")
    config.add_route("share", "/share")
    config.add_view(share, route_name="share")
    app = DebuggedApplication(config.make_wsgi_app())

if __name__ == "__main__":
    run_simple("127.0.0.1", 8000, app)
