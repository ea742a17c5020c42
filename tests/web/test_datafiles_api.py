"""Data files over REST: streamed in whole or not at all, looked into, replaced, deleted, and never a path."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from perfsvc.errors import InvalidInput
from perfsvc.model.config import PlanConfig
from perfsvc.model.scene import SceneSpec
from perfsvc.plugin.catalog import Catalog
from perfsvc.service.data import file_store
from perfsvc.service.data.datafiles import NewContent
from perfsvc.service.data.datafiles import NewDataFile
from perfsvc.store import plans
from perfsvc.store import scenes
from tests.support.web_world import CONFIG
from tests.support.web_world import Api
from tests.support.web_world import World

pytestmark = pytest.mark.gen_test

USERS = "username,age\n张三,20\n李四,30\n".encode()
KEPT = "0" * 32
"""The world's own file."""


def upload(name: str = "users.csv") -> str:
    return f"/api/datafiles/?project_id=1&name={quote(name, safe='')}"


def lying(world: World) -> list[str]:
    """What is in the folder, beside the world's own file."""
    return sorted({path.name for path in (world.settings.data_dir / "datafiles").iterdir()} - {KEPT})


async def until_settled(world: World) -> None:
    """Aborted uploads are removed after the response."""
    async with asyncio.timeout(60):
        while any(name.endswith(".part") for name in lying(world)):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(("method", "path"), [("POST", upload()), ("PUT", "/api/datafiles/1/")])
async def test_a_file_within_a_form_is_refused(api: Api, world: World, method: str, path: str) -> None:
    form = b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\na,b\r\n--b--\r\n'
    answer = await api.call(method, path, raw=form, headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert (answer.status, list(answer.json)) == (415, ["error"])
    await until_settled(world)
    assert lying(world) == []


async def test_an_uploaded_file_is_kept_and_told(api: Api, world: World) -> None:
    answer = await api.call("POST", upload(), "editor", raw=USERS)
    assert answer.status == 201, answer.text
    expected = {
        "id": 2,
        "project_id": 1,
        "name": "users.csv",
        "size": len(USERS),
        "digest": hashlib.sha256(USERS).hexdigest(),
        "columns": ["username", "age"],
        "row_count": 2,
        "created_at": "2023-11-14T22:13:20Z",
        "updated_at": "2023-11-14T22:13:20Z",
        "updated_by": "editor",
        "used_by": [],
        "used_by_scenes": [],
    }
    assert answer.json == expected
    assert (await api.get("/api/datafiles/2/", "viewer")).json == expected
    listing = (await api.get("/api/datafiles/?project_id=1", "viewer")).json
    assert (listing["total"], listing["results"][0]) == (2, expected)
    (name,) = lying(world)
    path = world.settings.data_dir / "datafiles" / name
    assert path.read_bytes() == USERS
    assert path.stat().st_mode & 0o777 == 0o600


async def test_the_first_rows_are_shown(api: Api) -> None:
    rows = b"".join(b"user%d,=1+%d\n" % (number, number) for number in range(25))
    created = await api.call("POST", upload(), raw=b"username,formula\n" + rows + b"too,many,fields\n")
    answer = await api.get(f"/api/datafiles/{created.json['id']}/preview/", "viewer")
    assert answer.status == 200, answer.text
    assert answer.json["columns"] == ["username", "formula"]
    assert answer.json["rows"] == [{"username": f"user{n}", "formula": f"=1+{n}"} for n in range(10)]
    assert answer.json["total"] == 25


@pytest.mark.parametrize(
    ("content", "encoding", "delimiter"),
    [
        (USERS, "utf-8", ","),
        ("\ufeff名;城市\n张三;北京\n".encode(), "utf-8", ";"),
        ("a\tb\n1\t2\n".encode("utf-16"), "utf-16", "\t"),
        (b"word\nyes\n", "utf-8", None),
    ],
)
async def test_a_preview_says_by_what_the_file_was_read(
    api: Api, content: bytes, encoding: str, delimiter: str | None
) -> None:
    created = await api.call("POST", upload(), raw=content)
    answer = await api.get(f"/api/datafiles/{created.json['id']}/preview/", "viewer")
    assert (answer.status, answer.json["encoding"], answer.json["delimiter"]) == (200, encoding, delimiter)


async def test_a_viewer_sees_the_rows_of_a_file_that_needs_options(api: Api) -> None:
    created = await api.call("POST", upload(), raw="name;age\nMüller;20\n".encode("windows-1252"))
    path = f"/api/datafiles/{created.json['id']}/preview/"
    assert (await api.get(path, "viewer")).status == 422
    options = {"encoding": "windows-1252", "secret_columns": ["age"], "order": "random", "datafile_id": 999}
    answer = await api.get(f"{path}?options={quote(json.dumps(options))}", "viewer")
    assert (answer.status, answer.json["rows"]) == (200, [{"name": "Müller", "age": "***"}])
    for wrong in ("[1]", "{", json.dumps({"encoding": "klingon"})):
        assert (await api.get(f"{path}?options={quote(wrong)}", "viewer")).status == 422


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (b"user,password\nann,geheim\n", {"columns": ["a", "b"], "header": True}),
        (b"user,password\nann,geheim\n", {"delimiter": "|"}),
        ("user,password,café\nann,geheim,1\n".encode("latin-1"), {"encoding": "iso-8859-1", "delimiter": "|"}),
    ],
)
async def test_options_of_a_preview_uncover_no_secret(api: Api, content: bytes, options: dict[str, Any]) -> None:
    created = await api.call("POST", upload(), raw=content)
    preview = await api.get(
        f"/api/datafiles/{created.json['id']}/preview/?options={quote(json.dumps(options))}", "viewer"
    )
    assert (preview.status, "geheim" in preview.text) == (200, False), preview.text


async def test_a_preview_with_options_says_which_held(api: Api) -> None:
    created = await api.call("POST", upload(), raw="名|城,市\n张|北,京\n".encode("gbk"))
    options = {"datafile_id": created.json["id"], "encoding": "gbk", "delimiter": "|"}
    form = {"project_id": 1, "data_source_type": "csv", "data_config": options}
    answer = await api.post("/api/performance/data-preview/", form)
    assert answer.status == 200, answer.text
    assert answer.json["columns"] == ["名", "城,市"]
    assert (answer.json["encoding"], answer.json["delimiter"]) == ("gbk", "|")
    other = await api.post("/api/performance/data-preview/", form | {"data_source_type": "fake", "data_config": {}})
    assert other.status == 200, other.text
    assert (other.status, other.json["encoding"], other.json["delimiter"]) == (200, None, None)


async def test_a_file_that_cannot_be_read_without_options_is_kept_all_the_same(api: Api) -> None:
    created = await api.call("POST", upload(), raw="name\ncafé\n".encode("latin-1"))
    assert (created.status, created.json["columns"], created.json["row_count"]) == (201, [], None)
    answer = await api.get(f"/api/datafiles/{created.json['id']}/preview/")
    assert answer.status == 422
    assert answer.json["details"][0]["path"] == "data_config.encoding"


async def test_replacing_keeps_the_id_and_leaves_one_file(api: Api, world: World) -> None:
    created = (await api.call("POST", upload(), raw=USERS)).json
    (old,) = lying(world)
    with (world.settings.data_dir / "datafiles" / old).open("rb") as reader:
        answer = await api.call("PUT", f"/api/datafiles/{created['id']}/?name=new.csv", raw=b"a\n1\n")
        assert reader.read() == USERS, "whoever had opened the old version reads it on"
    assert answer.status == 200, answer.text
    assert answer.json == created | {
        "name": "new.csv",
        "size": 4,
        "digest": hashlib.sha256(b"a\n1\n").hexdigest(),
        "columns": ["a"],
        "row_count": 1,
    }
    assert len(lying(world)) == 1
    assert lying(world) != [old]
    assert (await api.call("PUT", f"/api/datafiles/{created['id']}/", raw=b"b\n")).json["name"] == "new.csv"


async def test_deleting_removes_the_file(api: Api, world: World) -> None:
    created = (await api.call("POST", upload(), raw=USERS)).json
    assert (await api.delete(f"/api/datafiles/{created['id']}/")).status == 200
    assert lying(world) == []
    assert (await api.get(f"/api/datafiles/{created['id']}/")).status == 404


async def test_a_file_that_a_plan_uses_stays(api: Api, world: World) -> None:
    config = {**CONFIG, "data_source_type": "csv", "data_config": {"datafile_id": 1}}
    await world.store.run(plans.create, 1, world.people["owner"], "with data", PlanConfig.parse(config))
    answer = await api.delete("/api/datafiles/1/")
    assert (answer.status, answer.json) == (409, {"error": "数据文件正被测试计划“with data”使用，不能删除"})
    assert (await api.get("/api/datafiles/1/preview/")).status == 200


async def test_a_file_names_the_plans_that_use_it(api: Api, world: World) -> None:
    data: dict[str, dict[str, Any]] = {
        "users": {"data_source_type": "csv", "data_config": {"datafile_id": 1}},
        "more users": {"data_source_type": "csv", "data_config": {"datafile_id": 1, "delimiter": ";"}},
        "another file": {"data_source_type": "csv", "data_config": {"datafile_id": 99}},
        "not any more": {"data_source_type": "none", "data_config": {"datafile_id": 1}},
        "rows of its own": {"data_source_type": "pool", "data_config": {"columns": ["datafile_id"], "values": [[1]]}},
    }
    made = {}
    for name, source in data.items():
        config = PlanConfig.parse({**CONFIG, **source})
        made[name] = await world.store.run(plans.create, 1, world.people["owner"], name, config)
    expected = [{"id": made[name].id, "name": name} for name in ("users", "more users")]
    assert (await api.get("/api/datafiles/1/", "viewer")).json["used_by"] == expected
    created = (await api.call("POST", upload(), raw=USERS)).json
    listing = (await api.get("/api/datafiles/?project_id=1&order=name", "viewer")).json["results"]
    assert {file["id"]: file["used_by"] for file in listing} == {1: expected, created["id"]: []}
    assert (await api.call("PUT", "/api/datafiles/1/", raw=b"a\n1\n")).json["used_by"] == expected
    for plan in expected:
        await world.store.run(plans.delete, plan["id"])
    assert (await api.get("/api/datafiles/1/")).json["used_by"] == []


async def test_a_file_names_the_scenes_that_send_it(api: Api, world: World) -> None:
    Catalog.load()  # knows which fields of requests and options name files
    other = (await api.call("POST", upload(), raw=USERS)).json["id"]
    names = {"by name": "users.csv", "by id": "1", "of each row": "{{file}}", "no file": "gone.csv"}
    made = {}
    for name, file in names.items():
        steps = [{"type": "group", "name": "g", "steps": [{"name": "a", "request": {"url": "/", "body_file": file}}]}]
        spec = SceneSpec.parse({"name": name, "steps": steps})
        made[name] = (await world.store.run(scenes.create, 1, world.people["owner"], spec)).id
    config = {**CONFIG, "execution_config": {"protocol_options": {"http": {"tls": {"ca": "1"}}}}}
    plan = await world.store.run(plans.create, 1, world.people["owner"], "trusting", PlanConfig.parse(config))
    listing = (await api.get("/api/datafiles/?project_id=1", "viewer")).json["results"]
    assert {file["id"]: [each["id"] for each in file["used_by_scenes"]] for file in listing} == {
        1: [made["by id"]],
        other: [made["by name"]],
    }
    assert [file["used_by"] for file in listing if file["id"] == 1] == [[{"id": plan.id, "name": "trusting"}]]
    refused = await api.delete("/api/datafiles/1/", headers={"Accept-Language": "en"})
    told = "the data file is used by the plan “trusting” and by the scene “by id” and cannot be deleted"
    assert (refused.status, refused.json) == (409, {"error": told})


async def test_of_many_plans_that_use_a_file_some_are_named(api: Api, world: World) -> None:
    config = PlanConfig.parse({**CONFIG, "data_source_type": "csv", "data_config": {"datafile_id": 1}})
    for number in range(7):
        await world.store.run(plans.create, 1, world.people["owner"], f"p{number}", config)
    refused = await api.delete("/api/datafiles/1/")
    assert refused.json == {"error": "数据文件正被测试计划“p0”、“p1”、“p2”、“p3”、“p4”等 7 个使用，不能删除"}


async def test_files_of_a_deleted_project_go_with_it(api: Api, world: World) -> None:
    await api.call("POST", upload(), raw=USERS)
    assert (await api.delete("/api/projects/1/")).status == 200
    assert list((world.settings.data_dir / "datafiles").iterdir()) == []


async def test_what_is_packed_stays_packed(api: Api, world: World) -> None:
    packed = gzip.compress(b"a\n" + b"1\n" * 5_000_000)
    assert len(packed) < 50_000
    answer = await api.call("POST", upload("a.csv.gz"), raw=packed, headers={"Content-Encoding": "gzip"})
    assert (answer.status, answer.json["size"], answer.json["row_count"]) == (201, len(packed), None)
    (name,) = lying(world)
    assert (world.settings.data_dir / "datafiles" / name).read_bytes() == packed


# Nothing that a user writes becomes a path


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "a/b", "a\\b", "a\0b", "a\nb", "", "x" * 256, "file:///etc/passwd"]
)
async def test_names_that_are_refused(api: Api, world: World, name: str) -> None:
    answer = await api.call("POST", upload(name), raw=USERS)
    assert answer.status == 422, answer.text
    assert [detail["path"] for detail in answer.json["details"]] == ["name"]
    assert lying(world) == []


@pytest.mark.parametrize("name", ["..", "=cmd()", "名单.csv", "%2e%2e%2fpasswd", "CON", "a.csv;rm -rf"])
async def test_names_that_are_odd_are_only_names(api: Api, world: World, name: str) -> None:
    answer = await api.call("POST", upload(name), raw=USERS)
    assert (answer.status, answer.json["name"]) == (201, name)
    assert [len(stored) for stored in lying(world)] == [32]


async def test_a_run_gets_files_of_its_own_project_only(api: Api, world: World) -> None:
    path = await world.services.datafiles.path(1, 1)
    assert path == world.settings.data_dir / "datafiles" / KEPT
    for project, ident in ((2, 1), (1, 99), (1, "users.csv"), (1, "../../secret.key")):
        with pytest.raises(InvalidInput):
            await world.services.datafiles.path(project, ident)


async def test_a_link_in_the_folder_is_not_followed(api: Api, world: World) -> None:
    stored = world.settings.data_dir / "datafiles" / KEPT
    stored.unlink()
    stored.symlink_to("/etc/passwd")
    answer = await api.get("/api/datafiles/1/preview/")
    assert answer.status == 422
    assert "root:" not in answer.text


async def test_only_our_own_files_are_swept(world: World) -> None:
    folder = world.settings.data_dir / "datafiles"
    for name in ("a" * 32, "b" * 32 + ".part", "notes.txt", "c" * 31):
        (folder / name).write_bytes(b"x")
    (folder / "nested").mkdir()
    await world.services.datafiles.sweep()
    assert lying(world) == ["c" * 31, "nested", "notes.txt"]


async def test_what_is_on_its_way_is_not_swept(world: World) -> None:
    incoming = world.services.datafiles.receive()
    await incoming.write(b"x" * file_store.WRITE_BYTES)
    await world.services.datafiles.sweep()
    assert (await incoming.keep()).size == file_store.WRITE_BYTES
    await world.services.datafiles.sweep()
    assert len(lying(world)) == 1
    await incoming.release()
    await world.services.datafiles.sweep()
    assert len(lying(world)) == 1
    incoming.allow_sweep()
    await world.services.datafiles.sweep()
    assert lying(world) == []


async def test_a_client_that_leaves_before_its_file_is_known_takes_nothing_with_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = world.services.datafiles
    incoming = files.receive()
    await incoming.write(USERS)

    async def left(stored: file_store.Stored) -> tuple[tuple[str, ...], int | None]:
        await incoming.release()
        await files.sweep()
        return (), None

    monkeypatch.setattr(files, "_inspect", left)
    made = await files.create(
        NewDataFile(project_id=1, name="users.csv"), incoming, await world.services.accounts.get(1)
    )
    assert lying(world) == [made.content.stored_name]
    await files.delete(made.id)
    assert lying(world) == []


async def test_a_file_that_becomes_nobodys_is_swept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    files = world.services.datafiles
    incoming = files.receive()
    await incoming.write(USERS)

    async def broken(stored: file_store.Stored) -> tuple[tuple[str, ...], int | None]:
        raise RuntimeError

    monkeypatch.setattr(files, "_inspect", broken)
    with pytest.raises(RuntimeError):
        await files.replace(1, NewContent(), incoming, await world.services.accounts.get(1))
    assert len(lying(world)) == 1
    await files.sweep()
    assert lying(world) == []
    await incoming.release()


# What goes wrong on the way


class TestLimit:
    @pytest.fixture
    def changes(self) -> dict[str, Any]:
        return {"max_datafile_size": 2_000_000, "max_body_size": 1024}

    async def test_a_file_may_be_larger_than_other_bodies(self, api: Api) -> None:
        answer = await api.call("POST", upload(), raw=b"a\n" + (b"x" * 99 + b"\n") * 19_999)
        assert (answer.status, answer.json["row_count"]) == (201, 19_999)

    @pytest.mark.parametrize("head", ["Content-Length: 2000001", "Content-Length: 900000000000"])
    async def test_but_not_as_large_as_it_likes(self, api: Api, world: World, http_port: int, head: str) -> None:
        body = b"x" * 2_000_001 if "2000001" in head else b""
        answer = await sent(world, http_port, head, body)
        assert answer == (413, {"error": "请求体不能超过 2000000 字节"})
        await until_settled(world)
        assert lying(world) == []

    async def test_nor_in_chunks(self, api: Api, world: World, http_port: int) -> None:
        chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
        answer = await sent(world, http_port, "Transfer-Encoding: chunked", chunk * 40 + b"0\r\n\r\n")
        assert answer == (413, {"error": "请求体不能超过 2000000 字节"})
        await until_settled(world)
        assert lying(world) == []

    @pytest.mark.parametrize(
        "path", ["/api/datafiles/1/preview/", "/api/datafilesx/", "/api/datafiles/x/", "/api/envs/"]
    )
    async def test_other_addresses_keep_their_limit(self, api: Api, world: World, http_port: int, path: str) -> None:
        status, _ = await sent(world, http_port, "Content-Length: 2000", b"x" * 2000, "/api/" + path)
        assert status in (404, 405, 413)


def beginning(world: World, path: str, head: str) -> bytes:
    """The owner's request up to its body."""
    token = world.tokens["owner"]
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{head}\r\n\r\n".encode()


async def sent(
    world: World, port: int, head: str, body: bytes, path: str = "/api/datafiles/?project_id=1&name=a.csv"
) -> tuple[int, Any]:
    """A raw request and what it is answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(beginning(world, path, f"Connection: close\r\n{head}") + body)
    answer = await asyncio.wait_for(reader.read(), 60)
    writer.close()
    start, _, rest = answer.partition(b"\r\n\r\n")
    return int(start.split()[1]), json.loads(rest)


async def test_an_upload_that_is_cut_off_leaves_nothing(api: Api, world: World, http_port: int) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", http_port)
    writer.write(beginning(world, upload(), "Content-Length: 9000000") + b"x" * 3_000_000)
    async with asyncio.timeout(60):
        while not lying(world):
            await asyncio.sleep(0.01)
    writer.transport.abort()
    await until_settled(world)
    assert lying(world) == []
    assert (await api.get("/api/datafiles/?project_id=1")).json["total"] == 1


async def test_a_full_disk_is_reported_and_leaves_nothing(
    api: Api, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    answer = await api.call("POST", upload(), raw=b"a\n" * 2_000_000)
    monkeypatch.undo()
    assert (answer.status, answer.json["error"]) == (503, "文件无法保存：No space left on device")
    await until_settled(world)
    assert lying(world) == []
    assert (await api.get("/api/datafiles/?project_id=1")).json["total"] == 1


@pytest.mark.parametrize(("who", "status"), [(None, 401), ("stranger", 404), ("viewer", 403)])
async def test_nothing_is_received_from_those_who_may_not(
    api: Api, world: World, http_port: int, who: str | None, status: int
) -> None:
    answer = await api.call("POST", upload(), who, raw=USERS)
    assert answer.status == status
    assert lying(world) == []


async def test_requests_find_the_files_of_their_project(api: Api, world: World) -> None:
    content = bytes(range(256)) * 4
    answer = await api.call("POST", upload("photo.bin"), "editor", raw=content)
    assert answer.status == 201, answer.text
    found = await world.services.datafiles.paths(1)
    assert found["photo.bin"] == found[str(json.loads(answer.text)["id"])]
    assert Path(found["photo.bin"]).read_bytes() == content
    assert await world.services.datafiles.paths(999) == {}
