"""Certificates for development: made, kept for the user, renewed; and what ``ssl_context`` may be. Knows no connection.

A certificate made here can sign no other: to trust it is to trust it for its own few names, even if its key is stolen.
"""

from __future__ import annotations

import os
import re
import ssl
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from debugkit import private_files
from debugkit.errors import ConfigurationError
from debugkit.serving.tls.context import Certificate, address, examine
from debugkit.serving.tls.context import load_ssl_context as load_ssl_context
from debugkit.state import user_folder

if TYPE_CHECKING:
    from cryptography import x509

#: What every certificate is for. Few clients match a wildcard right below a top-level name: OpenSSL and Chromium do
#: not, so that app.localhost has to be asked for by its name.
LOOPBACK = ("localhost", "*.localhost", "127.0.0.1", "::1")
DAY = 24 * 3600
#: Browsers refuse longer ones (CA/Browser Forum, Baseline Requirements, 6.3.2: 398 days).
LIFETIME = 397 * DAY
#: The clock of a phone or a virtual machine may be behind.
BACKDATED = DAY
#: A kept certificate is renewed when it has less left.
RENEWAL = 30 * DAY
#: Names that a kept certificate gathers: addresses of a laptop come and go.
MOST_NAMES = 100

#: The kept key and certificate in one file, so that they always match; and the certificate alone, to be trusted.
KEPT, PUBLIC = "tls.pem", "tls.crt"


# What ssl_context= may be


def make_context(
    ssl_context: object,
    names: Iterable[str] = (),
    *,
    folder: Path | None = None,
    clock: Callable[[], float] = time.time,
) -> ssl.SSLContext:
    """What a user gave as ``ssl_context``, as a context for servers.

    It is one already, a pair (certificate file, key file), or "adhoc": then the certificate that is kept in
    ``folder`` serves, and holds for ``names``. Raises `ConfigurationError`.
    """
    if isinstance(ssl_context, ssl.SSLContext):
        if ssl_context.protocol == ssl.PROTOCOL_TLS_CLIENT:  # as ssl.create_default_context makes them
            raise ConfigurationError(
                "ssl_context is for clients: create it with ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)."
            )
        return ssl_context
    if ssl_context == "adhoc":
        return generate_adhoc_ssl_context(names, folder=folder, clock=clock)
    if isinstance(ssl_context, (tuple, list)) and len(ssl_context) == 2:
        cert_file, key_file = ssl_context
        if isinstance(cert_file, (str, os.PathLike)) and isinstance(key_file, (str, os.PathLike, type(None))):
            return load_ssl_context(cert_file, key_file)
    raise ConfigurationError(
        f"Invalid value for ssl_context: {ssl_context!r}. Give 'adhoc', a pair (certificate file, key file) "
        "or an ssl.SSLContext."
    )


def generate_adhoc_ssl_context(
    names: Iterable[str] = (), *, folder: Path | None = None, clock: Callable[[], float] = time.time
) -> ssl.SSLContext:
    """A context with the user's own certificate: see `keep_certificate`. Without ``folder`` it is the state folder."""
    return keep_certificate(names, folder=folder or user_folder(), clock=clock).context


def adhoc_pem(names: Iterable[str] = (), *, folder: Path | None = None, clock: Callable[[], float] = time.time) -> str:
    """The same certificate with its key, for processes that follow each other and are to serve with one.

    Raises `ConfigurationError` when none can be made.
    """
    kept = keep_certificate(names, folder=folder, clock=clock)
    if kept.key_file is not None:
        return kept.key_file.read_text("ascii")
    return b"".join(make_pair(names, clock())).decode("ascii")


def context_of(pem: str) -> ssl.SSLContext:
    """A context with what `adhoc_pem` has returned."""
    return _for_a_moment(pem.encode("ascii")).context


# Files of the user's choice


def make_ssl_devcert(base_path: str, host: str | None = None, cn: str | None = None) -> tuple[str, str]:
    """Write a new certificate to ``base_path`` + ".crt" and its key to ".key"; return both paths.

    It holds for ``host`` (or ``cn``), the names below it, and this computer's own names. Nothing is overwritten: raises
    `ConfigurationError` when a file exists already or cannot be written.
    """
    name = host or cn
    below = [f"*.{name}"] if name and not name.startswith("*") and not address(name) else []
    cert_file, key_file = _devcert_files(base_path)
    write_pair(cert_file, key_file, [name or "", *below], time.time())
    return str(cert_file), str(key_file)


def _devcert_files(base_path: str | os.PathLike[str]) -> tuple[Path, Path]:
    return Path(f"{os.fspath(base_path)}.crt"), Path(f"{os.fspath(base_path)}.key")


def write_pair(cert_file: Path, key_file: Path, names: Iterable[str], now: float) -> None:
    """Write a new certificate and its key, which may be one file. Nothing is overwritten, or left behind half done.

    Raises `ConfigurationError` when a file exists already or cannot be written.
    """
    cert, key = make_pair(names, now)
    contents = {key_file: key, cert_file: cert} if cert_file != key_file else {cert_file: key + cert}
    with ExitStack() as undo:
        for path, data in contents.items():
            try:
                private_files.create(path, data, 0o600 if key in data else 0o644)
            except OSError as error:
                raise ConfigurationError(_unwritable(path, error)) from error
            undo.callback(path.unlink)
        undo.pop_all()


def _unwritable(path: Path, error: OSError) -> str:
    if isinstance(error, FileExistsError):
        return f"{path} exists already and is not overwritten: move it away, or choose another name."
    if not path.parent.is_dir():
        return f"{path} cannot be written ({error.strerror}): make the folder {path.parent}, or choose another one."
    return f"{path} cannot be written ({error.strerror}): choose a folder that you may write in."


def cert(
    names: Iterable[str] = (),
    out: str | None = None,
    *,
    folder: Path | None = None,
    clock: Callable[[], float] = time.time,
) -> Certificate:
    """For ``debugkit cert``: a new pair of files at ``out``, or the user's own one in ``folder``.

    Raises `ConfigurationError` when it cannot be written.
    """
    if out is not None:
        cert_file, key_file = _devcert_files(out)
        write_pair(cert_file, key_file, names, clock())
        return replace(examine(cert_file, key_file), fresh=True)
    kept = keep_certificate(names, folder=folder, clock=clock)
    if kept.cert_file is None:
        raise ConfigurationError(
            f"The certificate cannot be stored ({kept.reason}): write one to files of your choice."
        )
    return kept


def ways_to_trust(cert_file: Path, platform: str = sys.platform) -> tuple[tuple[str, str], ...]:
    """Programs that can trust a certificate, and the shell command on ``platform`` for each."""
    if platform == "win32":
        path = f'"{cert_file}"'
        browsers = ("Edge, Chrome", f"certutil -user -addstore Root {path}")
    elif platform == "darwin":
        path = quote(str(cert_file))
        command = f"security add-trusted-cert -p ssl -k ~/Library/Keychains/login.keychain-db {path}"
        browsers = ("Safari, Chrome", command)
    else:
        path = quote(str(cert_file))
        # "P": this one certificate, not what it signs. The tool is in the package libnss3-tools.
        browsers = ("Chromium, Chrome", f"certutil -d sql:$HOME/.pki/nssdb -A -t P,, -n debugkit -i {path}")
    setting = "set" if platform == "win32" else "export"
    value = cert_file if platform == "win32" else path
    return browsers, ("curl", f"curl --cacert {path}"), ("Python", f"{setting} SSL_CERT_FILE={value}")


# The user's own certificate


def keep_certificate(
    names: Iterable[str] = (), *, folder: Path | None = None, clock: Callable[[], float] = time.time
) -> Certificate:
    """The certificate that all servers of this user share, made at the first call and renewed in time.

    A new name means a new certificate, which holds for the old names too. ``folder`` is private to the user; where it
    is `None` or cannot be written in, the certificate lives in memory. Raises `ConfigurationError` for a wrong name.
    """
    wanted = subject_names(names)
    if folder is None:
        return _in_memory(wanted, clock(), "there is no folder for it")
    try:
        return _kept(folder, wanted, clock())
    except OSError as error:
        return _in_memory(wanted, clock(), str(error))


def _kept(folder: Path, wanted: tuple[str, ...], now: float) -> Certificate:
    path, public = folder / KEPT, folder / PUBLIC
    with private_files.locked(folder / "tls.lock"):
        certificate = _kept_already(path)
        if certificate is None or certificate.expires - now < RENEWAL or not set(wanted) <= set(certificate.names):
            names = dict.fromkeys((*wanted, *(certificate.names if certificate else ())))
            private_files.replace(path, b"".join(make_pair(list(names)[:MOST_NAMES], now)), 0o600)
            certificate = replace(examine(path), fresh=True)
        if not public.is_file() or public.read_bytes() != certificate.pem.encode():
            private_files.replace(public, certificate.pem.encode(), 0o644)
    return replace(certificate, cert_file=public, key_file=path)


def _kept_already(path: Path) -> Certificate | None:
    """`None` when it is missing, broken or expired, or when others could read it or might have put it there."""
    if not private_files.is_private(path):
        return None
    try:
        return examine(path)
    except (ssl.SSLError, ValueError):
        return None


def _in_memory(names: tuple[str, ...], now: float, reason: str) -> Certificate:
    return replace(_for_a_moment(b"".join(make_pair(names, now))), fresh=True, reason=reason)


def _for_a_moment(pem: bytes) -> Certificate:
    """OpenSSL reads files only: they are there for a moment, in a folder of their own."""
    try:
        with tempfile.TemporaryDirectory(prefix="debugkit-") as folder:
            path = Path(folder, KEPT)
            private_files.create(path, pem, 0o600)
            return replace(examine(path), cert_file=None, key_file=None)
    except OSError as error:
        raise ConfigurationError(
            f"A certificate cannot be made here ({error}): give a pair (certificate file, key file) as ssl_context."
        ) from error


# Making one


def subject_names(names: Iterable[str]) -> tuple[str, ...]:
    """The names a certificate holds for, with this computer's own ones. Raises `ConfigurationError` for a wrong one."""
    return tuple(dict.fromkeys([*LOOPBACK, *filter(None, map(_subject_name, names))]))


def _subject_name(text: str) -> str:
    """The form used in a certificate; empty for what names no host: nothing, a star, all addresses."""
    name = text.strip().lower().removesuffix(".")
    if number := address(name):
        return "" if ip_address(number).is_unspecified else number
    if name in ("", "*"):
        return ""
    try:
        name = name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        name = ""
    label = "[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"  # RFC 1123; underscores as Docker Compose makes them
    if not re.fullmatch(rf"(\*\.)?{label}(\.{label})*", name) or len(name) > 253:
        raise ConfigurationError(f"No certificate can be valid for {text!r}: give a host name or an address.")
    return name


def make_pair(names: Iterable[str], now: float) -> tuple[bytes, bytes]:
    """A new certificate and its private key in PEM form, valid from the day before ``now`` (epoch seconds) on.

    It has what RFC 5280 wants of a server's certificate that is its own issuer.
    """
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError as error:
        raise ConfigurationError("To create a certificate, install the package cryptography.") from error

    wanted = subject_names(names)
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(wanted, now).public_key(key.public_key())
    subject_key = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    issuer_key = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(subject_key)
    builder = builder.add_extension(subject_key, critical=False).add_extension(issuer_key, critical=False)
    return (
        builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )


def _builder(names: tuple[str, ...], now: float) -> x509.CertificateBuilder:
    from cryptography import x509

    begins = datetime.fromtimestamp(int(now) - BACKDATED, UTC)
    subject = x509.Name(
        [
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "debugkit development certificate"),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, _common_name(names)),
        ]
    )
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"),
        False,
    )
    return (
        x509.CertificateBuilder(subject_name=subject, issuer_name=subject, serial_number=x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(seconds=LIFETIME))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=True, encipher_only=False, decipher_only=False, **usage), critical=True
        )
        .add_extension(x509.ExtendedKeyUsage([x509.OID_SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
    )


def _general_name(name: str) -> x509.GeneralName:
    from cryptography import x509

    return x509.IPAddress(ip_address(name)) if address(name) else x509.DNSName(name)


def _common_name(names: tuple[str, ...]) -> str:
    """Shown in lists of certificates, and compared with nothing (RFC 9525, 2): 64 characters at most."""
    return next((name for name in names if name not in LOOPBACK and len(name) <= 64), "localhost")
