"""What users write: the request of a step, and the options of a run."""

from __future__ import annotations

from pydantic import model_validator

from perfsvc.plugin import Fault
from perfsvc.plugin import Many
from perfsvc.plugin import Spec
from perfsvc.plugin import titled
from perfsvc.plugin.net import DialOptions

Command = str | Many[str | int | float]
"""``SET user:1 alice``, or its words as a list."""


class Request(Spec):
    """One command, or several that are sent together."""

    command: Command | None = titled("命令", "Command", default=None)
    commands: Many[Command] | None = titled(
        "命令（流水线）", "Commands, sent together", default=None, min_length=1, max_length=10_000
    )
    url: str = titled("地址", "URL", default="", max_length=2000)
    """``redis://host:port/database``; without one the environment's base URL."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Request:
        if (self.command is None) == (self.commands is None):
            raise Fault("command 与 commands 必须且只能填一个", "exactly one of command and commands", "command")
        return self


class ServerOptions(DialOptions):
    """How a server is reached: certificates and the like from DialOptions, and who a client says it is."""

    username: str = titled("用户名", "User name", default="", max_length=200)
    password: str = titled("密码", "Password", default="", max_length=2000, repr=False)
    """Both may hold templates."""
    database: int = titled("数据库", "Database", default=0, ge=0, le=999_999)
    """Where the URL names none."""


class Options(ServerOptions):
    """What holds for all users of a run."""

    max_reply_bytes: int = titled("回复的最大字节数", "Longest reply, bytes", default=16_777_216, ge=1)
