"""Functions by name: those of the process, and their objects for one run."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from functools import cache
from typing import Any

from perfsvc.errors import Text
from perfsvc.model.functions.families import BUILTIN
from perfsvc.model.functions.function import Function
from perfsvc.model.functions.function import Signature
from perfsvc.model.functions.function import signature_of
from perfsvc.model.nearest import did_you_mean
from perfsvc.model.nearest import nearest
from perfsvc.model.problems import Fault

FAKER = "faker."
_registered: dict[str, type[Function]] = {function.name: function for function in BUILTIN}
_failed: dict[str, Text] = {}
"""Plugins that failed to load, with the cause: any of them may have a function that is missing."""


def register(functions: Iterable[type[Function]], failed: Mapping[str, Text]) -> None:
    """Add the functions of plugins, once, when these are loaded: every template of the process may use them.

    ``failed`` are the plugins that could not be loaded, with the cause.
    """
    _registered.update({function.name: function for function in functions})
    _failed.clear()
    _failed.update(failed)


def registered() -> dict[str, type[Function]]:
    """The functions by name, sorted without regard to case."""
    return {name: _registered[name] for name in sorted(_registered, key=str.lower)}


class Library:
    """The objects of functions for one run, each made when a template first uses it; ``extra`` are functions besides.

    ``on_signed`` takes the name of each function that signs, and what it signs.
    """

    def __init__(
        self, extra: Iterable[type[Function]] = (), on_signed: Callable[[str, Any], None] | None = None
    ) -> None:
        self.on_signed = on_signed
        self._more = {function.name: function for function in extra}
        self._functions: dict[str, tuple[Function, Signature]] = {}

    def get(self, name: str, written: str) -> tuple[Function, Signature]:
        """The function of a name. Raise Fault for an unknown one; the message names the nearest."""
        if name not in self._functions:
            function = self._more.get(name) or _registered.get(name)
            if name.startswith(FAKER):
                function = faker(name.removeprefix(FAKER))
            if function is None:
                raise unknown(name, written)
            self._functions[name] = function(), signature_of(function)
        return self._functions[name]


def unknown(name: str, written: str) -> Fault:
    """No function has this name."""
    meant = nearest(name, _registered)
    zh = f"无法识别的占位符 {{{{{written}}}}}：没有函数 ${name}"
    en = f"unknown placeholder {{{{{written}}}}}: no function ${name}"
    for plugin, cause in _failed.items():
        zh, en = f"{zh}；插件 {plugin} 加载失败：{cause.zh}", f"{en}; the plugin {plugin} failed to load: {cause.en}"
    if meant is not None:
        hint = did_you_mean(f"${meant}")
        return Fault(f"{zh}{hint.zh}", f"{en}{hint.en}")
    if _failed:
        return Fault(zh, en)
    listed = ", ".join(f"${each}" for each in registered())
    return Fault(f"{zh}，可用：{listed}", f"{en}; there are: {listed}")


@cache
def faker(provider: str) -> type[Function]:
    """A provider of Faker as a function without arguments. Raise Fault for one that does not exist."""
    from perfsvc.model.functions.fakes import fake_function  # imported late: it takes 0.2 s that few runs need

    return fake_function(provider)
