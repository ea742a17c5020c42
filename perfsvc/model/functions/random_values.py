"""Random values. All are drawn from the user's own generator, so that they repeat with the run's seed."""

from __future__ import annotations

import string
import uuid
from typing import Any
from typing import ClassVar

from perfsvc.errors import Text
from perfsvc.model.functions.function import Function
from perfsvc.model.functions.function import Unknown
from perfsvc.model.problems import Fault

MOST_CHARACTERS = 100_000
ALPHANUMERIC = string.ascii_letters + string.digits


class Uuid(Function):
    """A random UUID."""

    name = "uuid"
    title = Text("随机 UUID", "A random UUID")
    examples: ClassVar[tuple[str, ...]] = ("$uuid",)

    def call(self, scope: Any) -> str:
        return str(uuid.UUID(int=scope.random.getrandbits(128), version=4))


class RandomInt(Function):
    """A whole number, both ends included."""

    name = "randomInt"
    title = Text("随机整数，含两端", "A random whole number, both ends included")
    examples: ClassVar[tuple[str, ...]] = ("$randomInt(1, 9)",)

    def check(self, low: Any, high: Any) -> None:
        if not isinstance(low, Unknown) and not isinstance(high, Unknown) and low > high:
            raise Fault("下限大于上限", "the lower bound exceeds the upper one")

    def call(self, scope: Any, low: int, high: int) -> int:
        return scope.random.randint(low, high)  # type: ignore[no-any-return]


class RandomString(Function):
    """Characters drawn from an alphabet."""

    name = "randomString"
    title = Text("随机字符串：长度，可选字符集", "Random characters: how many, and optionally from which")
    examples: ClassVar[tuple[str, ...]] = ("$randomString(16)", '$randomString(6, "0123456789")')

    def check(self, length: Any, alphabet: Any = ALPHANUMERIC) -> None:
        if not isinstance(length, Unknown) and not 0 <= length <= MOST_CHARACTERS:
            raise Fault(f"长度应为 0 到 {MOST_CHARACTERS}", f"the length must be from 0 to {MOST_CHARACTERS}")
        if not isinstance(alphabet, Unknown) and not alphabet:
            raise Fault("字符集为空", "the alphabet is empty")

    def call(self, scope: Any, length: int, alphabet: str = ALPHANUMERIC) -> str:
        self.check(length, alphabet)
        return "".join(scope.random.choices(alphabet, k=length))


class RandomItem(Function):
    """An item of a list, or one of several arguments."""

    name = "randomItem"
    title = Text("列表变量或多个参数中的随机一项", "A random item of a list, or one of several arguments")
    examples: ClassVar[tuple[str, ...]] = ('$randomItem("red", "green")',)

    def check(self, first: Any, *more: Any) -> None:
        if not more and not isinstance(first, Unknown):
            _list_of(first)

    def call(self, scope: Any, first: Any, *more: Any) -> Any:
        return scope.random.choice((first, *more) if more else _list_of(first))


def _list_of(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Fault("需要列表变量或多个参数", "needs a variable that holds a list, or several arguments")
    if not value:
        raise Fault("列表为空", "the list is empty")
    return value


FUNCTIONS: tuple[type[Function], ...] = (Uuid, RandomInt, RandomString, RandomItem)
