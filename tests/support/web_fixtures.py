"""Fixtures of the web tests; a folder that wants them imports them in its conftest."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.web import Application

from perfsvc.web.application import make_application
from perfsvc.web.application import make_server
from perfsvc.web.framework.assets import Asset
from perfsvc.web.framework.assets import Assets
from tests.support.web_world import UI_SCRIPT
from tests.support.web_world import Api
from tests.support.web_world import World
from tests.support.web_world import build


@pytest.fixture
def io_loop() -> Iterator[IOLoop]:
    """pytest-tornado's own makes the loop current in a way that Tornado gave up."""
    loop = IOLoop(make_current=False)
    asyncio.set_event_loop(loop.asyncio_loop)
    yield loop
    asyncio.set_event_loop(None)
    loop.close(all_fds=True)


@pytest.fixture
def changes() -> dict[str, Any]:
    """Settings that differ from the defaults; tests override it."""
    return {}


@pytest.fixture
def world(io_loop: IOLoop, tmp_path: Path, changes: dict[str, Any]) -> Iterator[World]:
    built: World = io_loop.run_sync(lambda: build(tmp_path, **changes))
    yield built
    io_loop.run_sync(built.close)


@pytest.fixture
def ui_assets() -> Assets:
    """A UI of one page and one script, so that these tests do not depend on a build."""
    page = Asset("text/html; charset=utf-8", b"<!doctype html><title>perfsvc</title>", {})
    script = Asset(
        "text/javascript; charset=utf-8", b"let plain", {"br": b"as br", "gzip": gzip.compress(b"let plain")}
    )
    return Assets(page, {UI_SCRIPT: script})


@pytest.fixture
def app(world: World, ui_assets: Assets) -> Application:
    return make_application(world.services, world.settings, assets=ui_assets)


@pytest.fixture
def http_server(
    io_loop: IOLoop, app: Application, world: World, _unused_port: tuple[socket.socket, int]
) -> Iterator[HTTPServer]:
    """Our own server with its limits, not pytest-tornado's plain one."""
    server = make_server(app, world.settings)
    server.add_socket(_unused_port[0])
    yield server
    server.stop()
    io_loop.run_sync(server.close_all_connections, timeout=60)


@pytest.fixture
def base_url(http_port: int) -> str:
    return f"http://127.0.0.1:{http_port}"


@pytest.fixture
def api(http_client: AsyncHTTPClient, base_url: str, world: World) -> Api:
    return Api(http_client, base_url, world)
