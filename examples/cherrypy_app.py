"""A CherryPy application: an error in a handler shows the debugger, and its console has ``cherrypy.request``.

Start it with ``python examples/cherrypy_app.py`` or ``debugkit run examples/cherrypy_app.py``.
"""

import cherrypy

from debugkit import DebuggedApplication, run_simple


class Cake:
    @cherrypy.expose
    def index(self):
        return 'All is well. <a href="/share?people=0">Share a cake among nobody</a>'

    @cherrypy.expose
    def share(self, people):
        return f"Everybody gets {12 // int(people)} pieces."


app = DebuggedApplication(cherrypy.Application(Cake(), ""))

if __name__ == "__main__":
    run_simple("127.0.0.1", 8000, app)
