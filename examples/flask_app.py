"""debugkit in a Flask application, in place of the debugger that comes with Flask.

Start it with ``python examples/flask_app.py`` or ``debugkit run examples/flask_app.py``.
"""

from flask import Flask, request

from debugkit import DebuggedApplication, run_simple

app = Flask(__name__)
app.wsgi_app = DebuggedApplication(app.wsgi_app)


@app.route("/")
def index():
    return 'All is well. <a href="/share?people=0">Share a cake among nobody</a>'


@app.route("/share")
def share():
    people = int(request.args["people"])
    return f"Everybody gets {12 // people} pieces."


if __name__ == "__main__":
    run_simple("127.0.0.1", 8000, app)
