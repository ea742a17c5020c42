"""The target of the HTTP benchmarks: a private nginx with one worker on a core of its own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.ports import free_port

CONFIG = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log crit;
events {{ worker_connections 20000; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600s;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port} {tls}
    location / {{ return 200 "{body}"; }}
    location /login {{ default_type application/json; return 200 '{{"ok":true,"token":"abc123"}}'; }}
  }}
}}
"""
START_LIMIT_S = 10.0


@contextmanager
def nginx(core: int, body: str = "x" * 128, tls: bool = False, http2: bool = False) -> Iterator[str]:
    """A running server; gives its base URL. HTTP/2 is spoken over TLS."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin") or "nginx"
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        config = folder / "nginx.conf"
        secure = tls_lines(folder, "ssl http2" if http2 else "ssl") if tls or http2 else ";"
        config.write_text(CONFIG.format(folder=folder, port=port, body=body, tls=secure))
        server = subprocess.Popen(["taskset", "-c", str(core), program, "-p", name, "-c", str(config)])
        try:
            wait_for(port)
            yield f"{'https' if tls or http2 else 'http'}://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(START_LIMIT_S)


def tls_lines(folder: Path, listen: str) -> str:
    """What nginx needs to speak TLS with a certificate made for the occasion."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-subj", "/CN=127.0.0.1", "-days", "1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    return f"{listen}; ssl_certificate {certificate}; ssl_certificate_key {key};"


def wait_for(port: int) -> None:
    """Until something listens on ``port``."""
    limit = time.monotonic() + START_LIMIT_S
    while time.monotonic() < limit:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise SystemExit("the target did not start")
