"""Which files ``--cert``, ``--cert-file`` and ``--key-file`` mean, and what is in them.

Missing files are made under exactly the names that were given; a file that is there is never written to.
"""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from debugkit.errors import ConfigurationError
from debugkit.frozen import frozen
from debugkit.serving.tls.certificates import subject_names, write_pair
from debugkit.serving.tls.context import examine, load_ssl_context

EXTENSIONS = (".crt", ".key")
#: Days before its end from which a certificate is spoken of.
SOON = 14
#: X509_V_ERR_CERT_HAS_EXPIRED (OpenSSL, x509_vfy.h).
EXPIRED = 10
#: Of the names that every new certificate has, the one that nobody opens as it is.
WILDCARD = ("*.localhost",)


@frozen
class Pair:
    """The files of a certificate and its key, which may be one and the same, and what should be said of them."""

    cert: Path
    key: Path
    notes: tuple[str, ...] = ()


def find_paths(cert: str, key: str, folder: Path) -> tuple[Path, Path]:
    """The two files that the options mean, of which at least one was given.

    What one leaves out, the folder or the name, is the other's; then it is ``folder``. Without an extension they get
    .crt and .key.
    """
    parts = [os.path.split(os.path.expanduser(text)) for text in (cert, key)]  # noqa: PTH111 - "./tea" says where
    parent = next((parent for parent, _ in parts if parent), "")
    name = next(Path(name).stem for _, name in parts if name)
    files = []
    for (own_parent, own_name), extension in zip(parts, EXTENSIONS, strict=True):
        path = folder / (own_parent or parent) / (own_name or name)
        files.append(path if own_name and path.suffix else path.with_name(f"{path.name}{extension}"))
    return files[0], files[1]


def prepare(cert: str, key: str, hosts: Iterable[str], *, folder: Path, clock: Callable[[], float] = time.time) -> Pair:
    """The certificate to serve with, made for ``hosts`` when neither file is there yet.

    Raises `ConfigurationError` for files that cannot be one, or cannot be made.
    """
    cert_file, key_file = find_paths(cert, key, folder)
    if cert_file.is_file() and not key and not key_file.exists() and b"PRIVATE KEY-----" in cert_file.read_bytes():
        key_file = cert_file  # both in one file
    notes: tuple[str, ...] = ()
    if not cert_file.exists() and not key_file.exists():
        write_pair(cert_file, key_file, hosts, clock())
        notes = (f"Created a certificate: {cert_file}, with its key in {key_file}.",)
    for path, other in ((cert_file, key_file), (key_file, cert_file)):
        if not path.exists():
            raise ConfigurationError(
                f"{other} is there, but {path} is not: name the file that belongs to it, or move it away."
            )
    load_ssl_context(cert_file, key_file)
    return Pair(cert_file, key_file, (*notes, *find_flaws(cert_file, key_file, hosts, clock())))


def find_flaws(cert_file: Path, key_file: Path, hosts: Iterable[str], now: float) -> tuple[str, ...]:
    """What a developer should know of a certificate that is its own issuer. Of others, browsers tell it."""
    again = f"remove {cert_file} and its key, and new ones are made at the next start."
    try:
        certificate = examine(cert_file, key_file)
    except ssl.SSLCertVerificationError as error:
        return (f"The certificate has expired: {again}",) if error.verify_code == EXPIRED else ()
    except (ssl.SSLError, ValueError, KeyError):
        return ()
    days = (certificate.expires - now) / 86_400
    if days < SOON:
        return (f"The certificate {'has expired' if days < 0 else f'expires in {days:.0f} days'}: {again}",)
    missing = [name for name in subject_names(hosts) if name not in certificate.names and name not in WILDCARD]
    return (f"The certificate is not valid for {', '.join(missing)}: {again}",) if missing else ()
