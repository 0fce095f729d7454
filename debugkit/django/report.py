"""What Django knows of an error, as plain data: the request as it was parsed, settings, names for the console.

All of it goes through the reporter's filter (``DEFAULT_EXCEPTION_REPORTER_FILTER``), and what is marked as sensitive is
hidden with ``DEBUG`` as well. A part that is unavailable says why; nothing here raises. Knows no page.
"""

from __future__ import annotations

import copy
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import django
from django.apps import apps
from django.conf import settings
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.functional import LazyObject, Promise
from django.views.debug import SafeExceptionReporterFilter, get_caller, get_exception_reporter_filter

from debugkit.debug.framework_report import HIDDEN, FrameworkReport, Pair, Panel, Table
from debugkit.debug.redaction.names import is_secret_cookie
from debugkit.debug.request_snapshot import PLUMBING
from debugkit.debug.safe.text import text_of
from debugkit.debug.tracebacks.model import CapturedFrame, CapturedTraceback, walk
from debugkit.django.sql import Query, recorded
from debugkit.django.template_errors import searches, without_lookups

Rows = Iterable[tuple[str, object]]

#: Rows of one table: forms may have thousands of fields.
MOST_ROWS = 400
#: Characters on either side of those that could not be decoded or encoded.
AROUND = 12
#: Bodies that Django parses into POST and FILES.
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def report(request: HttpRequest, status: int, captured: CapturedTraceback) -> FrameworkReport:
    """What the page of ``captured``, raised while ``request`` was answered with ``status``, shows. Never raises."""
    return _Report(request, captured).report(status)


class _Report:
    def __init__(self, request: HttpRequest, captured: CapturedTraceback) -> None:
        self._request = request
        self._captured = captured
        self._recorded = recorded(request)  # before anything here asks the database
        self._filters = strict_filters(request)
        self._substitutes = {substitute(filter_) for filter_ in self._filters}
        self._during = _attempt(lambda: text_of(get_caller(request)), "")

    def report(self, status: int) -> FrameworkReport:
        without_lookups(self._captured.exception)
        hidden = {frame.index: self._hidden(frame) for frame in self._captured.frames.values()}
        names, texts = self._secrets(hidden)
        errors = [link.exception for link in walk(self._captured.exception)]
        return FrameworkReport(
            status=status,
            raised_during=self._during,
            hint=next(filter(None, map(unicode_hint, errors)), ""),
            searches=_attempt(lambda: next(filter(None, map(searches, errors)), ()), ()),
            panels=tuple(self._panels()),
            names=console_names(self._request),
            hidden={index: variables for index, variables in hidden.items() if variables},
            secret_names=frozenset(names),
            secret_texts=frozenset(texts),
        )

    def _filter(self, ask: Callable[[Any], Any]) -> Any:
        """The answer of the filter. One that fails must not open what it was to hide: Django's own is asked instead."""
        own, djangos = self._filters
        try:
            return ask(own)
        except Exception:
            return ask(djangos)

    def _shown(self, value: object) -> object:
        return HIDDEN if type(value) is str and value in self._substitutes else value

    # Secrets

    def _hidden(self, frame: CapturedFrame) -> dict[str, object]:
        """The variables of a frame that the filter replaces, and what it puts there."""
        if frame.frame is None:
            return {}
        # The filter asks every value for its class, which would make lazy objects query the database.
        names = {name: value for name, value in dict(frame.frame.f_locals).items() if not is_lazy(value)}
        stand_in = SimpleNamespace(f_back=frame.frame.f_back, f_code=frame.frame.f_code, f_locals=names)
        cleansed = self._filter(lambda filter_: dict(filter_.get_traceback_frame_variables(self._request, stand_in)))
        replaced = {name: self._shown(value) for name, value in cleansed.items() if value is not names.get(name)}
        if replaced and names.keys() <= replaced.keys():  # all variables are sensitive
            replaced |= dict.fromkeys(dict(frame.frame.f_locals), HIDDEN)
        return replaced

    def _secrets(self, hidden: Mapping[int, Mapping[str, object]]) -> tuple[set[str], set[str]]:
        """Names and texts that are secret wherever they occur: of sensitive fields of the form, and variables."""
        names: set[str] = set()
        texts: set[str] = set()
        posted = _attempt(lambda: self._request.POST, QueryDict())
        for field in self._secret_fields(posted):
            names.add(text_of(field))
            texts.update(texts_in(posted.getlist(field)))
        for index, variables in hidden.items():
            frame = self._captured.frame(index).frame
            values = dict(frame.f_locals) if frame is not None else {}
            texts.update(text for name in variables if variables[name] is HIDDEN for text in texts_in(values.get(name)))
        for raw, safe in ((self._request.META, self._meta()), (self._request.COOKIES, self._cookies())):
            names.update(name for name, value in safe.items() if value is HIDDEN and isinstance(raw.get(name), str))
        # The key of a session is also among the parameters of the query that looks it up.
        cookies = self._cookies()
        texts.update(
            text for name in cookies if cookies[name] is HIDDEN for text in texts_in(self._request.COOKIES.get(name))
        )
        return names, texts

    def _secret_fields(self, posted: QueryDict) -> list[str]:
        """The fields of the form that a decorator of Django's marks as sensitive, or that the filter does not show."""
        marked = getattr(self._request, "sensitive_post_parameters", ())
        if marked == "__ALL__":
            return list(posted)
        safe = self._filter(lambda filter_: dict(list_fields(filter_.get_post_parameters(self._request))))
        return [*marked, *(name for name, value in list_fields(posted) if safe.get(name) != value)]

    # Panels

    def _panels(self) -> Iterator[Panel[Pair]]:
        request = self._request
        yield Panel(
            "Request",
            (
                _table("", self._facts),
                _table("GET", lambda: list_fields(request.GET)),
                _table("COOKIES", lambda: self._cookies().items()),
            ),
        )
        yield Panel("Headers", (_table("", self._headers),))
        if request.META.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() in FORMS:
            yield Panel("Body", self._form())
        if hasattr(request, "session"):
            yield Panel("Session", (_table("", lambda: self._session(request.session)),))
        yield Panel("SQL", (_table("", lambda: queries(self._recorded)),))
        yield Panel("Environment", (_table("META", self._environment), _table("Process", process)))
        yield Panel("Settings", tuple(self._settings()))

    def _form(self) -> tuple[Table[Pair], ...]:
        request = self._request
        posted = _table(
            "POST",
            lambda: self._filter(lambda filter_: list(list_fields(filter_.get_post_parameters(request), self._shown))),
        )
        files = _table("FILES", lambda: list_fields(request.FILES, upload))
        if not (posted.rows or posted.notice or files.rows or files.notice):
            return (Table("POST", notice="Django found no fields in this form, or refused to read it."),)
        return posted, files

    def _facts(self) -> Rows:
        request = self._request
        yield "Method", text_of(request.method)
        yield "Address", f"{request.scheme}://{request._get_raw_host()}{request.path}"
        if self._during:
            yield "Raised during", self._during
        match = getattr(request, "resolver_match", None)
        if match is not None:
            yield "URL pattern", text_of(match.route)
            yield from (("URL name", text_of(match.view_name)),) if match.url_name else ()
            yield from (("Arguments", match.args),) if match.args else ()
            yield from match.kwargs.items()
        if hasattr(request, "_cached_user") or hasattr(type(request), "user") or "user" in vars(request):
            yield "User", self._user()
        if peer := request.META.get("REMOTE_ADDR"):
            yield "Client", text_of(peer)

    def _user(self) -> str:
        """Who is logged in. Asking may query the database, as anywhere else in the request, and must change nothing."""
        session: Any = getattr(self._request, "session", None)
        accessed = getattr(session, "accessed", None)
        try:
            return text_of(self._request.user)
        finally:
            if accessed is not None:
                session.accessed = accessed

    def _cookies(self) -> dict[str, object]:
        cookies = self._safe(lambda filter_: filter_.get_safe_cookies(self._request))
        return {name: HIDDEN if is_secret_cookie(name) else value for name, value in cookies.items()}

    def _meta(self) -> dict[str, object]:
        return self._safe(lambda filter_: filter_.get_safe_request_meta(self._request))

    def _safe(self, ask: Callable[[Any], Mapping[str, object]]) -> dict[str, object]:
        safe = dict(self._filter(ask))
        # The debugger's own session opens consoles: it is printed nowhere.
        return {name: self._shown(value) for name, value in safe.items() if not name.startswith("__debugkit_")}

    def _headers(self) -> Rows:
        for name, value in sorted(self._meta().items()):
            header = name.removeprefix("HTTP_")
            is_header = header != name or (name in ("CONTENT_TYPE", "CONTENT_LENGTH") and value)
            if is_header and name != "HTTP_COOKIE":
                yield header.replace("_", "-").title(), value

    def _environment(self) -> Rows:
        """What the server says of itself and of the request: not the process's own variables, and no streams."""
        for name, value in sorted(self._meta().items()):
            plumbing = name in PLUMBING or name.startswith("debugkit.")
            if not (name.startswith("HTTP_") or plumbing or name in os.environ):
                yield name, value

    def _session(self, session: Any) -> Rows:
        """The session's values, if it was read: reading it now would change what the response says of it."""
        read = dict(vars(session).get("_session_cache") or {})
        cleansed = self._filter(
            lambda filter_: {name: filter_.cleanse_setting(name, value) for name, value in read.items()}
        )
        return ((name, self._shown(value)) for name, value in cleansed.items())

    def _settings(self) -> Iterator[Table[Pair]]:
        safe = self._filter(lambda filter_: dict(filter_.get_safe_settings()))
        overridden = [name for name in sorted(safe) if is_own_setting(name)]
        own = {name: self._shown(safe.pop(name)) for name in overridden}
        yield Table(getattr(settings, "SETTINGS_MODULE", None) or "The project's own", tuple(own.items()))
        yield Table("Django's defaults", tuple((name, self._shown(value)) for name, value in sorted(safe.items())))


def _attempt(ask: Callable[[], Any], otherwise: Any) -> Any:
    """What Django, the project's filter or the database answers; ``otherwise`` if that fails."""
    try:
        return ask()
    except Exception:
        return otherwise


def _table(title: str, rows: Callable[[], Rows]) -> Table[Pair]:
    """A table, or in its place the reason why it cannot be made."""
    pairs: list[tuple[str, object]] = []
    try:
        for name, value in rows():
            pairs.append((text_of(name), value))
            if len(pairs) == MOST_ROWS:
                return Table(title, tuple(pairs), f"The first {MOST_ROWS:,} rows.")
    except Exception as error:
        return Table(title, tuple(pairs), f"This is not available: {type(error).__name__}: {error}")
    return Table(title, tuple(pairs))


def strict_filters(request: HttpRequest) -> tuple[Any, ...]:
    """The filter of the request or the settings, and Django's, made to hide what is sensitive also while developing."""
    djangos = strict(SafeExceptionReporterFilter())
    return _attempt(lambda: strict(get_exception_reporter_filter(request)), djangos), djangos


def strict(filter_: Any) -> Any:
    """A copy of a filter that is always active."""
    always_active = copy.copy(filter_)
    always_active.is_active = lambda request: True
    return always_active


def substitute(filter_: Any) -> str:
    """What a filter puts in the place of a secret."""
    return text_of(_attempt(lambda: filter_.cleansed_substitute, SafeExceptionReporterFilter.cleansed_substitute))


def texts_in(value: object, depth: int = 2) -> Iterator[str]:
    """The texts in a value, and in plain containers of it."""
    if type(value) is str:
        yield value
    elif depth and any(type(value) is kind for kind in (dict, list, tuple, set)):
        items: Any = value.values() if isinstance(value, dict) else value
        for item in list(items)[:MOST_ROWS]:
            yield from texts_in(item, depth - 1)


def is_own_setting(name: str) -> bool:
    """Whether the project has set it."""
    return bool(_attempt(lambda: settings.is_overridden(name), False))


def is_lazy(value: object) -> bool:
    """Whether reading the value's class would evaluate it. ``type()`` does not ask the value."""
    return issubclass(type(value), (LazyObject, Promise))


def list_fields(values: Any, shown: Callable[[object], object] = lambda value: value) -> Rows:
    """The fields of a query or a form, a list for those that came several times."""
    if not isinstance(values, MultiValueDict):
        return ((name, shown(value)) for name, value in dict(values).items())
    pairs = ((name, [shown(value) for value in items]) for name, items in values.lists())
    return ((name, items[0] if len(items) == 1 else items) for name, items in pairs)


def upload(file: Any) -> object:
    """An uploaded file in words."""
    return f"{file.name} ({file.content_type}, {file.size:,} bytes)"


def queries(executed: Iterable[Query]) -> Rows:
    """The SQL of the request, the last queries of it, as far as they are recorded."""
    for query in executed:
        params = f"\nwith {', '.join(query.params)}" if query.params else ""
        many = f", {query.many} times" if query.many else ""
        failed = ", failed" if query.failed else ""
        where = f"\n{query.where}" if query.where else ""
        name = f"{query.number}. {query.alias}, {query.seconds * 1000:.1f} ms{many}{failed}"
        yield name, f"{query.sql}{params}{where}"


def process() -> Rows:
    yield "Django", django.get_version()
    yield "Python", sys.version.replace("\n", " ")
    yield "Interpreter", sys.executable
    yield "Process", os.getpid()
    yield "Command", " ".join(sys.argv)
    yield "Server time", timezone.now().isoformat(sep=" ", timespec="seconds")
    yield "Python path", list(sys.path)


def console_names(request: HttpRequest) -> dict[str, object]:
    """``request``, ``settings`` and the models by name; of two with one name, the one that is not Django's."""
    models = _attempt(lambda: list(apps.get_models()), [])
    models.sort(key=lambda model: not model.__module__.startswith("django."))
    return {model.__name__: model for model in models} | {"request": request, "settings": settings}


def unicode_hint(exc: BaseException | None) -> str:
    """The characters around those that could not be decoded or encoded."""
    if not isinstance(exc, UnicodeDecodeError | UnicodeEncodeError):
        return ""
    around = exc.object[max(exc.start - AROUND, 0) : exc.end + AROUND]
    failed = exc.object[exc.start : exc.end]
    verb = "decoded" if isinstance(exc, UnicodeDecodeError) else "encoded"
    return f"{failed!r} could not be {verb} as {exc.encoding}, in {around!r}"
