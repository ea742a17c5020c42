"""User options: a step's ``request`` and the run-wide ``protocol_options.grpc``."""

from __future__ import annotations

import re
import ssl
from typing import Annotated
from typing import Any

from pydantic import Field
from pydantic import field_validator
from pydantic import model_validator

from perfsvc.plugin import Bytes
from perfsvc.plugin import Fault
from perfsvc.plugin import Many
from perfsvc.plugin import Problem
from perfsvc.plugin import Spec
from perfsvc.plugin import Text
from perfsvc.plugin import Worded
from perfsvc.plugin import titled
from perfsvc.plugin.net.names import NameOptions
from perfsvc.plugin.net.proxy import Proxy
from perfsvc.plugin.net.proxy import ProxyOptions
from perfsvc.plugin.net.tls import CertificateOptions

Method = Annotated[
    str,
    Field(max_length=500),
    Worded(
        r"/?[A-Za-z_][A-Za-z0-9_.]*/[A-Za-z_][A-Za-z0-9_]*",
        "应为 包.服务/方法，如 shop.v1.Orders/Create",
        "must be package.Service/Method, such as shop.v1.Orders/Create",
    ),
]
Authority = Annotated[
    str,
    Field(max_length=300),
    Worded(
        r"[A-Za-z0-9._~-]+(:[0-9]{1,5})?",
        "应为主机名，可加端口，如 orders.example.com、orders.example.com:443",
        "must be a host, with a port if need be, such as orders.example.com or orders.example.com:443",
    ),
]
PROTO_NAME = re.compile(r"([A-Za-z0-9_][A-Za-z0-9_.\-]*/)*[A-Za-z0-9_][A-Za-z0-9_.\-]*\.proto")
NOT_A_PROTO_NAME = Text("应为相对路径，并以 .proto 结尾", "must be a relative path that ends with .proto")
MAX_PROTOS = 200
MAX_PROTO_CHARACTERS = 4_000_000
MIB = 1024 * 1024


class Request(Spec):
    """One call. Strings within the messages and the metadata may hold templates."""

    method: Method = titled(
        "方法（包.服务/方法）",
        "Method: package.Service/Method",
        examples=["shop.v1.Orders/Create"],
    )
    url: str = titled(
        "地址",
        "Address",
        template=True,
        default="",
        max_length=2000,
        about=(
            "grpc://host:port 或 grpcs://host:port；为空时使用测试环境的服务地址。",
            "grpc://host:port or grpcs://host:port; empty for the environment's base URL.",
        ),
        examples=["grpc://127.0.0.1:50051"],
    )
    message: Any = titled(
        "请求消息",
        "Message",
        template=True,
        freeform=True,
        exclusive="message",
        default=None,
        about=(
            'JSON：对象；对于通用类型为其 JSON 形式，如 Duration 的 "1.5s"。',
            'JSON: an object, or for a well-known type its JSON form, such as "1.5s" for a Duration.',
        ),
        examples=[{"user_id": "{{user_id}}", "quantity": 1}],
    )
    messages: Many[Any] | None = titled(
        "请求消息流",
        "Messages, streamed",
        template=True,
        freeform=True,
        exclusive="message",
        default=None,
        max_length=10_000,
        examples=[[{"text": "first"}, {"text": "second"}]],
    )
    metadata: dict[str, str | Many[str]] = titled(
        "元数据",
        "Metadata",
        template=True,
        freeform=True,
        default_factory=dict,
        about=(
            "一个或多个值；名称以 -bin 结尾的为 base64。",
            "One value or several; those of names that end with -bin are base64.",
        ),
        examples=[{"authorization": "Bearer {{token}}"}],
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Request:
        if self.message is not None and self.messages is not None:
            raise Fault("message 与 messages 只能填一个", "at most one of message and messages", "messages")
        return self

    @property
    def sent(self) -> tuple[Any, ...]:
        """Return the messages in order; one empty message if none was given."""
        return ({} if self.message is None else self.message,) if self.messages is None else self.messages


class Tls(CertificateOptions):
    """TLS options of ``grpcs``."""

    server_name: str | None = titled(
        "校验的服务器名", "Server name to verify", default=None, max_length=253, examples=["orders.example.com"]
    )

    @field_validator("ca")
    @classmethod
    def _readable(cls, value: str | None) -> str | None:
        try:
            ssl.create_default_context(cadata=value and value.encode("ascii", "ignore").decode())
        except (ssl.SSLError, ValueError):
            raise Fault("不是 PEM 证书", "is not a PEM certificate") from None
        return value


class Options(NameOptions, ProxyOptions):
    """Options of every virtual user of a run as a gRPC client."""

    protos: dict[str, str] = titled(
        "proto 文件（名称 → 内容）",
        "Proto files: name to text",
        freeform=True,
        default_factory=dict,
        about=("不填时通过反射向服务端查询。", "Without any, the server is asked by reflection."),
        examples=[{"orders.proto": 'syntax = "proto3"; package shop.v1; …'}],
    )
    tls: Tls = titled("TLS", "TLS", default_factory=Tls)
    authority: Authority | None = titled(
        "请求的 :authority",
        "Authority of the calls",
        advanced=True,
        default=None,
        about=(
            "每次调用的 :authority，与主机和端口不同时填写；使用 TLS 时应为证书中的名称。",
            ":authority of every call, where it is to differ from host and port. With TLS a name of the certificate.",
        ),
        examples=["orders.example.com"],
    )
    shared_channels: int = titled(
        "共享连接数（0：每用户一个）", "Shared channels; 0: one per user", advanced=True, default=0, ge=0, le=1000
    )
    proto_field_names: bool = titled(
        "响应使用 proto 字段名",
        "Replies keep proto field names",
        advanced=True,
        default=False,
        about=(
            "否则响应使用 JSON 映射的驼峰名称。",
            "Otherwise replies have the camel-case names of the JSON mapping.",
        ),
    )
    max_message_bytes: int = titled(
        "单条响应上限（字节）", "Largest reply message, bytes", default=4 * MIB, ge=1, le=1024 * MIB
    )
    max_body_bytes: Annotated[int, Bytes(0, 1024 * MIB)] = titled(
        "响应流保留上限（字节）",
        "Largest streamed reply kept, bytes",
        default=10 * MIB,
        about=(
            "更大的流会接收并计数，但检查点和提取器看到的是空列表。",
            "Bigger streams are received and counted, and seen as an empty list by checks and extractors.",
        ),
    )

    @model_validator(mode="after")
    def _shown_directly(self) -> Options:
        if self.proxy is not None and not self.tls.verify:
            raise Fault("不能与 proxy 同时使用", "cannot be combined with proxy", "tls.verify")
        return self

    @field_validator("proxy")
    @classmethod
    def _tunnels(cls, value: Proxy | None) -> Proxy | None:
        if value is not None and not value.url.startswith("http://"):
            raise Fault("gRPC 只支持 http:// 代理", "must be an http:// proxy for gRPC", "url")
        return value

    @field_validator("protos")
    @classmethod
    def _compilable(cls, value: dict[str, str]) -> dict[str, str]:
        if len(value) > MAX_PROTOS or sum(map(len, value.values())) > MAX_PROTO_CHARACTERS:
            raise Fault(
                f"最多 {MAX_PROTOS} 个文件，共 {MAX_PROTO_CHARACTERS} 个字符",
                f"at most {MAX_PROTOS} files with {MAX_PROTO_CHARACTERS} characters in all",
            )
        problems = [Problem(name, NOT_A_PROTO_NAME) for name in value if not PROTO_NAME.fullmatch(name)]
        if problems:
            raise Fault.all(problems)
        return value
