"""Requests over HTTP, and one who asks all the while."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from typing import Self

HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
TIMEOUT = 30.0
#: Seconds between two requests: one who leaves the server no time would be measured too.
PAUSE = 0.002

Failures = (OSError, http.client.HTTPException)


class Browser:
    """Keeps its connection where the server does, as browsers do, and connects anew where not."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
        self.headers = {"Accept": HTML, "Host": f"127.0.0.1:{port}"}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._connection.close()

    def __call__(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
        kept = self._connection.sock is not None
        try:
            return self._send(path, method, body, headers)
        except (ConnectionError, http.client.RemoteDisconnected):
            self._connection.close()
            if not kept:
                raise
        return self._send(path, method, body, headers)  # the server closed it without a word (RFC 9112, 9.3.1)

    def _send(self, path: str, method: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        self._connection.request(method, path, body, self.headers | headers)
        return Answer(self._connection.getresponse())


class Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()


def ask(port: int, path: str = "/") -> str:
    """The text of an answer on a connection of its own. Raises one of `Failures`, also for a status that is not 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    if response.status != 200:
        raise http.client.HTTPException(f"status {response.status}")
    return body.decode()


def answers(port: int) -> bool:
    try:
        ask(port)
    except Failures:
        return False
    return True


class Asker(threading.Thread):
    """Asks one request after the other; keeps the moment of each new text, and counts what went wrong."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._closing = False
        self._grown = threading.Condition()
        self._first: dict[str, float] = {}
        self._last = ""
        self.failures: Counter[str] = Counter()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._closing = True
        self.join()

    def run(self) -> None:
        while not self._closing:
            try:
                text = ask(self._port)
            except Failures as error:
                self.failures[type(error).__name__] += 1
            else:
                self._keep(text)
            time.sleep(PAUSE)

    def _keep(self, text: str) -> None:
        with self._grown:
            if text != self._last and text in self._first:
                self.failures["answer of the old code"] += 1
            self._first.setdefault(text, time.perf_counter())
            self._last = text
            self._grown.notify_all()

    def wait_for(self, text: str, timeout: float) -> float | None:
        """The moment of the first answer with ``text``; `None` when it does not come in time."""
        with self._grown:
            self._grown.wait_for(lambda: text in self._first, timeout)
            return self._first.get(text)

    def wait_for_part(self, text: str, timeout: float) -> bool:
        """Whether an answer that has ``text`` in it comes in time."""
        with self._grown:
            return self._grown.wait_for(lambda: text in self._last, timeout)
