"""A Bottle application: an error in a view shows the debugger, and its console has Bottle's ``request``.

Start it with ``python examples/bottle_app.py`` or ``debugkit run examples/bottle_app.py``.
"""

from bottle import Bottle, request

from debugkit import DebuggedApplication, run_simple

bottle = Bottle()
app = DebuggedApplication(bottle)


@bottle.get("/")
def index():
    return 'All is well. <a href="/share?people=0">Share a cake among nobody</a>'


@bottle.get("/share")
def share():
    people = int(request.query.people)
    return f"Everybody gets {12 // people} pieces."


if __name__ == "__main__":
    run_simple("127.0.0.1", 8000, app)
