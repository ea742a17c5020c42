"""The web UI as it is served: its page at every address of its own, its files for ever, errors as JSON."""

from __future__ import annotations

import asyncio
import gzip
import http.client
from pathlib import Path
from typing import NamedTuple

import pytest

from perfsvc.web.docs import POLICY
from perfsvc.web.framework.assets import Asset
from perfsvc.web.framework.assets import Assets
from perfsvc.web.framework.assets import read_assets
from tests.support.web_world import UI_SCRIPT
from tests.support.web_world import Api

pytestmark = pytest.mark.gen_test

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Encoding": "gzip, deflate, br"}
PAGE = b"<!doctype html><title>perfsvc</title>"


class Sent(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes


async def fetch(base_url: str, path: str, method: str = "GET", headers: dict[str, str] | None = None) -> Sent:
    """A reply exactly as it came: Tornado's own client would decompress it."""

    def exchange() -> Sent:
        connection = http.client.HTTPConnection(base_url.removeprefix("http://"), timeout=20)
        connection.request(method, path, headers=BROWSER if headers is None else headers)
        response = connection.getresponse()
        sent = Sent(response.status, response.headers, response.read())
        connection.close()
        return sent

    return await asyncio.to_thread(exchange)


@pytest.mark.parametrize("path", ["/", "/login", "/p/1/plans/new", "/p/1/runs/0f3a?from=1&to=2", "/apiary"])
async def test_every_address_of_the_ui_is_its_page(api: Api, base_url: str, path: str) -> None:
    sent = await fetch(base_url, path)
    assert (sent.status, sent.body) == (200, PAGE)
    assert sent.headers["Content-Type"] == "text/html; charset=utf-8"
    assert sent.headers["Cache-Control"] == "no-cache"
    assert sent.headers["Content-Security-Policy"] == POLICY
    assert sent.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/api/nothing/", "/api", "/ws/nothing", "/docs/nothing", "/metrics/x", "/assets/x.js"]
)
async def test_what_is_not_there_is_a_json_404_even_for_browsers(api: Api, base_url: str, path: str) -> None:
    sent = await fetch(base_url, path)
    assert sent.status == 404
    assert sent.headers["Content-Type"] == "application/json; charset=utf-8"
    assert sent.headers["Cache-Control"] == "no-store"
    assert sent.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"


async def test_who_does_not_ask_for_a_page_gets_none(api: Api, base_url: str) -> None:
    assert (await fetch(base_url, "/p/1", headers={"Accept": "*/*"})).status == 404
    assert (await fetch(base_url, "/p/1", headers={})).status == 404
    assert (await fetch(base_url, "/p/1", method="POST")).status == 404


@pytest.mark.parametrize(
    ("accepted", "encoding", "body"),
    [
        ("gzip, deflate, br", "br", b"as br"),
        ("gzip, br;q=0", "gzip", None),
        ("gzip", "gzip", None),
        ("identity", None, b"let plain"),
        ("", None, b"let plain"),
    ],
)
async def test_files_come_in_the_form_that_the_build_made(
    api: Api, base_url: str, ui_assets: Assets, accepted: str, encoding: str | None, body: bytes | None
) -> None:
    sent = await fetch(base_url, f"/assets/{UI_SCRIPT}", headers={"Accept-Encoding": accepted})
    assert sent.status == 200
    assert sent.headers["Content-Encoding"] == encoding
    assert sent.body == (ui_assets.named[UI_SCRIPT].encoded["gzip"] if body is None else body)
    assert sent.headers["Vary"] == "Accept-Encoding"
    assert sent.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert sent.headers["Content-Type"] == "text/javascript; charset=utf-8"


@pytest.mark.parametrize("path", ["/", "/login", f"/assets/{UI_SCRIPT}"])
async def test_head_is_get_without_a_body(api: Api, base_url: str, path: str) -> None:
    head, get = await fetch(base_url, path, "HEAD"), await fetch(base_url, path)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == get.headers["Content-Length"] == str(len(get.body))


class TestUnbuilt:
    @pytest.fixture
    def ui_assets(self) -> Assets:
        return Assets(None, {})

    async def test_a_page_says_how_to_build_it(self, api: Api, base_url: str) -> None:
        sent = await fetch(base_url, "/p/1", headers={"Accept": "text/html"})
        assert sent.status == 503
        assert sent.headers["Content-Security-Policy"] == POLICY
        for said in ("make run", "网页界面还没有构建", "The web UI has not been built", "/docs/"):
            assert said in sent.body.decode()


def test_a_build_is_read_with_its_compressed_forms(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_bytes(b"page")
    (tmp_path / "assets" / "a-1.css").write_bytes(b"style")
    (tmp_path / "assets" / "a-1.css.gz").write_bytes(gzip.compress(b"style"))
    (tmp_path / "assets" / "b-1.svg").write_bytes(b"picture")
    built = read_assets(tmp_path)
    assert built.page == Asset("text/html; charset=utf-8", b"page", {})
    assert set(built.named) == {"a-1.css", "b-1.svg"}
    assert built.named["a-1.css"].media_type == "text/css; charset=utf-8"
    assert gzip.decompress(built.named["a-1.css"].encoded["gzip"]) == b"style"
    assert built.named["b-1.svg"].media_type == "image/svg+xml; charset=utf-8"


def test_no_build_is_no_ui(tmp_path: Path) -> None:
    assert read_assets(tmp_path) == Assets(None, {})
