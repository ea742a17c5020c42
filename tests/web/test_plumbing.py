"""What holds for every request: how it is read, in which language it is answered, and with which headers."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import socket
from typing import Any

import pytest
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders

from perfsvc.errors import StoreUnavailable
from perfsvc.model.problems import MOST_PROBLEMS
from perfsvc.service.projects import Projects
from perfsvc.web.framework import body_limit
from perfsvc.web.framework.access_log import level_of
from tests.support.web_world import Api
from tests.support.web_world import World

pytestmark = pytest.mark.gen_test

PROJECTS = "/api/projects/"
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("", "（第 1 行第 1 列）：内容为空，请写一个 JSON 对象"),
        ("{", "（第 1 行第 1 列）：括号没有闭合，请补上与 { 对应的 }"),
        ('{"name": "a",\n "id": 1,}', "（第 2 行第 9 列）：多了一个逗号，请删去"),
        ('{"name": "a", "name": "b"}', "：键 'name' 重复；请删去一个或改名"),
        ('{"name": NaN}', "：JSON 中没有 NaN，请写数字或 null"),
        ('{"name": -Infinity}', "：JSON 中没有 -Infinity，请写数字或 null"),
        (b'{"name": "\xff"}', "：编码不是 UTF-8，请转换后再用"),
        ("[" * 100_000, "：嵌套过深"),
        ('{"name": ' + "9" * 5000 + "}", "：数字的位数过多；编号等请加双引号"),
        ('\ufeff{"name": "a"}', "（第 1 行第 1 列）：开头有字节顺序标记（BOM），请保存为无 BOM 的 UTF-8"),
    ],
)
async def test_what_is_not_json_is_a_bad_request(api: Api, raw: str | bytes, message: str) -> None:
    answer = await api.call("POST", PROJECTS, raw=raw, headers=JSON)
    assert (answer.status, answer.json) == (400, {"error": f"请求体不是合法的 JSON{message}"})


async def test_what_is_not_json_is_said_in_english_too(api: Api) -> None:
    answer = await api.call("POST", PROJECTS, raw='{"name": "a" "id": 1}', headers={**JSON, "Accept-Language": "en"})
    assert answer.json == {"error": "the body is not JSON (line 1, column 14): a comma is missing here"}


@pytest.mark.parametrize("raw", ["[]", '"text"', "1", "null"])
async def test_what_is_not_an_object_is_invalid(api: Api, raw: str) -> None:
    answer = await api.call("POST", PROJECTS, raw=raw, headers=JSON)
    assert (answer.status, answer.json["details"]) == (422, [{"path": "$", "message": "应为对象"}])


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=gbk", "multipart/x"],
)
async def test_only_json_is_taken(api: Api, content_type: str) -> None:
    answer = await api.call("POST", PROJECTS, raw='{"name": "a"}', headers={"Content-Type": content_type})
    assert (answer.status, answer.json) == (415, {"error": "Content-Type 应为 application/json"})


@pytest.mark.parametrize("content_type", ["application/json", 'Application/JSON ; charset="UTF-8"'])
async def test_ways_to_say_json(api: Api, content_type: str) -> None:
    answer = await api.call("POST", PROJECTS, raw='{"name": "a"}', headers={"Content-Type": content_type})
    assert answer.status == 201


async def test_a_body_may_not_be_too_large(api: Api) -> None:
    raw = '{"name": "' + "a" * 1_048_576 + '"}'
    answer = await api.call("POST", PROJECTS, raw=raw, headers=JSON)
    assert (answer.status, answer.json) == (413, {"error": "请求体不能超过 1048576 字节"})


class TestServerLimit:
    @pytest.fixture
    def changes(self) -> dict[str, Any]:
        return {"max_body_size": 2048}

    @pytest.mark.parametrize(
        "message",
        [
            b"Content-Length: 4096\r\n\r\n" + b"a" * 4096,
            b"Content-Length: 2049\r\n\r\n" + b"a" * 2049,
            b"Content-Length: 1000000000000\r\n\r\n",
            b"Transfer-Encoding: chunked\r\n\r\n" + (b"400\r\n" + b"a" * 1024 + b"\r\n") * 3 + b"0\r\n\r\n",
        ],
        ids=["declared", "one-too-many", "not-even-read", "chunked"],
    )
    async def test_more_than_the_server_takes_is_refused_in_words(
        self, api: Api, http_port: int, message: bytes
    ) -> None:
        assert (await api.post(PROJECTS, {"name": "fits"})).status == 201
        reader, writer = await asyncio.open_connection("127.0.0.1", http_port)
        writer.write(b"POST /api/users/login/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + message)
        head, _, body = (await asyncio.wait_for(reader.read(), 60)).partition(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
        assert head.startswith(b"HTTP/1.1 413 ")
        assert json.loads(body) == {"error": "请求体不能超过 2048 字节"}

    async def test_chunks_without_an_end_are_cut_off(
        self, http_server: HTTPServer, http_port: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(body_limit, "THROWN_AWAY", 4096)
        reader, writer = await asyncio.open_connection("127.0.0.1", http_port)
        writer.write(b"POST /api/users/login/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        writer.write((b"400\r\n" + b"a" * 1024 + b"\r\n") * 7)
        answer = await asyncio.wait_for(reader.read(), 60)
        writer.close()
        await writer.wait_closed()
        assert answer.startswith(b"HTTP/1.1 413 ")

    async def test_the_connection_lives_on_after_a_body_that_was_thrown_away(
        self, http_server: HTTPServer, http_port: int
    ) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", http_port)
        for _ in range(2):
            writer.write(b"POST /api/users/login/ HTTP/1.1\r\nHost: x\r\nContent-Length: 4096\r\n\r\n" + b"a" * 4096)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
            assert head.startswith(b"HTTP/1.1 413 ")
            length = re.search(rb"Content-Length: (\d+)", head)
            assert length is not None
            await asyncio.wait_for(reader.readexactly(int(length[1])), 60)
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize(
    ("query", "path", "message"),
    [
        ("page=0", "page", "不能小于 1"),
        ("page=-1", "page", "不能小于 1"),
        ("page=abc", "page", "应为整数"),
        ("page=1.0", "page", "应为整数"),
        ("page=%EF%BC%91", "page", "应为整数"),
        ("page=", "page", "应为整数"),
        ("page=99999999999999999999", "page", "应为整数"),
        ("page=1000001", "page", "不能大于 1000000"),
        ("page_size=101", "page_size", "不能大于 100"),
        ("pagesize=5", "pagesize", "未知的字段，是否想写 page_size？"),
        ("page=1&page=2", "page", "只能出现一次"),
        ("steps=1", "steps", "未知的字段"),
    ],
)
async def test_wrong_pages_are_invalid(api: Api, query: str, path: str, message: str) -> None:
    answer = await api.get(f"{PROJECTS}?{query}")
    assert (answer.status, answer.json["details"]) == (422, [{"path": path, "message": message}])


async def test_all_mistakes_of_a_query_are_listed_and_bounded(api: Api) -> None:
    answer = await api.get(f"{PROJECTS}?page=0&step=1")
    assert [problem["path"] for problem in answer.json["details"]] == ["step", "page"]
    many = await api.get(f"{PROJECTS}?{'&'.join(f'key{number}=1' for number in range(400))}")
    assert (many.status, len(many.json["details"])) == (422, MOST_PROBLEMS + 1)


async def test_a_query_that_is_not_utf8_is_a_bad_request(api: Api) -> None:
    assert (await api.get(f"{PROJECTS}?page=%ff")).status == 400


async def test_a_page_beyond_the_last_is_empty(api: Api) -> None:
    page = (await api.get(f"{PROJECTS}?page=7")).json
    assert page == {"total": 1, "page": 7, "page_size": 10, "results": []}


@pytest.mark.parametrize(
    ("accepted", "error"),
    [
        (None, "项目不存在"),
        ("en", "the project does not exist"),
        ("en-US,en;q=0.9,zh;q=0.8", "the project does not exist"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "项目不存在"),
        ("fr, en;q=0.5", "the project does not exist"),
        ("fr", "项目不存在"),
        ("en;q=0, *", "项目不存在"),
        ("en;q=x", "项目不存在"),
    ],
)
async def test_the_language_is_the_callers(api: Api, accepted: str | None, error: str) -> None:
    headers = {"Accept-Language": accepted} if accepted else {}
    answer = await api.get(f"{PROJECTS}99/", headers=headers)
    assert (answer.status, answer.json) == (404, {"error": error})
    assert answer.headers["Content-Language"] == ("en" if error.isascii() else "zh")


@pytest.mark.parametrize("path", ["/nowhere", "/api/", "/api/projects/x/", "/api/projects/1/2/", "/api/projects/-1/"])
async def test_other_addresses_are_not_found(api: Api, path: str) -> None:
    for method in ("GET", "POST"):
        answer = await api.call(method, path, None)
        assert (answer.status, answer.json) == (404, {"error": "接口不存在"})


async def test_numbers_too_large_for_an_id_are_the_id_of_nothing(api: Api) -> None:
    answer = await api.get(f"{PROJECTS}999999999999999999/")
    assert (answer.status, answer.json) == (404, {"error": "项目不存在"})
    assert (await api.get(f"{PROJECTS}9999999999999999999/")).json == {"error": "接口不存在"}


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "HEAD", "BREW"])
async def test_other_methods_are_not_allowed(api: Api, method: str) -> None:
    answer = await api.call(method, PROJECTS)
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET, POST, OPTIONS"
    if method != "HEAD":
        assert answer.json == {"error": "不支持该请求方法"}


async def test_the_trailing_slash_may_be_left_out(api: Api) -> None:
    assert (await api.get("/api/projects/1")).json == (await api.get("/api/projects/1/")).json
    assert (await api.post("/api/projects", {"name": "a"})).status == 201


async def test_every_answer_is_safe_to_show(api: Api) -> None:
    for answer in (await api.get(PROJECTS), await api.get(PROJECTS, None), await api.get("/nowhere")):
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Server"] == "perfsvc"
        assert len(answer.headers["X-Request-Id"]) == 16


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer ", "Basic b3duZXI6eA==", "Bearer x.y.z", "Bearer " + "x" * 5000]
)
async def test_what_is_not_a_token_is_not_accepted(api: Api, value: str) -> None:
    answer = await api.get(PROJECTS, None, headers={"Authorization": value})
    assert (answer.status, answer.json) == (401, {"error": "身份认证失败，请重新登录"})
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_a_token_of_another_key_is_not_accepted(api: Api, world: World) -> None:
    header, payload, signature = world.tokens["owner"].split(".")
    for forged in (f"{header}.{payload}.{signature[::-1]}", f"eyJhbGciOiJub25lIn0.{payload}.", f"{header}.{payload}."):
        assert (await api.get(PROJECTS, None, headers={"Authorization": f"Bearer {forged}"})).status == 401


async def test_an_unforeseen_error_is_opaque_and_logged(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def explode(*_: object) -> None:
        raise RuntimeError("the secret cause")

    monkeypatch.setattr(Projects, "page", explode)
    with caplog.at_level(logging.ERROR, logger="perfsvc"):
        answer = await api.get(PROJECTS)
    request_id = answer.headers["X-Request-Id"]
    assert (answer.status, answer.json) == (500, {"error": "服务器内部错误", "request_id": request_id})
    assert f"request {request_id} failed" in caplog.text
    assert "the secret cause" in caplog.text


async def test_a_database_that_is_away_is_reported(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise StoreUnavailable("数据库暂时不可用", "the database is away")

    monkeypatch.setattr(Projects, "page", away)
    answer = await api.get(PROJECTS, headers={"Accept-Language": "en"})
    assert answer.status == 503
    assert answer.json["error"] == "the database is away"
    assert answer.headers["Retry-After"] == "5"


async def test_the_log_holds_no_token(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="perfsvc"):
        await api.get("/ws/performance/x/?token=sesame", None)
        await api.get("/api/projects/?page=2", None)
    lines = [record.getMessage() for record in caplog.records if record.name == "perfsvc.web.framework.access_log"]
    assert lines[0].startswith("GET /ws/performance/x/?token=****** 401 ")
    assert lines[1].startswith("GET /api/projects/?page=2 401 ")


class TestOtherOrigins:
    @pytest.fixture
    def changes(self) -> dict[str, Any]:
        return {"cors_origins": ("https://ui.example.com",)}

    async def test_a_known_origin_is_let_in(self, api: Api) -> None:
        origin = {"Origin": "https://ui.example.com"}
        for answer in (await api.get(PROJECTS, headers=origin), await api.get(PROJECTS, None, headers=origin)):
            assert answer.headers["Access-Control-Allow-Origin"] == "https://ui.example.com"
            assert "Origin" in _listed(answer.headers, "Vary")
        asked = await api.call("OPTIONS", PROJECTS, None, headers=origin)
        assert asked.status == 204
        assert asked.headers["Allow"] == "GET, POST, OPTIONS"
        assert "Authorization" in asked.headers["Access-Control-Allow-Headers"]

    async def test_an_unknown_origin_is_not(self, api: Api) -> None:
        answer = await api.get(PROJECTS, headers={"Origin": "https://evil.example.com"})
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_no_origin_is_let_in_by_default(api: Api) -> None:
    answer = await api.get(PROJECTS, headers={"Origin": "https://ui.example.com"})
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert (await api.call("OPTIONS", "/api/users/me/", None)).headers["Allow"] == "GET, PUT, OPTIONS"


async def test_garbage_instead_of_http_harms_nobody(api: Api, http_port: int) -> None:
    for garbage in (b"\x16\x03\x01\x02\x00\r\n\r\n", b"GET /\0 HTTP/1.1\r\n\r\n", b"GET / HTTP/9\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", http_port), timeout=60) as connection:
            connection.sendall(garbage)
    assert (await api.get(PROJECTS)).status == 200


def _listed(headers: HTTPHeaders, name: str) -> list[str]:
    return [value.strip() for value in headers[name].split(",")]


@pytest.mark.parametrize(
    ("status", "path", "level"),
    [
        (200, "/assets/vendor-1.js", logging.DEBUG),
        (404, "/assets/gone-1.js", logging.INFO),
        (200, "/api/about/", logging.INFO),
        (503, "/assets/vendor-1.js", logging.ERROR),
    ],
)
def test_assets_fill_no_log(status: int, path: str, level: int) -> None:
    assert level_of(status, path) == level
