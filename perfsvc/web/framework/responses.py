"""Base models of responses, and the responses that several resources share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from typing import Any
from typing import Generic
from typing import Literal
from typing import Self
from typing import TypeVar

from pydantic import BaseModel
from pydantic import ConfigDict
from pydantic import PlainSerializer

from perfsvc.clock import iso_z
from perfsvc.model.config import PlanConfig
from perfsvc.model.entities import Page
from perfsvc.service.secrets import shown

T = TypeVar("T")
E = TypeVar("E")

Moment = Annotated[datetime, PlainSerializer(iso_z, return_type=str)]


def shown_config(config: PlanConfig) -> dict[str, Any]:
    """A config without its secrets."""
    answer: dict[str, Any] = shown(config.answer())
    return answer


Config = Annotated[PlanConfig, PlainSerializer(shown_config, return_type=dict[str, Any])]


class Plain(str):
    """A response that is text, not JSON."""

    __slots__ = ()


class Response(BaseModel):
    """A response with exactly these keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class OpenResponse(BaseModel):
    """A response with the documented keys and others beside them."""

    model_config = ConfigDict(frozen=True, extra="allow", use_attribute_docstrings=True)


class Message(Response):
    """One sentence in the caller's language."""

    message: str


class Problem(Response):
    """One problem of an input, and its path."""

    path: str
    message: str


class Error(Response):
    """Every error. ``details`` comes with 422, ``request_id`` with 500 and above.

    With 409 for an edit of what was changed meanwhile come ``code``, ``updated_at`` and ``changed_by``, a user name.
    """

    error: str
    details: list[Problem] = []
    request_id: str = ""
    code: Literal["changed"] = "changed"
    updated_at: str = ""
    changed_by: str | None = None


class PageOf(Response, Generic[T]):
    """One page of a listing."""

    total: int
    page: int
    page_size: int
    results: list[T]

    @classmethod
    def of(cls, page: Page[E], row: Callable[[E], T]) -> Self:
        """A page of entities, each as a row."""
        results = [row(entity) for entity in page.results]
        return cls(total=page.total, page=page.page, page_size=page.page_size, results=results)


class Description(OpenResponse):
    """An OpenAPI document."""

    openapi: str
    paths: dict[str, Any]
