"""Functions of a virtual user's identity, and counters."""

from __future__ import annotations

from typing import Any
from typing import ClassVar

from perfsvc.errors import Text
from perfsvc.model.functions.function import Function
from perfsvc.model.functions.function import Unknown
from perfsvc.model.problems import Fault

SCOPES = ("user", "run")


class Vu(Function):
    """The number of the virtual user."""

    name = "vu"
    title = Text("虚拟用户编号，从 1 起", "Number of the virtual user, from 1")
    examples: ClassVar[tuple[str, ...]] = ("$vu",)

    def call(self, scope: Any) -> int:
        return scope.vu  # type: ignore[no-any-return]


class Iteration(Function):
    """The number of the user's iteration."""

    name = "iteration"
    title = Text("该用户的迭代序号", "Number of the user's iteration")
    examples: ClassVar[tuple[str, ...]] = ("$iteration",)

    def call(self, scope: Any) -> int:
        return scope.iteration  # type: ignore[no-any-return]


class Counter(Function):
    """Counts from 1, for each user or for the run; on many processes each counts by itself.

    Counters of different names count apart, those of one name together.
    """

    name = "counter"
    title = Text('计数器，从 1 起：按 "user" 或 "run"', 'Counter from 1, per "user" or "run", optionally by name')
    examples: ClassVar[tuple[str, ...]] = ("$counter", '$counter("run")', '$counter("run", "orders")')

    def __init__(self) -> None:
        self._counts: dict[tuple[int, str], int] = {}

    def check(self, per: Any = "user", name: Any = "") -> None:
        if not isinstance(per, Unknown) and per not in SCOPES:
            raise Fault('第一个参数应为 "user" 或 "run"', 'the first argument must be "user" or "run"')

    def call(self, scope: Any, per: str = "user", name: str = "") -> int:
        self.check(per)
        key = (scope.vu if per == "user" else -1, name)
        count = self._counts[key] = self._counts.get(key, 0) + 1
        return count


FUNCTIONS: tuple[type[Function], ...] = (Vu, Iteration, Counter)
