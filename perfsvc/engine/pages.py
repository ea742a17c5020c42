"""HTML and XML bodies: parsed once for each reply, looked through by XPath and CSS selectors within bounded time.

Small pages are looked through at once by expressions whose work is bounded. Everything else is done by a thread of its
own for which the event loop waits at most a tenth of a second: both the target and the author of an expression can make
libxml2 work for hours.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from perfsvc.engine.bounded_work import BoundedWorker
from perfsvc.engine.reply_values import Latest
from perfsvc.engine.selector_faults import CSS
from perfsvc.engine.selector_faults import XPATH
from perfsvc.engine.selector_faults import css_fault
from perfsvc.engine.selector_faults import unbalanced_fault
from perfsvc.engine.selector_faults import unknown_function
from perfsvc.engine.selector_faults import variable_fault
from perfsvc.engine.selector_faults import xpath_fault

MOST_BYTES = 4_000_000
"""Of a page; a larger one has no elements."""
SMALL_BYTES = 16_384
"""Of a page that is parsed at once: the worst that fits in it takes some 30 ms."""
MOST_NESTED = 2
MOST_CHARACTERS = 10_000_000
"""Of all texts found, since elements within others repeat theirs."""

QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
BOUNDED_CALLS = frozenset(
    """
    text node last position not contains starts-with normalize-space local-name name string string-length
    substring-before substring-after true false and or div mod
    """.split()  # noqa: SIM905 - shorter than a list
)
OTHER_CALLS = frozenset(
    """
    count sum floor ceiling round number boolean concat substring translate id lang comment namespace-uri
    processing-instruction
    """.split()  # noqa: SIM905
)
CALL = re.compile(r"([A-Za-z][\w-]*)\s*\(")

Find = Callable[[bytes, int], list[Any]]
"""The first so many values in a page, in order: texts, numbers or truth. Raises TooSlow."""

_worker = BoundedWorker()


def compile_xpath(expression: str) -> Find:
    """Compile an XPath 1.0 expression. Raise Fault."""
    from lxml import etree  # imported late: few scenes look at pages

    bare = QUOTED.sub(lambda literal: "'" * len(literal[0]), expression)
    if fault := unbalanced_fault(expression, XPATH) or variable_fault(bare):
        raise fault
    if unknown := set(CALL.findall(bare)) - BOUNDED_CALLS - OTHER_CALLS:
        raise unknown_function(min(unknown), bare)
    try:
        made = [etree.XPath(expression, regexp=False, smart_strings=False) for _ in range(2)]
        made[0](etree.Element("p"))  # prefixes without a namespace are found only now
    except (etree.XPathError, ValueError) as error:  # ValueError: a character that XML does not have
        raise xpath_fault(expression, bare, error) from None
    return _finder(made, plain_xpath(expression), None)


def compile_css(selector: str, attribute: str | None = None) -> Find:
    """Compile a CSS selector. Raise Fault."""
    from cssselect import SelectorError
    from lxml import etree
    from lxml.cssselect import CSSSelector

    try:
        made = [CSSSelector(selector) for _ in range(2)]
    except (SelectorError, etree.XPathSyntaxError, RecursionError, ValueError) as error:
        raise unbalanced_fault(selector, CSS) or css_fault(selector, error) from None
    return _finder(made, plain_css(selector), attribute)


def plain_xpath(expression: str) -> bool:
    """Whether the work of an expression grows no faster than the page: one ``//``, and no paths in conditions."""
    bare = QUOTED.sub("''", expression)
    if "::" in bare or "|" in bare or bare.count("//") > 1 or bare.count("(") > 10:
        return False
    if any(name not in BOUNDED_CALLS for name in CALL.findall(bare)):
        return False
    depth = 0
    for character in bare:
        depth += (character == "[") - (character == "]")
        if depth > 1 or (depth and character in "/*"):
            return False
    return True


def plain_css(selector: str) -> bool:
    """Whether the work of a selector is bounded: at most one element within another, no siblings, no functions."""
    parts = re.split(r"\s*>\s*|\s+", QUOTED.sub("", selector).strip())
    return len(parts) <= MOST_NESTED and not any(mark in part for part in parts for mark in "+~,:")


def is_page(body: bytes) -> bool:
    """Whether anything of a body is an element."""
    return b"<" in body[:MOST_BYTES]


def _finder(compiled: list[Any], plain: bool, attribute: str | None) -> Find:
    here, apart = compiled  # an expression is locked while it works, so the thread has one of its own

    def find(body: bytes, most: int) -> list[Any]:
        if plain and len(body) <= SMALL_BYTES:
            return values_of(_evaluated(here, _pages.of(body)), attribute, most)
        if len(body) > MOST_BYTES:
            return []
        return _worker.do(lambda: values_of(_evaluated(apart, _large_pages.of(body)), attribute, most))

    return find


def _evaluated(expression: Any, page: Any) -> Any:
    return [] if page is None else expression(page)


def parsed(body: bytes) -> Any:
    """The root of a page, or None where there is no element."""
    from lxml import etree

    start = body[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not is_page(body):
        return None
    try:
        if start.startswith(b"<?xml") and b"<html" not in start:
            return etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
        return etree.fromstring(body, etree.HTMLParser(encoding=encoding_of(body), no_network=True))
    except (etree.ParserError, etree.XMLSyntaxError):
        return None


def encoding_of(body: bytes) -> str | None:
    """UTF-8 where the body is that; else None, and the page itself names its encoding."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return None
    return "utf-8"


_pages: Latest[Any] = Latest(parsed)
_large_pages: Latest[Any] = Latest(parsed)


def values_of(found: Any, attribute: str | None, most: int) -> list[Any]:
    """What was found as texts, numbers or truth; at most ``most`` values and MOST_CHARACTERS."""
    if not isinstance(found, list):
        return [found] if found != "" else []
    values: list[Any] = []
    left = MOST_CHARACTERS
    for each in found:
        value = each if isinstance(each, str) else _value(each, attribute)
        if value is None:
            continue
        left -= len(value)
        if left < 0 or len(values) == most:
            break
        values.append(value)
    return values


def _value(element: Any, attribute: str | None) -> str | None:
    if attribute is not None:
        found: str | None = element.get(attribute)
        return found
    return "".join(element.itertext()).strip() if hasattr(element, "itertext") else str(element)
