"""``perfsvc serve``: the service."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from perfsvc.cli.command_parser import CommandParser
from perfsvc.errors import Text

CONFIG = Text("TOML 文件中的设置", "settings in a TOML file")


def add(commands: Any) -> None:
    """Add the command."""
    commands.add_parser("serve", help="start the service", fill=add_flags)


def add_flags(serve: CommandParser) -> None:
    """Add a flag for every setting that is not a secret."""
    from perfsvc.settings import SETTINGS  # imported late: other commands have no settings

    serve.add_argument("--config", type=Path, metavar="FILE", help=CONFIG.of(serve.language))
    for row in SETTINGS:
        if not row.secret:
            flag = "--" + row.name.replace("_", "-")
            serve.add_argument(
                flag, dest=f"set_{row.name}", metavar="VALUE", help=row.help.of(serve.language).replace("%", "%%")
            )


def execute(chosen: argparse.Namespace, language: str) -> int:
    """Start the service and run it until a signal arrives."""
    from perfsvc.app import serve
    from perfsvc.settings import load

    flags = {name.removeprefix("set_"): value for name, value in vars(chosen).items() if name.startswith("set_")}
    return serve(load(flags, config=chosen.config), language)
