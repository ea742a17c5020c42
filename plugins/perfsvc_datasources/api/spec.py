"""User options: ``data_config`` of an api source."""

from __future__ import annotations

from typing import Annotated
from typing import Any
from typing import Literal

from pydantic import AfterValidator
from pydantic import Field
from pydantic import model_validator

from perfsvc.plugin import Bytes
from perfsvc.plugin import Fault
from perfsvc.plugin import Spec
from perfsvc.plugin import Worded
from perfsvc.plugin import compile_paths
from perfsvc.plugin import titled
from perfsvc_datasources._columns import Column

MIB = 1024 * 1024

Scalar = str | int | float | bool
Name = Annotated[str, Field(min_length=1, max_length=200)]
HeaderName = Annotated[
    str,
    Worded(
        r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}",
        "请求头名称只能用英文字母、数字和 ! # $ % & ' * + . ^ _ ` | ~ -，1–200 个字符，不能有空格和冒号",
        "the name of a header may have ASCII letters, digits and ! # $ % & ' * + . ^ _ ` | ~ - only, 1–200 of them,"
        " without spaces or a colon",
    ),
]
HeaderValue = Annotated[
    str,
    Field(max_length=8000),
    Worded(r"[^\r\n\x00]*", "请求头的值不能换行", "the value of a header must be one line"),
]
Headers = dict[HeaderName, HeaderValue]


def _compiles(path: str) -> str:
    compile_paths(path)
    return path


JsonPath = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_compiles)]

PLACES = {"query": ("查询参数", "In the query"), "body": ("JSON 请求体", "In the JSON body")}
METHODS = {"GET": ("GET", "GET"), "POST": ("POST", "POST")}


class BasicAuth(Spec):
    """A user name and a password."""

    type: Literal["basic"]
    username: str = titled("用户名", "User name", max_length=1000, examples=["alice"])
    password: str = titled("密码", "Password", default="", max_length=1000, secret=True)


class BearerAuth(Spec):
    """A token."""

    type: Literal["bearer"]
    token: str = titled("令牌", "Token", max_length=20_000, secret=True, examples=["eyJhbGciOi…"])


class PagePagination(Spec):
    """A number that grows from page to page, until a page has no rows or ``total`` is reached."""

    type: Literal["page"]
    parameter: Name = titled("页码参数", "Parameter", default="page")
    start: int = titled("起始页码", "First page", default=1, ge=0, le=1_000_000_000)
    step: int = titled(
        "页码增量",
        "Step",
        default=1,
        ge=1,
        le=1_000_000,
        about=("参数为偏移量时，填每页的行数。", "The size of a page where the parameter is an offset."),
    )
    size_parameter: Name | None = titled("每页行数参数", "Parameter of the size", default=None, examples=["page_size"])
    size: int | None = titled("每页行数", "Rows on a page", default=None, ge=1, le=1_000_000, examples=[100])
    total: JsonPath | None = titled("总行数（JSONPath）", "Rows in all, JSONPath", default=None, examples=["$.total"])
    place: Literal["query", "body"] = titled("参数位置", "Where the parameter stands", default="query", labels=PLACES)

    @model_validator(mode="after")
    def _complete(self) -> PagePagination:
        if (self.size is None) != (self.size_parameter is None):
            missing = "size" if self.size is None else "size_parameter"
            raise Fault("size 与 size_parameter 应同时给出", "size and size_parameter go together", missing)
        return self


class CursorPagination(Spec):
    """Each response has the cursor of the next page; the last has none."""

    type: Literal["cursor"]
    path: JsonPath = titled("游标（JSONPath）", "Next cursor, JSONPath", examples=["$.next_cursor"])
    parameter: Name = titled("游标参数", "Parameter", default="cursor")
    place: Literal["query", "body"] = titled("参数位置", "Where the parameter stands", default="query", labels=PLACES)


class LinkPagination(Spec):
    """Each response has the address of the next page: at ``path``, or in its header ``Link`` with ``rel="next"``."""

    type: Literal["link"]
    path: JsonPath | None = titled(
        "下一页地址（JSONPath）", "Next address, JSONPath", default=None, examples=["$.links.next"]
    )


Auth = Annotated[BasicAuth | BearerAuth, Field(discriminator="type")]
Pagination = Annotated[PagePagination | CursorPagination | LinkPagination, Field(discriminator="type")]


class Options(Spec):
    """A JSON endpoint."""

    url: str = titled(
        "地址",
        "Address",
        min_length=1,
        max_length=2000,
        about=("完整的 URL，或相对于测试环境的服务地址。", "Absolute, or below the environment's base URL."),
        examples=["/api/users/", "https://data.example.com/users"],
    )
    method: Literal["GET", "POST"] = titled("请求方法", "Method", default="GET", labels=METHODS)
    headers: dict[HeaderName, HeaderValue] = titled(
        "请求头",
        "Headers",
        freeform=True,
        default_factory=dict,
        max_length=50,
        repr=False,
        examples=[{"X-Team": "load"}],
    )
    query: dict[Name, Scalar] = titled(
        "查询参数",
        "Query",
        freeform=True,
        default_factory=dict,
        max_length=100,
        repr=False,
        examples=[{"active": "true"}],
    )
    json_body: Any = titled(
        "JSON 请求体", "JSON body", freeform=True, default=None, alias="json", repr=False, examples=[{"active": True}]
    )
    form: dict[Name, Scalar] | None = titled(
        "表单", "Form", freeform=True, default=None, max_length=100, repr=False, examples=[{"active": "true"}]
    )
    auth: Auth | None = titled("身份认证", "Authentication", default=None)
    rows: JsonPath = titled(
        "数据行（JSONPath）",
        "Rows, JSONPath",
        default="$",
        about=(
            "每处匹配为一行；匹配为列表时，其中每一项为一行。",
            "Every match is a row; of a match that is a list, every item.",
        ),
        examples=["$", "$.results", "$.data.items[*]"],
    )
    columns: dict[Column, JsonPath] | None = titled(
        "列（JSONPath）",
        "Columns, JSONPath",
        default=None,
        min_length=1,
        about=(
            "一行之内的路径；不填时取第一页各行的键。",
            "Paths within a row; without them, the keys of the first page's rows.",
        ),
        examples=[{"user": "$.name", "token": "$.auth.token"}],
    )
    pagination: Pagination | None = titled("分页", "Pages", default=None)
    timeout: float = titled("请求超时（秒）", "Time limit of a request, s", default=30.0, ge=0.1, le=300)
    retries: int = titled("重试次数", "Retries", default=3, ge=0, le=10)
    retry_wait: float = titled(
        "首次重试等待（秒）",
        "Wait before the first retry, s",
        default=0.5,
        ge=0,
        le=60,
        about=(
            "每次重试加倍，或按响应的 Retry-After。",
            "Doubled before each further one, or the Retry-After of the response.",
        ),
    )
    max_pages: int = titled("最多页数", "Most pages", default=1000, ge=1, le=100_000)
    max_rows: int = titled("最多行数", "Most rows", default=1_000_000, ge=1, le=10_000_000)
    max_response_bytes: Annotated[int, Bytes(1, 256 * MIB)] = titled(
        "单次响应上限（字节）", "Largest response, bytes", default=16 * MIB
    )

    @model_validator(mode="after")
    def _agrees(self) -> Options:
        if self.json_body is not None and self.form is not None:
            raise Fault("不能与 json 同时使用", "cannot be combined with json", "form")
        if self.method == "GET" and (self.json_body is not None or self.form is not None):
            raise Fault("GET 请求没有请求体", "a GET has no body", "json" if self.form is None else "form")
        in_body = getattr(self.pagination, "place", "query") == "body"
        if in_body and not isinstance(self.json_body, dict):
            raise Fault("需要为对象的 json 请求体", "needs a json body that is an object", "pagination.place")
        return self
