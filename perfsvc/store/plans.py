"""Plans, each with its config and its weighted scenes."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem
from perfsvc.errors import Text
from perfsvc.model.config import PlanConfig
from perfsvc.model.entities import Page
from perfsvc.model.entities import Plan
from perfsvc.model.entities import SceneWeight
from perfsvc.model.listing import ALL
from perfsvc.model.listing import Selection
from perfsvc.store import envs
from perfsvc.store.binding import now
from perfsvc.store.database import writes
from perfsvc.store.fields import MAX_INT
from perfsvc.store.plan_config import from_row
from perfsvc.store.plan_config import to_columns
from perfsvc.store.rows import PLAN
from perfsvc.store.rows import USER
from perfsvc.store.rows import Columns
from perfsvc.store.rows import by_id
from perfsvc.store.rows import existing
from perfsvc.store.rows import in_batches
from perfsvc.store.rows import page_of
from perfsvc.store.rows import require
from perfsvc.store.tables import ConfigRow
from perfsvc.store.tables import EnvRow
from perfsvc.store.tables import PlanRow
from perfsvc.store.tables import PlanSceneRow
from perfsvc.store.tables import SceneRow
from perfsvc.store.tables import UserRow

NO_SUCH_ENV = Text("项目中没有该测试环境", "the project has no such environment")
NO_SUCH_SCENE = Text("项目中没有该业务流", "the project has no such scene")
SCENE_TWICE = Text("业务流重复", "the scene is repeated")


COLUMNS = Columns(
    searched=(
        PlanRow.name,
        PlanRow.description,
    ),
    orders={"name": PlanRow.name, "created_at": PlanRow.id, "updated_at": PlanRow.updated_time},
    compared={"mode": ConfigRow.test_mode, "status": PlanRow.status},
)


@writes
def create(
    project_id: int,
    creator_id: int,
    name: str,
    config: PlanConfig,
    scenes: Sequence[SceneWeight] = (),
    description: str | None = None,
    language: str = "zh",
) -> Plan:
    """A config without an environment gets the project's default one, named in ``language`` if it has to be made.

    Raises NotFound for the project or the user, InvalidInput, also for an environment or scene of another project.
    """
    creator = by_id(UserRow, creator_id, USER).username
    default_env = envs.default_id(project_id, creator, language)
    refuse_strangers(project_id, config, scenes)
    key = PlanRow.add(project=project_id, creator=creator_id, name=name, description=description, updated_by=creator)
    ConfigRow.add(plan=key, **to_columns(config, default_env))
    add_scenes(key, scenes)
    return get(key)


def get(plan_id: int) -> Plan:
    """Raises NotFound."""
    return entities([existing(with_config().where(PlanRow.id == plan_id).first(), PLAN)])[0]


def page(project_id: int, page: int = 1, page_size: int = 10, selection: Selection = ALL) -> Page[Plan]:
    """A project's plans, the newest first."""
    query = with_config().where(PlanRow.project == project_id)
    return page_of(query, PlanRow.id.desc(), page, page_size, entities, COLUMNS, selection)


def of_project(project_id: int) -> Iterator[Plan]:
    """All plans of a project, the oldest first, read a batch at a time."""
    return in_batches(with_config().where(PlanRow.project == project_id), PlanRow.id, entities)


@writes
def update(plan: Plan, language: str = "zh") -> Plan:
    """Name, description, config and scenes; raises NotFound, InvalidInput as ``create`` does."""
    project_id: int = by_id(PlanRow, plan.id, PLAN).project_id
    refuse_strangers(project_id, plan.config, plan.scenes)
    default_env = envs.default_id(project_id, plan.updated_by, language)
    PlanRow.change(
        PlanRow.id == plan.id,
        name=plan.name,
        description=plan.description,
        updated_time=now(),
        updated_by=plan.updated_by,
    )
    ConfigRow.change(ConfigRow.plan == plan.id, **to_columns(plan.config, default_env))
    PlanSceneRow.delete().where(PlanSceneRow.plan == plan.id).execute()
    add_scenes(plan.id, plan.scenes)
    return get(plan.id)


@writes
def set_status(plan_id: int, status: str) -> None:
    """One of the table's words; raises NotFound, InvalidInput."""
    require(PlanRow, plan_id, PLAN)
    PlanRow.change(PlanRow.id == plan_id, status=status)


@writes
def delete(plan_id: int) -> None:
    """The plan with its config, runs, measurements and reports; raises NotFound.

    After long runs, ``windows.prune`` first, so that no one call takes too long.
    """
    require(PlanRow, plan_id, PLAN)
    PlanRow.delete().where(PlanRow.id == plan_id).execute()


def refuse_strangers(project_id: int, config: PlanConfig, scenes: Sequence[SceneWeight]) -> None:
    """Raises InvalidInput for an environment or a scene that is not the project's, or a repeated scene."""
    problems = []
    if config.env_id is not None and not own_ids(EnvRow, project_id, [config.env_id]):
        problems.append(Problem("config.env_id", NO_SUCH_ENV))
    own = own_ids(SceneRow, project_id, [scene.scene_id for scene in scenes])
    seen: set[int] = set()
    for index, scene in enumerate(scenes):
        if scene.scene_id not in own or scene.scene_id in seen:
            wrong = SCENE_TWICE if scene.scene_id in seen else NO_SUCH_SCENE
            problems.append(Problem(f"scenes[{index}].scene_id", wrong))
        seen.add(scene.scene_id)
    if problems:
        raise InvalidInput(problems)


def own_ids(table: Any, project_id: int, keys: Collection[int]) -> set[int]:
    """Those of the ids that belong to the project. A number too large for an id is the id of nothing."""
    possible = [key for key in keys if key <= MAX_INT]
    query = table.select(table.id).where((table.project == project_id) & table.id.in_(possible))
    return {row.id for row in query}


def add_scenes(plan_id: int, scenes: Sequence[SceneWeight]) -> None:
    """Keep a plan's scenes in their order; raises InvalidInput."""
    for position, scene in enumerate(scenes):
        PlanSceneRow.add(plan=plan_id, scene=scene.scene_id, weight=scene.weight, position=position)


def with_config() -> Any:
    """Plans, each with its config's row as ``config``."""
    return PlanRow.select(PlanRow, ConfigRow).join(ConfigRow, on=(ConfigRow.plan == PlanRow.id), attr="config")


def entities(rows: list[Any]) -> list[Plan]:
    """Rows as the services see them; one query more for the scenes of all."""
    scenes = scenes_of([row.id for row in rows])
    return [entity(row, scenes.get(row.id, ())) for row in rows]


def scenes_of(plan_ids: list[int]) -> dict[int, tuple[SceneWeight, ...]]:
    """The scenes of several plans, in order."""
    query = PlanSceneRow.select().where(PlanSceneRow.plan.in_(plan_ids))
    rows = query.order_by(PlanSceneRow.plan, PlanSceneRow.position, PlanSceneRow.id)
    by_plan = groupby(rows, key=lambda row: row.plan_id)
    return {plan_id: tuple(SceneWeight(row.scene_id, row.weight) for row in group) for plan_id, group in by_plan}


def entity(row: Any, scenes: tuple[SceneWeight, ...]) -> Plan:
    return Plan(
        id=row.id,
        name=row.name,
        description=row.description,
        project_id=row.project_id,
        creator_id=row.creator_id,
        scenes=scenes,
        config=from_row(row.config),
        status=row.status,
        created_time=row.created_time,
        updated_time=row.updated_time,
        updated_by=row.updated_by,
    )
