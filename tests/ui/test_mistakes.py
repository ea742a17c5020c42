"""The mistakes of a beginner: each is named where it is made, in both languages, with what to do."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.browser import PATIENCE_MS
from tests.support.browser import Ui
from tests.support.service import Service

TOKEN = {"name": "t", "from": "json", "path": "$.tokn"}
SAID = {
    "zh": {
        "variable": "{{usr}} 不是前面步骤取得的，也不在环境里。"
        "如果它是计划数据的一列，就没有问题。是不是想写 {{user}}？",
        "column": "不认识变量 {{pasword}}。是不是想写 {{password}}？",
        "path": "没有找到 {{t}} 的值，请对照响应检查它的路径。",
        "scheme": "地址要以 http:// 或 https:// 开头",
        "port": "连接被拒绝，该地址和端口上没有服务在监听（无法连接 127.0.0.1:9）；请检查服务是否已启动、端口是否正确",
        "tls": "如果对方只提供 http，请把地址改成以 http:// 开头",
        "step": "没有名为“GET /healtz”的步骤",
        "empty": "文件为空或首行过长：首行应写列名",
        "delimiter": "分隔符是不是 ;？请改 delimiter 或用 auto",
        "rights": "这一页只对管理员开放。",
        "stranger": "这里已经没有内容了",
    },
    "en": {
        "variable": "{{usr}} is neither extracted by a step before nor in the environment. "
        "That is fine if it is a column of the plan’s data. Did you mean {{user}}?",
        "column": "Unknown variable {{pasword}}. Did you mean {{password}}?",
        "path": "Nothing was found for {{t}}: compare its path with the reply.",
        "scheme": "The address must begin with http:// or https://",
        "port": "check that the service is started and the port is right",
        "tls": "if the other side speaks plain http, let the address begin with http://",
        "step": "No step is named “GET /healtz”",
        "empty": "The file is empty",
        "delimiter": "is ; the delimiter? Set delimiter, or auto",
        "rights": "This page is for administrators only.",
        "stranger": "There is nothing here any more",
    },
}


@pytest.fixture(scope="module")
def project(service: Service) -> int:
    """A project with environments that are right and wrong."""
    identifier: int = service.post("/api/projects/", {"name": "Shop"}).body["id"]
    encrypted = service.url.replace("http:", "https:")
    hosts = {"staging": service.url, "closed": "http://127.0.0.1:9", "encrypted": encrypted}
    for name, host in hosts.items():
        env = {"project_id": identifier, "name": name, "host": host, "variables": {"user": "ann"}}
        assert service.post("/api/envs/", env).status == 201
    for name in ("wu", "li"):
        form = {"username": name, "email": f"{name}@example.org", "password": "long enough"}
        assert service.post("/api/users/register/", form).status == 201
    service.post(f"/api/projects/{identifier}/members/", {"username": "wu", "role": "viewer"})
    return identifier


def scene(service: Service, project: int, url: str = "/healthz", **more: Any) -> str:
    """The address of a new scene of one step."""
    steps = [{"type": "request", "name": "a", "request": {"url": url}, **more}]
    answer = service.post("/api/scenes/", {"project_id": project, "name": "Typed", "steps": steps})
    assert answer.status == 201, answer
    return f"/p/{project}/scenes/{answer.body['id']}"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_the_scene_editor_says(ui: Ui, project: int, language: str) -> None:
    said = SAID[language]
    page = ui.open(f"/p/{project}/data", language=language)
    accounts = {"name": "accounts.csv", "mimeType": "text/csv", "buffer": b"username,password\nann,secret1\n"}
    page.locator("input[type=file]").set_input_files(accounts)  # type: ignore[arg-type]
    expect(page.get_by_role("cell", name="ann")).to_be_visible(timeout=PATIENCE_MS)
    page.goto(ui.service.url + scene(ui.service, project, "/healthz?u={{usr}}"))
    envs = page.locator(".scene-env select").first
    envs.select_option(label="staging")
    expect(page.get_by_text(said["variable"])).to_be_visible()
    page.goto(ui.service.url + scene(ui.service, project, "/healthz?u={{pasword}}"))
    page.locator(".scene-env select").nth(1).select_option(index=1)
    expect(page.get_by_text(said["column"]).first).to_be_visible()
    page.goto(ui.service.url + scene(ui.service, project, timeout=2_000, extract=[TOKEN]))
    for env, what in (("staging", "path"), ("closed", "port"), ("encrypted", "tls")):
        envs.select_option(label=env)
        page.locator(".step-form button.btn-primary").click()
        expect(page.get_by_text(said[what])).to_be_visible(timeout=PATIENCE_MS)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_the_plan_editor_says_of_a_threshold_for_no_step(ui: Ui, project: int, language: str) -> None:
    thresholds = ["p95{GET /healtz} < 300"]
    config = {"target_url": f"{ui.service.url}/healthz", "concurrent_users": 1}
    plan = ui.service.post("/api/performance/plans/", {"project_id": project, "name": "One", "config": config})
    assert plan.status == 201, plan
    page = ui.open(f"/p/{project}/plans/{plan.body['id']}", language=language)
    page.locator("#q-pass").wait_for()
    card = page.locator("[data-path='config.execution_config.thresholds']")
    card.locator(".card-more button").first.click()
    page.get_by_role("menuitem").first.click()
    card.locator(".seg button").nth(1).click()
    page.locator(".threshold-line").first.fill(thresholds[0])
    expect(page.get_by_text(SAID[language]["step"]).first).to_be_visible()
    expect(page.locator(".threshold-fix")).to_contain_text("GET /healthz")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_the_data_pages_say_of_files(ui: Ui, project: int, language: str) -> None:
    said = SAID[language]
    ui.expect_status(422)
    page = ui.open(f"/p/{project}/data", language=language)
    empty = {"name": "nothing.csv", "mimeType": "text/csv", "buffer": b""}
    page.locator("input[type=file]").set_input_files(empty)  # type: ignore[arg-type]
    expect(page.get_by_text(said["empty"]).first).to_be_visible(timeout=PATIENCE_MS)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_the_plan_editor_says_of_a_wrong_delimiter(ui: Ui, project: int, language: str) -> None:
    page = ui.open(f"/p/{project}/data", language=language)
    name = f"german-{language}.csv"
    accounts = {"name": name, "mimeType": "text/csv", "buffer": b"username;password\nann;s1\nbob;s2\n"}
    page.locator("input[type=file]").set_input_files(accounts)  # type: ignore[arg-type]
    expect(page.get_by_role("cell", name="bob")).to_be_visible(timeout=PATIENCE_MS)
    files = ui.service.get(f"/api/datafiles/?project_id={project}").body["results"]
    chosen = next(each["id"] for each in files if each["name"] == name)
    data = {"data_source_type": "csv", "data_config": {"datafile_id": chosen, "delimiter": ","}}
    config = {"target_url": f"{ui.service.url}/healthz?u={{{{username}}}}", "concurrent_users": 1, **data}
    plan = ui.service.post("/api/performance/plans/", {"project_id": project, "name": name, "config": config})
    assert plan.status == 201, plan
    page.goto(f"{ui.service.url}/p/{project}/plans/{plan.body['id']}")
    expect(page.get_by_text(SAID[language]["delimiter"]).first).to_be_visible(timeout=PATIENCE_MS)
    page.locator(".data-left").scroll_into_view_if_needed()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_the_data_page_says_of_a_file_in_use(ui: Ui, project: int, language: str) -> None:
    users, read, remove, used, close = {
        "zh": ("1 个计划", "编码 UTF-8 · 分隔符 分号 ;", "删除", "它正在使用中", "关闭"),
        "en": ("1 plan", "Encoding UTF-8 · Delimiter semicolon ;", "Delete", "It is in use", "Close"),
    }[language]
    page = ui.open(f"/p/{project}/data", language=language)
    name = f"used-{language}.csv"
    accounts = {"name": name, "mimeType": "text/csv", "buffer": b"username;password\nann;s1\n"}
    page.locator("input[type=file]").set_input_files(accounts)  # type: ignore[arg-type]
    expect(page.locator(".read-as")).to_have_text(read, timeout=PATIENCE_MS)
    files = ui.service.get(f"/api/datafiles/?project_id={project}").body["results"]
    data = {"datafile_id": next(each["id"] for each in files if each["name"] == name)}
    config = {"target_url": ui.service.url, "concurrent_users": 1, "data_source_type": "csv", "data_config": data}
    plan = ui.service.post("/api/performance/plans/", {"project_id": project, "name": "Sign in", "config": config})
    assert plan.status == 201, plan
    page.reload()
    row = page.get_by_role("row").filter(has_text=name)
    row.locator("button[aria-pressed]").click()
    expect(page.locator(".read-as")).to_have_text(read)
    row.get_by_role("button", name=remove).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(used)).to_be_visible()
    expect(dialog.get_by_role("link", name="Sign in")).to_be_visible()
    expect(dialog.locator(".btn-danger")).to_have_count(0)
    ui.check(page)
    dialog.locator("footer").get_by_role("button", name=close).click()
    row.get_by_role("button", name=users, exact=True).click()
    page.get_by_role("menuitem", name="Sign in", exact=True).click()
    page.wait_for_url(f"**/p/{project}/plans/{plan.body['id']}")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_other_pages_say(ui: Ui, project: int, language: str) -> None:
    said = SAID[language]
    ui.expect_status(403, 404)
    page = ui.open(f"/p/{project}/envs", language=language)
    page.locator(".page-actions .btn-primary").click()
    page.locator("dialog input").nth(1).fill("shop.example.com")
    expect(page.get_by_text(said["scheme"])).to_be_visible()
    viewer = ui.open("/users", language=language, user=("wu", "long enough"))
    expect(viewer.get_by_text(said["rights"])).to_be_visible()
    stranger = ui.open(f"/p/{project}", language=language, user=("li", "long enough"))
    expect(stranger.get_by_text(said["stranger"])).to_be_visible()
