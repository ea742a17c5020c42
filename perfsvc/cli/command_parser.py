"""A parser of one command, whose flags may be added as late as it is chosen."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from collections.abc import Sequence
from typing import Any


class CommandParser(argparse.ArgumentParser):
    """``fill`` adds the flags of a command that takes long to describe itself, with help in ``language``."""

    language = "en"

    def __init__(self, *words: Any, fill: Callable[[CommandParser], None] | None = None, **options: Any) -> None:
        super().__init__(*words, **options)
        self._fill = fill

    def parse_known_args(  # type: ignore[override]  # of its overloads
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        if self._fill is not None:
            self._fill(self)
            self._fill = None
        return super().parse_known_args(args, namespace)

    def format_help(self) -> str:
        """Return the help. Chinese headings of groups end in a Chinese colon: argparse adds one of its own."""
        shown = super().format_help()
        for group in self._action_groups:
            if group.title and not group.title.isascii():
                shown = shown.replace(f"\n{group.title}:\n", f"\n{group.title}：\n")
        return shown
