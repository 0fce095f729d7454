"""Templates of Django as frames of the traceback, and what was tried to find one that does not exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import django_site
import pytest
from client import Client
from django.template import Context, Engine, Origin, TemplateDoesNotExist, TemplateSyntaxError, base
from django.utils.safestring import mark_safe

from debugkit.debug.causes.engine import cause
from debugkit.debug.redaction.redactor import Redactor
from debugkit.debug.source.excerpt import SourceLine, excerpt
from debugkit.debug.tracebacks.capture import capture
from debugkit.debug.tracebacks.model import CapturedFrame, plain_frames
from debugkit.debug.values.describe import Describer
from debugkit.django.template_errors import searches, with_templates
from debugkit.settings import Limits


@pytest.fixture
def client() -> Iterator[Client]:
    with django_site.debugged() as app:
        yield Client(app)


class Tea:
    name = "Assam"

    @property
    def price(self) -> int:
        raise ArithmeticError("no rate")


def engine(**templates: str) -> Engine:
    texts = {f"{name}.html": text for name, text in templates.items()}
    return Engine(debug=True, loaders=[("django.template.loaders.locmem.Loader", texts)])


def failure(engine: Engine, name: str = "page.html", **context: Any) -> BaseException:
    try:
        engine.get_template(name).render(Context(context))
    except Exception as error:
        return error
    raise AssertionError("it rendered")


def frames(error: BaseException) -> list[CapturedFrame]:
    """The frames of templates in the traceback of ``error``."""
    captured = capture(error, tb=with_templates(error, error.__traceback__))
    return [frame for frame in plain_frames(captured.exception) if frame.module == frame.filename]


def places(error: BaseException) -> list[tuple[str, int, str]]:
    return [(frame.filename, frame.lineno, frame.name) for frame in frames(error)]


def marked(frame: CapturedFrame) -> str:
    """What the page marks on the failing line."""
    lines = [line for line in excerpt(frame, Limits()).lines if isinstance(line, SourceLine) and line.current]
    (line,) = lines
    return "".join(line.text[start:end] for start, end in line.marks)


def names(frame: CapturedFrame) -> dict[str, Any]:
    assert frame.frame is not None
    return dict(frame.frame.f_locals)


def test_an_error_behind_a_variable_has_a_frame_at_that_variable() -> None:
    (frame,) = frames(failure(engine(page="<h1>é</h1>\n<p>é {{ tea.price }} {{ tea.name }}</p>\n"), tea=Tea()))

    assert (frame.filename, frame.lineno, frame.name) == ("page.html", 2, "{{ tea.price }}")
    assert marked(frame) == "{{ tea.price }}"
    assert excerpt(frame, Limits()).language == "html+jinja"


def test_every_template_on_the_way_has_its_frame_outermost_first() -> None:
    templates = engine(
        layout="<main>\n{% block body %}{% endblock %}\n</main>",
        page="{% extends 'layout.html' %}\n{% block body %}\n{% include 'item.html' %}\n{% endblock %}",
        item="<p>\n\n{{ tea.price }}</p>",
    )

    assert places(failure(templates, tea=Tea())) == [
        ("page.html", 1, "{% extends 'layout.html' %}"),
        ("layout.html", 2, "{% block body %}"),
        ("page.html", 3, "{% include 'item.html' %}"),
        ("item.html", 3, "{{ tea.price }}"),
    ]


def test_of_tags_inside_each_other_the_innermost_stands_for_the_template() -> None:
    page = "{% if yes %}\n{% for tea in teas %}\n{% with t=tea %}\n{{ t.price }}\n{% endwith %}{% endfor %}{% endif %}"

    assert places(failure(engine(page=page), yes=1, teas=[Tea()])) == [("page.html", 4, "{{ t.price }}")]


def test_the_frame_has_the_context_and_what_the_tags_around_it_had_added() -> None:
    templates = engine(
        page="{% for key, tea in teas %}{% with twice=2 %}\n{% include 'item.html' with size=3 %}{% endwith %}"
        "{% endfor %}",
        item="{{ tea.price }}",
    )
    tea = Tea()
    outer, inner = frames(failure(templates, teas=[("a", tea)], shop="Teahouse"))

    found = names(inner)
    assert (found["tea"], found["key"], found["twice"], found["size"]) == (tea, "a", 2, 3)
    assert (found["shop"], found["forloop"]["counter"]) == ("Teahouse", 1)
    assert not {"True", "False", "None", "csrf_token", "here"} & found.keys()
    assert names(outer)["twice"] == 2


def test_an_include_with_only_sees_nothing_of_what_stands_around_it() -> None:
    templates = engine(
        page="{% for tea in teas %}{% include 'item.html' with one=tea only %}{% endfor %}", item="{{ one.price }}"
    )
    *_, inner = frames(failure(templates, teas=[Tea()]))

    assert names(inner).keys() == {"one"}


@pytest.mark.parametrize("tag", ["{{ tea.price\n}}", "{% nothing\n  here %}"], ids=["rendered", "compiled"])
def test_a_tag_over_several_lines_is_marked_on_all_of_them(monkeypatch: pytest.MonkeyPatch, tag: str) -> None:
    # Django has none; projects allow them this way.
    monkeypatch.setattr(base, "tag_re", re.compile(base.tag_re.pattern, re.DOTALL))
    (frame,) = frames(failure(engine(page=f"<p>\n {tag}</p>"), tea=Tea()))

    position = frame.position
    assert (position.lineno, position.end_lineno, position.colno) == (2, 3, 1)
    assert position.end_colno == len(tag.partition("\n")[2])


def test_a_template_made_of_a_string_shows_its_text() -> None:
    try:
        Engine(debug=True).from_string("one\n{{ tea.price }}").render(Context({"tea": Tea()}))
    except ArithmeticError as error:
        (frame,) = frames(error)

    assert frame.filename == "<template>"
    assert marked(frame) == "{{ tea.price }}"


def test_an_engine_without_debug_still_tells_the_line() -> None:
    quiet = Engine(loaders=[("django.template.loaders.locmem.Loader", {"page.html": "one\n{{ tea.price }}"})])

    assert places(failure(quiet, tea=Tea())) == [("page.html", 2, "tea.price")]


def test_an_error_of_syntax_has_a_last_frame_at_the_broken_tag() -> None:
    error = failure(engine(page="<ul>\n{% for a in b %}\n é {% frice a %}\n{% endfor %}"))

    assert isinstance(error, TemplateSyntaxError)
    captured = capture(error, tb=with_templates(error, error.__traceback__))
    assert captured.opened is list(plain_frames(captured.exception))[-1]
    assert captured.opened is not None
    assert (captured.opened.lineno, marked(captured.opened)) == (3, "{% frice a %}")


def test_an_error_of_syntax_in_an_included_template_names_both() -> None:
    error = failure(engine(page="\n{% include 'item.html' %}", item="\n\n{% nothing %}"))

    assert places(error) == [("page.html", 2, "{% include 'item.html' %}"), ("item.html", 3, "{% nothing %}")]


def test_a_block_that_is_never_closed_is_marked_where_it_begins() -> None:
    assert places(failure(engine(page="<p>\n{% if a %}\n"))) == [("page.html", 2, "{% if a %}")]


def test_template_debug_of_another_engine_is_understood() -> None:
    error = ValueError("unexpected '}'")
    error.template_debug = {  # type: ignore[attr-defined]
        "name": "jinja.html",
        "message": "unexpected '}'",
        "source_lines": [(11, "eleven"), (12, "{{ broken }")],
        "line": 12,
        "before": "",
        "during": "{{ broken }",
        "after": "",
    }
    (frame,) = frames(error)

    assert (frame.filename, frame.lineno, marked(frame)) == ("jinja.html", 12, "{{ broken }")


@pytest.mark.parametrize(
    "debug",
    [None, {}, {"line": "3"}, {"line": 0}, {"line": 3}, {"line": 3, "source_lines": [1, ("a",)], "name": 7}],
    ids=repr,
)
def test_a_strange_template_debug_is_no_second_error(debug: object) -> None:
    error = ValueError()
    error.template_debug = debug  # type: ignore[attr-defined]

    assert len(frames(error)) == (isinstance(debug, dict) and debug.get("line") == 3)


def test_what_a_loop_got_instead_of_a_list_is_said() -> None:
    error = failure(engine(page="tea {% for cup in tea.cups %}{{ tea }}{% endfor %}"), tea={"cups": 3})
    captured = capture(error, tb=with_templates(error, error.__traceback__))

    assert cause(captured.exception, {}, Describer(Limits(), Redactor())) == "tea.cups is 3, an int."


def test_an_error_without_templates_keeps_its_traceback() -> None:
    with pytest.raises(ValueError) as raised:
        raise ValueError

    assert with_templates(raised.value, raised.value.__traceback__) is raised.value.__traceback__


def test_nothing_of_the_error_itself_is_changed() -> None:
    error = failure(engine(page="{{ tea.price }}"), tea=Tea())
    before = list(walked(error.__traceback__))

    with_templates(error, error.__traceback__)

    assert list(walked(error.__traceback__)) == before


def walked(tb: TracebackType | None) -> Iterator[tuple[str, int]]:
    while tb is not None:
        yield tb.tb_frame.f_code.co_filename, tb.tb_lineno
        tb = tb.tb_next


# On the page


def test_the_page_opens_at_the_tag_that_django_does_not_know(client: Client) -> None:
    page = client("/syntax/").text

    assert re.search(r'<h2 id="frame-title[^>]*>.*broken\.html', page)
    assert "<mark" in page
    assert 'class="steps"' not in page


def test_an_error_of_a_property_opens_there_and_shows_the_tag_that_called_it(client: Client) -> None:
    page = client("/cart/").text

    assert "Tea.price" in page
    assert "called from" in page
    assert "shop/item.html:2" in page.replace("<wbr>", "")
    assert "TypeError" not in page


def test_the_plain_text_leads_through_the_templates(client: Client) -> None:
    text = client("/cart/", HTTP_ACCEPT="text/plain").text

    assert re.search(r'File ".*item\.html", line 2, in \{\{ item\.price \}\}\n +\{\{ position \}\}', text)


def test_the_console_of_a_template_has_its_variables(client: Client) -> None:
    problem = client("/cart/", HTTP_ACCEPT="application/json").json
    client.unlock(django_site.PIN)
    found = client(f"{problem['url']}.json").json["exceptions"][0]["frames"]
    (frame,) = [frame["id"] for frame in found if frame["name"] == "{{ item.price }}"]

    events = client.post(
        f"/__debugkit__/frames/{frame}/evaluate", {"source": "position, item.name, forloop['last']"}
    ).events

    assert events[0]["text"] == "(1, 'Assam', True)"


def test_a_template_that_is_nowhere_tells_every_engine_loader_and_path(client: Client) -> None:
    answer = client("/missing/", HTTP_ACCEPT="application/json").json

    pages, memory = answer["searches"]
    assert (pages["engine"], memory["engine"]) == ("pages", "memory")
    assert [attempt["by"].rpartition(".")[0].rpartition(".")[2] for attempt in pages["attempts"]] == [
        "filesystem",
        "app_directories",
    ]
    assert all(attempt["place"].endswith("shop/chekout.html") for attempt in pages["attempts"])
    assert memory["attempts"][0]["outcome"] == "Source does not exist"


@pytest.mark.parametrize("form", ["", ".txt", ".md"])
def test_the_search_stands_in_every_form_of_the_error(client: Client, form: str) -> None:
    url = client("/missing/").header("X-Debugkit-Traceback")

    text = client(f"{url}{form}").text.replace("<wbr>", "")
    assert "auth/templates/shop/chekout.html" in text
    assert "filesystem.Loader" in text


def test_a_search_of_an_engine_that_lists_nothing_names_its_folders(tmp_path: Path) -> None:
    class Backend:
        name = "jinja"
        template_dirs = (tmp_path,)

    (listed,) = searches(TemplateDoesNotExist("a.html", backend=Backend()))
    (nowhere,) = searches(TemplateDoesNotExist("a.html"))

    assert (listed.engine, listed.attempts, listed.notice) == ("jinja", (), f"It looks in {tmp_path}.")
    assert nowhere.notice == "It has no folder to look in."
    assert searches(ValueError()) == ()


def test_the_name_of_a_template_is_no_markup_whoever_says_that_it_is_safe() -> None:
    markup = mark_safe("<script>alert(1)</script>.html")
    (listed,) = searches(TemplateDoesNotExist(markup, tried=[(Origin(markup, loader=None), markup)]))
    error = failure(
        Engine(debug=True, loaders=[("django.template.loaders.locmem.Loader", {markup: "{% if 1 %}"})]), markup
    )

    texts = [listed.wanted, *(text for one in listed.attempts for text in (one.by, one.place, one.outcome))]
    texts += [text for frame in frames(error) for text in (frame.filename, frame.name, frame.module)]
    assert len(texts) > 4
    assert {type(text) for text in texts} == {str}
