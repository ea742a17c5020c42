"""Scenes, with every step validated as a run would compile it."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from perfsvc.engine.faults import Faults
from perfsvc.engine.scene_validation import SceneValidator
from perfsvc.errors import InvalidInput
from perfsvc.errors import NotFound
from perfsvc.event_loop import off_loop
from perfsvc.model.base import Many
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.entities import Page
from perfsvc.model.entities import Scene
from perfsvc.model.entities import User
from perfsvc.model.listing import ALL
from perfsvc.model.listing import Selection
from perfsvc.model.scene import MAX_STEPS
from perfsvc.model.scene import PARTS
from perfsvc.model.scene import ChoiceStep
from perfsvc.model.scene import IfStep
from perfsvc.model.scene import RequestStep
from perfsvc.model.scene import SceneSpec
from perfsvc.model.scene import Step
from perfsvc.model.scene import inner_steps
from perfsvc.plugin.catalog import Catalog
from perfsvc.service.editing import Edit
from perfsvc.service.fields import Description
from perfsvc.service.fields import Id
from perfsvc.service.fields import Name
from perfsvc.service.partial_update import Change
from perfsvc.service.partial_update import may_change
from perfsvc.service.scene_secrets import SceneSecrets
from perfsvc.service.secrets import shown
from perfsvc.store import scenes
from perfsvc.store.database import Store
from perfsvc.store.database import writes

DEFAULT_PROTOCOL = "http"


class SceneForm(SceneSpec):
    """A new scene."""

    project_id: Id = titled("所属项目", "Project")
    description: Description | None = titled("描述", "Description", default=None)
    copy_of: Id | None = titled(
        "复制来源业务流的ID，****** 取自该业务流",
        "Id of the scene that it is a copy of: ****** is taken from there",
        default=None,
    )


class SceneChange(Change):
    """Changes of a scene."""

    name: Name = may_change("业务流名称", "Name")
    description: Description | None = may_change("描述", "Description")
    steps: Many[Step] = may_change("步骤", "Steps", min_length=1, max_length=MAX_STEPS)
    on_start: Many[Step] = may_change("用户启动步骤", "Once per virtual user, first", max_length=MAX_STEPS)
    setup: Many[Step] = may_change("前置步骤", "Once per run, first", max_length=MAX_STEPS)
    teardown: Many[Step] = may_change("后置步骤", "Once per run, last", max_length=MAX_STEPS)


class Scenes:
    """The scenes of projects."""

    def __init__(self, store: Store, catalog: Catalog, secrets: SceneSecrets) -> None:
        self._store = store
        self._catalog = catalog
        self._secrets = secrets

    async def create(self, user: User, form: SceneForm) -> Scene:
        """Raises InvalidInput for steps that their protocol rejects, and for a copy of another project's scene."""
        source = None if form.copy_of is None else await self._source(form.copy_of, form.project_id)
        document = without_unset(form, leave_out={"project_id", "description", "copy_of"})
        spec = await off_loop(self._sealed, document, [source.spec] if source is not None else [])
        return await self._store.run(scenes.create, form.project_id, user.id, spec, form.description)

    async def get(self, scene_id: int) -> Scene:
        return await self._store.run(scenes.get, scene_id)

    async def page(self, project_id: int, page: int, page_size: int, selection: Selection = ALL) -> Page[Scene]:
        return await self._store.run(scenes.page, project_id, page, page_size, selection)

    async def update(self, scene_id: int, change: SceneChange, edit: Edit) -> Scene:
        """Raises ChangedMeanwhile, and InvalidInput for steps that their protocol rejects."""
        scene = await self.get(scene_id)
        await off_loop(lambda: self._checked(shown(_merged(scene, without_unset(change, leave_out={"description"})))))
        return await self._store.run(self._update, scene_id, change, edit)

    async def delete(self, scene_id: int) -> None:
        """Raises Conflict while a plan uses it."""
        await self._store.run(scenes.delete, scene_id)

    @writes
    def _update(self, scene_id: int, change: SceneChange, edit: Edit) -> Scene:
        scene = scenes.get(scene_id)
        edit.refuse_stale(scene.updated_time, scene.updated_by)
        description = change.description if "description" in change.model_fields_set else scene.description
        document = self._secrets.sealed(without_unset(change, leave_out={"description"}), [scene.spec])
        spec = SceneSpec.parse(_merged(scene, document))
        return scenes.update(replace(scene, spec=spec, description=description, updated_by=edit.user.username))

    async def _source(self, scene_id: int, project_id: int) -> Scene:
        try:
            scene = await self.get(scene_id)
        except NotFound:
            scene = None
        if scene is None or scene.project_id != project_id:
            raise InvalidInput.at("copy_of", "项目中没有该业务流", "the project has no such scene")
        return scene

    def _sealed(self, document: dict[str, Any], stored: Sequence[SceneSpec]) -> SceneSpec:
        """Return a new scene as it is stored, once every step compiles."""
        self._checked(document)
        return SceneSpec.parse(self._secrets.sealed(document, stored))

    def _checked(self, document: dict[str, Any]) -> SceneSpec:
        """Return the scene once every step compiles; takes long for many patterns, so it runs in a thread."""
        spec = SceneSpec.parse(document)
        spec.refuse_excess()
        self.check(spec)
        return spec

    def check(self, spec: SceneSpec) -> None:
        """Raises InvalidInput for steps that their protocol rejects."""
        inspector = SceneValidator(self._catalog.protocol, DEFAULT_PROTOCOL)
        faults = Faults()
        for path, step in located(spec):
            if isinstance(step, RequestStep):
                faults.note(inspector.problems(step, path))
        faults.check()


def _merged(scene: Scene, document: dict[str, Any]) -> dict[str, Any]:
    return {**without_unset(scene.spec), **document}


def without_unset(spec: Spec, leave_out: Collection[str] = ()) -> dict[str, Any]:
    """The document of a scene or of its changes, made step by step, since one call would hold the interpreter long."""
    names = [name for name in type(spec).model_fields if name in spec.model_fields_set and name not in leave_out]
    return {
        name: [step.model_dump(mode="json", by_alias=True, exclude_unset=True) for step in getattr(spec, name)]
        if name in PARTS
        else getattr(spec, name)
        for name in names
    }


def located(spec: SceneSpec) -> Iterator[tuple[str, Step]]:
    """Every step with its path, such as ``steps[0].otherwise[1]``."""
    for part in PARTS:
        yield from _located(part, getattr(spec, part))


def _located(path: str, steps: tuple[Step, ...]) -> Iterator[tuple[str, Step]]:
    for index, step in enumerate(steps):
        here = f"{path}[{index}]"
        yield here, step
        for name, inner in zip(_inner_names(step), inner_steps(step), strict=True):
            yield from _located(f"{here}.{name}", inner)


def _inner_names(step: Step) -> list[str]:
    if isinstance(step, IfStep):
        return ["steps", "otherwise"]
    if isinstance(step, ChoiceStep):
        return [f"options[{index}].steps" for index in range(len(step.options))]
    return ["steps"] * len(inner_steps(step))
