"""The api source against real endpoints: pages of every kind, retries, and hostile responses."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import threading
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import InvalidURL
from yarl import URL

from perfsvc.engine.resolver import Resolver as NameResolver
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.plugin import DataContext
from perfsvc.plugin import DataFailure
from perfsvc.plugin import Row
from perfsvc.plugin.testing import data_context
from perfsvc.plugin.testing import rows_of
from perfsvc_datasources.api import ApiSource
from perfsvc_datasources.api.client import Resolver
from tests.support.json_api import JsonApi
from tests.support.json_api import Request
from tests.support.json_api import Response

QUICK = {"retry_wait": 0.0, "retries": 2}


def context_of(*deny: str, **given: Any) -> DataContext:
    """What a run gives, with the installation's policy."""
    resolve = NameResolver(TargetPolicy(deny=deny), cached=False).resolve
    return data_context(Path())._replace(resolve=resolve, **given)


async def fetched(options: dict[str, Any], context: DataContext | None = None) -> tuple[list[Row], list[str]]:
    """All rows, and the warnings."""
    feed = await ApiSource(ApiSource.Options.parse(options), context or context_of()).open()
    try:
        return await rows_of(feed), [warning.en for warning in feed.warnings]
    finally:
        await feed.close()


async def fetch(
    answer: Callable[[Request], Response], options: dict[str, Any] | None = None, path: str = "/"
) -> list[Row]:
    with JsonApi(answer) as api:
        rows, warnings = await fetched({"url": api.url + path, **QUICK, **(options or {})})
    assert warnings == []
    return rows


def saying(body: Any, status: int = 200, **headers: str) -> Callable[[Request], Response]:
    return lambda request: Response(body, status, {name.replace("_", "-"): value for name, value in headers.items()})


# Rows


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("body", "rows", "expected"),
    [
        ([{"a": 1}, {"a": 2}], "$", [{"a": 1}, {"a": 2}]),
        ({"data": {"items": [{"a": 1}]}}, "$.data.items", [{"a": 1}]),
        ({"data": [{"a": 1}, {"a": 2}]}, "$.data[*]", [{"a": 1}, {"a": 2}]),
        ({"x": {"user": {"a": 1}}, "y": [{"user": {"a": 2}}]}, "$..user", [{"a": 1}, {"a": 2}]),
        ({"names": ["x", 5, None]}, "$.names", [{"value": "x"}, {"value": 5}, {"value": None}]),
        ([{"a": 1}, {"b": 2}], "$", [{"a": 1, "b": None}, {"a": None, "b": 2}]),
        ([{"a": {"b": [1]}}], "$", [{"a": {"b": [1]}}]),
        ([{"a": 10**30}], "$", [{"a": 10**30}]),
        ([{"a": "x\0y'\"密"}], "$", [{"a": "x\0y'\"密"}]),
        ([], "$", []),
        ({"data": []}, "$.nothing", []),
    ],
)
async def test_rows_are_found_by_path(body: Any, rows: str, expected: list[Row]) -> None:
    assert await fetch(saying(body), {"rows": rows}) == expected


@pytest.mark.asyncio
async def test_columns_are_paths_within_a_row() -> None:
    body = [{"id": 1, "profile": {"name": "n", "tags": ["x", "y"]}}, {"id": 2}]
    columns = {"user": "$.profile.name", "tag": "$.profile.tags[1]", "id": "$.id"}
    rows = await fetch(saying(body), {"columns": columns})
    assert rows == [{"user": "n", "tag": "y", "id": 1}, {"user": None, "tag": None, "id": 2}]


@pytest.mark.asyncio
async def test_columns_that_no_step_could_use_are_left_out_and_told() -> None:
    with JsonApi(saying([{"a": 1, "b c": 2, "": 3}])) as api:
        rows, warnings = await fetched({"url": api.url})
    assert rows == [{"a": 1}]
    assert warnings == ["ignored columns whose names cannot be variables: , b c"]


# Requests


@pytest.mark.asyncio
async def test_a_request_has_all_that_the_plan_and_the_environment_say() -> None:
    with JsonApi(saying([{"a": 1}])) as api:
        context = context_of(
            base_url=f"{api.url}/base/", headers={"X-Env": "e", "X-Both": "env"}, variables={"v": "V", "t": "T"}
        )
        options = {
            "url": "/users/{{v}}",
            "method": "POST",
            "headers": {"X-Both": "plan {{v}}"},
            "query": {"q": "{{v}}&", "n": 5, "b": True},
            "json": {"deep": [{"x": "{{v}}"}], "plain": 1},
            "auth": {"type": "bearer", "token": "{{t}}"},
        }
        await fetched(options, context)
        request = api.requests[0]
    assert (request.method, request.path, request.query) == (
        "POST",
        "/base/users/V",
        {"q": "V&", "n": "5", "b": "true"},
    )
    assert json.loads(request.body) == {"deep": [{"x": "V"}], "plain": 1}
    headers = {name: request.headers.get(name) for name in ("x-env", "x-both", "authorization", "content-type")}
    assert headers == {
        "x-env": "e",
        "x-both": "plan V",
        "authorization": "Bearer T",
        "content-type": "application/json",
    }


@pytest.mark.asyncio
async def test_a_form_and_a_password() -> None:
    auth = {"type": "basic", "username": "u", "password": "p密"}
    with JsonApi(saying([{"a": 1}])) as api:
        await fetched({"url": api.url, "method": "POST", "form": {"a": "1 2", "b": 3}, "auth": auth})
        request = api.requests[0]
    assert request.body == b"a=1+2&b=3"
    assert request.headers["authorization"] == "Basic dTpw5a+G"


@pytest.mark.asyncio
async def test_headers_of_the_environment_go_nowhere_else() -> None:
    with JsonApi(saying([{"a": 1}])) as api:
        await fetched({"url": api.url}, context_of(base_url="http://elsewhere.example", headers={"X-Env": "secret"}))
        assert "x-env" not in api.requests[0].headers


def test_secrets_are_not_in_a_repr() -> None:
    options = ApiSource.Options.parse(
        {
            "url": "http://a/",
            "headers": {"X-Key": "s3cret"},
            "query": {"key": "s3cret"},
            "auth": {"type": "bearer", "token": "s3cret"},
        }
    )
    assert "s3cret" not in repr(options)


# Pages


@pytest.mark.asyncio
async def test_pages_by_number_until_one_is_empty() -> None:
    def answer(request: Request) -> Response:
        page = int(request.query["page"])
        return Response([{"n": page * 10 + each} for each in range(2)] if page < 4 else [])

    assert [row["n"] for row in await fetch(answer, {"pagination": {"type": "page"}})] == [10, 11, 20, 21, 30, 31]


@pytest.mark.asyncio
async def test_pages_by_number_until_there_is_none() -> None:
    def answer(request: Request) -> Response:
        page = int(request.query["p"])
        return Response([{"n": page}]) if page < 3 else Response({"detail": "Invalid page."}, 404)

    paging = {"type": "page", "parameter": "p", "start": 0}
    assert [row["n"] for row in await fetch(answer, {"pagination": paging})] == [0, 1, 2]


@pytest.mark.asyncio
async def test_pages_by_offset_in_the_body_until_the_total() -> None:
    with JsonApi(
        lambda request: Response({"total": 5, "items": [{"n": json.loads(request.body)["offset"]}] * 2})
    ) as api:
        place = {"parameter": "offset", "start": 0, "step": 2, "size_parameter": "limit", "size": 2, "place": "body"}
        options = {"url": api.url, "method": "POST", "json": {"a": 1}, "rows": "$.items"}
        rows, _ = await fetched({**options, "pagination": {"type": "page", "total": "$.total", **place}})
        bodies = [json.loads(request.body) for request in api.requests]
    assert [row["n"] for row in rows] == [0, 0, 2, 2, 4, 4]
    assert bodies == [{"a": 1, "limit": 2, "offset": offset} for offset in (0, 2, 4)]


@pytest.mark.asyncio
async def test_an_endpoint_that_does_not_know_the_parameter_is_reported_of() -> None:
    with JsonApi(saying([{"a": 1}])) as api:
        rows, warnings = await fetched({"url": api.url, "pagination": {"type": "page"}})
        assert (rows, len(api.requests)) == ([{"a": 1}], 2)
    assert warnings == ["a page was the same as the one before: see the parameter"]


@pytest.mark.asyncio
async def test_pages_by_cursor() -> None:
    after = {None: "x", "x": "y&z", "y&z": None}

    def answer(request: Request) -> Response:
        cursor = request.query.get("after")
        return Response({"items": [{"c": cursor}], "next": after[cursor]})

    paging = {"type": "cursor", "path": "$.next", "parameter": "after"}
    rows = await fetch(answer, {"rows": "$.items", "pagination": paging})
    assert [row["c"] for row in rows] == [None, "x", "y&z"]


@pytest.mark.asyncio
async def test_a_cursor_that_goes_in_a_ring_ends() -> None:
    paging = {"type": "cursor", "path": "$.next"}
    with pytest.raises(DataFailure, match="invalid or repeated page cursor"):
        await fetch(saying({"items": [{"a": 1}], "next": "x"}), {"rows": "$.items", "pagination": paging})


@pytest.mark.asyncio
@pytest.mark.parametrize("path", [None, "$.links.next"])
async def test_pages_by_link(path: str | None) -> None:
    def answer(request: Request) -> Response:
        page = int(request.query.get("page", 1))
        link = f"/?page={page + 1}" if page < 3 else None
        headers = {"Link": f'<{link}>; rel="next", </>; rel="first"'} if link and path is None else {}
        return Response({"items": [{"n": page}], "links": {"next": link}}, 200, headers)

    rows = await fetch(answer, {"rows": "$.items", "pagination": {"type": "link", "path": path}})
    assert [row["n"] for row in rows] == [1, 2, 3]


@pytest.mark.asyncio
async def test_a_link_to_itself_ends() -> None:
    with pytest.raises(DataFailure, match="repeated next-page address"):
        await fetch(saying([{"a": 1}], Link='</>; rel="next"'), {"pagination": {"type": "link"}})


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("limit", "count", "message"),
    [
        ({"max_rows": 5}, 5, "only the first 5 rows (max_rows)"),
        ({"max_pages": 3}, 6, "only the first 3 pages (max_pages)"),
    ],
)
async def test_endless_pages_are_bounded_and_it_is_reported(limit: dict[str, int], count: int, message: str) -> None:
    with JsonApi(lambda request: Response([{"p": request.query["page"]}] * 2)) as api:
        rows, warnings = await fetched({"url": api.url, "pagination": {"type": "page"}, **limit})
    assert (len(rows), warnings) == (count, [message])


# Failures that pass, and others


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_what_may_pass_is_tried_again(status: int) -> None:
    left = [status, status]
    with JsonApi(lambda request: Response({}, left.pop()) if left else Response([{"a": 1}])) as api:
        rows, _ = await fetched({"url": api.url, **QUICK})
        assert (rows, len(api.requests)) == ([{"a": 1}], 3)


@pytest.mark.asyncio
@pytest.mark.parametrize(("status", "times"), [(503, 3), (400, 1), (401, 1), (403, 1), (404, 1), (204, 1)])
async def test_what_does_not_pass_is_reported(status: int, times: int) -> None:
    with JsonApi(saying(b"", status)) as api:
        with pytest.raises(DataFailure) as caught:
            await fetched({"url": f"{api.url}/users?key=s3cret", **QUICK})
        assert len(api.requests) == times
    assert str(status) in str(caught.value) or status == 204
    assert "s3cret" not in str(caught.value)


@pytest.mark.asyncio
async def test_a_connection_that_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(DataFailure, match=f"http://127.0.0.1:{port}/: Connect call failed"):
        await fetched({"url": f"http://127.0.0.1:{port}/?key=x", **QUICK})


@pytest.mark.asyncio
async def test_a_request_has_a_time_limit() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(DataFailure, match=r"did not finish within 0\.2 s"):
            await fetched({"url": url, "timeout": 0.2, "retries": 0})


# Hostile responses


@contextmanager
def raw(answer: Iterator[bytes]) -> Iterator[str]:
    """A server that sends prepared bytes to one client, until that disconnects."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        client, _ = server.accept()
        with client:
            client.recv(65_536)
            try:
                for piece in answer:
                    client.sendall(piece)
            except OSError:
                return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}/"
    thread.join(20)
    server.close()


def endless(head: bytes, piece: bytes) -> Iterator[bytes]:
    yield head
    while True:
        yield piece


START = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
SPACES = b" " * 65_536


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("head", "piece", "message"),
    [
        (START + b"\r\n", SPACES, "the response has more than 1000000 bytes"),
        (START + b"Content-Length: 99999999999\r\n\r\n", SPACES, "the response has more than 1000000 bytes"),
        (START + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + SPACES + b"\r\n", "has more than 1000000 bytes"),
        (START, b"X-A: " + b"a" * 1000 + b"\r\n", "http://127.0.0.1:"),
        (b"", b"\0" * 65_536, "http://127.0.0.1:"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n", "did not finish within 2 s"),
    ],
    ids=["until-close", "length", "chunked", "headers", "zeros", "continue"],
)
async def test_an_endless_answer_is_cut_off(head: bytes, piece: bytes, message: str) -> None:
    with raw(endless(head, piece)) as url:
        options = {"url": url, "retries": 0, "max_response_bytes": 1_000_000, "timeout": 2.0}
        with pytest.raises(DataFailure, match=message):
            await fetched(options)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("body", "headers", "message"),
    [
        (b"[" * 100_000 + b"]" * 100_000, {}, "nested too deeply"),
        (b'{"a":' * 100_000, {}, "nested too deeply|not JSON"),
        (b"[1, 2", {}, r"is not JSON \(line 1, column 1\): a bracket is not closed; add the ] for this \["),
        (b"[NaN]", {}, "the response is not JSON: JSON has no NaN"),
        (b"", {}, r"the response is not JSON \(line 1, column 1\): it is empty"),
        (b'["\xff\xfe"]', {}, "the response is not JSON"),
        ("[\"密\"]".encode("gbk"), {}, "the response is not JSON"),
        (b"\0\0\0\0", {}, "the response is not JSON"),
        (b"[" + b"9" * 10_000 + b"]", {}, "the response is not JSON"),
        (b"<html>", {"Content-Type": "text/html"}, "the response is text/html, not JSON"),
        (b"[1]", {"Content-Type": "application/octet-stream"}, "not JSON"),
        (gzip.compress(b"[1]", mtime=0), {"Content-Encoding": "gzip"}, "the response is encoded as gzip, unrequested"),
    ],
)  # fmt: skip
async def test_a_body_that_is_no_json_is_refused(body: bytes, headers: dict[str, str], message: str) -> None:
    with pytest.raises(DataFailure, match=message):
        await fetch(lambda request: Response(body, 200, headers))


@pytest.mark.asyncio
async def test_a_body_that_is_no_json_is_explained_in_chinese_too() -> None:
    with pytest.raises(DataFailure) as caught:
        await fetch(lambda request: Response(b'{"rows": [1,\n2,]}', 200, {}))
    assert caught.value.text.zh == "响应不是合法的 JSON（第 2 行第 2 列）：多了一个逗号，请删去"


@pytest.mark.asyncio
async def test_a_denied_target_is_refused() -> None:
    with JsonApi(saying([{"a": 1}])) as api:
        with pytest.raises(DataFailure, match="the target is not allowed"):
            await fetched({"url": api.url}, context_of("127.0.0.0/8"))
        assert api.requests == []


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "target", ["http://127.0.0.2:{port}/", "http://2130706434:{port}/", "http://0x7f.2:{port}/", "//127.0.0.2:{port}/"]
)
@pytest.mark.parametrize("how", ["redirect", "link"])
async def test_a_redirect_or_a_link_to_a_denied_address_is_refused(target: str, how: str) -> None:
    with socket.create_server(("127.0.0.2", 0)) as denied:
        place = target.format(port=denied.getsockname()[1])
        answer = saying({}, 302, Location=place) if how == "redirect" else saying([1], Link=f'<{place}>; rel="next"')
        with JsonApi(answer) as api, pytest.raises(DataFailure, match=r"the target is not allowed|no address"):
            await fetched({"url": api.url, "pagination": {"type": "link"}, **QUICK}, context_of("127.0.0.2"))
        denied.settimeout(0)
        with pytest.raises(BlockingIOError):
            denied.accept()


@pytest.mark.asyncio
@pytest.mark.parametrize("host", ["2130706433", "127.1", "127.0.1", "0127.0.0.1", "127.0.0.1.", "0"])
async def test_numbers_are_no_way_around_the_policy(host: str) -> None:
    with pytest.raises(InvalidURL):
        await Resolver(context_of()).check(URL(f"http://{host}/"))
    with socket.create_server(("127.0.0.1", 0)) as denied:
        denied.settimeout(0)
        port = denied.getsockname()[1]
        with pytest.raises(DataFailure, match="is or leads to no address"):
            await fetched({"url": f"http://{host}:{port}/", "retries": 0}, context_of("127.0.0.0/8", "0.0.0.0/8"))
        with pytest.raises(BlockingIOError):
            denied.accept()


@pytest.mark.asyncio
async def test_a_redirect_elsewhere_takes_no_secret_along() -> None:
    with JsonApi(saying([{"a": 1}])) as other, JsonApi(saying({}, 307, Location=other.url)) as api:
        auth = {"type": "bearer", "token": "s3cret"}
        await fetched({"url": api.url, "headers": {"X-Key": "s3cret"}, "auth": auth})
        assert "s3cret" in api.requests[0].headers["authorization"]
        assert "s3cret" not in str(other.requests)


@pytest.mark.asyncio
async def test_a_redirect_at_home_keeps_what_the_plan_says() -> None:
    moved = Response({}, 308, {"Location": "/new"})
    with JsonApi(lambda request: Response([{"a": 1}]) if request.path == "/new" else moved) as api:
        await fetched({"url": api.url, "method": "POST", "json": {"a": 1}, "headers": {"X-Key": "k"}})
        assert [(request.method, request.body, request.headers["x-key"]) for request in api.requests] == [
            ("POST", b'{"a": 1}', "k")
        ] * 2


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("/again", "more than 5 redirects"),
        ("file:///etc/passwd", "not http or https"),
        ("gopher://127.0.0.1/", "not http or https"),
        ("http://", "more than 5 redirects"),
        ("http://[", "without an address"),
        ("", "without an address"),
    ],
)
async def test_redirects_that_lead_nowhere(location: str, message: str) -> None:
    with pytest.raises(DataFailure, match=message):
        await fetch(saying({}, 302, Location=location))


@pytest.mark.asyncio
async def test_a_body_is_not_sent_to_somebody_else() -> None:
    with JsonApi(saying([{"a": 1}])) as other, JsonApi(saying({}, 307, Location=other.url)) as api:
        with pytest.raises(DataFailure, match="a body is not sent to another origin"):
            await fetched({"url": api.url, "method": "POST", "json": {"password": "s3cret"}})
        assert other.requests == []


@pytest.mark.asyncio
@pytest.mark.parametrize("place", ["query", "body"])
async def test_a_page_after_a_redirect_takes_no_body_along(place: str) -> None:
    with JsonApi(saying([{"a": 1}])) as other, JsonApi(saying({}, 303, Location=other.url)) as api:
        pages = {"type": "page", "place": place}
        with pytest.raises(DataFailure, match="a body is not sent to another origin"):
            await fetched({"url": api.url, "method": "POST", "json": {"password": "s3cret"}, "pagination": pages})
        assert [(request.method, request.body) for request in other.requests] == [("GET", b"")]


@pytest.mark.asyncio
async def test_giving_up_lets_go_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        options = {"url": f"http://127.0.0.1:{silent.getsockname()[1]}/"}
        opening = asyncio.ensure_future(fetched(options))
        client, _ = await asyncio.to_thread(silent.accept)
        opening.cancel()
        with client:
            client.settimeout(20)
            while await asyncio.to_thread(client.recv, 65_536):
                pass
        with pytest.raises(asyncio.CancelledError):
            await opening
