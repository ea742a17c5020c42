"""Progress of a run at a terminal: a bar and the latest figures, rewritten in place."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.console import Group
from rich.live import Live
from rich.text import Text as Styled

FILLED = "━"
WIDEST_BAR = 60


class LiveLines:
    """A few lines at the bottom of a terminal. Without a thread: they change when ``show`` is called."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(
            console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
        )

    def show(self, share: float, lines: Sequence[str], failing: bool) -> None:
        """Rewrite the lines below a bar that is filled by ``share``, 0 to 1."""
        if not self._live.is_started:
            self._live.start()
        width = min(WIDEST_BAR, self._console.width - 1)
        full = round(width * min(max(share, 0.0), 1.0))
        bar = Styled(FILLED * full, style="red" if failing else "green").append(FILLED * (width - full), style="dim")
        shown = [Styled(line, no_wrap=True, overflow="ellipsis") for line in lines]
        self._live.update(Group(bar, *shown), refresh=True)

    def clear(self) -> None:
        """Take the lines away."""
        if self._live.is_started:
            self._live.stop()
