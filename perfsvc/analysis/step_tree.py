"""A run's steps as a tree in document order, so that figures by step index can be shown where the step stands."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from itertools import count
from typing import Any

from perfsvc.model.run import WeightedScene
from perfsvc.model.scene import PARTS
from perfsvc.model.scene import GroupStep
from perfsvc.model.scene import RequestStep
from perfsvc.model.scene import Step
from perfsvc.model.scene import inner_steps


def scene_trees(scenes: Iterable[WeightedScene], default_protocol: str) -> list[dict[str, Any]]:
    """Each scene with its steps. ``index`` counts requests and groups as windows do; other steps have none.

    ``parent`` is the index of the innermost group around a step, ``depth`` how many steps are around it.
    """
    numbers = count()
    trees = []
    for weighted in scenes:
        nodes = [
            node for part in PARTS for node in nodes_of(getattr(weighted.scene, part), part, numbers, default_protocol)
        ]
        trees.append({"name": weighted.scene.name, "weight": weighted.weight, "steps": nodes})
    return trees


def nodes_of(
    steps: tuple[Step, ...], part: str, numbers: Iterator[int], default: str, parent: int | None = None, depth: int = 0
) -> Iterator[dict[str, Any]]:
    """The steps of a list and those within them."""
    for step in steps:
        index = next(numbers) if isinstance(step, RequestStep | GroupStep) else None
        yield {
            "index": index,
            "name": step.name,
            "type": step.type,
            "protocol": (step.protocol or default) if isinstance(step, RequestStep) else None,
            "part": part,
            "parent": parent,
            "depth": depth,
        }
        around = index if isinstance(step, GroupStep) else parent
        for inner in inner_steps(step):
            yield from nodes_of(inner, part, numbers, default, around, depth + 1)
