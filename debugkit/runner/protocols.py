"""Which protocol an application speaks, and why it cannot be served when it speaks none. Calls no application."""

from __future__ import annotations

from typing import Any, Literal

from debugkit.debug import wsgi_applications
from debugkit.debug.safe import inspection

Protocol = Literal["wsgi", "asgi"]

#: Applications that look like others, by module and name, and what to do with them.
SERVED_ELSEWHERE = {
    "aiohttp.web_app.Application": "an application of aiohttp, which has a server of its own and neither WSGI nor "
    "ASGI: run it with aiohttp.web.run_app.",
    "quart_trio.app.QuartTrio": "an application for trio, and debugkit serves in the event loop of asyncio: put it "
    "into debugkit.DebuggedASGIApplication, and serve that with hypercorn --worker-class trio.",
}


def protocol_of(application: Any) -> Protocol:
    """WSGI also where that cannot be determined: nothing that works is refused."""
    is_asgi = wsgi_applications.refusal(application) and not wsgi_applications.asgi_refusal(application)
    return "asgi" if is_asgi else "wsgi"


def refusal(application: Any) -> str:
    """Why something can be served by neither protocol, to follow its name in a sentence; "" when it can."""
    for base in inspection.mro(type(application)):
        if name := SERVED_ELSEWHERE.get(inspection.qualified_name(base)):
            return f"is {name}"
    no_wsgi, no_asgi = wsgi_applications.refusal(application), wsgi_applications.asgi_refusal(application)
    if not (no_wsgi and no_asgi):
        return ""
    return no_asgi if "ASGI 2" in no_asgi else no_wsgi
