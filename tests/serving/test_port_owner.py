"""Who holds a port: read from a fake /proc, and from the real one."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from debugkit.serving import port_owner
from debugkit.serving.port_owner import holder_of_port

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")


def row(address: str, port: int, state: str, inode: int) -> str:
    queues = "00000000:00000000 00:00000000 00000000"
    return f"   0: {address}:{port:04X} 00000000:0000 {state} {queues}  1000        0 {inode} 1 x\n"


def make_proc(folder: Path, tables: dict[str, str], processes: dict[int, tuple[bytes, list[str]]]) -> Path:
    """A /proc with ``tables`` below net, and for each process its command line and what its descriptors are."""
    (folder / "net").mkdir()
    for name, text in tables.items():
        (folder / "net" / name).write_text(text)
    for pid, (command, links) in processes.items():
        (folder / str(pid) / "fd").mkdir(parents=True)
        (folder / str(pid) / "cmdline").write_bytes(command)
        for number, link in enumerate(links):
            (folder / str(pid) / "fd" / str(number)).symlink_to(link)
    (folder / "self").mkdir()
    return folder


def holder(folder: Path, tables: dict[str, str], processes: dict[int, tuple[bytes, list[str]]]) -> str:
    return holder_of_port(8000, proc=make_proc(folder, tables, processes))


def test_the_process_with_the_listening_socket_is_named(tmp_path: Path) -> None:
    tables = {"tcp": HEAD + row("0100007F", 8000, "0A", 77)}
    processes = {
        4710: (b"vim\0", ["/dev/null", "socket:[76]"]),
        4711: (b"/usr/bin/python3\0app.py\0", ["/dev/null", "socket:[77]"]),
    }
    assert holder(tmp_path, tables, processes) == "python3 app.py (process 4711)"


def test_ipv6_is_looked_into_as_well(tmp_path: Path) -> None:
    tables = {"tcp": HEAD, "tcp6": HEAD + row("0" * 32, 8000, "0A", 77)}
    assert holder(tmp_path, tables, {4711: (b"node\0", ["socket:[77]"])}) == "node (process 4711)"


def test_of_several_that_share_the_socket_the_first_is_named(tmp_path: Path) -> None:
    tables = {"tcp": HEAD + row("0100007F", 8000, "0A", 77)}
    processes = {900: (b"worker\0", ["socket:[77]"]), 80: (b"parent\0", ["socket:[77]"])}
    assert holder(tmp_path, tables, processes) == "parent (process 80)"


@pytest.mark.parametrize(
    "line",
    [row("0100007F", 8001, "0A", 77), row("0100007F", 8000, "01", 77), "nonsense\n", "\n", ""],
    ids=["port", "state", "nonsense", "empty", "none"],
)
def test_other_sockets_do_not_count(tmp_path: Path, line: str) -> None:
    assert holder(tmp_path, {"tcp": HEAD + line}, {4711: (b"node\0", ["socket:[77]"])}) == ""


def test_a_process_that_may_not_be_looked_into_is_unknown(tmp_path: Path) -> None:
    assert holder(tmp_path, {"tcp": HEAD + row("0100007F", 8000, "0A", 77)}, {1: (b"", [])}) == ""


@pytest.mark.parametrize("kind", ["missing", "empty"])
def test_a_process_without_a_command_line_is_another_program(tmp_path: Path, kind: str) -> None:
    proc = make_proc(tmp_path, {"tcp": HEAD + row("0100007F", 8000, "0A", 77)}, {5: (b"", ["socket:[77]"])})
    if kind == "missing":
        (proc / "5" / "cmdline").unlink()
    assert holder_of_port(8000, proc=proc) == "another program (process 5)"


def test_a_long_command_is_cut_and_a_hostile_one_cannot_steer_the_terminal(tmp_path: Path) -> None:
    tables = {"tcp": HEAD + row("0100007F", 8000, "0A", 77)}
    found = holder(tmp_path, tables, {5: (b"python\0-c\0" + b"\x1b[2J\xff\n" * 50, ["socket:[77]"])})
    assert found.isprintable()
    assert len(found) <= port_owner.COMMAND_LENGTH + len(" (process 5)")
    assert found.endswith("… (process 5)")


def test_without_proc_nobody_knows(tmp_path: Path) -> None:
    assert holder_of_port(8000, proc=tmp_path / "none") == ""


@linux_only
def test_this_process_is_told_apart() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        assert holder_of_port(sock.getsockname()[1]) == f"this process itself ({os.getpid()})"
