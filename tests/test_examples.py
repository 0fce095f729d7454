"""The examples do what they say: every link of the shop fails as it is labelled, and all of them start."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from client import Client as WSGIClient
from serving_support import Client, Program, Reply, request

from debugkit.runner.target import load, parse

EXAMPLES = Path(__file__).parent.parent / "examples"
SHOP = EXAMPLES / "shop"


@contextmanager
def shop_modules() -> Iterator[None]:
    """The shop's modules can be imported here. They have common names, and leave afterwards."""
    path, modules = list(sys.path), set(sys.modules)
    sys.path.insert(0, str(SHOP))
    try:
        yield
    finally:
        sys.path[:] = path
        for name in set(sys.modules) - modules:
            module = sys.modules[name]
            if str(SHOP) in str(getattr(module, "__file__", "")):
                del sys.modules[name]
                if name == "catalogue":
                    module.database.close()


with shop_modules():
    import failures

FAILURES = [failure for group in failures.GROUPS for failure in group.failures]


@pytest.fixture(scope="module")
def shop() -> Iterator[Any]:
    """The shop's application."""
    with shop_modules():
        yield load(parse(str(SHOP / "app.py")))


def environ(failure: Any) -> dict[str, Any]:
    path, _, query = failure.path.partition("?")
    body = (failure.json or urlencode(failure.form)).encode()
    return {
        "REQUEST_METHOD": "POST" if body else "GET",
        "PATH_INFO": path.encode().decode("latin-1"),
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }


def visit(shop: Any, failure: Any) -> tuple[str, bytes]:
    """Status and body."""
    statuses: list[str] = []
    body = b"".join(shop(environ(failure), lambda status, headers: statuses.append(status)))
    return statuses[0], body


def visit_path(shop: Any, path: str) -> str:
    status, body = visit(shop, failures.Failure(path, "", "", ""))
    assert status == "200 OK"
    return body.decode()


@pytest.mark.parametrize("failure", [one for one in FAILURES if one.raises], ids=lambda failure: failure.title)
def test_every_link_fails_as_it_is_labelled(shop: Any, failure: Any) -> None:
    with pytest.raises(BaseException) as caught:
        visit(shop, failure)
    assert type(caught.value).__name__ == failure.raises


@pytest.mark.parametrize("failure", [one for one in FAILURES if not one.raises], ids=lambda failure: failure.title)
def test_what_works_works(shop: Any, failure: Any) -> None:
    assert visit(shop, failure)[0] == "200 OK"


def raised(shop: Any, title: str) -> BaseException:
    (failure,) = [one for one in FAILURES if one.title == title]
    with pytest.raises(BaseException) as caught:
        visit(shop, failure)
    return caught.value


def depth(error: BaseException, name: str) -> int:
    count, trace = 0, error.__traceback__
    while trace is not None:
        count += trace.tb_frame.f_code.co_name == name
        trace = trace.tb_next
    return count


def test_the_voucher_has_a_cause_and_the_receipt_a_context(shop: Any) -> None:
    assert isinstance(raised(shop, "Redeem a voucher").__cause__, ValueError)
    receipt = raised(shop, "Old receipts")
    assert receipt.__cause__ is None
    assert isinstance(receipt.__context__, KeyError)


def test_the_suppliers_fail_by_region_and_say_who_they_are(shop: Any) -> None:
    group = raised(shop, "Ask all suppliers")
    assert isinstance(group, ExceptionGroup)
    members = {region.message: [type(one).__name__ for one in region.exceptions] for region in group.exceptions}  # type: ignore[attr-defined]
    assert members == {
        "Suppliers in India": ["TypeError"],
        "Suppliers in Japan": ["SupplierError", "AttributeError"],
        "Suppliers in Taiwan": ["JSONDecodeError"],
    }
    _, japan, _ = group.exceptions
    assert japan.exceptions[0].__notes__ == ["Supplier: Uji Tea House, Japan"]  # type: ignore[attr-defined]


def test_two_of_the_tasks_fail(shop: Any) -> None:
    group = raised(shop, "Look up the stock")
    assert sorted(type(one).__name__ for one in group.exceptions) == ["AttributeError", "KeyError"]  # type: ignore[attr-defined]


def test_the_categories_recurse_hundreds_of_times(shop: Any) -> None:
    assert depth(raised(shop, "Show gifts"), "path_of") > 900


def test_the_checkout_fails_three_calls_below_the_view(shop: Any) -> None:
    error = raised(shop, "Check out")
    assert str(error) == "'price'"
    assert depth(error, "checkout") == depth(error, "total") == depth(error, "price_of") == 1


def test_the_export_fails_after_some_lines_were_sent(shop: Any) -> None:
    (failure,) = [one for one in FAILURES if one.title == "Export prices"]
    sent: list[bytes] = []
    with pytest.raises(TypeError):
        for line in shop(environ(failure), lambda status, headers: None):
            sent.append(line)
    assert len(sent) > 2


def test_the_template_that_fails_is_included_by_another(shop: Any) -> None:
    error = raised(shop, "Delivery times")
    names = []
    trace = error.__traceback__
    while trace is not None:
        names.append(Path(trace.tb_frame.f_code.co_filename).name)
        trace = trace.tb_next
    assert names.index("product.html") < names.index("_delivery.html")


def test_the_front_page_links_to_everything_and_everything_on_it_is_known(shop: Any) -> None:
    page = visit_path(shop, "/")
    for failure in FAILURES:
        assert failure.title.replace("'", "&#39;") in page
        assert failure.path.replace("&", "&amp;") in page
        assert failure.story.replace("'", "&#39;") in page


def test_the_cart_shows_what_is_in_it(shop: Any) -> None:
    assert "Gift wrapping" in visit_path(shop, "/cart")


def test_what_is_not_there_is_a_404(shop: Any) -> None:
    for path in ("/nothing", "/static/nothing.css", "/static/../app.py", "/static/"):
        assert visit(shop, failures.Failure(path, "", "", ""))[0] == "404 Not Found"


def test_head_is_answered_like_get_without_a_body(shop: Any) -> None:
    for path, status in (("/", 200), ("/static/shop.css", 200), ("/nothing", 404)):
        answer = WSGIClient(shop)(path, "HEAD")
        assert (answer.status, answer.body) == (status, b"")


def test_a_session_is_kept_by_its_cookie_and_the_oldest_forgotten() -> None:
    with shop_modules():
        import sessions

        some = sessions.Sessions(limit=2)
        first = some.of({})
        assert some.of({"shop_session": first.key}) is first
        second, third = some.of({}), some.of({"shop_session": "stale"})
        assert len({first.key, second.key, third.key}) == 3
        assert some.of({"shop_session": first.key}) is not first


def test_the_shop_runs_from_a_checkout_with_the_command_in_its_first_line() -> None:
    with Program("run", "examples/shop/app.py", "--no-debugger", "--port", "0") as process:
        with Client(process.port()) as client:
            page = client.get("/")
            assert (page.status, page.header("Content-Type")) == (200, "text/html; charset=utf-8")
            assert b"Nothing works here." in page.body
            for name, kind in (("shop.css", "text/css"), ("shop.js", "text/javascript"), ("leaf.svg", "image/svg+xml")):
                asset = client.get(f"/static/{name}")
                assert (asset.status, asset.header("Content-Type")) == (200, kind)
            assert client.get(quote("/抹茶")).status == 500
            post = request("POST /api/orders HTTP/1.1", "Content-Length: 14", body=b'{"count": "7"}')
            assert client.send(post).reply().body == b'{"ordered": 7}'


def send(client: Client, failure: Any) -> Reply:
    path, mark, query = failure.path.partition("?")
    body = (failure.json or urlencode(failure.form)).encode()
    kind = "application/json" if failure.json else "application/x-www-form-urlencoded"
    headers = ["Accept: text/html", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    line = f"{'POST' if body else 'GET'} {quote(path)}{mark}{query} HTTP/1.1"
    return client.send(request(line, *headers, body=body)).reply()


@pytest.mark.parametrize("debugger", ["--no-debugger", "--no-evalex"])
def test_all_failures_are_500_over_http_and_the_export_breaks_off(debugger: str) -> None:
    with Program("run", "examples/shop/app.py", debugger, "--port", "0") as process:
        port = process.port()
        with Client(port) as client:
            for failure in FAILURES:
                if failure.path == "/export.csv":
                    continue
                reply = send(client, failure)
                assert (failure.title, reply.status) == (failure.title, 500 if failure.raises else 200)
                has_page = reply.header("X-Debugkit-Traceback") is not None
                assert has_page is (bool(failure.raises) and debugger != "--no-debugger")
                assert (failure.raises.encode() in reply.body) is has_page or not failure.raises
        with Client(port) as client:
            reply = client.get("/export.csv")
            assert (reply.status, reply.complete) == (200, False)
            assert reply.body.startswith(b"product,price\r\n")


def test_the_page_of_the_payment_shows_what_matters_and_no_secret() -> None:
    (payment,) = [failure for failure in FAILURES if failure.path == "/cart/pay"]
    with Program("run", "examples/shop/app.py", "--port", "0") as process, Client(process.port()) as client:
        page = send(client, payment).body
    assert b"3270" in page
    assert b"sk_live_" not in page
    assert b"tea-7-pot" not in page


@pytest.mark.filterwarnings("ignore")  # CherryPy and Bottle warn, which is theirs
@pytest.mark.parametrize("framework", ["bottle", "cherrypy", "falcon", "flask", "pyramid"])
def test_the_example_of_each_framework_works_and_fails_with_a_page(framework: str) -> None:
    application = load(parse(str(EXAMPLES / f"{framework}_app.py")))
    client = WSGIClient(application, validate=False)

    assert "share?people=0" in client("/").text
    assert client("/share?people=3").text == "Everybody gets 4 pieces."
    failed = client("/share?people=0")
    assert (failed.status, "<title>ZeroDivisionError" in failed.text) == (500, True)
    assert failed.header("X-Debugkit-Traceback") is not None


@pytest.mark.parametrize("command", [("run",), ()], ids=["command line", "script"])
@pytest.mark.parametrize(
    ("name", "good", "bad", "error"),
    [
        ("plain_wsgi.py", "/?name=tea", "/?name=", b"IndexError"),
        ("flask_app.py", "/share?people=3", "/share?people=0", b"ZeroDivisionError"),
        ("fastapi_app.py", "/share?people=3", "/share?people=0", b"ZeroDivisionError"),
        ("starlette_app.py", "/share?people=3", "/forks", b"KeyError"),
    ],
)
def test_the_small_examples_work_and_fail_with_a_page(
    command: tuple[str, ...], name: str, good: str, bad: str, error: bytes, tmp_path: Path
) -> None:
    if command:
        process = Program("run", str(EXAMPLES / name), "--port", "0")
    else:
        # The examples name a port that may be in use here.
        copy = tmp_path / name
        copy.write_text((EXAMPLES / name).read_text("utf-8").replace('"127.0.0.1", 8000', '"127.0.0.1", 0'), "utf-8")
        process = Program(python=(str(copy),))
    with process, Client(process.port()) as client:
        assert client.get(good).status == 200
        reply = client.get(bad, "Accept: text/html")
        assert reply.status == 500
        assert error in reply.body
        assert reply.header("X-Debugkit-Traceback")
