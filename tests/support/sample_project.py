"""A project for pictures of editing and comparing: everything that can be edited is there once."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

from tests.support.service import Service
from tests.support.shop import Shop

PASSWORD = "long enough"
ACCOUNTS = "username,password,city\nann,s1,上海\nbob,s2,北京\ncarol,s3,成都\ndave,s4,深圳\nerin,s5,杭州\n"
GOODS = "sku;price;stock\nA-1;9.5;100\nA-2;8;3\nB-7;120;0\n"
ENGLISH = {
    "登录、选购、下单": "Sign in, choose, order",
    "浏览和下单": "Browse and order",
    "写错了变量": "A misspelt variable",
    "会失败的": "One that fails",
    "初学者": "Beginners",
    "路径写错了": "A wrong path",
    "端口写错了": "A closed port",
    "应当用 http": "https to http",
    "分隔符写错了": "A wrong delimiter",
    "商城": "Shop",
    "支付网关": "Payment gateway",
    "新项目": "Nothing yet",
    "预发": "staging",
    "生产": "production",
    "下单回归": "Order regression",
    "每次发布前": "Before each release",
    "小压力": "Light load",
    "晚高峰": "Evening peak",
    "阶梯加压": "Stepwise",
    "发布冒烟": "Release smoke",
    "寻找极限": "Breaking point",
    "持续到达": "Steady arrivals",
    "从未运行": "Never run yet",
    "预热": "warm up",
    "登录失败": "sign-in failed",
    "已登录": "signed in?",
    "登录": "login",
    "选购": "choose",
    "列表": "list",
    "翻页": "turn pages",
    "详情": "detail",
    "没有更多": "no more",
    "随便看看": "look around",
    "首页": "home",
    "搜索": "search",
    "想一想": "think it over",
    "集合": "gather",
    "下单": "order",
    "签名": "signed payment",
    "注册": "register",
    "等待出库": "wait for dispatch",
    "库存": "stock",
    "退出": "logout",
    "订单": "orders",
    "上海": "Lyon",
    "北京": "Oslo",
    "成都": "Turin",
    "深圳": "Porto",
    "杭州": "Ghent",
}
"""Names in the project, and what they are called in English pictures."""


def english(text: str) -> str:
    """Return a text with the names in it in English."""
    for word, other in ENGLISH.items():
        text = text.replace(word, other)
    return text


def request(name: str, url: str, **more: Any) -> dict[str, Any]:
    """A step that sends a request."""
    parts = {key: more.pop(key) for key in ("extract", "checks", "protocol", "think_time") if key in more}
    return {"type": "request", "name": name, "request": {"url": url, **more}, **parts}


def group(kind: str, name: str, steps: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A step that holds steps."""
    return {"type": kind, "name": name, "steps": steps, **more}


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
SIGN = {"headers": {"X-Sign": '{{$hmac("sha256", key, $concat(request_method, request_path, request_body))}}'}}
SIGNED = request("签名", "/pay", method="POST", json={"order": 42}, sign=SIGN)
STOCK = {
    "type": "request",
    "name": "库存",
    "protocol": "grpc",
    "request": {"method": "shop.Stock/Get", "message": {"id": "{{id}}"}},
}
NO_TOKEN = {"variable": "token", "is": "absent"}
NO_ID = {"variable": "id", "is": "absent"}
PAGES = group(
    "loop",
    "翻页",
    [request("详情", "/items/{{id}}"), {"type": "break", "name": "没有更多", "condition": NO_ID}],
    times=3,
)
AROUND = {
    "type": "choice",
    "name": "随便看看",
    "options": [
        {"weight": 70, "steps": [request("首页", "/")]},
        {"weight": 30, "steps": [request("搜索", "/search?q={{$randomInt(1, 50)}}")]},
    ],
}
SIGNED_IN = group(
    "if",
    "已登录",
    [ORDER, SIGNED],
    condition={"variable": "token", "is": "present"},
    otherwise=[request("注册", "/register")],
)
WAITING = group("while", "等待出库", [STOCK], condition={"variable": "id", "is": "present"}, max_times=5)
PAUSE = {"type": "uniform", "min": 0.02, "max": 0.06}
SCENES = {
    "scene": {
        "name": "登录、选购、下单",
        "setup": [request("预热", "/healthz")],
        "on_start": [LOGIN, {"type": "stop", "name": "登录失败", "what": "user", "condition": NO_TOKEN}],
        "steps": [
            group("group", "选购", [LIST, PAGES]),
            AROUND,
            {"type": "think", "name": "想一想", "think_time": {"type": "uniform", "min": 1, "max": 3}},
            {"type": "rendezvous", "name": "集合", "users": 20, "timeout": 10},
            SIGNED_IN,
            WAITING,
        ],
        "teardown": [request("退出", "/logout")],
    },
    "tried": {"name": "浏览和下单", "steps": [LOGIN, {**LIST, "think_time": PAUSE}, {**ORDER, "think_time": PAUSE}]},
    "failing": {
        "name": "会失败的",
        "steps": [
            request(
                "详情",
                "/status/500",
                extract=[{"name": "stock", "from": "json", "path": "$.stock"}],
                checks=[{"type": "status", "equals": 200}, {"type": "json", "path": "$.ok", "equals": True}],
            )
        ],
    },
    "wrong": {"name": "写错了变量", "steps": [LOGIN, request("订单", "/orders?user={{usename}}&t={{tokn}}")]},
}
"""A scene with every kind of step, one that is tried, one whose checks fail, one with misspelt variables."""
THRESHOLDS = ["p95 < 250", "p95{下单} < 300 for 10s", "error_rate < 1"]
STAGES = [{"duration": 30, "target": 20}, {"duration": 60, "target": 60}, {"duration": 60, "target": 60}]
PLANS: dict[str, dict[str, Any]] = {
    "stages": {
        "name": "阶梯加压",
        "config": {"concurrent_users": 60, "execution_config": {"stages": STAGES, "thresholds": THRESHOLDS}},
    },
    "never": {"name": "从未运行", "config": {"concurrent_users": 2, "hold_time": 60}},
}
PRESETS = {"小压力": 5, "晚高峰": 200}


class SampleProject:
    """Fill a service; ``names`` are the ids that addresses of pages need."""

    def __init__(self, service: Service, shop: Shop, words: Callable[[str], str]) -> None:
        self.service = service
        self.words = words
        self.project = self.made("/api/projects/", {"name": "商城"})
        self.names: dict[str, Any] = {"project": self.project}
        self.names["empty"] = self.made("/api/projects/", {"name": "新项目"})
        self.made("/api/projects/", {"name": "支付网关"})
        self._people()
        self._environments(shop.url)
        for name, scene in SCENES.items():
            self.names[name] = self.made("/api/scenes/", {"project_id": self.project, **scene})
        self.file = self._uploaded("accounts.csv", ACCOUNTS)
        self._uploaded("goods.csv", GOODS)
        self._plans()
        self._mistakes(shop.url)
        self._presets()
        self._token()

    def made(self, path: str, body: dict[str, Any]) -> int:
        """Create something, and return its id."""
        answer = self.service.post(path, self._worded(body))
        assert answer.status == 201, answer
        return int(answer.body["id"])

    def _worded(self, body: dict[str, Any]) -> dict[str, Any]:
        worded: dict[str, Any] = json.loads(self.words(json.dumps(body, ensure_ascii=False)))
        return worded

    def _people(self) -> None:
        """Members of every role, and one whose account is blocked."""
        for name, role in (("wang", "owner"), ("li", "editor"), ("zhao", "viewer")):
            self._person(name)
            self.service.post(f"/api/projects/{self.project}/members/", {"username": name, "role": role})
        self.service.put(f"/api/users/{self._person('sun')}/", {"is_active": 1})

    def _person(self, name: str) -> int:
        form = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
        return self.made("/api/users/register/", form)

    def _environments(self, url: str) -> None:
        database = {
            "type": "mysql",
            "host": "db.staging",
            "port": 3306,
            "user": "shop",
            "password": "x",
            "database": "shop",
        }
        staging = {
            "name": "预发",
            "project_id": self.project,
            "host": url,
            "variables": {"key": "k-1234", "region": "cn-east"},
            "secret_variables": ["key"],
            "headers": {"X-Env": "staging"},
            "databases": {"orders": database},
        }
        self.env = self.made("/api/envs/", staging)
        self.made("/api/envs/", {"name": "生产", "project_id": self.project, "host": "https://shop.example.com"})

    def _uploaded(self, name: str, text: str, project: int | None = None) -> int:
        query = urllib.parse.urlencode({"project_id": project or self.project, "name": name})
        content = self.words(text).encode()
        request = urllib.request.Request(f"{self.service.url}/api/datafiles/?{query}", content, method="POST")
        request.add_header("Authorization", f"Bearer {self.service.token}")
        request.add_header("Content-Type", "application/octet-stream")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(json.loads(answer.read())["id"])

    def _plans(self) -> None:
        """Plans of several modes, and one with accounts that has run a few times."""
        data = {"data_source_type": "csv", "data_config": {"datafile_id": self.file}}
        config = {"concurrent_users": 4, "hold_time": 3, "execution_config": {"thresholds": THRESHOLDS}, **data}
        plan = self._plan("下单回归", config, "tried")
        self.names["plan"] = plan
        self.names["runs"] = ",".join([self._run(plan, users) for users in (4, 4, 6)])
        failing = self._plan(
            "发布冒烟",
            {"concurrent_users": 2, "hold_time": 2, "execution_config": {"thresholds": ["error_rate < 1"]}},
            "failing",
        )
        self.names["failed"] = self._run(failing, 2)
        for name, body in PLANS.items():
            self.names[name] = self._plan(body["name"], body["config"], "scene")

    def _mistakes(self, url: str) -> None:
        """Mistakes of beginners, in a project of their own."""
        project = self.made("/api/projects/", {"name": "初学者"})
        wrong_path = [{"name": "token", "from": "json", "path": "$.tokn"}]
        scenes = {
            "unfound": {"name": "路径写错了", "steps": [request("登录", f"{url}/items", extract=wrong_path)]},
            "closed": {"name": "端口写错了", "steps": [request("下单", "http://127.0.0.1:9/cart", method="POST")]},
            "encrypted": {
                "name": "应当用 http",
                "steps": [request("首页", f"{url.replace('http:', 'https:')}/")],
            },
        }
        for name, scene in scenes.items():
            self.names[name] = self.made("/api/scenes/", {"project_id": project, **scene})
        self._uploaded("nothing.csv", "", project)
        data = {"datafile_id": self._uploaded("goods.csv", GOODS, project), "delimiter": ","}
        config = {"concurrent_users": 2, "hold_time": 60, "target_url": f"{url}/items?of={{{{sku}}}}"}
        config |= {"data_source_type": "csv", "data_config": data}
        plan = {"name": "分隔符写错了", "project_id": project, "config": config}
        self.names |= {"beginners": project, "delimiter": self.made("/api/performance/plans/", plan)}

    def _plan(self, name: str, config: dict[str, Any], scene: str) -> int:
        body = {"name": name, "project_id": self.project, "config": {"env_id": self.env, **config}}
        return self.made("/api/performance/plans/", {**body, "scenes": [{"scene_id": self.names[scene]}]})

    def _run(self, plan: int, users: int) -> str:
        self.service.put(f"/api/performance/plans/{plan}/", {"config": {"concurrent_users": users}})
        started = self.service.post(f"/api/performance/plans/{plan}/start/").body
        for _ in self.service.watch(started["websocket_url"]):
            pass
        return str(started["execution_id"])

    def _presets(self) -> None:
        for name, users in PRESETS.items():
            config = {"concurrent_users": users, "hold_time": 600, "execution_config": {"thresholds": THRESHOLDS}}
            form = {"name": name, "project_id": self.project, "config_type": "concurrent", "config_data": config}
            self.made("/api/performance/presets/", {**form, "description": "每次发布前"})

    def _token(self) -> None:
        assert (
            self.service.post("/api/users/me/tokens/", {"name": "ci", "scope": "run", "expires_in_days": 90}).status
            == 201
        )

    def change(self, address: str) -> None:
        """Save what is being edited, as another user would."""
        path = address.format(**self.names)
        name = self.service.get(path).body["name"]
        assert self.service.put(path, {"name": name}).status == 200
