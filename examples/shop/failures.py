"""The links of the front page: what fails, and how. The tests of the example read them too."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Failure:
    """One link. ``raises`` is the type of the exception, empty when all goes well."""

    path: str
    title: str
    story: str
    raises: str
    #: The body of a POST; the front page shows a button for it instead of a link.
    form: tuple[tuple[str, str], ...] = ()
    json: str = ""


@dataclass(frozen=True)
class Group:
    title: str
    failures: tuple[Failure, ...]


GROUPS = (
    Group(
        "The cart",
        (
            Failure("/cart/checkout", "Check out", "One item of the saved cart has no price.", "KeyError"),
            Failure(
                "/cart/add?product=assam&count=2", "Add two bags", "The number comes from the address.", "TypeError"
            ),
            Failure("/products/rooibos", "Show a product", "It is not sold any more.", "AttributeError"),
            Failure("/cart/refund", "Check refunds", "An order was refunded more than was paid.", "AssertionError"),
            Failure("/cart/pay", "Pay", "With a password and an API key nobody should see.", "PaymentError"),
            Failure("/抹茶", "Buy 抹茶", "Umlauts, 漢字 and an emoji on the failing line.", "TypeError"),
        ),
    ),
    Group(
        "One thing leads to another",
        (
            Failure("/cart/voucher?code=AUTUMN", "Redeem a voucher", "Raised from another exception.", "VoucherError"),
            Failure("/orders/receipt", "Old receipts", "The way around an error fails too.", "ZeroDivisionError"),
            Failure("/suppliers", "Ask all suppliers", "Several of them fail, by region.", "ExceptionGroup"),
            Failure("/stock", "Look up the stock", "Tasks that fail at the same time.", "ExceptionGroup"),
            Failure("/categories/gifts", "Show gifts", "The categories go round in a circle.", "RecursionError"),
        ),
    ),
    Group(
        "Not Python, or not quite",
        (
            Failure(
                "/products/kettle/delivery", "Delivery times", "A template includes one that fails.", "UndefinedError"
            ),
            Failure("/newsletter", "Newsletter", "A template with a mistake in it.", "TemplateSyntaxError"),
            Failure("/labels", "Print labels", "A module that was saved half-written.", "SyntaxError"),
        ),
    ),
    Group(
        "Sent, received",
        (
            Failure(
                "/cart/import",
                "Import a cart",
                "A form with JSON that is none.",
                "JSONDecodeError",
                form=(("cart", '[{"name": "Assam", "count": 2,}]'), ("shop", "Tea & Co.")),
            ),
            Failure(
                "/api/orders",
                "Order with fetch",
                "JSON with a word where a number belongs.",
                "ValueError",
                json='{"product": "assam", "count": "two"}',
            ),
            Failure(
                "/api/stock?product=jasmine", "Stock, as JSON", "An API that asks for what is not there.", "KeyError"
            ),
            Failure("/export.csv", "Export prices", "Fails when half of the file is sent.", "TypeError"),
        ),
    ),
    Group(
        "Hard to look at",
        (
            Failure("/warehouse", "Take stock", "A million numbers, a long text and a large dict.", "IndexError"),
            Failure("/parcel", "Track a parcel", "Its repr() raises.", "KeyError"),
            Failure("/scale", "Weigh tea", "Its repr() takes half a minute.", "TypeError"),
            Failure("/till", "Give change", "Its repr() ends the program.", "ZeroDivisionError"),
            Failure("/till/close", "Close the till", "The view itself calls sys.exit().", "SystemExit"),
        ),
    ),
    Group(
        "All is well",
        (
            Failure("/hello", "Today's tea", "A page that works.", ""),
            Failure("/live", "Live stock", "A page that works, with a script whose request fails.", ""),
        ),
    ),
)
