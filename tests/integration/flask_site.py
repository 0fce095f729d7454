"""A Flask application that fails in the ways of Flask, Jinja and Werkzeug. Knows no test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import (
    Blueprint,
    Flask,
    abort,
    g,
    render_template,
    render_template_string,
    request,
    session,
    stream_with_context,
)
from jinja2 import DictLoader

from debugkit import DebuggedApplication

app = Flask(__name__)
app.secret_key = "for tests only"
app.config["PROPAGATE_EXCEPTIONS"] = True
app.jinja_loader = DictLoader(
    {
        "shelf.html": "<h1>Tea</h1>\n<ul>\n{% include 'price.html' %}\n</ul>\n",
        "price.html": "<li>\n  {{ tea.price.amount + 1 }}\n</li>\n",
        "broken.html": "<p>\n{% for tea in teas %}\n{% endif %}\n",
    }
)
app.wsgi_app = DebuggedApplication(app.wsgi_app)  # type: ignore[method-assign]  # as Flask's documentation does it

teas = Blueprint("teas", __name__, url_prefix="/teas")


class Handled(Exception):
    """Has an error handler."""


@app.errorhandler(Handled)
def handle(error: Handled) -> tuple[str, int]:
    return "handled by the application", 409


@app.before_request
def before() -> None:
    if "refuse" in request.args:
        raise PermissionError("refused before the view")


@app.route("/view")
def view() -> str:
    session["cart"] = ["Sencha", "Gyokuro"]
    g.customer = "Kim"
    cups = int(request.args["cups"])
    return f"{12 // cups}"


@app.route("/handled")
def handled() -> str:
    raise Handled


@app.route("/missing")
def missing() -> str:
    abort(404)


@app.route("/template")
def template() -> str:
    return render_template("shelf.html", tea={"name": "Sencha"})


@app.route("/template-syntax")
def template_syntax() -> str:
    return render_template("broken.html", teas=[])


@app.route("/template-string")
def template_string() -> str:
    return render_template_string("<p>\n{{ 12 // cups }}\n</p>", cups=0)


@app.route("/stream")
def stream() -> Any:
    def lines() -> Iterator[str]:
        yield f"{request.args['name']}\n"
        raise RuntimeError("the stream broke")

    return app.response_class(stream_with_context(lines()))


@teas.route("/<name>", methods=["GET", "POST"])
def show(name: str) -> str:
    return str({"Sencha": 12}[name])


app.register_blueprint(teas)
