"""``manage.py runserver_plus`` whose terminal nobody reads: Django's loggers do not stop it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from django_support import write_project
from serving_support import Client
from unread_support import unread

if sys.platform == "win32":
    pytest.skip("pipes there are not files that select can wait for", allow_module_level=True)

#: Everything that Django says goes through a handler of the project's own.
ROOT_HANDLER = """
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"own": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["own"], "level": "INFO"},
    "loggers": {"django": {"handlers": []}, "django.server": {"handlers": [], "propagate": True}},
}
"""
COUNT = 300


@pytest.mark.parametrize("logging", ["", ROOT_HANDLER], ids=["Django's", "own"])
def test_requests_and_djangos_warnings_do_not_wait_for_a_reader(tmp_path: Path, logging: str) -> None:
    write_project(tmp_path, logging)
    command = ("manage.py", "runserver_plus", "127.0.0.1:0", "--noreload")
    with unread(tmp_path, *command) as (program, pipe, port), Client(port) as client:
        for number in range(COUNT):
            assert client.get(f"/?{number}{200 * 'x'}").status == 200
            assert client.get(f"/nothing{number}{200 * 'x'}").status == 404
        assert client.get("/fails/").status == 500
        assert client.get("/?last").status == 200
        lines: list[str] = []
        while not lines or '"GET /?last' not in lines[-1]:
            lines += pipe.lines(1)
        program.stop()
        assert lines.count("KeyError: 'black'") == 1
        for number in range(COUNT):
            assert sum(f'"GET /?{number}x' in line for line in lines) == 1
            assert sum(line.startswith("Not Found:") and f"/nothing{number}x" in line for line in lines) == 1
