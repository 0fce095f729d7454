"""Imported where there is time, for the sake of the first error: it makes the page of an error that nobody sees.

What that needs is loaded, compiled and kept: templates, a lexer, patterns. A worker imports it when it has nothing to
do yet, and the process that the next ones are forked from does because that worker did: it can import, and no more.
"""

from __future__ import annotations

from types import MappingProxyType

from debugkit.debug.access.viewer import Level, Viewer
from debugkit.debug.frameworks.known import PACKAGES
from debugkit.debug.page import assets, rendering
from debugkit.debug.page.builder import PageBuilder
from debugkit.debug.redaction.redactor import Redactor
from debugkit.debug.registry import Registry
from debugkit.debug.request_snapshot import RequestSnapshot
from debugkit.debug.tracebacks.capture import capture
from debugkit.debug.tracebacks.libraries import file_of_module, library_of
from debugkit.debug.values.describe import Describer
from debugkit.settings import Settings

#: What the frameworks that are known stand on, and what stands on them: their files lie between us and an error, too.
BESIDE = ("werkzeug", "fastapi", "asgiref")


def look_up_libraries() -> None:
    """Who has made what is loaded of frameworks: the metadata of some is long."""
    for package in (*PACKAGES, *BESIDE):
        library_of(file_of_module(package))


def rehearse() -> bytes:
    """The page of a small error of our own, for a developer without a PIN."""
    settings = Settings()
    request = RequestSnapshot("GET", "/", "", MappingProxyType({"wsgi.url_scheme": "http"}))
    try:
        item = {"name": "Tea"}
        item["nmae"]
    except KeyError as error:
        entry = Registry(settings.limits).add(capture(error), request=request)
    with Describer(settings.limits, Redactor(), remembered=entry.remembered) as describer:
        viewer = Viewer(Level.RUNNER, local=True)
        builder = PageBuilder(entry, viewer, describer, settings, static_url=assets.static_key())
        return rendering.html("traceback.html", builder.page())


look_up_libraries()
rehearse()
