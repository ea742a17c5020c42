"""Which plans and scenes use an environment, a scene or a data file: what is used cannot be deleted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Any

from peewee import Value

from perfsvc.errors import Conflict
from perfsvc.errors import Text
from perfsvc.model.entities import Named
from perfsvc.model.entities import Uses
from perfsvc.model.file_fields import fields
from perfsvc.model.file_fields import named_files
from perfsvc.store.rows import holding
from perfsvc.store.tables import ConfigRow
from perfsvc.store.tables import DataFileRow
from perfsvc.store.tables import PlanRow
from perfsvc.store.tables import PlanSceneRow
from perfsvc.store.tables import SceneRow

MOST_NAMES = 5
"""Names in a refusal; of the others there is the number."""


def of_envs(env_ids: Collection[int]) -> dict[int, Uses]:
    """The plans of environments, by environment."""
    query = ConfigRow.select(ConfigRow.env, PlanRow.id, PlanRow.name).join(PlanRow)
    return _by_thing(query.where(ConfigRow.env.in_(list(env_ids))).order_by(PlanRow.id))


def of_scenes(scene_ids: Collection[int]) -> dict[int, Uses]:
    """The plans of scenes, by scene."""
    query = PlanSceneRow.select(PlanSceneRow.scene, PlanRow.id, PlanRow.name).join(PlanRow)
    return _by_thing(query.where(PlanSceneRow.scene.in_(list(scene_ids))).order_by(PlanRow.id))


def of_files(project_ids: Collection[int]) -> dict[int, Uses]:
    """The plans and scenes of projects, by the data file that each reads."""
    files = _Files(project_ids)
    plans: dict[int, dict[Named, None]] = defaultdict(dict)
    for project_id, plan, data, options in _plans_with_files(project_ids):
        for file in {*files.of_source(data), *files.named(project_id, options)}:
            plans[file][plan] = None
    scenes: dict[int, dict[Named, None]] = defaultdict(dict)
    for project_id, scene, spec in _scenes_with_files(project_ids):
        for file in files.named(project_id, spec):
            scenes[file][scene] = None
    return {file: Uses(tuple(plans[file]), tuple(scenes[file])) for file in plans.keys() | scenes.keys()}


def refuse_used(uses: Uses, what: Text) -> None:
    """Raise Conflict with the names of what uses a thing, if there is any."""
    if not uses.any:
        return
    kinds = [("测试计划", "plan", uses.plans), ("业务流", "scene", uses.scenes)]
    zh = "和".join(f"{kind}{_listed(named, '、', '等 {} 个')}" for kind, _, named in kinds if named)
    en = " and by ".join(
        f"the {kind}{'s' * (len(named) > 1)} {_listed(named, ', ', ' and others, {} in all,')}"
        for _, kind, named in kinds
        if named
    )
    raise Conflict(f"{what.zh}正被{zh}使用，不能删除", f"{what.en} is used by {en} and cannot be deleted")


def _listed(named: tuple[Named, ...], comma: str, rest: str) -> str:
    names = comma.join(f"“{each.name}”" for each in named[:MOST_NAMES])
    return names + rest.format(len(named)) if len(named) > MOST_NAMES else names


def _by_thing(query: Any) -> dict[int, Uses]:
    users_of: dict[int, list[Named]] = defaultdict(list)
    for thing, plan, name in query.tuples().iterator():
        users_of[thing].append(Named(plan, name))
    return {thing: Uses(tuple(plans)) for thing, plans in users_of.items()}


def _plans_with_files(project_ids: Collection[int]) -> Iterator[tuple[int, Named, Any, Any]]:
    """Plans with the options of their data source and of their protocols.

    Only configs that name a file are read: inline rows of others can be large.
    """
    plan = (PlanRow.project, PlanRow.id, PlanRow.name)
    query = ConfigRow.select(*plan, ConfigRow.data_config, ConfigRow.execution_config).join(PlanRow)
    query = query.where(PlanRow.project.in_(list(project_ids))).order_by(PlanRow.id)
    reading = query.where(ConfigRow.data_source_type != "none", holding(ConfigRow.data_config, "datafile_id"))
    for project_id, ident, name, data, _ in reading.tuples().iterator():
        yield project_id, Named(ident, name), data, None
    trusting = query.where(_naming(ConfigRow.execution_config))
    for project_id, ident, name, _, execution in trusting.tuples().iterator():
        yield project_id, Named(ident, name), None, execution.get("protocol_options")


def _scenes_with_files(project_ids: Collection[int]) -> Iterator[tuple[int, Named, Any]]:
    query = SceneRow.select(SceneRow.project, SceneRow.id, SceneRow.name, SceneRow.spec)
    query = query.where(SceneRow.project.in_(list(project_ids)), _naming(SceneRow.spec))
    for project_id, ident, name, spec in query.order_by(SceneRow.id).tuples().iterator():
        yield project_id, Named(ident, name), spec


def _naming(column: Any) -> Any:
    """The condition that a document has a field that may name a file."""
    return reduce(or_, [holding(column, f'"{field}"') for field in sorted(fields())], Value(False))


class _Files:
    """The data files of projects, found as a run finds them: by id, and by name the newer of two."""

    def __init__(self, project_ids: Collection[int]) -> None:
        query: Any = DataFileRow.select(DataFileRow.project, DataFileRow.id, DataFileRow.name)
        query = query.where(DataFileRow.project.in_(list(project_ids))).order_by(DataFileRow.id)
        rows = list(query.tuples())
        by_name = {(project_id, name): ident for project_id, ident, name in rows}
        self._id_by_name = by_name | {(project_id, str(ident)): ident for project_id, ident, _ in rows}

    @staticmethod
    def of_source(data: Any) -> list[int]:
        """The file that a data source reads; anything else may stand in its place."""
        file = data.get("datafile_id") if isinstance(data, Mapping) else None
        return [file] if type(file) is int else []

    def named(self, project_id: int, document: Any) -> set[int]:
        """The files that a document names in its requests or options."""
        places = {(project_id, name) for name in named_files(document)}
        return {self._id_by_name[place] for place in places & self._id_by_name.keys()}
