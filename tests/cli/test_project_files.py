"""A project file on the command line uses the data files whose contents it has, as an import does."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest

from perfsvc.cli.exit_codes import BAD_INPUT
from perfsvc.cli.exit_codes import PASSED
from perfsvc.model.plan_text import text_of
from tests.cli.conftest import Command
from tests.cli.conftest import Report
from tests.support.shop import Shop

ROWS = "page\na\nb\n"
OTHER = hashlib.sha256(b"another").hexdigest()


def project(folder: Path, url: str, *files: dict[str, Any], name: str = "pages.csv", request: Any = None) -> str:
    steps = [{"name": "list", "request": {"url": "/items?of={{page}}", **(request or {})}}]
    data = {"data_source_type": "csv", "data_config": {"file": name, "at_end": "stop_run", "unique": True}}
    config = {"concurrent_users": 1, "hold_time": 20, **data}
    document = {
        "envs": [{"name": "local", "host": url}],
        "scenes": [{"name": "pages", "steps": steps}],
        "plans": [{"name": "all pages", "env": "local", "scenes": [{"name": "pages"}], "config": config}],
        "files": list(files),
    }
    path = folder / "project.yaml"
    path.write_text(text_of(document))
    return str(path)


@pytest.mark.parametrize("content", [
    {"text": ROWS},
    {"base64": base64.b64encode(ROWS.encode()).decode(), "sha256": hashlib.sha256(ROWS.encode()).hexdigest()},
])  # fmt: skip
def test_a_run_reads_the_rows_that_the_project_file_has(
    shop: Shop, tmp_path: Path, report: Report, perfsvc: Command, content: dict[str, str]
) -> None:
    (tmp_path / "pages.csv").write_text("page\nbeside\n")
    plan = project(tmp_path, shop.url, {"name": "pages.csv", **content})
    assert perfsvc("check", plan).code == PASSED
    assert report(plan)["data"]["used"] == 2
    assert [each.path for each in shop.requests] == ["/items?of=a", "/items?of=b"]
    assert "GET /items?of=a" in perfsvc("try", plan).out


def test_a_folder_before_the_name_is_no_part_of_it(shop: Shop, tmp_path: Path, perfsvc: Command) -> None:
    plan = project(tmp_path, shop.url, {"name": "pages.csv", "text": ROWS}, name="data/pages.csv")
    assert "GET /items?of=a" in perfsvc("try", plan).out


def test_a_request_sends_a_file_of_the_project_file(shop: Shop, tmp_path: Path, perfsvc: Command) -> None:
    files = ({"name": "pages.csv", "text": ROWS}, {"name": "order.json", "text": '{"item": 4711}'})
    request = {"method": "POST", "url": "/items?of={{page}}", "body_file": "order.json"}
    assert perfsvc("try", project(tmp_path, shop.url, *files, request=request)).code != BAD_INPUT
    assert shop.requests[-1].body == b'{"item": 4711}'


def test_a_file_that_is_only_listed_is_read_beside_the_project_file(
    shop: Shop, tmp_path: Path, perfsvc: Command
) -> None:
    plan = project(tmp_path, shop.url, {"name": "pages.csv", "size": 7, "sha256": OTHER})
    missing = perfsvc("check", plan)
    assert missing.code == BAD_INPUT
    assert missing.err == (
        f"perfsvc: {plan}: config.data_config.file: the project file lists pages.csv without its content: put the file "
        "beside it, or export it with small data files\n"
    )
    assert "没有其内容：请把该文件放到项目文件旁" in perfsvc("run", plan, lang="zh").err
    (tmp_path / "pages.csv").write_text(ROWS)
    note = "the data file pages.csv is not as it was when the project was exported (another SHA-256)"
    assert note in perfsvc("check", plan).out
    tried = perfsvc("try", plan)
    assert (tried.err.startswith(f"perfsvc: {note}"), "GET /items?of=a" in tried.out) == (True, True)


def test_a_file_of_a_request_is_missed_and_compared_too(shop: Shop, tmp_path: Path, perfsvc: Command) -> None:
    files = ({"name": "pages.csv", "text": ROWS}, {"name": "order.json", "size": 7, "sha256": OTHER})
    request = {"method": "POST", "url": "/items?of={{page}}", "body_file": "order.json"}
    plan = project(tmp_path, shop.url, *files, request=request)
    missing = perfsvc("check", plan)
    assert missing.code == BAD_INPUT
    assert missing.err == (
        f"perfsvc: {plan}: scenes[0].steps[0].request.body_file: the project file lists order.json without its content:"
        " put the file beside it, or export it with small data files\n"
    )
    (tmp_path / "order.json").write_text('{"item": 1}')
    tried = perfsvc("try", plan, lang="zh")
    assert tried.err == (
        "perfsvc: 数据文件 order.json 与导出项目时的内容不同（SHA-256 不符），使用的是项目文件旁的文件\n"
    )
    assert shop.requests[-1].body == b'{"item": 1}'


def test_a_name_of_a_file_in_a_body_is_no_file(shop: Shop, tmp_path: Path, perfsvc: Command) -> None:
    files = ({"name": "pages.csv", "text": ROWS}, {"name": "order.json", "size": 7})
    request = {"method": "POST", "url": "/items?of={{page}}", "json": {"file": "order.json"}}
    assert perfsvc("check", project(tmp_path, shop.url, *files, request=request)).code == PASSED


@pytest.mark.parametrize(("name", "used", "page"), [
    ("pages.csv", "the content there", "a"),
    ("data/pages.csv", "the one beside it", "beside"),
])  # fmt: skip
def test_another_file_beside_a_content_is_noted(
    shop: Shop, tmp_path: Path, perfsvc: Command, name: str, used: str, page: str
) -> None:
    beside = tmp_path / name
    beside.parent.mkdir(exist_ok=True)
    beside.write_text(ROWS)
    plan = project(tmp_path, shop.url, {"name": "pages.csv", "text": ROWS}, name=name)
    assert perfsvc("try", plan).err == ""
    beside.write_text("page\nbeside\n")
    tried = perfsvc("try", plan)
    assert tried.err == (
        f"perfsvc: the data file {name} beside the project file differs from its content there; {used} is used\n"
    )
    assert f"GET /items?of={page}" in tried.out


@pytest.mark.parametrize(("file", "message"), [
    ({"name": "pages.csv", "text": ROWS, "sha256": OTHER}, "files[0].sha256: does not fit the content"),
    ({"name": "pages.csv", "sha256": "abc"}, "files[0].sha256: must be 64 hexadecimal digits, in lower case"),
    ({"name": "pages.csv", "base64": "*"}, "files[0].base64: is not Base64"),
    ({"name": "../pages.csv", "text": ROWS}, "files[0].name: "),
])  # fmt: skip
def test_a_content_that_an_import_refuses_is_refused(
    shop: Shop, tmp_path: Path, perfsvc: Command, file: dict[str, str], message: str
) -> None:
    refused = perfsvc("run", project(tmp_path, shop.url, file))
    assert (refused.code, message in refused.err) == (BAD_INPUT, True)
