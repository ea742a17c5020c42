"""A private nginx for tests: own folder, own ports on 127.0.0.1, an access log to count against, TLS on request.

nginx is handed its listening sockets ready-made (``NGINX=fd;fd;``, the way it hands them to its own successor), so no
port has to be guessed and freed first.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from tests.support.certificates import Authority
from tests.support.waiting import wait_until

LIMIT_S = 60.0
BUCKET = 100
"""Requests per second to which ``/bucket`` returns 200, twenty at once at most; all others get 503."""

CONFIG = """
{user} daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 20000; }}
http {{
  log_format test '$status $request_method $uri $request_length $bytes_sent $connection $connection_requests $msec'
                  ' $remote_addr';
  access_log {folder}/access.log test;
  keepalive_requests 10000000; keepalive_timeout 600s; client_max_body_size 64m;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  limit_req_zone $server_port zone=bucket:64k rate={bucket}r/s;
  gzip_min_length 1; gzip_types text/plain application/json;
  server {{
    listen {host}:{port} backlog=4096; {tls}
    default_type text/plain;
    root {folder}/www;
    location / {{ return 200 "hello from nginx\\n"; }}
    location /json {{ default_type application/json; return 200 '{{"ok":true,"uri":"$request_uri"}}'; }}
    location /headers {{ return 200 "$request_method|$host|$http_authorization|$http_cookie|$http_content_type\\n"; }}
    location /protocol {{ return 200 "$server_protocol|$connection|$connection_requests\n"; }}
    location /client {{ return 200 "$ssl_client_verify|$ssl_client_s_dn\n"; }}
    location /from {{ return 200 "$remote_addr\n"; }}
    location /received {{ return 200 "$request_method|$content_length|$http_expect\n"; }}
    location /empty {{ return 204; }}
    location /not-modified {{ return 304; }}
    location ~ ^/status/(?<code>400|401|403|404|429|500|503)$ {{ try_files /none @$code; }}
    location @400 {{ return 400 "bad\\n"; }}
    location @401 {{ return 401 "who\\n"; }}
    location @403 {{ return 403 "no\\n"; }}
    location @404 {{ return 404 "gone\\n"; }}
    location @429 {{ return 429 "slow down\\n"; }}
    location @500 {{ return 500 "broken\\n"; }}
    location @503 {{ return 503 "busy\\n"; }}
    location /redirect/ {{ rewrite ^/redirect/(.*)$ /$1 redirect; }}
    location /see-other {{ return 303 /json; }}
    location /keep-method {{ return 307 /headers; }}
    location /loop {{ return 302 /loop; }}
    location /login {{ add_header Set-Cookie "session=abc; Path=/; HttpOnly"; return 200 "in\\n"; }}
    location /close {{ keepalive_timeout 0; return 200 "bye\\n"; }}
    location /files/ {{ alias {folder}/www/; }}
    location = /bucket {{ limit_req zone=bucket burst=20 nodelay; }}
    location /gzip/ {{ gzip on; alias {folder}/www/; }}
    location /chunked/ {{ ssi on; ssi_types text/plain; alias {folder}/www/; }}
  }}
}}
"""
FILES = {
    "small.txt": b"small\n",
    "bucket": b"a drop\n",
    "page.txt": b"0123456789abcdef" * 64,
    "big.txt": b"0123456789abcdef" * 131_072,
}


class LogLine(NamedTuple):
    """One request as nginx saw it. ``received`` and ``sent`` are the bytes of the request and of the reply,
    ``moment`` is the Unix time at which the reply had been sent, ``client`` the address that asked."""

    status: int
    method: str
    path: str
    received: int
    sent: int
    connection: int
    nth_on_connection: int
    moment: float
    client: str


class Nginx:
    """A running nginx at the address ``host``. ``url`` and, with an authority, ``tls_url`` and ``http2_url`` (for the
    host ``localhost``) are its base URLs; of clients over TLS it takes certificates of the authority, and does not
    insist on them."""

    def __init__(self, folder: Path, authority: Authority | None = None, host: str = "127.0.0.1") -> None:
        self._folder = folder
        self._authority = authority
        self._host = host
        self._stack = ExitStack()
        self.url = self.tls_url = self.http2_url = ""

    def __enter__(self) -> Nginx:
        (self._folder / "www").mkdir(parents=True)
        for name, content in FILES.items():
            (self._folder / "www" / name).write_bytes(content)
        plain = self._listen(self._host)
        self.url = f"http://{self._host}:{plain.getsockname()[1]}"
        sockets = [plain]
        if self._authority is not None:
            sockets += [self._listen(), self._listen()]
            self.tls_url, self.http2_url = (f"https://localhost:{each.getsockname()[1]}" for each in sockets[1:])
        self._start(sockets)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def log(self) -> list[LogLine]:
        """Every request finished so far."""
        path = self._folder / "access.log"
        rows = (line.split() for line in path.read_text().splitlines()) if path.exists() else ()
        return [LogLine(int(row[0]), row[1], row[2], *map(int, row[3:7]), float(row[7]), row[8]) for row in rows]

    def log_of(self, count: int) -> list[LogLine]:
        """The log once it has at least ``count`` lines: nginx writes one a moment after the reply has left."""
        wait_until(lambda: len(self.log()) >= count, f"{count} lines in the access log", every_s=0.01)
        return self.log()

    def stop(self) -> None:
        """Ends it and everything it started; the second time does nothing."""
        self._stack.close()

    def _listen(self, host: str = "127.0.0.1") -> socket.socket:
        listener = self._stack.enter_context(socket.socket())
        listener.bind((host, 0))
        listener.listen(4096)
        return listener

    def _start(self, sockets: list[socket.socket]) -> None:
        program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
        assert program, "nginx is not installed: apt-get install nginx-light"
        config = self._folder / "nginx.conf"
        ports = [listener.getsockname()[1] for listener in sockets]
        # As root, nginx would hand its work to a user who may not read our folder.
        user = "user root;" if os.geteuid() == 0 else ""
        tls = self._tls(ports[1:])
        config.write_text(
            CONFIG.format(folder=self._folder, host=self._host, port=ports[0], tls=tls, user=user, bucket=BUCKET)
        )
        descriptors = [listener.fileno() for listener in sockets]
        process = subprocess.Popen(
            [program, "-p", str(self._folder), "-c", str(config), "-e", str(self._folder / "error.log")],
            env={**os.environ, "NGINX": "".join(f"{number};" for number in descriptors)},
            pass_fds=descriptors,
        )
        self._stack.callback(_end, process)
        started = self._folder / "nginx.pid"
        wait_until(lambda: started.exists() or process.poll() is not None, "the start of nginx", every_s=0.01)
        assert process.poll() is None, (self._folder / "error.log").read_text()

    def _tls(self, ports: list[int]) -> str:
        if self._authority is None:
            return ""
        certificate, key = self._authority.issue("localhost")
        listen = f"listen 127.0.0.1:{ports[0]} ssl; listen 127.0.0.1:{ports[1]} ssl http2;"
        clients = f"ssl_verify_client optional; ssl_client_certificate {self._authority.ca_file};"
        return f"{listen} ssl_certificate {certificate}; ssl_certificate_key {key}; {clients}"


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(LIMIT_S)
