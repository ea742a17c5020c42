"""The tables as Peewee sees them: columns, Python-side defaults and allowed values.

They are created by ``migrations``, never from here; a store refuses to start when the two disagree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any
from typing import get_args

from peewee import Model

from perfsvc.errors import InvalidInput
from perfsvc.model.config import TestType
from perfsvc.model.entities import Role
from perfsvc.model.entities import TokenScope
from perfsvc.model.placement import ControlMode
from perfsvc.model.placement import Strategy
from perfsvc.model.run import ENDED
from perfsvc.model.run import RunState
from perfsvc.model.test_mode import TEST_MODES
from perfsvc.store.binding import DATABASE
from perfsvc.store.binding import now
from perfsvc.store.fields import MAX_BIGINT
from perfsvc.store.fields import Blob
from perfsvc.store.fields import Chars
from perfsvc.store.fields import Flag
from perfsvc.store.fields import Integer
from perfsvc.store.fields import Json
from perfsvc.store.fields import JsonText
from perfsvc.store.fields import LongText
from perfsvc.store.fields import Moment
from perfsvc.store.fields import Number
from perfsvc.store.fields import Reference
from perfsvc.store.fields import problem_of

PLAN_STATES = ("pending", "running", "completed", "failed")


class Table(Model):
    """Base class of tables."""

    id: Any

    class Meta:
        database = DATABASE

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """A row has what its query selected: ids of references, joined rows."""

    @classmethod
    def check(cls, values: dict[str, Any]) -> None:
        """Raises InvalidInput with every value that does not fit its column."""
        fields = {name: cls._meta.fields[name] for name in values}
        found = [problem_of(field, field.column_name, values[name]) for name, field in fields.items()]
        problems = [problem for problem in found if problem]
        if problems:
            raise InvalidInput(problems)

    @classmethod
    def add(cls, **values: Any) -> int:
        """Insert a row and return its id. Raises InvalidInput."""
        cls.check(values)
        return int(cls.insert(**values).execute())

    @classmethod
    def change(cls, *where: Any, **values: Any) -> int:
        """Set columns of the rows that satisfy ``where`` and return their number. Raises InvalidInput."""
        cls.check(values)
        return int(cls.update(**values).where(*where).execute())

    @classmethod
    def shape(cls) -> tuple[str, frozenset[str]]:
        """The table's name and its columns in the database."""
        return cls._meta.table_name, frozenset(cls._meta.columns)


class UserRow(Table):
    username = Chars(150, least=1)
    username_key = Chars(600, null=True)
    email = Chars(254)
    password = Chars(255)
    is_active = Integer(least=0, most=1, default=0, null=True)
    administrator = Flag(default=False)
    created_time = Moment(default=now, null=True)
    updated_time = Moment(default=now, null=True)

    class Meta:
        table_name = "users"


class RefreshTokenRow(Table):
    jti = Chars(64, least=1)
    user = Reference(UserRow)
    expires = Moment()
    revoked = Flag(default=False)
    created_time = Moment(default=now)

    class Meta:
        table_name = "refresh_token"


class ApiTokenRow(Table):
    user = Reference(UserRow)
    name = Chars(100, least=1)
    scope = Chars(10, choices=tuple(TokenScope))
    identifier = Chars(16, least=1)
    digest = Chars(64, least=1)
    expires = Moment(null=True)
    last_used = Moment(null=True)
    created_time = Moment(default=now)

    class Meta:
        table_name = "api_token"


class ProjectRow(Table):
    name = Chars(100, least=1)
    leader = Chars(150)
    create_time = Moment(default=now, null=True)

    class Meta:
        table_name = "test_project"


class MemberRow(Table):
    project = Reference(ProjectRow)
    user = Reference(UserRow)
    role = Chars(20, choices=tuple(Role))
    # Null for members of before these columns.
    created_time = Moment(default=now, null=True)
    updated_time = Moment(default=now, null=True)
    updated_by = Chars(150, null=True)

    class Meta:
        table_name = "project_member"


class EnvRow(Table):
    project = Reference(ProjectRow)
    name = Chars(100, least=1)
    host = Chars(2000, default="")
    headers = Json(default=dict)
    variables = Json(default=dict)
    databases = Json(default=dict)
    certificates = Json(null=True)
    is_default = Flag(default=False)
    created_time = Moment(default=now)
    updated_time = Moment(default=now, null=True)
    updated_by = Chars(150, null=True)

    class Meta:
        table_name = "test_env"


class SceneRow(Table):
    project = Reference(ProjectRow)
    creator = Reference(UserRow)
    name = Chars(100, least=1)
    description = LongText(null=True)
    spec = Json()
    created_time = Moment(default=now)
    updated_time = Moment(default=now)
    updated_by = Chars(150, null=True)

    class Meta:
        table_name = "test_scene"


class DataFileRow(Table):
    project = Reference(ProjectRow)
    creator = Reference(UserRow)
    name = Chars(255, least=1)
    stored_name = Chars(100, least=1)
    size = Integer(least=0, most=MAX_BIGINT)
    digest = Chars(64)
    column_names = Json(default=list)
    row_count = Integer(least=0, most=MAX_BIGINT, null=True)
    created_time = Moment(default=now)
    updated_time = Moment(default=now, null=True)
    updated_by = Chars(150, null=True)

    class Meta:
        table_name = "data_file"


class PlanRow(Table):
    name = Chars(100, least=1)
    description = LongText(null=True)
    project = Reference(ProjectRow)
    creator = Reference(UserRow)
    created_time = Moment(default=now)
    updated_time = Moment(default=now)
    status = Chars(20, choices=PLAN_STATES, default="pending")
    updated_by = Chars(150, null=True)

    class Meta:
        table_name = "performance_test_plan"


class PlanSceneRow(Table):
    plan = Reference(PlanRow)
    scene = Reference(SceneRow)
    weight = Integer(least=1, most=1_000_000, default=1)
    position = Integer(least=0)

    class Meta:
        table_name = "performance_test_plan_scenes"


class ConfigRow(Table):
    plan = Reference(PlanRow)
    control_mode = Chars(20, choices=get_args(ControlMode), default="single")
    test_mode = Chars(20, choices=TEST_MODES, default="concurrent")
    vus = Integer(least=1)
    duration = Integer(least=0)
    ramp_up = Integer(least=0, default=0)
    step_users = Integer(least=1, null=True)
    step_time = Integer(least=1, null=True)
    exact_durations = Json(null=True)
    error_threshold = Number(null=True)
    adaptive_target = Json(null=True)
    env = Reference(EnvRow)
    # Not held to the documented names: a plugin may bring a protocol, or a data source, of its own.
    protocol = Chars(20, least=1, default="http")
    data_source_type = Chars(20, least=1, default="none")
    data_config = Json(default=dict, null=True)
    data_cache_ttl = Integer(least=0, default=3600)
    node_count = Integer(least=1, default=1)
    node_distribution = Json(default=dict, null=True)
    load_balance_strategy = Chars(20, choices=get_args(Strategy), default="round_robin")
    execution_config = Json(default=dict)
    target_url = Chars(2000, null=True)
    request_timeout = Integer(least=1, default=30_000)
    test_type = Chars(20, choices=get_args(TestType), default="load")

    class Meta:
        table_name = "performance_config"


class PresetRow(Table):
    name = Chars(100, least=1)
    description = LongText(null=True)
    project = Reference(ProjectRow)
    creator = Reference(UserRow)
    created_time = Moment(default=now)
    config_type = Chars(20, choices=TEST_MODES)
    config_data = Json()
    updated_time = Moment(default=now, null=True)
    updated_by = Chars(150, null=True)

    class Meta:
        table_name = "performance_preset"


class ExecutionRow(Table):
    execution_id = Chars(50, least=1)
    plan = Reference(PlanRow)
    starter = Reference(UserRow)
    state = Chars(20, choices=tuple(RunState), default=RunState.CREATED)
    spec = Json()
    start_time = Moment()
    end_time = Moment(null=True)
    reason = Json(null=True)
    mode = Chars(20, default="concurrent")
    variable = Chars(20, default="vus")

    class Meta:
        table_name = "performance_execution"


class PinRow(Table):
    execution = Reference(ExecutionRow)
    creator = Reference(UserRow)
    begins = Number()
    ends = Number(null=True)
    text = Chars(500, least=1)
    created_time = Moment(default=now)

    class Meta:
        table_name = "performance_pin"


class MetricsRow(Table):
    plan = Reference(PlanRow)
    timestamp = Integer(most=MAX_BIGINT)
    metrics_data = JsonText()
    shard_key = Chars(50, least=1)
    aggregation_period = Chars(20, null=True)
    created_time = Moment(default=now)
    seq = Integer(least=0, most=MAX_BIGINT)
    windows = Blob(null=True)

    class Meta:
        table_name = "performance_metrics"


class ErrorRow(Table):
    plan = Reference(PlanRow)
    timestamp = Integer(most=MAX_BIGINT)
    error_data = Json()
    count = Integer(least=1, default=1)
    created_time = Moment(default=now)
    execution_id = Chars(50, least=1)
    fingerprint = Chars(32, least=1)

    class Meta:
        table_name = "performance_error"


class ReportRow(Table):
    plan = Reference(PlanRow)
    summary = Json()
    performance_score = Number(null=True)
    created_time = Moment(default=now)
    execution_id = Chars(50, least=1)
    status = Chars(20, choices=sorted(ENDED))
    start_time = Moment()
    end_time = Moment()
    body = Json()
    verdict = Chars(20, null=True)
    validity = Chars(20, null=True)
    error_rate = Number(null=True)
    throughput = Number(null=True)
    p95 = Number(null=True)
    duration = Number(null=True)
    spark = Json(null=True)
    found = Json(null=True)
    breached = Json(null=True)

    class Meta:
        table_name = "performance_report"


class DrainedNodeRow(Table):
    name = Chars(64, least=1)
    created_time = Moment(default=now)

    class Meta:
        table_name = "drained_node"


TABLES: tuple[type[Table], ...] = (
    UserRow,
    RefreshTokenRow,
    ApiTokenRow,
    ProjectRow,
    MemberRow,
    EnvRow,
    SceneRow,
    DataFileRow,
    PlanRow,
    PlanSceneRow,
    ConfigRow,
    PresetRow,
    ExecutionRow,
    PinRow,
    MetricsRow,
    ErrorRow,
    ReportRow,
    DrainedNodeRow,
)
"""Every table, those referred to before those that refer to them."""
