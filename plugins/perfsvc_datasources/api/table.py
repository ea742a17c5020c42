"""Responses to rows."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any
from typing import NamedTuple

import msgspec

from perfsvc.plugin import MISSING
from perfsvc.plugin import DataFailure
from perfsvc.plugin import Row
from perfsvc.plugin import Text
from perfsvc.plugin import compile_path
from perfsvc.plugin import compile_paths
from perfsvc.plugin import not_json
from perfsvc_datasources._columns import MOST_COLUMNS
from perfsvc_datasources._columns import unusable

VALUE = "value"
"""The column of rows that are not objects."""


class Sheet(NamedTuple):
    """A parsed response."""

    document: Any
    rows: list[Row]


class Table:
    """Finds rows, and gives all of them the columns of the first page that has any."""

    def __init__(self, rows: str, columns: Mapping[str, str] | None) -> None:
        self._rows = compile_paths(rows)
        self._paths = {name: compile_path(path) for name, path in (columns or {}).items()}
        self.columns: list[str] = list(self._paths)
        self.warnings: list[Text] = []

    def read(self, body: bytes) -> Sheet:
        """Parse a response. Raises DataFailure. Slow for a large response: not for the loop's thread."""
        try:
            document = msgspec.json.decode(body)
            items = [item for match in self._rows(document) for item in (match if isinstance(match, list) else [match])]
            if items and not self.columns:
                self._take_columns(items)
            return Sheet(document, [self._row(item) for item in items])
        except RecursionError:
            raise DataFailure("响应的 JSON 嵌套过深", "the response's JSON is nested too deeply") from None
        except (msgspec.DecodeError, ValueError) as error:
            reason = not_json(body, error)
            raise DataFailure(f"响应{reason.zh}", f"the response {reason.en}") from None

    def _take_columns(self, items: list[Any]) -> None:
        names = list(dict.fromkeys(name for item in items for name in _keys(item)))
        wrong = set(unusable(names))
        self.columns = [name for name in names if name not in wrong]
        if len(self.columns) > MOST_COLUMNS or not self.columns:
            raise DataFailure(
                f"应有 1 到 {MOST_COLUMNS} 列，请用 columns 指定",
                f"the rows do not have 1 to {MOST_COLUMNS} usable columns; name them with columns",
            )
        if wrong:
            shown = ", ".join(sorted(wrong)[:5])[:300]
            self.warnings.append(
                Text(
                    f"以下列名无法作为变量，已忽略：{shown}",
                    f"ignored columns whose names cannot be variables: {shown}",
                )
            )

    def _row(self, item: Any) -> Row:
        if self._paths:
            return {name: _or_none(get, item) for name, get in self._paths.items()}
        given = item if isinstance(item, dict) else {VALUE: item}
        return {name: given.get(name) for name in self.columns}


def _keys(item: Any) -> Iterable[str]:
    return item if isinstance(item, dict) else (VALUE,)


def _or_none(get: Callable[[Any], Any], item: Any) -> Any:
    value = get(item)
    return None if value is MISSING else value
