"""Documents with very many mistakes."""

from __future__ import annotations

import time

import pytest

from perfsvc.errors import InvalidInput
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.problems import MOST_PROBLEMS
from perfsvc.service.trials import TrialForm


class Form(Spec):
    name: str = titled("名称", "Name")
    items: tuple[int, ...] = titled("列表", "Items", default=(), min_length=1)


def test_many_unknown_keys_cost_linear_time_and_end_after_a_hundred() -> None:
    began = time.process_time()
    with pytest.raises(InvalidInput) as raised:
        Form.parse({f"key{number}": 1 for number in range(16_000)})
    assert time.process_time() - began < 2
    problems = raised.value.problems
    assert len(problems) == MOST_PROBLEMS + 1
    assert problems[-1].text.en == "more than 100 problems; the rest are not listed"


def test_a_list_is_not_blamed_beside_its_items() -> None:
    with pytest.raises(InvalidInput) as raised:
        Form.parse({"name": "a", "items": ["x", "y"]})
    assert [problem.path for problem in raised.value.problems] == ["items[0]", "items[1]"]


def test_a_key_of_an_object_in_a_body_is_placed_there() -> None:
    with pytest.raises(InvalidInput) as caught:
        TrialForm.parse({"project_id": 1, "steps": []})
    (problem, *_) = [each for each in caught.value.problems if each.path == "steps"]
    assert problem.text == (
        "此处没有这个字段，steps 应写在 scene 下",
        "is not a known key here; steps belongs under scene",
    )
