"""The beginning of a document keeps every key, and drops later items of lists of objects only."""

from __future__ import annotations

from typing import Any

import pytest

from perfsvc.errors import InvalidInput
from perfsvc.model.beginning import Beginning
from perfsvc.model.problems import MOST_PROBLEMS
from perfsvc.model.scene import SceneSpec


def test_later_objects_are_left_out() -> None:
    beginning = Beginning(5)
    document = {"name": "x", "steps": [{"a": 1}, {"b": 2}, {"c": 3}], "last": [{"d": 4}, {"e": 5}], "flat": [1, 2, 3]}
    assert beginning.of(document) == {"name": "x", "steps": [{"a": 1}], "last": [{"d": 4}], "flat": [1, 2, 3]}
    assert not beginning.complete


def test_a_small_document_is_whole() -> None:
    beginning = Beginning(100)
    assert beginning.of({"steps": [{"a": 1}, {"b": 2}]}) == {"steps": [{"a": 1}, {"b": 2}]}
    assert beginning.complete


@pytest.mark.parametrize("good", [0, 200])
def test_the_first_of_very_many_problems_are_named_where_they_are(good: int) -> None:
    extractor = {"name": "v", "from": "status"}
    step: dict[str, Any] = {"name": "s", "request": {}, "extract": [extractor] * 20}
    bad = {**step, "extract": [{**extractor, "name": 1}] * 20}
    with pytest.raises(InvalidInput) as refused:
        SceneSpec.parse({"name": "x", "steps": [step] * good + [bad] * 250})
    paths = [problem.path for problem in refused.value.problems]
    assert paths[:21] == [f"steps[{good}].extract[{number}].name" for number in range(20)] + [
        f"steps[{good + 1}].extract[0].name"
    ]
    assert len(paths) == MOST_PROBLEMS + 1
