"""What a project has, as the document that is written to its file: names in place of ids, secrets masked."""

from __future__ import annotations

import base64
import re
from collections import defaultdict
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from typing import Literal
from typing import TypeVar

import msgspec

from perfsvc.errors import InvalidInput
from perfsvc.errors import NotFound
from perfsvc.errors import Text
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.entities import DataFile
from perfsvc.model.entities import Env
from perfsvc.model.entities import Plan
from perfsvc.model.entities import Preset
from perfsvc.model.entities import Scene
from perfsvc.model.file_fields import named_files
from perfsvc.model.file_fields import renamed_files
from perfsvc.model.plan_text import document_of
from perfsvc.model.plan_text import text_of
from perfsvc.model.project_file import LARGEST_CONTENT
from perfsvc.model.project_file import LARGEST_TEXT
from perfsvc.model.project_file import MOST
from perfsvc.service.envs import SEALED as SEALED_PASSWORD
from perfsvc.service.fields import Id
from perfsvc.service.secrets import sealed_names
from perfsvc.service.secrets import shown
from perfsvc.store import datafiles
from perfsvc.store import envs
from perfsvc.store import plans
from perfsvc.store import presets
from perfsvc.store import scenes
from perfsvc.store.rows import PLAN
from perfsvc.store.rows import SCENE
from perfsvc.store.rows import names_of
from perfsvc.store.tables import DataFileRow
from perfsvc.store.tables import EnvRow
from perfsvc.store.tables import PlanRow
from perfsvc.store.tables import PresetRow
from perfsvc.store.tables import SceneRow

T = TypeVar("T", Plan, Scene)

MOST_CONTENT = 4_000_000
"""Bytes of all contents in one file: it is read by a parser that is slow."""
BINARY = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
DATA_FILE = "file"
"""The field in which the data source of a plan names its file."""
PRIVATE_KEY = b"PRIVATE KEY-----"
KINDS = {
    Text("测试环境", "environments"): EnvRow,
    Text("业务流", "scenes"): SceneRow,
    Text("测试计划", "plans"): PlanRow,
    Text("预设", "presets"): PresetRow,
    Text("数据文件", "data files"): DataFileRow,
}


class ExportQuery(Spec):
    """Which part of a project; all of it where neither is given. A plan comes with its environment and its scenes.

    ``with_files`` writes the content of data files of at most 1 MB, too, unless they hold secrets.
    """

    plan_id: Id | None = titled("测试计划ID", "Id of a plan", default=None)
    scene_id: Id | None = titled("业务流ID", "Id of a scene", default=None)
    with_files: Literal["0", "1"] = titled("包含小文件的内容", "With the content of small files", default="0")

    @property
    def whole(self) -> bool:
        """Whether the whole project is chosen."""
        return self.plan_id is None and self.scene_id is None


@dataclass(frozen=True)
class Stored:
    """What a project has, with names that differ."""

    envs: dict[str, Env]
    scenes: dict[str, Scene]
    plans: dict[str, Plan]
    presets: dict[str, Preset]
    files: dict[str, DataFile]

    @classmethod
    def of(cls, project_id: int) -> Stored:
        """Read a project. The older of two with one name has it, the other gets a number.

        Of data files the newer has it, as a run finds it.
        """
        return cls(
            _by_name(envs.of_project(project_id), lambda env: env.name),
            _by_name(scenes.of_project(project_id), lambda scene: scene.spec.name),
            _by_name(plans.of_project(project_id), lambda plan: plan.name),
            _by_name(presets.of_project(project_id), lambda preset: preset.name),
            _files_by_name(project_id),
        )

    @classmethod
    def chosen(cls, project_id: int, chosen: ExportQuery) -> Stored:
        """Read what an export writes. Raise NotFound, InvalidInput for a project that one file does not hold."""
        if chosen.whole:
            refuse_excess(project_id)
            return cls.of(project_id)
        return cls.part(project_id, chosen)

    @classmethod
    def part(cls, project_id: int, chosen: ExportQuery) -> Stored:
        """Read the chosen plan with what it refers to and the chosen scene, named as in the whole project."""
        of_plan = [] if chosen.plan_id is None else [_own(plans.get(chosen.plan_id), project_id, PLAN)]
        of_scene = [] if chosen.scene_id is None else [_own(scenes.get(chosen.scene_id), project_id, SCENE)]
        scene_ids = {share.scene_id for plan in of_plan for share in plan.scenes} | {scene.id for scene in of_scene}
        env_ids = {plan.config.env_id for plan in of_plan if plan.config.env_id is not None}
        return cls(
            _named(EnvRow, project_id, [envs.get(each) for each in env_ids]),
            _named(SceneRow, project_id, scenes.of_ids(scene_ids).values()),
            _named(PlanRow, project_id, of_plan),
            {},
            _files_by_name(project_id),
        )

    @cached_property
    def file_names(self) -> dict[str, str]:
        """The names of data files by their ids as texts."""
        return {str(file.id): name for name, file in self.files.items()}

    @cached_property
    def scene_names(self) -> dict[int, str]:
        """The names of scenes by their ids."""
        return {scene.id: name for name, scene in self.scenes.items()}

    def document(self) -> dict[str, list[dict[str, Any]]]:
        """The whole as a document, data files without their contents."""
        return {
            "envs": [env_document(name, env) for name, env in self.envs.items()],
            "scenes": [self.scene_document(name, scene) for name, scene in self.scenes.items()],
            "plans": [self.plan_document(name, plan) for name, plan in self.plans.items()],
            "presets": [self.preset_document(name, preset) for name, preset in self.presets.items()],
            "files": [
                {"name": name, "size": file.content.size, "sha256": file.content.digest}
                for name, file in sorted(self.files.items(), key=lambda item: item[1].id)
            ],
        }

    def exported(self, chosen: ExportQuery) -> dict[str, list[dict[str, Any]]]:
        """The document of an export: of a part, with the data files that it names."""
        document = self.document()
        if chosen.whole:
            return document
        named = set(named_files({key: each for key, each in document.items() if key != "files"}, {DATA_FILE}))
        return {**document, "files": [file for file in document["files"] if file["name"] in named]}

    def scene_document(self, name: str, scene: Scene) -> dict[str, Any]:
        """A scene as it was entered, its secrets masked, its data files by name; parts without steps are left out."""
        whole = renamed_files(shown(scenes.document_of(scene.spec)), self.file_names)
        spec = {key: value for key, value in whole.items() if value != []}
        described = {"description": scene.description} if scene.description else {}
        return {"name": name, **described, **{key: value for key, value in spec.items() if key != "name"}}

    def plan_document(self, name: str, plan: Plan) -> dict[str, Any]:
        """A plan that refers to others by name; what is at its default is left out."""
        env, config = self._config(plan.config.model_dump(mode="json", by_alias=True, exclude_defaults=True))
        return {
            "name": name,
            **({"description": plan.description} if plan.description else {}),
            **env,
            "scenes": [{"name": self.scene_names[share.scene_id], "weight": share.weight} for share in plan.scenes],
            "config": config,
        }

    def preset_document(self, name: str, preset: Preset) -> dict[str, Any]:
        """A preset as it was entered, its secrets masked."""
        env, config = self._config(dict(preset.config_data))
        described = {"description": preset.description} if preset.description else {}
        return {"name": name, **described, **env, "config": config}

    def _config(self, stored: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the environment of a config and the rest of it."""
        config: dict[str, Any] = renamed_files(shown(stored), self.file_names)
        env_id, data = config.pop("env_id", None), config.get("data_config") or {}
        if str(data.get("datafile_id")) in self.file_names:
            data["file"] = self.file_names[str(data.pop("datafile_id"))]
        env = next((name for name, each in self.envs.items() if each.id == env_id), None)
        return ({} if env is None else {"env": env}), config


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


def content_document(path: Path) -> dict[str, str]:
    """Return the content of a small data file, as text where a YAML file can hold it; nothing for a private key."""
    content = path.read_bytes()
    if PRIVATE_KEY in content or len(content) > LARGEST_CONTENT:
        return {}
    try:
        written = {"text": content.decode("utf-8")}
    except UnicodeDecodeError:
        written = {}
    if written and not BINARY.search(written["text"]) and document_of(text_of(written), "") == written:
        return written
    return {"base64": base64.b64encode(content).decode()}


def refuse_excess(project_id: int) -> None:
    """Raise InvalidInput for a project that has more of a kind than an import takes."""
    for (zh, en), table in KINDS.items():
        count = len(names_of(table, project_id))
        if count > MOST:
            raise InvalidInput.at(
                "plan_id",
                f"项目有 {count:,} 个{zh}，一个文件最多 {MOST:,} 个，请逐个导出测试计划或业务流",
                f"the project has {count:,} {en} and a file holds {MOST:,}; export its plans or scenes one by one",
            )


def refuse_long(text: str) -> None:
    """Raise InvalidInput for the text of a file that an import does not take."""
    size = len(msgspec.json.encode(text))
    if size > LARGEST_TEXT:
        raise InvalidInput.at(
            "plan_id",
            f"文件有 {size:,} 字节，导入时最多 {LARGEST_TEXT:,} 字节，请逐个导出测试计划或业务流",
            f"the file has {size:,} bytes and an import takes {LARGEST_TEXT:,}; export plans or scenes one by one",
        )


def _own(thing: T, project_id: int, missing: Text) -> T:
    """Return a plan or a scene. Raise NotFound for one of another project."""
    if thing.project_id != project_id:
        raise NotFound(*missing)
    return thing


def _named(table: Any, project_id: int, things: Iterable[Any]) -> dict[str, Any]:
    """Return things, the oldest first, by the names that they have among all of the project."""
    pairs = names_of(table, project_id)
    names = dict(zip((key for key, _ in pairs), _different(name for _, name in pairs), strict=True))
    return {names[thing.id]: thing for thing in sorted(things, key=lambda thing: int(thing.id))}


def _files_by_name(project_id: int) -> dict[str, DataFile]:
    return _by_name(reversed(datafiles.of_project(project_id)), lambda file: file.name)


def _by_name(things: Iterable[Any], name_of: Callable[[Any], str]) -> dict[str, Any]:
    in_order = list(things)
    return dict(zip(_different(map(name_of, in_order)), in_order, strict=True))


def _different(names: Iterable[str]) -> Iterator[str]:
    """Return names that differ: the first of several that are the same stays, the others get numbers."""
    used: set[str] = set()
    numbers: dict[str, int] = defaultdict(lambda: 2)
    for name in names:
        different = name
        while different in used:
            different = f"{name} ({numbers[name]})"
            numbers[name] += 1
        used.add(different)
        yield different
