"""Listening sockets: which addresses a text means, all or nothing, and a sentence for each way in which that fails.

Knows no connection and no HTTP.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from debugkit.errors import ConfigurationError, DebugkitError
from debugkit.frozen import frozen
from debugkit.serving.port_owner import holder_of_port

#: Connections that the system keeps for us until we accept them. Linux cuts it to net.core.somaxconn.
BACKLOG = 1024
#: Seconds to find out whether a program still listens on a Unix socket.
PROBE = 1.0


class AddressInUse(DebugkitError):
    """Another program listens there already."""


@frozen
class Address:
    """Where to listen: on ``host`` and ``port``, or else on a Unix socket at ``path``, or on an open descriptor."""

    host: str = ""
    port: int = 0
    path: str = ""
    descriptor: int | None = None


def parse_address(text: str, default_port: int) -> Address:
    """What ``text`` means: a host, "host:port", "[::1]:port", ":port", "unix:/path", "unix:///path" or "fd://3".

    A port alone is one of 127.0.0.1: to accept other computers, give 0.0.0.0 or [::].
    Raises `ConfigurationError` for what is none of these.
    """
    scheme, separator, rest = text.partition(":")
    if separator and scheme == "unix":
        return Address(path=_socket_path(text, rest))
    if separator and scheme == "fd":
        return Address(descriptor=_number(text, rest.removeprefix("//"), "a descriptor, such as fd://3"))
    if text.isdecimal():
        return Address("127.0.0.1", _port(text, text))
    if text.startswith("["):
        host, closed, port = text[1:].partition("]")
        if not closed or (port and not port.startswith(":")):
            raise ConfigurationError(f"{text!r} is not an address: write [::1] or [::1]:{default_port}.")
        return Address(host, _port(text, port[1:]) if port else default_port)
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return Address(host or "127.0.0.1", _port(text, port))
    return Address(text, default_port)


def _socket_path(text: str, rest: str) -> str:
    path = rest.removeprefix("//") if rest.startswith("///") else rest
    if not path or path.startswith("//"):
        raise ConfigurationError(f"{text!r} names no socket: write unix:/path/of/the/socket.")
    return path


def _port(text: str, digits: str) -> int:
    return _checked_port(_number(text, digits, "a port, such as 8000"))


def _number(text: str, digits: str, what: str) -> int:
    if not (digits.isascii() and digits.isdecimal()):
        raise ConfigurationError(f"{digits!r} in {text!r} is not a number: give {what}.")
    return int(digits)


def port_number(port: object) -> int:
    """``port`` as a number; it may be text, as in ``os.environ["PORT"]``. Raises `ConfigurationError`."""
    if isinstance(port, str) and port.isascii() and port.isdecimal() and len(port) < 20:
        port = int(port)
    if not isinstance(port, int):
        raise ConfigurationError(f"{port!r:.40} is not a port: give a number from 1 to 65535, or 0 for any free one.")
    return _checked_port(port)


def _checked_port(port: int) -> int:
    if not 0 <= port <= 65535:
        raise ConfigurationError(f"{port} is not a port: give a number from 1 to 65535, or 0 for any free one.")
    return port


def listen(addresses: Sequence[Address]) -> list[socket.socket]:
    """Listening sockets for all ``addresses``, or none: those that were opened are closed when a later one fails.

    Raises `AddressInUse`, or `ConfigurationError` for an address that cannot be listened on.
    """
    sockets: list[socket.socket] = []
    try:
        for address in dict.fromkeys(addresses):
            sockets += _listen_on(address)
    except BaseException:
        close_all(sockets)
        raise
    return sockets


def close_all(sockets: Sequence[socket.socket]) -> None:
    for sock in sockets:
        sock.close()


def _listen_on(address: Address) -> list[socket.socket]:
    if address.descriptor is not None:
        return [adopt(address.descriptor)]
    if address.path:
        return [bind_path(address.path)]
    return bind(address.host, address.port)


# TCP.


def bind(host: str, port: int, *, listen: Callable[[str, int], socket.socket] | None = None) -> list[socket.socket]:
    """Listening sockets for ``host``: two for "localhost" where there is IPv6, on the same port.

    Raises `AddressInUse`, or `ConfigurationError` for an address that cannot be listened on. ``listen`` is for tests.
    """
    listen = listen or _listen
    _checked_port(port)
    host = host.strip("[]")
    if host != "localhost":
        return [listen(host, port)]
    first = listen("127.0.0.1", port)
    try:
        # Browsers try ::1 first: if another program answered there, they would show that one.
        return [first, listen("::1", first.getsockname()[1])]
    except AddressInUse:
        first.close()
        if port:
            raise
        return bind(host, port, listen=listen)
    except ConfigurationError:  # no IPv6 on this computer
        return [first]


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host or "0.0.0.0", port, type=socket.SOCK_STREAM)[0]
        return _open(family, address)
    except (socket.gaierror, UnicodeError) as error:  # UnicodeError: a label of the name is empty or too long
        raise ConfigurationError(
            f"{host!r} is not an address of this computer ({getattr(error, 'strerror', error)}): "
            "give 127.0.0.1, or 0.0.0.0 for all addresses it has."
        ) from error
    except OSError as error:
        raise _explain(error, host, port) from error


def _open(family: int, address: Any) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Windows gives SO_REUSEADDR another meaning: two programs on one port.
        exclusive = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR if exclusive is None else exclusive, 1)
        if family == socket.AF_INET6 and socket.has_dualstack_ipv6():
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(address[0] != "::"))
        sock.bind(address)
        sock.listen(BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock


def _explain(error: OSError, host: str, port: int) -> DebugkitError:
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if error.errno == errno.EADDRINUSE:
        holder = holder_of_port(port)
        return AddressInUse(
            f"Port {port} is in use on {host or '0.0.0.0'}{f' by {holder}' if holder else ''}: "
            f"stop {'it' if holder else 'the other program'}, or choose another port."
        )
    if error.errno == errno.EACCES:
        return ConfigurationError(f"The system does not allow port {port}: choose one above 1023, such as 8000.")
    return ConfigurationError(
        f"Cannot listen on {where}: {error.strerror}. Give an address of this computer, such as 127.0.0.1."
    )


# Unix sockets.


class UnixListener(socket.socket):
    """A listening Unix socket whose file goes away with it, if this process made the file and it is still the same."""

    def made(self, path: str) -> UnixListener:
        """Remember the file at ``path``, which `bind` has just made. The path is absolute: programs change folders."""
        self._path = Path(path).absolute()
        self._file = _identity(self._path)
        self._maker = os.getpid()
        return self

    def close(self) -> None:
        if getattr(self, "_maker", None) == os.getpid() and _identity(self._path) == self._file is not None:
            self._path.unlink(missing_ok=True)
        super().close()


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and inode of a socket's file. `None`: there is none."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISSOCK(status.st_mode) else None


def bind_path(path: str) -> socket.socket:
    """A listening Unix socket. A file that a dead program left there is replaced; a live socket, or no socket, is not.

    Who may connect is for the umask to say. Raises `AddressInUse` and `ConfigurationError`.
    """
    if not hasattr(socket, "AF_UNIX"):
        raise ConfigurationError("This system has no Unix sockets: give a host and a port, such as 127.0.0.1:8000.")
    try:
        try:
            return _open_path(path)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        _remove_stale(Path(path))
        return _open_path(path)
    except OSError as error:
        raise ConfigurationError(
            f"Cannot listen on the Unix socket {path}: {error.strerror or error}. "
            "Give a short path in a folder that exists and that you may write to."
        ) from error


def _open_path(path: str) -> socket.socket:
    sock = UnixListener(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(path)
        sock.listen(BACKLOG)
        return sock.made(path)
    except BaseException:
        sock.close()
        raise


def _remove_stale(path: Path) -> None:
    before = _identity(path)
    if before is None and os.path.lexists(path):
        raise ConfigurationError(f"{path} exists and is not a socket: remove it yourself, or give another path.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PROBE)
        try:
            probe.connect(os.fspath(path))
        except (ConnectionRefusedError, FileNotFoundError):
            if before == _identity(path):  # nobody has made a new one meanwhile
                path.unlink(missing_ok=True)
            return
        except (TimeoutError, BlockingIOError):  # it listens, and is too busy to accept
            pass
    raise AddressInUse(f"The Unix socket {path} is in use: stop the other program, or choose another path.")


# Sockets that another program opened.


def adopt(descriptor: int) -> socket.socket:
    """The listening socket that is open at ``descriptor``. Raises `ConfigurationError` when it is none."""
    try:
        sock = socket.socket(fileno=descriptor)
    except OSError as error:
        raise ConfigurationError(
            f"Descriptor {descriptor} is not an open socket ({error.strerror}): pass it on to this process, "
            "or give a host and a port."
        ) from error
    if sock.type != socket.SOCK_STREAM or not _listens(sock):
        sock.detach()  # not ours to close
        raise ConfigurationError(f"The socket at descriptor {descriptor} does not listen: call listen() on it first.")
    sock.set_inheritable(False)  # what the application starts has no business with it
    return sock


def _listens(sock: socket.socket) -> bool:
    accepts = getattr(socket, "SO_ACCEPTCONN", None)  # Windows and some others cannot tell
    return accepts is None or bool(sock.getsockopt(socket.SOL_SOCKET, accepts))
