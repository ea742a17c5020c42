"""A plan as it was given on the command line: its text, its document with the flags applied, and what set what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from functools import cached_property
from pathlib import Path
from typing import Any

from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem
from perfsvc.model.planfile import PlanFile

TOP_KEY = re.compile(rf"(?:{'|'.join(PlanFile.model_fields)})\b")
MOST_PLACED = 1_000_000
"""Characters of a plan in which places are looked for; parsing takes seconds per million."""


@dataclass(frozen=True)
class PlanSource:
    """``text`` is empty for a URL. ``flags`` has the flag that set the value at a path, ``problems`` those so far."""

    name: str
    text: str
    document: dict[str, Any]
    flags: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @property
    def folder(self) -> Path:
        """Where the files lie that the plan names."""
        return Path(self.name).parent if self.text else Path()

    def plan(self) -> PlanFile:
        """Return the plan. Raises InvalidInput."""
        try:
            plan = PlanFile.parse(self.document)
        except InvalidInput as error:
            raise InvalidInput([*self.problems, *error.problems]) from None
        if self.problems:
            raise InvalidInput(list(self.problems))
        return plan

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Give problems their places, and find those that others have hidden. Raises InvalidInput."""
        from perfsvc.cli.all_problems import all_problems

        try:
            yield
        except InvalidInput as error:
            raise InvalidInput(self.placed(all_problems(self.document, self.folder, error.problems))) from None

    def placed(self, problems: list[Problem]) -> list[Problem]:
        """Return problems in the order of the file, those of flags first, each with its place before its path."""
        places = [(self._place(problem.path), problem) for problem in problems]
        return [
            Problem(place[1] + problem.path * place[2], problem.text) for place, problem in sorted(places, key=_order)
        ]

    def _place(self, path: str) -> tuple[tuple[int, int], str, bool]:
        """Return the order of a path, the text before it, and whether it is still shown itself."""
        flag = next(
            (flag for at, flag in self.flags.items() if path == at or path.startswith((f"{at}.", f"{at}["))), None
        )
        if flag is not None:
            return (0, 0), flag, False
        place = self._places.of(path) if self._places else None
        if place is None:
            return (0, 1), f"{self.name}: " if self._places and TOP_KEY.match(path) else "", True
        return place, f"{self.name}:{place.line}:{place.column}: ", True

    @cached_property
    def _places(self) -> Any:
        if not self.text or len(self.text) > MOST_PLACED:
            return None
        from perfsvc.cli.plan_places import PlanPlaces

        return PlanPlaces(self.text)


def _order(placed: tuple[tuple[tuple[int, int], str, bool], Problem]) -> tuple[int, int]:
    return placed[0][0]
