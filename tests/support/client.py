"""A client for WSGI applications in the same process: every call is checked by `wsgiref.validate` from outside."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    errors: str = ""
    #: What broke off the body, when it was not sent to its end.
    broken: BaseException | None = None

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.body.splitlines() if line]

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass
class Client:
    """Calls ``app`` as a server on 127.0.0.1 would, and keeps the cookies of the debugger."""

    app: Callable[..., Iterable[bytes]]
    environ: dict[str, Any] = field(default_factory=dict)
    cookie: str = ""
    #: The other half of the session, for what runs code.
    key: str = ""
    validate: bool = True

    def __call__(self, path: str, method: str = "GET", *, body: bytes = b"", **more: Any) -> Answer:
        environ = self._environ(path, method, body, more)
        log = environ["wsgi.errors"]
        started: list[tuple[str, list[tuple[str, str]]]] = []
        written: list[bytes] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            if exc_info and any(written):
                raise exc_info[1].with_traceback(exc_info[2])
            started.append((status, headers))
            return written.append

        app = validator(self.app) if self.validate else self.app
        broken: BaseException | None = None
        result = app(environ, start_response)
        try:
            for chunk in result:
                written.append(chunk)
        except Exception as error:
            broken = error
        finally:
            close = getattr(result, "close", None)
            if close:
                close()
        status, headers = started[-1]
        self._keep(headers)
        return Answer(
            int(status.split()[0]),
            headers,
            b"".join(written),
            log.getvalue() if isinstance(log, io.StringIO) else "",
            broken,
        )

    def _environ(self, path: str, method: str, body: bytes, more: dict[str, Any]) -> dict[str, Any]:
        name, _, query = path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": name,
            "QUERY_STRING": query,
        }
        setup_testing_defaults(environ)
        environ |= {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost:8000", "SERVER_PORT": "8000"}
        environ |= {"wsgi.input": io.BytesIO(body), "wsgi.errors": io.StringIO(), "HTTP_ACCEPT": CHROME}
        if body or method == "POST":
            environ["CONTENT_LENGTH"] = str(len(body))
            environ["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
        if self.cookie:
            environ["HTTP_COOKIE"] = self.cookie
        return environ | self.environ | more

    def _keep(self, headers: list[tuple[str, str]]) -> None:
        for name, value in headers:
            if name.lower() == "set-cookie":
                self.cookie = value.partition(";")[0]

    def post(self, path: str, data: object = None, **more: Any) -> Answer:
        """A request as the page's own script makes it."""
        key = self.key if path.endswith(("/evaluate", "/interrupt", "/replay")) or "/results/" in path else ""
        headers = {
            "CONTENT_TYPE": "application/json",
            "HTTP_X_DEBUGKIT": key or "1",
            "HTTP_ORIGIN": "http://localhost:8000",
        }
        return self(path, "POST", body=json.dumps(data or {}).encode(), **(headers | more))

    def unlock(self, pin: str | None) -> Answer:
        answer = self.post("/__debugkit__/unlock", {"pin": pin})
        if answer.status == 200:
            self.key = answer.json["key"]
        return answer
