"""Paths of problems are in the user's words, whatever pydantic calls the place."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import field_validator

from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem
from perfsvc.errors import Text
from perfsvc.model.base import Many
from perfsvc.model.base import Spec
from perfsvc.model.problems import Fault


class Inner(Spec):
    size: int


class Outer(Spec):
    file: int | str = ""
    words: str | Many[str | int] = ""
    inner: Inner | None = None
    names: Many[str] = ()

    @field_validator("names")
    @classmethod
    def _short(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        long = [number for number, name in enumerate(value) if len(name) > 3]
        if long:
            raise Fault.all([Problem(f"[{number}]", Text("太长", "is too long")) for number in long])
        return value


@pytest.mark.parametrize(
    ("document", "paths"),
    [
        ({"file": True}, ["file", "file"]),
        ({"words": ["a", [1]]}, ["words[1]", "words[1]"]),
        ({"words": None}, ["words", "words"]),
        ({"inner": {"size": "a", "more": 1}}, ["inner.size", "inner.more"]),
        ({"inner": 5}, ["inner"]),
        ({"names": ["a", "long", "longer"]}, ["names[1]", "names[2]"]),
        ({"nmaes": []}, ["nmaes"]),
    ],
)
def test_paths(document: dict[str, Any], paths: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        Outer.parse(document)
    assert [problem.path for problem in caught.value.problems] == paths
