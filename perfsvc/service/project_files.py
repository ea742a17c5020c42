"""A project's environments, scenes and plans as one YAML file: written, and read into the same or another project.

What has the same name is replaced; nothing is ever deleted. Secrets are written as ``******``, which keeps the stored
value when it is read, or takes that of the project which the file was copied from. Data files are named, not written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from typing import Any
from typing import Literal

import yaml

from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem
from perfsvc.errors import Text
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.config import PlanConfig
from perfsvc.model.entities import Env
from perfsvc.model.entities import Plan
from perfsvc.model.entities import Scene
from perfsvc.model.entities import SceneWeight
from perfsvc.model.entities import User
from perfsvc.model.plan_text import document_of
from perfsvc.model.plan_text import text_of
from perfsvc.model.project_file import ProjectFile
from perfsvc.model.project_file import ProjectPlan
from perfsvc.model.project_file import ProjectScene
from perfsvc.model.project_file import as_project
from perfsvc.model.scene import SceneSpec
from perfsvc.model.text_faults import text_fault
from perfsvc.service.envs import SEALED as SEALED_PASSWORD
from perfsvc.service.envs import EnvFields
from perfsvc.service.envs import Envs
from perfsvc.service.fields import Id
from perfsvc.service.plan_secrets import PlanSecrets
from perfsvc.service.scene_secrets import SceneSecrets
from perfsvc.service.secrets import sealed_names
from perfsvc.service.secrets import shown
from perfsvc.store import datafiles
from perfsvc.store import envs
from perfsvc.store import plans
from perfsvc.store import scenes
from perfsvc.store.database import Store
from perfsvc.store.database import writes

MOST = 1000
BODY_FILE = "body_file"
Action = Literal["create", "update", "keep"]


class ExportQuery(Spec):
    """Which part of a project; all of it where neither is given. A plan comes with its environment and its scenes."""

    plan_id: Id | None = titled("测试计划ID", "Id of a plan", default=None)
    scene_id: Id | None = titled("业务流ID", "Id of a scene", default=None)


class ImportForm(Spec):
    """A file to be read. ``dry_run`` only says what would change.

    ``source_project_id`` is the project that the file was exported from: what is ``******`` in the file is taken from
    there.
    """

    text: str = titled("文件内容", "Text of the file", min_length=1, max_length=10_000_000)
    dry_run: bool = titled("仅预览", "Change nothing", default=False)
    source_project_id: Id | None = titled("来源项目ID", "Id of the project it comes from", default=None)


@dataclass(frozen=True)
class Imported:
    """What became of one thing of a file, or would."""

    kind: Literal["env", "scene", "plan"]
    name: str
    action: Action


@dataclass(frozen=True)
class Stored:
    """What a project has, with names that differ."""

    envs: dict[str, Env]
    scenes: dict[str, Scene]
    plans: dict[str, Plan]
    files: dict[int, str]

    @classmethod
    def of(cls, project_id: int) -> Stored:
        """Read a project; the older of two with one name has it, the other gets a number."""
        return cls(
            _by_name(envs.page(project_id, 1, MOST).results, lambda env: env.name),
            _by_name(reversed(scenes.page(project_id, 1, MOST).results), lambda scene: scene.spec.name),
            _by_name(reversed(plans.page(project_id, 1, MOST).results), lambda plan: plan.name),
            {file.id: file.name for file in datafiles.of_project(project_id)},
        )

    def document(self) -> dict[str, Any]:
        """The whole as a document."""
        return {
            "envs": [env_document(name, env) for name, env in self.envs.items()],
            "scenes": [self.scene_document(name, scene) for name, scene in self.scenes.items()],
            "plans": [self.plan_document(name, plan) for name, plan in self.plans.items()],
        }

    def scene_document(self, name: str, scene: Scene) -> dict[str, Any]:
        """A scene as it was given, its secrets masked, its data files by name; parts without steps are left out."""
        files = {str(ident): file for ident, file in self.files.items()}
        given = renamed_files(shown(scenes.written(scene.spec)), files)
        spec = {key: value for key, value in given.items() if value != []}
        described = {"description": scene.description} if scene.description else {}
        return {"name": name, **described, **{key: value for key, value in spec.items() if key != "name"}}

    def plan_document(self, name: str, plan: Plan) -> dict[str, Any]:
        """A plan that refers to others by name; what is at its default is left out."""
        config = shown(plan.config.model_dump(mode="json", by_alias=True, exclude_defaults=True))
        env_id = config.pop("env_id", None)
        data = config.get("data_config", {})
        if data.get("datafile_id") in self.files:
            data["file"] = self.files[data.pop("datafile_id")]
        env = next((each for each, stored in self.envs.items() if stored.id == env_id), None)
        named = {stored.id: each for each, stored in self.scenes.items()}
        return {
            "name": name,
            **({"description": plan.description} if plan.description else {}),
            **({"env": env} if env is not None else {}),
            "scenes": [{"name": named[share.scene_id], "weight": share.weight} for share in plan.scenes],
            "config": config,
        }


def env_document(name: str, env: Env) -> dict[str, Any]:
    """An environment with its secrets masked; what is empty is left out."""
    databases = {
        key: {part: value for part, value in stored.items() if part != SEALED_PASSWORD and value not in ("", None)}
        for key, stored in env.databases.items()
    }
    whole = {
        "host": env.host,
        "headers": shown(env.headers),
        "variables": shown(env.variables),
        "secret_headers": sealed_names(env.headers),
        "secret_variables": sealed_names(env.variables),
        "databases": databases,
        "certificates": shown(env.certificates),
    }
    return {"name": name, **{key: value for key, value in whole.items() if value}}


def renamed_files(document: Any, names: Mapping[str, str], key: str = "") -> Any:
    """Return a document in which requests name data files by other names."""
    if isinstance(document, Mapping):
        return {inner: renamed_files(value, names, inner) for inner, value in document.items()}
    if isinstance(document, list):
        return [renamed_files(value, names) for value in document]
    return names.get(document, document) if key == BODY_FILE and isinstance(document, str) else document


class ProjectFiles:
    """Writes and reads the files of projects. ``check_scene`` raises InvalidInput for steps that do not compile."""

    def __init__(
        self,
        store: Store,
        envs_of: Envs,
        secrets: PlanSecrets,
        scene_secrets: SceneSecrets,
        check_scene: Callable[[SceneSpec], None],
    ) -> None:
        self._store = store
        self._envs = envs_of
        self._secrets = secrets
        self._scene_secrets = scene_secrets
        self._check_scene = check_scene

    async def export(self, project_id: int, chosen: ExportQuery) -> str:
        """The file of a project or of a part of it."""
        stored = await self._store.run(Stored.of, project_id)
        return text_of({key: part for key, part in _part(stored, chosen).items() if part})

    async def read(self, user: User, project_id: int, form: ImportForm, language: str) -> list[Imported]:
        """Take a file over into a project, all of it or nothing. Raise InvalidInput.

        A default environment that has to be made is named in ``language``.
        """
        file = await asyncio.to_thread(self._parsed, form.text)
        return await self._store.run(self._take, user, project_id, file, form, language)

    def _parsed(self, text: str) -> ProjectFile:
        try:
            document = document_of(text, "")
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise _undecodable(text, error) from None
        if not isinstance(document, dict):
            raise InvalidInput.at("text", "应为对象", "must be an object")
        file = ProjectFile.parse(as_project(document))
        problems = [
            Problem(f"scenes[{number}].{problem.path}", problem.text)
            for number, scene in enumerate(file.scenes)
            for problem in self._problems_of(scene.scene())
        ]
        if problems:
            raise InvalidInput(problems)
        return file

    def _problems_of(self, scene: SceneSpec) -> list[Problem]:
        try:
            self._check_scene(scene)
        except InvalidInput as error:
            return error.problems
        return []

    @writes
    def _take(self, user: User, project_id: int, file: ProjectFile, form: ImportForm, language: str) -> list[Imported]:
        stored = Stored.of(project_id)
        source = stored if form.source_project_id is None else Stored.of(form.source_project_id)
        secrets = self._secrets, self._scene_secrets
        taker = _Taker(self._envs, secrets, user, language, project_id, (stored, source), form.dry_run)
        return [
            *taker.envs(file),
            *(taker.scene(number, each) for number, each in enumerate(file.scenes)),
            *(taker.plan(number, each, file) for number, each in enumerate(file.plans)),
        ]


def _undecodable(text: str, error: Exception) -> InvalidInput:
    return InvalidInput.at("text", *text_fault(text, error).of_kind("YAML"))


class _Taker:
    """Takes the parts of a file over, in the order in which they refer to each other."""

    def __init__(
        self,
        envs_of: Envs,
        secrets: tuple[PlanSecrets, SceneSecrets],
        user: User,
        language: str,
        project_id: int,
        projects: tuple[Stored, Stored],
        dry_run: bool,
    ) -> None:
        """``projects``: the one that takes, and the one that the file comes from."""
        stored, self._source = projects
        self._envs = envs_of
        self._secrets, self._scene_secrets = secrets
        self._user = user
        self._language = language
        self._project = project_id
        self._stored = stored
        self._dry_run = dry_run
        self._env_ids = {name: env.id for name, env in stored.envs.items()}
        self._scene_ids = {name: scene.id for name, scene in stored.scenes.items()}

    def envs(self, file: ProjectFile) -> list[Imported]:
        """Environments, sealed as those of a form."""
        found = []
        for number, each in enumerate(file.envs):
            given = each.model_dump(mode="json", exclude_unset=True)
            fields = EnvFields.parse(given, f"envs[{number}]")
            before = self._stored.envs.get(each.name)
            action = _action(
                None if before is None else env_document(each.name, before), {k: v for k, v in given.items() if v}
            )
            try:
                sealed = self._envs.sealed(fields, self._source.envs.get(each.name) or before)
            except InvalidInput as error:
                raise InvalidInput(
                    [Problem(f"envs[{number}].{one.path}", one.text) for one in error.problems]
                ) from None
            if action != "keep" and not self._dry_run:
                self._env_ids[each.name] = self._write_env(fields, sealed, before)
            found.append(Imported("env", each.name, action))
        return found

    def _write_env(self, fields: EnvFields, sealed: dict[str, Any], before: Env | None) -> int:
        if before is None:
            return envs.create(self._project, fields.name, fields.host, **sealed, creator=self._user.username).id
        return envs.update(replace(before, host=fields.host, **sealed, updated_by=self._user.username)).id

    def scene(self, number: int, given: ProjectScene) -> Imported:
        """A scene, sealed as that of a form."""
        before, source = self._stored.scenes.get(given.name), self._source.scenes.get(given.name)
        written = scenes.written(given.scene())
        document = {"name": given.name, "description": given.description, **written}
        try:
            known = [each.spec for each in (source, before) if each is not None]
            spec = SceneSpec.parse(self._scene_secrets.sealed(written, known))
            spec.refuse_excess()
        except InvalidInput as error:
            problems = [Problem(f"scenes[{number}].{one.path}", one.text) for one in error.problems]
            raise InvalidInput(problems) from None
        now = {key: value for key, value in document.items() if value}
        action = _action(None if before is None else self._stored.scene_document(given.name, before), now)
        if action != "keep" and not self._dry_run:
            if before is None:
                scene = scenes.create(self._project, self._user.id, spec, given.description)
                self._scene_ids[given.name] = scene.id
            else:
                changed = replace(before, spec=spec, description=given.description, updated_by=self._user.username)
                scenes.update(changed)
        return Imported("scene", given.name, action)

    def plan(self, number: int, given: ProjectPlan, file: ProjectFile) -> Imported:
        """A plan, its names replaced by ids."""
        at, before = f"plans[{number}]", self._stored.plans.get(given.name)
        config = self._config(at, given, before)
        weights = self._weights(at, given, file)
        env = self._env_id(at, given, file)
        action: Action = "create"
        if before is not None:
            same = (
                self._without_env(before.config) == config
                and (env is None or before.config.env_id == env)
                and (before.scenes, before.description) == (weights, given.description)
            )
            action = "keep" if same else "update"
        if action != "keep" and not self._dry_run:
            whole = config if env is None else config.model_copy(update={"env_id": env})
            if before is None:
                creator = self._user.id
                plans.create(
                    self._project, creator, given.name, whole, weights, given.description, language=self._language
                )
            else:
                changed = replace(
                    before,
                    config=whole,
                    scenes=weights,
                    description=given.description,
                    updated_by=self._user.username,
                )
                plans.update(changed, self._language)
        return Imported("plan", given.name, action)

    @staticmethod
    def _without_env(config: PlanConfig) -> PlanConfig:
        return config.model_copy(update={"env_id": None})

    def _config(self, at: str, given: ProjectPlan, before: Plan | None) -> PlanConfig:
        """The config, sealed, with the id of its data file."""
        document = {key: value for key, value in given.config.items() if key != "env_id"}
        data = document.get("data_config")
        if isinstance(data, dict) and isinstance(data.get("file"), str):
            ids = {name: key for key, name in self._stored.files.items()}
            if data["file"] not in ids:
                path = f"{at}.config.data_config.file"
                zh = f"项目中没有数据文件 {data['file']}，请先上传"
                raise InvalidInput.at(path, zh, f"the project has no data file {data['file']}; upload it first")
            rest = {key: value for key, value in data.items() if key != "file"}
            document["data_config"] = {**rest, "datafile_id": ids[data["file"]]}
        kept = self._source.plans.get(given.name) or before
        stored = kept.config if kept is not None else None
        return self._secrets.sealed(PlanConfig.parse(document, f"{at}.config"), stored, f"{at}.config")

    def _weights(self, at: str, given: ProjectPlan, file: ProjectFile) -> tuple[SceneWeight, ...]:
        known = self._scene_ids.keys() | {scene.name for scene in file.scenes}
        self._refuse_unknown(
            (f"{at}.scenes[{place}].name", share.name) for place, share in enumerate(given.scenes)
            if share.name not in known
        )  # fmt: skip
        return tuple(SceneWeight(self._scene_ids.get(share.name, 0), share.weight) for share in given.scenes)

    def _env_id(self, at: str, given: ProjectPlan, file: ProjectFile) -> int | None:
        if given.env is None:
            return None
        if given.env not in self._env_ids.keys() | {env.name for env in file.envs}:
            self._refuse_unknown([(f"{at}.env", given.env)])
        return self._env_ids.get(given.env, 0)

    @staticmethod
    def _refuse_unknown(places: Iterable[tuple[str, str]]) -> None:
        problems = [
            Problem(path, Text(f"文件和项目中都没有 {name}", f"neither the file nor the project has {name}"))
            for path, name in places
        ]
        if problems:
            raise InvalidInput(problems)


def _action(before: dict[str, Any] | None, now: dict[str, Any]) -> Action:
    if before is None:
        return "create"
    return "keep" if before == {key: value for key, value in now.items() if value} else "update"


def _by_name(things: Iterable[Any], name_of: Callable[[Any], str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for thing in things:
        name, number = name_of(thing), 2
        while name in found:
            name, number = f"{name_of(thing)} ({number})", number + 1
        found[name] = thing
    return found


def _part(stored: Stored, chosen: ExportQuery) -> dict[str, Sequence[Any]]:
    """The chosen plan with what it refers to, the chosen scene, or everything."""
    document = stored.document()
    if chosen.plan_id is None and chosen.scene_id is None:
        return document
    of_plan = [name for name, plan in stored.plans.items() if plan.id == chosen.plan_id]
    kept = [plan for plan in document["plans"] if plan["name"] in of_plan]
    wanted = {share["name"] for plan in kept for share in plan["scenes"]}
    wanted |= {name for name, scene in stored.scenes.items() if scene.id == chosen.scene_id}
    return {
        "envs": [env for env in document["envs"] if env["name"] in {plan.get("env") for plan in kept}],
        "scenes": [scene for scene in document["scenes"] if scene["name"] in wanted],
        "plans": kept,
    }
