"""A Django project of one file that lets its errors through. Knows no test."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.loader import render_to_string
from django.urls import path

from debugkit import DebuggedApplication

TEMPLATES = {"shelf.html": "<h1>Tea</h1>\n<p>{{ tea.price }}</p>\n"}

settings.configure(
    DEBUG=False,
    # Without it Django answers errors itself, and nobody outside hears of them.
    DEBUG_PROPAGATE_EXCEPTIONS=True,
    SECRET_KEY="for tests only",
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {"loaders": [("django.template.loaders.locmem.Loader", TEMPLATES)]},
        }
    ],
    USE_TZ=True,
)


class Tea:
    @property
    def price(self) -> int:
        raise RuntimeError("the price list is closed")


def view(request: HttpRequest) -> HttpResponse:
    prices = {"Sencha": 12}
    return HttpResponse(str(prices[request.GET["tea"]]))


def form(request: HttpRequest) -> HttpResponse:
    raise ValueError(f"{request.POST['cups']} cups are too many")


def template(request: HttpRequest) -> HttpResponse:
    return HttpResponse(render_to_string("shelf.html", {"tea": Tea()}))


def missing(request: HttpRequest) -> HttpResponse:
    raise Http404


def stream(request: HttpRequest) -> StreamingHttpResponse:
    def lines() -> Any:
        yield f"{request.path}\n".encode()
        raise RuntimeError("the stream broke")

    return StreamingHttpResponse(lines())


urlpatterns = [
    path("view", view),
    path("form", form),
    path("template", template),
    path("missing", missing),
    path("stream", stream),
]
application = DebuggedApplication(get_wsgi_application())
