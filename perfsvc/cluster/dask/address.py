"""Addresses of schedulers: where one listens, and where agents reach it."""

from __future__ import annotations

from urllib.parse import urlsplit

from perfsvc.errors import StartupError

SCHEME = "tls"
HERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what listens everywhere is reached here


def host_and_port(listen: str) -> tuple[str, int]:
    """Of ``host:port``, with or without ``tls://``. Raises StartupError."""
    parts = urlsplit(listen if "://" in listen else f"{SCHEME}://{listen}")
    try:
        port = parts.port
    except ValueError:
        port = None
    if parts.scheme != SCHEME or port is None or parts.hostname is None or parts.path not in ("", "/"):
        zh, en = (
            f"不是调度器地址：{listen}，应为 主机:端口",
            f"not an address for the scheduler: {listen}; write host:port",
        )
        raise StartupError(zh, en)
    return parts.hostname, port


def address_of(host: str, port: int) -> str:
    """As agents are given it."""
    return f"{SCHEME}://{f'[{host}]' if ':' in host else host}:{port}"


def local_address(listen: str, port: int) -> str:
    """Where agents of this machine reach a scheduler that listens there, on that port."""
    host, _ = host_and_port(listen)
    return address_of(HERE.get(host, host), port)
