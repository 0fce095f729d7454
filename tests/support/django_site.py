"""A Django project of one module, with an address for each kind of failure. Knows no test.

Settings are made once in a process; what a test needs otherwise it overrides.
"""

from __future__ import annotations

import asyncio
import atexit
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import connection
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template import loader
from django.urls import path, re_path
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from debugkit import DebuggedApplication

PIN = "314-159-265"

LAYOUT = """<!doctype html>
<title>{% block title %}Shop{% endblock %}</title>
<main>
{% block body %}{% endblock %}
</main>
"""
CART = """{% extends "shop/layout.html" %}
{% block body %}
<h1>Your cart</h1>
{% for item in cart.items %}
  {% include "shop/item.html" with position=forloop.counter %}
{% endfor %}
{% endblock %}
"""
ITEM = """<p>
  {{ position }}. {{ item.name }}: <b>{{ item.price }}</b>
</p>
"""
BROKEN = """<h1>{{ title }}</h1>
<ul>
  {% for item in items %}
  <li>é {% frice item %}</li>
  {% endfor %}
</ul>
"""


class Tea:
    name = "Assam"

    @property
    def price(self) -> int:
        rates = {"EUR": 4}
        return rates["GBP"]


def checkout(request: HttpRequest) -> HttpResponse:
    prices = {"Sencha": 12, "Assam": 7}
    chosen = request.GET.get("tea", "Earl Grey")
    return HttpResponse(str(prices[chosen]))


def cart(request: HttpRequest) -> HttpResponse:
    return HttpResponse(loader.render_to_string("shop/cart.html", {"cart": {"items": [Tea()]}}, request))


def syntax(request: HttpRequest) -> HttpResponse:
    return HttpResponse(loader.render_to_string("shop/broken.html", {"title": "Teas"}, request))


def in_memory(request: HttpRequest) -> HttpResponse:
    return HttpResponse(loader.get_template("memory.html", using="memory").render({"tea": Tea()}))


def missing(request: HttpRequest) -> HttpResponse:
    return HttpResponse(loader.render_to_string(["shop/chekout.html"], {}, request))


def order(request: HttpRequest) -> HttpResponse:
    quantity = request.POST["quantity"]
    return HttpResponse(str(int(quantity)))


@sensitive_post_parameters("card")
@sensitive_variables("number", "owner")
def pay(request: HttpRequest) -> HttpResponse:
    number = request.POST["card"]
    owner = {"name": "Ada " + "".join(("Love", "lace"))}
    amount = 12
    charge(number, owner["name"], amount)
    return HttpResponse()


def charge(number: str, name: str, amount: int) -> None:
    raise ValueError(f"the card {number} of {name} was refused for {amount}")


@sensitive_variables()
async def pay_later(request: HttpRequest) -> HttpResponse:
    number = "4111-1111-1111-1111"
    await asyncio.sleep(0)
    raise RuntimeError(f"{number[:4]} not today")


async def later(request: HttpRequest) -> HttpResponse:
    stock = {"Sencha": 12}
    await asyncio.sleep(0)
    return HttpResponse(str(stock["Assam"]))


def database(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 AS one")
        cursor.execute("SELECT price FROM no_such_table WHERE tea = %s", ["Assam"])
    return HttpResponse()


def users(request: HttpRequest) -> HttpResponse:
    from django.contrib.auth.models import User

    everybody = User.objects.filter(is_active=True)
    ada = User(id=7, username="ada")
    raise LookupError(f"nobody of {type(everybody).__name__} is {ada.pk}")


def bytes_of_another_age(request: HttpRequest) -> HttpResponse:
    return HttpResponse("Tee für zwei: Königsberger Art".encode("latin-1").decode("utf-8"))


def bad(request: HttpRequest) -> HttpResponse:
    raise BadRequest("no such size of cup")


def suspicious(request: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation("a cup of nothing")


def stream(request: HttpRequest) -> StreamingHttpResponse:
    def lines() -> Iterator[bytes]:
        yield b"first\n"
        raise RuntimeError("the stream broke")

    return StreamingHttpResponse(lines())


def fine(request: HttpRequest) -> HttpResponse:
    return HttpResponse("fine")


class OwnFilter(SafeExceptionReporterFilter):
    """Hides also what contains tea."""

    cleansed_substitute = "(tea)"

    def cleanse_setting(self, key: str, value: Any) -> Any:
        return self.cleansed_substitute if "SHOP" in key else super().cleanse_setting(key, value)


class OwnReporter(ExceptionReporter):
    def get_traceback_html(self) -> str:
        return "<p>our own page</p>"


remembered: list[HttpResponse] = []


def believing(get_response: Any) -> Any:
    """Takes the client's address from a header, as many sites do."""

    def middleware(request: Any) -> Any:
        request.META["REMOTE_ADDR"] = request.META["HTTP_X_FORWARDED_FOR"]
        return get_response(request)

    return middleware


def remembering(get_response: Any) -> Any:
    """A middleware that remembers what passes."""

    def answer(request: HttpRequest) -> HttpResponse:
        remembered.append(get_response(request))
        return remembered[-1]

    return answer


urlpatterns = [
    re_path(r"^shop/(?P<shelf>\d+)/checkout/$", lambda request, shelf: checkout(request), name="shelf"),
    *(
        path(f"{view.__name__}/", view, name=view.__name__)
        for view in (
            checkout, cart, syntax, in_memory, missing, order, pay, pay_later, later, database, users,
            bytes_of_another_age, bad, suspicious, stream, fine,
        )
    ),
]  # fmt: skip


def configure(folder: Path) -> None:
    """Settings and templates in ``folder``; and `django.setup`."""
    templates = folder / "templates" / "shop"
    templates.mkdir(parents=True)
    for name, text in {"layout": LAYOUT, "cart": CART, "item": ITEM, "broken": BROKEN}.items():
        (templates / f"{name}.html").write_text(text, "utf-8")
    processors = ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth"]
    engine = "django.template.backends.django.DjangoTemplates"
    memory = ("django.template.loaders.locmem.Loader", {"memory.html": "<h1>Tea</h1>\n<p>{{ tea.price }}</p>\n"})
    settings.configure(
        DEBUG=True,
        SECRET_KEY="a-key-for-tests-only",
        ALLOWED_HOSTS=["127.0.0.1", "localhost"],
        ROOT_URLCONF=__name__,
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"],
        MIDDLEWARE=[
            "django.middleware.security.SecurityMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
        ],
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "shop.sqlite3")}},
        TEMPLATES=[
            {
                "BACKEND": engine,
                "NAME": "pages",
                "DIRS": [folder / "templates"],
                "APP_DIRS": True,
                "OPTIONS": {"context_processors": processors},
            },
            {"BACKEND": engine, "NAME": "memory", "OPTIONS": {"loaders": [memory]}},
        ],
        # The streams of pytest change from test to test: each test that looks at the log makes a handler of its own.
        LOGGING_CONFIG=None,
        PAYMENT_API_KEY="live-4242-payment",
        SHOP_NAME="Tea & Co.",
        USE_TZ=True,
    )
    django.setup()


# When it is imported, so before any test: other tests content themselves with the settings they find.
if not settings.configured:
    _folder = tempfile.TemporaryDirectory(prefix="debugkit-django-")
    atexit.register(_folder.cleanup)
    configure(Path(_folder.name))


@contextmanager
def debugged(**choices: Any) -> Iterator[DebuggedApplication]:
    """The site behind the debugger, with the hook installed."""
    from django.core.wsgi import get_wsgi_application

    from debugkit.django.hook import install

    app = DebuggedApplication(get_wsgi_application(), pin=PIN, **choices)
    undo = install(app)
    try:
        yield app
    finally:
        undo()
