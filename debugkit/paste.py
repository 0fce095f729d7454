"""Entry points for PasteDeploy, whose INI files hold nothing but texts: a filter for the debugger, and a server.

``use = egg:debugkit`` in a section ``[filter:NAME]`` or ``[server:main]`` leads here; the latter is what ``pserve``
runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from debugkit.converters import Converter, flag_or_word, seconds_or_text, text, texts, whole_number
from debugkit.debug.wsgi import DebuggedApplication
from debugkit.errors import ConfigurationError
from debugkit.runner.run import in_a_sentence, run_simple

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def several(value: str, source: str) -> tuple[str, ...]:
    """Several texts, with commas or on lines of their own."""
    return texts(",".join(value.splitlines()), source)


#: The keywords of `DebuggedApplication` that a text can tell.
DEBUGGER: Mapping[str, Converter] = {
    "evalex": flag_or_word,
    "console_path": text,
    "show_hidden_frames": flag_or_word,
    "pin_security": flag_or_word,
    "pin_logging": flag_or_word,
    "trusted_hosts": several,
    "trusted_peers": several,
    "pin": text,
    "state_dir": text,
    "session_lifetime": seconds_or_text,
    "link_lifetime": seconds_or_text,
    "mount": text,
    "editor": text,
    "editor_paths": several,
    "redact": several,
    "timeline": flag_or_word,
    "identity": text,
}
#: Those of `run_simple`, with certificate and key in place of its ``ssl_context``.
SERVER: Mapping[str, Converter] = {
    "host": text,
    "port": whole_number,
    "use_reloader": flag_or_word,
    "use_debugger": flag_or_word,
    "use_evalex": flag_or_word,
    "extra_files": several,
    "exclude_patterns": several,
    "reloader_interval": seconds_or_text,
    "reloader_type": text,
    "threaded": flag_or_word,
    "processes": whole_number,
    "passthrough_errors": flag_or_word,
    "cert": text,
    "key": text,
}


def filter_app_factory(app: WSGIApplication, global_conf: object, **texts_of: str) -> DebuggedApplication:
    """``paste.filter_app_factory``: the application in a debugger. Raises `ConfigurationError`."""
    return DebuggedApplication(app, **converted(texts_of, DEBUGGER))


def server_runner(app: WSGIApplication, global_conf: object, **texts_of: str) -> None:
    """``paste.server_runner``: serve the application, with the debugger, until a signal. Ends as `run_simple` does."""
    with in_a_sentence():
        values: dict[str, Any] = {"host": "127.0.0.1", "port": 8000, "use_debugger": True} | converted(texts_of, SERVER)
        cert, key = values.pop("cert", None), values.pop("key", None)
        if key and not cert:
            raise ConfigurationError("key requires cert.")
    ssl_context = cert if cert in (None, "adhoc") else (cert, key)
    run_simple(values.pop("host"), values.pop("port"), app, ssl_context=ssl_context, **values)


def converted(texts_of: Mapping[str, str], converters: Mapping[str, Converter], prefix: str = "") -> dict[str, Any]:
    """Keywords from a section's texts. Raises `ConfigurationError` for a key that there is not, or a wrong value."""
    for key in texts_of:
        if key not in converters:
            close = get_close_matches(key, converters, n=1)
            names = ", ".join(f"{prefix}{name}" for name in converters)
            hint = f"did you mean {prefix}{close[0]}?" if close else f"the settings are {names}."
            raise ConfigurationError(f"There is no setting {prefix}{key}; {hint}")
    return {key: converters[key](value.strip(), f"{prefix}{key}") for key, value in texts_of.items()}
