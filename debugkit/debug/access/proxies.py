"""What a proxy says of the way to it, and what to change in one that says too little.

Any client can write these headers: nobody is trusted for them, and no link in the terminal is made of them.
"""

from __future__ import annotations

import re

from debugkit.debug.messages import Request

#: A path as in a URL (RFC 3986, 3.3) without empty and dot segments: nothing that could lead to another host.
_PREFIX = re.compile(r"(?:/(?!\.{1,2}(?:/|$))(?:[A-Za-z0-9._~!$&'()*+=:@-]|%[0-9A-Fa-f]{2})+)+")
_LONGEST_PREFIX = 256
#: How proxies are told to pass on the Host of the browser.
_LINES = (
    "`proxy_set_header Host $http_host;` in nginx (with uwsgi_pass: `uwsgi_param HTTP_HOST $http_host;`), "
    "`changeOrigin: false` in Vite and webpack"
)
OTHER_SITE = "This request comes from a page of another site. Open the debugger's own page and try again there."


def public_root(request: Request) -> str:
    """SCRIPT_NAME as the browser sees it: a proxy that takes off a part of the path says so in X-Forwarded-Prefix.

    Only links may be made of it.
    """
    prefix = request.headers.get("x-forwarded-prefix", "").strip().rstrip("/")
    if len(prefix) > _LONGEST_PREFIX or not _PREFIX.fullmatch(prefix):
        return request.root
    # Middleware may have put it into SCRIPT_NAME already (Werkzeug's ProxyFix does).
    return request.root if f"{request.root}/".startswith(f"{prefix}/") else f"{prefix}{request.root}"


def forwarded_ports(request: Request) -> tuple[str, ...]:
    """The ports at which proxies were reached, for hosts that they name without one."""
    ports = (port.strip() for port in request.headers.get("x-forwarded-port", "").split(","))
    return tuple(port for port in ports if re.fullmatch("[0-9]{1,5}", port))


def origin_advice(request: Request, authority: str) -> str:
    """Why the page at ``authority``, an origin's host and port, is not taken for the debugger's own, and what to do."""
    advice = f"The browser is at {authority}, the proxy says {request.host}: set {_LINES}."
    if request.headers.get("sec-fetch-site") == "same-origin":
        return advice
    # Browsers leave it out over plain HTTP (Fetch Metadata, 2): it may be either.
    return f"{OTHER_SITE} Or, if that is this page, change the proxy in between. {advice}"
