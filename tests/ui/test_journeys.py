"""Whole ways through the web UI, walked as a tester walks them: describe, try, give data, plan, run, read the report.

What the report counts is what the target's own log says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect

from tests.support.browser import PATIENCE_MS
from tests.support.browser import Ui
from tests.support.counting_peers import CountingPeers
from tests.support.project_client import ProjectClient
from tests.support.redis import RedisServer
from tests.support.service import Service
from tests.support.shop import Shop

ITERATIONS = 20
ENGLISH = {
    "new_scene": "New scene", "scene_name": "Name of the scene", "step_name": "Name of the step", "method": "Method",
    "url": "URL", "json": "JSON body", "headers": "Headers", "request": "request", "loop": "loop", "if": "if",
    "try_all": "Try the whole scene", "keep": "Keep as {name}", "saved": "Saved", "undo": "Undo",
    "redo": "Redo", "more": "More", "wrap": "Put into a new {kind}", "times": "Times", "variable": "Variable",
    "data": "Test data", "new_plan": "New plan", "plan_name": "Name of the plan", "add_scene": "Add a scene",
    "users": "Virtual users", "ramp": "Ramp-up", "hold": "Hold", "data_file": "Data file", "csv": "Text file",
    "others": "Other options", "iterations": "Most iterations", "environment": "Environment", "run": "Save and run",
    "requests": "Requests", "protocol": "Protocol",
    "fill_in": "Fill in", "list_operations": "List operations",
    "rpc": "Method: package.Service/Method", "options": "Options of {name}", "match": "Which match",
    "random": "One at random", "check": "Add a check", "name_of": "Name in {label}", "value_of": "Value of {name}",
    "message": "Message", "text": "Text", "text_message": "Text message", "wait": "Wait for messages",
    "framing": "Framing", "hex": "Delimiter, hexadecimal", "passed": "passed", "command": "Command",
}  # fmt: skip
CHINESE = {
    "new_scene": "新建业务流", "scene_name": "业务流名称", "step_name": "步骤名称", "method": "方法",
    "url": "地址", "json": "JSON 请求体", "headers": "请求头", "request": "请求", "loop": "循环", "if": "条件",
    "try_all": "试整个业务流", "keep": "存成 {name}", "saved": "已保存", "undo": "撤销",
    "redo": "重做", "more": "更多", "wrap": "放进{kind}", "times": "循环次数", "variable": "变量名",
    "data": "测试数据", "new_plan": "新建计划", "plan_name": "计划名称", "add_scene": "加一个业务流",
    "users": "虚拟用户", "ramp": "加压时间", "hold": "保持", "data_file": "数据文件", "csv": "文本文件",
    "others": "其他选项", "iterations": "最多迭代次数", "environment": "测试环境", "run": "保存并运行",
    "requests": "请求数", "protocol": "协议", "options": "{name} 的选项", "match": "取第几个",
    "random": "随机一个", "check": "加一个检查点", "name_of": "{label}的名称", "value_of": "{name} 的值",
    "fill_in": "填入", "list_operations": "列出操作",
    "rpc": "方法（包.服务/方法）", "message": "请求消息", "text": "文本", "text_message": "文本消息",
    "wait": "等待消息", "framing": "分帧方式", "hex": "分隔符（十六进制）", "passed": "通过", "command": "命令",
}  # fmt: skip

LANGUAGES = pytest.mark.parametrize(("language", "words"), [("en", ENGLISH), ("zh", CHINESE)])


class Person:
    """A user before a page, in one language."""

    def __init__(self, page: Page, words: dict[str, str]) -> None:
        self.page = page
        self.words = words

    def press(self, word: str, **names: str) -> None:
        self.page.get_by_role("button", name=self.words[word].format(**names), exact=True).first.click()

    def fill(self, word: str, text: str) -> None:
        self.page.get_by_label(self.words[word], exact=True).first.fill(text)

    def add(self, kind: str, name: str) -> None:
        """A step after the chosen one, by the buttons below the tree."""
        self.page.locator(".scene-add").get_by_role("button", name=self.words[kind], exact=True).click()
        self.fill("step_name", name)

    def choose(self, step: str) -> None:
        self.page.get_by_role("treeitem", name=re.compile(rf"\b{step}\b")).click()

    def wrap(self, kind: str) -> None:
        self.page.locator(".step-head").get_by_role("button", name=self.words["more"]).click()
        self.page.get_by_role("menuitem", name=self.words["wrap"].format(kind=self.words[kind])).click()

    def request(self, method: str, url: str) -> None:
        self.page.get_by_label(self.words["method"], exact=True).select_option(method)
        self.fill("url", url)

    def body(self, text: str) -> None:
        self.press("json")
        editor = self.page.locator(".cm-content").first
        editor.click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)

    def header(self, name: str, value: str) -> None:
        label = self.words["headers"]
        self.page.get_by_label(self.words["name_of"].format(label=label), exact=True).last.fill(name)
        self.page.get_by_label(self.words["value_of"].format(name=name), exact=True).fill(value)

    def tried(self) -> None:
        """Try the whole scene and wait for its end."""
        self.press("try_all")
        expect(self.page.locator(".trial-figures, .problem").first).to_be_visible(timeout=PATIENCE_MS)

    def keep(self, value: str, name: str) -> None:
        """Click on a value of the reply and keep it under the name that is proposed."""
        self.page.locator(".json").get_by_role("button", name=value).first.click(timeout=PATIENCE_MS)
        self.press("keep", name=f"{{{{{name}}}}}")

    def save(self) -> None:
        self.page.keyboard.press("Control+s")
        expect(self.page.get_by_text(self.words["saved"], exact=True).first).to_be_visible(timeout=PATIENCE_MS)

    def planned(self, base: str, name: str, scene: str, env: str) -> None:
        """A new plan of two users and a number of iterations."""
        self.page.goto(f"{base}/plans")
        self.page.get_by_role("link", name=self.words["new_plan"]).first.click()
        self.fill("plan_name", name)
        self.page.get_by_label(self.words["environment"]).first.select_option(label=env)
        self.press("add_scene")
        self.page.get_by_role("menuitem", name=scene, exact=True).click()
        self.fill("users", "2")
        self.page.locator("summary", has_text=self.words["others"]).click()
        self.fill("iterations", str(ITERATIONS))

    def report(self) -> str:
        """Run the plan and wait for its report; the id of the run."""
        self.press_run()
        self.page.wait_for_url(re.compile(r"/runs/[\w-]+"), timeout=PATIENCE_MS)
        expect(self.page.locator("#config")).to_be_visible(timeout=PATIENCE_MS)
        return self.page.url.rsplit("/", 1)[1].partition("?")[0].partition("#")[0]

    def press_run(self) -> None:
        self.page.get_by_role("button", name=re.compile(rf"^{self.words['run']}")).click()


def summary_of(service: Service, execution: str) -> dict[str, int]:
    """What the report counts."""
    run = service.get(f"/api/performance/executions/{execution}/").body
    found: dict[str, int] = service.get(f"/api/performance/reports/{run['report_id']}/").body["summary"]
    return found


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with Shop() as opened:
        yield opened


@pytest.fixture(scope="module")
def peers() -> Iterator[CountingPeers]:
    with CountingPeers() as opened:
        yield opened


@LANGUAGES
def test_from_a_description_to_a_report_that_agrees_with_the_log(
    ui: Ui, shop: Shop, language: str, words: dict[str, str]
) -> None:
    client = ProjectClient(ui.service, shop.url)
    base = f"{ui.service.url}/p/{client.project}"
    page = ui.open(f"/p/{client.project}/data", language=language)
    person = Person(page, words)
    accounts = {"name": "accounts.csv", "mimeType": "text/csv", "buffer": b"username,password\nann,s1\nbob,s2\n"}
    page.locator("input[type=file]").set_input_files(accounts)  # type: ignore[arg-type]
    expect(page.get_by_role("cell", name="bob")).to_be_visible(timeout=PATIENCE_MS)

    page.goto(f"{base}/scenes")
    page.get_by_role("link", name=words["new_scene"]).first.click()
    person.fill("scene_name", "Buy")
    page.get_by_label(words["data"], exact=True).select_option(label="accounts.csv")
    person.fill("step_name", "login")
    person.request("POST", "/login")
    person.body('{"user": "{{username}}", "password": "{{password}}"}')
    person.add("request", "list")
    person.request("GET", "/items")
    person.tried()
    person.keep("1", "id")
    path = page.get_by_role("combobox", name="JSONPath")
    expect(path).to_have_value("$.items[0].id")
    path.fill("$.items[*].id")
    person.press("options", name="id")
    page.get_by_label(words["match"], exact=True).select_option(label=words["random"])
    person.choose("login")
    person.keep('"***"', "token")
    person.choose("list")
    person.add("request", "detail")
    url = page.get_by_label(words["url"], exact=True)
    url.fill("/items/")
    url.press_sequentially("{{i")
    page.keyboard.press("Enter")
    expect(url).to_have_value("/items/{{id}}")
    person.wrap("loop")
    person.fill("times", "3")
    person.add("if", "signed in")
    person.fill("variable", "token")
    person.add("request", "order")
    person.request("POST", "/cart")
    person.header("Authorization", "Bearer {{token}}")
    person.tried()
    person.choose("order")
    expect(page.locator(".trial-figures")).to_contain_text("201")
    person.save()

    person.planned(base, "Rush", "Buy", "staging")
    page.locator("label.tile", has_text="CSV").click()
    page.locator(".data-left select").first.select_option(index=1)
    before, ordered = shop.count, shop.requests_by_path["/cart"]
    summary = summary_of(ui.service, person.report())
    assert summary["sent"] == shop.count - before == ITERATIONS * 6
    assert summary["error_count"] == 0
    assert shop.requests_by_path["/cart"] - ordered == ITERATIONS
    expect(page.locator(".figures").first).to_contain_text(str(ITERATIONS * 6))


def described(person: Person, protocol: str) -> None:
    """Fill in what a protocol sends and what it waits for."""
    page, words = person.page, person.words
    if protocol == "grpc":
        person.fill("rpc", "demo.Desk/Say")
        person.press("message")
        page.locator(".cm-content").first.click()
        page.keyboard.press("Control+a")
        page.keyboard.insert_text('{"text": "hello"}')
        return
    person.press("text_message" if protocol == "websocket" else "text")
    page.locator(".cm-content").first.click()
    page.keyboard.type("hello")
    if protocol == "websocket":
        page.get_by_role("switch", name=words["wait"]).click()
    if protocol == "tcp":
        page.keyboard.press("Enter")
        page.get_by_label(words["framing"], exact=True).select_option("delimiter")
        page.get_by_role("combobox", name=words["hex"], exact=True).fill("0a")


@LANGUAGES
@pytest.mark.parametrize("protocol", ["grpc", "tcp", "udp", "websocket"])
def test_other_protocols(ui: Ui, peers: CountingPeers, protocol: str, language: str, words: dict[str, str]) -> None:
    client = ProjectClient(ui.service, peers.urls[protocol])
    page = ui.open(f"/p/{client.project}/scenes/new", language=language)
    person = Person(page, words)
    person.fill("scene_name", f"Talk {protocol}")
    page.get_by_label(words["protocol"], exact=True).select_option(protocol)
    described(person, protocol)
    person.tried()
    expect(page.locator(".side-head .chip")).to_have_text(words["passed"])
    expect(page.locator(".scene-side")).to_contain_text("hello")
    person.save()
    person.planned(f"{ui.service.url}/p/{client.project}", f"Talk {protocol}", f"Talk {protocol}", "staging")
    before = peers.got[protocol]
    summary = summary_of(ui.service, person.report())
    assert summary["sent"] == peers.got[protocol] - before == ITERATIONS
    assert summary["error_count"] == 0


@LANGUAGES
def test_the_methods_of_a_grpc_server_are_offered(
    ui: Ui, peers: CountingPeers, language: str, words: dict[str, str]
) -> None:
    client = ProjectClient(ui.service, peers.urls["grpc"])
    page = ui.open(f"/p/{client.project}/scenes/new", language=language)
    person = Person(page, words)
    person.fill("scene_name", "Orders")
    page.get_by_label(words["protocol"], exact=True).select_option("grpc")
    operations = page.locator(".operations")
    operations.locator("button").first.click()
    methods = operations.get_by_role("combobox")
    kind = {"zh": "双向流", "en": "bidirectional streaming"}[language]
    expect(methods.get_by_role("option", name=f"demo.Desk/Chat · {kind}")).to_have_count(1)
    methods.select_option("demo.Desk/Say")
    person.press("fill_in")
    expect(page.get_by_label(words["rpc"], exact=True)).to_have_value("demo.Desk/Say")
    expect(page.locator(".cm-content").first).to_contain_text("big_number")
    person.tried()
    expect(page.locator(".side-head .chip")).to_have_text(words["passed"])


def test_the_operations_listed_are_those_of_the_address(ui: Ui, peers: CountingPeers) -> None:
    target = peers.urls["grpc"]
    client = ProjectClient(ui.service, target)
    variables = {"host": target.removeprefix("grpc://")}
    assert ui.service.put(f"/api/envs/{client.env}/", {"variables": variables}).status == 200
    page = ui.open(f"/p/{client.project}/scenes/new", language="en")
    person = Person(page, ENGLISH)
    page.get_by_label("Protocol", exact=True).select_option("grpc")
    operations = page.locator(".operations")
    listed, refusal = operations.get_by_role("combobox"), operations.locator(".problem")

    page.get_by_label("Address", exact=True).first.fill("grpc://{{host}}")
    person.press("list_operations")
    listed.select_option("demo.Desk/Say")
    person.press("fill_in")
    expect(page.locator(".cm-content").first).to_contain_text("big_number")
    expect(listed).to_have_value("demo.Desk/Say")  # a list stands while the message is written

    page.get_by_label("Address", exact=True).first.fill("grpc://127.0.0.1:1")
    expect(listed).to_have_count(0)
    ui.expect_status(422)
    person.press("list_operations")
    expect(refusal).to_contain_text("Nothing listens")
    page.get_by_label("Address", exact=True).first.fill("")
    expect(refusal).to_have_count(0)
    person.press("list_operations")
    expect(listed).to_have_value("demo.Desk/Say")


@LANGUAGES
def test_a_protocol_that_the_ui_knows_nothing_of(
    equipped: Ui, tmp_path: Path, language: str, words: dict[str, str]
) -> None:
    folder = tmp_path / "redis"
    folder.mkdir()
    with RedisServer(folder) as redis:
        client = ProjectClient(equipped.service, redis.url)
        page = equipped.open(f"/p/{client.project}/scenes/new", language=language)
        person = Person(page, words)
        person.fill("scene_name", "Cache")
        page.get_by_label(words["protocol"], exact=True).select_option("redis")
        page.get_by_role("combobox", name=words["command"], exact=True).fill("INCR visits")
        person.tried()
        expect(page.locator(".side-head .chip")).to_have_text(words["passed"])
        person.save()
        before = redis.calls("incr")
        person.planned(f"{equipped.service.url}/p/{client.project}", "Cache", "Cache", "staging")
        summary = summary_of(equipped.service, person.report())
        assert summary["sent"] == redis.calls("incr") - before == ITERATIONS
