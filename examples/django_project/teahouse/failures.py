"""The links of the front page: what fails, and how. The tests of the project read them too."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Failure:
    """One link. ``raises`` is the type of the exception on the debugger's page, empty when Django answers itself."""

    path: str
    title: str
    story: str
    raises: str = ""
    status: int = 500
    #: The fields of a POST; the front page shows a button for it instead of a link.
    form: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Group:
    title: str
    failures: tuple[Failure, ...]


GROUPS = (
    Group(
        "Views",
        (
            Failure(
                "/tastings/spring/invoice/", "Write the invoice", "An order of something without a price.", "KeyError"
            ),
            Failure("/tastings/next/", "Next tasting", "There is none, and nobody asked.", "AttributeError"),
            Failure(
                "/tastings/labels/", "Print labels", "A module that is imported late, and cannot be.", "ImportError"
            ),
            Failure("/tastings/kettles/", "Heat the kettles", "An async view; one of them is cold.", "TypeError"),
            Failure("/tastings/suppliers/", "Ask the suppliers", "Tasks that fail at the same time.", "ExceptionGroup"),
            Failure("/till/close/", "Close the till", "The view calls sys.exit().", "SystemExit"),
        ),
    ),
    Group(
        "The data base",
        (
            Failure("/tastings/prices/2019/", "Old prices", "A table that was never made.", "OperationalError"),
            Failure(
                "/tastings/spring/book/",
                "Book a seat",
                "Somebody sits there already.",
                "IntegrityError",
                form=(("seat", "3"), ("guest", "Ida")),
            ),
            Failure("/tastings/voucher/EARLGREY/", "Redeem a voucher", "Raised from DoesNotExist.", "VoucherError"),
        ),
    ),
    Group(
        "Templates",
        (
            Failure("/tastings/newsletter/", "Newsletter", "A tag in the wrong place.", "TemplateSyntaxError"),
            Failure("/tastings/cups/", "Count the cups", "A method of a model fails in a loop.", "ZeroDivisionError"),
            Failure("/tastings/autumn/", "Autumn", "None of its two templates exists.", "TemplateDoesNotExist"),
            Failure("/tastings/way/", "How to find us", "A template includes what is missing.", "TemplateDoesNotExist"),
        ),
    ),
    Group(
        "Forms and files",
        (
            Failure(
                "/guestbook/subscribe/",
                "Subscribe",
                "The form has another name for its field.",
                "MultiValueDictKeyError",
                form=(("email", "ida@example.org"), ("shop", "Tea & Co.")),
            ),
            Failure(
                "/guestbook/pay/",
                "Pay",
                "With a card number nobody should see.",
                "CardRefused",
                form=(("amount", "3270"), ("card_number", "4000-1234-5678-9010")),
            ),
            Failure("/guestbook/1998/", "Guests of 1998", "A list from before UTF-8.", "UnicodeDecodeError"),
        ),
    ),
    Group(
        "Around the views",
        (
            Failure("/?season=monsoon", "The monsoon menu", "A middleware does not know it.", "KeyError"),
            Failure("/tastings/seats/?count=many", "Ask for seats", "A bad request stays one.", "BadRequest", 400),
            Failure("/tastings/menu.csv", "The menu as CSV", "Fails when half of it is sent.", "TypeError", 200),
        ),
    ),
    Group(
        "Django's own answers",
        (
            Failure("/cellar/", "The cellar", "PermissionDenied is no mistake.", status=403),
            Failure("/tastings/tea/4711/", "A tea we never had", "Neither is Http404.", status=404),
        ),
    ),
    Group(
        "All is well",
        (
            Failure("/tastings/", "Tastings", "A page that works.", status=200),
            Failure("/guestbook/", "The guest book", "A form that works.", status=200),
            Failure("/guestbook/import/", "Import guests", "Takes a file, if it is in UTF-8.", status=200),
        ),
    ),
)
