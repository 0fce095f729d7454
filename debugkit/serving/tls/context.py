"""Contexts that serve TLS with certificates from files, and what such a certificate says.

Knows only the standard library: importing cryptography would add 60 ms to every start and reload.
"""

from __future__ import annotations

import os
import ssl
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NoReturn

from debugkit.errors import ConfigurationError
from debugkit.frozen import frozen


def load_ssl_context(
    cert_file: str | os.PathLike[str], pkey_file: str | os.PathLike[str] | None = None, protocol: int | None = None
) -> ssl.SSLContext:
    """A context with a certificate and its private key from PEM files; one file may hold both.

    ``protocol`` is a ``PROTOCOL_`` constant of `ssl`. Raises `ConfigurationError` for files that cannot serve.
    """
    cert_file, key_file = os.fspath(cert_file), os.fspath(pkey_file or cert_file)
    _require(cert_file, b"CERTIFICATE-----", "certificate")
    _require(key_file, b"PRIVATE KEY-----", "private key")

    def refuse_to_ask() -> NoReturn:  # OpenSSL would ask in the terminal, at every reload
        raise ConfigurationError(f"The private key in {key_file} is encrypted: decrypt it with `openssl pkey` first.")

    context = make(protocol)
    try:
        context.load_cert_chain(cert_file, key_file, password=refuse_to_ask)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise ConfigurationError(
                f"The key in {key_file} does not belong to the certificate in {cert_file}: give a matching pair."
            ) from error
        raise ConfigurationError(
            f"The certificate in {cert_file} cannot serve with the key in {key_file} ({words(error)}): make new ones."
        ) from error
    return context


def make(protocol: int | None = None) -> ssl.SSLContext:
    """A context for servers without a certificate yet."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if protocol is None else protocol)
    if protocol is None:
        context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 8996
    context.set_alpn_protocols(["http/1.1"])  # RFC 7301
    return context


def _require(path: str, mark: bytes, what: str) -> None:
    try:
        text = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ConfigurationError(
            f"The {what} cannot be read from {path} ({why}): give the path of a PEM file."
        ) from error
    if mark not in text:
        raise ConfigurationError(
            f"There is no {what} in {path}: give a PEM file with a line BEGIN ... {mark.decode()}."
        )


def words(error: ssl.SSLError) -> str:
    """OpenSSL's reason, such as "wrong version number"."""
    return (error.reason or str(error)).replace("_", " ").lower()


@frozen
class Certificate:
    """A certificate of debugkit's own that is ready to serve.

    ``expires`` is in epoch seconds, ``fingerprint`` SHA-256 as browsers show it, ``pem`` the text without the key.
    ``cert_file`` and ``key_file`` are `None` for one that lives in memory only, and ``reason`` says why it does.
    ``fresh``: made just now, so that nobody trusts it yet.
    """

    context: ssl.SSLContext
    names: tuple[str, ...]
    expires: float
    fingerprint: str
    pem: str
    cert_file: Path | None = None
    key_file: Path | None = None
    fresh: bool = False
    reason: str = ""


def examine(cert_file: Path, key_file: Path | None = None) -> Certificate:
    """A certificate that is its own issuer, proved by a handshake with ourselves.

    The standard library reveals the contents of a certificate only after a handshake, which also shows that clients
    that trust the file will accept it. Raises `ssl.SSLError` or `ValueError` when they would not.
    """
    context = make()
    context.load_cert_chain(cert_file, key_file, password=lambda: "")
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname = False
    trusting.load_verify_locations(cert_file)
    client = _shake_hands(context, trusting)
    facts: Any = client.getpeercert()
    der = client.getpeercert(binary_form=True) or b""
    return Certificate(
        context=context,
        names=tuple(address(name) or name for _, name in facts["subjectAltName"]),
        expires=ssl.cert_time_to_seconds(facts["notAfter"]),
        fingerprint=sha256(der).digest().hex(":").upper(),
        pem=ssl.DER_cert_to_PEM_cert(der),
        cert_file=cert_file,
        key_file=key_file or cert_file,
    )


def _shake_hands(server: ssl.SSLContext, client: ssl.SSLContext) -> ssl.SSLObject:
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    here, there = server.wrap_bio(up, down, server_side=True), client.wrap_bio(down, up)
    for side in (there, here, there):  # hello; hello and certificate; verified and finished (RFC 8446, 2)
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return there


def address(name: str) -> str:
    """An IP address in its one form, without brackets and zone; empty for a name."""
    try:
        return str(ip_address(name.strip("[]").partition("%")[0]))
    except ValueError:
        return ""
