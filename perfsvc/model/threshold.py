"""The grammar of thresholds.

::

    threshold = metric [ "{" step "}" ] operator number [ "for" number "s" ]
    metric    = "p50" | "p75" | "p90" | "p95" | "p99" | "p99.9" | "avg" | "min" | "max"
              | "error_rate" | "success_rate" | "check_rate" | "rps" | "requests" | "errors" | "iterations"
    operator  = "<" | "<=" | ">" | ">=" | "==" | "!="

Latencies are in ms, rates in percent. Without ``for`` the rule holds over the whole run; with it, the rule is breached
once it has been broken in every one of that many seconds in a row. ``p95{login} < 300`` looks at one step.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from typing import Literal
from typing import get_args

from pydantic import GetJsonSchemaHandler
from pydantic import model_serializer
from pydantic import model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from perfsvc.model.base import Spec
from perfsvc.model.problems import Fault

Metric = Literal[
    "p50", "p75", "p90", "p95", "p99", "p99.9", "avg", "min", "max",
    "error_rate", "success_rate", "check_rate", "rps", "requests", "errors",
    "iterations",
]  # fmt: skip
METRICS: tuple[str, ...] = get_args(Metric)
Operator = Literal["<", "<=", ">", ">=", "==", "!="]

COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip

GRAMMAR = re.compile(
    r"^\s*(?P<metric>[a-z_]+[0-9.]*)\s*(?:\{\s*(?P<step>[^{}]+?)\s*\})?\s*(?P<operator><=|>=|==|!=|<|>)"
    r"\s*(?P<limit>-?\d+(?:\.\d+)?)\s*(?:for\s+(?P<window>\d+(?:\.\d+)?)\s*s)?\s*$"
)


class Threshold(Spec):
    """A pass/fail rule over a run's metrics; written, and serialised, as one line of the grammar."""

    metric: Metric
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
        return {"type": "string", "examples": ["p95 < 300", "error_rate < 1 for 10s", "p95{login} < 300"]}

    def __str__(self) -> str:
        scope = f"{{{self.step}}}" if self.step else ""
        window = f" for {self.window_s}s" if self.window_s else ""
        # Every digit and no exponent, since what is written here is read again by the grammar.
        limit = f"{Decimal(repr(self.limit)).normalize():f}"
        return f"{self.metric}{scope} {self.operator} {limit}{window}"

    def holds(self, value: float) -> bool:
        """Whether a measured value satisfies the rule."""
        return COMPARE[self.operator](value, self.limit)


def parse_line(line: str) -> dict[str, Any]:
    """A line of the grammar as the fields of a Threshold; raises Fault."""
    match = GRAMMAR.match(line)
    if match is None:
        raise Fault(f"无法识别的阈值：{line}，例如 p95 < 300 或 error_rate < 1 for 10s",
                    f"invalid threshold: {line}; write p95 < 300 or error_rate < 1 for 10s")  # fmt: skip
    if match["metric"] not in METRICS:
        raise Fault(f"未知的指标 {match['metric']}，可用：{', '.join(METRICS)}",
                    f"unknown metric {match['metric']}; known are {', '.join(METRICS)}")  # fmt: skip
    if match["metric"] == "iterations" and match["step"]:
        raise Fault("iterations 不能指定步骤", "iterations has no steps")
    window = float(match["window"]) if match["window"] else None
    if window is not None and not (window.is_integer() and 1 <= window <= 3600):
        raise Fault("时间窗口应为 1 到 3600 的整秒", "the window must be 1 to 3600 whole seconds")
    return {
        "metric": match["metric"],
        "step": match["step"],
        "operator": match["operator"],
        "limit": float(match["limit"]),
        "window_s": int(window) if window else None,
    }
