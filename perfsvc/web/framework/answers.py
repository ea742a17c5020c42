"""What the API answers: one model per form of answer, and how each is made from what the services give."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from typing import Any
from typing import Generic
from typing import Literal
from typing import Self
from typing import TypeVar

from pydantic import BaseModel
from pydantic import ConfigDict
from pydantic import PlainSerializer

from perfsvc.clock import iso_z
from perfsvc.model.config import PlanConfig
from perfsvc.model.entities import Env
from perfsvc.model.entities import Member
from perfsvc.model.entities import Page
from perfsvc.model.entities import Plan
from perfsvc.model.entities import Preset
from perfsvc.model.entities import Project
from perfsvc.model.entities import Role
from perfsvc.model.entities import Scene
from perfsvc.model.entities import User
from perfsvc.model.scene import Step
from perfsvc.service.envs import PublicDatabase
from perfsvc.service.sessions import Pair

T = TypeVar("T")
E = TypeVar("E")

Moment = Annotated[datetime, PlainSerializer(iso_z, return_type=str)]
Config = Annotated[PlanConfig, PlainSerializer(PlanConfig.answer, return_type=dict[str, Any])]


class Answer(BaseModel):
    """A closed form: these keys and no others."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class OpenAnswer(BaseModel):
    """The documented keys, and more beside them."""

    model_config = ConfigDict(frozen=True, extra="allow", use_attribute_docstrings=True)


class Message(Answer):
    """One sentence in the caller's language."""

    message: str


class Problem(Answer):
    """What is wrong, and where."""

    path: str
    message: str


class Error(Answer):
    """Every error. ``details`` comes with 422, ``request_id`` with 500 and above."""

    error: str
    details: list[Problem] = []
    request_id: str = ""


class PageOf(Answer, Generic[T]):
    """One page of a listing."""

    total: int
    page: int
    page_size: int
    results: list[T]

    @classmethod
    def of(cls, page: Page[E], row: Callable[[E], T]) -> Self:
        """A page of entities, each as a row."""
        results = [row(entity) for entity in page.results]
        return cls(total=page.total, page=page.page, page_size=page.page_size, results=results)


class UserAnswer(Answer):
    """A user. ``is_active`` is 0 for normal, 1 for disabled."""

    id: int
    username: str
    email: str
    is_active: Literal[0, 1]
    administrator: bool
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(
            id=user.id,
            username=user.username,
            email=user.email,
            is_active=1 if user.disabled else 0,
            administrator=user.administrator,
            created_at=user.created_time,
            updated_at=user.updated_time,
        )


class UserPage(PageOf[UserAnswer]):
    """Users."""


class TokenAnswer(Answer):
    """An access token, its life in seconds, and the refresh token that buys the next pair."""

    token: str
    refresh_token: str
    expires_in: int

    @classmethod
    def of(cls, pair: Pair) -> Self:
        return cls(token=pair.token, refresh_token=pair.refresh_token, expires_in=pair.expires_in)


class LoginAnswer(TokenAnswer):
    """A new session and whose it is."""

    user: UserAnswer


class PasswordAnswer(TokenAnswer):
    """All sessions have ended; this is a new one."""

    message: str


class VerifyAnswer(Answer):
    """A token that is good, until when, and whose it is."""

    message: str
    expires_at: Moment
    user: UserAnswer


class ProjectAnswer(Answer):
    """A project."""

    id: int
    name: str
    leader: str
    created_at: Moment

    @classmethod
    def of(cls, project: Project) -> Self:
        return cls(id=project.id, name=project.name, leader=project.leader, created_at=project.create_time)


class ProjectPage(PageOf[ProjectAnswer]):
    """Projects."""


class MemberAnswer(Answer):
    """A user's role in a project."""

    project_id: int
    user_id: int
    username: str
    role: Role

    @classmethod
    def of(cls, member: Member) -> Self:
        return cls(project_id=member.project_id, user_id=member.user_id, username=member.username, role=member.role)


class MemberPage(PageOf[MemberAnswer]):
    """Members of a project."""


class EnvAnswer(Answer):
    """An environment. Passwords of database connections are never given back, only whether there is one."""

    id: int
    project_id: int
    name: str
    host: str
    headers: dict[str, str]
    variables: dict[str, str]
    databases: dict[str, PublicDatabase]
    created_at: Moment

    @classmethod
    def of(cls, env: Env) -> Self:
        return cls(
            id=env.id,
            project_id=env.project_id,
            name=env.name,
            host=env.host,
            headers=env.headers,
            variables=env.variables,
            databases={name: PublicDatabase.of(database) for name, database in env.databases.items()},
            created_at=env.created_time,
        )


class EnvPage(PageOf[EnvAnswer]):
    """Environments."""


def _as_given(steps: tuple[Step, ...]) -> list[dict[str, Any]]:
    # What was left out must stay out: an extractor without a default is not one whose default is null.
    return [step.model_dump(mode="json", by_alias=True, exclude_unset=True) for step in steps]


Steps = Annotated[tuple[Step, ...], PlainSerializer(_as_given, return_type=list[dict[str, Any]])]


class SceneRow(Answer):
    """A scene in a listing."""

    id: int
    project_id: int
    name: str
    description: str | None
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, scene: Scene) -> Self:
        return cls(**_scene_row(scene))


class SceneAnswer(SceneRow):
    """A scene with its steps, as they were given."""

    steps: Steps
    on_start: Steps
    setup: Steps
    teardown: Steps

    @classmethod
    def of(cls, scene: Scene) -> Self:
        spec = scene.spec
        parts = {"steps": spec.steps, "on_start": spec.on_start, "setup": spec.setup, "teardown": spec.teardown}
        return cls(**_scene_row(scene), **parts)


def _scene_row(scene: Scene) -> dict[str, Any]:
    return {
        "id": scene.id,
        "project_id": scene.project_id,
        "name": scene.spec.name,
        "description": scene.description,
        "created_at": scene.created_time,
        "updated_at": scene.updated_time,
    }


class ScenePage(PageOf[SceneRow]):
    """Scenes."""


PlanStatus = Literal["created", "running", "completed", "failed"]


class SceneWeightAnswer(Answer):
    """A scene's share in a plan."""

    scene_id: int
    weight: int


class PlanRow(Answer):
    """A plan in a listing."""

    id: int
    name: str
    description: str | None
    project_id: int
    status: PlanStatus
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, plan: Plan) -> Self:
        return cls(**_plan_row(plan))


class PlanAnswer(PlanRow):
    """A plan with its whole config."""

    scenes: list[SceneWeightAnswer]
    config: Config

    @classmethod
    def of(cls, plan: Plan) -> Self:
        scenes = [SceneWeightAnswer(scene_id=scene.scene_id, weight=scene.weight) for scene in plan.scenes]
        return cls(**_plan_row(plan), scenes=scenes, config=plan.config)


def _plan_row(plan: Plan) -> dict[str, Any]:
    return {
        "id": plan.id,
        "name": plan.name,
        "description": plan.description,
        "project_id": plan.project_id,
        "status": "created" if plan.status == "pending" else plan.status,
        "created_at": plan.created_time,
        "updated_at": plan.updated_time,
    }


class PlanPage(PageOf[PlanRow]):
    """Plans."""


class PresetAnswer(Answer):
    """A config saved under a name."""

    id: int
    name: str
    description: str | None
    project_id: int
    config_type: str
    config_data: dict[str, Any]
    created_at: Moment

    @classmethod
    def of(cls, preset: Preset) -> Self:
        return cls(
            id=preset.id,
            name=preset.name,
            description=preset.description,
            project_id=preset.project_id,
            config_type=preset.config_type,
            config_data=preset.config_data,
            created_at=preset.created_time,
        )


class PresetPage(PageOf[PresetAnswer]):
    """Presets."""


class PluginAnswer(OpenAnswer):
    """A protocol or a data source with the JSON Schema of what it takes, or a plugin that failed, with the cause."""

    kind: str
    name: str
    status: str


class PluginPage(PageOf[PluginAnswer]):
    """What is loaded."""


class Health(Answer):
    """The service and its database answer."""

    status: Literal["ok"]
    version: str


class Description(OpenAnswer):
    """An OpenAPI document."""

    openapi: str
    paths: dict[str, Any]
