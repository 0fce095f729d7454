"""Mistakes as people make them with Django, in a project of one module with a database in memory.

``python django_failures.py`` makes them all and prints the cause of each as JSON: settings are made once in a process.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django
from django import forms
from django.conf import settings
from django.db import connection
from django.http import QueryDict
from django.template import Context, Template, loader
from django.urls import reverse

from debugkit.debug.causes.engine import cause
from debugkit.debug.redaction.redactor import Redactor
from debugkit.debug.tracebacks.capture import capture
from debugkit.debug.values.describe import Describer
from debugkit.settings import Limits

FILES = {
    "shop/__init__.py": "",
    "shop/migrations/__init__.py": "",
    "shop/migrations/0001_initial.py": "",
    "shop/models.py": """
from django.db import models

class Customer(models.Model):
    name = models.CharField(max_length=20)

class Order(models.Model):
    code = models.CharField(max_length=20, unique=True)
    secret_code = models.CharField(max_length=20, unique=True, null=True)
    customer = models.ForeignKey(Customer, models.CASCADE)
""",
    "fresh/__init__.py": "",
    "fresh/models.py": "from django.db import models\nclass Tea(models.Model): pass\n",
    "templates/shop/index.html": "",
    "urls.py": """
from django.urls import include, path

def view(request, **arguments): ...

basket = ([path("basket/", view, name="basket")], "ns")
urlpatterns = [
    path("orders/<int:pk>/", view, name="order-detail"),
    path("orders/", view, name="order-list"),
    path("ns/", include(basket, namespace="ns")),
]
""",
}


class Form(forms.Form):
    name = forms.CharField()


def field_of_the_query() -> None:
    query = QueryDict("page=1&size=2")
    query["pagee"]


def null() -> None:
    from shop.models import Order

    Order.objects.create(code="A2")


def failures() -> dict[str, Callable[[], Any]]:
    from fresh.models import Tea
    from shop.models import Customer, Order

    def rename() -> None:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE shop_customer RENAME COLUMN name TO surname")
        list(Customer.objects.all())

    def make_tables() -> None:
        with connection.schema_editor() as editor:
            editor.create_model(Customer)
            editor.create_model(Order)
        for secret in ("hunter2", "hunter3"):
            customer = Customer.objects.create(name="Ann")
            Order.objects.create(code="A1", secret_code=secret, customer=customer)

    return {
        "table": lambda: list(Order.objects.all()),
        "table without migration": lambda: list(Tea.objects.all()),
        "twice": make_tables,
        "lookup": lambda: Order.objects.get(pk=42, code="B"),
        "secret lookup": lambda: Order.objects.get(secret_code="hunter4"),
        "many": lambda: Customer.objects.get(name="Ann"),
        "lookup without fields": lambda: Customer.objects.get(),
        "secret twice": lambda: Order.objects.create(
            code="A3", secret_code="hunter2", customer=Customer.objects.all()[0]
        ),
        "null": null,
        "keyword": lambda: Order.objects.filter(cod="A1"),
        "column": rename,
        "url": lambda: reverse("order-detial", args=[1]),
        "arguments": lambda: reverse("order-detail"),
        "no arguments": lambda: reverse("order-list", args=[1]),
        "namespace": lambda: reverse("ns:baskt"),
        "no such url": lambda: reverse("checkout"),
        "template": lambda: loader.get_template("shop/indx.html"),
        "no such template": lambda: loader.get_template("checkout/pay.html"),
        "filter": lambda: Template("{{ name|uper }}"),
        "tag of a library": lambda: Template("{% static 'shop.css' %}"),
        "tag": lambda: Template("{% iff name %}"),
        "variable": lambda: Template("{% for a in b|default:usr %}{% endfor %}").render(Context({"user": 1})),
        "setting": lambda: settings.SHOP_ADRESS,
        "form": lambda: Form({"name": "Ann"}).cleaned_data,
        "query": field_of_the_query,
        "refused": lambda: connection.cursor().execute("SELECT 1 +"),
    }


def causes(folder: Path) -> dict[str, str]:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    sys.path.insert(0, str(folder))
    settings.configure(
        DEBUG=True,
        SECRET_KEY="x",
        INSTALLED_APPS=["shop", "fresh"],
        ROOT_URLCONF="urls",
        SHOP_ADDRESS="1 High Street",
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [folder / "templates"]}],
    )
    django.setup()
    return {name: _cause(failing) for name, failing in failures().items()}


def _cause(failing: Callable[[], Any]) -> str:
    try:
        failing()
    except Exception as error:
        captured = capture(error)
        asked = len(connection.queries)
        sentence = cause(captured.exception, {}, Describer(Limits(), Redactor()))
        return sentence if len(connection.queries) == asked else "a query was sent"
    return "it raised nothing"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        print(json.dumps(causes(Path(temporary))))
