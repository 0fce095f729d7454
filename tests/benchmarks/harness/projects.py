"""What the servers serve. Each project is a folder with ``app.py``, whose ``app`` answers its texts in plain text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

#: What a project can be served as.
Protocol = Literal["wsgi", "asgi", "flask", "django", "fastapi"]
Files = dict[str, str]


@dataclass(frozen=True)
class Project:
    name: str
    #: Its files by protocol. ``TEXT`` stands for what is saved.
    files: Mapping[Protocol, Callable[[], Files]]
    #: Which file is saved, by what that shows. Nothing may be imported by the name of another.
    saved: Mapping[str, str] = field(default_factory=lambda: {"": "app.py"})
    needs: tuple[str, ...] = ()
    #: Made with a framework that has a server of its own.
    framework: bool = False

    def write(self, protocol: Protocol, folder: Path) -> None:
        for name, source in self.files[protocol]().items():
            save(folder / name, source.replace("TEXT", "first"))


def save(path: Path, source: str) -> None:
    """As editors do that rename: the file is never there by half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".#{path.name}")
    draft.write_text(source)
    draft.rename(path)


WSGI = """
text = b"TEXT"
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
    return [text]
"""
ASGI = """
text = b"TEXT"
async def app(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(text))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": text})
"""
FLASK = """
from flask import Flask
from models import engine
app = Flask(__name__)

@app.route("/")
def index():
    return "TEXT"
"""
MODELS = """
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_engine("sqlite://")

class Base(DeclarativeBase):
    pass

class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
"""
FASTAPI = """
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel
app = FastAPI()

class Item(BaseModel):
    name: str
    count: int = 1

@app.post("/items")
async def add(item: Item) -> Item:
    return item

@app.get("/", response_class=PlainTextResponse)
async def index():
    return "TEXT"
"""
MANAGE = """
import os, sys
from django.core.management import execute_from_command_line
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
if __name__ == "__main__":
    execute_from_command_line(sys.argv)
"""
SETTINGS = """
import os
from pathlib import Path
DEBUG = True
SECRET_KEY = "x"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "urls"
INSTALLED_APPS = [
    "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
    "django.contrib.messages", "django.contrib.staticfiles", *os.environ.get("BENCHMARK_APPS", "").split(),
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware", "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
    "OPTIONS": {"context_processors": ["django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth", "django.contrib.messages.context_processors.messages"]},
}]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": Path(__file__).parent / "db.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "static/"
USE_TZ = True
WSGI_APPLICATION = "wsgi.application"
LOGGING = {"version": 1, "disable_existing_loggers": True}
"""
URLS = """
from django.contrib import admin
from django.urls import path
import views
fail = getattr(views, "fail", views.index)
urlpatterns = [path("admin/", admin.site.urls), path("", views.index), path("fail", fail)]
"""
VIEWS = """
from django.http import HttpResponse

def index(request):
    return HttpResponse("TEXT", content_type="text/plain")
"""
DJANGO_WSGI = """
import os
from django.core.wsgi import get_wsgi_application
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
application = get_wsgi_application()
"""


def django(views: str = VIEWS) -> Files:
    own = {"manage.py": MANAGE, "settings.py": SETTINGS, "urls.py": URLS, "views.py": views, "wsgi.py": DJANGO_WSGI}
    return {**own, "app.py": "from wsgi import application as app\n"}


#: What many applications import, and never change.
HEAVY = "import pandas, sqlalchemy, django\n"

#: One of the modules of a project: what people write, of ordinary size.
MODULE = '''
"""Orders of kind {number}: how they are made, priced and shown."""
from __future__ import annotations
import re
from dataclasses import dataclass, field
{imports}
PATTERN = re.compile(r"order-{number}-(\\d+)")

@dataclass
class Order{number}:
    name: str
    count: int = 1
    notes: list[str] = field(default_factory=list)

    @property
    def price(self) -> int:
        return self.count * {number}

    def shown(self) -> str:
        return f"{{self.name}}: {{self.price}}"

class Orders{number}:
    def __init__(self) -> None:
        self.orders: list[Order{number}] = []

    def add(self, name: str, count: int = 1) -> Order{number}:
        order = Order{number}(name, count)
        self.orders.append(order)
        return order

    def total(self) -> int:
        return sum(order.price for order in self.orders)

def number_of(text: str) -> int | None:
    match = PATTERN.search(text)
    return int(match[1]) if match else None
'''
COUNT = 200
LEAF = COUNT - 1


def modules(app: str) -> Files:
    """A package of ``COUNT`` modules, each but the first of which imports another, and a program that imports all."""
    names = [f"orders{number:03}" for number in range(COUNT)]
    files = {"shop/__init__.py": ""}
    for number, name in enumerate(names):
        imports = f"from shop import orders{number // 2:03}" if number else ""
        files[f"shop/{name}.py"] = MODULE.format(number=number, imports=imports)
    files[f"shop/{names[LEAF]}.py"] += 'text = b"TEXT"\n'
    text = 'text = b"TEXT"'
    files["app.py"] = f"from shop import {', '.join(names)}\n" + app.replace(
        text, f'{text} + b" " + {names[LEAF]}.text', 1
    )
    return files


TINY = Project("tiny", {"wsgi": lambda: {"app.py": WSGI}, "asgi": lambda: {"app.py": ASGI}})
HEAVY_ONE = Project(
    "heavy: pandas, SQLAlchemy, Django",
    {"wsgi": lambda: {"app.py": HEAVY + WSGI}, "asgi": lambda: {"app.py": HEAVY + ASGI}},
    needs=("pandas", "sqlalchemy", "django"),
)
MODULES = Project(
    f"{COUNT} own modules",
    {"wsgi": lambda: modules(WSGI), "asgi": lambda: modules(ASGI)},
    {"the program saved": "app.py", "one of them saved": f"shop/orders{LEAF:03}.py"},
)
FLASK_ONE = Project(
    "Flask with SQLAlchemy",
    {"flask": lambda: {"app.py": FLASK, "models.py": MODELS}, "wsgi": lambda: {"app.py": FLASK, "models.py": MODELS}},
    needs=("flask", "sqlalchemy"),
    framework=True,
)
DJANGO_ONE = Project(
    "Django with its admin",
    {"django": django, "wsgi": django},
    {"": "views.py"},
    ("django", "sqlparse"),
    framework=True,
)
FASTAPI_ONE = Project("FastAPI", {"asgi": lambda: {"app.py": FASTAPI}}, needs=("fastapi",))
PROJECTS = (TINY, HEAVY_ONE, MODULES, FLASK_ONE, DJANGO_ONE, FASTAPI_ONE)

# One that fails. It answers "/", and fails at "/fail", five frames deep, with a megabyte among its values.

DEEP = """
def total(items):
    return sum(price(item) for item in items)

def price(item):
    return item["price"] * item["count"]

def checkout(items):
    held = bytearray(1_000_000)
    return total(items)

def fail(*_):
    return checkout([{"name": "Tea", "count": 3}])
"""
FAILING_WSGI = (
    DEEP
    + """
def app(environ, start_response):
    if environ["PATH_INFO"] == "/fail":
        fail()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"TEXT"]
"""
)
FAILING_FLASK = (
    f"from flask import Flask\n{DEEP}"
    + """
app = Flask(__name__)
app.config["PROPAGATE_EXCEPTIONS"] = True  # as Flask does in debug mode
app.add_url_rule("/", "index", lambda: "TEXT")
app.add_url_rule("/fail", "fail", fail)
"""
)
FAILING_FASTAPI = (
    f"from fastapi import FastAPI\n{DEEP}"
    + """
app = FastAPI(debug=True)

@app.get("/")
async def index():
    return "TEXT"

@app.get("/fail")
async def failing():
    return fail()
"""
)
FAILING = (
    Project("WSGI", {"wsgi": lambda: {"app.py": FAILING_WSGI}}),
    Project(
        "Flask", {"flask": lambda: {"app.py": FAILING_FLASK}, "wsgi": lambda: {"app.py": FAILING_FLASK}}, framework=True
    ),
    Project(
        "Django", {"django": lambda: django(VIEWS + DEEP)}, {"": "views.py"}, ("django", "sqlparse"), framework=True
    ),
    Project("FastAPI", {"asgi": lambda: {"app.py": FAILING_FASTAPI}}, needs=("fastapi",)),
)
