"""What uses a thing, in responses."""

from __future__ import annotations

from typing import Self

from perfsvc.model.entities import Named
from perfsvc.web.framework.responses import Response


class NamedResponse(Response):
    """A plan or a scene by its id and name."""

    id: int
    name: str

    @classmethod
    def of(cls, named: Named) -> Self:
        return cls(id=named.id, name=named.name)

    @classmethod
    def all_of(cls, named: tuple[Named, ...]) -> list[Self]:
        return [cls.of(each) for each in named]
