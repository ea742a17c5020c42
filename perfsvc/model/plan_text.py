"""The text of a plan file and its document: JSON as JSON, everything else by the core schema of YAML 1.2."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from perfsvc.errors import Text
from perfsvc.model.problems import Fault

EXTENSION = "x-"
"""Top-level keys that begin so hold parts for anchors, and are left out."""
LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+")
CORE = (
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
    ),
    ("merge", "<<", "<"),
)


class Refused(yaml.composer.ComposerError):
    """Raised for what is valid YAML but means different things to different readers; ``text`` is its message."""

    def __init__(self, text: Text, mark: yaml.Mark) -> None:
        super().__init__(None, None, text.en, mark)
        self.text = text


class PlanLoader(yaml.SafeLoader):
    """The core schema of YAML 1.2: ``on``, ``yes``, ``1:30`` and dates are texts. Duplicate keys are refused."""

    def compose_mapping_node(self, anchor: dict[Any, yaml.Node]) -> yaml.MappingNode:
        """Raise Refused for a duplicate key."""
        node = super().compose_mapping_node(anchor)
        seen: dict[str, int] = {}
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise Refused(twice(key.value, seen[key.value]), key.start_mark)
            seen[str(key.value)] = key.start_mark.line + 1
        return node

    def compose_scalar_node(self, anchor: dict[Any, yaml.Node]) -> yaml.ScalarNode:
        """Raise Refused for a number with a leading zero, which versions of YAML read differently."""
        node = super().compose_scalar_node(anchor)
        if not node.style and LEADING_ZERO.fullmatch(node.value):
            plain = int(node.value.replace("_", ""))
            zh = f'{node.value} 有歧义，请写成 "{node.value}" 或 {plain}'
            raise Refused(Text(zh, f'{node.value} is ambiguous; write "{node.value}" or {plain}'), node.start_mark)
        return node


PlanLoader.yaml_implicit_resolvers = {}
for _kind, _pattern, _first in CORE:
    PlanLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_kind}", re.compile(f"^(?:{_pattern})$"), ["" if each == "\0" else each for each in _first]
    )


class PlanDumper(yaml.SafeDumper):
    """Puts in quotes what any version of YAML would read as something else than a text."""

    def ignore_aliases(self, data: Any) -> bool:
        """Parts that occur twice are written twice."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent the items of a list below its key."""
        super().increase_indent(flow, False)


PlanDumper.yaml_implicit_resolvers = {
    first: list(resolvers) for first, resolvers in yaml.SafeDumper.yaml_implicit_resolvers.items()
}
for _kind, _pattern, _first in (*CORE, ("int", LEADING_ZERO.pattern, "-+0")):
    PlanDumper.add_implicit_resolver(
        f"tag:yaml.org,2002:{_kind}", re.compile(f"^(?:{_pattern})$"), ["" if each == "\0" else each for each in _first]
    )


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Texts of several lines are written as such: a certificate, a body."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


PlanDumper.add_representer(str, _text)


def text_of(document: Any) -> str:
    """Return a document as YAML that ``document_of`` reads as the same."""
    return yaml.dump(document, Dumper=PlanDumper, sort_keys=False, allow_unicode=True, width=120)


def document_of(text: str, name: str) -> Any:
    """Decode a plan. Raises ValueError and yaml.YAMLError with line and column."""
    text = text.removeprefix("\ufeff")
    if name.endswith(".json") or text.lstrip().startswith("{"):
        try:
            return without_extensions(json.loads(text, object_pairs_hook=_object))
        except json.JSONDecodeError:
            if name.endswith(".json"):
                raise
    return without_extensions(yaml.load(text, PlanLoader))  # noqa: S506 - it is a SafeLoader


def without_extensions(document: Any) -> Any:
    """Return a document without its ``x-…`` keys."""
    if not isinstance(document, dict):
        return document
    return {key: value for key, value in document.items() if not str(key).startswith(EXTENSION)}


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for key, value in pairs:
        if key in document:
            raise Fault(*twice(key))
        document[key] = value
    return document


def twice(key: str, line: int = 0) -> Text:
    """Return the message for a key that comes again, first in ``line`` where that is known."""
    zh, en = (f"，已在第 {line} 行写过", f", first in line {line}") if line else ("", "")
    return Text(f"键 {key!r} 重复{zh}；请删去一个或改名", f"{key!r} appears twice{en}; remove or rename one of them")
