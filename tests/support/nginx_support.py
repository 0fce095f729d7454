"""A real nginx in front of servers that are under test; skips the test where there is none."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from process_support import Process

CONFIG = """
daemon off; pid {folder}/pid; error_log stderr warn; {user}
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}; proxy_temp_path {folder}; uwsgi_temp_path {folder};
    fastcgi_temp_path {folder}; scgi_temp_path {folder};
    {servers}
}}
"""
#: As Debian ships them since its security update of 2026: Host without its port.
PROXY_PARAMS = """
proxy_set_header Host $host; proxy_set_header X-Real-IP $remote_addr;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;
"""
UWSGI_PARAMS = """
uwsgi_param QUERY_STRING $query_string; uwsgi_param REQUEST_METHOD $request_method;
uwsgi_param CONTENT_TYPE $content_type; uwsgi_param CONTENT_LENGTH $content_length;
uwsgi_param REQUEST_URI $request_uri; uwsgi_param PATH_INFO $document_uri; uwsgi_param DOCUMENT_ROOT $document_root;
uwsgi_param SERVER_PROTOCOL $server_protocol; uwsgi_param REQUEST_SCHEME $scheme;
uwsgi_param HTTPS $https if_not_empty; uwsgi_param REMOTE_ADDR $remote_addr; uwsgi_param REMOTE_PORT $remote_port;
uwsgi_param SERVER_PORT $server_port; uwsgi_param SERVER_NAME $server_name; uwsgi_param HTTP_HOST $host;
"""


@contextmanager
def nginx(folder: Path, servers: Mapping[str, str]) -> Iterator[dict[str, int]]:
    """Serves for each name what its lines say; gives their ports."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/opt/homebrew/bin")
    if program is None:
        pytest.skip("nginx is not installed (Debian's package nginx-light)")
    with ExitStack() as stack:
        # It takes over sockets that listen already, as in an upgrade: each port is free, and nobody waits for a start.
        sockets = {name: stack.enter_context(socket.create_server(("127.0.0.1", 0))) for name in servers}
        ports = {name: listener.getsockname()[1] for name, listener in sockets.items()}
        lines = [f"server {{ listen 127.0.0.1:{ports[name]}; {text} }}" for name, text in servers.items()]
        config = folder / "nginx.conf"
        user = "user root root;" if os.geteuid() == 0 else ""  # it may use the folder, where "nobody" may not
        config.write_text(CONFIG.format(folder=folder, user=user, servers="\n".join(lines)))
        numbers = [listener.fileno() for listener in sockets.values()]
        env = {"NGINX": "".join(f"{number};" for number in numbers)}
        command = [program, "-c", str(config), "-p", str(folder), "-e", "stderr"]
        stack.enter_context(Process(command, cwd=folder, env=env, pass_fds=numbers))
        yield ports
