"""What scenes that come from elsewhere need of the environments of their new project and do not find there."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

from perfsvc.engine.used_names import extracted_names
from perfsvc.errors import Text
from perfsvc.model.entities import Env
from perfsvc.model.problems import Fault
from perfsvc.model.project_file import ProjectEnv
from perfsvc.model.scene import RequestStep
from perfsvc.model.scene import SceneSpec
from perfsvc.model.scene import Step
from perfsvc.model.signing import SIGNED_PARTS
from perfsvc.model.template import Template


class Needs:
    """Compares scenes with the environments that a project has. Those that are ``planned`` have a plan's data, too."""

    def __init__(self, envs: Collection[Env | ProjectEnv], planned: Collection[str]) -> None:
        self._variables = {name for env in envs for name in env.variables}
        self._based = any(env.host for env in envs)
        self._planned = planned

    def of(self, scene: SceneSpec) -> list[Text]:
        """Return a warning for the base URL and one for the variables that the environments do not have."""
        missing = []
        relative = next((step.name for step in scene.walk() if _is_relative(step)), None)
        if relative is not None and not self._based:
            zh = f"步骤 {relative} 的地址是相对路径，而项目中没有带基础地址的环境：请先新建环境"
            en = f"step {relative} has a relative address, and no environment of the project has a base URL: create one"
            missing.append(Text(zh, en))
        if scene.name not in self._planned and (names := self._unknown(scene)):
            zh = f"项目的环境中没有变量 {_listed(names, '、')}：请在环境中添加，或由测试数据提供"
            en = f"no environment of the project has {_listed(names, ', ')}: add it to one, or let test data give it"
            missing.append(Text(zh, en))
        return missing

    def _unknown(self, scene: SceneSpec) -> list[str]:
        document = scene.model_dump(mode="json", by_alias=True, exclude_unset=True)
        return sorted(_variables(document) - extracted_names([scene]) - self._variables)


def _is_relative(step: Step) -> bool:
    return isinstance(step, RequestStep) and str(step.request.get("url", "")).startswith("/")


def _listed(names: list[str], comma: str) -> str:
    return comma.join(f"{{{{{name}}}}}" for name in names)


def _variables(document: Any) -> set[str]:
    names = {name for text in _texts(document) for name in _names(text)}
    return names - set(SIGNED_PARTS)


def _names(text: str) -> Iterable[str]:
    try:
        return Template(text).names
    except Fault:
        return ()


def _texts(document: Any) -> Iterator[str]:
    if isinstance(document, str):
        yield document
    elif isinstance(document, Mapping):
        for value in document.values():
            yield from _texts(value)
    elif isinstance(document, list | tuple):
        for each in document:
            yield from _texts(each)
