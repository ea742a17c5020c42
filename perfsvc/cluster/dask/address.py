"""Addresses of a scheduler: where it listens, and where agents reach it."""

from __future__ import annotations

from urllib.parse import urlsplit

from perfsvc.errors import StartupError

SCHEME = "tls"
HERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - not bound, only compared


def host_and_port(listen: str) -> tuple[str, int]:
    """Split ``host:port``, with or without ``tls://``. Raises StartupError."""
    parts = urlsplit(listen if "://" in listen else f"{SCHEME}://{listen}")
    try:
        port = parts.port
    except ValueError:
        port = None
    if parts.scheme != SCHEME or port is None or parts.hostname is None or parts.path not in ("", "/"):
        zh, en = (
            f"调度器地址无效：{listen}，应为 主机:端口",
            f"invalid scheduler address: {listen}; use host:port",
        )
        raise StartupError(zh, en)
    return parts.hostname, port


def address_of(host: str, port: int) -> str:
    """The address in the form that agents take."""
    return f"{SCHEME}://{f'[{host}]' if ':' in host else host}:{port}"


def local_address(listen: str, port: int) -> str:
    """The address at which agents of this machine reach a scheduler that listens on ``listen``."""
    host, _ = host_and_port(listen)
    return address_of(HERE.get(host, host), port)
