"""Load as arrivals, ends by count, and what the summary says of plans, searches and a generator at its limit."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from perfsvc.cli.commands import make_parser
from perfsvc.cli.plan_loader import read_source
from perfsvc.cli.summary import show_report
from perfsvc.model.planfile import PlanFile
from tests.cli.conftest import Command
from tests.cli.conftest import Report
from tests.support.shop import Shop

URL = "http://127.0.0.1:1/"
OPEN_LINE = re.compile(
    r" +\d+\.\d/2 s  (planned 100/s  )?users \d+  req/s \d+  p95 (-|[\d.]+) ms  errors 0 \(0\.0 %\)"
    r"(  from plan p95 [\d.]+ ms)?  dropped \d+  late \d+"
)
ROW = {"seconds": 2, "requests": 40, "errors": 0, "error_rate": 0.0, "rps": 20.0}
ROW |= {"avg": 1.0, "p50": 1.0, "p95": 2.0, "p99": None}
BREAKING: dict[str, Any] = {
    "mode": "error_rate",
    "variable": "arrival_rate",
    "value": 490,
    "low": 490,
    "high": 510,
    "threshold": 1.0,
    "evidence": [],
}
BREAKING |= {"recovered": True, "at_least": False, "complete": True}
HELD: dict[str, Any] = {
    "mode": "adaptive",
    "variable": "vus",
    "value": 12.5,
    "low": 11,
    "high": 14,
    "in_band": 85.0,
    "on_target": True,
    "held": 198.2,
    "metric": "p95",
}
HELD |= {"target": 200.0, "evidence": [], "recovered": None, "complete": True}
STEPS: dict[str, Any] = {
    "mode": "step",
    "variable": "vus",
    "value": 20,
    "low": 10,
    "high": 30,
    "evidence": [],
    "recovered": None,
}
NOTHING = {"value": None, "low": None, "high": None}
SEARCHES: list[tuple[dict[str, Any], str, str]] = [
    (
        BREAKING,
        "breaking point 500 ± 10 (490 – 510) arrivals/s; the target recovered",
        "极限 500 ± 10 (490 – 510) 次到达/秒；降低负载后恢复",
    ),
    (
        BREAKING | {"variable": "vus", "recovered": False, "at_least": True, "complete": False},
        "breaking point at least 490 virtual users; the target did not recover; the search was not finished",
        "极限至少为 490 个虚拟用户；降低负载后未恢复；搜索未完成",
    ),
    (
        BREAKING | NOTHING | {"recovered": None},
        "no load had an error rate of 1 % or less",
        "没有错误率不超过 1 % 的负载",
    ),
    (
        HELD,
        "load held 12.5 virtual users; p95 198.2 ms on average (target 200 ms), "
        "within ±10 % of it for 85 % of the time",
        "保持负载 12.5 个虚拟用户；p95 平均 198.2 ms（目标 200 ms），85 % 的时间在目标 ±10 % 以内",
    ),
    (
        HELD | {"metric": "rps", "held": None, "variable": "arrival_rate"},
        "load held 12.5 arrivals/s; rps - on average (target 200 req/s), within ±10 % of it for 85 % of the time",
        "保持负载 12.5 次到达/秒；rps 平均 -（目标 200 req/s），85 % 的时间在目标 ±10 % 以内",
    ),
    (
        HELD | {"in_band": 49.9, "on_target": False, "band": 12.0},
        "target not held: p95 198.2 ms on average (target 200 ms) at a mean load of 12.5 virtual users, "
        "within ±12 % of it for 49.9 % of the time",
        "未能保持目标：平均负载 12.5 个虚拟用户时 p95 平均 198.2 ms（目标 200 ms），49.9 % 的时间在目标 ±12 % 以内",
    ),
    (HELD | NOTHING, "the run ended before the hold phase", "测试在保持阶段之前结束"),
    (STEPS, "knee at 20 virtual users", "拐点在 20 个虚拟用户"),
    (STEPS | NOTHING, "no knee found", "没有找到拐点"),
]


PERCENTILES = dict.fromkeys(("p50", "p90", "p95", "p99", "max"), 1.0)
STEP = {
    "name": "home", "type": "request", "statuses": {}, "phases": {}, "failures": {},
    "requests": 4, "rps": 2.0, "error_rate": 0.0, "avg": 1.0, "percentiles": PERCENTILES,
    "counters": {}, "gauges": {},
}  # fmt: skip


def flagged(*flags: str) -> PlanFile:
    """What flags come to beside a URL."""
    return read_source(make_parser().parse_args(["run", URL, *flags])).plan()


@pytest.fixture
def shown(report: Report, shop: Shop, capsys: pytest.CaptureFixture[str]) -> Any:
    """The lines of the summary of a run, with some of its report replaced."""
    real = report(shop.url)

    def show(language: str = "en", **replaced: Any) -> list[str]:
        capsys.readouterr()
        show_report({**real, **replaced}, language)
        return capsys.readouterr().out.splitlines()

    return show


def test_flags_of_the_load() -> None:
    execution = flagged("-r", "12.5", "--max-vus", "7", "--iterations", "90").config.execution_config
    assert (execution.arrival_rate, execution.max_vus, execution.max_iterations) == (12.5, 7, 90)


@pytest.mark.parametrize(
    ("flags", "users"),
    [([], 1), (["-r", "12.5"], 1000), (["-r", "50", "-u", "3"], 3), (["-r", "50", "--max-vus", "4"], 4)],
)
def test_arrivals_at_a_url_need_no_number_of_users(flags: list[str], users: int) -> None:
    assert flagged(*flags).config.concurrent_users == users


def test_flags_of_the_load_replace_what_the_plan_says(tmp_path: Path) -> None:
    execution = {"arrival_rate": [{"duration": 1, "target": 5}], "max_vus": 2, "when_late": "drop"}
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"config": {"target_url": URL, "vus": 3, "execution_config": execution}}))
    found = read_source(make_parser().parse_args(["run", str(path), "--rate", "9"])).plan().config.execution_config
    assert (found.arrival_rate, found.max_vus, found.when_late) == (9.0, 2, "drop")


@pytest.mark.parametrize("words", [["-r", "0"], ["-r", "-1"], ["-r", "nan"], ["--max-vus", "0"], ["--iterations", "0"]])
def test_values_that_validation_refuses(perfsvc: Command, words: list[str]) -> None:
    done = perfsvc("run", URL, *words)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)


def test_an_end_by_count(report: Report, shop: Shop) -> None:
    assert report(shop.url, "--iterations", "3")["summary"]["iterations"] == shop.count == 3


def test_arrivals_that_were_kept_waiting(perfsvc: Command, shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    done = perfsvc("run", f"{shop.url}/slow", "-r", "100", "--max-vus", "2", "-d", "2", "--json", str(path))
    found = json.loads(path.read_text("utf-8"))
    assert [line for line in done.err.splitlines() if not OPEN_LINE.fullmatch(line)] == []
    assert "planned 100/s" in done.err
    lines = done.out.splitlines()
    columns = ["avg", "p50", "p90", "p95", "p99", "max"]
    planned = found["latency_from_plan"]["percentiles"] | {"avg": found["latency_from_plan"]["avg"]}
    at = next(index for index, line in enumerate(lines) if line.split()[:2] == ["from", "plan"])
    assert lines[at].split() == ["from", "plan", *(f"{planned[name]:.2f}" for name in columns)]
    assert f"from plan: {found['latency_from_plan']['note']['en']}" in lines
    summary = found["summary"]
    assert f"arrivals: late {summary['late']}  dropped {summary['dropped']}" in lines
    notes = [f"note: {warning['en']}" for warning in found["warnings"]]
    assert "less load was offered than planned: throughput is at least" in notes[0]
    assert lines[-len(notes) :] == notes
    assert any(line.startswith("validity: INVALID (") for line in lines[:4])


def test_every_cause_is_reported(shown: Any) -> None:
    causes = [{"state": "SUSPECT", "zh": "甲", "en": "first"}, {"state": "SUSPECT", "zh": "乙", "en": "second"}]
    validity = {"state": "SUSPECT", "at_least": False, "causes": causes}
    assert "validity: SUSPECT (first; second)" in shown(validity=validity)
    assert "有效性：SUSPECT 存疑 (甲; 乙)" in shown("zh", validity=validity)


def test_what_protocols_counted_is_reported(shown: Any) -> None:
    gauges = {"round_trip_ms": {"count": 2, "avg": 0.125, "max": 0.25}}
    step = STEP | {"name": "burst", "counters": {"datagrams_sent": 12345678.0, "lost": 2.0}, "gauges": gauges}
    line = "burst: datagrams_sent 12345678, lost 2, round_trip_ms 0.125 (max 0.25)"
    assert [each for each in shown(steps=[step, STEP]) if ": " in each and "datagrams" in each] == [line]


@pytest.mark.parametrize(
    ("score", "reason", "en", "zh"),
    [
        (None, None, "score: -", "评分：-"),
        (90.0, None, "score: 90 (Errors 100, Latency stability 78)", "评分：90 (错误率 100, 响应时间稳定性 78)"),
        (None, {"zh": "无效", "en": "not VALID"}, "score: - (not VALID)", "评分：- (无效)"),
    ],
)
def test_the_score_is_shown_with_its_parts(
    shown: Any, score: float | None, reason: dict[str, str] | None, en: str, zh: str
) -> None:
    titles = {"errors": ("错误率", "Errors", 100.0), "latency": ("响应时间稳定性", "Latency stability", 78.0)}
    parts = [{"title": {"zh": cn, "en": name}, "value": value} for cn, name, value in titles.values()]
    parts.append({"title": {"zh": "阈值通过率", "en": "Thresholds"}, "value": None})
    told = {"score": score, "reason": reason, "parts": parts}
    validity = {"state": "INVALID", "at_least": False, "causes": []}
    assert en in shown(performance_score=told, validity=validity)
    assert zh in shown("zh", performance_score=told, validity=validity)


def test_every_warning_is_reported(shown: Any) -> None:
    warnings = [{"zh": "甲", "en": "first"}, {"zh": "乙", "en": "second"}]
    assert shown(warnings=warnings)[-2:] == ["note: first", "note: second"]
    assert shown("zh", warnings=warnings)[-2:] == ["注意：甲", "注意：乙"]


@pytest.mark.parametrize(("search", "en", "zh"), SEARCHES)
def test_what_was_found(shown: Any, search: dict[str, Any], en: str, zh: str) -> None:
    assert f"search: {en}" in shown(search=search)
    assert f"搜索：{zh}" in shown("zh", search=search)


def test_the_steps_with_their_knee(shown: Any) -> None:
    by_hand = ROW | {"level": 55, "by_hand": True}
    lines = shown(search=STEPS | {"evidence": [ROW | {"level": 10}, ROW | {"level": 20}, by_hand]})
    head = next(index for index, line in enumerate(lines) if line.startswith("load "))
    assert lines[head].split() == ["load", "requests", "req/s", "error", "%", "avg", "ms", "p50", "p95", "p99"]
    rows = [line.split() for line in lines[head + 1 : head + 4]]
    figures = ["40", "20.0", "0.00", "1.00", "1.00", "2.00", "-"]
    assert rows == [["10", *figures], ["20", *figures, "←", "knee"], ["55", *figures, "by", "hand"]]


def test_the_levels_of_a_search(shown: Any) -> None:
    evidence = [ROW | {"level": 490, "phase": "raise", "verdict": "good"}]
    lines = shown("zh", search=BREAKING | {"evidence": evidence})
    head = next(index for index, line in enumerate(lines) if line.startswith("负载 "))
    assert lines[head].split()[-2:] == ["阶段", "结论"]
    assert lines[head + 1].split()[-2:] == ["加压", "合格"]


def test_the_trace_of_adaptive_is_left_to_the_report(shown: Any) -> None:
    evidence = [{"elapsed": 1.0, "level": 1.0, "measured": 2.0, "smoothed": None, "elasticity": 1.0, "next": None}]
    assert len(shown(search=HELD | {"evidence": evidence})) == len(shown()) + 1
