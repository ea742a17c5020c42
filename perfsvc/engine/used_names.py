"""Variables that the texts of a run use, held against those that it can have, before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any
from typing import NamedTuple

from perfsvc.engine.faults import below
from perfsvc.errors import Problem
from perfsvc.errors import Text
from perfsvc.model.functions.library import Library
from perfsvc.model.nearest import did_you_mean
from perfsvc.model.nearest import nearest
from perfsvc.model.run import RunSpec
from perfsvc.model.run import Target
from perfsvc.model.scene import BreakStep
from perfsvc.model.scene import IfStep
from perfsvc.model.scene import RequestStep
from perfsvc.model.scene import SceneSpec
from perfsvc.model.scene import Step
from perfsvc.model.scene import StopStep
from perfsvc.model.scene import WhileStep
from perfsvc.model.signing import SIGNED_PARTS
from perfsvc.model.template import PLACEHOLDER
from perfsvc.model.template import Template


class UsedNames:
    """Compiles templates and remembers which variables they read. ``constants`` are put in at once.

    ``library`` has the functions of the run.
    """

    def __init__(self, constants: Mapping[str, str], library: Library | None = None) -> None:
        self.constants = constants
        self._library = library
        self._names: dict[str, None] = {}

    def template(self, text: str) -> Template:
        """Compile a text. Raises Fault."""
        template = Template(text, self.constants, self._library)
        self._names.update(dict.fromkeys(sorted(template.names)))
        return template

    def take(self) -> list[str]:
        """Return the names used since the last call, in order."""
        names, self._names = list(self._names), {}
        return names


class UnknownUse(NamedTuple):
    """A variable without a value from steps or the environment, its place, and the names ``available`` there."""

    name: str
    path: str
    available: set[str]


def unknown_names(spec: RunSpec, used: Iterable[tuple[str, Step, str]]) -> list[UnknownUse]:
    """Return the uses of variables that only columns of test data could give a value.

    A scene has what its own steps set and extract, and what any setup does.
    """
    scenes = [weighted.scene for weighted in spec.scenes]
    shared = {*spec.target.variables, *extracted_names(scenes, "setup")}
    available = [shared | extracted_names([scene]) for scene in scenes]
    found = []
    for name, step, path in used:
        names = available[scene_number(path)]
        if name in names:
            continue
        place = place_of(name, step, path, spec.target)
        if name not in SIGNED_PARTS or not place.startswith(below(path, "request.sign.")):
            found.append(UnknownUse(name, place, names))
    return found


def scene_number(path: str) -> int:
    """Return the number of the scene in a path such as ``scenes[2].steps[0]``."""
    return int(path[path.index("[") + 1 : path.index("]")])


def extracted_names(scenes: Collection[SceneSpec], part: str | None = None) -> set[str]:
    """Return the variables that steps set and extract, of one part of the scenes or of all."""
    steps = [step for scene in scenes for step in scene.walk(part)]
    requests = [step for step in steps if isinstance(step, RequestStep)]
    extracted = {name for step in requests for extractor in step.extract for name in extractor.variables}
    return extracted.union(*(step.set_ for step in requests))


def unknown_name(name: str, names: Collection[str], path: str) -> Problem:
    """Return the problem of a variable that nothing gives a value."""
    if name in SIGNED_PARTS:
        zh, en = f"变量 {name} 只在 request.sign 中有值", f"{name} has a value only within request.sign"
        return Problem(path, Text(zh, en))
    signed = SIGNED_PARTS if ".sign." in path else ()
    hint = did_you_mean(nearest(name, {*names, *signed}))
    return Problem(
        path,
        Text(
            f"变量 {name} 没有来源：没有提取器、数据列或环境变量叫这个名字{hint.zh}",
            f"no extractor, data column or environment variable is named {name}{hint.en}",
        ),
    )


def place_of(name: str, step: Step, path: str, target: Target) -> str:
    """Return where a variable is used: in the step, or else in the environment."""
    for part, value in _texts_of(step):
        place = next(_places(name, value, below(path, part)), None)
        if place is not None:
            return place
    around = {"host": target.base_url, "headers": target.headers}
    return next(_places(name, around, "env"), path)


def _texts_of(step: Step) -> Iterator[tuple[str, Any]]:
    if isinstance(step, RequestStep):
        yield "set", step.set_
        yield "request", step.request
        yield "checks", [check.model_dump() for check in step.checks]
    elif isinstance(step, IfStep | WhileStep | BreakStep | StopStep) and step.condition is not None:
        yield "condition.value", step.condition.value


def _uses(text: str, name: str) -> bool:
    """Whether a placeholder in a text has a name in it."""
    word = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
    return any(word.search(match[0]) for match in PLACEHOLDER.finditer(text))


def _places(name: str, value: Any, path: str) -> Iterator[str]:
    if isinstance(value, str):
        if _uses(value, name):
            yield path
    elif isinstance(value, Mapping):
        for key, item in value.items():
            here = below(path, str(key))
            if isinstance(key, str) and _uses(key, name):
                yield here
            yield from _places(name, item, here)
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _places(name, item, f"{path}[{number}]")
