"""What is wrong with an XPath or a CSS selector, by what libxml2 and cssselect say of it."""

from __future__ import annotations

import re
from typing import Any

from perfsvc.errors import Text
from perfsvc.model.problems import Fault
from perfsvc.model.syntax_faults import expression_fault
from perfsvc.model.syntax_faults import not_understood
from perfsvc.model.syntax_faults import unbalanced

XPATH = Text(" XPath", "XPath")
CSS = Text(" CSS 选择器", "CSS selector")
PREFIX = re.compile(r"([A-Za-z_][\w.-]*):(?!:)([\w.*-]+)")
VARIABLE = re.compile(r"\$[A-Za-z_][\w.-]*")
PLACE = re.compile(r"at (\d+)>?$")
UNFINISHED_XPATH = Text(
    "没有写完，请写明要取的内容，例如 //div[@id='a']/text()",
    "not finished; write what to take, such as //div[@id='a']/text()",
)
UNFINISHED_CSS = Text(
    "没有写完，请写明要取的元素，例如 div.price > a", "not finished; write the elements to take, such as div.price > a"
)
ARGUMENTS = {
    "XPATH_INVALID_ARITY": Text("函数的参数个数不对", "a function has too few or too many arguments"),
    "XPATH_INVALID_TYPE": Text(
        "函数或比较的参数类型不对，例如 count() 和 sum() 只接受路径",
        "a function has an argument of a wrong type; count() and sum(), say, take paths only",
    ),
}


def unbalanced_fault(expression: str, language: Text) -> Fault | None:
    """Return the fault of a quote or bracket without its counterpart."""
    found = unbalanced(expression)
    return expression_fault(language, found[1], found[0]) if found else None


def unknown_function(name: str, bare: str) -> Fault:
    """Return the fault of a function that XPath 1.0 does not have; ``bare`` is the expression without its literals."""
    match = re.search(rf"(?<![\w-]){re.escape(name)}\s*\(", bare)
    reason = Text(f"的函数 {name}() 不存在", f"there is no function {name}()")
    return expression_fault(XPATH, reason, match.start() if match else None)


def variable_fault(bare: str) -> Fault | None:
    """Return the fault of a variable of XPath, which never has a value."""
    match = VARIABLE.search(bare)
    if match is None:
        return None
    name = match[0][1:]
    reason = Text(f"的变量要写成 {{{{{name}}}}}", f"a variable is written {{{{{name}}}}}")
    return expression_fault(XPATH, reason, match.start())


def xpath_fault(expression: str, bare: str, error: Any) -> Fault:
    """Return the fault of an expression that libxml2 refuses; ``bare`` is the expression without its literals."""
    entry = next(iter(getattr(error, "error_log", ())), None)
    kind, column = (entry.type_name, entry.column) if entry else ("", 0)
    at = len(expression.encode()[:column].decode(errors="ignore"))
    if not expression.strip() or at >= len(expression):
        return expression_fault(XPATH, UNFINISHED_XPATH)
    if kind == "XPATH_UNDEF_PREFIX_ERROR" and (match := PREFIX.search(bare)):
        zh = f"的命名空间前缀 {match[1]} 没有定义，请写成 *[local-name()='{match[2]}']"
        en = f"the prefix {match[1]} has no namespace; write *[local-name()='{match[2]}']"
        return expression_fault(XPATH, Text(zh, en), match.start())
    return expression_fault(XPATH, ARGUMENTS.get(kind) or not_understood(str(error)), at or None)


def css_fault(selector: str, error: Exception) -> Fault:
    """Return the fault of a selector that cssselect refuses."""
    message = str(error)
    place = PLACE.search(message)
    if "<EOF" in message:
        return expression_fault(CSS, UNFINISHED_CSS)
    if match := re.search(r"pseudo-(?:class|element) :*([\w-]+)", message):
        reason = Text(f"的伪类 {match[1]} 不支持", f"{match[1]} is not supported here")
        at = selector.find(f":{match[1]}")
        return expression_fault(CSS, reason, at if at >= 0 else None)
    return expression_fault(CSS, not_understood(message), int(place[1]) if place else None)
