"""HTML and XML bodies: what XPath and CSS find in them, and that no page and no expression holds the loop."""

from __future__ import annotations

import threading
import time

import pytest

from perfsvc.engine import pages
from perfsvc.engine.bounded_work import MOST_STUCK
from perfsvc.engine.bounded_work import BoundedWorker
from perfsvc.engine.bounded_work import TooSlow
from perfsvc.engine.pages import compile_css
from perfsvc.engine.pages import compile_xpath
from perfsvc.engine.pages import plain_css
from perfsvc.engine.pages import plain_xpath
from perfsvc.model.problems import Fault

ALL = 10_000
SHOP = """<!doctype html><html><head><title>Shop &amp; more</title></head><body>
<form><input type=hidden name="csrf" value="t&amp;k"></form>
<ul><li class="item" data-id=1>Tea</li><li class=item data-id=2> Tonne <b>Café</b> </li><li>–</li></ul></body></html>"""
SOAP = b"""<?xml version="1.0"?><s:Envelope xmlns:s="urn:x"><s:Body><Id>7</Id></s:Body></s:Envelope>"""


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("//input[@name='csrf']/@value", ["t&k"]),
        ("//li[@class='item']", ["Tea", "Tonne Café"]),
        ("//li[2]/b/text()", ["Café"]),
        ("count(//li)", [3.0]),
        ("//title = 'Shop & more'", [True]),
        ("string(//nothing)", []),
        ("//nothing", []),
        ("//li[following-sibling::li[@data-id=2]]", ["Tea"]),
    ],
)
def test_xpath(expression: str, found: list[object]) -> None:
    assert compile_xpath(expression)(SHOP.encode(), ALL) == found


@pytest.mark.parametrize(
    ("selector", "attribute", "found"),
    [
        ("input[name=csrf]", "value", ["t&k"]),
        ("li.item", None, ["Tea", "Tonne Café"]),
        ("li", "data-id", ["1", "2"]),
        ("ul > li:nth-child(2) b", None, ["Café"]),
        ("p", None, []),
    ],
)
def test_css(selector: str, attribute: str | None, found: list[str]) -> None:
    assert compile_css(selector, attribute)(SHOP.encode(), ALL) == found
    assert compile_css(selector, attribute)(SHOP.encode(), 1) == found[:1]


def test_other_encodings_and_xml() -> None:
    gbk = '<meta charset="gbk"><p>测试</p>'.encode("gbk")
    assert compile_xpath("//p")(gbk, 1) == ["测试"]
    assert compile_xpath("//Id")(SOAP, 1) == ["7"]
    assert compile_xpath("//*[local-name()='Body']/Id")(SOAP, 1) == ["7"]


@pytest.mark.parametrize("body", [b"", b"{}", b"plain", b"<?xml version='1.0'?><a>", b"<!-- -->", b"<"])
def test_what_is_no_page_has_no_elements(body: bytes) -> None:
    assert compile_xpath("//p")(body, ALL) == compile_css("p")(body, ALL) == []


def test_entities_and_addresses_of_a_hostile_document_are_left_alone() -> None:
    body = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>'
    assert compile_xpath("string(//a)")(body, ALL) == []
    assert compile_xpath("//a")(body, ALL) in ([""], ["&x;"])


NOT_XML = "All strings must be XML compatible: Unicode or ASCII, no NULL bytes or control characters"
NOTHING = (
    "没有写完，请写明要取的内容，例如 //div[@id='a']/text()",
    "not finished; write what to take, such as //div[@id='a']/text()",
)


@pytest.mark.parametrize("expression", ["//li[", "//li[@a=]", "", "li()"])
def test_a_broken_expression_is_refused(expression: str) -> None:
    with pytest.raises(Fault, match="invalid XPath"):
        compile_xpath(expression)(b"<p>", 1)


@pytest.mark.parametrize(
    ("expression", "zh", "en"),
    [
        ("", *NOTHING),
        ("//a/", *NOTHING),
        ("//a[@b='1'", "第 4 个字符处的 [ 没有闭合，请补上 ]", "character 4: this [ is not closed; add ]"),
        ("string(", "第 7 个字符处的 ( 没有闭合，请补上 )", "character 7: this ( is not closed; add )"),
        (
            "//a[@b='1]",
            "第 8 个字符处的引号没有闭合，请补上结尾的引号",
            "character 8: this quote is not closed; add the closing one",
        ),
        ("//数 b", "第 5 个字符处有误（Invalid expression）", "character 5: not understood (Invalid expression)"),
        ("//a['('=li()]", "第 9 个字符处的函数 li() 不存在", "character 9: there is no function li()"),
        (
            "//soap:Body",
            "第 3 个字符处的命名空间前缀 soap 没有定义，请写成 *[local-name()='Body']",
            "character 3: the prefix soap has no namespace; write *[local-name()='Body']",
        ),
        ("//a[@b=$c]", "第 8 个字符处的变量要写成 {{c}}", "character 8: a variable is written {{c}}"),
        (
            "//a\1",
            f"有误（{NOT_XML}）",
            f"not understood ({NOT_XML})",
        ),
        ("contains('a')", "函数的参数个数不对", "a function has too few or too many arguments"),
    ],
)
def test_what_is_said_of_an_expression(expression: str, zh: str, en: str) -> None:
    with pytest.raises(Fault) as refused:
        compile_xpath(expression)
    assert refused.value.problems[0].text == (f"无效的 XPath：{zh}", f"invalid XPath: {en}")


@pytest.mark.parametrize(
    ("selector", "zh", "en"),
    [
        (
            "li >",
            "没有写完，请写明要取的元素，例如 div.price > a",
            "not finished; write the elements to take, such as div.price > a",
        ),
        ("li[", "第 3 个字符处的 [ 没有闭合，请补上 ]", "character 3: this [ is not closed; add ]"),
        ("a:foo", "第 2 个字符处的伪类 foo 不支持", "character 2: foo is not supported here"),
        (
            "a..b",
            "第 3 个字符处有误（Expected ident, got <DELIM '.' at 2>）",
            "character 3: not understood (Expected ident, got <DELIM '.' at 2>)",
        ),
    ],
)
def test_what_is_said_of_a_selector(selector: str, zh: str, en: str) -> None:
    with pytest.raises(Fault) as refused:
        compile_css(selector)
    assert refused.value.problems[0].text == (f"无效的 CSS 选择器：{zh}", f"invalid CSS selector: {en}")


def test_a_broken_selector_is_refused() -> None:
    with pytest.raises(Fault, match="invalid CSS selector"):
        compile_css("li[")


def test_expressions_whose_work_is_bounded_are_recognised() -> None:
    assert all(map(plain_xpath, ["//a[@href='//x/y']/@href", "/html/body/p[last()]", "//p[contains(text(), 'a/b')]"]))
    assert not any(
        map(plain_xpath, ["//a//b", "//a[b/c]", "//a[//b]", "//a[count(b)>1]", "//a/following::b", "//a|//b"])
    )
    assert all(map(plain_css, ["p", "form input[name='a b']", "ul > li.x"]))
    assert not any(map(plain_css, ["a b c", "a ~ b", "a:has(b)", "a, b"]))


@pytest.mark.parametrize(
    ("expression", "body"),
    [
        ("//p", b"<p " + b" ".join(b"a%d" % number for number in range(30_000)) + b">"),
        ("count(//*[count(preceding::*)>3])", b"<ul>" + b"<li>x</li>" * 10_000),
        ("//*[count(//*[count(//*)>1])>1]", b"<ul>" + b"<li>x</li>" * 500),
    ],
    ids=["attributes", "preceding", "nested"],
)
def test_a_hostile_page_holds_the_loop_for_a_moment_only(
    expression: str, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "_worker", BoundedWorker())
    find, began = compile_xpath(expression), time.thread_time()
    with pytest.raises(TooSlow):
        find(body, 1)
    assert time.thread_time() - began < 0.1  # another thread works, and is waited for no longer than its limit
    assert compile_xpath("//b/..")(b"<p>good<b></b></p>", 1) == ["good"]


def test_threads_that_are_stuck_are_few_and_others_are_refused_at_once() -> None:
    worker, gate = BoundedWorker(limit_s=0.01), threading.Event()
    for _ in range(MOST_STUCK):
        with pytest.raises(TooSlow):
            worker.do(gate.wait)
    threads = threading.active_count()
    with pytest.raises(TooSlow):
        worker.do(lambda: 1)
    assert threading.active_count() == threads
    gate.set()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            assert worker.do(lambda: 1) == 1
            break
        except TooSlow:
            time.sleep(0.01)
    else:
        raise AssertionError("the worker did not recover")


def test_what_the_work_raises_is_raised_here() -> None:
    with pytest.raises(ZeroDivisionError):
        BoundedWorker().do(lambda: 1 // 0)
