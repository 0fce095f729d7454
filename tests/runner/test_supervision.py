"""What a supervisor is told."""

from __future__ import annotations

import ssl
from pathlib import Path

from debugkit.runner.config import Choices
from debugkit.runner.supervision import DEBUGGER, portable_tls, supervisor_config, watched_folders


def test_a_home_folder_is_never_watched_as_a_whole(tmp_path: Path) -> None:
    assert watched_folders([str(Path.home()), str(tmp_path), tmp_path.anchor]) == (str(tmp_path),)


def test_a_certificate_travels_as_the_names_of_its_files_and_a_context_not_at_all(tmp_path: Path) -> None:
    assert portable_tls(None) is None
    assert portable_tls("adhoc") == "adhoc"
    assert portable_tls((tmp_path / "cert.pem", None)) == (str(tmp_path / "cert.pem"), None)
    assert portable_tls(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)) == "adhoc"


def test_workers_import_the_debugger_ahead_only_where_there_is_one() -> None:
    assert supervisor_config(Choices(), [], None).prepare == ()
    assert supervisor_config(Choices(debugger={}), [], {}).prepare == DEBUGGER
