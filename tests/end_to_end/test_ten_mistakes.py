"""The ten mistakes of a beginner over REST: each reply names the place and the remedy, in both languages."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import pytest

from tests.support.nginx import Nginx
from tests.support.service import Answer
from tests.support.service import Service

TRY = "/api/scenes/try/"
PLANS = "/api/performance/plans/"
CLOSED = "http://127.0.0.1:9"
INVALID = {"zh": "请求参数未通过验证", "en": "The input did not pass validation"}


class Shop(NamedTuple):
    """A project with an environment, accounts, and a user who may only look, at a service that speaks a language."""

    service: Service
    target: str
    project: int
    env: int
    accounts: int

    def tried(self, url: str, *, host: str = "", **step: Any) -> Answer:
        """A scene of one request, tried."""
        scene = {"name": "visit", "steps": [{"name": "home", "request": {"url": url}, **step}]}
        where = {"target_url": host} if host else {"env_id": self.env}
        return self.service.post(TRY, {"project_id": self.project, "scene": scene, **where})

    def started(self, **config: Any) -> Answer:
        """A plan of one request, made and started."""
        config = {"target_url": f"{self.target}/json", "concurrent_users": 1, "hold_time": 1, **config}
        plan = self.service.post(PLANS, {"project_id": self.project, "name": "One", "config": config})
        assert plan.status == 201, plan
        return self.service.post(f"{PLANS}{plan.body['id']}/start/")

    def uploaded(self, name: str, content: bytes) -> Answer:
        """A data file, sent."""
        return self.service.upload(self.project, name, content)

    def seen_by(self, name: str) -> Shop:
        """The shop as another user has it."""
        other = copy.copy(self.service)
        other.token = ""
        other.token = other.post("/api/users/login/", {"username": name, "password": "long enough"}).body["token"]
        return self._replace(service=other)


def variable(shop: Shop) -> Answer:
    return shop.tried("/json?u={{usr}}")


def column(shop: Shop) -> Answer:
    scene = {"name": "visit", "steps": [{"name": "home", "request": {"url": "/json?u={{pasword}}"}}]}
    data = {"project_id": shop.project, "env_id": shop.env, "datafile_id": shop.accounts}
    return shop.service.post(TRY, {**data, "scene": scene})


def json_path(shop: Shop) -> Answer:
    return shop.tried("/json", extract=[{"name": "where", "from": "json", "path": "$.urii"}])


def scheme(shop: Shop) -> Answer:
    form = {"project_id": shop.project, "name": "staging", "host": "shop.example.com"}
    return shop.service.post("/api/envs/", form)


def closed_port(shop: Shop) -> Answer:
    return shop.tried("/", host=CLOSED)


def https_to_http(shop: Shop) -> Answer:
    return shop.tried("/", host=shop.target.replace("http:", "https:"))


def threshold(shop: Shop) -> Answer:
    return shop.started(execution_config={"thresholds": ["p95{GET /jsn} < 300"]})


def empty_file(shop: Shop) -> Answer:
    made = shop.uploaded("nothing.csv", b"")
    assert (made.status, made.body["columns"]) == (201, [])
    return shop.service.get(f"/api/datafiles/{made.body['id']}/preview/")


def delimiter(shop: Shop) -> Answer:
    accounts = shop.uploaded("german.csv", b"username;password\nann;s1\n").body["id"]
    data = {"data_source_type": "csv", "data_config": {"datafile_id": accounts, "delimiter": ","}}
    return shop.started(target_url=f"{shop.target}/json?u={{{{username}}}}", **data)


def rights(shop: Shop) -> Answer:
    return shop.seen_by("wu").tried("/json")


def administrator(shop: Shop) -> Answer:
    return shop.seen_by("wu").service.get("/api/users/")


def unsent(name: str, meant: str) -> dict[str, str]:
    """What a trial says of a variable without a value."""
    return {
        "zh": f"变量 {{{{{name}}}}} 没有值，请求没有发送；它可以来自前面步骤的提取或设置的变量、测试数据的列或"
        f"测试环境的变量，请核对拼写，是否想写 {meant}？",
        "en": f"{{{{{name}}}}} has no value, so the request was not sent; it could come from an extractor or a variable"
        " of an earlier step, a column of the test data or the environment; check the spelling; "
        f"did you mean {meant}?",
    }


FAILED = [
    (variable, "Missing variable: usr", unsent("usr", "user")),
    (column, "Missing variable: pasword", unsent("pasword", "password")),
    (json_path, "Extract: where", {"zh": "没有 $.urii；$ 有 ok, uri，是否想写 $.uri？",
                                   "en": "there is no $.urii; $ has ok, uri; did you mean $.uri?"}),
    (closed_port, "Connection Error: refused", {
        "zh": "连接被拒绝，该地址和端口上没有服务在监听（无法连接 127.0.0.1:9）；请检查服务是否已启动、端口是否正确",
        "en": "nothing listens at this address and port ([Errno 111] Connect call failed ('127.0.0.1', 9)); "
              "check that the service is started and the port is right"}),
    (https_to_http, "TLS Error: wrong version number", {
        "zh": "该端口上不是 TLS，可能应使用 http",
        "en": "the port does not speak TLS: perhaps the address should begin with http://"}),
]  # fmt: skip
"""What a trial finds: status 200, and the failure of its step in both languages at once."""
REFUSED = [
    (scheme, {"host": {"zh": "应为完整的 URL，例如 http://example.com/api",
                       "en": "must be a full URL such as http://example.com/api"}}),
    (threshold, {"config.execution_config.thresholds[0]": {
        "zh": "没有名为 GET /jsn 的步骤，是否想写 GET /json？",
        "en": "there is no step named GET /jsn; did you mean GET /json?"}}),
    (empty_file, {"data_config.datafile_id": {
        "zh": "文件为空或首行过长：首行应写列名",
        "en": "the file is empty, or its first line too long: the first line must have the names of the columns"}}),
    (delimiter, {
        "scenes[0].steps[0].request.url": {
            "zh": "变量 username 没有来源：没有提取器、数据列或环境变量叫这个名字",
            "en": "no extractor, data column or environment variable is named username"},
        "config.data_config": {
            "zh": "分隔符是不是 ;？请改 delimiter 或用 auto",
            "en": "is ; the delimiter? Set delimiter, or auto"}}),
]  # fmt: skip
"""What is refused before anything is sent: status 422, and each place with its message in the language asked for."""
FORBIDDEN = [
    (rights, {"zh": "需要项目角色 editor，而你是 viewer：请让项目的 owner 调整你的角色",
              "en": "this needs the project role editor, and yours is viewer: ask an owner of the project for it"}),
    (administrator, {"zh": "仅限管理员：请让管理员来做，或请管理员把你设为管理员",
                     "en": "for administrators only: ask one of them to do it, or to make you one"}),
]  # fmt: skip
Mistake = Callable[[Shop], Answer]


@pytest.fixture
def shop(service: Service, nginx: Nginx) -> Shop:
    """A project of the module's service, with the test's nginx as its target."""
    project = service.post("/api/projects/", {"name": "Shop"}).body["id"]
    env = {"project_id": project, "name": "test", "host": nginx.url, "variables": {"user": "ann"}}
    made = Shop(copy.copy(service), nginx.url, project, service.post("/api/envs/", env).body["id"], 0)
    form = {"username": "wu", "email": "wu@example.org", "password": "long enough"}
    assert service.post("/api/users/register/", form).status in (201, 409)
    assert service.post(f"/api/projects/{project}/members/", {"username": "wu", "role": "viewer"}).status == 201
    return made._replace(accounts=made.uploaded("accounts.csv", b"username,password\nann,secret1\n").body["id"])


@pytest.mark.parametrize(("mistake", "error_class", "said"), FAILED, ids=[each[0].__name__ for each in FAILED])
def test_a_trial_says_what_failed(shop: Shop, mistake: Mistake, error_class: str, said: dict[str, str]) -> None:
    tried = mistake(shop)
    (step,) = tried.body["steps"]
    assert (tried.status, tried.body["outcome"], step["path"]) == (200, "failed", "steps[0]")
    assert step["error"] == {"class": error_class, "message": said["en"], "message_zh": said["zh"]}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("mistake", "said"), REFUSED, ids=[each[0].__name__ for each in REFUSED])
def test_the_place_and_the_remedy_are_named(
    shop: Shop, mistake: Mistake, said: dict[str, dict[str, str]], language: str
) -> None:
    shop.service.language = language
    refused = mistake(shop)
    details = [{"path": path, "message": texts[language]} for path, texts in said.items()]
    assert refused == (422, {"error": INVALID[language], "details": details})


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("mistake", "said"), FORBIDDEN, ids=[each[0].__name__ for each in FORBIDDEN])
def test_a_missing_right_is_named(shop: Shop, mistake: Mistake, said: dict[str, str], language: str) -> None:
    shop.service.language = language
    assert mistake(shop) == (403, {"error": said[language]})
