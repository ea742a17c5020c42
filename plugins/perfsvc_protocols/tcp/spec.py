"""User options: a step's ``request`` and the run-wide ``protocol_options.tcp``."""

from __future__ import annotations

from pydantic import model_validator

from perfsvc.plugin import Fault
from perfsvc.plugin import titled
from perfsvc.plugin.net.dial import DialOptions
from perfsvc_protocols._net.message import MessageRequest
from perfsvc_protocols.tcp.framing import Framing
from perfsvc_protocols.tcp.framing import LengthFraming

MIB = 1024 * 1024


class Request(MessageRequest):
    """Sends a payload (``tcp://`` or ``tls://``) and waits for one message; without a payload it only waits."""

    framing: Framing | None = titled(
        "分帧方式",
        "Framing",
        default=None,
        about=("仅对该步骤生效，优先于测试的选项。", "Overrides the run's option for this step."),
    )
    add_length: bool = titled(
        "自动添加长度前缀",
        "Put the length before the payload",
        default=False,
        about=("按长度分帧的格式添加。", "As the framing by length has it."),
    )
    one_way: bool = titled("只发送，不等待响应", "Send only", default=False)

    half_close: bool = titled(
        "发送后半关闭",
        "Half close",
        advanced=True,
        default=False,
        about=(
            "发送内容后关闭发送方向（shutdown），仍可接收响应。不能用于 TLS。",
            "Ends the sending side after the payload, as shutdown does; the reply still comes. Not over TLS.",
        ),
    )

    @model_validator(mode="after")
    def _measurable(self) -> Request:
        if self.add_length and self.framing is not None and not isinstance(self.framing, LengthFraming):
            raise Fault("仅用于 length 分帧", "needs the framing by length", "add_length")
        return self


class Options(DialOptions):
    """Options of every virtual user of a run as a TCP client."""

    framing: Framing | None = titled("分帧方式", "Framing", default=None)
    keep_connection: bool = titled(
        "保持连接",
        "Keep the connection",
        default=True,
        about=("否则每个请求新建一个连接。", "Otherwise each request opens one of its own."),
    )
    new_connection_each_iteration: bool = titled("每次迭代重新连接", "New connection each iteration", default=False)
    max_message_bytes: int = titled(
        "单条消息上限（字节）",
        "Largest message, bytes",
        default=10 * MIB,
        ge=1,
        le=256 * MIB,
        about=("更大的消息会使连接断开。", "A bigger one ends the connection."),
    )
