"""One grammar for sizes: ``2048``, ``2048 B``, ``10 KB``, ``1.5 MB``, ``1 GB``, ``64 KiB``; a bare number counts bytes.

KB, MB and GB are powers of 1000, KiB, MiB and GiB of 1024.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from annotated_types import GroupedMetadata
from pydantic import BeforeValidator
from pydantic import Field
from pydantic import WithJsonSchema

from perfsvc.model.problems import Fault

PATTERN = r"^\s*\d+(?:\.\d+)?\s*(?:[Bb]|[KkMmGg]i?[Bb])?\s*$"
UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
LONGEST = 40
"""Characters of a size."""
MOST = 2**50

_FORM = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*")


def bytes_of(text: str) -> int:
    """Parse a size. Raise Fault."""
    match = _FORM.fullmatch(text) if len(text) <= LONGEST else None
    factor = UNITS.get(match[2].lower()) if match else None
    if match is None or factor is None:
        raise Fault(
            f"不是大小：{text[:LONGEST]}，例如 2048、10 KB、1.5 MB、64 KiB",
            f"not a size: {text[:LONGEST]}; write 2048, 10 KB, 1.5 MB or 64 KiB",
        )
    return round(float(match[1]) * factor)


def _bytes(value: Any) -> Any:
    return bytes_of(value) if isinstance(value, str) else value


@dataclass(frozen=True)
class Bytes(GroupedMetadata):
    """Marks an int field: a number of bytes, or a text such as ``10 MB``. It is stored as an integer."""

    least: int
    most: int = MOST

    def __iter__(self) -> Iterator[Any]:
        yield BeforeValidator(_bytes)
        yield Field(ge=self.least, le=self.most)
        form = {"pattern": PATTERN, "maxLength": LONGEST}
        both = {"type": ["integer", "string"], "minimum": self.least, "maximum": self.most, **form}
        yield WithJsonSchema(both, mode="validation")
