"""Test data of a run, and the allocation of its rows to virtual users. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from typing import Any
from typing import Literal

import msgspec
from pydantic import Field
from pydantic import model_validator

from perfsvc.errors import Problem
from perfsvc.errors import Text
from perfsvc.model.base import Many
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.problems import Fault
from perfsvc.model.worded import Worded

Order = Literal["sequential", "random", "shuffled"]
RowScope = Literal["iteration", "vu", "run"]
AtEnd = Literal["recycle", "stop_vu", "stop_run", "hold"]
OnFailure = Literal["stop_run", "hold", "recycle"]

FileName = Annotated[
    str,
    Field(min_length=1, max_length=255),
    Worded(
        r"[^\x00-\x1f\x7f/\\]*",
        r"不能含有 /、\ 和控制字符",
        r"must not contain /, \ or control characters",
    ),
]
"""The name of a data file."""

NO_DATA = "none"
"""The data source of plans that have none."""


class Allocation(Spec, home="config.data_config"):
    """Allocation of rows: the keys of ``data_config`` that every data source has.

    ``unique`` rows end the run where a plan does not say otherwise, others begin again. ``random`` takes
    rows with replacement and so never ends. Values of ``secret_columns`` are masked wherever they would be shown.
    """

    order: Order = titled("取数顺序", "Order", default="sequential")
    scope: RowScope = titled("一行用于", "A row is for", default="iteration")
    unique: bool = titled("每行只用一次", "Never use a row twice", default=False)
    at_end: AtEnd | None = titled("数据用完时", "At the end of the data", default=None)
    secret_columns: Many[str] = titled("机密列", "Secret columns", default=(), max_length=100)
    on_failure: OnFailure = titled("运行中数据源失败时", "When the source fails in mid-run", default="stop_run")

    @property
    def ending(self) -> AtEnd:
        """The behaviour at the end of the data, with the default filled in."""
        return self.at_end or ("stop_run" if self.unique else "recycle")

    @property
    def once(self) -> bool:
        """Whether a user gets a row when it begins and no other later."""
        return self.scope != "iteration"

    @property
    def ends_the_run(self) -> bool:
        """Whether a run is over when no row is left; users that keep a row of their own go on without new ones."""
        return self.ending == "stop_run" or (self.ending == "stop_vu" and self.scope == "iteration")

    @model_validator(mode="after")
    def _agrees(self) -> Allocation:
        problems = [Problem(key, Text(zh, en)) for broken, key, zh, en in self._contradictions() if broken]
        if problems:
            raise Fault.all(problems)
        return self

    def _contradictions(self) -> list[tuple[bool, str, str, str]]:
        again = ("recycle", "hold")
        return [
            (self.unique and self.order == "random", "order",
             "random 会重复取行，不能与 unique 同时使用", "random draws rows again, which excludes unique"),
            (self.unique and self.scope == "run", "scope",
             "run 让所有用户共用一行，不能与 unique 同时使用", "run gives all users one row, which excludes unique"),
            (self.unique and self.at_end in again, "at_end",
             f"{self.at_end} 会再次使用同一行，不能与 unique 同时使用",
             f"{self.at_end} uses a row again, which excludes unique"),
            (self.unique and self.on_failure in again, "on_failure",
             f"{self.on_failure} 会再次使用同一行，不能与 unique 同时使用",
             f"{self.on_failure} uses a row again, which excludes unique"),
            (self.order == "random" and self.at_end not in (None, "recycle"), "at_end",
             "random 没有终点，只能是 recycle", "random never ends; only recycle is possible"),
        ]  # fmt: skip


class DataSpec(Spec):
    """The data source of a run: the plugin's name, its own options, and the allocation of its rows."""

    source: str
    options: dict[str, Any] = Field(default_factory=dict)
    allocation: Allocation = Allocation()
    cache_ttl_s: int = 0


def split_config(config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A ``data_config`` as the keys of Allocation and the data source's own options."""
    allocation = {key: value for key, value in config.items() if key in Allocation.model_fields}
    return allocation, {key: value for key, value in config.items() if key not in allocation}


class Grant(msgspec.Struct, frozen=True):
    """Rows that a node may claim, in the lease of this number; or the end of the data.

    ``ended`` without ``last``: users stop as the allocation says. With it, users without a row take that one, and all
    others keep theirs. ``failure`` is the error of the source that ends the run, in Chinese and in English.
    """

    lease: int = 0
    rows: list[dict[str, Any]] = []
    ended: bool = False
    last: dict[str, Any] | None = None
    failure: tuple[str, str] | None = None
