"""A Falcon application: an error in a responder shows the debugger, and a ``falcon.HTTPError`` is answered as ever.

Start it with ``python examples/falcon_app.py`` or ``debugkit run examples/falcon_app.py``.
"""

import falcon

from debugkit import DebuggedApplication, run_simple


class Index:
    def on_get(self, request, response):
        response.content_type = falcon.MEDIA_HTML
        response.text = 'All is well. <a href="/share?people=0">Share a cake among nobody</a>'


class Share:
    def on_get(self, request, response):
        people = request.get_param_as_int("people", required=True)
        response.text = f"Everybody gets {12 // people} pieces."


api = falcon.App()
api.add_route("/", Index())
api.add_route("/share", Share())
app = DebuggedApplication(api)

if __name__ == "__main__":
    run_simple("127.0.0.1", 8000, app)
