"""A project as a file: environments, scenes, plans and presets in the words of a plan file, referring to names.

Data files are listed with size and checksum, small ones with their content where that was asked for.

``perfsvc run`` takes such a file, too: a plan of it is a plan file as soon as its names are replaced by what they mean.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Annotated
from typing import Any

from pydantic import model_validator

from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem
from perfsvc.errors import Text
from perfsvc.model.base import Many
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.data import FileName
from perfsvc.model.planfile import FileEnv
from perfsvc.model.problems import Fault
from perfsvc.model.scene import Name
from perfsvc.model.scene import SceneSpec
from perfsvc.model.worded import Worded

MOST = 1000
"""Environments, scenes, plans, presets and data files, of each kind, in one file."""
LARGEST_TEXT = 10_000_000
"""Bytes of a file as a JSON text, and so characters of it."""
LARGEST_CONTENT = 1_000_000
"""Bytes of a data file whose content may stand in the file of a project."""
PARTS = ("envs", "scenes", "plans", "presets", "files")
Sha256 = Annotated[
    str, Worded("[0-9a-f]{64}", "应为 64 个十六进制字符（小写）", "must be 64 hexadecimal digits, in lower case")
]
ONLY_OF_PROJECTS = ("name", "secret_headers", "databases")
"""What an environment has in a project only."""


class ProjectEnv(FileEnv):
    """An environment. Values that are secret are written as ``******``."""

    name: Name = titled("环境名称", "Name")
    secret_headers: Many[str] = titled("机密请求头的名称", "Names of secret headers", default=(), max_length=1000)
    databases: dict[str, dict[str, Any]] = titled("数据库连接", "Database connections", default_factory=dict)


class ProjectScene(SceneSpec):
    """A scene."""

    description: str | None = titled("描述", "Description", default=None, max_length=2000)

    def scene(self) -> SceneSpec:
        """The scene without its description."""
        return SceneSpec.model_construct(
            self.model_fields_set - {"description"}, **{name: getattr(self, name) for name in SceneSpec.model_fields}
        )


class SceneOfPlan(Spec):
    """A scene of a plan, by its name, with its weight."""

    name: Name = titled("业务流名称", "Name of the scene")
    weight: int = titled("权重", "Weight", default=1, ge=1, le=1_000_000)


class ProjectPlan(Spec):
    """A plan. ``env`` is the name of an environment."""

    name: Name = titled("测试计划名称", "Name")
    description: str | None = titled("描述", "Description", default=None, max_length=2000)
    env: Name | None = titled("测试环境名称", "Name of the environment", default=None)
    scenes: Many[SceneOfPlan] = titled("业务流", "Scenes", default=(), max_length=100)
    config: dict[str, Any] = titled("测试配置信息", "Config")


class ProjectPreset(Spec):
    """A preset. ``env`` is the name of an environment."""

    name: Name = titled("预设名称", "Name")
    description: str | None = titled("描述", "Description", default=None, max_length=10_000)
    env: Name | None = titled("测试环境名称", "Name of the environment", default=None)
    config: dict[str, Any] = titled("测试配置信息", "Config")


class ProjectDataFile(Spec):
    """A data file by name, size and SHA-256, and maybe its content: as ``text``, or as ``base64`` if it is not text."""

    name: FileName = titled("文件名", "Name")
    size: int | None = titled("大小（字节）", "Size, bytes", default=None, ge=0)
    sha256: Sha256 | None = titled("SHA-256", "SHA-256", default=None)
    text: str | None = titled("文本内容", "Content as text", default=None, max_length=LARGEST_CONTENT)
    base64: str | None = titled("Base64 内容", "Content as Base64", default=None, max_length=2 * LARGEST_CONTENT)

    @property
    def content(self) -> bytes | None:
        """The content, if it stands here."""
        if self.base64 is not None:
            return base64.b64decode(self.base64)
        return None if self.text is None else self.text.encode()

    @model_validator(mode="after")
    def _agrees(self) -> ProjectDataFile:
        if self.text is not None and self.base64 is not None:
            raise Fault("text 与 base64 只能填一个", "text and base64 exclude each other", "base64")
        try:
            content = self.content if self.base64 is None else base64.b64decode(self.base64, validate=True)
        except ValueError:
            raise Fault("不是 Base64", "is not Base64", "base64") from None
        if content is None:
            return self
        if len(content) > LARGEST_CONTENT:
            at = "text" if self.base64 is None else "base64"
            raise Fault("超过 1 MB，请单独上传", "is above 1 MB; upload it by itself", at)
        if self.sha256 not in (None, hashlib.sha256(content).hexdigest()):
            zh, en = (
                "与内容不符；若改过内容，请删去 sha256 和 size",
                "does not fit the content; remove it and size if that was edited",
            )
            raise Fault(zh, en, "sha256")
        return self


class ProjectFile(Spec):
    """Environments, scenes, plans, presets and data files, each with a name of its own."""

    envs: Many[ProjectEnv] = titled("测试环境", "Environments", default=(), max_length=MOST)
    scenes: Many[ProjectScene] = titled("业务流", "Scenes", default=(), max_length=MOST)
    plans: Many[ProjectPlan] = titled("测试计划", "Plans", default=(), max_length=MOST)
    presets: Many[ProjectPreset] = titled("预设", "Presets", default=(), max_length=MOST)
    files: Many[ProjectDataFile] = titled("数据文件", "Data files", default=(), max_length=MOST)

    @model_validator(mode="after")
    def _names_differ(self) -> ProjectFile:
        problems = []
        for part in PARTS:
            seen: set[str] = set()
            for number, each in enumerate(getattr(self, part)):
                if each.name in seen:
                    problems.append(Problem(f"{part}[{number}].name", Text("名称重复", "the name is repeated")))
                seen.add(each.name)
        if problems:
            raise Fault.all(problems)
        return self


def is_project(document: Mapping[str, Any]) -> bool:
    """Return whether a document is a project's, not one plan's."""
    return any(part in document for part in PARTS if part != "scenes")


def as_project(document: dict[str, Any]) -> dict[str, Any]:
    """Return a plan file as a project's with this one plan; its environment has the name of the plan."""
    if is_project(document) or "config" not in document:
        return document
    name = document.get("name", "perfsvc run")
    scenes = [dict(each) for each in _dicts(document.get("scenes"))]
    shares = [{"name": each.get("name"), "weight": each.pop("weight", 1)} for each in scenes]
    env = document.get("env")
    return {
        **{key: value for key, value in document.items() if key not in {"name", "env", "config"}},
        "envs": [{"name": name, **env}] if isinstance(env, dict) else [],
        "scenes": scenes,
        "plans": [
            {
                "name": name,
                **({"env": name} if isinstance(env, dict) else {}),
                "scenes": shares,
                "config": document["config"],
            }
        ],
    }


def one_plan(document: Mapping[str, Any], name: str | None) -> dict[str, Any]:
    """Return a plan of a project's document as a plan file. Raise InvalidInput."""
    plan = _chosen(_dicts(document.get("plans")), name)
    env: dict[str, Any] = {}
    if plan.get("env") is not None:
        env = _named(document, "envs", plan["env"])
    scenes = [
        {**_named(document, "scenes", share.get("name")), "weight": share.get("weight", 1)}
        for share in _dicts(plan.get("scenes"))
    ]
    return {
        "name": plan.get("name"),
        "env": {key: value for key, value in env.items() if key not in ONLY_OF_PROJECTS},
        "scenes": [{key: value for key, value in scene.items() if key != "description"} for scene in scenes],
        "config": plan.get("config"),
    }


def _chosen(plans: Sequence[dict[str, Any]], name: str | None) -> dict[str, Any]:
    names = "、".join(str(plan.get("name")) for plan in plans)
    listed = ", ".join(str(plan.get("name")) for plan in plans)
    if name is None:
        if len(plans) == 1:
            return plans[0]
        raise InvalidInput.at("--plan", f"请选择一个计划：{names}", f"choose a plan: {listed}")
    match = next((plan for plan in plans if plan.get("name") == name), None)
    if match is None:
        zh, en = f"没有名为 {name} 的计划，可选：{names}", f"there is no plan named {name}; there are: {listed}"
        raise InvalidInput.at("--plan", zh, en)
    return match


def _named(document: Mapping[str, Any], part: str, name: Any) -> dict[str, Any]:
    match = next((each for each in _dicts(document.get(part)) if each.get("name") == name), None)
    if match is None:
        raise InvalidInput.at(part, f"{part} 中没有名为 {name} 的项", f"{part} has no entry named {name}")
    return match


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
