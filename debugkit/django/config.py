"""What the options of the command mean to the runner. Knows no Django: a supervisor asks before there are settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from debugkit.django.options import Options
from debugkit.runner.config import Choices
from debugkit.serving.listen import parse_address

#: What Django's reloader tells its children, for applications whose `ready` asks. Nothing here reads it.
RELOADED = {"RUN_MAIN": "true"}


def debugger_settings(options: Options, folder: Path) -> dict[str, Any]:
    """The settings of the debugger. A project has one PIN, whatever else it is asked for."""
    return {"pin_security": options.pin, "trusted_hosts": options.trusted_hosts, "identity": f"django:{folder}"}


def make_choices(
    options: Options, folder: Path, debugger: dict[str, Any] | None, *, say: Callable[[str], None]
) -> Choices:
    """How to serve the project in ``folder``. Creates its certificate if that is missing, and reports it.

    Raises `ConfigurationError`.
    """
    return Choices(
        addresses=(options.address,),
        port=0,
        debugger=debugger,
        reload=options.reload,
        roots=(str(folder),),
        extra_files=options.extra_files,
        exclude_patterns=options.exclude_patterns,
        reloader_type=options.reloader_type,
        reloader_interval=options.reloader_interval,
        reload_mode=options.reload_mode,
        preload=options.preload,
        timing=options.timing,
        threaded=options.threaded,
        ssl_context=_certificate(options, say),
        environ=RELOADED,
        only_workers_load=True,
    )


def _certificate(options: Options, say: Callable[[str], None]) -> tuple[str, str] | None:
    if not options.cert and not options.key:
        return None
    from debugkit.django import certificates

    hosts = [parse_address(options.address, 0).host]
    pair = certificates.prepare(options.cert, options.key, hosts, folder=Path.cwd())
    for note in pair.notes:
        say(f" * {note}")
    return str(pair.cert), str(pair.key)
