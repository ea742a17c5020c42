"""Tables and texts on standard output."""

from __future__ import annotations

import sys
from collections.abc import Collection
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from perfsvc.cli.closed_output import discard
from perfsvc.errors import Text

PIPED_WIDTH = 500
GOOD, BAD = "green", "red"
STATE_STYLES = {
    "PASSED": "bold green",
    "FAILED": "bold red",
    "STOPPED": "yellow",
    "VALID": GOOD,
    "SUSPECT": "yellow",
    "INVALID": "bold red",
}
"""Colours of verdicts and validity; other states have none."""
UNITS = ("B", "kB", "MB", "GB", "TB")


class PatientConsole(Console):
    """A console that falls silent when its reader has gone; rich would end the process."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        discard(self.file)


def console() -> Console:
    """Return standard output. Step names are text, not markup; piped output is not wrapped to a terminal's width."""
    piped = None if sys.stdout.isatty() else PIPED_WIDTH
    return PatientConsole(highlight=False, markup=False, emoji=False, width=piped)


def table(language: str, columns: Sequence[Text | str], left: Collection[str] = ()) -> Table:
    """Return an empty table; the first column and those in ``left`` are aligned to the left, the others to the right.

    ``left`` has English titles.
    """
    grid = Table(box=None, pad_edge=False, header_style="dim")
    for number, column in enumerate(columns):
        label = column if isinstance(column, str) else column.of(language)
        is_left = number == 0 or str(column) in left
        grid.add_column(label, justify="left" if is_left else "right", overflow="fold", no_wrap=not is_left)
    return grid


def two_digits(value: float | None) -> str:
    """Format a latency in milliseconds; ``-`` when there is none."""
    return "-" if value is None else f"{value:.2f}"


def in_bytes(count: float) -> str:
    """Format a size with three digits and its unit."""
    unit = 0
    while count >= 999.5 and unit < len(UNITS) - 1:
        count, unit = count / 1000, unit + 1
    return f"{count:.3g} {UNITS[unit]}" if unit else f"{count:.0f} B"


def status_style(status: str) -> str:
    """Return the colour of a status: HTTP's classes, where it is a number of theirs."""
    return {"2": GOOD, "3": "cyan", "4": "yellow", "5": BAD}.get(status[:1], "") if len(status) == 3 else ""
