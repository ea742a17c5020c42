"""Problems of a scene by path: compilation collects them and goes on, so that all are reported at once."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from typing import TypeVar

from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem
from perfsvc.model.problems import MOST_PROBLEMS
from perfsvc.model.problems import Fault
from perfsvc.model.problems import bounded
from perfsvc.model.problems import path_of

T = TypeVar("T")


class Faults:
    """Problems collected so far, in order, each once."""

    def __init__(self) -> None:
        self._problems: dict[Problem, None] = {}

    @property
    def problems(self) -> list[Problem]:
        return list(self._problems)

    def __len__(self) -> int:
        return len(self._problems)

    def note(self, problems: Iterable[Problem], path: str = "") -> None:
        """Collect problems, whose own paths are below ``path``. Raise InvalidInput once there are too many to list."""
        self._problems.update((Problem(below(path, problem.path), problem.text), None) for problem in problems)
        if len(self._problems) > MOST_PROBLEMS:
            raise InvalidInput(bounded(self.problems))

    def noted(self, make: Callable[[], T], path: str = "") -> T | None:
        """Return what ``make`` makes, or None after collecting its problems, whose paths are below ``path``."""
        try:
            return make()
        except (Fault, InvalidInput) as error:
            self.note(error.problems, path)
            return None

    def check(self) -> None:
        """Raise InvalidInput with all problems, if there are any."""
        if self._problems:
            raise InvalidInput(self.problems)


def below(path: str, part: str) -> str:
    """A path below another; ``$`` and nothing are the place itself."""
    return path_of((part,), path) if part not in ("", "$") else path or "$"
