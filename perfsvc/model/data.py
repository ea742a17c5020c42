"""What test data a run uses, and how its rows are dealt out to virtual users. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from typing import Literal

from pydantic import Field

from perfsvc.model.base import Spec
from perfsvc.model.base import titled

Order = Literal["sequential", "random", "shuffled"]
RowScope = Literal["iteration", "vu", "run"]
AtEnd = Literal["recycle", "stop_vu", "stop_run", "hold"]
OnFailure = Literal["stop_run", "hold", "recycle"]


class Allocation(Spec):
    """How rows are dealt out: the keys of ``data_config`` that every data source has."""

    order: Order = titled("取数顺序", "Order", default="sequential")
    scope: RowScope = titled("一行用于", "A row is for", default="iteration")
    unique: bool = titled("每行只用一次", "Never use a row twice", default=False)
    at_end: AtEnd = titled("数据用完时", "At the end of the data", default="recycle")
    on_failure: OnFailure = titled("运行中数据源失败时", "When the source fails in mid-run", default="stop_run")


class DataSpec(Spec):
    """The data source of a run: the plugin's name, its own options, and the allocation of its rows."""

    source: str
    options: dict[str, Any] = Field(default_factory=dict)
    allocation: Allocation = Allocation()
    cache_ttl_s: int = 0


def split_config(config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A ``data_config`` as the keys of Allocation and the data source's own options."""
    ours = {key: value for key, value in config.items() if key in Allocation.model_fields}
    return ours, {key: value for key, value in config.items() if key not in ours}
