"""The grammar of thresholds.

::

    threshold  = metric [ "{" step "}" ] operator limit [ "for" duration ]
    metric     = percentile | "avg" | "min" | "max" | "plan_" ( percentile | "avg" | "max" )
               | "error_rate" | "success_rate" | "check_rate" | "rps" | "requests" | "errors"
               | "bytes" | "bytes_sent" | "bytes_received" | "iterations" | "dropped" | "late"
    percentile = "p" number            such as p50, p95, p99.99
    step       = name | quoted name    quoted where the name has braces: p95{"GET /items/{id}"} < 300
    operator   = "<" | "<=" | ">" | ">=" | "==" | "!="
    limit      = number [ unit ]       ms and s for latencies, % for rates, /s and /min for rps, B … GiB for bytes
    duration   = "10s" | "2m" | "1m30s" …

A bare number is in ms for latencies, in percent for rates, in bytes for sizes. Names that begin with ``plan_`` are
latencies from the planned start. Without ``for`` the rule holds over the whole run; with it, the rule is breached once
it has been broken in every second of that time in a row.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from typing import Literal

from pydantic import GetJsonSchemaHandler
from pydantic import model_serializer
from pydantic import model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from perfsvc.model.base import Spec
from perfsvc.model.duration import seconds_of
from perfsvc.model.problems import Fault
from perfsvc.model.size import UNITS as SIZES

Operator = Literal["<", "<=", ">", ">=", "==", "!="]

COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip

MILLISECONDS = {"": 1.0, "ms": 1.0, "s": 1000.0}
PERCENT = {"": 1.0, "%": 1.0}
PER_SECOND = {"": 1.0, "/s": 1.0, "/m": 1 / 60, "/min": 1 / 60}
COUNT = {"": 1.0}
BYTES = {unit: float(factor) for unit, factor in SIZES.items()}
UNITS: dict[str, dict[str, float]] = {
    **dict.fromkeys(("avg", "min", "max", "plan_avg", "plan_max"), MILLISECONDS),
    **dict.fromkeys(("error_rate", "success_rate", "check_rate"), PERCENT),
    "rps": PER_SECOND,
    **dict.fromkeys(("requests", "errors", "iterations", "dropped", "late"), COUNT),
    **dict.fromkeys(("bytes", "bytes_sent", "bytes_received"), BYTES),
}
"""The units of each metric by what they stand for; percentiles have those of latencies."""
WHOLE_RUN = frozenset({"iterations", "dropped", "late"})
"""Metrics that no step has."""
PERCENTILE = re.compile(r"(plan_)?p(\d{1,2}(?:\.\d{1,6})?)")
LONGEST_S = 3600

GRAMMAR = re.compile(
    r"^\s*(?P<metric>[a-z_]+[0-9.]*)\s*"
    r"(?:\{\s*(?:(?P<quoted>\"(?:[^\"\\]|\\.)*\")|(?P<step>[^{}\"][^{}]*?))\s*\})?"
    r"\s*(?P<operator><=|>=|==|!=|<|>)"
    r"\s*(?P<limit>-?\d+(?:\.\d+)?)\s*(?P<unit>%|/?[A-Za-z]+)??\s*(?:\bfor\s+(?P<window>[\d.hms]+(?:\s*s)?))?\s*$"
)
HALF_WIDTH = str.maketrans({sign: chr(ord(sign) - 0xFEE0) for sign in "！％０１２３４５６７８９．／＜＝＞｛｝"})
"""Signs as input methods for Chinese write them; a step's name keeps its own where it is quoted."""


class Threshold(Spec):
    """A pass/fail rule over a run's metrics; written, and serialised, as one line of the grammar."""

    metric: str
    step: str | None = None
    operator: Operator
    limit: float
    window_s: int | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, data: Any) -> Any:
        return parse_line(data) if isinstance(data, str) else data

    @model_serializer
    def _as_text(self) -> str:
        return str(self)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Described as it is written."""
        examples = ["p95 < 300", "p99.99 < 1.5s", "error_rate < 1% for 2m", "p95{login} < 300", "dropped == 0"]
        return {"type": "string", "examples": examples}

    def __str__(self) -> str:
        scope = "" if self.step is None else f"{{{quoted(self.step)}}}"
        window = f" for {self.window_s}s" if self.window_s else ""
        # Every digit and no exponent, since what is written here is read again by the grammar.
        limit = f"{Decimal(repr(self.limit)).normalize():f}"
        return f"{self.metric}{scope} {self.operator} {limit}{window}"

    def holds(self, value: float) -> bool:
        """Whether a measured value satisfies the rule."""
        return COMPARE[self.operator](value, self.limit)


def quoted(step: str) -> str:
    """A step's name as the grammar has it: quoted where it would be read otherwise."""
    return json.dumps(step, ensure_ascii=False) if re.search(r'[{}"]', step) or step != step.strip() else step


def percentile_of(metric: str) -> tuple[bool, float] | None:
    """Whether a percentile counts from the planned start, and which it is; None for other metrics."""
    match = PERCENTILE.fullmatch(metric)
    return (match[1] is not None, float(match[2])) if match and 0 < float(match[2]) < 100 else None


def units_of(metric: str) -> dict[str, float] | None:
    """The units of a metric; None for one that is not known."""
    return MILLISECONDS if percentile_of(metric) is not None else UNITS.get(metric)


def parse_line(line: str) -> dict[str, Any]:
    """A line of the grammar as the fields of a Threshold; raises Fault."""
    match = GRAMMAR.match(line) or GRAMMAR.match(line.translate(HALF_WIDTH))
    if match is None:
        raise Fault(f"无法识别的阈值：{line}，例如 p95 < 300 或 error_rate < 1 for 10s",
                    f"invalid threshold: {line}; write p95 < 300 or error_rate < 1 for 10s")  # fmt: skip
    metric = match["metric"]
    units = units_of(metric)
    if units is None:
        metrics = ", ".join(["p50 … p99.999", *UNITS, "plan_p95 …"])
        raise Fault(f"未知的指标 {metric}，可用：{metrics}", f"unknown metric {metric}; known are {metrics}")
    step = json.loads(match["quoted"]) if match["quoted"] else match["step"]
    if metric in WHOLE_RUN and step:
        raise Fault(f"{metric} 不能指定步骤", f"{metric} has no steps")
    return {
        "metric": metric,
        "step": step,
        "operator": match["operator"],
        "limit": limit_of(float(match["limit"]), match["unit"] or "", metric, units),
        "window_s": None if match["window"] is None else window_of(match["window"]),
    }


def limit_of(number: float, unit: str, metric: str, units: dict[str, float]) -> float:
    """A limit in the metric's own unit; raises Fault."""
    factor = units.get(unit.lower() if units is BYTES else unit)
    if factor is None:
        listed = ", ".join(each for each in units if each) or "-"
        raise Fault(f"{metric} 没有单位 {unit}，可用：{listed}", f"{metric} has no unit {unit}; known are {listed}")
    return round(number * factor, 9)


def window_of(text: str) -> int:
    """The seconds of a window; raises Fault."""
    window = seconds_of(text.replace(" ", ""))
    if not (window.is_integer() and 1 <= window <= LONGEST_S):
        raise Fault("时间窗口应为 1 到 3600 的整秒", "the window must be 1 to 3600 whole seconds")
    return int(window)
