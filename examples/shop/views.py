"""What the shop shows. Each view takes the request and returns a response, or fails as `failures.py` tells."""

import asyncio
import json
from pathlib import Path

import catalogue
import machines
import matcha as matcha_counter
import payments
import reports
import suppliers as supplier_list
from cart import Cart
from failures import GROUPS
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from prices import in_euros
from web import Response

templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
)
templates.filters["euros"] = in_euros


def page(template, **values):
    return Response(templates.get_template(template).render(values))


def plain(text):
    return Response(f"{text}\n", content_type="text/plain; charset=utf-8")


def front(request):
    return page("front.html", groups=GROUPS)


def hello(request):
    return page("hello.html", products=catalogue.all_products()[:2], session=request.session)


def show_cart(request):
    return page("cart.html", cart=request.session.cart)


def checkout(request):
    cart = request.session.cart
    return plain(f"To pay: {in_euros(cart.total())}")


def redeem_voucher(request):
    code = request.query.get("code", "WELCOME")
    return plain(in_euros(request.session.cart.total_with_voucher(code)))


def add_to_cart(request):
    product = catalogue.find_product(request.query["product"])
    count = request.query["count"]
    left = request.session.cart.add(product, count)
    return plain(f"{left} left")


def refund(request):
    for order in catalogue.orders(request.session.customer):
        remaining = order["paid"] - order["refunded"]
        assert remaining >= 0, f"order {order['number']} was refunded more than was paid"
    return plain("All refunds are right.")


def pay(request):
    payments.charge(request.session.customer, cents=3270)
    return plain("Thank you!")


def import_cart(request):
    form = request.form()
    request.session.cart = Cart.from_json(form["cart"])
    return show_cart(request)


def receipt(request):
    totals = []
    for order in catalogue.orders(request.session.customer):
        document = json.loads(order["receipt"])
        try:
            totals.append(document["total"])
        except KeyError:
            # An old receipt has no total: count its positions instead.
            totals.append(document["sum"] // len(document["positions"]))
    return plain(totals)


def product(request, slug):
    found = catalogue.find_product(slug)
    return plain(f"{found.title}: {in_euros(found.details['price'])}")


def delivery(request, slug):
    return page("product.html", product=catalogue.find_product(slug))


def category(request, slug):
    return plain(" > ".join(path_of(slug, catalogue.parents())))


def path_of(slug, parents):
    """The categories from the root to ``slug``."""
    parent = parents[slug]
    if parent is None:
        return [slug]
    return [*path_of(parent, parents), slug]


def suppliers(request):
    return plain(supplier_list.check_all())


def stock(request):
    names = request.query.get("products", "assam,kettle,jasmine").split(",")
    return plain(asyncio.run(supplier_list.look_up_stock(names)))


def live(request):
    return page("live.html")


def api_stock(request):
    wanted = request.query["product"]
    levels = {one.slug: one.stock for one in catalogue.all_products()}
    return Response(json.dumps({"stock": levels[wanted]}), content_type="application/json")


def api_order(request):
    order = request.json()
    count = int(order["count"])
    return Response(json.dumps({"ordered": count}), content_type="application/json")


def newsletter(request):
    return page("newsletter.html", products=catalogue.all_products())


def labels(request):
    from broken import print_labels

    return plain(print_labels(catalogue.orders(request.session.customer)))


def export(request):
    return Response(reports.export_rows(), content_type="text/csv; charset=utf-8")


def warehouse(request):
    return plain(reports.inventory(shelves=1000))


def parcel(request):
    box = machines.Parcel(4711)
    addresses = {number: f"Harbour Street {number % 100}" for number in range(4700, 4710)}
    return plain(machines.send(box, addresses))


def scale(request):
    return plain(machines.weigh(machines.Scale(seconds_to_settle=30), {"name": "Assam", "tare": 12}))


def till(request):
    drawer = machines.Till({"counted": 18_250, "expected": 18_740})
    return plain(machines.hand_out(drawer, coins=[200, 100, 50, 20, 10, 5, 2, 1, 0]))


def close_till(request):
    machines.Till({"counted": 18_250, "expected": 18_740}).close()
    return plain("Good night.")


def matcha(request):
    return plain(matcha_counter.preis("groß", 3))
