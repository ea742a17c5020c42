"""``perfsvc plugins``: what is installed, and a skeleton for a new one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from perfsvc.cli.exit_codes import PASSED
from perfsvc.cli.json_output import write_json
from perfsvc.errors import Text

COLUMNS = (
    Text("名称", "name"),
    Text("种类", "kind"),
    Text("软件包", "distribution"),
    Text("版本", "version"),
    Text("状态", "status"),
)

KINDS = {
    "protocol": Text("协议", "protocol"),
    "data_source": Text("数据源", "data_source"),
    "function": Text("函数", "function"),
    "plugin": Text("插件", "plugin"),
}
"""A plugin that failed to load has no other kind."""
LOADED = Text("已加载", "loaded")


def add(commands: Any) -> None:
    """Add the command."""
    plugins = commands.add_parser("plugins", help="list the installed plugins, or create a new one")
    plugins.add_argument("--json", action="store_true", help="list them with their schemas, as JSON")
    new = plugins.add_subparsers(dest="action").add_parser("new", help="create a package with a working plugin")
    new.add_argument("name", metavar="NAME", help="name of the plugin; the package is perfsvc-NAME")
    new.add_argument("--protocol", action="append_const", dest="kinds", const="protocol", help="with a protocol")
    new.add_argument(
        "--data-source",
        action="append_const",
        dest="kinds",
        const="data_source",
        help="with a data source; without any of these flags, with a protocol and a data source",
    )
    new.add_argument(
        "--function", action="append_const", dest="kinds", const="function", help="with a function for templates"
    )
    new.add_argument("--into", type=Path, default=Path(), metavar="DIR", help="parent folder (default: this one)")


def execute(chosen: argparse.Namespace, language: str) -> int:
    """List the plugins, or create a new one."""
    from perfsvc.model.functions.library import registered
    from perfsvc.plugin import skeleton
    from perfsvc.plugin.catalog import Catalog

    described = Catalog.load().describe()
    if chosen.action == "new":
        used_names = [*registered(), *(plugin["name"] for plugin in described)]
        sys.stdout.write(f"{skeleton.make(chosen.name, chosen.into, chosen.kinds or skeleton.USUAL, used_names)}\n")
    elif chosen.json:
        write_json(described, "-")
    else:
        show_plugins(described, language)
    return PASSED


def show_plugins(described: Sequence[dict[str, Any]], language: str) -> None:
    """Print one line per plugin; a plugin that failed to load says why."""
    from perfsvc.cli.tables import console
    from perfsvc.cli.tables import table

    shown = table(language, COLUMNS)
    for plugin in described:
        status = Text(**plugin["error"]).of(language) if plugin["error"] else LOADED.of(language)
        kind = KINDS[plugin["kind"]].of(language)
        shown.add_row(plugin["name"], kind, plugin["distribution"], plugin["version"], status)
    console().print(shown)
