"""Django's errors: what was probably meant, or what has not been done yet.

Only what Django has in memory is asked, of Django alone: registries, migrations' files, names of URLs. No query is
sent.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from debugkit.debug.causes.files import similar_template
from debugkit.debug.causes.scene import Scene, counted, listed
from debugkit.debug.safe import inspection
from debugkit.debug.safe.inspection import MISSING
from debugkit.debug.tracebacks.libraries import is_library
from debugkit.debug.tracebacks.suggestions import closest, local
from debugkit.raised import field

#: How databases say that a table or column is missing, that a value is, or that there is one like it already.
_NO_TABLE: Final = re.compile(
    r"""no such table: (?:main\.)?(\w{1,100})|relation "(\w{1,100})" does not exist"""
    r"""|Table '[\w\-]{1,100}\.(\w{1,100})' doesn't exist"""
)
_NO_COLUMN: Final = re.compile(
    r"""no such column: (\w{1,100})\.(\w{1,100})|table (\w{1,100}) has no column named (\w{1,100})"""
    r"""|column (\w{1,100})\.(\w{1,100}) does not exist|column "(\w{1,100})" of relation "(\w{1,100})" does not exist"""
)
_NULL: Final = re.compile(r"NOT NULL constraint failed: (\w{1,100})\.(\w{1,100})")
_TWICE: Final = re.compile(r"UNIQUE constraint failed: (\w{1,100})\.(\w{1,100})(?!,)")
_REVERSE: Final = re.compile(r"Reverse for '([^']{1,100})' (not found|with )")
_KEYWORD: Final = re.compile(r"Cannot resolve keyword '(\w{1,100})' into field\. Choices are: ([\w, ]{1,2000})$")
_FILTER: Final = re.compile(r"Invalid filter: '(\w{1,60})'")
_TAG: Final = re.compile(r"Invalid block tag on line \d+: '(\w{1,60})'")
_SETTING: Final = re.compile(
    r"(?:'Settings' object|module 'django.conf.global_settings') has no attribute '(\w{1,60})'"
)
#: URL names listed where none is like the wrong one.
_MOST_LISTED: Final = 4


def cause(scene: Scene) -> str:
    if "django" not in sys.modules:
        return ""
    for base in inspection.mro(type(scene.exc)):
        if not (base is AttributeError or inspection.is_heap_type(base)):  # Python's own
            continue
        if case := _CASES.get(f"{inspection.module_name(base)}.{inspection.class_name(base)}"):
            return case(scene)
    return ""


# Databases


def _for_database(scene: Scene) -> str:
    if match := _NO_TABLE.search(scene.message):
        model = _model(next(filter(None, match.groups())))
        return _unmigrated(model, f"The model {_label(model)} has no table yet") if model else ""
    if match := _NO_COLUMN.search(scene.message):
        first, second = (name for name in match.groups() if name)
        model, column = _model(first), second
        if match[7]:
            model, column = _model(second), first
        name = _field(model, column)
        return _unmigrated(model, f"The field {name} of {_label(model)} has no column yet", anew=True) if name else ""
    return ""


def _for_integrity(scene: Scene) -> str:
    if match := _NULL.search(scene.message):
        model = _model(match[1])
        name = _field(model, match[2])
        return f"The field {name} of {_label(model)} got no value." if name else ""
    if match := _TWICE.search(scene.message):
        model = _model(match[1])
        name, value = _field(model, match[2]), _saved(scene, model, match[2])
        if not name or value is MISSING or scene.is_secret(name):
            return ""
        return f"There is a {_label(model)} with {name}={scene.value(value, name)} already."
    return ""


def _models() -> Iterable[Any]:
    apps = sys.modules["django.apps"].apps
    return apps.get_models(include_auto_created=True) if apps.models_ready else ()


def _model(table: str) -> Any:
    return next((model for model in _models() if model._meta.db_table == table), None)


def _label(model: Any) -> str:
    return inspection.printable(inspection.exact_str(model._meta.label))


def _field(model: Any, column: str) -> str:
    if model is None:
        return ""
    return next((inspection.exact_str(item.name) for item in model._meta.concrete_fields if item.column == column), "")


def _unmigrated(model: Any, sentence: str, *, anew: bool = False) -> str:
    """``sentence`` with the commands to run. ``anew``: there may be no migration for it yet."""
    app = model._meta.app_label
    folder = sys.modules["django.apps"].apps.get_app_config(app).path
    if is_library(folder):
        return f"{sentence}: python manage.py migrate."
    if not any(path.stem != "__init__" for path in Path(folder, "migrations").glob("*.py")):
        return f"{sentence}, and {app} has no migration: python manage.py makemigrations {app}, then migrate."
    return f"{sentence}: python manage.py {f'makemigrations {app}, then ' if anew else ''}migrate."


def _saved(scene: Scene, model: Any, column: str) -> Any:
    """The value of a column in the object that was being saved."""
    name = next((item.attname for item in model._meta.concrete_fields if item.column == column), "")
    for frame in reversed(scene.frames):
        owner = local(frame.frame, "self") if frame.frame is not None else MISSING
        if type(owner) is model:
            return inspection.attribute(owner, name)
    return MISSING


def _for_lookup(scene: Scene) -> str:
    """``get`` that matched nothing, or too much: what it was asked for."""
    frame = next((item for item in reversed(scene.frames) if item.module == "django.db.models.query"), None)
    if frame is None or frame.frame is None or frame.name.rpartition(".")[2] != "get":
        return ""
    asked = local(frame.frame, "kwargs")
    if type(asked) is not dict or not asked or local(frame.frame, "args"):
        return ""
    model = inspection.class_name(type(scene.exc)).rpartition(".")[0]
    pairs = listed(list(asked), lambda name: f"{name}={scene.value(asked[name], name)}")
    many = "MultipleObjectsReturned" in inspection.class_name(type(scene.exc))
    return f"There is {'more than one' if many else 'no'} {model} with {pairs}." if model else ""


def _for_keyword(scene: Scene) -> str:
    match = _KEYWORD.match(scene.message)
    meant = closest(match[1], match[2].split(", ")) if match else ""
    return f"There is no field {match[1]}; there is {meant}." if match and meant else ""


# URLs


def _for_reverse(scene: Scene) -> str:
    match = _REVERSE.match(scene.message)
    if match is None:
        return ""
    asked = next((item.frame for item in reversed(scene.frames) if item.module == "django.urls.base"), None)
    resolver: Any = local(asked, "resolver") if asked is not None else MISSING
    if inspection.qualified_name(type(resolver)) != "django.urls.resolvers.URLResolver":
        return ""
    if match[2] == "with ":
        return _arguments(match[1], resolver.reverse_dict.getlist(match[1]))
    names = [known for known in resolver.reverse_dict if type(known) is str]
    if meant := closest(match[1], names):
        return f"There is no URL name '{match[1]}' there; there is '{meant}'."
    return f"The URL names there are {listed(names, repr)}." if 0 < len(names) <= _MOST_LISTED else ""


def _arguments(name: str, patterns: list[Any]) -> str:
    """What the URL's pattern takes; silent where there are several."""
    if len(patterns) != 1 or len(patterns[0][0]) != 1:
        return ""
    (_, parameters), *_ = patterns[0][0]
    if not parameters:
        return f"The URL '{name}' takes no arguments."
    if any(parameter[:1] == "_" for parameter in parameters):
        return f"The URL '{name}' takes {counted(len(parameters), 'positional argument')}."
    return f"The URL '{name}' takes {listed(parameters, inspection.printable)}."


# Templates


def _for_template(scene: Scene) -> str:
    parser = _parser(scene)
    if match := _FILTER.search(scene.message):
        return _unknown("filter", match[1], parser, "filters")
    if match := _TAG.search(scene.message):
        return _unknown("tag", match[1], parser, "tags")
    return ""


def _parser(scene: Scene) -> Any:
    for frame in reversed(scene.frames):
        owner = local(frame.frame, "self") if frame.frame is not None else MISSING
        if inspection.qualified_name(type(owner)) == "django.template.base.Parser":
            return owner
    return None


def _unknown(what: str, wrong: str, parser: Any, kind: str) -> str:
    """A tag or filter of a library that was not loaded, or a misspelt one."""
    if parser is None:
        return ""
    for name, library in parser.libraries.items():
        if wrong in getattr(library, kind):
            return f"The {what} {wrong} is in the library {name}: {{% load {name} %}}."
    meant = closest(wrong, getattr(parser, kind))
    return f"There is no {what} {wrong}; there is {meant}." if meant else ""


def _for_missing_template(scene: Scene) -> str:
    """A template of a similar name in one of the folders that were looked in."""
    errors = [scene.exc, *inspection.attribute(scene.exc, "chain")]
    tried = [attempt for error in errors for attempt in inspection.attribute(error, "tried")]
    paths = (inspection.exact_str(inspection.attribute(origin, "name")) for origin, _ in tried)
    return similar_template(inspection.printable(scene.message), filter(None, paths))


def _for_variable(scene: Scene) -> str:
    params = inspection.attribute(scene.exc, "params")
    if type(params) is not tuple or len(params) != 2 or type(params[0]) is not str:
        return ""
    meant = closest(params[0], _names(params[1]))
    return f"The template has no {params[0]}; it has {meant}." if meant else ""


def _names(context: Any) -> Iterator[str]:
    levels = inspection.attribute(context, "dicts")
    for level in levels if type(levels) is list else [context]:
        if issubclass(type(level), dict):
            yield from (name for name in dict.keys(level) if type(name) is str)


# Settings and forms


def _for_attribute(scene: Scene) -> str:
    owner, wrong = field(AttributeError, "obj", scene.exc), field(AttributeError, "name", scene.exc)
    if match := _SETTING.match(scene.message):
        names = inspection.instance_dict(inspection.attribute(sys.modules["django.conf"].settings, "_wrapped")) or {}
        meant = closest(match[1], list(names))
        return f"There is no setting {match[1]}; there is {meant}." if meant else ""
    forms = (inspection.qualified_name(base) for base in inspection.mro(type(owner)))
    if wrong == "cleaned_data" and "django.forms.forms.BaseForm" in forms:
        return "A form has cleaned_data only after its is_valid() or its errors were asked for."
    return ""


_CASES: Final[Mapping[str, Callable[[Scene], str]]] = {
    "django.db.utils.OperationalError": _for_database,
    "django.db.utils.ProgrammingError": _for_database,
    "django.db.utils.IntegrityError": _for_integrity,
    "django.core.exceptions.ObjectDoesNotExist": _for_lookup,
    "django.core.exceptions.MultipleObjectsReturned": _for_lookup,
    "django.core.exceptions.FieldError": _for_keyword,
    "django.urls.exceptions.NoReverseMatch": _for_reverse,
    "django.template.exceptions.TemplateSyntaxError": _for_template,
    "django.template.exceptions.TemplateDoesNotExist": _for_missing_template,
    "django.template.base.VariableDoesNotExist": _for_variable,
    "builtins.AttributeError": _for_attribute,
}
