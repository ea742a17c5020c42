"""User options: ``data_config`` of a database source."""

from __future__ import annotations

from pydantic import field_validator

from perfsvc.plugin import Fault
from perfsvc.plugin import Spec
from perfsvc.plugin import titled


class Options(Spec):
    """A query over one of the environment's connections."""

    connection: str = titled(
        "数据库连接",
        "Connection",
        min_length=1,
        max_length=100,
        about=("测试环境中数据库连接的名称。", "Its name in the environment."),
        examples=["orders"],
    )
    query: str = titled(
        "查询语句",
        "Query",
        min_length=1,
        max_length=20_000,
        about=("一条 SELECT 语句。", "One SELECT."),
        examples=["SELECT username, password FROM accounts WHERE active = 1"],
    )
    statement_timeout: float = titled(
        "语句时限（秒）",
        "Statement time limit, s",
        default=30.0,
        ge=0.1,
        le=3600,
        about=("整个查询的时限，从开始到最后一行。", "For the whole query, from its start to its last row."),
    )
    fetch_size: int = titled("每次读取行数", "Rows read at a time", default=1000, ge=1, le=10_000)

    @field_validator("query")
    @classmethod
    def _readable(cls, value: str) -> str:
        if "\0" in value:
            raise Fault("不能包含 NUL 字符", "must not contain NUL characters")
        return value
