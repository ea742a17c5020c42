"""User options: a step's ``request`` and the run-wide ``protocol_options.http``."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated
from typing import Any
from typing import Literal

from pydantic import BeforeValidator
from pydantic import Field
from pydantic import field_validator
from pydantic import model_validator

from perfsvc.plugin import Bytes
from perfsvc.plugin import Fault
from perfsvc.plugin import Many
from perfsvc.plugin import Spec
from perfsvc.plugin import Text
from perfsvc.plugin import Worded
from perfsvc.plugin import titled
from perfsvc.plugin.net.dial import DialOptions
from perfsvc.plugin.net.proxy import Proxy
from perfsvc_protocols._net.headers import sendable
from perfsvc_protocols.http.reply import Limits

COMPUTED = Text("由系统自动计算", "is computed")
FRAMING = ("content-length", "transfer-encoding")
BODIES = {"json_body": "json", "form": "form", "multipart": "multipart", "body": "body", "body_file": "body_file"}
PROXY = re.compile(r"(?:https?|socks5)://(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}/?")
KIB = 1024
MIB = 1024 * 1024
MOST_HEAD = 300_000
MOST_FIELDS = 5000
"""As libcurl has them."""

Scalar = str | int | float | bool
Values = dict[str, Scalar | Many[Scalar]]
Method = Annotated[
    str,
    Worded(
        r"[A-Z][A-Z-]{0,31}",
        "应为大写英文字母，可含 -，最多 32 个字符，如 GET、POST",
        "must be capital letters, with - between them if need be, at most 32, such as GET or POST",
    ),
]


class UserPassword(Spec):
    """The fields of authentication by user name and password."""

    type: str
    username: str = titled("用户名", "User name", max_length=1000, template=True, examples=["{{username}}"])
    password: str = titled(
        "密码", "Password", secret=True, template=True, default="", max_length=1000, examples=["{{password}}"]
    )


class BasicAuth(UserPassword):
    """A user name and a password, sent with every request."""

    type: Literal["basic"]


class BearerAuth(Spec):
    """A token, sent with every request."""

    type: Literal["bearer"]
    token: str = titled("令牌", "Token", secret=True, template=True, max_length=20_000, examples=["{{token}}"])


class DigestAuth(UserPassword):
    """A user name and a password, of which only a digest is sent (RFC 7616)."""

    type: Literal["digest"]


Auth = Annotated[BasicAuth | BearerAuth | DigestAuth, Field(discriminator="type")]

Version = Annotated[
    Literal["1.1", "2", "3", "auto"], BeforeValidator(lambda value: str(value) if value in (1.1, 2, 3) else value)
]
"""YAML reads ``http_version: 2`` as a number."""
EVENT_FORMATS = {
    "auto": ("按内容类型识别", "By the content type"),
    "sse": ("服务器推送事件（SSE）", "Server-sent events"),
    "lines": ("逐行", "Lines"),
    "pieces": ("逐块", "Parts as they arrive"),
}
VERSIONS = {
    "1.1": ("HTTP/1.1", "HTTP/1.1"),
    "2": ("HTTP/2", "HTTP/2"),
    "3": ("HTTP/3", "HTTP/3"),
    "auto": ("自动选择", "The best that the target offers"),
}


class Part(Spec):
    """A field or an inline file of a multipart form."""

    name: str = titled("字段名", "Name", min_length=1, max_length=1000, template=True, examples=["photo"])
    value: str | None = titled("文本内容", "Text", template=True, default=None, examples=["{{$uuid}}"])
    base64: str | None = titled("Base64 内容", "Content, base64", default=None, examples=["aGVsbG8="])
    filename: str | None = titled(
        "文件名", "File name", default=None, max_length=1000, template=True, examples=["photo.jpg"]
    )
    content_type: str | None = titled(
        "内容类型", "Content type", default=None, max_length=200, template=True, examples=["image/jpeg"]
    )

    @field_validator("base64")
    @classmethod
    def _decodes(cls, value: str | None) -> str | None:
        try:
            base64.b64decode(value or "", validate=True)
        except binascii.Error:
            raise Fault("不是合法的 Base64", "is not valid base64") from None
        return value

    @model_validator(mode="after")
    def _one_content(self) -> Part:
        if (self.value is None) == (self.base64 is None):
            raise Fault("value 与 base64 必须且只能填一个", "needs exactly one of value and base64")
        return self


class Listen(Spec):
    """How long a reply is listened to that comes piece by piece, or does not end; at least one of the three ends."""

    events: int | None = titled("事件数", "Events", default=None, ge=1, le=1_000_000, examples=[10])
    seconds: float | None = titled(
        "秒数",
        "Seconds",
        default=None,
        gt=0,
        le=86_400,
        about=(
            "从发出请求算起；步骤的时限相应延长。",
            "From the request on; the step's time limit is that much longer.",
        ),
        examples=[30],
    )
    until: str | None = titled(
        "直到事件匹配（正则）",
        "Until an event matches",
        default=None,
        min_length=1,
        max_length=1000,
        about=(
            "在每个事件的数据中查找的正则表达式。",
            "A regular expression that is looked for in the data of each event.",
        ),
        examples=[r"\[DONE\]"],
    )
    format: Literal["auto", "sse", "lines", "pieces"] = titled(
        "事件格式",
        "Format of events",
        advanced=True,
        default="auto",
        labels=EVENT_FORMATS,
        about=(
            "auto 按内容类型判断；pieces 为响应体到达时的各个片段。",
            "auto goes by the content type; pieces are the parts of the body as they arrive.",
        ),
    )
    tokens: str | None = titled(
        "词元的 JSONPath",
        "JSONPath of tokens",
        default=None,
        min_length=1,
        max_length=1000,
        about=(
            "找到的文本计为一个词元，数字则为至今的总数。",
            "A text that is found counts as one token, a number is the number of all so far.",
        ),
        examples=["$.choices[0].delta.content"],
    )


class Sign(Spec):
    """Signatures over the request as it is sent: texts that may use ``request_method``, ``request_body`` and so on."""

    headers: dict[str, str] = titled(
        "请求头",
        "Headers",
        template=True,
        freeform=True,
        default_factory=dict,
        examples=[{"X-Signature": '{{$hmac("sha256", app_secret, request_body)}}'}],
    )
    query: dict[str, str] = titled(
        "查询参数",
        "Query",
        template=True,
        freeform=True,
        default_factory=dict,
        examples=[{"sign": "{{$md5($concat(request_query, app_secret))}}"}],
    )
    fields: dict[str, str] = titled(
        "请求体字段",
        "Fields of the body",
        template=True,
        freeform=True,
        default_factory=dict,
        examples=[{"sign": "{{$md5($concat(request_body, app_secret))}}"}],
    )

    @field_validator("headers")
    @classmethod
    def _sendable(cls, value: dict[str, str]) -> dict[str, str]:
        return sendable(value, lambda name: COMPUTED if name in (*FRAMING, "host") else None)

    @model_validator(mode="after")
    def _something(self) -> Sign:
        if not (self.headers or self.query or self.fields):
            raise Fault("至少填写 headers、query、fields 之一", "needs one of headers, query and fields")
        return self


class Request(Spec, home="request"):
    """One HTTP request. Texts may hold templates, the URL and the strings within ``json`` too."""

    method: Method = titled("方法", "Method", default="GET", examples=["GET", "POST"])
    url: str = titled(
        "地址",
        "URL",
        template=True,
        default="",
        max_length=16_000,
        about=("完整的 URL，或相对于测试环境的服务地址。", "Absolute, or below the environment's base URL."),
        examples=["/api/items?page={{$randomInt(1, 9)}}", "https://shop.example.com/api/items"],
    )
    query: Values = titled(
        "查询参数", "Query", template=True, freeform=True, default_factory=dict, examples=[{"page": "{{page}}"}]
    )
    headers: dict[str, str | Many[str]] = titled(
        "请求头",
        "Headers",
        template=True,
        freeform=True,
        default_factory=dict,
        about=("值为列表时，按顺序发送多行。", "A list of values is as many lines, in this order."),
        examples=[{"Authorization": "Bearer {{token}}"}],
    )
    auth: Auth | None = titled("认证", "Authentication", default=None)
    json_body: Any = titled(
        "JSON 请求体",
        "JSON body",
        template=True,
        freeform=True,
        exclusive="body",
        default=None,
        alias="json",
        examples=[{"sku": "{{sku}}", "quantity": 1}],
    )
    form: Values | None = titled(
        "表单",
        "Form",
        template=True,
        freeform=True,
        exclusive="body",
        default=None,
        examples=[{"username": "{{username}}", "password": "{{password}}"}],
    )
    multipart: Many[Part] | None = titled(
        "多部分表单",
        "Multipart",
        template=True,
        exclusive="body",
        default=None,
        min_length=1,
        max_length=1000,
        examples=[[{"name": "photo", "filename": "photo.txt", "value": "{{$uuid}}"}]],
    )
    body: str | None = titled(
        "原始请求体",
        "Raw body",
        template=True,
        exclusive="body",
        default=None,
        examples=["<order><sku>{{sku}}</sku></order>"],
    )
    body_file: str | None = titled(
        "请求体文件",
        "Body file",
        datafile=True,
        template=True,
        exclusive="body",
        default=None,
        min_length=1,
        max_length=1000,
        about=(
            "项目数据文件的名称；边读边发送，不会整个载入内存。",
            "The name of a data file of the project; it is sent as it is read, never held as a whole.",
        ),
        examples=["upload.bin"],
    )
    sign: Sign | None = titled(
        "签名",
        "Signature",
        advanced=True,
        default=None,
        about=("最后计算，覆盖方法、路径、查询和请求体。", "Computed last, over method, path, query and body."),
    )
    follow_redirects: bool | None = titled(
        "跟随重定向",
        "Follow redirects",
        default=None,
        about=(
            "仅对该步骤生效，优先于测试的选项，http_version 也一样。",
            "Overrides the run's option for this step, as http_version does.",
        ),
    )
    http_version: Version | None = titled("HTTP 版本", "HTTP version", default=None, labels=VERSIONS)
    chunked: bool = titled(
        "分块发送请求体",
        "Body in chunks",
        advanced=True,
        default=False,
        about=(
            "以 Transfer-Encoding: chunked 代替长度；HTTP/2 和 3 本来就分帧发送。",
            "Transfer-Encoding: chunked in place of a length; HTTP/2 and 3 send frames anyway.",
        ),
    )
    chunk_bytes: int = titled("每块字节数", "Bytes of a chunk", advanced=True, default=8192, ge=1, le=16 * MIB)
    listen: Listen | None = titled(
        "监听持续的响应",
        "Listen to the reply",
        advanced=True,
        default=None,
        about=(
            "用于服务器推送事件、逐行 JSON 等陆续到达的响应。",
            "For server-sent events, lines of JSON and other replies that come bit by bit.",
        ),
    )
    expect_continue: bool = titled(
        "先征询再发送请求体",
        "Expect: 100-continue",
        advanced=True,
        default=False,
        about=("发送请求体之前是否先征询服务端。", "Whether the server is asked before the body is sent."),
    )

    @field_validator("method", mode="before")
    @classmethod
    def _in_capitals(cls, value: Any) -> Any:
        if isinstance(value, str) and value != value.upper() and value.isascii() and value.isalpha():
            raise Fault(f"应为大写：{value.upper()}", f"must be in capitals: {value.upper()}")
        return value

    @field_validator("method")
    @classmethod
    def _no_tunnel(cls, value: str) -> str:
        if value == "CONNECT":
            raise Fault("不支持 CONNECT", "CONNECT is not supported")
        return value

    @field_validator("headers")
    @classmethod
    def _sendable(cls, value: dict[str, str | Many[str]]) -> dict[str, str | Many[str]]:
        return sendable(value, lambda name: COMPUTED if name in FRAMING else None)

    @model_validator(mode="after")
    def _without_contradictions(self) -> Request:
        if len(self.bodies) > 1:
            names = ", ".join(self.bodies)
            raise Fault(f"{names} 只能填一个", f"at most one of {names}", self.bodies[1])
        if self.sign and self.body_file is not None:
            raise Fault("无法对 body_file 签名", "a body_file cannot be signed", "sign")
        if self.sign and self.chunked:
            raise Fault("无法对分块的请求体签名", "a body in chunks cannot be signed", "chunked")
        if self.sign and self.sign.fields and self.multipart is not None:
            raise Fault("multipart 不能含签名字段", "a multipart form cannot hold a signature", "sign.fields")
        if self.auth and any(name.lower() == "authorization" for name in self.headers):
            raise Fault("auth 与 Authorization 请求头只能填一个", "either auth or an Authorization header", "auth")
        return self

    @property
    def bodies(self) -> list[str]:
        """Names of the bodies that were given, as users write them; ``json: null`` counts."""
        return [name for field, name in BODIES.items() if self._is_set(field)]

    def _is_set(self, field: str) -> bool:
        return field in self.model_fields_set and (field == "json_body" or getattr(self, field) is not None)


class HttpProxy(Proxy):
    """A proxy between users and targets, over TLS too."""

    @field_validator("url")
    @classmethod
    def _leads_to_a_proxy(cls, value: str) -> str:
        if not PROXY.fullmatch(value):
            raise Fault(
                "应为 http://、https:// 或 socks5:// 加 host:port，用户名和密码另填",
                "must be http://, https:// or socks5:// with host:port; user name and password have keys of their own",
            )
        return value


class Options(DialOptions):
    """Options of every virtual user of a run as an HTTP client."""

    http_version: Version = titled(
        "HTTP 版本",
        "HTTP version",
        default="1.1",
        labels=VERSIONS,
        about=(
            "2 和 3 为强制使用；auto 使用目标支持的最高版本。",
            "2 and 3 insist on it; auto takes the best the target offers.",
        ),
    )
    proxy: HttpProxy | None = titled("代理", "Proxy", default=None)
    cookies: bool = titled("处理 Cookie", "Keep cookies", default=True)
    follow_redirects: bool = titled("跟随重定向", "Follow redirects", default=False)
    max_redirects: int = titled("最多重定向次数", "At most so many redirects", default=10, ge=1, le=50)
    user_agent: str | None = titled(
        "User-Agent", "User agent", default=None, max_length=500, examples=["shop-load/1.0"]
    )
    compression: bool = titled("接受压缩", "Accept compressed replies", default=False)
    keep_alive: bool = titled(
        "保持连接",
        "Keep connections alive",
        default=True,
        about=("否则每个请求新建一个连接。", "Otherwise each request opens a connection of its own."),
    )
    new_session_each_iteration: bool = titled(
        "每次迭代使用新会话",
        "New session each iteration",
        default=False,
        about=(
            "每次迭代开始时关闭连接并清除 Cookie。",
            "Connections are closed and cookies forgotten whenever an iteration begins.",
        ),
    )
    max_connections: int = titled(
        "每用户最多连接数",
        "At most so many connections per user",
        default=16,
        ge=1,
        le=256,
        about=(
            "连接到不同地址的数量；超出时关闭最早打开的连接。",
            "To different places; where one more is opened, that which was opened first is closed.",
        ),
    )
    shared_connections: int = titled(
        "共享连接数（0：每用户独立连接）",
        "Connections shared by all users; 0: each user its own",
        default=0,
        ge=0,
        le=10_000,
        about=(
            "每个节点到同一地址的数量；超出其承载能力的请求排队等待。",
            "To one place and on one node; requests beyond what they carry wait.",
        ),
    )
    max_head_bytes: int = titled(
        "响应头上限（字节）",
        "Largest reply head, bytes",
        advanced=True,
        default=256 * KIB,
        ge=4 * KIB,
        le=MOST_HEAD,
        about=(
            "最终响应的响应头，含状态行；更大的视为协议错误。",
            "Of the final reply, with its status line; a larger one is a protocol error.",
        ),
    )
    max_header_fields: int = titled(
        "响应头字段数上限", "Most fields of a reply head", advanced=True, default=1000, ge=500, le=MOST_FIELDS
    )
    max_response_bytes: Annotated[int, Bytes(1)] | None = titled(
        "响应体上限（字节）",
        "Largest reply body taken, bytes",
        default=None,
        about=("更大的响应会被中断，并计为错误。", "A larger one is broken off, and counts as an error."),
        examples=["10 MB"],
    )
    max_body_bytes: Annotated[int, Bytes(0, 1024 * MIB)] = titled(
        "响应体保留上限（字节）",
        "Largest reply body kept, bytes",
        default=10 * MIB,
        about=(
            "更大的响应体会接收并计数，但检查点和提取器看到的是空内容。",
            "Bigger bodies are received and counted, and seen as empty by checks and extractors.",
        ),
    )

    @property
    def limits(self) -> Limits:
        """Limits of each reply."""
        return Limits(self.max_head_bytes, self.max_header_fields, self.max_body_bytes)

    @field_validator("user_agent")
    @classmethod
    def _one_line(cls, value: str | None) -> str | None:
        if value is not None and not value.isprintable():
            raise Fault("不能包含控制字符", "must not contain control characters")
        return value
