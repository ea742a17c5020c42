"""Query parameters that several resources share."""

from __future__ import annotations

from typing import Annotated
from typing import Any
from typing import ClassVar
from typing import Literal
from typing import TypeVar
from typing import get_args

from pydantic import Field

from perfsvc.model import labels
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.entities import Page
from perfsvc.model.listing import Selection
from perfsvc.model.worded import Worded
from perfsvc.service.fields import Id

T = TypeVar("T")

LARGEST_PAGE = 100
LAST_PAGE = 1_000_000

MetricType = Literal["response_time", "throughput", "error_rate", "system"]


SearchText = Annotated[
    str,
    Field(max_length=100),
    Worded(r"[^\x00-\x1f\x7f]*", "不能含有控制字符", "must not contain control characters"),
]


class PageQuery(Spec):
    """Page of a listing, counted from 1."""

    page: int = titled("页码", "Page", default=1, ge=1, le=LAST_PAGE)
    page_size: int = titled("每页数量", "Entries per page", default=10, ge=1, le=LARGEST_PAGE)

    def cut(self, everything: list[T]) -> Page[T]:
        """Cut this page out of a complete list."""
        first = (self.page - 1) * self.page_size
        return Page(len(everything), self.page, self.page_size, everything[first : first + self.page_size])


def ordered(orders: Any, default: str | None) -> Any:
    """The field of a listing's order; ``orders`` is the Literal of its values."""
    known = {name: labels.LIST_ORDERS[name] for name in get_args(orders)}
    return titled("排序", "Order", default=default, labels=known)


class ListQuery(PageQuery):
    """A listing that can be searched and ordered; a subclass says by what. Filters are combined with AND."""

    compared: ClassVar[tuple[str, ...]] = ()
    """Parameters that must equal a field of the rows."""

    q: SearchText | None = titled("搜索文本", "Text to search for", default=None)
    order: str | None = None

    @property
    def selection(self) -> Selection:
        """The same for the services."""
        compared = {name: getattr(self, name) for name in self.compared}
        return Selection(self.q, self.order, {name: value for name, value in compared.items() if value is not None})


NameOrder = Literal["name", "-name", "created_at", "-created_at"]
ChangeOrder = Literal["name", "-name", "created_at", "-created_at", "updated_at", "-updated_at"]


class OfProject(ListQuery):
    """A listing within a project."""

    project_id: Id = titled("项目ID", "Project")


class MetricsQuery(Spec):
    """Selection of metrics and of the time range."""

    metric_type: MetricType | None = titled("指标类型", "Kind of figure", default=None)
    time_range: int | None = titled("时间范围（秒）", "Last seconds", default=None, ge=1, le=31_536_000)
