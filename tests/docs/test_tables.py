"""The tables of the documentation held against what they describe."""

from __future__ import annotations

import re
from typing import Any
from typing import get_args

import pytest

from perfsvc.analysis.blocks import TWO_LATENCIES
from perfsvc.cli.commands import make_parser
from perfsvc.engine.executors.closed import SPREAD_LIMIT_S
from perfsvc.engine.pattern_time import LIMIT_S
from perfsvc.engine.probe import OTHER_FILES
from perfsvc.load_control.error_rate.bisection import Phase
from perfsvc.load_control.error_rate.bisection import Verdict
from perfsvc.metrics import validity
from perfsvc.model import checks
from perfsvc.model import extractors
from perfsvc.model import scene
from perfsvc.model import think_time
from perfsvc.model.base import Spec
from perfsvc.model.config import DEFAULT_POOL
from perfsvc.model.config import AdaptiveTarget
from perfsvc.model.config import ControlMode
from perfsvc.model.config import ExecutionConfig
from perfsvc.model.config import PlanConfig
from perfsvc.model.config import SearchConfig
from perfsvc.model.config import TestType
from perfsvc.model.load import AdaptiveMetric
from perfsvc.model.load import Distribution
from perfsvc.model.load import WhenLate
from perfsvc.model.node_timeouts import GRACE_S
from perfsvc.model.node_timeouts import LEASE_S
from perfsvc.model.node_timeouts import SILENT_S
from perfsvc.model.node_timeouts import UNREACHABLE_S
from perfsvc.model.test_mode import TestMode
from perfsvc.model.threshold import UNITS
from perfsvc.settings import SETTINGS
from perfsvc.settings import Setting
from perfsvc.web.application import ROUTES
from perfsvc_protocols.http.spec import Options
from perfsvc_protocols.http.spec import Request
from tests.docs.pages import BOTH
from tests.docs.pages import quoted
from tests.docs.pages import text_of

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


def kinds(union: Any, key: str = "type") -> list[str]:
    """The values of ``key`` in a union of specs."""
    members = [get_args(part)[0] if get_args(part) else part for part in get_args(get_args(union)[0])]
    return [get_args(member.model_fields[key].annotation)[0] for member in members]


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
@pytest.mark.parametrize("union", [scene.Step, checks.Check, think_time.ThinkTime], ids=["step", "check", "think"])
def test_the_guide_names_every_kind(language: str, union: Any) -> None:
    assert quoted(kinds(union), page("user-guide", language)) == set()


@pytest.mark.parametrize("language", BOTH)
def test_the_guide_names_every_word_of_a_scene(language: str) -> None:
    sources = kinds(extractors.Extractor, "source")
    conditions = get_args(scene.Condition.model_fields["is_"].annotation)
    request = [field.alias or name for name, field in Request.model_fields.items()]
    guide = page("user-guide", language)
    assert quoted([*sources, *conditions, *request, *Options.model_fields, *UNITS], guide) == set()


@pytest.mark.parametrize("language", BOTH)
def test_the_guide_names_every_flag_of_run(language: str) -> None:
    commands = next(action for action in make_parser()._actions if action.dest == "command")
    assert commands.choices is not None
    run = dict(commands.choices)["run"]  # type: ignore[call-overload]
    flags = [flag for action in run._actions for flag in action.option_strings if flag not in ("-h", "--help")]
    guide = page("user-guide", language)
    assert [flag for flag in flags if f"`{flag}`" not in guide] == []


LAG = [validity.LAG_MS, validity.LAG_SUSPECT_PERCENT, validity.LAG_SUSPECT_SECONDS]
LAG += [validity.LAG_INVALID_PERCENT, validity.LAG_INVALID_SECONDS]
LIMITS = {
    "loop_lag": LAG,
    "send_lag": LAG,
    "stood_still": [
        validity.STANDSTILL_MS / 1_000,
        validity.LAG_SUSPECT_SECONDS,
        validity.LAG_INVALID_PERCENT,
        validity.LAG_INVALID_SECONDS,
    ],
    "cpu_saturated": [validity.CPU_PERCENT, validity.CPU_SUSPECT_PERCENT, validity.CPU_SUSPECT_SECONDS],
    "cpu_starved": [
        validity.CPU_PERCENT,
        validity.STARVED_PERCENT,
        validity.LAG_INVALID_PERCENT,
        validity.LAG_INVALID_SECONDS,
    ],
    "data_wait": [validity.DATA_WAIT_PERCENT, validity.DATA_SUSPECT_PERCENT, validity.DATA_SUSPECT_SECONDS],
    "open_files": [validity.FILES_SUSPECT_PERCENT, validity.FILES_INVALID_PERCENT],
    "ports": [validity.PORTS_SUSPECT_PERCENT, validity.PORTS_INVALID_PERCENT],
    "snapshots_missing": [validity.MISSING_INVALID_PERCENT],
    "node_lost": [SILENT_S],
    "arrivals_dropped": [validity.DROPPED_SUSPECT_PERCENT, validity.DROPPED_INVALID_PERCENT],
    "requests_unsent": [validity.DROPPED_SUSPECT_PERCENT, validity.DROPPED_INVALID_PERCENT],
    "users_stopped": [],
    "target_not_reached": [],
    "no_samples": [],
}
"""The numbers of each row of the guide's table of causes, in order."""
CAUSE = re.compile(r"^\| `([a-z_]+)` \| ([^|]+ \| [^|]+ \| [^|]+) \|$", re.MULTILINE)
PATTERN = {"": f"longer than {LIMIT_S:g} s", ".zh-CN": f"超过 {LIMIT_S:g} 秒"}
SPREAD = {"": f"at most {SPREAD_LIMIT_S:g} s", ".zh-CN": f"最长 {SPREAD_LIMIT_S:g} 秒"}
FILES = {"": f"one for each user and {OTHER_FILES} besides", ".zh-CN": f"每个用户需要一个，另外需要 {OTHER_FILES} 个"}


@pytest.mark.parametrize("language", BOTH)
def test_the_limits_of_validity_are_those_of_the_code(language: str) -> None:
    table = dict(CAUSE.findall(page("user-guide", language)))
    numbers = {cause: [float(number) for number in re.findall(r"[\d.]+", row)] for cause, row in table.items()}
    assert numbers == LIMITS
    assert numbers.keys() == {*validity.AT_ITS_LIMIT, *validity.NOT_ALL_COUNTED, "target_not_reached", "no_samples"}


SILENCE = {
    "": [
        f"known after {SILENT_S:g} s without a message",
        f"stops its load by itself {LEASE_S:g} s after",
        f"has sent nothing for {UNREACHABLE_S:g} s",
        f"or {GRACE_S:g} s after the first one has",
    ],
    ".zh-CN": [
        f"{SILENT_S:g} 秒没有任何消息后得知",
        f"最后一次收到服务消息 {LEASE_S:g} 秒后自行停止施压",
        f"{UNREACHABLE_S:g} 秒内没有任何消息，或已离开",
        f"在第一个节点上报 {GRACE_S:g} 秒之后发布",
    ],
}


@pytest.mark.parametrize("language", BOTH)
def test_the_limits_of_silence_are_those_of_the_code(language: str) -> None:
    text = page("distributed", language)
    assert [limit for limit in SILENCE[language] if limit not in text] == []


@pytest.mark.parametrize("language", BOTH)
def test_the_guide_names_every_word_of_a_config(language: str) -> None:
    specs: list[type[Spec]] = [PlanConfig, ExecutionConfig, SearchConfig, AdaptiveTarget]
    fields = [name for spec in specs for name in spec.model_fields]
    kinds_of_values = (TestMode, TestType, ControlMode, AdaptiveMetric, Distribution, WhenLate)
    values = [value for kind in kinds_of_values for value in get_args(kind)]
    marks = [*Phase, *Verdict, "unfinished", "saturated", "by_hand", "controller"]
    assert quoted([*fields, *values, *marks], page("user-guide", language)) == set()


@pytest.mark.parametrize("language", BOTH)
def test_the_search_options_have_the_defaults_of_the_code(language: str) -> None:
    guide = page("user-guide", language)
    for name in ("precision", "confirmations"):
        assert f"| `{name}` | {SearchConfig.model_fields[name].default:g} |" in guide


@pytest.mark.parametrize("language", BOTH)
def test_the_guide_says_what_the_code_does(language: str) -> None:
    guide = page("user-guide", language)
    sentence = TWO_LATENCIES.zh if language else TWO_LATENCIES.en
    said = (sentence, PATTERN[language], SPREAD[language], FILES[language], str(DEFAULT_POOL))
    assert [part for part in said if part not in guide] == []
