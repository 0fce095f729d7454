"""Who holds a port: read from a fake /proc, from the real one, and from lsof as macOS prints it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from debugkit.serving import port_owner
from debugkit.serving.port_owner import holder_of_path, holder_of_port

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
    return holder_of_port(8000, platform="linux", proc=make_proc(folder, tables, processes))


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
    assert holder_of_port(8000, platform="linux", proc=proc) == "another program (process 5)"


def test_a_long_command_is_cut_and_a_hostile_one_cannot_steer_the_terminal(tmp_path: Path) -> None:
    tables = {"tcp": HEAD + row("0100007F", 8000, "0A", 77)}
    found = holder(tmp_path, tables, {5: (b"python\0-c\0" + b"\x1b[2J\xff\n" * 50, ["socket:[77]"])})
    assert found.isprintable()
    assert len(found) <= port_owner.COMMAND_LENGTH + len(" (process 5)")
    assert found.endswith("… (process 5)")


def test_without_proc_nobody_knows(tmp_path: Path) -> None:
    assert holder_of_port(8000, platform="linux", proc=tmp_path / "none") == ""
    assert holder_of_path("/tmp/tea", proc=tmp_path / "none") == ""
    assert port_owner._owner({"77"}, tmp_path / "none") == ""


def test_the_search_is_given_up_when_it_takes_long(tmp_path: Path) -> None:
    proc = make_proc(tmp_path, {}, {1: (b"a\0", []), 2: (b"node\0", ["socket:[77]"])})
    moments = iter([0.0, 0.1, port_owner.PATIENCE + 0.1])
    assert port_owner._owner({"77"}, proc, clock=lambda: next(moments)) == ""
    assert port_owner._owner({"77"}, proc, clock=lambda: 0.0) == "node (process 2)"


@linux_only
def test_this_process_is_told_apart() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        assert holder_of_port(sock.getsockname()[1]) == f"this process itself ({os.getpid()})"


@linux_only
def test_the_holder_of_a_unix_socket_is_found_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind("some tea")
        sock.listen()
        assert holder_of_path("some tea") == f"this process itself ({os.getpid()})"
        assert holder_of_path("some") == ""


# macOS.


def lsof(text: str) -> Any:
    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        assert command[0] == "lsof"
        return subprocess.CompletedProcess(command, 0, stdout=text)

    return run


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("p4711\ncnode\nf20\n", "node (process 4711)"),
        ("p80\ncparent\nf3\np900\ncworker\nf3\n", "parent (process 80)"),
        ("p80\n", "another program (process 80)"),
        ("", ""),
        ("lsof: nonsense\n", ""),
    ],
    ids=["one", "two", "no command", "none", "nonsense"],
)
def test_lsof_says_who_it_is_on_macos(text: str, found: str) -> None:
    assert port_owner._ask_lsof(["-iTCP:8000"], lsof(text)) == found


@pytest.mark.parametrize(
    "error", [FileNotFoundError("lsof"), subprocess.TimeoutExpired("lsof", 1)], ids=["none", "slow"]
)
def test_without_lsof_nobody_knows(error: Exception) -> None:
    def run(command: list[str], **options: Any) -> Any:
        raise error

    assert port_owner._ask_lsof([], run) == ""


def test_macos_asks_lsof_and_survives_its_absence() -> None:
    assert isinstance(holder_of_port(1, platform="darwin"), str)
