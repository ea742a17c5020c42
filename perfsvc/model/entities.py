"""Stored records: frozen, detached from any database."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Any
from typing import Generic
from typing import TypeVar

from perfsvc.model.config import PlanConfig
from perfsvc.model.scene import SceneSpec

T = TypeVar("T")


class Role(StrEnum):
    """Role of a member in a project; each role includes those before it."""

    VIEWER = "viewer"
    EDITOR = "editor"
    OWNER = "owner"


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a listing."""

    total: int
    page: int
    page_size: int
    results: list[T]


@dataclass(frozen=True)
class User:
    """Someone who can log in. ``disabled`` is the table's ``is_active`` = 1."""

    id: int
    username: str
    email: str
    password_hash: str = field(repr=False)
    disabled: bool
    administrator: bool
    created_time: datetime
    updated_time: datetime


@dataclass(frozen=True)
class RefreshToken:
    """A refresh token as it is remembered: by its identifier, never by its text."""

    jti: str
    user_id: int
    expires: datetime
    revoked: bool


class TokenScope(StrEnum):
    """What an API token is good for; each scope includes those before it."""

    READ = "read"
    RUN = "run"
    WRITE = "write"


@dataclass(frozen=True)
class ApiToken:
    """A token for programs; ``identifier`` is the part of it that may be shown. ``expires`` is None for never."""

    id: int
    user_id: int
    name: str
    scope: TokenScope
    identifier: str
    expires: datetime | None
    last_used: datetime | None
    created_time: datetime


@dataclass(frozen=True)
class Project:
    """A team's space."""

    id: int
    name: str
    leader: str
    create_time: datetime


@dataclass(frozen=True)
class Member:
    """A user's role in a project."""

    project_id: int
    user_id: int
    username: str
    role: Role
    created_time: datetime | None = None
    updated_time: datetime | None = None
    updated_by: str | None = None


@dataclass(frozen=True)
class Named:
    """A plan or a scene by id and name."""

    id: int
    name: str


@dataclass(frozen=True)
class Uses:
    """The plans and the scenes that use a thing."""

    plans: tuple[Named, ...] = ()
    scenes: tuple[Named, ...] = ()

    @property
    def any(self) -> bool:
        """Whether there is a use."""
        return bool(self.plans or self.scenes)


NO_USES = Uses()


@dataclass(frozen=True)
class Env:
    """A named target, its secrets encrypted: values of headers and variables, passwords of connections, the key."""

    id: int
    project_id: int
    name: str
    host: str
    headers: dict[str, Any]
    variables: dict[str, Any]
    databases: dict[str, Any] = field(repr=False)
    created_time: datetime
    updated_time: datetime
    updated_by: str | None = None
    certificates: dict[str, Any] = field(default_factory=dict, repr=False)
    uses: Uses = NO_USES


@dataclass(frozen=True)
class Scene:
    """A stored scene."""

    id: int
    project_id: int
    creator_id: int
    description: str | None
    spec: SceneSpec
    created_time: datetime
    updated_time: datetime
    updated_by: str | None = None
    uses: Uses = NO_USES


@dataclass(frozen=True)
class FileContent:
    """Content of a data file. ``digest`` is SHA-256; ``columns`` and ``row_count`` are as read without options."""

    stored_name: str
    size: int
    digest: str
    columns: tuple[str, ...]
    row_count: int | None


@dataclass(frozen=True)
class DataFile:
    """A file with test data."""

    id: int
    project_id: int
    creator_id: int
    name: str
    content: FileContent
    created_time: datetime
    updated_time: datetime
    updated_by: str | None = None
    uses: Uses = NO_USES


@dataclass(frozen=True)
class SceneWeight:
    """A scene's share in a plan."""

    scene_id: int
    weight: int


@dataclass(frozen=True)
class Plan:
    """Scenes with weights and a config. ``status`` is as stored: pending, running, completed or failed."""

    id: int
    name: str
    description: str | None
    project_id: int
    creator_id: int
    scenes: tuple[SceneWeight, ...]
    config: PlanConfig
    status: str
    created_time: datetime
    updated_time: datetime
    updated_by: str | None = None


@dataclass(frozen=True)
class Preset:
    """A config saved under a name for reuse."""

    id: int
    name: str
    description: str | None
    project_id: int
    creator_id: int
    config_type: str
    config_data: dict[str, Any]
    created_time: datetime
    updated_time: datetime
    updated_by: str | None = None


@dataclass(frozen=True)
class Pin:
    """A note at a moment of a run, or at the time from one to another; both are Unix seconds."""

    id: int
    execution_id: str
    author: str
    begins: float
    ends: float | None
    text: str
    created_time: datetime


@dataclass(frozen=True)
class Report:
    """A run's report. ``body`` is the whole document as the API gives it, without its own id."""

    id: int
    plan_id: int
    execution_id: str
    status: str
    start_time: datetime
    end_time: datetime
    summary: dict[str, Any]
    performance_score: float | None
    body: dict[str, Any]
    created_time: datetime


@dataclass(frozen=True)
class ErrorRecord:
    """Count of an error class in a run, with one example."""

    execution_id: str
    timestamp: int
    error_data: dict[str, Any]
    count: int
