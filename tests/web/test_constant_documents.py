"""Documents that stay the same while the service runs: written once, sent compressed, revalidated."""

from __future__ import annotations

import asyncio
import gzip
import json

import pytest
from tornado.httpclient import AsyncHTTPClient
from tornado.httpclient import HTTPRequest
from tornado.httpclient import HTTPResponse

from perfsvc.web.framework.constants import MOST
from perfsvc.web.framework.constants import Constants
from tests.support.web_world import Api
from tests.support.web_world import World

pytestmark = pytest.mark.gen_test

DOCUMENTS = (
    "/api/openapi.json",
    "/api/schemas/",
    "/api/schemas/step/",
    "/api/vocabulary/",
    "/api/plugins/?page_size=100",
)


async def fetched(url: str, token: str, **headers: str) -> HTTPResponse:
    """A response as it comes, not decompressed."""
    request = HTTPRequest(
        url, headers={"Authorization": f"Bearer {token}", **headers}, decompress_response=False, request_timeout=20
    )
    return await AsyncHTTPClient().fetch(request, raise_error=False)


@pytest.mark.parametrize("path", DOCUMENTS)
async def test_a_client_that_has_it_gets_304(api: Api, path: str) -> None:
    first = await api.get(path)
    assert (first.status, first.headers["Cache-Control"]) == (200, "private, no-cache")
    etag = first.headers["ETag"]
    for known in (etag, etag.removeprefix("W/"), f'"other", {etag}', "*"):
        again = await api.get(path, headers={"If-None-Match": known})
        assert (again.status, again.text, again.headers["ETag"]) == (304, "", etag)
        assert "Content-Type" not in again.headers
    changed = await api.get(path, headers={"If-None-Match": '"other"'})
    assert (changed.status, changed.json) == (200, first.json)


@pytest.mark.parametrize("path", DOCUMENTS)
async def test_it_is_compressed_for_those_who_take_it(api: Api, base_url: str, world: World, path: str) -> None:
    token = world.tokens["owner"]
    packed = await fetched(base_url + path, token, **{"Accept-Encoding": "br, gzip"})
    plain = await fetched(base_url + path, token, **{"Accept-Encoding": "identity"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(packed.body) == plain.body
    assert json.loads(plain.body)
    assert packed.headers["ETag"] == plain.headers["ETag"]
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"


async def test_permission_comes_before_the_version(api: Api) -> None:
    etag = (await api.get("/api/schemas/")).headers["ETag"]
    assert (await api.get("/api/schemas/", None, headers={"If-None-Match": etag})).status == 401


async def test_pages_of_a_listing_are_documents_of_their_own(api: Api) -> None:
    both = [await api.get(f"/api/plugins/?kind={kind}") for kind in ("protocol", "data_source")]
    assert [{row["kind"] for row in each.json["results"]} for each in both] == [{"protocol"}, {"data_source"}]
    assert len({each.headers["ETag"] for each in both}) == 2


class Written:
    """Writes a document and counts how often."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> bytes:
        self.times += 1
        return b"{}"


async def test_a_document_is_written_again_only_if_its_source_changed() -> None:
    constants, write = Constants(), Written()
    first = await constants.get("a", ["x"], write)
    assert await constants.get("a", ["x"], write) is first
    assert write.times == 1
    assert await constants.get("a", ["y"], write) is not first
    assert write.times == 2


async def test_clients_that_ask_at_once_wait_for_one_writing() -> None:
    constants, write = Constants(), Written()
    found = await asyncio.gather(*(constants.get("a", None, write) for _ in range(5)))
    assert (write.times, len(set(map(id, found)))) == (1, 1)


async def test_a_writing_that_failed_is_tried_again() -> None:
    constants, write = Constants(), Written()
    with pytest.raises(ZeroDivisionError):
        await constants.get("a", None, lambda: bytes(1 // 0))
    assert (await constants.get("a", None, write)).etag
    assert write.times == 1


async def test_the_one_unused_for_longest_is_dropped() -> None:
    constants, write = Constants(), Written()
    for number in range(MOST):
        await constants.get(str(number), None, write)
    await constants.get("0", None, write)
    await constants.get("more", None, write)
    assert write.times == MOST + 1
    await constants.get("0", None, write)
    assert write.times == MOST + 1
    await constants.get("1", None, write)
    assert write.times == MOST + 2
