"""A service with a store, people in every role, one of each resource, and a client that speaks for any of them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any
from typing import ClassVar

from argon2 import PasswordHasher
from tornado.httpclient import AsyncHTTPClient
from tornado.httpclient import HTTPRequest

from perfsvc.datafeed.cache import DataCache
from perfsvc.datafeed.sources import DataSources
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.metrics.histogram import Histogram
from perfsvc.model.config import PlanConfig
from perfsvc.model.entities import ErrorRecord
from perfsvc.model.entities import FileContent
from perfsvc.model.entities import Role
from perfsvc.model.execution import Execution
from perfsvc.model.run import EndReason
from perfsvc.model.run import RunState
from perfsvc.model.run import Target
from perfsvc.model.run_spec import make_run_spec
from perfsvc.model.scene import SceneSpec
from perfsvc.model.window import NodeHealth
from perfsvc.model.window import Snapshot
from perfsvc.model.window import StepWindow
from perfsvc.plugin import DataSource
from perfsvc.plugin import Fault
from perfsvc.plugin import InvalidInput
from perfsvc.plugin import Protocol
from perfsvc.plugin import ReplyParts
from perfsvc.plugin import Spec
from perfsvc.plugin import Text
from perfsvc.plugin.catalog import Catalog
from perfsvc.plugin.discovery import Brought
from perfsvc.plugin.discovery import Origin
from perfsvc.service.auth.passwords import Passwords
from perfsvc.service.auth.vault import Vault
from perfsvc.service.data.datafiles import DataFiles
from perfsvc.service.data.file_store import FileStore
from perfsvc.service.data.project_data import ProjectData
from perfsvc.service.data.sqlite_files import SqliteFiles
from perfsvc.service.envs import Envs
from perfsvc.service.plan_secrets import PlanSecrets
from perfsvc.service.runs.live_feed import Channel
from perfsvc.service.runs.manager import RunManager
from perfsvc.service.self_check import SelfCheck
from perfsvc.service.services import Services
from perfsvc.service.services import assemble
from perfsvc.settings import Settings
from perfsvc.store import datafiles
from perfsvc.store import envs
from perfsvc.store import errors_seen
from perfsvc.store import executions
from perfsvc.store import pins
from perfsvc.store import plans
from perfsvc.store import presets
from perfsvc.store import projects
from perfsvc.store import reports
from perfsvc.store import scenes
from perfsvc.store import users
from perfsvc.store import windows
from perfsvc.store.database import Store
from perfsvc.store.database import writes
from perfsvc.store.recorder import Recorder
from perfsvc.web.application import ROUTES
from perfsvc.web.framework.openapi import describe
from perfsvc_datasources.csv import CsvSource
from tests.support import migrated
from tests.support.fake_cluster import FakeCluster
from tests.support.fake_protocol import Answer
from tests.support.fake_protocol import FakeCall
from tests.support.fake_protocol import FakeProtocol
from tests.support.fake_source import FakeSource
from tests.support.manual_clock import START
from tests.support.manual_clock import ManualClock

DESCRIPTION = describe(ROUTES)

PASSWORD = "correct horse battery"
HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD_HASH = HASHER.hash(PASSWORD)
SECRET_KEY = "k" * 32

CONFIG = {"concurrent_users": 1, "target_url": "http://127.0.0.1:1/"}
UI_SCRIPT = "index-a1_-.js"
"""A file of the web UI that the tests are served."""
STEPS = [{"name": "a", "request": {"url": "/"}}]
"""The least that makes a plan and a scene."""

PEOPLE = ("administrator", "owner", "editor", "viewer", "stranger")


class HttpRequest(Spec):
    """As much of a request as these tests need."""

    method: str = "GET"
    url: str


class HttpProtocol(FakeProtocol):
    name: ClassVar[str] = "http"
    title = Text("HTTP", "HTTP")
    Request = HttpRequest  # type: ignore[assignment] # the fake one has its own
    script = staticmethod(lambda scope, path: Answer(after=0.0))

    def compile(self, request: HttpRequest, timeout_ns: int, reads: ReplyParts) -> FakeCall:  # type: ignore[override]
        try:
            return FakeCall(timeout_ns, self.context.template(request.url), reads)
        except Fault as fault:
            raise InvalidInput([problem._replace(path="url") for problem in fault.problems]) from None


def catalog() -> Catalog:
    """One protocol, ``http``, and two data sources, ``fake`` and ``csv``."""
    http = Brought(Origin("protocol-http", "perfsvc", "1"), Protocol, HttpProtocol)
    fake = Brought(Origin("datasource-fake", "perfsvc", "1"), DataSource, FakeSource)
    csv = Brought(Origin("data-csv", "perfsvc", "1"), DataSource, CsvSource)
    return Catalog([http, fake, csv])


def project_data(store: Store, settings: Settings, clock: ManualClock) -> tuple[ProjectData, DataFiles]:
    """Data sources over the world's environments and files."""
    sources = DataSources(catalog(), DataCache(settings.data_dir / "cache", settings.data_cache_size, clock))
    files = SqliteFiles(settings.data_dir / settings.sqlite_dir)
    kept = DataFiles(store, FileStore(settings.data_dir / "datafiles"), sources, settings.max_datafile_size)
    return ProjectData(sources, Envs(store, Vault(SECRET_KEY)), kept, files, TargetPolicy()), kept


@dataclass
class World:
    """Everything there is. ``ids``: one identifier per path parameter."""

    store: Store
    services: Services
    settings: Settings
    runs: RunManager
    cluster: FakeCluster
    clock: ManualClock
    passwords: Passwords
    ids: dict[str, Any]
    people: dict[str, int]
    tokens: dict[str, str]

    def channel(self, execution_id: str) -> Channel:
        """The live feed of a run that is active."""
        return next(
            active.live_output.channel
            for active in self.runs._active.values()
            if active.execution.execution_id == execution_id
        )

    async def close(self) -> None:
        await self.runs.close()
        self.passwords.close()
        await self.store.close()


async def build(folder: Path, **changes: Any) -> World:
    """A new world whose settings differ from the defaults by ``changes``."""
    clock = ManualClock()
    settings = Settings(**{"data_dir": folder, "registration": True, **changes})
    migrated.sqlite_file(folder / "perfsvc.db")
    store = await Store.open(settings.database_url, clock=clock, data_dir=folder)
    cluster, passwords = FakeCluster(), Passwords(HASHER)
    data, kept = project_data(store, settings, clock)
    numbers = count(1)
    runs = RunManager(
        store,
        cluster,
        clock,
        lambda execution_id, plan_id: Recorder(store, execution_id, plan_id, folder / "spool", clock),
        data,
        PlanSecrets(catalog(), Vault(SECRET_KEY)),
        new_id=lambda day: f"run-1-{next(numbers)}",
    )
    services = assemble(
        store,
        catalog(),
        runs,
        data,
        kept,
        settings=settings,
        secret_key=SECRET_KEY,
        clock=clock,
        passwords=passwords,
        self_check=SelfCheck(clock),
    )
    people, ids = await store.run(_populate)
    tokens = {}
    for name, user_id in people.items():
        user = await store.run(users.get, user_id)
        tokens[name] = (await services.sessions.begin(user)).token
    ids["execution_id"], ids["name"] = "run-1-0", "agent-1"
    ids["file"] = UI_SCRIPT
    ids["number"] = 7
    ids["token_id"] = ids["pin_id"] = 1
    ids["report_id"] = await store.run(_past_run, ids["plan_id"], people["owner"])
    kept_file(folder / "datafiles")
    return World(store, services, settings, runs, cluster, clock, passwords, ids, people, tokens)


def kept_file(folder: Path) -> None:
    """What is in the world's data file."""
    folder.mkdir()
    (folder / ("0" * 32)).write_bytes(b"a\n1\n")


@writes
def _populate() -> tuple[dict[str, int], dict[str, Any]]:
    people = {
        name: users.create(name, f"{name}@example.com", PASSWORD_HASH, administrator=name == "administrator").id
        for name in PEOPLE
    }
    owner = people["owner"]
    project = projects.create("shop", "owner", owner).id
    projects.set_member(project, people["editor"], Role.EDITOR)
    projects.set_member(project, people["viewer"], Role.VIEWER)
    env = envs.create(project, "staging", "http://127.0.0.1:1").id
    spec = SceneSpec.parse({"name": "buy", "steps": [{"name": "home", "request": {"url": "/"}}]})
    scene = scenes.create(project, owner, spec).id
    config = PlanConfig.parse({"concurrent_users": 10, "target_url": "http://127.0.0.1:1/"})
    plan = plans.create(project, owner, "evening peak", config).id
    content = FileContent("0" * 32, 4, "0" * 64, ("a",), 1)
    file = datafiles.create(project, owner, "users.csv", content).id
    preset = presets.create(project, owner, "small", "concurrent", {"concurrent_users": 5}).id
    ids = {"project_id": project, "env_id": env, "scene_id": scene, "plan_id": plan, "preset_id": preset}
    return people, {**ids, "datafile_id": file, "user_id": people["viewer"]}


SUMMARY = {"total_requests": 50_000, "success_rate": 99.8, "avg_response_time": 150.0, "error_count": 100}
METRICS = {
    "response_times": {"timestamps": [1, 2], "values": [120.0, None], "percentiles": {"p50": 120.0, "p90": 180.0}},
    "errors": {"labels": ["HTTP 500"], "values": [30]},
    "system_metrics": {"cpu": [60.0, 65.0], "memory": [70.0, 75.0], "network": [10.0, 15.0]},
}


SERIES = {"timestamps": [1, 2], "throughput": [10.0, 20.0], "p95": [180.0, None], "error_rate": [0.0, 0.2]}


STOPPED = EndReason(code="stopped_by_user", zh="用户停止", en="stopped by the user")
ERRORS: list[dict[str, Any]] = [
    {"error_class": "HTTP 500", "count": 3, "share": 15.0, "samples": []},
    {"error_class": "timeout", "count": 2, "share": 10.0, "samples": []},
]
SECOND = Snapshot(
    node="local",
    seq=1,
    second=int(START),
    elapsed=1.0,
    span_ns=1_000_000_000,
    vus=10,
    planned_vus=10,
    windows=[
        StepWindow(
            step=0,
            requests=20,
            failures={error["error_class"]: error["count"] for error in ERRORS},
            latency=Histogram.of_ns([1_000_000] * 10 + [2_000_000] * 10).pack(),
        )
    ],
    health=NodeHealth(cpu=65.0, memory=75.0, network=15.0),
)
"""All that was measured of the run that is over."""


@writes
def _past_run(plan_id: int, starter_id: int) -> int:
    """A run that is over, with what was measured and its report."""
    plan, moment = plans.get(plan_id), datetime.fromtimestamp(START, UTC)
    spec = make_run_spec(plan.name, plan.config, (), Target(), "run-1-0", seed=1)
    document = spec.model_dump(mode="json", by_alias=True, exclude={"files"})
    executions.create(Execution("run-1-0", plan_id, starter_id, RunState.RUNNING, document, moment, None, None))
    windows.add(plan_id, "run-1-0", [SECOND])
    ended = executions.finish("run-1-0", RunState.STOPPED, STOPPED, moment)
    seen = [ErrorRecord("run-1-0", int(START), error, error["count"]) for error in ERRORS]
    errors_seen.upsert(plan_id, "run-1-0", seen)
    pins.create(pins.NewPin("run-1-0", starter_id, START, None, "target restarted"), 1)
    body = {
        "execution_id": ended.execution_id,
        "start_time": "2023-11-14T22:13:20Z",
        "end_time": "2023-11-14T22:13:20Z",
        "status": "stopped",
        "summary": SUMMARY,
        "metrics": METRICS,
        "verdict": {"state": "PASSED", "thresholds": []},
        "series": SERIES,
    }
    return reports.create(
        plan_id,
        ended.execution_id,
        status="stopped",
        start_time=ended.start_time,
        end_time=moment,
        summary=SUMMARY,
        performance_score=87.5,
        body=body,
    ).id


@dataclass(frozen=True)
class Answered:
    """An answer, its body read as JSON where it is."""

    status: int
    headers: Any
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def documented(method: str, path: str, status: int) -> None:
    """Fail for a status that the description does not have for an operation; 500, a fault, is in none."""
    plain = path.partition("?")[0]
    for route in ROUTES:
        found = route.operations().get(method)
        if status != 500 and found is not None and found.documented and re.fullmatch(route.pattern, plain):
            known = DESCRIPTION["paths"][route.path][method.lower()]["responses"]
            assert str(status) in known, f"{method} {route.path} gave {status}; documented: {', '.join(known)}"
            return


class Api:
    """Client of the service for a user: ``await api.get("/api/users/me/", "owner")``. ``None`` is anonymous."""

    def __init__(self, client: AsyncHTTPClient, base_url: str, world: World) -> None:
        self._client = client
        self._base_url = base_url
        self._world = world

    async def call(
        self,
        method: str,
        path: str,
        who: str | None = "owner",
        body: Any = None,
        *,
        raw: bytes | str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answered:
        """Any call. ``body`` is sent as JSON, ``raw`` as it is."""
        sent = {"Authorization": f"Bearer {self._world.tokens[who]}"} if who else {}
        content: bytes | str | None = raw
        if body is not None:
            content, sent["Content-Type"] = json.dumps(body), "application/json"
        if content is None and method in ("POST", "PUT"):
            content = b""
        request = HTTPRequest(
            self._base_url + path,
            method,
            headers={**sent, **(headers or {})},
            body=content,
            allow_nonstandard_methods=True,
            follow_redirects=False,
            request_timeout=60,
        )
        response = await self._client.fetch(request, raise_error=False)
        documented(method, path, response.code)
        return Answered(response.code, response.headers, response.body.decode())

    async def get(self, path: str, who: str | None = "owner", **options: Any) -> Answered:
        return await self.call("GET", path, who, **options)

    async def post(self, path: str, body: Any = None, who: str | None = "owner", **options: Any) -> Answered:
        return await self.call("POST", path, who, body, **options)

    async def put(self, path: str, body: Any = None, who: str | None = "owner", **options: Any) -> Answered:
        return await self.call("PUT", path, who, body, **options)

    async def delete(self, path: str, who: str | None = "owner", **options: Any) -> Answered:
        return await self.call("DELETE", path, who, **options)
