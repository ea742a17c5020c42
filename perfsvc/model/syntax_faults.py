"""Faults of expressions of users: JSONPath, XPath, CSS selectors, regular expressions. Place, reason, what to do."""

from __future__ import annotations

from perfsvc.errors import Text
from perfsvc.model.problems import Fault

CLOSING = {"(": ")", "[": "]", "{": "}"}


def expression_fault(language: Text, reason: Text, at: int | None = None) -> Fault:
    """Return the fault of an expression in ``language`` at a character, from 0; None where the place is not known."""
    zh, en = ("", "") if at is None else (f"第 {at + 1} 个字符处", f"character {at + 1}: ")
    return Fault(f"无效的{language.zh}：{zh}{reason.zh}", f"invalid {language.en}: {en}{reason.en}")


def not_understood(message: str) -> Text:
    """Return the reason where only the parser's text is known."""
    message = " ".join(message.split())
    return Text(f"有误（{message}）", f"not understood ({message})")


def unbalanced(expression: str) -> tuple[int, Text] | None:
    """Return the place and the reason of a quote or bracket without its counterpart; what is in quotes is skipped."""
    opened: list[int] = []
    quote = -1
    for at, character in enumerate(expression):
        if quote >= 0:
            quote = -1 if character == expression[quote] else quote
        elif character in "'\"":
            quote = at
        elif character in CLOSING:
            opened.append(at)
        elif character in CLOSING.values():
            if not opened:
                return at, Text(f"多了一个 {character}，请删去", f"there is a {character} too many; remove it")
            if character != CLOSING[expression[opened[-1]]]:
                return opened[-1], _not_closed(expression[opened[-1]])
            opened.pop()
    if quote >= 0:
        return quote, Text("的引号没有闭合，请补上结尾的引号", "this quote is not closed; add the closing one")
    return (opened[-1], _not_closed(expression[opened[-1]])) if opened else None


def _not_closed(bracket: str) -> Text:
    closing = CLOSING[bracket]
    return Text(f"的 {bracket} 没有闭合，请补上 {closing}", f"this {bracket} is not closed; add {closing}")
