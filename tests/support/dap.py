"""A client of the Debug Adapter Protocol, as far as editors need it to stop at a line of a program and its children.

https://microsoft.github.io/debug-adapter-protocol/specification; a child process announces itself by debugpy's own
event `debugpyAttach`, and is a session of its own at the same adapter.
"""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Self

from process_support import TIMEOUT


class Session:
    """One debugged process. A thread reads its messages; those of all sessions come out of ``editor.stops``."""

    def __init__(self, editor: Editor, reader: IO[bytes], writer: IO[bytes]) -> None:
        self._editor = editor
        self._reader = reader
        self._writer = writer
        self._lock = threading.Lock()
        self._count = 0
        self._answers: dict[int, queue.Queue[dict[str, Any]]] = {}
        self._initialized = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def send(self, command: str, arguments: Mapping[str, Any]) -> queue.Queue[dict[str, Any]]:
        """Where the answer will come."""
        with self._lock:
            self._count += 1
            answer = self._answers[self._count] = queue.Queue()
            message = {"seq": self._count, "type": "request", "command": command, "arguments": arguments}
            body = json.dumps(message).encode()
            self._writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
            self._writer.flush()
        return answer

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """The answer, which says that it went well."""
        return self.done(self.send(command, arguments))

    def done(self, answer: queue.Queue[dict[str, Any]]) -> dict[str, Any]:
        try:
            found = answer.get(timeout=TIMEOUT)
        except queue.Empty:
            raise AssertionError(f"the debugger did not answer:\n{self._editor.output}") from None
        assert found["success"], f"{found}\n{self._editor.output}"
        return found.get("body", {})

    def begin(self, request: str, arguments: Mapping[str, Any]) -> None:
        """What an editor says first, up to where the program may run."""
        self.ask("initialize", adapterID="debugpy", linesStartAt1=True, columnsStartAt1=True, pathFormat="path")
        begun = self.send(request, arguments)
        assert self._initialized.wait(TIMEOUT), f"the debugger is not ready:\n{self._editor.output}"
        for path, lines in self._editor.breakpoints.items():
            self.ask("setBreakpoints", source={"path": path}, breakpoints=[{"line": line} for line in lines])
        self.ask("configurationDone")
        self.done(begun)

    def _read(self) -> None:
        try:
            while line := self._reader.readline():
                length = int(line.split(b":")[1])
                self._reader.readline()
                self._hear(json.loads(self._reader.read(length)))
        except ConnectionResetError:  # how an adapter ends that is killed
            pass
        self._initialized.set()
        for answer in list(self._answers.values()):
            answer.put({"success": False, "message": "the connection has ended"})

    def close(self) -> None:
        """When the other end is closed, or is about to be."""
        self._thread.join(TIMEOUT)
        self._reader.close()
        try:
            self._writer.close()
        except OSError:  # what was written last came too late
            pass

    def _hear(self, message: dict[str, Any]) -> None:
        kind = message.get("event", message["type"])
        body = message.get("body", {})
        if kind == "response":
            self._answers.pop(message["request_seq"]).put(message)
        elif kind == "initialized":
            self._initialized.set()
        elif kind == "process":
            self._editor.processes.append(body["systemProcessId"])
        elif kind == "output":
            self._editor.hear(body["output"] * (body.get("category") != "telemetry"))
        elif kind == "debugpyAttach":
            self._editor.attach(body)
        elif kind == "stopped":
            self._editor.stops.put((self, body["threadId"]))


#: Variables for what is debugged: after 3 seconds in which it cannot show a value, as on a busy machine, pydevd would
#: let the program go on, stop it again and say so a second time.
PATIENT = {"PYDEVD_UNBLOCK_THREADS_ON_VARIABLES_TIMEOUT": "600"}


class Editor:
    """Sets breakpoints, starts a program by the adapter or joins one that listens, and follows its children."""

    def __init__(self, breakpoints: Mapping[str, list[int]]) -> None:
        self.breakpoints = breakpoints
        self.stops: queue.Queue[tuple[Session, int]] = queue.Queue()
        self.processes: list[int] = []
        self.output = ""
        self._grown = threading.Condition()
        self._stack = ExitStack()
        self._children: list[threading.Thread] = []
        self._closing = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._closing = True
        self._stack.close()
        for child in self._children:
            child.join(TIMEOUT)

    def launch(self, folder: Path, env: Mapping[str, str], **arguments: Any) -> Session:
        """Start a program as VS Code does with F5."""
        adapter = subprocess.Popen(
            [sys.executable, "-m", "debugpy.adapter"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=folder,
            env=env,
            start_new_session=True,
        )
        assert adapter.stdin is not None
        assert adapter.stdout is not None
        session = Session(self, adapter.stdout, adapter.stdin)
        self._stack.callback(session.close)
        self._stack.callback(self._end, adapter)
        session.begin(
            "launch",
            {
                "cwd": str(folder),
                "env": {**env, **PATIENT},
                "console": "internalConsole",
                "redirectOutput": True,
                "subProcess": True,
                "justMyCode": True,
                **arguments,
            },
        )
        return session

    def join(self, port: int) -> Session:
        """Attach to a program that waits for it."""
        return self._connect("127.0.0.1", port, "attach", {"subProcess": True, "justMyCode": True})

    def hear(self, text: str) -> None:
        with self._grown:
            self.output += text
            self._grown.notify_all()

    def wait_for(self, pattern: str) -> re.Match[str]:
        """The first match in what the launched program has printed."""
        with self._grown:
            found = self._grown.wait_for(lambda: re.search(pattern, self.output), TIMEOUT)
        assert found, f"{pattern!r} was not printed:\n{self.output}"
        return found

    def attach(self, body: dict[str, Any]) -> None:
        """A child has come: a session for it, in a thread, since this one reads messages."""
        self._children.append(threading.Thread(target=self._follow, args=[body]))
        self._children[-1].start()

    def _follow(self, body: dict[str, Any]) -> None:
        try:
            self._connect(body["connect"]["host"], body["connect"]["port"], "attach", body)
        except (AssertionError, OSError, ValueError):  # one that is killed before it is of use, as in the end
            if not self._closing:
                self.hear("a child process could not be followed\n")

    def _connect(self, host: str, port: int, request: str, arguments: dict[str, Any]) -> Session:
        sock = socket.create_connection((host, port), timeout=TIMEOUT)
        sock.settimeout(None)
        session = Session(self, sock.makefile("rb"), sock.makefile("wb"))

        def close() -> None:
            with sock:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:  # by the other end
                    pass
                session.close()

        self._stack.callback(close)
        session.begin(request, arguments)
        return session

    def stop(self) -> tuple[Session, int]:
        """Wait for a breakpoint; the session and the thread that has stopped there."""
        try:
            return self.stops.get(timeout=TIMEOUT)
        except queue.Empty:
            raise AssertionError(f"no breakpoint was hit:\n{self.output}") from None

    def stopped(self) -> tuple[str, int, dict[str, str]]:
        """Wait for a breakpoint; the file and line, and the local variables there. The program goes on."""
        session, thread = self.stop()
        frame = session.ask("stackTrace", threadId=thread)["stackFrames"][0]
        scope = session.ask("scopes", frameId=frame["id"])["scopes"][0]
        found = session.ask("variables", variablesReference=scope["variablesReference"])["variables"]
        session.ask("continue", threadId=thread)
        return frame["source"]["path"], frame["line"], {one["name"]: one["value"] for one in found}

    def _end(self, adapter: subprocess.Popen[bytes]) -> None:
        """With all that it has started: the launcher makes the program the leader of a process group."""
        for number in (*self.processes[:1], adapter.pid):
            try:
                os.killpg(number, signal.SIGKILL)
            except ProcessLookupError:
                pass
        adapter.wait()
