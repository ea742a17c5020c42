"""A plan's ``config`` as users write it: the union of the API document's names and the table's.

``concurrent_users`` is ``vus``, ``ramp_up_time`` is ``ramp_up`` and ``hold_time`` is ``duration``: either name is
taken, both only with the same value. Responses use the API document's names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated
from typing import Any
from typing import ClassVar
from typing import Literal
from typing import NamedTuple
from urllib.parse import urlsplit

from pydantic import Discriminator
from pydantic import Field
from pydantic import ModelWrapValidatorHandler
from pydantic import Tag
from pydantic import ValidationError
from pydantic import field_validator
from pydantic import model_validator

from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem
from perfsvc.errors import Text
from perfsvc.model import labels
from perfsvc.model.base import Many
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.data import NO_DATA
from perfsvc.model.data import Allocation
from perfsvc.model.data import split_config
from perfsvc.model.duration import Milliseconds
from perfsvc.model.duration import Seconds as SecondsBetween
from perfsvc.model.load import MAX_RATE
from perfsvc.model.load import MAX_SECONDS
from perfsvc.model.load import MAX_VUS
from perfsvc.model.load import AdaptiveMetric
from perfsvc.model.load import Distribution
from perfsvc.model.load import OnStartFailure
from perfsvc.model.load import RateStage
from perfsvc.model.load import Stage
from perfsvc.model.load import WhenLate
from perfsvc.model.placement import ControlMode
from perfsvc.model.placement import OnNodeLoss
from perfsvc.model.placement import Strategy
from perfsvc.model.problems import Fault
from perfsvc.model.problems import problems_of
from perfsvc.model.rate import PerSecond
from perfsvc.model.template import PLACEHOLDER
from perfsvc.model.test_mode import TestMode
from perfsvc.model.threshold import Threshold

TestType = Literal["smoke", "load", "stress", "spike", "soak"]

DEFAULT_POOL = 1000
"""Users that may serve arrivals where a plan does not say; they come only as they are needed."""

SYNONYMS = {"vus": "concurrent_users", "ramp_up": "ramp_up_time", "duration": "hold_time"}
"""The table's names and the API document's."""

NodeCount = Annotated[int, Field(ge=1, le=1000)] | Literal["auto"]
NodeWeight = Annotated[float, Field(gt=0, le=1000)]
DAY_S = 86_400
Seconds = Annotated[float, SecondsBetween(0, MAX_SECONDS)]


class RateRange(Spec):
    """Arrivals per second between which a test mode moves."""

    min: Annotated[float, PerSecond(MAX_RATE)] = titled("最小值", "Lowest")
    max: Annotated[float, PerSecond(MAX_RATE)] = titled("最大值", "Highest")

    @model_validator(mode="after")
    def _ordered(self) -> RateRange:
        if self.min > self.max:
            raise Fault("min 不能大于 max", "min must not exceed max", "min")
        return self


def _rate_form(value: Any) -> str:
    if isinstance(value, dict | RateRange):
        return ":range"
    return ":stages" if isinstance(value, list | tuple) else ":rate"


ArrivalRate = Annotated[
    Annotated[Annotated[float, PerSecond(MAX_RATE)], Tag(":rate")]
    | Annotated[Annotated[Many[RateStage], Field(min_length=1, max_length=1000)], Tag(":stages")]
    | Annotated[RateRange, Tag(":range")],
    Discriminator(_rate_form),
]
"""Constant, by stages, or a range for the modes that move the load themselves."""


class SearchConfig(Spec, home="config.execution_config.search"):
    """Options of the ``error_rate`` search; defaults follow from the plan."""

    level_time: Annotated[float, SecondsBetween(1, 86_400)] | None = titled(
        "每级时间（秒）", "Seconds per level", default=None
    )
    settle_time: Annotated[float, SecondsBetween(0, DAY_S)] | None = titled(
        "每级稳定时间（秒）", "Settling, s", default=None
    )
    precision: float = titled("精度（%）", "Precision, %", default=2.0, ge=0.1, le=50)
    confirmations: int = titled("确认次数", "Confirmations", default=3, ge=0, le=20)


class AdaptiveTarget(Spec, home="config.adaptive_target"):
    """The metric held by ``adaptive``: latencies in ms, ``error_rate`` in percent, ``rps`` in requests per second."""

    metric: AdaptiveMetric = titled("指标", "Metric", labels=labels.ADAPTIVE_METRICS)
    target: float = titled("目标值", "Target", gt=0)


class ExecutionConfig(Spec, home="config.execution_config"):
    """The free-form column ``execution_config``, given a form."""

    stages: Many[Stage] | None = titled("负载阶段", "Stages", default=None, min_length=1, max_length=1000)
    arrival_rate: ArrivalRate | None = titled("到达率（次/秒）", "Arrivals per second", default=None)
    max_vus: int | None = titled("最大虚拟用户数", "Most virtual users", default=None, ge=1, le=MAX_VUS)
    when_late: WhenLate = titled("无空闲用户时", "When no user is free", labels=labels.WHEN_LATE, default="wait")
    distribution: Distribution = titled(
        "到达分布", "Distribution of arrivals", labels=labels.DISTRIBUTIONS, default="constant"
    )
    max_iterations: int | None = titled("最大迭代次数", "Most iterations", default=None, ge=1, le=1_000_000_000)
    iterations_scope: Literal["per_vu", "shared"] = titled(
        "迭代次数范围", "Iterations are", labels=labels.ITERATIONS, default="shared"
    )
    search: SearchConfig = titled("搜索选项", "Search", default_factory=SearchConfig)
    thresholds: Many[Threshold] = titled("阈值", "Thresholds", default=(), max_length=100)
    abort_on_breach: bool = titled("超过阈值时中止", "Abort on breach", default=False)
    abort_grace: Annotated[float, SecondsBetween(0, DAY_S)] = titled(
        "中止宽限（秒）", "Grace before an abort, s", advanced=True, default=5.0
    )
    warm_up: Annotated[float, SecondsBetween(0, DAY_S)] = titled(
        "预热时间（秒，不计入结果）", "Warm-up, s (not measured)", default=0.0
    )
    graceful_stop: Annotated[float, SecondsBetween(0, 3600)] = titled(
        "停止宽限（秒）", "Graceful stop, s", advanced=True, default=10.0
    )
    dns_cache: bool = titled("缓存域名解析", "Cache DNS", advanced=True, default=True)
    pacing: Annotated[float, SecondsBetween(0, DAY_S)] = titled(
        "迭代间隔（秒）", "Pacing, s per iteration", default=0.0
    )
    seed: int | None = titled("随机种子", "Seed", advanced=True, default=None, ge=0, le=2**63 - 1)
    protocol_options: dict[str, dict[str, Any]] = titled("协议选项", "Protocol options", default_factory=dict)
    on_start_failure: OnStartFailure = titled(
        "用户启动步骤失败时",
        "When an on_start step fails",
        advanced=True,
        labels=labels.ON_START_FAILURE,
        default="stop_user",
    )
    on_start_retries: int = titled(
        "用户启动步骤重试次数", "Retries of on_start", advanced=True, default=0, ge=0, le=100
    )
    on_node_loss: OnNodeLoss = titled(
        "节点失联时", "When a node is lost", advanced=True, labels=labels.ON_NODE_LOSS, default="rebalance"
    )
    replace_within: Annotated[float, SecondsBetween(1, 3600)] = titled(
        "等待替换节点（秒）", "Wait for a replacement, s", advanced=True, default=30.0
    )


class Rule(NamedTuple):
    """A condition between fields: whether it is broken, where that is reported, and which fields decide it."""

    broken: bool
    path: str
    fields: set[str]
    zh: str
    en: str

    @property
    def problem(self) -> Problem:
        """The problem that a broken rule reports."""
        return Problem(self.path, Text(self.zh, self.en))


class PlanConfig(Spec, home="config"):
    """The config of a plan: load, data, thresholds and options."""

    synonyms: ClassVar[tuple[str, ...]] = tuple(SYNONYMS)

    concurrent_users: int = titled("并发用户数", "Virtual users", ge=1, le=MAX_VUS)
    ramp_up_time: Seconds = titled("加压时间（秒）", "Ramp-up, s", default=0)
    hold_time: Seconds = titled("保持时间（秒）", "Hold, s", default=60)
    request_timeout: Annotated[int, Milliseconds(1, 3_600_000)] = titled(
        "请求超时（毫秒）", "Request timeout, ms", default=30_000
    )
    target_url: str | None = titled("目标地址", "Target URL", default=None, max_length=2000)
    test_type: TestType = titled("测试类型", "Kind of test", labels=labels.TEST_TYPES, default="load")
    control_mode: ControlMode = titled("控制模式", "Control mode", labels=labels.CONTROL_MODES, default="single")
    test_mode: TestMode = titled("压测模式", "Test mode", labels=labels.TEST_MODES, default="concurrent")
    step_users: int | None = titled("每阶梯用户数", "Users per step", default=None, ge=1, le=MAX_VUS)
    step_time: Annotated[float, SecondsBetween(0.1, MAX_SECONDS)] | None = titled(
        "每阶梯时间（秒）", "Seconds per step", default=None
    )
    error_threshold: float | None = titled("错误率阈值（%）", "Error threshold, %", default=None, gt=0, le=100)
    adaptive_target: AdaptiveTarget | None = titled("自适应目标", "Adaptive target", default=None)
    env_id: int | None = titled("测试环境", "Environment", default=None, ge=1)
    protocol: str = titled("协议类型", "Protocol", default="http", min_length=1, max_length=20)
    data_source_type: str = titled("数据源类型", "Data source", default=NO_DATA, min_length=1, max_length=20)
    data_config: dict[str, Any] = titled("数据配置", "Data options", default_factory=dict)
    data_cache_ttl: int = titled(
        "数据缓存时间（秒）", "Data cache, s", advanced=True, default=3600, ge=0, le=MAX_SECONDS
    )
    node_count: NodeCount = titled("压测节点数", "Nodes", default=1, labels=labels.NODE_COUNTS)
    """``auto``: as many processes of this machine as it has cores for them."""
    node_distribution: dict[str, NodeWeight] = titled("节点分布", "Node weights", default_factory=dict)
    load_balance_strategy: Strategy = titled(
        "负载均衡策略", "Load balancing", labels=labels.STRATEGIES, default="round_robin"
    )
    execution_config: ExecutionConfig = titled("执行配置", "Execution", default_factory=ExecutionConfig)

    @field_validator("target_url")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is not None:
            check_address(value)
        return value

    @field_validator("data_config")
    @classmethod
    def _deals_soundly(cls, value: dict[str, Any]) -> dict[str, Any]:
        """Check how rows are allocated, which does not depend on the data source."""
        allocation, _ = split_config(value)
        try:
            Allocation.parse(allocation)
        except InvalidInput as error:
            raise Fault.all(error.problems) from None
        return value

    @model_validator(mode="wrap")
    @classmethod
    def _all_problems_at_once(cls, data: Any, handler: ModelWrapValidatorHandler[PlanConfig]) -> PlanConfig:
        """Names that clash, fields that are wrong and contradictions between the others, all in one fault."""
        if not isinstance(data, dict):
            return handler(data)
        renamed, problems = renamed_to_api(data)
        document = with_pool(renamed)
        try:
            config = handler(document)
        except ValidationError as error:
            problems += problems_of(error, document, model=cls)
            config = cls._sound_part(document, problems, handler)
        wrong = {top_key(problem.path) for problem in problems}
        problems += [rule.problem for rule in config.rules() if rule.broken and not wrong & rule.fields]
        if problems:
            raise Fault.all(problems)
        return config

    @classmethod
    def _sound_part(
        cls, document: dict[str, Any], problems: list[Problem], handler: ModelWrapValidatorHandler[PlanConfig]
    ) -> PlanConfig:
        """The config without what is wrong in it, to be judged further."""
        wrong = {top_key(problem.path) for problem in problems}
        return handler({"concurrent_users": 1} | {key: value for key, value in document.items() if key not in wrong})

    def rules(self) -> list[Rule]:
        """Everything that must hold between fields; a config that was validated breaks none."""
        execution = self.execution_config
        rate, mode = execution.arrival_rate, self.test_mode
        shaped = bool(execution.stages) or isinstance(rate, tuple)
        moving = mode != "concurrent"
        return [
            Rule(mode == "step" and (self.step_users is None or self.step_time is None), "test_mode",
                 {"test_mode", "step_users", "step_time"},
                 "step 模式需要 step_users 和 step_time", "test_mode step needs step_users and step_time"),
            Rule(mode == "error_rate" and self.error_threshold is None, "error_threshold",
                 {"test_mode", "error_threshold"},
                 "error_rate 模式下必填", "is required with test_mode error_rate"),
            Rule(mode == "adaptive" and self.adaptive_target is None, "adaptive_target",
                 {"test_mode", "adaptive_target"},
                 "adaptive 模式下必填", "is required with test_mode adaptive"),
            Rule(bool(execution.stages) and moving, "execution_config.stages", {"test_mode", "execution_config"},
                 "stages 只能用于 concurrent 模式", "stages are for test_mode concurrent only"),
            Rule(bool(execution.stages) and rate is not None, "execution_config.stages", {"execution_config"},
                 "stages 与 arrival_rate 不能同时使用", "stages and arrival_rate exclude each other"),
            Rule(rate is not None and moving != isinstance(rate, RateRange), "execution_config.arrival_rate",
                 {"test_mode", "execution_config"},
                 "concurrent 模式应为数值或阶段列表，其他模式应为 {min, max}",
                 "must be a number or stages with test_mode concurrent, {min, max} with the others"),
            Rule(bool(self.data_config) and "data_source_type" not in self.model_fields_set, "data_source_type",
                 {"data_source_type", "data_config"},
                 "填写了 data_config 时必填", "is required with data_config"),
            Rule(rate is not None and execution.pacing > 0, "execution_config.pacing", {"execution_config"},
                 "pacing 与 arrival_rate 不能同时使用", "pacing and arrival_rate exclude each other"),
            Rule(self.control_mode == "single" and self.node_count != 1, "node_count", {"control_mode", "node_count"},
                 "single 模式只能有一个节点", "control_mode single has exactly one node"),
            Rule(self.control_mode == "distributed" and self.node_count == "auto", "node_count",
                 {"control_mode", "node_count"},
                 "auto 只能用于 central 模式", "auto is for control_mode central only"),
            Rule(self.load_balance_strategy == "weight" and not self.node_distribution, "node_distribution",
                 {"load_balance_strategy", "node_distribution"},
                 "load_balance_strategy 为 weight 时必填", "is required with load_balance_strategy weight"),
            Rule(not shaped and self.ramp_up_time + self.hold_time == 0, "hold_time",
                 {"ramp_up_time", "hold_time", "execution_config"},
                 "加压时间与保持时间不能同时为 0", "ramp-up and hold cannot both be 0"),
        ]  # fmt: skip

    def merged(self, changes: Mapping[str, Any]) -> PlanConfig:
        """A copy with changes: objects are merged key by key, under either name of a key, and null deletes one.

        The options of another data source replace those of the former.
        """
        document = self.model_dump(mode="json", by_alias=True, exclude_unset=True)
        edits = {SYNONYMS.get(key, key): value for key, value in changes.items()}
        if len(edits) < len(changes):  # both names of a key, which parsing judges
            document, edits = (
                {key: value for key, value in document.items() if key not in edits},
                dict(changes),
            )
        if edits.get("data_source_type", self.data_source_type) != self.data_source_type:
            document.pop("data_config", None)
        return PlanConfig.parse(merged_objects(document, edits), "config")

    def answer(self) -> dict[str, Any]:
        """The config as the API gives it back: the API document's names, nothing that was left empty.

        A time that the plan leaves to the test mode is left out as well: sent back, its default would be a choice.
        """
        searching = self.test_mode == "error_rate" or self.execution_config.max_iterations is not None
        left_open = {"hold_time": searching, "ramp_up_time": self.test_mode == "adaptive"}
        absent = {key for key, is_open in left_open.items() if is_open and key not in self.model_fields_set}
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=absent)


def merged_objects(kept: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Merge the changes into an object, and into the objects in it; null deletes a key (RFC 7396)."""
    merged = dict(kept)
    for key, value in changes.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            before = merged.get(key)
            merged[key] = merged_objects(before if isinstance(before, Mapping) else {}, value)
        else:
            merged[key] = value
    return merged


def renamed_to_api(data: dict[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """The table's names replaced by the API document's, and a problem for each that is there under both and differs."""
    renamed, problems = dict(data), []
    for ours, theirs in SYNONYMS.items():
        if ours not in renamed:
            continue
        value = renamed.pop(ours)
        if renamed.setdefault(theirs, value) != value:
            zh, en = f"与 {theirs} 含义相同但取值不同", f"means the same as {theirs} but has another value"
            problems.append(Problem(ours, Text(zh, en)))
    return renamed, problems


def top_key(path: str) -> str:
    """The key of the config that a path begins with, by its API name."""
    key = re.split(r"[.\[]", path, maxsplit=1)[0]
    return SYNONYMS.get(key, key)


def with_pool(data: dict[str, Any]) -> dict[str, Any]:
    """Allow ``concurrent_users`` to be left out where the load is a rate: it then only bounds the pool of users."""
    execution = data.get("execution_config")
    if "concurrent_users" in data or not isinstance(execution, dict) or execution.get("arrival_rate") is None:
        return data
    return {**data, "concurrent_users": execution.get("max_vus") or DEFAULT_POOL}


WIDE = re.compile("[：／．｛｝]")
"""Signs of an address as an input method for Chinese writes them."""
AUTHORITY = re.compile(r"(?:[A-Za-z][\w+.-]*://)?[^/?#]*")
"""An address up to its path."""


def check_address(url: str) -> None:
    """Raises Fault unless ``url`` is absolute, with a scheme and a host, and on one line."""
    if not PLACEHOLDER.sub("", url).isprintable():  # urlsplit would drop line breaks without a word
        raise Fault("不能包含换行等控制字符", "must not contain line breaks or control characters")
    if (wide := WIDE.search(AUTHORITY.match(url)[0])) is not None:  # type: ignore[index]  # it matches any text
        plain = chr(ord(wide[0]) - 0xFEE0)
        raise Fault(f"含有全角字符 {wide[0]}，请改为 {plain}", f"has the full-width sign {wide[0]}; write {plain}")
    try:
        parts = urlsplit(url)
        port_ok = parts.port is None or parts.port > 0
    except ValueError:
        port_ok = False
        parts = urlsplit("")
    if not (port_ok and parts.scheme and parts.hostname) or " " in PLACEHOLDER.sub("", parts.netloc):
        raise Fault("应为完整的 URL，例如 http://example.com/api", "must be a full URL such as http://example.com/api")
