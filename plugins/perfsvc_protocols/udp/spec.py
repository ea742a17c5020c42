"""User options: a step's ``request`` and the run-wide ``protocol_options.udp``."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from perfsvc.plugin import Fault
from perfsvc.plugin import Spec
from perfsvc.plugin import titled
from perfsvc.plugin.net.names import NameOptions
from perfsvc.plugin.net.sources import SourceOptions
from perfsvc_protocols._net.message import MessageRequest
from perfsvc_protocols._net.message import address

MAX_DATAGRAM = 65_507
SIZES = {str(size): (f"{size} 字节", f"{size} bytes") for size in (4, 8)}
BYTE_ORDERS = {"big": ("大端", "Big endian"), "little": ("小端", "Little endian")}


class Sequence(Spec):
    """A number written into each datagram, by which the reply to it is known."""

    offset: int = titled("偏移", "Offset", default=0, ge=0, le=MAX_DATAGRAM)
    size: Literal[4, 8] = titled("字节数", "Bytes", default=4, labels=SIZES)
    byte_order: Literal["big", "little"] = titled("字节序", "Byte order", default="big", labels=BYTE_ORDERS)
    reply_offset: int | None = titled(
        "响应中的偏移",
        "Offset in the reply",
        default=None,
        ge=0,
        le=MAX_DATAGRAM,
        about=("与请求中的偏移不同时填写。", "If it differs from the offset in the request."),
        examples=[0],
    )


class Field(Spec):
    """Bytes of the datagram that its reply repeats."""

    offset: int = titled("偏移", "Offset", default=0, ge=0, le=MAX_DATAGRAM)
    size: int = titled("字节数", "Bytes", ge=1, le=1000, examples=[2])
    reply_offset: int | None = titled(
        "响应中的偏移", "Offset in the reply", default=None, ge=0, le=MAX_DATAGRAM, examples=[0]
    )


class Request(MessageRequest):
    """Sends datagrams to ``udp://host:port``; each has one reply.

    A reply is matched by its sequence number, by a field, or else by order: the next datagram is the reply.
    """

    url: str = address("udp://127.0.0.1:9000")
    sequence: Sequence | None = titled("序号", "Sequence number", default=None)
    match: Field | None = titled("匹配字段", "Match by a field", default=None)
    one_way: bool = titled("只发送，不等待响应", "Send only", default=False)
    count: int = titled("数据报个数", "So many datagrams", default=1, ge=1, le=4000)
    interval: float = titled("发送间隔（毫秒）", "Time between them, ms", default=0.0, ge=0, le=60_000)
    wait: int | None = titled(
        "最后一个发出后等待（毫秒）",
        "Wait after the last, ms",
        default=None,
        ge=1,
        le=3_600_000,
        about=(
            "届时仍未到达的响应视为丢失。默认值：单个数据报为步骤的时限，多个时为 1 秒。",
            "Replies missing by then are lost. The default is the step's time limit for one datagram, 1 s for several.",
        ),
        examples=[100],
    )

    @model_validator(mode="after")
    def _consistent(self) -> Request:
        if self.silent:
            raise Fault("text、hex、base64 必须填一个", "needs one of text, hex and base64", "text")
        if self.sequence is not None and self.match is not None:
            raise Fault("sequence 与 match 只能填一个", "either sequence or match", "match")
        if self.count > 1 and self.sequence is None and not self.one_way:
            raise Fault("count 大于 1 时必填", "is required where count is more than 1", "sequence")
        return self


class Options(SourceOptions, NameOptions):
    """Options of every virtual user of a run as a UDP client."""

    sockets: int = titled(
        "每个虚拟用户的套接字数",
        "Sockets of each virtual user",
        default=1,
        ge=1,
        le=64,
        about=("轮流使用，每个有自己的端口。", "Used in turn: each has a port of its own."),
    )
    new_sockets_each_iteration: bool = titled("每次迭代使用新套接字", "New sockets each iteration", default=False)
