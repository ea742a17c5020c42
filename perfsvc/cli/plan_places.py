"""Line and column of a path such as ``config.thresholds[0]`` in the text of a plan file, YAML or JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import yaml

from perfsvc.model.config import SYNONYMS
from perfsvc.model.plan_text import PlanLoader

MERGE = "tag:yaml.org,2002:merge"
OTHER_NAMES = SYNONYMS | {theirs: ours for ours, theirs in SYNONYMS.items()}


class Place(NamedTuple):
    """Line and column, from 1."""

    line: int
    column: int


class PlanPlaces:
    """The places in one text. Valid JSON is a form of YAML, but for tabs, so that both have the same tree."""

    def __init__(self, text: str) -> None:
        try:
            self._root = yaml.compose(text.removeprefix("\ufeff").replace("\t", " "), PlanLoader)
        except (yaml.YAMLError, ValueError, RecursionError):
            self._root = None

    def of(self, path: str) -> Place | None:
        """Return where a path is, or else the innermost object above it; None for what the text does not have."""
        node, mark, rest = self._root, None, path
        while rest:
            match = next(_matches(node, rest), None)
            if match is None:
                break
            mark, node, rest = match
        return None if mark is None else Place(mark.line + 1, mark.column + 1)


def _matches(node: yaml.Node | None, path: str) -> Iterator[tuple[yaml.Mark, yaml.Node, str]]:
    """Yield the members of a node with which a path may begin: mark, member and rest of the path."""
    if isinstance(node, yaml.SequenceNode):
        number, bracket, rest = path[1:].partition("]")
        if path.startswith("[") and bracket and number.isdigit() and int(number) < len(node.value):
            item = node.value[int(number)]
            yield item.start_mark, item, rest.removeprefix(".")
    elif isinstance(node, yaml.MappingNode):
        for key, value in sorted(node.value, key=lambda pair: -len(str(pair[0].value))):
            for name in (str(key.value), OTHER_NAMES.get(str(key.value), "")):
                if name and path.startswith(name) and path[len(name) : len(name) + 1] in ("", ".", "["):
                    yield key.start_mark, value, path[len(name) :].removeprefix(".")
        for key, value in node.value:
            if key.tag == MERGE:
                for merged in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    yield from _matches(merged, path)
