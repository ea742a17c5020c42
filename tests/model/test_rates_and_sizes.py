"""Rates and sizes as users write them and as they are stored."""

from __future__ import annotations

import re

import pytest

from perfsvc.errors import InvalidInput
from perfsvc.model import rate
from perfsvc.model import size
from perfsvc.model.config import PlanConfig
from perfsvc.model.load import Stage
from perfsvc.model.problems import Fault
from perfsvc.model.profile import load_of
from perfsvc.model.rate import per_second_of
from perfsvc.model.size import bytes_of

RATES = {
    "200": 200,
    "0.5": 0.5,
    "200/s": 200,
    "12000/min": 200,
    "12000 / min": 200,
    "12000/m": 200,
    "6000/m": 100,
    "7200/h": 2,
}
SIZES = {
    "2048": 2048, "2048 B": 2048, "10 KB": 10_000, "10kb": 10_000, "1.5 MB": 1_500_000, "1 GB": 10**9,
    "64 KiB": 65_536, "2MiB": 2 * 2**20, "1 GiB": 2**30,
}  # fmt: skip


@pytest.mark.parametrize(("text", "value"), RATES.items())
def test_rates(text: str, value: float) -> None:
    assert per_second_of(text) == value
    assert re.match(rate.PATTERN, text)


@pytest.mark.parametrize("text", ["", "x", "200/ms", "200/d", "-1", "1e3", "200 s", "9" * 50])
def test_what_is_no_rate(text: str) -> None:
    with pytest.raises(Fault, match="not a rate"):
        per_second_of(text)


@pytest.mark.parametrize(("text", "value"), SIZES.items())
def test_sizes(text: str, value: int) -> None:
    assert bytes_of(text) == value
    assert re.match(size.PATTERN, text)


@pytest.mark.parametrize("text", ["", "x", "10 TB", "-1", "1e3", "10 K", "9" * 50])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(Fault, match="not a size"):
        bytes_of(text)


@pytest.mark.parametrize(
    ("given", "stored"), [(200, 200), ("200/s", 200), ("90/min", 1.5), ({"min": "60/min", "max": 5}, None)]
)
def test_a_plan_keeps_a_rate_as_a_number(given: object, stored: float | None) -> None:
    mode = {"test_mode": "adaptive", "adaptive_target": {"metric": "p95", "target": 1}} if stored is None else {}
    config = PlanConfig.parse({"concurrent_users": 1, "execution_config": {"arrival_rate": given}, **mode})
    kept = config.model_dump(mode="json")["execution_config"]["arrival_rate"]
    assert kept == ({"min": 1, "max": 5} if stored is None else stored)


def test_stages_of_a_rate_take_the_same_grammar() -> None:
    stages = [{"duration": "1m", "target": "6000/m"}, {"duration": 2, "target": "0/s"}, {"duration": 2, "target": 7}]
    config = PlanConfig.parse({"execution_config": {"arrival_rate": stages}})
    assert load_of(config).stages == tuple(
        Stage(duration=duration, target=target) for duration, target in ((60, 100), (2, 0), (2, 7))
    )
    kept = config.model_dump(mode="json")["execution_config"]["arrival_rate"]
    assert [each["target"] for each in kept] == [100, 0, 7]
    with pytest.raises(InvalidInput, match=r"stages\[0\].target: 6000/m is a rate of arrivals"):
        PlanConfig.parse({"concurrent_users": 1, "execution_config": {"stages": stages}})


@pytest.mark.parametrize(("given", "message"), [("0/s", "must be greater than 0"), ("fast", "not a rate: fast")])
def test_a_rate_that_is_refused(given: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        PlanConfig.parse({"concurrent_users": 1, "execution_config": {"arrival_rate": given}})


@pytest.mark.parametrize("written", ["100/s", "6000 / min"])
def test_a_rate_in_a_stage_of_users_is_reported_where_rates_belong(written: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        PlanConfig.parse({"concurrent_users": 5, "execution_config": {"stages": [{"duration": 5, "target": written}]}})
    (problem,) = caught.value.problems
    instead = f"arrival_rate: [{{duration: 30, target: {written}}}]"
    assert problem.path == "execution_config.stages[0].target"
    assert problem.text.en.endswith(f"write the stages under arrival_rate: {instead}")
    assert problem.text.zh.endswith(f"请在 arrival_rate 中写阶段：{instead}")
    assert PlanConfig.parse({"execution_config": {"arrival_rate": [{"duration": 30, "target": written}]}})


def test_other_texts_in_a_stage_are_not_called_rates() -> None:
    with pytest.raises(InvalidInput) as caught:
        PlanConfig.parse({"concurrent_users": 5, "execution_config": {"stages": [{"duration": 5, "target": "many"}]}})
    assert [problem.text.en for problem in caught.value.problems] == ["must be a number"]
