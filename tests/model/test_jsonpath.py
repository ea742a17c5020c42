"""JSONPath that users write: what it finds, and what is refused because it could take for ever."""

from __future__ import annotations

from typing import Any

import pytest

from perfsvc.model.jsonpath import MISSING
from perfsvc.model.jsonpath import compile_path
from perfsvc.model.jsonpath import compile_paths
from perfsvc.model.problems import Fault

DOCUMENT = {
    "shop": {"items": [{"id": 1, "price": 5}, {"id": 2, "price": 9, "tags": ["a", "b"]}]},
    "limit": 6,
    "line": "a-b",
    "a=~b": "odd",
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$.limit", [6]),
        ("$['a=~b']", ["odd"]),
        ('$["a=~b"]', ["odd"]),
        ("$..price", [5, 9]),
        ("$.shop.items[*].id", [1, 2]),
        ("$.shop.items[0,1].id", [1, 2]),
        ("$.shop.items[-1:].tags[*]", ["a", "b"]),
        ("$..items[?(@.price > 6 && @.id == 2)].id", [2]),
        ("$.shop.items[?(@.price < $.limit)].id", [1]),
        ("$.shop.items[\\price][0].id", [2]),
        ("$.shop.items.`len`", [2]),
        ("$.line.`split(-, 0, -1)`", ["a"]),
        ("$.limit.`str()`", ["6"]),
    ],
)
def test_found(path: str, found: list[Any]) -> None:
    assert compile_paths(path)(DOCUMENT) == found
    assert compile_path(path)(DOCUMENT) == found[0]


def test_nothing_found() -> None:
    assert compile_paths("$..nothing")(DOCUMENT) == []
    assert compile_path("$..nothing")(DOCUMENT) is MISSING


@pytest.mark.filterwarnings("ignore:The `.` .union. operator is deprecated")
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ('$[?(@.v =~ "(a+)+$")]', "may not use =~"),
        ('$.a[?(@.b == 1 && (@.c == 2 || @.v =~ "(a+)+$"))]', "may not use =~"),
        ("$.v.`sub(/(a+)+$/, x)`", "may not use sub"),
        ("$.v.`sub(x)`", "invalid JSONPath"),
        ("$.v.`split(x)`", "invalid JSONPath"),
        ("$.v.`sub(/(/, x)`", "invalid JSONPath"),
        ("$.v.`unknown`", "invalid JSONPath"),
        ("$.v * 4000000000", "may not use operation"),
        ("$[*].`parent`[*]", "may not use parent"),
        ("$..*..*..*", "may contain .. only once"),
        ("$..a[?(@..b)]", "may contain .. only once"),
        ("$[a,a][a,a]", "lists the same item twice"),
        ("$[0,0][0,0]", "lists the same item twice"),
        ("$.(a|a).(a|a)", "may not use union"),
        ("$[*][?($[*].x == 1)]", "may use $ in a filter only"),
        ("$." + "a." * 999 + "*[0]", "has more than 2000 characters"),
        ("$..[", "invalid JSONPath"),
        ("$[?(@.a == ]", "invalid JSONPath"),
        ("$[::0]", "step 0"),
    ],
)
def test_refused(path: str, said: str) -> None:
    with pytest.raises(Fault) as refused:
        compile_paths(path)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("path", "zh", "en"),
    [
        *[
            (
                path,
                "JSONPath 没有写完，请填写要取的值的路径，例如 $.data.token",
                "invalid JSONPath: not finished; write the path of the value, such as $.data.token",
            )
            for path in ("", "$.", "$.items[", '$["a')
        ],
        (
            "$.a b",
            "无效的 JSONPath：第 5 个字符处有误；名称以数字开头，或含有空格等字符时，请写成 ['名称']",
            "invalid JSONPath: character 5: "
            "put a name that begins with a digit, or has blanks or such characters in it, into ['…']",
        ),
        (
            "$.数",
            "无效的 JSONPath：第 3 个字符处有误；名称以数字开头，或含有空格等字符时，请写成 ['名称']",
            "invalid JSONPath: character 3: "
            "put a name that begins with a digit, or has blanks or such characters in it, into ['…']",
        ),
        (
            "$.v.`split(x)`",
            "无效的 JSONPath：有误（split(x) is not valid）",
            "invalid JSONPath: not understood (split(x) is not valid)",
        ),
        (
            "$.a[?(@.b == 1]",
            "无效的 JSONPath：第 6 个字符处的 ( 没有闭合，请补上 )",
            "invalid JSONPath: character 6: this ( is not closed; add )",
        ),
        (
            "/a/b",
            "无效的 JSONPath：第 1 个字符处应为 $，例如 $.data.token",
            "invalid JSONPath: character 1: a path begins with $, such as $.data.token",
        ),
        (
            "$.a.length()",
            "无效的 JSONPath：第 11 个字符处有误；不支持函数调用，取长度请写 .`len`",
            "invalid JSONPath: character 11: functions are not supported; a length is .`len`",
        ),
        (
            "$.a[1,]",
            "无效的 JSONPath：第 7 个字符处有误（Parse error at 1:6 near token ] (])）",
            "invalid JSONPath: character 7: not understood (Parse error at 1:6 near token ] (]))",
        ),
    ],
)
def test_what_is_said_of_a_path(path: str, zh: str, en: str) -> None:
    with pytest.raises(Fault) as refused:
        compile_path(path)
    assert refused.value.problems[0].text == (zh, en)
