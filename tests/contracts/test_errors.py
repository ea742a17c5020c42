"""The tree of errors is drawn as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from perfsvc import errors
from perfsvc.errors import PerfsvcError

NODE = re.compile(r"(?P<above>(?:│   |    )*)[├└]── (?P<name>\w+) *(?P<status>\d{3})?")


def drawn() -> Iterator[tuple[str, str, int | None]]:
    """Each error of the module's docstring: its name, the name of its base class, its status where it has one."""
    path = [PerfsvcError.__name__]
    for node in NODE.finditer(errors.__doc__ or ""):
        depth = len(node["above"]) // 4 + 1
        path[depth:] = [node["name"]]
        yield node["name"], path[depth - 1], node["status"] and int(node["status"])


def existing(above: type[PerfsvcError] = PerfsvcError) -> Iterator[tuple[str, str, int]]:
    for error in (each for each in above.__subclasses__() if each.__module__ == errors.__name__):
        yield error.__name__, above.__name__, error.status
        yield from existing(error)


def test_the_tree_of_errors_has_every_class_below_its_base() -> None:
    assert sorted((name, base) for name, base, _ in drawn()) == sorted((name, base) for name, base, _ in existing())


def test_the_tree_of_errors_has_the_status_of_every_response() -> None:
    of_class = {PerfsvcError.__name__: PerfsvcError.status} | {name: status for name, _, status in existing()}
    shown = {name: of_class[base] if status is None else status for name, base, status in drawn()}
    assert shown == {name: of_class[name] for name in shown}
