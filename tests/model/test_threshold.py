"""Each comparison of a threshold, below, at and above its limit."""

from __future__ import annotations

from typing import get_args

import pytest

from perfsvc.model.threshold import Operator
from perfsvc.model.threshold import Threshold

LIMIT = 300.0
HOLDS: dict[str, tuple[bool, bool, bool]] = {
    "<": (True, False, False),
    "<=": (True, True, False),
    ">": (False, False, True),
    ">=": (False, True, True),
    "==": (False, True, False),
    "!=": (True, False, True),
}


def test_every_operator_has_its_case() -> None:
    assert HOLDS.keys() == set(get_args(Operator))


@pytest.mark.parametrize("operator", HOLDS)
def test_a_comparison_at_its_limit_and_beside_it(operator: str) -> None:
    threshold = Threshold.model_validate(f"p95 {operator} {LIMIT:g}")
    assert tuple(threshold.holds(value) for value in (LIMIT - 0.5, LIMIT, LIMIT + 0.5)) == HOLDS[operator]


@pytest.mark.parametrize(
    ("line", "canonical"),
    [
        ("p95 < 300", "p95 < 300"),
        ("p99.99<1.5s", "p99.99 < 1500"),
        ("p42.5 < 20 ms", "p42.5 < 20"),
        ("plan_p95 < 1s", "plan_p95 < 1000"),
        ("plan_avg < 10", "plan_avg < 10"),
        ("error_rate < 1% for 2m", "error_rate < 1 for 120s"),
        ("error_rate < 1 for 10s", "error_rate < 1 for 10s"),
        ("error_rate < 1 for 10 s", "error_rate < 1 for 10s"),
        ("avg < 1s for 1m30s", "avg < 1000 for 90s"),
        ("rps > 200/s", "rps > 200"),
        ("rps > 12000/min", "rps > 200"),
        ("bytes < 10 MB", "bytes < 10000000"),
        ("bytes_received{a} < 64 KiB", "bytes_received{a} < 65536"),
        ("dropped == 0", "dropped == 0"),
        ("late < 10", "late < 10"),
        ('p95{"GET /items/{id}"} < 300', 'p95{"GET /items/{id}"} < 300'),
        (r'p95{"say \"hi\""} < 300', r'p95{"say \"hi\""} < 300'),
        ('p95{"plain"} < 300', "p95{plain} < 300"),
        ("p95{ 首页 } < 0.3s", "p95{首页} < 300"),
        ("p95 ＜ 300", "p95 < 300"),
        ("error_rate ＜＝ １％", "error_rate <= 1"),
    ],
)
def test_a_line_and_how_it_is_written_again(line: str, canonical: str) -> None:
    threshold = Threshold.model_validate(line)
    assert str(threshold) == canonical
    assert Threshold.model_validate(canonical) == threshold


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("p95 300", "invalid threshold"),
        ("p100 < 1", "unknown metric p100"),
        ("p0 < 1", "unknown metric p0"),
        ("speed < 1", "unknown metric speed"),
        ("p95 < 1%", "p95 has no unit %; known are ms, s"),
        ("error_rate < 1 ms", "error_rate has no unit ms; known are %"),
        ("requests > 5 MB", "requests has no unit MB; known are -"),
        ("dropped{a} == 0", "dropped has no steps"),
        ("p95 < 1 for 2h", "1 to 3600 whole seconds"),
        ("p95 < 1 for 0.5s", "1 to 3600 whole seconds"),
        ("p95{a{b}} < 1", "invalid threshold"),
    ],
)
def test_a_line_that_is_refused(line: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Threshold.model_validate(line)
