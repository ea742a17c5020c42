"""What users write: the request of a step, and the options of a run."""

from __future__ import annotations

from pydantic import model_validator

from perfsvc.plugin import Fault
from perfsvc.plugin import Many
from perfsvc.plugin import Spec
from perfsvc.plugin import exactly_one
from perfsvc.plugin import titled
from perfsvc.plugin.net import DialOptions

Command = str | Many[str | int | float]
"""``SET user:1 alice``, or its words as a list."""


class Request(Spec):
    """One command, or several that are sent together."""

    model_config = exactly_one("command", "commands")

    command: Command | None = titled(
        "命令",
        "Command",
        default=None,
        exclusive="command",
        template=True,
        about=(
            "一条命令，或单词列表。变量无论内容如何都只是一个单词；命令名不能是变量。",
            "One command, or its words as a list. A variable stays one word, whatever is in it; the name of the command"
            " cannot be one.",
        ),
        examples=["SET user:{{$vu}} 'Ada Lovelace'"],
    )
    commands: Many[Command] | None = titled(
        "命令（流水线）",
        "Commands, sent together",
        default=None,
        min_length=1,
        max_length=10_000,
        exclusive="command",
        about=(
            "一起发送的多条命令；响应是各条响应组成的列表。",
            "Several commands that are sent together; the reply is the list of their replies.",
        ),
        examples=[["INCR visits", "GET user:{{$vu}}"]],
    )
    url: str = titled(
        "地址",
        "URL",
        default="",
        max_length=2000,
        template=True,
        about=(
            "redis://主机:端口/数据库，TLS 用 rediss://；不填则使用环境的基础地址。",
            "redis://host:port/database, rediss:// over TLS; without it the base URL of the environment.",
        ),
        examples=["redis://127.0.0.1:6379/0"],
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Request:
        if (self.command is None) == (self.commands is None):
            raise Fault("command 与 commands 必须且只能填一个", "exactly one of command and commands", "command")
        return self


class ServerOptions(DialOptions):
    """How a server is reached: certificates and the like from DialOptions, and who a client says it is."""

    username: str = titled(
        "用户名",
        "User name",
        default="",
        max_length=200,
        template=True,
        about=("不填时以默认用户连接。", "Without it, the default user connects."),
    )
    password: str = titled(
        "密码",
        "Password",
        default="",
        max_length=2000,
        repr=False,
        password=True,
        about=(
            "可以是环境中的机密变量，如 {{redis_password}}。",
            "May be a secret variable of the environment, such as {{redis_password}}.",
        ),
    )
    database: int = titled(
        "数据库",
        "Database",
        default=0,
        ge=0,
        le=999_999,
        about=("地址没有写数据库时使用。", "Used where the URL names none."),
    )


class Options(ServerOptions):
    """What holds for all users of a run."""

    max_reply_bytes: int = titled(
        "响应的最大字节数",
        "Longest reply, bytes",
        default=16_777_216,
        ge=1,
        about=("超过的响应计为失败，其连接关闭。", "A longer reply is a failure, and its connection is closed."),
    )
