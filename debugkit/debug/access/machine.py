"""What identifies this machine and user. Reads machine ids, and does not know what the identity is used for."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from debugkit.frozen import frozen

#: Characters read from a system file at most.
_LONGEST = 64 * 1024
#: Where Linux and the BSDs keep an id that lasts as long as the installation (machine-id(5)).
_MACHINE_ID_FILES = ("/etc/machine-id", "/var/lib/dbus/machine-id", "/etc/hostid")
_BOOT_ID_FILE = "/proc/sys/kernel/random/boot_id"
_CGROUP_FILE = "/proc/self/cgroup"


def _read(path: str) -> str:
    with Path(path).open("rb") as file:
        return file.read(_LONGEST).decode("utf-8", "replace").strip()


def _run(command: Sequence[str]) -> str:
    import subprocess

    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=5, check=True)
    except subprocess.SubprocessError as error:
        raise OSError(f"{command[0]}: {error}") from error
    return done.stdout.decode("utf-8", "replace")


def _machine_guid() -> str:
    if sys.platform != "win32":
        raise OSError("no registry")
    import winreg

    access = winreg.KEY_READ | winreg.KEY_WOW64_64KEY
    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SOFTWARE\Microsoft\Cryptography", 0, access) as key:
        return str(winreg.QueryValueEx(key, "MachineGuid")[0])


def _node() -> int:
    import uuid

    return uuid.getnode()


def _user_name() -> str:
    """The user this process runs as: not the one an environment variable names, which differs under sudo and cron."""
    if sys.platform == "win32":
        return os.environ.get("USERNAME", "")
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # containers run under numbers that have no name
        return str(os.geteuid())


@frozen
class Sources:
    """Where the identity comes from. Each function may raise `OSError`; tests give their own."""

    platform: str = sys.platform
    read: Callable[[str], str] = _read
    run: Callable[[Sequence[str]], str] = _run
    machine_guid: Callable[[], str] = _machine_guid
    node: Callable[[], int] = _node
    user_name: Callable[[], str] = _user_name


THIS_MACHINE = Sources()


def identity(sources: Sources = THIS_MACHINE) -> tuple[str, ...]:
    """What distinguishes this machine, container and user from others, stable over restarts. Never raises.

    A part that cannot be found is empty.
    """
    return (_machine(sources), _container(sources), _guarded(sources.user_name))


def _machine(sources: Sources) -> str:
    # The address of a network card comes second: VPNs, containers and privacy addresses change which one is found.
    # The boot id comes last: it changes with each boot.
    return _installation(sources) or _guarded(_hardware_address, sources.node) or _guarded(sources.read, _BOOT_ID_FILE)


def _installation(sources: Sources) -> str:
    if sources.platform == "win32":
        return _guarded(sources.machine_guid)
    if sources.platform == "darwin":
        return _guarded(_platform_uuid, sources.run)
    ids = (_guarded(sources.read, path) for path in _MACHINE_ID_FILES)
    return next((text for text in ids if text not in ("", "uninitialized")), "")


def _platform_uuid(run: Callable[[Sequence[str]], str]) -> str:
    listing = run(["/usr/sbin/ioreg", "-rd1", "-c", "IOPlatformExpertDevice"])
    match = re.search(r'"IOPlatformUUID"\s*=\s*"([^"]+)"', listing)
    return match[1] if match else ""


def _hardware_address(node: Callable[[], int]) -> str:
    """The address as hex; empty for the random one that `uuid.getnode` makes up when it finds none (RFC 9562, 6.10)."""
    address = node()
    return "" if address >> 40 & 1 else f"{address:012x}"


def _container(sources: Sources) -> str:
    """The id of the container, where the control group names it: copies of one image share their machine id.

    Only a container's id is taken. Outside of containers the group changes with each login and terminal.
    """
    if not sources.platform.startswith("linux"):
        return ""
    match = re.search(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])", _guarded(sources.read, _CGROUP_FILE))
    return match[0] if match else ""


def _guarded(source: Callable[..., str], *arguments: object) -> str:
    """The value of a source, or nothing: an identity that lacks a part is better than no debugger."""
    try:
        return source(*arguments).strip()
    except (OSError, ValueError, ImportError, LookupError):
        return ""
