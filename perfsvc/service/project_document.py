"""What a project has, as the document that is written to its file: names in place of ids, secrets masked."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from typing import Literal

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

MOST_CONTENT = 4_000_000
"""Bytes of all contents in one file: it is read by a parser that is slow."""
BINARY = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
DATA_FILE = "file"
"""The field in which the data source of a plan names its file."""
PRIVATE_KEY = b"PRIVATE KEY-----"


class ExportQuery(Spec):
    """Which part of a project; all of it where neither is given. A plan comes with its environment and its scenes.

    ``with_files`` writes the content of data files of at most 1 MB, too, unless they hold secrets.
    """

    plan_id: Id | None = titled("测试计划ID", "Id of a plan", default=None)
    scene_id: Id | None = titled("业务流ID", "Id of a scene", default=None)
    with_files: Literal["0", "1"] = titled("包含小文件的内容", "With the content of small files", default="0")


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
            _by_name(envs.page(project_id, 1, MOST).results, lambda env: env.name),
            _by_name(reversed(scenes.page(project_id, 1, MOST).results), lambda scene: scene.spec.name),
            _by_name(reversed(plans.page(project_id, 1, MOST).results), lambda plan: plan.name),
            _by_name(reversed(presets.page(project_id, 1, MOST).results), lambda preset: preset.name),
            _by_name(reversed(datafiles.of_project(project_id)), lambda file: file.name),
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

    def part(self, chosen: ExportQuery) -> dict[str, list[dict[str, Any]]]:
        """The chosen plan with what it refers to, the chosen scene, or everything."""
        document = self.document()
        if chosen.plan_id is None and chosen.scene_id is None:
            return document
        of_plan = [name for name, plan in self.plans.items() if plan.id == chosen.plan_id]
        kept = [plan for plan in document["plans"] if plan["name"] in of_plan]
        scene_names = {share["name"] for plan in kept for share in plan["scenes"]}
        scene_names |= {name for name, scene in self.scenes.items() if scene.id == chosen.scene_id}
        part = {
            "envs": [env for env in document["envs"] if env["name"] in {plan.get("env") for plan in kept}],
            "scenes": [scene for scene in document["scenes"] if scene["name"] in scene_names],
            "plans": kept,
        }
        named = set(named_files(part, {DATA_FILE}))
        return {**part, "files": [file for file in document["files"] if file["name"] in named]}

    def scene_document(self, name: str, scene: Scene) -> dict[str, Any]:
        """A scene as it was given, its secrets masked, its data files by name; parts without steps are left out."""
        given = renamed_files(shown(scenes.document_of(scene.spec)), self.file_names)
        spec = {key: value for key, value in given.items() if value != []}
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
        """A preset as it was given, its secrets masked."""
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


def _by_name(things: Iterable[Any], name_of: Callable[[Any], str]) -> dict[str, Any]:
    by_name: dict[str, Any] = {}
    for thing in things:
        name, number = name_of(thing), 2
        while name in by_name:
            name, number = f"{name_of(thing)} ({number})", number + 1
        by_name[name] = thing
    return by_name
