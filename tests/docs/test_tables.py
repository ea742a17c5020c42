"""The tables of the documentation held against what they describe."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from typing import get_args

import pytest

from perfsvc.cli import make_parser
from perfsvc.model import scene
from perfsvc.model.threshold import METRICS
from perfsvc.settings import SETTINGS
from perfsvc.settings import Setting
from perfsvc.web.application import ROUTES
from perfsvc_protocols.http.spec import Options
from perfsvc_protocols.http.spec import Request
from tests.docs.pages import text_of

BOTH = ("", ".zh-CN")
ENDPOINT = re.compile(r"^\| `([A-Z]+ /\S*)` \|", re.MULTILINE)
SETTING = re.compile(r"^\| `([a-z_]+)` \| (\S+) \|", re.MULTILINE)
SECTION = {"": "Settings", ".zh-CN": "设置"}
RANDOM = {"": "random", ".zh-CN": "随机"}
EMPTY = {"": "empty", ".zh-CN": "空"}


def page(name: str, language: str) -> str:
    return text_of(f"docs/{name}{language}.md")


def written(row: Setting, language: str) -> str:
    """A default as the table writes it."""
    if row.name in ("secret_key", "admin_password"):
        return RANDOM[language]
    value = ", ".join(row.default) if isinstance(row.default, tuple) else row.default
    value = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{value}`" if value else EMPTY[language]


def quoted(names: Iterable[str], text: str) -> set[str]:
    """The names that do not stand in a text as code."""
    code = set(re.findall(r"[A-Za-z0-9_.]+", " ".join(re.findall(r"`([^`\n]+)`", text))))
    return {name for name in names if name not in code}


def kinds(union: Any) -> list[str]:
    """The values of ``type`` in a union of specs."""
    members = [get_args(part)[0] if get_args(part) else part for part in get_args(get_args(union)[0])]
    return [get_args(member.model_fields["type"].annotation)[0] for member in members]


@pytest.mark.parametrize("language", BOTH)
def test_the_endpoints_are_the_routes(language: str) -> None:
    routes = [
        f"{method} {route.path}"
        for route in ROUTES
        for method, operation in route.operations().items()
        if operation.documented
    ]
    assert ENDPOINT.findall(page("api", language)) == routes


@pytest.mark.parametrize("language", BOTH)
def test_the_settings_are_those_of_the_code(language: str) -> None:
    section = page("operations", language).split(f"\n## {SECTION[language]}\n")[1].split("\n## ")[0]
    listed = dict(SETTING.findall(section))
    assert listed == {row.name: written(row, language) for row in SETTINGS}


@pytest.mark.parametrize("language", BOTH)
@pytest.mark.parametrize("union", [scene.Step, scene.Check, scene.ThinkTime], ids=["step", "check", "think"])
def test_the_guide_names_every_kind(language: str, union: Any) -> None:
    assert quoted(kinds(union), page("user-guide", language)) == set()


@pytest.mark.parametrize("language", BOTH)
def test_the_guide_names_every_word_of_a_scene(language: str) -> None:
    sources = get_args(scene.Extractor.model_fields["source"].annotation)
    conditions = get_args(scene.Condition.model_fields["is_"].annotation)
    request = [field.alias or name for name, field in Request.model_fields.items()]
    guide = page("user-guide", language)
    assert quoted([*sources, *conditions, *request, *Options.model_fields, *METRICS], guide) == set()


@pytest.mark.parametrize("language", BOTH)
def test_the_guide_names_every_flag_of_run(language: str) -> None:
    commands = next(action for action in make_parser()._actions if action.dest == "command")
    assert commands.choices is not None
    run = dict(commands.choices)["run"]  # type: ignore[call-overload]
    flags = [flag for action in run._actions for flag in action.option_strings if flag not in ("-h", "--help")]
    guide = page("user-guide", language)
    assert [flag for flag in flags if f"`{flag}`" not in guide] == []
