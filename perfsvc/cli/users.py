"""``perfsvc users``: accounts, while no service runs; the way back in for who has lost the password."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from perfsvc.cli.exit_codes import PASSED
from perfsvc.errors import Text

COLUMNS = (Text("用户名", "name"), Text("邮箱", "email"), Text("角色", "role"), Text("状态", "state"))
ADMINISTRATOR = Text("管理员", "administrator")
USER = Text("用户", "user")
DISABLED = Text("已禁用", "disabled")
ACTIVE = Text("正常", "active")
NEW_PASSWORD = Text("{name} 的新密码（只显示一次）：{word}\n", "the new password of {name}, shown this once: {word}\n")
CHANGED = Text("{name} 的密码已修改\n", "the password of {name} was changed\n")
CREATED = Text("用户 {name} 已创建\n", "user {name} was created\n")
NOW_DISABLED = Text("用户 {name} 已禁用\n", "user {name} was disabled\n")


def add(commands: Any) -> None:
    """Add the command."""
    users = commands.add_parser("users", help="list, create and disable users, reset passwords; while no service runs")
    with_place(users, None)
    actions = users.add_subparsers(dest="action", required=True)
    with_place(actions.add_parser("list", help="list all users"), argparse.SUPPRESS)
    create = named(actions, "create", "create a user")
    create.add_argument("--email", default="", metavar="ADDRESS")
    create.add_argument("--administrator", action="store_true", help="let the user administer the service")
    with_password(create)
    named(actions, "disable", "disable a user and end all sessions")
    with_password(named(actions, "reset-password", "set a new password, enable the user and end all sessions"))


def named(actions: Any, name: str, what: str) -> Any:
    """Add an action for one user."""
    action = actions.add_parser(name, help=what)
    action.add_argument("name", metavar="NAME")
    with_place(action, argparse.SUPPRESS)
    return action


def with_place(parser: Any, default: str | None) -> None:
    """Add what names the database; before the action and after it."""
    parser.add_argument("--config", type=Path, metavar="FILE", default=default, help="settings in a TOML file")
    parser.add_argument("--data-dir", metavar="DIR", default=default, help="data folder of the service")


def with_password(action: Any) -> None:
    """Add the way to choose the password: never an argument, which other users of a machine can see."""
    action.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input (default: a random one)"
    )


def execute(chosen: argparse.Namespace, language: str) -> int:
    """Carry out one action."""
    from perfsvc.event_loop import run_on_loop
    from perfsvc.service.auth.account_tool import account_tool
    from perfsvc.settings import load

    flags = {"data_dir": chosen.data_dir} if chosen.data_dir else {}
    settings = load(flags, config=chosen.config)
    password = sys.stdin.readline().rstrip("\r\n") if getattr(chosen, "password_stdin", False) else None

    async def act() -> str:
        async with account_tool(settings) as tool:
            if chosen.action == "list":
                show(await tool.users(), language)
                return ""
            if chosen.action == "disable":
                await tool.disable(chosen.name)
                return NOW_DISABLED.of(language).format(name=chosen.name)
            if chosen.action == "create":
                random = await tool.create(chosen.name, chosen.email, password, administrator=chosen.administrator)
                message = CREATED.of(language).format(name=chosen.name)
            else:
                random = await tool.reset_password(chosen.name, password)
                message = "" if random else CHANGED.of(language).format(name=chosen.name)
            return message + (NEW_PASSWORD.of(language).format(name=chosen.name, word=random) if random else "")

    sys.stdout.write(run_on_loop(act()))
    return PASSED


def show(users: list[Any], language: str) -> None:
    """Print the table of users."""
    from perfsvc.cli.tables import console
    from perfsvc.cli.tables import table

    listing = table(language, COLUMNS)
    for user in users:
        role, state = ADMINISTRATOR if user.administrator else USER, DISABLED if user.disabled else ACTIVE
        listing.add_row(user.username, user.email, role.of(language), state.of(language))
    console().print(listing)
