"""A fault at a place of a text, and its message."""

from __future__ import annotations

from typing import NamedTuple

from perfsvc.errors import Text


class TextFault(NamedTuple):
    """Line and column, from 1 or 0 where they are not known, and the reason."""

    line: int
    column: int
    text: Text

    def of_kind(self, kind: str) -> Text:
        """Return the message: the text is no YAML, JSON or TOML, where, and why."""
        zh, en = f"（第 {self.line} 行第 {self.column} 列）", f" (line {self.line}, column {self.column})"
        if not self.line:
            zh = en = ""
        return Text(f"不是合法的 {kind}{zh}：{self.text.zh}", f"is not {kind}{en}: {self.text.en}")


def at(text: str, position: int, reason: Text) -> TextFault:
    """Return a fault at a character of a text, from 0."""
    before = text[:position]
    return TextFault(before.count("\n") + 1, position - before.rfind("\n"), reason)


def bracket_not_closed(opening: str, closing: str) -> Text:
    """Return the reason of a bracket without its end."""
    return Text(
        f"括号没有闭合，请补上与 {opening} 对应的 {closing}",
        f"a bracket is not closed; add the {closing} for this {opening}",
    )


def quote_not_closed(quote: str) -> Text:
    """Return the reason of a quote without its end."""
    return Text(f"引号没有闭合，请在文本末尾补上 {quote}", f"a quote is not closed; add {quote} at the end of the text")


def not_allowed(character: str) -> Text:
    """Return the reason of a character that must not be there."""
    code = f"U+{ord(character):04X}"
    return Text(f"含有不允许的字符 {code}，请删去", f"contains the character {code}, which is not allowed; remove it")


def too_many(character: str) -> Text:
    """Return the reason of a closing bracket that was never opened."""
    return Text(f"多了一个 {character}，请删去", f"there is a {character} without its beginning; remove it")


def not_parsed(message: str) -> Text:
    """Return the reason where only the parser's text is known."""
    message = " ".join(message.split())
    return Text(f"无法解析（{message}）", f"cannot be parsed ({message})")


PLACEHOLDER = Text("占位符没有加引号；以 {{ 开头的文本要加引号", "put a text that begins with {{ in quotes")
DIGITS = Text("数字的位数过多；编号等请加双引号", "a number has too many digits; put codes in double quotes")
NOT_UTF8 = Text("编码不是 UTF-8，请转换后再用", "it is not UTF-8; convert it first")
DEEP = Text("嵌套过深", "it is nested too deeply")
