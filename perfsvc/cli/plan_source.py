"""A plan as it stands on the command line: its text, its document with the flags applied, and what set what."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem
from perfsvc.errors import Text
from perfsvc.model.planfile import PlanFile

if TYPE_CHECKING:
    from perfsvc.model.project_file import ProjectDataFile
    from perfsvc.model.run import RunFiles

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
    listed: tuple[ProjectDataFile, ...] = ()
    """Data files that a project file lists."""

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
    def opened(self) -> Iterator[RunFiles]:
        """Return the files that the plan names, there for as long as this is open.

        Problems are given their places, and those that others have hidden are found. Raises InvalidInput.
        """
        with self._files() as files:
            try:
                yield files
            except InvalidInput as error:
                from perfsvc.cli.all_problems import all_problems

                raise InvalidInput(self.placed(all_problems(self.document, files, error.problems))) from None

    def notes(self, files: RunFiles) -> list[Text]:
        """Return notes on files that are not as the project file has them."""
        if not self.listed:
            return []
        from perfsvc.cli.plan_contents import notes_on_files

        return notes_on_files(self.listed, self.document, files)

    def write_notes(self, files: RunFiles, language: str) -> None:
        """Write the notes to standard error."""
        sys.stderr.write("".join(f"perfsvc: {note.of(language)}\n" for note in self.notes(files)))

    @contextmanager
    def _files(self) -> Iterator[RunFiles]:
        if not self.listed:
            from perfsvc.model.run import RunFiles

            yield RunFiles(folder=str(self.folder))
            return
        from perfsvc.cli.plan_contents import missing_files
        from perfsvc.cli.plan_contents import unpacked

        with unpacked(self.listed, self.folder) as files:
            if missing := missing_files(self.listed, self.document, files):
                raise InvalidInput(self.placed(missing))
            yield files

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
