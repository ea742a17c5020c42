"""User options: a step's ``request`` and the run-wide ``protocol_options.websocket``."""

from __future__ import annotations

from typing import Any

from pydantic import field_validator
from pydantic import model_validator

from perfsvc.plugin import Fault
from perfsvc.plugin import Many
from perfsvc.plugin import Spec
from perfsvc.plugin import Text
from perfsvc.plugin import titled
from perfsvc.plugin.net.dial import DialOptions
from perfsvc_protocols._net.headers import TOKEN
from perfsvc_protocols._net.headers import sendable

MIB = 1024 * 1024
OURS = Text("由系统自动填写", "is filled in by the protocol")
UPGRADING = frozenset({"host", "upgrade", "connection", "content-length", "transfer-encoding"})
"""Headers that make a request an upgrade; as are all that begin with sec-websocket-."""
PAYLOADS = {"text": "text", "base64": "base64", "json_body": "json"}
VERBS = (*PAYLOADS, "ping", "expect", "hold", "close")


class JsonMatch(Spec):
    """A JSON message with something at a path: ``equals``, or anything at all."""

    path: str = titled("JSONPath", "JSONPath", max_length=1000, examples=["$.type"])
    equals: Any = titled("等于", "Equals", freeform=True, default=None, examples=["welcome"])


class Expect(Spec):
    """Waits for messages that match; without a predicate every message does."""

    json_match: JsonMatch | None = titled("JSON 匹配", "JSON match", default=None, alias="json")
    regex: str | None = titled(
        "正则表达式", "Regular expression", default=None, min_length=1, max_length=1000, examples=[r'"id": *\d+']
    )
    contains: str | None = titled(
        "包含文本", "Contains", default=None, min_length=1, max_length=10_000, examples=["welcome"]
    )
    count: int = titled("消息数", "So many messages", default=1, ge=1, le=1_000_000)
    timeout: int | None = titled(
        "超时（毫秒）",
        "Timeout, ms",
        default=None,
        ge=1,
        le=3_600_000,
        about=("与整个步骤的时限分别计算。", "Beside the time limit of the whole step."),
        examples=[5000],
    )

    @model_validator(mode="after")
    def _one_predicate(self) -> Expect:
        predicates = [name for name in ("json_match", "regex", "contains") if getattr(self, name) is not None]
        if len(predicates) > 1:
            raise Fault("json、regex、contains 只能填一个", "at most one of json, regex and contains")
        return self


class Close(Spec):
    """Closes the connection and waits for the other side to agree."""

    code: int = titled("关闭码", "Code", default=1000, ge=1000, le=4999)
    reason: str = titled("原因", "Reason", default="", max_length=40, examples=["done"])

    @field_validator("code")
    @classmethod
    def _may_be_sent(cls, value: int) -> int:
        if value in (1004, 1005, 1006, 1015) or 1016 <= value < 3000:
            raise Fault("该关闭码不能发送", "is a code that must not be sent")
        return value


class Action(Spec):
    """Operations on the connection, in this order: send, ping, expect, hold, close."""

    text: str | None = titled(
        "文本消息", "Text message", template=True, exclusive="message", default=None, examples=["ping {{$iteration}}"]
    )
    base64: str | None = titled(
        "二进制消息（Base64）", "Binary message, base64", exclusive="message", default=None, examples=["aGVsbG8="]
    )
    json_body: Any = titled(
        "JSON 消息",
        "JSON message",
        template=True,
        freeform=True,
        exclusive="message",
        default=None,
        alias="json",
        examples=[{"type": "subscribe", "room": "{{room}}"}],
    )
    ping: bool = titled("发送 ping 并等待 pong", "Ping, and wait for the pong", default=False)
    expect: Expect | None = titled("等待消息", "Wait for messages", default=None)
    hold: float | None = titled("保持连接（秒）", "Hold open, seconds", default=None, gt=0, le=86_400, examples=[30])
    close: Close | None = titled("关闭连接", "Close", default=None)

    @model_validator(mode="after")
    def _one_payload(self) -> Action:
        if len(self.payloads) > 1:
            names = ", ".join(self.payloads)
            raise Fault(f"{names} 只能填一个", f"at most one of {names}", self.payloads[1])
        return self

    @property
    def payloads(self) -> list[str]:
        """Names of the payloads that were given, as users write them; ``json: null`` counts."""
        return [name for field, name in PAYLOADS.items() if self._is_set(field)]

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do."""
        return not any(self._is_set(field) for field in VERBS)

    def _is_set(self, field: str) -> bool:
        if field == "json_body":
            return field in self.model_fields_set
        return getattr(self, field) not in (None, False)


class Request(Action):
    """One request: an action, or several of them; with none it opens the connection and no more.

    The first request opens the connection. A later one with another ``url`` closes it and opens another.
    """

    url: str | None = titled(
        "地址",
        "URL",
        template=True,
        default=None,
        max_length=16_000,
        about=(
            "完整的 URL（ws、wss、http、https），或相对于测试环境的服务地址。",
            "Absolute (ws, wss, http, https), or below the environment's base URL.",
        ),
        examples=["/ws?token={{token}}", "wss://chat.example.com/ws"],
    )
    headers: dict[str, str] = titled(
        "请求头",
        "Headers",
        template=True,
        freeform=True,
        default_factory=dict,
        examples=[{"Authorization": "Bearer {{token}}"}],
    )
    subprotocols: Many[str] = titled("子协议", "Subprotocols", default=(), max_length=20, examples=[["chat.v1"]])
    actions: Many[Action] = titled(
        "动作列表",
        "Actions",
        default=(),
        max_length=100,
        examples=[[{"text": "hello"}, {"expect": {"contains": "welcome"}}]],
    )

    @field_validator("headers")
    @classmethod
    def _sendable(cls, value: dict[str, str]) -> dict[str, str]:
        return sendable(value, lambda name: OURS if name in UPGRADING or name.startswith("sec-websocket-") else None)

    @field_validator("subprotocols")
    @classmethod
    def _tokens(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(TOKEN.fullmatch(name) for name in value):
            raise Fault("不是合法的子协议名称", "has an invalid subprotocol name")
        return value

    @model_validator(mode="after")
    def _one_script(self) -> Request:
        if self.actions and not self.idle:
            raise Fault("actions 与单个动作只能选一", "either a list of actions or a single one", "actions")
        return self

    @property
    def script(self) -> tuple[tuple[str, Action], ...]:
        """The actions, each with its path."""
        if self.actions:
            return tuple((f"actions[{number}]", action) for number, action in enumerate(self.actions))
        return () if self.idle else (("", self),)


class Options(DialOptions):
    """Options of every virtual user of a run as a WebSocket client."""

    max_message_bytes: int = titled(
        "单条消息上限（字节）",
        "Largest message, bytes",
        default=10 * MIB,
        ge=1024,
        le=256 * MIB,
        about=("更大的消息会使连接断开。", "A bigger one ends the connection."),
    )
    strict: bool = titled(
        "严格遵守 RFC 6455",
        "Strict",
        advanced=True,
        default=True,
        about=(
            "遇到非 UTF-8 文本、保留位或未提供的子协议时断开连接。",
            "Text that is not UTF-8, reserved bits and a subprotocol that was not offered end the connection.",
        ),
    )
    compression: bool = titled(
        "压缩消息",
        "Compress messages",
        default=False,
        about=(
            "提供 permessage-deflate：服务端同意时双向压缩消息。",
            "Offers permessage-deflate: messages are compressed in both directions where the server agrees.",
        ),
    )
    cookies: bool = titled(
        "处理 Cookie",
        "Keep cookies",
        default=True,
        about=(
            "升级请求携带用户的 Cookie（包括其 HTTP 步骤得到的），响应也可以设置 Cookie。",
            "Upgrades carry the user's cookies, those of its HTTP steps too, and may set some.",
        ),
    )
    backlog: int = titled(
        "步骤间保留的消息数",
        "Messages kept between steps",
        advanced=True,
        default=64,
        ge=0,
        le=10_000,
        about=(
            "留给之后的 expect；满时丢弃最早的。会发送消息的步骤只查看其后到达的消息。",
            "For an expect that comes later; the oldest make room. A step that sends looks only at what comes after.",
        ),
    )
    new_connection_each_iteration: bool = titled("每次迭代重新连接", "New connection each iteration", default=False)
