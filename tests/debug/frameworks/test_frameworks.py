"""Real frameworks with a debugger around them, in the ways that people put it there: nothing else is configured."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from client import Answer, Client
from framework_apps import APPLICATIONS, django_settings, imported, urlconf
from process_support import TIMEOUT
from werkzeug.debug import DebuggedApplication as WerkzeugsDebugger
from werkzeug.middleware.dispatcher import DispatcherMiddleware

import debugkit
from debugkit import DebuggedApplication
from debugkit.debug.frameworks import known

pytestmark = pytest.mark.filterwarnings("ignore")  # CherryPy and Bottle warn, which is theirs

MOUNT = "/__debugkit__"
PIN = "314-159-265"
#: Says a request's path, as code of the view would find it.
PATHS = {
    "flask": "__import__('flask').request.path",
    "bottle": "__import__('bottle').request.path",
    "cherrypy": "__import__('cherrypy').request.path_info",
    "pyramid": "__import__('pyramid.threadlocal').threadlocal.get_current_request().path",
    "falcon": "request.path",
    "django": "request.path",
}
ROUTES = {
    "flask": "/fails/&lt;tea&gt;",
    "bottle": "/fails/&lt;tea&gt;",
    "falcon": "/fails/{tea}",
    "cherrypy": "",
    "pyramid": "/fails/{tea}",
    "django": "fails/&lt;tea&gt;",
}

App = Callable[..., Iterable[bytes]]


@pytest.fixture(params=sorted(APPLICATIONS))
def framework(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "django":
        with django_settings():
            yield request.param
    else:
        yield request.param


def client(app: Any, **settings: Any) -> Client:
    return Client(DebuggedApplication(app, pin=PIN, **settings), validate=False)


def is_page(answer: Answer, error: str = "KeyError: 'black'") -> bool:
    """Whether it is the debugger's page, and of the error that was raised."""
    has_header = answer.header("X-Debugkit-Traceback") is not None
    has_title = f"<title>{error}" in answer.text.replace("&#39;", "'")
    assert has_header is has_title
    return has_header and answer.status == 500


def printed_once(answer: Answer) -> bool:
    """The framework's log may be the one that has the traceback."""
    return answer.errors.count("KeyError: 'black'") <= 1 == answer.errors.count(" * Debugger page: ")


def plain(answer: Answer) -> str:
    """The text of a page, without its markup."""
    return re.sub(r"<[^>]*>", "", answer.text).replace("&#39;", "'").replace("&#34;", '"')


def test_an_error_has_the_page_and_everything_else_its_own_answer(framework: str) -> None:
    site = client(APPLICATIONS[framework]())

    assert site("/hello").body == b"hello"
    failed = site("/fails/black")
    assert is_page(failed)
    assert printed_once(failed)
    assert "no exception reached" not in failed.errors
    refused = site("/refused")
    assert (refused.status, is_page(refused)) == (403, False)
    busy = site("/busy")
    assert (busy.status, is_page(busy)) == (503, False)
    assert busy.errors.count("debugkit.capture(error)") == 1


def test_the_page_names_the_view_the_route_and_the_session(framework: str) -> None:
    failed = client(APPLICATIONS[framework]())("/fails/black")

    assert re.search(r'title="Raised during [\w.&;]*fails"', failed.text)
    assert ROUTES[framework] in failed.text
    # Bottle has no sessions, and Falcon its own word for what belongs to a request.
    state = {"bottle": "", "falcon": "Context{'pot': 'large'}"}
    assert state.get(framework, "potlarge") in plain(failed)


def test_the_console_finds_the_request(framework: str) -> None:
    site = client(APPLICATIONS[framework]())
    site.unlock(PIN)
    cookie = site.cookie
    (frame,) = re.findall(r' data-frame="([0-9a-f]+-\d+)"', site("/fails/black").text)
    for _ in range(2):  # a second command, and another request in between
        assert site("/hello").body == b"hello"
        site.cookie = cookie  # and not the session's
        (value, *_) = site.post(f"{MOUNT}/frames/{frame}/evaluate", {"source": PATHS[framework]}).events
        assert value["text"].strip("'").removeprefix("/") == "fails/black"


@pytest.mark.parametrize("framework", ["flask", "bottle", "cherrypy", "pyramid"], indirect=True)
def test_values_find_the_request_on_the_page_and_when_they_are_looked_at_later(framework: str) -> None:
    site = client(APPLICATIONS[framework]())
    failed = site("/fails/black")
    (frame,) = re.findall(r' data-frame="([0-9a-f]+-\d+)"', failed.text)

    assert site("/hello").body == b"hello"
    for answer in (failed, site(f"{MOUNT}/frames/{frame}")):
        assert "&lt;pot of /fails/black&gt;" in answer.text


def around(app: App) -> App:
    """Middleware as a function."""

    def middleware(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return app(environ, start_response)

    return middleware


def refuses(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"nothing"]


@pytest.mark.parametrize("times", [1, 2])
def test_applications_in_a_dispatcher_and_below_middleware_have_it_too(framework: str, times: int) -> None:
    site: Any = DispatcherMiddleware(refuses, {"/shop": around(APPLICATIONS[framework]())})
    for _ in range(times):
        site = DebuggedApplication(site)
    failed = Client(site, validate=False)("/shop/fails/black")

    assert is_page(failed)
    assert printed_once(failed)


def test_an_application_that_was_mounted_later_has_it_from_its_second_error_on() -> None:
    dispatcher = DispatcherMiddleware(refuses, {})
    site = client(dispatcher)
    dispatcher.mounts["/shop"] = APPLICATIONS["falcon"]()

    assert not is_page(site("/shop/fails/black"))
    assert is_page(site("/shop/fails/black"))
    dispatcher.mounts["/again"] = APPLICATIONS["falcon"]()
    assert [is_page(site("/again/fails/black")) for _ in range(2)] == [False, True]


def test_several_applications_of_one_framework_and_of_others_are_told_apart(framework: str) -> None:
    mounts = {f"/{name}": APPLICATIONS[name]() for name in ("flask", "bottle", "falcon", "cherrypy", "pyramid")}
    mounts["/again"] = APPLICATIONS[framework]()
    site = client(DispatcherMiddleware(refuses, mounts))

    assert [path for path in mounts if not is_page(site(f"{path}/fails/black"))] == []


# Flask


def test_flask_has_it_with_its_wsgi_app_wrapped_and_below_werkzeugs_own_debugger() -> None:
    app = APPLICATIONS["flask"]()
    app.wsgi_app = DebuggedApplication(app.wsgi_app)
    assert is_page(Client(app, validate=False)("/fails/black"))

    app.debug = True  # as `flask run --debug` does
    failed = Client(WerkzeugsDebugger(app, evalex=True), validate=False)("/fails/black")
    assert is_page(failed)
    assert failed.errors.count("KeyError: 'black'") == 1


def test_flask_has_it_in_place_of_what_answers_500_and_not_of_what_handles_every_exception() -> None:
    app = APPLICATIONS["flask"]()
    app.register_error_handler(500, lambda error: ("sorry", 500))
    assert is_page(client(app)("/fails/black"))

    app = APPLICATIONS["flask"]()
    app.register_error_handler(Exception, lambda error: ("handled", 500))
    answer = client(app)("/fails/black")
    assert answer.body == b"handled"
    assert "debugkit.capture(error)" in answer.errors


def test_what_flask_says_outside_of_any_request_breaks_nothing() -> None:
    app = APPLICATIONS["flask"]()
    imported("flask").got_request_exception.send(app, exception=KeyError())

    assert is_page(client(app)("/fails/black"))


def test_an_error_that_flask_logs_is_not_printed_twice(capsys: pytest.CaptureFixture[str]) -> None:
    app = APPLICATIONS["flask"]()
    app.logger.addHandler(imported("flask.logging").default_handler)  # pytest's own handlers keep Flask from doing so
    failed = client(app)("/fails/black")

    assert failed.errors.count("KeyError: 'black'") == 1
    assert failed.errors.index("KeyError: 'black'") < failed.errors.index(" * Debugger page: ")


def test_the_page_names_the_user_of_flask_login_and_the_blueprint() -> None:
    flask = imported("flask")
    app, shop = flask.Flask("tea"), flask.Blueprint("shop", "tea")

    @shop.get("/pay")
    def pay() -> None:
        flask.g._login_user = "Ada"
        raise KeyError("black")

    app.register_blueprint(shop, url_prefix="/shop")
    failed = plain(client(app)("/shop/pay"))
    assert "UserAda" in failed
    assert "Blueprintshop" in failed
    assert "Endpointshop.pay" in failed


# The others


def test_bottle_has_it_for_an_error_in_the_first_part_of_a_stream() -> None:
    assert is_page(client(APPLICATIONS["bottle"]())("/streams"))


def test_cherrypy_has_it_for_what_its_wsgi_trapper_catches() -> None:
    assert is_page(client(APPLICATIONS["cherrypy"]())("/streams"))


@pytest.mark.parametrize("throws", [False, True])
def test_cherrypy_has_it_in_a_tree_of_applications_and_where_errors_are_thrown(throws: bool) -> None:
    cherrypy = imported("cherrypy")
    tree, app = imported("cherrypy._cptree").Tree(), APPLICATIONS["cherrypy"]()
    app.config["/"]["request.throw_errors"] = throws
    tree.mount(app.root, "/shop", app.config)
    failed = client(tree)("/shop/fails/black")

    assert is_page(failed)
    assert "/shop" in plain(failed)
    assert cherrypy.serving.request.__class__.__name__ == "Request"


def test_falcon_keeps_a_handler_of_the_users_for_all_errors() -> None:
    def handler(request: Any, response: Any, error: Exception, parameters: Any) -> None:
        response.status, response.text = 500, "handled"

    app = APPLICATIONS["falcon"]()
    app.add_error_handler(Exception, handler)
    assert client(app)("/fails/black").body == b"handled"


def pyramid_application(*includes: str, **settings: Any) -> Any:
    """With the toolbar, which every template of a Pyramid project includes."""
    config = imported("pyramid.config").Configurator(settings={f"debugtoolbar.{k}": v for k, v in settings.items()})
    for name in includes:
        imported(name)
        config.include(name)

    def fails(request: Any) -> Any:
        raise KeyError("black")

    config.add_route("fails", "/fails/black")
    config.add_view(fails, route_name="fails")
    return config.make_wsgi_app()


@pytest.mark.filterwarnings("ignore")  # the toolbar's own
def test_the_setting_is_named_that_keeps_pyramids_toolbar_from_showing_errors_itself() -> None:
    answer = client(pyramid_application("pyramid_debugtoolbar"))("/fails/black")
    assert answer.header("X-Debugkit-Traceback") is None
    assert "debugtoolbar.intercept_exc = false" in answer.errors
    assert is_page(client(pyramid_application("pyramid_debugtoolbar", intercept_exc="false"))("/fails/black"))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("last", ["pyramid_debugtoolbar", "debugkit.pyramid"])
def test_pyramids_toolbar_leaves_errors_to_a_debugger_that_is_included_before_or_after_it(last: str) -> None:
    includes = sorted(["pyramid_debugtoolbar", "debugkit.pyramid"], key=last.__eq__)
    assert is_page(Client(pyramid_application(*includes), validate=False)("/fails/black"))


def test_pyramid_keeps_an_exception_view() -> None:
    config = imported("pyramid.config").Configurator()
    response = imported("pyramid.response")

    def fails(request: Any) -> Any:
        raise KeyError("black")

    config.add_route("fails", "/fails/black")
    config.add_view(fails, route_name="fails")
    config.add_exception_view(lambda error, request: response.Response("handled", status=500))
    answer = client(config.make_wsgi_app())("/fails/black")

    assert answer.body == b"handled"
    assert "debugkit.capture(error)" in answer.errors


def test_django_keeps_its_own_answer_with_debug_off_and_says_which_line_brings_the_page() -> None:
    with django_settings(DEBUG=False):
        answer = client(APPLICATIONS["django"]())("/fails/black")

    assert (answer.status, is_page(answer)) == (500, False)
    assert "Django handles errors itself" in answer.errors
    assert "DEBUG_PROPAGATE_EXCEPTIONS = True" in answer.errors


def test_what_django_was_told_to_keep_secret_is_not_shown_and_who_is_logged_in_is() -> None:
    from django.http import HttpRequest
    from django.urls import path
    from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

    @sensitive_variables("voucher")
    def pays(voucher: str) -> None:
        raise ValueError("refused")

    @sensitive_post_parameters("card")
    def checkout(request: HttpRequest) -> None:
        request._cached_user = "Ada"  # as Django does when somebody asks for the user
        pays("-".join(("spring", "2026")))

    with django_settings(ROOT_URLCONF=urlconf(path("checkout", checkout))):
        failed = client(APPLICATIONS["django"]())("/checkout", "POST", body=b"card=4242-4242&cups=2")

    assert failed.status == 500
    assert "spring-2026" not in failed.text
    assert "4242-4242" not in failed.text
    assert "UserAda" in plain(failed)


# All of them


def test_flask_reads_templates_again_though_its_debug_is_off(tmp_path: Path) -> None:
    app = APPLICATIONS["flask"]()
    app.jinja_loader = imported("jinja2").FileSystemLoader(tmp_path)
    assert not app.jinja_env.auto_reload
    known.refresh(DispatcherMiddleware(refuses, {"/shop": app}))

    for text in ("old", "new and longer"):
        (tmp_path / "tea.txt").write_text(text)
        assert app.jinja_env.get_template("tea.txt").render() == text


def test_capture_still_brings_the_page_of_an_error_that_was_handled() -> None:
    app = APPLICATIONS["flask"]()
    app.register_error_handler(Exception, lambda error: (debugkit.capture(error), 500))
    site = client(app)
    address = site("/fails/black").text

    assert "KeyError: 'black'" in site(f"{address}.txt").text


def test_importing_debugkit_loads_no_framework_and_tells_none_of_itself() -> None:
    program = """
import sys
import flask, bottle, falcon
receivers = len(flask.got_request_exception.receivers)
import debugkit
debugkit.DebuggedApplication
assert len(flask.got_request_exception.receivers) == receivers
assert "debugkit.debug.frameworks.flask" not in sys.modules
app = debugkit.DebuggedApplication(bottle.Bottle())
assert len(flask.got_request_exception.receivers) == receivers + 1
assert not {"django", "cherrypy", "pyramid"} & sys.modules.keys()
assert not {"debugkit.debug.frameworks.django", "debugkit.debug.frameworks.pyramid"} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, timeout=TIMEOUT)
