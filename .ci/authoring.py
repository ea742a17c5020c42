"""Record what the pictures of editing and comparing are made from: ``.ci/authoring.py`` fills a project by its API.

It takes a minute, and is needed only when replies of the service have changed. The result is
``.ci/authoring.json.gz``; ``LOOKS`` are the pages and dialogs, with what is done on each before its picture.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any
from typing import NamedTuple

from playwright.sync_api import Page

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.browser import Ui  # noqa: E402
from tests.support.browser import chromium  # noqa: E402
from tests.support.recording import Recording  # noqa: E402
from tests.support.recording import Scene  # noqa: E402
from tests.support.service import Service  # noqa: E402
from tests.support.shop import Shop  # noqa: E402

RECORDING = ROOT / ".ci" / "authoring.json.gz"
IMPORTED = b"name: demo\nscenes:\n  - name: Look around\n    steps:\n      - name: home\n        request: {url: /}\n"
ACCOUNTS = b"username,password\nann,s1\nbob,s2\ncarol,s3\ndave,s4\n"
MENU = ".page-actions [aria-haspopup=menu]"
LAST = "[role=menu] [role=menuitem]"


class Look(NamedTuple):
    """A page: its address in the project, what it has once it shows what it is for, and what is done on it.

    An act is a selector to click, or a selector and a text to fill in; a field for files is given a small one.
    """

    path: str
    ready: str
    acts: tuple[tuple[str, ...], ...] = ()


def step_form(kind: str) -> Look:
    """The editor with one step chosen."""
    return Look("/scenes/{scene}", ".step-form, .flow-fields", ((f"[role=treeitem]:has-text('{kind}')",),))


def menu(path: str, number: int, ready: str = "dialog[open]") -> Look:
    """The dialog behind an entry of a page's menu, counted from its end when negative."""
    return Look(path, ready, ((MENU,), (f"{LAST} >> nth={number}",)))


TRY = (".step-head .btn-primary",)
LOOKS = {
    "overview": Look("", ".deeds"),
    "export-import": menu("", 1),
    "import-looked": Look(
        "", "dialog[open] .imported", ((MENU,), (f"{LAST} >> nth=1",), ("input[type=file]",))
    ),
    "scenes": Look("/scenes", "main table"),
    "scene-copy": Look(
        "/scenes", "dialog[open]", (("main tbody [aria-haspopup=menu] >> nth=0",), (f"{LAST} >> nth=1",))
    ),
    "scene-new": Look("/scenes/new", ".scene"),
    "scene-request": step_form("下单"),
    "scene-sign": step_form("签名"),
    "scene-group": step_form("选购"),
    "scene-loop": step_form("翻页"),
    "scene-while": step_form("等待出库"),
    "scene-if": step_form("已登录"),
    "scene-choice": step_form("随便看看"),
    "scene-think": step_form("想一想"),
    "scene-break": step_form("没有更多"),
    "scene-stop": step_form("登录失败"),
    "scene-rendezvous": step_form("集合"),
    "scene-grpc": step_form("库存"),
    "scene-tried": Look(
        "/scenes/{tried}", ".trial-figures", (("[role=treeitem]:has-text('列表')",), TRY)
    ),
    "scene-extract": Look(
        "/scenes/{tried}",
        ".take, [role=menu], .json",
        (("[role=treeitem]:has-text('列表')",), TRY, (".json button:has-text('9.5') >> nth=0",)),
    ),
    "scene-variables": Look(
        "/scenes/{tried}", ".trial-variables", (("[role=treeitem]:has-text('下单')",), TRY, ("[role=tab] >> nth=3",))
    ),
    "scene-failed": Look(
        "/scenes/{failing}", ".trial-figures", (TRY,)
    ),
    "scene-yaml": Look("/scenes/{scene}", ".source", ((".scene-head .seg button >> nth=1",),)),
    "scene-wrong": Look("/scenes/{wrong}", ".step-form"),
    "envs": Look("/envs", "main .card"),
    "env-edit": Look("/envs", "dialog[open]", (("main table button >> nth=0",),)),
    "data": Look("/data", "main table", (("main tbody .push >> nth=0",),)),
    "presets": Look("/presets", "main table"),
    "members": Look("/members", "main table"),
    "member-remove": Look("/members", "dialog[open]", (("main tbody .btn-icon >> nth=1",),)),
    "plan-data": Look("/plans/{plan}", "main .data-left", ()),
    "run-with": menu("/plans/{plan}", 0),
    "from-preset": menu("/plans/{plan}", 1),
    "as-preset": menu("/plans/{plan}", 2),
    "plan-copy-to": menu("/plans/{plan}", 4),
    "compare": Look("/compare?runs={runs}", ".compare-table"),
    "trends": Look("/trends?plan={plan}", ".trend svg"),
    "runs-ticked": Look("/runs", ".tray, main table", (("tbody [type=checkbox] >> nth=0",), ("tbody [type=checkbox] >> nth=1",))),
    "users": Look("!/users", "main table"),
    "user-password": Look("!/users", "dialog[open]", (("main tbody [aria-haspopup=menu] >> nth=1",), (f"{LAST} >> nth=0",))),
    "nodes": Look("!/nodes", "main table"),
    "plugins": Look("!/plugins", "main table"),
    "plugin-schema": Look("!/plugins", "main table", (("main tbody button >> nth=0",),)),
    "projects": Look("!/projects", "main .card"),
    "project-new": Look("!/projects", "dialog[open]", ((".page-actions .btn-primary",),)),
    "guide": Look("!/guide", "main"),
    "guide-page": Look("!/guide/user-guide", "main h2"),
}


def request(name: str, url: str, **more: Any) -> dict[str, Any]:
    """One request."""
    parts = {key: more.pop(key) for key in ("extract", "checks", "protocol", "think_time") if key in more}
    return {"type": "request", "name": name, "request": {"url": url, **more}, **parts}


LOGIN = request(
    "登录",
    "/login",
    method="POST",
    json={"user": "{{username}}", "password": "{{password}}"},
    extract=[{"name": "token", "from": "json", "path": "$.token"}],
    checks=[{"type": "status", "equals": 200}, {"type": "json", "path": "$.ok", "equals": True}],
)
LIST = request(
    "列表",
    "/items?page=1",
    extract=[{"name": "id", "from": "json", "path": "$.items[*].id", "match": "random"}],
    checks=[{"type": "response_time", "less_than": 500}],
)
ORDER = request(
    "下单",
    "/cart",
    method="POST",
    headers={"Authorization": "Bearer {{token}}", "X-Trace": "{{$uuid}}"},
    json={"item": "{{id}}", "count": 1, "note": "{{$timestamp}}"},
    checks=[{"type": "status", "one_of": [200, 201]}],
)
SIGNED = request(
    "签名",
    "/pay",
    method="POST",
    json={"order": 42},
    sign={"headers": {"X-Sign": '{{$hmac("sha256", key, $concat(request_method, request_path, request_body))}}'}},
)
STOCK = {
    "type": "request",
    "name": "库存",
    "protocol": "grpc",
    "request": {"method": "shop.Stock/Get", "message": {"id": "{{id}}"}},
}
TOKEN_HERE = {"variable": "token", "is": "present"}
EVERY_KIND = {
    "name": "登录、选购、下单",
    "setup": [request("预热", "/healthz")],
    "on_start": [LOGIN, {"type": "stop", "name": "登录失败", "what": "user", "condition": {"variable": "token", "is": "absent"}}],
    "steps": [
        {
            "type": "group",
            "name": "选购",
            "steps": [
                LIST,
                {
                    "type": "loop",
                    "name": "翻页",
                    "times": 3,
                    "steps": [
                        request("详情", "/items/{{id}}"),
                        {"type": "break", "name": "没有更多", "condition": {"variable": "id", "is": "absent"}},
                    ],
                },
            ],
        },
        {
            "type": "choice",
            "name": "随便看看",
            "options": [
                {"weight": 70, "steps": [request("首页", "/")]},
                {"weight": 30, "steps": [request("搜索", "/search?q={{$randomInt(1, 50)}}")]},
            ],
        },
        {"type": "think", "name": "想一想", "think_time": {"type": "uniform", "min": 1, "max": 3}},
        {"type": "rendezvous", "name": "集合", "users": 20, "timeout": 10},
        {"type": "if", "name": "已登录", "condition": TOKEN_HERE, "steps": [ORDER, SIGNED], "otherwise": [request("注册", "/register")]},
        {
            "type": "while",
            "name": "等待出库",
            "condition": {"variable": "id", "is": "present"},
            "max_times": 5,
            "steps": [STOCK],
        },
    ],
    "teardown": [request("退出", "/logout")],
}  # fmt: skip
TRIED = {"name": "浏览和下单", "steps": [LOGIN, LIST, ORDER]}
FAILING = {
    "name": "会失败的",
    "steps": [
        request(
            "详情",
            "/status/500",
            extract=[{"name": "stock", "from": "json", "path": "$.stock"}],
            checks=[{"type": "status", "equals": 200}, {"type": "json", "path": "$.ok", "equals": True}],
        )
    ],
}
WRONG = {"name": "写错了变量", "steps": [LOGIN, request("订单", "/orders?user={{usename}}&t={{tokn}}")]}


class Office:
    """A project in which everything that can be edited is there once."""

    def __init__(self, service: Service, shop: Shop) -> None:
        self.service = service
        self.project = self.made("/api/projects/", {"name": "商城"})
        self.made("/api/projects/", {"name": "支付网关"})
        self.people()
        env = {"name": "预发", "project_id": self.project, "host": shop.url, "variables": {"key": "k-1234", "region": "cn-east"}}
        secrets = {"secret_variables": ["key"], "headers": {"X-Env": "staging"}}
        database = {"type": "mysql", "host": "db.staging", "port": 3306, "user": "shop", "password": "x", "database": "shop"}
        self.env = self.made("/api/envs/", {**env, **secrets, "databases": {"orders": database}})
        self.made("/api/envs/", {"name": "生产", "project_id": self.project, "host": "https://shop.example.com"})
        self.names: dict[str, Any] = {
            name: self.made("/api/scenes/", {"project_id": self.project, **scene})
            for name, scene in (("scene", EVERY_KIND), ("tried", TRIED), ("failing", FAILING), ("wrong", WRONG))
        }
        self.file = self.upload("accounts.csv", ACCOUNTS)
        self.upload("orders;semicolon.csv", b"order;amount\n1;9.5\n2;8\n")
        self.plans()

    def made(self, path: str, body: dict[str, Any]) -> int:
        answer = self.service.post(path, body)
        assert answer.status == 201, answer
        return int(answer.body["id"])

    def people(self) -> None:
        """Members of every role."""
        for name, role in (("wang", "owner"), ("li", "editor"), ("zhao", "viewer")):
            form = {"username": name, "email": f"{name}@example.com", "password": "long enough"}
            assert self.service.post("/api/users/register/", form).status == 201
            self.service.post(f"/api/projects/{self.project}/members/", {"username": name, "role": role})

    def upload(self, name: str, content: bytes) -> int:
        query = urllib.parse.urlencode({"project_id": self.project, "name": name})
        request = urllib.request.Request(f"{self.service.url}/api/datafiles/?{query}", content, method="POST")
        request.add_header("Authorization", f"Bearer {self.service.token}")
        request.add_header("Content-Type", "application/octet-stream")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(json.loads(answer.read())["id"])

    def plans(self) -> None:
        """A plan with everything, one that has run a few times, and presets."""
        execution = {"thresholds": ["p95 < 250", "error_rate < 1"]}
        config = {"env_id": self.env, "concurrent_users": 4, "hold_time": 3, "execution_config": execution}
        config |= {"data_source_type": "csv", "data_config": {"datafile_id": self.file}}
        body = {"name": "下单回归", "project_id": self.project, "config": config}
        plan = self.made("/api/performance/plans/", {**body, "scenes": [{"scene_id": self.names["tried"]}]})
        self.names["plan"] = plan
        runs = [self.run(plan, users) for users in (4, 4, 6)]
        self.names["runs"] = ",".join(runs)
        for name, users in (("小压力", 5), ("晚高峰", 200)):
            preset = {"concurrent_users": users, "hold_time": 600, "execution_config": execution}
            form = {"name": name, "project_id": self.project, "config_type": "concurrent", "config_data": preset}
            self.made("/api/performance/presets/", {**form, "description": "每次发布前"})

    def run(self, plan: int, users: int) -> str:
        self.service.put(f"/api/performance/plans/{plan}/", {"config": {"concurrent_users": users}})
        started = self.service.post(f"/api/performance/plans/{plan}/start/").body
        for _ in self.service.watch(started["websocket_url"]):
            pass
        return str(started["execution_id"])

    def path(self, look: Look) -> str:
        if look.path.startswith("!"):
            return look.path[1:]
        return f"/p/{self.project}" + look.path.format(**self.names)


def do(page: Page, look: Look) -> None:
    """Do what the look says, and wait until its picture can be taken."""
    for selector, *texts in look.acts:
        place = page.locator(selector).first
        if selector == "input[type=file]":
            place.set_input_files({"name": "shop.yaml", "mimeType": "text/yaml", "buffer": IMPORTED})
        elif texts:
            place.fill(texts[0])
        else:
            place.click()
    page.locator(look.ready).first.wait_for()
    page.wait_for_load_state("networkidle")


def main() -> None:
    """Record all looks."""
    scenes = {}
    with tempfile.TemporaryDirectory() as folder, chromium() as browser, Shop() as shop:
        service = Service(Path(folder) / "data")
        ui = Ui(browser, service)
        try:
            ui.expect_status(404, 422)
            office = Office(service, shop)
            page = ui.open("/me")
            for name, look in LOOKS.items():
                scene = scenes[name] = Scene(office.path(look))
                with scene.listening(page):
                    page.goto(service.url + scene.path)
                    do(page, look)
                scene.now = round(time.time(), 1)
            user = service.get("/api/users/me/").body
        finally:
            ui.close()
            service.end()
    Recording(user, scenes).save(RECORDING)
    print(f"{RECORDING}: {RECORDING.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    main()
