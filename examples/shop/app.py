"""A small tea shop that fails in every way the debugger is made for.

Start it with ``debugkit run examples/shop/app.py`` and follow the links of its front page.
"""

import mimetypes
from pathlib import Path

import views
from sessions import Sessions
from web import NotFound, Request, Response, Router

STATIC = Path(__file__).parent / "static"

sessions = Sessions()
router = Router(
    {
        "GET /": views.front,
        "GET /hello": views.hello,
        "GET /cart": views.show_cart,
        "GET /cart/checkout": views.checkout,
        "GET /cart/voucher": views.redeem_voucher,
        "GET /cart/add": views.add_to_cart,
        "GET /cart/refund": views.refund,
        "GET /cart/pay": views.pay,
        "POST /cart/import": views.import_cart,
        "GET /orders/receipt": views.receipt,
        "GET /products/<slug>": views.product,
        "GET /products/<slug>/delivery": views.delivery,
        "GET /categories/<slug>": views.category,
        "GET /suppliers": views.suppliers,
        "GET /stock": views.stock,
        "GET /live": views.live,
        "GET /api/stock": views.api_stock,
        "POST /api/orders": views.api_order,
        "GET /newsletter": views.newsletter,
        "GET /labels": views.labels,
        "GET /export.csv": views.export,
        "GET /warehouse": views.warehouse,
        "GET /parcel": views.parcel,
        "GET /scale": views.scale,
        "GET /till": views.till,
        "GET /till/close": views.close_till,
        "GET /抹茶": views.matcha,
    }
)


def app(environ, start_response):
    """The shop as a WSGI application (PEP 3333)."""
    request = Request(environ)
    if request.path.startswith("/static/"):
        response = static(request.path.removeprefix("/static/"))
    else:
        request.session = sessions.of(request.cookies)
        try:
            response = router.dispatch(request)
        except NotFound as error:
            response = Response(f"{error}\n", status="404 Not Found", content_type="text/plain; charset=utf-8")
        response.headers.append(("Set-Cookie", request.session.cookie))
    start_response(response.status, response.headers)
    return [] if request.method == "HEAD" else response.body


def static(name):
    path = STATIC / name
    if path.parent != STATIC or not path.is_file():
        return Response("There is no such file.\n", status="404 Not Found", content_type="text/plain; charset=utf-8")
    return Response(path.read_text("utf-8"), content_type=mimetypes.guess_type(name)[0] or "text/plain")
