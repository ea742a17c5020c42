"""Texts of a form are refused in words, in both languages, and have their pattern in the JSON Schema."""

from __future__ import annotations

from typing import Annotated
from typing import Any

import pytest

from perfsvc.errors import InvalidInput
from perfsvc.plugin import Spec
from perfsvc.plugin import Text
from perfsvc.plugin import Worded
from perfsvc_datasources.generator import GeneratorSource
from perfsvc_protocols.grpc import GrpcProtocol
from perfsvc_protocols.http import HttpProtocol

CAPITALS = Text(
    "应为大写英文字母，可含 -，最多 32 个字符，如 GET、POST",
    "must be capital letters, with - between them if need be, at most 32, such as GET or POST",
)
METHOD = Text(
    "应为 包.服务/方法，如 shop.v1.Orders/Create", "must be package.Service/Method, such as shop.v1.Orders/Create"
)
AUTHORITY = Text(
    "应为主机名，可加端口，如 orders.example.com、orders.example.com:443",
    "must be a host, with a port if need be, such as orders.example.com or orders.example.com:443",
)
LOCALE = Text(
    "应为语言代码，可加 _ 和地区，如 zh_CN、en_US",
    "must be a language, with _ and a country if need be, such as zh_CN or en_US",
)


class Part(Spec):
    """A spec of a plugin."""

    number: Annotated[str, Worded("[A-Z][0-9]{4}", "应为字母加 4 位数字", "must be a letter and 4 digits")]


@pytest.mark.parametrize(
    ("spec", "document", "path", "text"),
    [
        (HttpProtocol.Request, {"method": "GET /"}, "method", CAPITALS),
        (HttpProtocol.Request, {"method": "GET\n"}, "method", CAPITALS),
        (GrpcProtocol.Request, {"method": "Create"}, "method", METHOD),
        (GrpcProtocol.Options, {"authority": "https://orders.example.com"}, "authority", AUTHORITY),
        (GeneratorSource.Options, {"columns": {"a": "name"}, "locale": "中文"}, "locale", LOCALE),
        (Part, {"number": "4711"}, "number", Text("应为字母加 4 位数字", "must be a letter and 4 digits")),
    ],
)
def test_another_text_is_refused_in_words(spec: type[Spec], document: dict[str, Any], path: str, text: Text) -> None:
    with pytest.raises(InvalidInput) as refused:
        spec.parse(document)
    assert [(problem.path, problem.text) for problem in refused.value.problems] == [(path, text)]


def test_the_schema_has_the_pattern_and_the_other_limits() -> None:
    assert Part.parse({"number": "A4711"}).number == "A4711"
    assert Part.model_json_schema()["properties"]["number"]["pattern"] == "^[A-Z][0-9]{4}$"
    method = GrpcProtocol.Request.model_json_schema()["properties"]["method"]
    assert (method["pattern"], method["maxLength"]) == ("^/?[A-Za-z_][A-Za-z0-9_.]*/[A-Za-z_][A-Za-z0-9_]*$", 500)
    text, null = GrpcProtocol.Options.model_json_schema()["properties"]["authority"]["anyOf"]
    assert (text["maxLength"], "pattern" in text, null) == (300, True, {"type": "null"})
