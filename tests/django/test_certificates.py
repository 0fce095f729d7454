"""Which files the options for https mean, and that nothing of the user's is ever written to."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from debugkit import ConfigurationError
from debugkit.django.certificates import EXTENSIONS, find_flaws, find_paths, prepare
from debugkit.serving.tls.certificates import write_pair
from debugkit.serving.tls.context import examine

DAY = 86_400
#: The 21st of November 2026.
NOW = 1_795_219_200.0


@pytest.mark.parametrize(
    ("cert", "key", "found"),
    [
        ("tea", "", "tea.crt tea.key"),
        ("tea.crt", "", "tea.crt tea.key"),
        ("tea.pem", "", "tea.pem tea.key"),
        ("", "tea", "tea.crt tea.key"),
        ("", "tea.pem", "tea.crt tea.pem"),
        ("tea.pem", "key.pem", "tea.pem key.pem"),
        ("keys/tea", "", "keys/tea.crt keys/tea.key"),
        ("keys/tea", "cup", "keys/tea.crt keys/cup.key"),
        ("tea", "keys/cup", "keys/tea.crt keys/cup.key"),
        ("./tea", "keys/cup", "tea.crt keys/cup.key"),
        ("a/tea", "b/cup.pem", "a/tea.crt b/cup.pem"),
        ("keys/", "tea", "keys/tea.crt keys/tea.key"),
        ("/etc/tea", "cup", "/etc/tea.crt /etc/cup.key"),
    ],
    ids=lambda value: value or "nothing",
)
def test_what_one_option_leaves_out_is_the_others_or_the_working_directorys(
    tmp_path: Path, cert: str, key: str, found: str
) -> None:
    assert find_paths(cert, key, tmp_path) == tuple(tmp_path / name for name in found.split())


def test_a_tilde_is_the_home_folder(tmp_path: Path) -> None:
    assert find_paths("~/tea", "", tmp_path) == tuple(Path.home() / f"tea{extension}" for extension in EXTENSIONS)


def test_missing_files_are_made_once_and_served_from_then_on(tmp_path: Path) -> None:
    first = prepare("tea.pem", "cup.pem", ["tea.test"], folder=tmp_path)
    written = first.cert.read_bytes()
    assert (first.cert, first.key) == (tmp_path / "tea.pem", tmp_path / "cup.pem")
    assert first.key.stat().st_mode & 0o777 == 0o600
    assert "tea.test" in examine(first.cert, first.key).names
    assert "127.0.0.1" in examine(first.cert, first.key).names
    assert first.notes == (f"Created a certificate: {first.cert}, with its key in {first.key}.",)
    second = prepare("tea.pem", "cup.pem", ["tea.test"], folder=tmp_path)
    assert second.notes == ()
    assert second.cert.read_bytes() == written


def test_a_file_that_holds_both_is_served_as_it_is(tmp_path: Path) -> None:
    pair = prepare("tea", "", [], folder=tmp_path)
    both = tmp_path / "both.pem"
    both.write_bytes(pair.key.read_bytes() + pair.cert.read_bytes())
    before = sorted(tmp_path.iterdir())
    assert prepare("both.pem", "", [], folder=tmp_path).key == both
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("kept", [0, 1], ids=["certificate", "key"])
def test_half_a_pair_is_refused_and_left_alone(tmp_path: Path, kept: int) -> None:
    pair = prepare("tea", "", [], folder=tmp_path)
    files = [pair.cert, pair.key]
    files[1 - kept].unlink()
    before = files[kept].read_bytes()
    with pytest.raises(ConfigurationError, match=rf"{files[kept]} is there, but {files[1 - kept]} is not"):
        prepare("tea", "", [], folder=tmp_path)
    assert files[kept].read_bytes() == before
    assert not files[1 - kept].exists()


def test_a_folder_that_is_missing_is_told_and_nothing_is_left_behind(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=rf"make the folder {tmp_path}/keys"):
        prepare("keys/tea", "", [], folder=tmp_path)
    with pytest.raises(ConfigurationError, match=rf"make the folder {tmp_path}/keys"):
        prepare("keys/tea", "./cup", [], folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    prepare("tea", "", [], folder=tmp_path)
    prepare("cup", "", [], folder=tmp_path)
    with pytest.raises(ConfigurationError, match="does not belong to the certificate"):
        prepare("tea.crt", "cup.key", [], folder=tmp_path)


def test_a_certificate_that_is_over_or_nearly_so_is_spoken_of(tmp_path: Path) -> None:
    cert, key = tmp_path / "tea.crt", tmp_path / "tea.key"
    write_pair(cert, key, [], NOW)
    expires = examine(cert, key).expires
    assert find_flaws(cert, key, [], expires - 15 * DAY) == ()
    assert find_flaws(cert, key, [], expires - 3 * DAY)[0].startswith("The certificate expires in 3 days: remove")
    assert find_flaws(cert, key, [], expires + DAY)[0].startswith("The certificate has expired: remove")


def test_a_certificate_that_openssl_finds_expired_is_spoken_of(tmp_path: Path) -> None:
    cert, key = tmp_path / "tea.crt", tmp_path / "tea.key"
    write_pair(cert, key, [], NOW - 10 * 365 * DAY)
    with pytest.raises(ssl.SSLCertVerificationError):
        examine(cert, key)
    assert prepare("tea", "", [], folder=tmp_path).notes[0].startswith("The certificate has expired: remove")


def test_a_certificate_without_the_name_that_is_bound_is_spoken_of(tmp_path: Path) -> None:
    pair = prepare("tea", "", [], folder=tmp_path)
    notes = prepare("tea", "", ["tea.test"], folder=tmp_path).notes
    advice = f"remove {pair.cert} and its key, and new ones are made at the next start."
    assert notes == (f"The certificate is not valid for tea.test: {advice}",)
