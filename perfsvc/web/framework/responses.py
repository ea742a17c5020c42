"""Base models of responses, and the responses that several resources share."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from typing import Any
from typing import Generic
from typing import Literal
from typing import Self
from typing import TypeVar

import msgspec
from pydantic import BaseModel
from pydantic import ConfigDict
from pydantic import PlainSerializer

from perfsvc.clock import iso_z
from perfsvc.model.config import PlanConfig
from perfsvc.model.entities import Page
from perfsvc.service.secrets import shown

T = TypeVar("T")
E = TypeVar("E")

LONG = 2_000
"""Entries of a list that are written at once."""
GZIP = 31
"""What zlib calls the form with gzip's head."""
encode = msgspec.json.Encoder().encode

Moment = Annotated[datetime, PlainSerializer(iso_z, return_type=str)]


def json_parts(value: Any) -> Iterator[bytes]:
    """JSON in parts that each take well under a millisecond."""
    if isinstance(value, Mapping):
        yield b"{"
        for number, (name, part) in enumerate(value.items()):
            yield (b"," if number else b"") + encode(name) + b":"
            yield from json_parts(part)
        yield b"}"
    elif isinstance(value, list) and value and (len(value) > LONG or isinstance(value[0], Mapping)):
        yield b"["
        step = 1 if isinstance(value[0], Mapping) else LONG
        for start in range(0, len(value), step):
            yield b"," if start else b""
            if step == 1:
                yield from json_parts(value[start])
            else:
                yield encode(value[start : start + step])[1:-1]
        yield b"]"
    else:
        yield encode(value)


def json_bytes(value: Any) -> bytes:
    """JSON, written in a thread: no step holds the interpreter for long."""
    return b"".join(json_parts(value))


def shown_config(config: PlanConfig) -> dict[str, Any]:
    """A config without its secrets."""
    answer: dict[str, Any] = shown(config.answer())
    return answer


Config = Annotated[PlanConfig, PlainSerializer(shown_config, return_type=dict[str, Any])]


class Plain(str):
    """A response that is text, not JSON."""

    __slots__ = ()


class Large(Generic[T]):
    """A response of the model ``T`` that takes long to write: it is written and compressed in a thread."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._held = [document]

    def write(self) -> bytes:
        """Return the JSON, compressed, and free the document: once, in a thread, which holds the loop for no time.

        No single step holds the interpreter for long.
        """
        document = self._held.pop()
        packer = zlib.compressobj(1, wbits=GZIP)
        packed = [packer.compress(part) for part in json_parts(document)]
        return b"".join([*packed, packer.flush()])


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
