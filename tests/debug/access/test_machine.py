"""The identity of a machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from process_support import TIMEOUT

from debugkit.debug.access import machine
from debugkit.debug.access.machine import Sources, identity

CONTAINER = "4f" * 32
IOREG = """+-o J316sAP  <class IOPlatformExpertDevice>
    {
      "IOPlatformSerialNumber" = "C02"
      "IOPlatformUUID" = "5A7B-11"
    }
"""


def missing(*_):
    raise OSError("nothing there")


def sources(files=None, platform="linux", **others) -> Sources:
    files = files or {}

    def read(path):
        if path not in files:
            raise FileNotFoundError(path)
        return files[path]

    choices = {"run": missing, "machine_guid": missing, "node": lambda: 0x0242AC110002, "user_name": lambda: "ada"}
    return Sources(platform, read, **{**choices, **others})


# -- Identity --------------------------------------------------------------------------------------------------------


def test_linux_is_known_by_its_machine_id():
    files = {"/etc/machine-id": "abc\n", "/proc/sys/kernel/random/boot_id": "boot", "/etc/hostid": "host"}
    assert identity(sources(files)) == ("abc", "", "ada")


def test_the_machine_id_of_dbus_will_do():
    assert identity(sources({"/var/lib/dbus/machine-id": "dbus"}))[0] == "dbus"


@pytest.mark.parametrize("text", ["", "\n", "uninitialized\n"])
def test_a_machine_id_that_is_not_set_up_yet_is_passed_over(text):
    assert identity(sources({"/etc/machine-id": text, "/etc/hostid": "host"}))[0] == "host"


def test_without_machine_id_the_network_card_counts():
    assert identity(sources())[0] == "0242ac110002"


def test_a_random_node_is_no_identity_as_the_next_process_makes_up_another():
    files = {"/proc/sys/kernel/random/boot_id": "boot\n"}
    assert identity(sources(files, node=lambda: 0x0142AC110002))[0] == "boot"


def test_macos_is_known_by_its_platform_uuid():
    asked = []

    def run(command):
        asked.append(command[0])
        return IOREG

    assert identity(sources(platform="darwin", run=run))[0] == "5A7B-11"
    assert asked == ["/usr/sbin/ioreg"]


def test_windows_is_known_by_its_machine_guid():
    assert identity(sources(platform="win32", machine_guid=lambda: "guid"))[0] == "guid"


@pytest.mark.parametrize("platform", ["darwin", "win32", "freebsd14"])
def test_any_system_falls_back_to_the_network_card(platform):
    assert identity(sources(platform=platform, run=lambda command: "no such thing"))[0] == "0242ac110002"


@pytest.mark.parametrize(
    "line",
    [
        f"12:pids:/docker/{CONTAINER}",
        f"0::/system.slice/docker-{CONTAINER}.scope",
        f"0::/kubepods.slice/pod1/cri-containerd-{CONTAINER}.scope",
    ],
)
def test_a_container_is_told_from_others_of_the_same_image(line):
    assert identity(sources({"/proc/self/cgroup": f"{line}\n1:x:/\n"}))[1] == CONTAINER


@pytest.mark.parametrize(
    "line",
    ["0::/", "0::/user.slice/user-1000.slice/session-2.scope", f"0::/vte-spawn-{'a1' * 16}.scope", f"0::/{'a' * 65}"],
)
def test_outside_of_containers_the_control_group_does_not_count_as_it_changes_with_each_terminal(line):
    assert identity(sources({"/proc/self/cgroup": line}))[1] == ""


@pytest.mark.parametrize("error", [OSError, ValueError, ImportError, KeyError])
def test_a_source_that_fails_leaves_its_part_empty(error):
    def fail(*_):
        raise error

    everything = Sources("linux", fail, fail, fail, fail, fail)
    assert identity(everything) == ("", "", "")


def test_this_machine_has_the_same_identity_twice():
    assert identity() == identity()
    assert identity()[2]


def test_the_user_is_the_one_the_process_runs_as_whatever_the_environment_says():
    script = "from debugkit.debug.access.machine import identity; print(identity()[2])"
    environ = {
        **os.environ,
        "USER": "mallory",
        "LOGNAME": "mallory",
        "PYTHONPATH": str(Path(machine.__file__).parents[2]),
    }
    done = subprocess.run(
        [sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=True, timeout=TIMEOUT
    )
    assert done.stdout.strip() == identity()[2] != "mallory"


@pytest.mark.parametrize("command", [[sys.executable, "-c", "exit(3)"], ["/nowhere/ioreg"]])
def test_a_command_that_fails_is_an_oserror(command):
    with pytest.raises(OSError, match=r"exit status 3|nowhere"):
        machine.THIS_MACHINE.run(command)


def test_a_command_is_read_as_text():
    assert machine.THIS_MACHINE.run([sys.executable, "-c", "print('é')"]).strip()
