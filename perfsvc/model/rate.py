"""One grammar for rates: ``200``, ``200/s``, ``12000/m`` (or ``/min``), ``7200/h``; a bare number counts per second."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from annotated_types import GroupedMetadata
from pydantic import BeforeValidator
from pydantic import Field
from pydantic import PlainSerializer
from pydantic import WithJsonSchema

from perfsvc.model.duration import integer_if_whole
from perfsvc.model.problems import Fault

PATTERN = r"^\s*\d+(?:\.\d+)?\s*(?:/\s*(?:s|m|min|h))?\s*$"
ABOVE_0 = r"^(?=[^1-9]*[1-9])" + PATTERN.removeprefix("^")
SECONDS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600}
LONGEST = 40
"""Characters of a rate."""

_FORM = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:/\s*(s|m|min|h))?\s*")


def per_second_of(text: str) -> float:
    """Parse a rate, per second. Raise Fault."""
    match = _FORM.fullmatch(text) if len(text) <= LONGEST else None
    if match is None:
        raise Fault(
            f"不是速率：{text[:LONGEST]}，例如 200、200/s、12000/min、7200/h",
            f"not a rate: {text[:LONGEST]}; write 200, 200/s, 12000/min or 7200/h",
        )
    return float(match[1]) / SECONDS[match[2] or ""]


def _per_second(value: Any) -> Any:
    return integer_if_whole(per_second_of(value)) if isinstance(value, str) else value


def refuse_rate(value: Any) -> Any:
    """Return a number of users as it is. Raise Fault for a rate: those belong to arrivals."""
    if isinstance(value, str) and "/" in value and len(value) <= LONGEST and _FORM.fullmatch(value):
        raise Fault(
            f"{value} 是到达速率，这里应为虚拟用户数，例如 200；"
            f"要按速率施压，请在 arrival_rate 中写阶段：arrival_rate: [{{duration: 30, target: {value}}}]",
            f"{value} is a rate of arrivals, and a number of virtual users belongs here, such as 200; "
            f"for a rate write the stages under arrival_rate: arrival_rate: [{{duration: 30, target: {value}}}]",
        )
    return value


@dataclass(frozen=True)
class PerSecond(GroupedMetadata):
    """Marks a float field: a number per second above 0, or a text such as ``12000/min``. It is stored as a number.

    ``zero``: 0 is allowed as well.
    """

    most: float
    zero: bool = False

    def __iter__(self) -> Iterator[Any]:
        yield BeforeValidator(_per_second)
        yield Field(ge=0, le=self.most) if self.zero else Field(gt=0, le=self.most)
        yield PlainSerializer(integer_if_whole, when_used="json")
        least = "minimum" if self.zero else "exclusiveMinimum"
        form = {"pattern": PATTERN if self.zero else ABOVE_0, "maxLength": LONGEST}
        yield WithJsonSchema({"type": ["number", "string"], least: 0, "maximum": self.most, **form}, mode="validation")
