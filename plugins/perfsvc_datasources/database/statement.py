"""Validation of queries: one SELECT without side effects, by a parser for the dialect.

This is the first of three walls. The second is the session, in which the database itself refuses to write; the third
is the account, which should have no more rights than reading needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from typing import Any

from perfsvc.plugin import InvalidInput

DIALECTS = {"sqlite": "sqlite", "mysql": "mysql", "mariadb": "mysql", "postgresql": "postgres"}

OPENINGS = ("SELECT", "WITH", "(")

FORBIDDEN_FUNCTIONS = re.compile(
    r"load_file|sleep|benchmark|(get|is_free|is_used|release|release_all)_locks?|sys_(exec|eval|get|set)|master_\w+|nextval|setval|lastval"
    r"|pg_\w*(read|ls|stat|write|file|sleep|lock|terminate|cancel|reload|rotate|logfile|switch|backup|promote|notify)\w*"
    r"|lo_\w+|dblink\w*|(query|table|database|schema|cursor)_to_xml\w*|set_config|copy_\w+"
    r"|load_extension|readfile|writefile|edit|fts3_tokenizer|zipfile|fsdir",
    re.IGNORECASE,
)
"""Functions that reach files, other servers or other sessions, or only pass the time."""


def checked(query: str, kind: str) -> str:
    """Return the query without its final semicolon. Raises InvalidInput unless it is a SELECT without side effects."""
    from sqlglot.errors import SqlglotError  # imported late: it takes a while that few runs need

    try:
        statement = query.strip().removesuffix(";").rstrip()
        _check_tokens(_tokens(statement, DIALECTS[kind]))
        _check_tree(statement, DIALECTS[kind])
    except SqlglotError as error:
        cause = _plain(str(error))
        raise refusal(f"无法解析：{cause}", f"cannot be parsed: {cause}") from None
    except RecursionError:
        raise refusal("嵌套过深", "is nested too deeply") from None
    return statement


def refusal(zh: str, en: str) -> InvalidInput:
    """Return the error for an invalid query."""
    return InvalidInput.at("query", zh, en)


def _tokens(statement: str, dialect: str) -> list[Any]:
    from sqlglot.dialects.dialect import Dialect

    return list(Dialect.get_or_raise(dialect).tokenize(statement))


def _check_tokens(tokens: list[Any]) -> None:
    if not tokens or tokens[0].text.upper() not in OPENINGS:
        raise refusal("应为一条 SELECT 语句", "must be one SELECT")
    if any(token.comments for token in tokens):
        # Databases take parts of some comments for code: /*! … */ of MySQL and MariaDB.
        raise refusal("不能包含注释", "must not contain comments")
    for name, following in pairwise(tokens):
        if following.text == "(" and FORBIDDEN_FUNCTIONS.fullmatch(name.text):
            raise refusal(f"不允许使用函数 {name.text}", f"must not use the function {name.text}")


def _check_tree(statement: str, dialect: str) -> None:
    from sqlglot import exp
    from sqlglot import parse

    statements = parse(statement, read=dialect)
    if len(statements) != 1:
        raise refusal("只能有一条语句", "must be one statement")
    tree = statements[0]
    if not isinstance(tree, exp.Query):
        raise refusal("应为一条 SELECT 语句", "must be one SELECT")
    refused = _refused_parts()
    for node in tree.walk():
        if isinstance(node, refused):
            what = type(node).__name__.upper()
            raise refusal(f"不允许使用 {what}", f"must not hold {what}")


@cache
def _refused_parts() -> tuple[type[Any], ...]:
    """Node types that write, lock or control, anywhere in a query."""
    from sqlglot import exp

    return (exp.Into, exp.Lock, exp.DML, exp.DDL, exp.Drop, exp.Alter, exp.Command, exp.Hint, exp.Set, exp.Copy)


def _plain(message: str) -> str:
    """A parser's message on one line, without its colours."""
    return re.sub(r"\x1b\[\d+m", "", message).strip().splitlines()[0][:200]


def check_columns(names: Iterable[str]) -> list[str]:
    """Return the names of the columns. Raises InvalidInput for two of one name, or one that no step can write."""
    from perfsvc_datasources._columns import unusable

    listed = list(names)
    wrong = unusable(listed)
    if wrong:
        shown = ", ".join(name[:100] for name in wrong[:5])
        raise refusal(
            f"列名无法作为变量，请用 AS 命名：{shown}", f"these column names cannot be variables, use AS: {shown}"
        )
    twice = sorted({name for name in listed if listed.count(name) > 1})
    if twice:
        raise refusal(f"列名重复：{', '.join(twice)}", f"columns of the same name: {', '.join(twice)}")
    return listed
