"""Certificates: what they say, where they are kept, and what may be given in their place."""

from __future__ import annotations

import os
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from process_support import TIMEOUT
from serving_support import Program, environ
from tls_support import certificate, trusting

from debugkit.errors import ConfigurationError
from debugkit.serving.tls.certificates import (
    DAY,
    KEPT,
    LOOPBACK,
    MOST_NAMES,
    PUBLIC,
    cert,
    generate_adhoc_ssl_context,
    keep_certificate,
    load_ssl_context,
    make_context,
    make_pair,
    make_ssl_devcert,
    subject_names,
    ways_to_trust,
)

needs_modes = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")


@cache
def pair() -> tuple[bytes, bytes]:
    return make_pair(["dev.example.test", "192.0.2.7"], time.time())


def parsed(pem: bytes | str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode() if isinstance(pem, str) else pem)


def extension(kind: Any) -> Any:
    return parsed(pair()[0]).extensions.get_extension_for_class(kind)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def days_ago(days: float) -> Any:
    return lambda: time.time() - days * DAY


# What stands in it


def test_a_certificate_names_this_computer_and_what_it_was_asked_for() -> None:
    names = extension(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "*.localhost", "dev.example.test"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1", "192.0.2.7"]


def test_a_certificate_serves_and_signs_nothing() -> None:
    usage = extension(x509.KeyUsage)
    assert usage.critical
    assert usage.value.digital_signature
    assert not usage.value.key_cert_sign
    assert list(extension(x509.ExtendedKeyUsage).value) == [x509.OID_SERVER_AUTH]
    constraints = extension(x509.BasicConstraints)
    assert constraints.critical
    assert not constraints.value.ca


def test_a_certificate_is_valid_since_yesterday_and_no_longer_than_browsers_allow() -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    found = parsed(make_pair([], now.timestamp())[0])
    assert found.not_valid_before_utc == now - timedelta(days=1)
    assert found.not_valid_after_utc - found.not_valid_before_utc == timedelta(days=397)


def test_a_certificate_has_a_key_on_the_curve_that_every_client_knows() -> None:
    key = parsed(pair()[0]).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"


def test_two_certificates_never_share_a_serial_number() -> None:
    # Firefox refuses the second of one issuer with the same number.
    assert parsed(pair()[0]).serial_number != parsed(certificate().pem).serial_number


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Dev.Example.Test.", "dev.example.test"),
        ("[2001:db8:0::1]", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("bücher.test", "xn--bcher-kva.test"),
        ("my_service", "my_service"),
        ("*.example.test", "*.example.test"),
    ],
    ids=["case", "brackets", "zone", "unicode", "underscore", "wildcard"],
)
def test_a_name_stands_in_the_certificate_as_clients_compare_it(text: str, name: str) -> None:
    assert subject_names([text]) == (*LOOPBACK, name)


@pytest.mark.parametrize("text", ["", "*", "0.0.0.0", "::", "[::]", "localhost", "::1"])
def test_what_names_no_other_host_adds_nothing(text: str) -> None:
    assert subject_names([text]) == LOOPBACK


@pytest.mark.parametrize(
    "text",
    ["a b", "http://a", "a/b", "a..b", "-a", "a:80", "x" * 64, "a.*", "ü" * 70, "a." * 130 + "a"],
    ids=["blank", "scheme", "slash", "empty", "dash", "port", "label", "star", "unicode", "long"],
)
def test_a_name_that_no_certificate_can_hold_is_an_error(text: str) -> None:
    with pytest.raises(ConfigurationError, match="No certificate can be valid for"):
        subject_names([text])


def test_a_name_too_long_for_a_common_name_is_still_an_alternative_one() -> None:
    name = f"{'a' * 60}.example.test"
    found = parsed(make_pair([name], time.time())[0])
    assert found.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value == "localhost"
    assert name in found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(
        x509.DNSName
    )


# What a user may give


def test_a_context_serves_as_it_is() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    assert make_context(context) is context


def test_a_context_for_clients_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="is for clients"):
        make_context(ssl.create_default_context())


@pytest.mark.parametrize(
    "given",
    [True, "ad-hoc", "cert.pem", ("cert.pem",), ("a", "b", "c"), (None, "key.pem"), (1, 2), None],
    ids=["true", "misspelt", "path", "one", "three", "nothing", "numbers", "none"],
)
def test_what_cannot_be_a_context_is_an_error_that_says_what_can(given: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"Give 'adhoc', a pair .* or an ssl.SSLContext"):
        make_context(given)


def written(folder: Path) -> tuple[Path, Path]:
    cert_file, key_file = folder / "my.crt", folder / "my.key"
    cert_file.write_bytes(pair()[0])
    key_file.write_bytes(pair()[1])
    return cert_file, key_file


def test_a_pair_of_files_serves(tmp_path: Path) -> None:
    context = make_context(written(tmp_path))
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_a_list_of_paths_and_one_file_with_both_serve(tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(b"".join(pair()))
    assert isinstance(make_context([str(both), None]), ssl.SSLContext)
    assert isinstance(load_ssl_context(str(both)), ssl.SSLContext)


def test_the_protocol_can_be_chosen_as_in_werkzeug(tmp_path: Path) -> None:
    cert_file, key_file = written(tmp_path)
    context = load_ssl_context(str(cert_file), str(key_file), ssl.PROTOCOL_TLS_SERVER)
    assert context.protocol == ssl.PROTOCOL_TLS_SERVER


def refusal(cert_file: Path, key_file: Path | None) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_ssl_context(cert_file, key_file)
    assert str(caught.value).endswith((".", "-----."))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    cert_file, key_file = written(tmp_path)
    assert f"certificate cannot be read from {tmp_path / 'no.crt'} (No such file" in refusal(
        tmp_path / "no.crt", key_file
    )
    assert f"private key cannot be read from {tmp_path / 'no.key'} (No such file" in refusal(
        cert_file, tmp_path / "no.key"
    )
    assert sorted(tmp_path.iterdir()) == [cert_file, key_file]


def test_a_folder_is_no_certificate(tmp_path: Path) -> None:
    assert f"cannot be read from {tmp_path} (" in refusal(tmp_path, None)


def test_a_path_that_no_file_can_have_is_named() -> None:
    assert "embedded null byte" in refusal(Path("a\0b"), None)


@contextmanager
def limited() -> Iterator[None]:
    """As a user who may not do everything."""
    uid = os.geteuid()
    if uid == 0:
        time.strptime("0", "%S")  # imports a module when it is first called, and that user may not be able to read it
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(uid)


@needs_modes
def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    cert_file, key_file = written(tmp_path)
    cert_file.chmod(0)
    with limited():
        assert f"cannot be read from {cert_file} (Permission denied)" in refusal(cert_file, key_file)


def test_files_given_the_wrong_way_round_are_named(tmp_path: Path) -> None:
    cert_file, key_file = written(tmp_path)
    assert f"no certificate in {key_file}" in refusal(key_file, cert_file)


def test_a_certificate_alone_is_an_error(tmp_path: Path) -> None:
    cert_file, _ = written(tmp_path)
    assert f"no private key in {cert_file}" in refusal(cert_file, None)


def test_a_key_of_another_certificate_is_an_error(tmp_path: Path) -> None:
    cert_file, key_file = written(tmp_path)
    key_file.write_bytes(make_pair([], time.time())[1])
    assert f"The key in {key_file} does not belong to the certificate in {cert_file}" in refusal(cert_file, key_file)


def test_an_encrypted_key_is_an_error_and_nobody_is_asked(tmp_path: Path) -> None:
    cert_file, key_file = written(tmp_path)
    key = load_pem_private_key(pair()[1], None)
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")))
    assert f"The private key in {key_file} is encrypted" in refusal(cert_file, key_file)


def test_a_broken_certificate_is_an_error(tmp_path: Path) -> None:
    cert_file, key_file = written(tmp_path)
    cert_file.write_bytes(pair()[0].replace(b"\nM", b"\n!"))
    assert f"The certificate in {cert_file} cannot serve with the key in {key_file} (" in refusal(cert_file, key_file)


def test_without_cryptography_the_error_says_what_to_install() -> None:
    program = """
import sys
sys.modules["cryptography"] = None
from debugkit.serving.tls.certificates import generate_adhoc_ssl_context
generate_adhoc_ssl_context()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=TIMEOUT, env=environ()
    )
    assert "ConfigurationError: To create a certificate, install the package cryptography." in done.stderr


# Files of the user's choice


def test_a_devcert_is_a_pair_of_files_that_serves_its_names(tmp_path: Path) -> None:
    cert_file, key_file = make_ssl_devcert(str(tmp_path / "ssl"), host="dev.example.test")
    assert (cert_file, key_file) == (str(tmp_path / "ssl.crt"), str(tmp_path / "ssl.key"))
    load_ssl_context(cert_file, key_file)
    found = parsed(Path(cert_file).read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName)[2:] == ["dev.example.test", "*.dev.example.test"]
    assert found.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value == "dev.example.test"


@pytest.mark.parametrize(
    ("choices", "more"),
    [
        ({}, ()),
        ({"host": "192.0.2.7"}, ("192.0.2.7",)),
        ({"cn": "*.a.test"}, ("*.a.test",)),
        ({"host": "a.test", "cn": "b.test"}, ("a.test", "*.a.test")),
    ],
    ids=["nothing", "address", "wildcard", "both"],
)
def test_a_devcert_holds_for_its_host_and_below(tmp_path: Path, choices: dict[str, str], more: tuple[str, ...]) -> None:
    cert_file, _ = make_ssl_devcert(str(tmp_path / "ssl"), **choices)
    names = parsed(Path(cert_file).read_bytes()).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    found = {str(name.value) for name in names}
    assert found == {*LOOPBACK, *more}


@needs_modes
def test_a_key_is_for_its_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        cert_file, key_file = make_ssl_devcert(str(tmp_path / "ssl"))
    finally:
        os.umask(before)
    assert (mode(Path(cert_file)), mode(Path(key_file))) == (0o644, 0o600)


@pytest.mark.parametrize("suffix", [".crt", ".key"])
def test_a_devcert_overwrites_nothing_and_leaves_nothing_half_done(tmp_path: Path, suffix: str) -> None:
    there = tmp_path / f"ssl{suffix}"
    there.write_text("precious")
    with pytest.raises(ConfigurationError, match="exists already and is not overwritten: move it away") as caught:
        make_ssl_devcert(str(tmp_path / "ssl"))
    assert str(there) in str(caught.value)
    assert list(tmp_path.iterdir()) == [there]
    assert there.read_text() == "precious"


@needs_modes
def test_a_devcert_is_not_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "ssl.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError, match="exists already"):
        make_ssl_devcert(str(tmp_path / "ssl"))
    assert not (tmp_path / "elsewhere").exists()


def test_a_devcert_in_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot be written .*: make the folder"):
        make_ssl_devcert(str(tmp_path / "no" / "ssl"))


def test_the_command_writes_a_pair_for_many_names(tmp_path: Path) -> None:
    made = cert(["a.test", "192.0.2.7"], str(tmp_path / "dev"))
    assert (made.cert_file, made.key_file) == (tmp_path / "dev.crt", tmp_path / "dev.key")
    assert made.fresh
    assert made.names == (*LOOPBACK, "a.test", "192.0.2.7")
    assert made.pem == (tmp_path / "dev.crt").read_text()


def test_the_command_shows_the_kept_one(tmp_path: Path) -> None:
    kept = cert(folder=tmp_path)
    assert kept.cert_file == tmp_path / PUBLIC
    assert cert(folder=tmp_path).fingerprint == kept.fingerprint


def test_the_command_cannot_show_what_is_not_kept() -> None:
    with pytest.raises(ConfigurationError, match=r"cannot be stored \(there is no folder for it\)"):
        cert()


@pytest.mark.parametrize(
    ("platform", "tool", "command"),
    [
        ("linux", "Chromium", "-t P,, "),
        ("darwin", "Safari", "security add-trusted-cert"),
        ("win32", "Edge", "-addstore"),
    ],
    ids=["linux", "macos", "windows"],
)
def test_each_platform_is_told_how_to_trust_a_certificate(platform: str, tool: str, command: str) -> None:
    ways = dict(ways_to_trust(Path("a b.crt"), platform))
    assert [name.split(",")[0] for name in ways] == [tool, "curl", "Python"]
    assert command in next(iter(ways.values()))
    assert ways["curl"] == ('curl --cacert "a b.crt"' if platform == "win32" else "curl --cacert 'a b.crt'")


# The one that is kept


def test_the_same_certificate_serves_after_every_restart(tmp_path: Path) -> None:
    first, second = keep_certificate(folder=tmp_path), keep_certificate(folder=tmp_path)
    assert (first.fresh, second.fresh) == (True, False)
    assert first.fingerprint == second.fingerprint
    assert second.cert_file == tmp_path / PUBLIC


def test_a_kept_certificate_needs_no_import_of_cryptography(tmp_path: Path) -> None:
    keep_certificate(folder=tmp_path)
    program = f"""
import sys
from pathlib import Path
from debugkit.serving.tls.certificates import generate_adhoc_ssl_context
generate_adhoc_ssl_context(folder=Path({str(tmp_path)!r}))
assert "cryptography" not in sys.modules
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=TIMEOUT, env=environ())


def test_what_is_to_be_trusted_holds_no_key(tmp_path: Path) -> None:
    kept = keep_certificate(folder=tmp_path)
    assert (tmp_path / PUBLIC).read_text() == kept.pem
    assert "PRIVATE" not in kept.pem
    assert parsed(kept.pem).fingerprint(parsed(kept.pem).signature_hash_algorithm).hex(":").upper() == kept.fingerprint  # type: ignore[arg-type]


@needs_modes
def test_the_kept_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    keep_certificate(folder=tmp_path)
    assert {path.name: mode(path) for path in tmp_path.iterdir()} == {PUBLIC: 0o644, KEPT: 0o600, "tls.lock": 0o600}


def test_a_new_name_makes_a_new_certificate_that_keeps_the_old_names(tmp_path: Path) -> None:
    old = keep_certificate(["a.test"], folder=tmp_path)
    new = keep_certificate(["b.test"], folder=tmp_path)
    assert new.fresh
    assert new.fingerprint != old.fingerprint
    assert new.names == (*LOOPBACK, "b.test", "a.test")
    assert keep_certificate(["a.test"], folder=tmp_path).fingerprint == new.fingerprint
    assert (tmp_path / PUBLIC).read_text() == new.pem


def test_old_names_make_room_for_new_ones(tmp_path: Path) -> None:
    keep_certificate([f"old{number}.test" for number in range(MOST_NAMES)], folder=tmp_path)
    found = keep_certificate(["new.test"], folder=tmp_path)
    assert len(found.names) == MOST_NAMES
    assert {"new.test", "old0.test"} < set(found.names)


def test_a_certificate_is_renewed_a_month_before_it_ends(tmp_path: Path) -> None:
    first = keep_certificate(["a.test"], folder=tmp_path, clock=days_ago(367))
    assert not keep_certificate(folder=tmp_path, clock=lambda: first.expires - 30.1 * DAY).fresh
    second = keep_certificate(folder=tmp_path, clock=lambda: first.expires - 29.9 * DAY)
    assert (second.fresh, second.names) == (True, first.names)


def test_a_certificate_that_has_ended_is_replaced(tmp_path: Path) -> None:
    (tmp_path / KEPT).write_bytes(b"".join(make_pair([], time.time() - 500 * DAY)))
    (tmp_path / KEPT).chmod(0o600)
    assert keep_certificate(folder=tmp_path).fresh


@pytest.mark.parametrize(
    "content", [b"", b"rubbish", b"-----BEGIN CERTIFICATE-----\n"], ids=["empty", "rubbish", "cut"]
)
def test_a_broken_file_is_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / KEPT).write_bytes(content)
    (tmp_path / KEPT).chmod(0o600)
    assert keep_certificate(folder=tmp_path).fresh
    assert not keep_certificate(folder=tmp_path).fresh


def test_a_key_of_another_certificate_is_replaced(tmp_path: Path) -> None:
    (tmp_path / KEPT).write_bytes(pair()[0] + make_pair([], time.time())[1])
    (tmp_path / KEPT).chmod(0o600)
    assert keep_certificate(folder=tmp_path).fresh


def test_an_encrypted_key_is_replaced_and_nobody_is_asked(tmp_path: Path) -> None:
    key = load_pem_private_key(pair()[1], None)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    (tmp_path / KEPT).write_bytes(pair()[0] + secret)
    (tmp_path / KEPT).chmod(0o600)
    assert keep_certificate(folder=tmp_path).fresh


@needs_modes
def test_a_key_that_others_could_read_is_replaced(tmp_path: Path) -> None:
    first = keep_certificate(folder=tmp_path)
    (tmp_path / KEPT).chmod(0o640)
    assert keep_certificate(folder=tmp_path).fingerprint != first.fingerprint
    assert mode(tmp_path / KEPT) == 0o600


@needs_modes
def test_a_link_in_place_of_the_key_is_replaced_and_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"".join(pair()))
    elsewhere.chmod(0o600)
    (tmp_path / KEPT).symlink_to(elsewhere)
    assert keep_certificate(folder=tmp_path).fresh
    assert elsewhere.read_bytes() == b"".join(pair())
    assert not (tmp_path / KEPT).is_symlink()


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can give files away")
def test_a_key_of_another_user_is_replaced(tmp_path: Path) -> None:
    first = keep_certificate(folder=tmp_path)
    os.chown(tmp_path / KEPT, 12345, -1)
    assert keep_certificate(folder=tmp_path).fingerprint != first.fingerprint
    assert (tmp_path / KEPT).stat().st_uid == 0


@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_the_file_to_be_trusted_is_put_right(tmp_path: Path, damage: str) -> None:
    first = keep_certificate(folder=tmp_path)
    if damage == "missing":
        (tmp_path / PUBLIC).unlink()
    else:
        (tmp_path / PUBLIC).write_bytes(b"\xff old")
    again = keep_certificate(folder=tmp_path)
    assert (again.fresh, again.pem) == (False, first.pem)
    assert (tmp_path / PUBLIC).read_text() == first.pem


def test_many_servers_that_start_at_once_share_one_certificate(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: keep_certificate(folder=tmp_path), range(8)))
    assert len({one.fingerprint for one in found}) == 1
    assert [one.fresh for one in found].count(True) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [PUBLIC, "tls.lock", KEPT]


def test_many_processes_that_start_at_once_share_one_certificate(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from debugkit.serving.tls.certificates import keep_certificate
print(keep_certificate(folder=Path(sys.argv[1])).fingerprint)
"""
    with ExitStack() as stack:
        started = [stack.enter_context(Program(python=("-c", program, str(tmp_path)))) for _ in range(3)]
        assert [process.wait() for process in started] == [0, 0, 0]
        assert len({process.stdout.line() for process in started}) == 1


def test_without_a_folder_the_certificate_lives_in_memory() -> None:
    made = keep_certificate(["a.test"])
    assert (made.cert_file, made.key_file, made.reason) == (None, None, "there is no folder for it")
    assert made.names == (*LOOPBACK, "a.test")


def test_a_folder_that_cannot_be_written_in_is_no_end(tmp_path: Path) -> None:
    made = keep_certificate(folder=tmp_path / "missing")
    assert made.cert_file is None
    assert "missing" in made.reason


@needs_modes
def test_a_folder_where_nothing_may_be_written_is_no_end(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with limited():
        made = keep_certificate(folder=tmp_path)
    assert made.cert_file is None
    assert "Permission denied" in made.reason


def test_a_folder_in_place_of_the_key_is_no_end(tmp_path: Path) -> None:
    (tmp_path / KEPT).mkdir()
    made = keep_certificate(folder=tmp_path)
    assert made.cert_file is None
    assert KEPT in made.reason
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tls.lock", KEPT]


def test_a_wrong_name_is_an_error_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="a b"):
        generate_adhoc_ssl_context(["a b"], folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_where_no_file_can_be_made_the_error_says_what_to_give() -> None:
    program = """
import tempfile
tempfile.tempdir = "/nowhere"
from debugkit.serving.tls.certificates import keep_certificate
keep_certificate()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=TIMEOUT, env=environ()
    )
    assert "ConfigurationError: A certificate cannot be made here (" in done.stderr
    assert "give a pair (certificate file, key file)" in done.stderr


def test_the_adhoc_context_is_that_of_the_kept_certificate(tmp_path: Path) -> None:
    context = make_context("adhoc", ["a.test"], folder=tmp_path)
    here, there = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(here, there, server_side=True)
    client = trusting((tmp_path / PUBLIC).read_text()).wrap_bio(there, here, server_hostname="a.test")
    for side in (client, server, client):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    assert client.version() == "TLSv1.3"
