"""Tables on standard output."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from perfsvc.errors import Text

PIPED_WIDTH = 500


def console() -> Console:
    """Return standard output. Step names are text, not markup; piped output is not wrapped to a terminal's width."""
    piped = None if sys.stdout.isatty() else PIPED_WIDTH
    return Console(highlight=False, markup=False, emoji=False, width=piped)


def table(language: str, columns: Sequence[Text | str]) -> Table:
    """Return an empty table; the first column is aligned to the left, the others to the right."""
    made = Table(box=None, pad_edge=False)
    for number, column in enumerate(columns):
        label = column if isinstance(column, str) else column.of(language)
        made.add_column(label, justify="left" if number == 0 else "right", overflow="fold")
    return made


def two_digits(value: float | None) -> str:
    """Format a latency in milliseconds; ``-`` when there is none."""
    return "-" if value is None else f"{value:.2f}"
