"""Just enough of a web framework for one shop: requests, responses, and a router."""

import json
import re
from http.cookies import SimpleCookie
from urllib.parse import parse_qs


class NotFound(Exception):
    """No route has this path."""


class Request:
    """A request, read from a WSGI environ when somebody asks."""

    def __init__(self, environ):
        self.environ = environ
        self.method = environ["REQUEST_METHOD"]
        self.path = environ.get("PATH_INFO", "/").encode("latin-1").decode("utf-8", "replace")
        self.query = {name: values[-1] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
        self.cookies = {name: one.value for name, one in SimpleCookie(environ.get("HTTP_COOKIE", "")).items()}
        self.session = None

    def body(self):
        return self.environ["wsgi.input"].read(int(self.environ.get("CONTENT_LENGTH") or 0))

    def form(self):
        return {name: values[-1] for name, values in parse_qs(self.body().decode(), keep_blank_values=True).items()}

    def json(self):
        return json.loads(self.body())


class Response:
    """An answer. ``body`` is text, or an iterable of bytes that is sent as it comes."""

    def __init__(self, body, status="200 OK", content_type="text/html; charset=utf-8"):
        self.status = status
        self.headers = [("Content-Type", content_type)]
        self.body = [body.encode()] if isinstance(body, str) else body


class Router:
    """Finds the view for a request. ``<name>`` in a pattern stands for one part of the path."""

    def __init__(self, routes):
        self.routes = []
        for pattern, view in routes.items():
            method, path = pattern.split(" ", 1)
            self.routes.append((method, re.compile(re.sub(r"<(\w+)>", r"(?P<\1>[^/]+)", path)), view))

    def dispatch(self, request):
        # HEAD is answered like GET, without the body (RFC 9110, 9.3.2).
        asked = "GET" if request.method == "HEAD" else request.method
        for method, pattern, view in self.routes:
            match = pattern.fullmatch(request.path)
            if match and method == asked:
                return view(request, **match.groupdict())
        raise NotFound(f"Nothing answers {request.method} {request.path}.")
