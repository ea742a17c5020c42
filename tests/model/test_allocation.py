"""How rows may be dealt out, and what contradicts itself."""

from __future__ import annotations

from typing import Any

import pytest

from perfsvc.errors import InvalidInput
from perfsvc.model.config import PlanConfig
from perfsvc.model.data import Allocation
from perfsvc.model.data import split_config


@pytest.mark.parametrize(
    ("given", "ending", "ends_the_run"),
    [
        ({}, "recycle", False),
        ({"unique": True}, "stop_run", True),
        ({"at_end": "hold"}, "hold", False),
        ({"at_end": "stop_vu"}, "stop_vu", True),
        ({"at_end": "stop_vu", "scope": "vu"}, "stop_vu", False),
        ({"unique": True, "scope": "vu"}, "stop_run", True),
        ({"order": "random"}, "recycle", False),
    ],
)
def test_what_is_left_open_follows(given: dict[str, Any], ending: str, ends_the_run: bool) -> None:
    allocation = Allocation.parse(given)
    assert (allocation.ending, allocation.ends_the_run) == (ending, ends_the_run)


@pytest.mark.parametrize(
    ("given", "paths"),
    [
        ({"unique": True, "order": "random"}, ["order"]),
        ({"unique": True, "scope": "run"}, ["scope"]),
        ({"unique": True, "at_end": "recycle"}, ["at_end"]),
        ({"unique": True, "at_end": "hold"}, ["at_end"]),
        ({"unique": True, "on_failure": "recycle", "at_end": "hold"}, ["at_end", "on_failure"]),
        ({"order": "random", "at_end": "stop_vu"}, ["at_end"]),
        ({"order": "sideways"}, ["order"]),
        ({"unique": 1}, ["unique"]),
    ],
)
def test_contradictions_are_reported_by_path_in_both_languages(given: dict[str, Any], paths: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        PlanConfig.parse({"concurrent_users": 1, "data_config": {"file": "x", **given}}, "config")
    problems = caught.value.problems
    assert [problem.path for problem in problems] == [f"config.data_config.{path}" for path in paths]
    assert all(problem.text.zh != problem.text.en for problem in problems)


def test_the_keys_of_the_source_are_left_to_it() -> None:
    assert split_config({"file": "a.csv", "unique": True}) == ({"unique": True}, {"file": "a.csv"})
