"""A project that shows what can be done, against the demo target: an environment, a scene and three plans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from typing import Literal

from perfsvc.errors import Text
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.config import PlanConfig
from perfsvc.model.entities import Env
from perfsvc.model.entities import Plan
from perfsvc.model.entities import Project
from perfsvc.model.entities import Role
from perfsvc.model.entities import Scene
from perfsvc.model.entities import SceneWeight
from perfsvc.model.entities import User
from perfsvc.model.scene import SceneSpec
from perfsvc.store import envs
from perfsvc.store import plans
from perfsvc.store import projects
from perfsvc.store import scenes
from perfsvc.store.database import Store
from perfsvc.store.database import writes

PROJECT = Text("演示项目", "Demo project")
ENV = Text("演示目标", "Demo target")
SCENE = Text("浏览商品", "Browse the shop")
MOST_PROJECTS = 1000

PLANS: tuple[tuple[Text, dict[str, Any]], ...] = (
    (
        Text("10 个用户 1 分钟", "10 users for 1 minute"),
        {
            "concurrent_users": 10,
            "ramp_up_time": 5,
            "hold_time": 60,
            "execution_config": {"thresholds": ["p95 < 500", "error_rate < 1"]},
        },
    ),
    (
        Text("阶梯加压", "A staircase"),
        {"test_mode": "step", "test_type": "stress", "concurrent_users": 50, "step_users": 10, "step_time": 15},
    ),
    (
        Text("寻找极限", "Find the breaking point"),
        {
            "test_mode": "error_rate",
            "test_type": "stress",
            "concurrent_users": 300,
            "step_users": 50,
            "hold_time": 180,
            "error_threshold": 5,
        },
    ),
)


class DemoForm(Spec):
    """In which language things are named; without it, in that of the request."""

    language: Literal["zh", "en"] | None = titled("语言", "Language", default=None)


@dataclass(frozen=True)
class DemoProject:
    """Created or existing resources; ``new`` is whether anything was created."""

    project: Project
    env: Env
    scene: Scene
    plans: Sequence[Plan]
    new: bool


class Demo:
    """Makes the demo project."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def make(self, user: User, language: str, host: str) -> DemoProject:
        """The user's demo project against the target at ``host``; what is there already is left as it is."""
        return await self._store.run(_make, user, language, host)


@writes
def _make(user: User, language: str, host: str) -> DemoProject:
    project = _project(user)
    new = project is None
    if project is None:
        project = projects.create(PROJECT.of(language), user.username, user.id, language)
    env = _named(envs.page(project.id, 1, MOST_PROJECTS).results, ENV)
    if env is None:
        env, new = envs.create(project.id, ENV.of(language), host, creator=user.username), True
    demo_scenes = [scene for scene in scenes.page(project.id, 1, MOST_PROJECTS).results if scene.spec.name in SCENE]
    scene = demo_scenes[0] if demo_scenes else None
    if scene is None:
        scene, new = scenes.create(project.id, user.id, SceneSpec.parse(scene_of(language))), True
    stored, made = plans.page(project.id, 1, MOST_PROJECTS).results, []
    for name, config in PLANS:
        plan = _named(stored, name)
        if plan is None:
            config_of_plan = PlanConfig.parse({**config, "env_id": env.id})
            shares = (SceneWeight(scene.id, 1),)
            plan, new = plans.create(project.id, user.id, name.of(language), config_of_plan, shares), True
        made.append(plan)
    return DemoProject(project, env, scene, made, new)


def _project(user: User) -> Project | None:
    """The demo project that the user owns."""
    mine = [each for each in projects.page_for_user(user, 1, MOST_PROJECTS).results if each.name in PROJECT]
    return next((each for each in mine if projects.role_of(each.id, user.id) is Role.OWNER), None)


def _named(things: Sequence[Any], name: Text) -> Any:
    """The first of that name, in either language."""
    return next((thing for thing in things if thing.name in name), None)


def scene_of(language: str) -> dict[str, Any]:
    """Log in once, then look at a page of the list, at one thing of it, and at something slow."""
    bearer = {"type": "bearer", "token": "{{token}}"}
    ok = [{"type": "status", "equals": 200}]
    pause = {"type": "uniform", "min": 0.1, "max": 0.3}
    names = {"login": "登录", "list": "商品列表", "detail": "商品详情", "slow": "下单"}
    if language == "en":
        names = {"login": "log in", "list": "list", "detail": "detail", "slow": "order"}
    login = {"method": "POST", "url": "/login/", "json": {"username": "user{{$vu}}", "password": "demo"}}
    return {
        "name": SCENE.of(language),
        "on_start": [
            {
                "name": names["login"],
                "request": login,
                "extract": [{"name": "token", "from": "json", "path": "$.token"}],
                "checks": ok,
            }
        ],
        "steps": [
            {
                "name": names["list"],
                "request": {"url": "/items/?page={{$randomInt(1,10)}}", "auth": bearer},
                "extract": [{"name": "item", "from": "json", "path": "$.items[0].id"}],
                "checks": ok,
                "think_time": pause,
            },
            {
                "name": names["detail"],
                "request": {"url": "/items/{{item}}/", "auth": bearer},
                "checks": [*ok, {"type": "json", "path": "$.in_stock", "exists": True}],
                "think_time": pause,
            },
            {"name": names["slow"], "request": {"url": "/slow/"}, "checks": ok},
        ],
    }
