"""The test modes that move the load, and stages, as real runs over two agents each against a real target."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import pytest_asyncio

from perfsvc.cluster.dask.cluster import DaskCluster
from perfsvc.model.config import PlanConfig
from perfsvc.model.run import RunSpec
from perfsvc.model.run import Target
from perfsvc.model.run_spec import make_run_spec
from tests.cluster.rig import LiveRun
from tests.support.nginx import BUCKET
from tests.support.nginx import Nginx

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONFIGS: dict[str, dict[str, Any]] = {
    "stages": {
        "execution_config": {
            "arrival_rate": [
                {"duration": 2, "target": 60}, {"duration": 1, "target": 60}, {"duration": 1, "target": 0},
            ],
        },
    },
    "step": {"concurrent_users": 6, "step_users": 2, "step_time": 2, "execution_config": {"pacing": 0.1}},
    "error_rate": {
        "error_threshold": 5,
        "execution_config": {
            "arrival_rate": {"min": 0.3 * BUCKET, "max": 2 * BUCKET},
            "search": {"level_time": 2, "settle_time": 0.2, "precision": 20, "confirmations": 0},
        },
    },
    "adaptive": {
        "adaptive_target": {"metric": "rps", "target": 100},
        "ramp_up_time": 8,
        "hold_time": 3,
        "execution_config": {"arrival_rate": {"min": 50, "max": 400}},
    },
}  # fmt: skip
PATHS = {"error_rate": "bucket"}
"""What is asked for, where that is not called after the mode."""
TIMETABLE = (("error_rate", "step"), ("adaptive", "stages"))
"""What runs beside what, each on two agents, so that they need not run one after the other."""


def spec_of(mode: str, url: str) -> RunSpec:
    config = {
        "test_mode": "concurrent" if mode == "stages" else mode,
        "target_url": f"{url}/{PATHS.get(mode, mode)}",
        "control_mode": "central",
        "node_count": 2,
        **CONFIGS[mode],
    }
    return make_run_spec(mode, PlanConfig.parse(config), (), Target(), f"run-{mode}", seed=1)


class SnapshotReport:
    """What a run reported: its report, and by profile second and node what was planned and done."""

    def __init__(self, live: LiveRun, report: dict[str, Any]) -> None:
        self.report = report
        self.search = report.get("search", {})
        self.nodes = {row["node"]: row for row in report["nodes"]}
        self.snapshots = [reports for reports in live.watcher.snapshots if reports.span_ns]

    def planned(self, figure: str) -> list[list[float]]:
        """What each of the nodes planned at the end of each second that both have reported."""
        seconds: dict[int, list[float]] = {}
        for reports in self.snapshots:
            seconds.setdefault(reports.second, []).append(getattr(reports, figure))
        return [each for each in seconds.values() if len(each) == 2]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    with Nginx(tmp_path_factory.mktemp("nginx")) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def reports(cluster: DaskCluster, target: Nginx) -> dict[str, SnapshotReport]:
    """Every mode's run, to its end."""
    outcomes: dict[str, SnapshotReport] = {}

    async def in_turn(modes: tuple[str, ...]) -> None:
        for mode in modes:
            live = LiveRun(cluster, spec_of(mode, target.url))
            outcomes[mode] = SnapshotReport(live, await live.run_to_end())

    await asyncio.gather(*map(in_turn, TIMETABLE))
    return outcomes


@pytest.mark.parametrize("mode", CONFIGS)
async def test_what_the_nodes_did_adds_up_to_what_the_target_saw(
    reports: dict[str, SnapshotReport], target: Nginx, mode: str
) -> None:
    report, nodes = reports[mode].report, reports[mode].nodes.values()
    assert (report["status"], report["reason"]["code"]) == ("completed", "finished")
    assert [(node["share"], node["state"], node["losses"], node["missing"]) for node in nodes] == [
        (50, "running", [], [])
    ] * 2
    seen = Counter(line.status for line in target.log() if line.path == f"/{PATHS.get(mode, mode)}")
    summary = report["summary"]
    assert sum(node["requests"] for node in nodes) == summary["total_requests"] == seen.total()
    assert sum(node["errors"] for node in nodes) == summary["error_count"] == seen[503]


async def test_stages_are_followed_to_the_arrival(reports: dict[str, SnapshotReport]) -> None:
    """60 while the rate rises, 60 while it stays, 30 while it falls."""
    assert [node["requests"] for node in reports["stages"].nodes.values()] == [75, 75]


async def test_a_staircase_takes_every_step_on_both_nodes(reports: dict[str, SnapshotReport]) -> None:
    outcome = reports["step"]
    assert [row["level"] for row in outcome.search["evidence"]] == [2, 4, 6]
    assert {tuple(users) for users in outcome.planned("planned_vus")} - {(0, 0)} == {(1, 1), (2, 2), (3, 3)}
    first, second, third = (row["requests"] for row in outcome.search["evidence"])
    assert 0 < first < second < third


async def test_the_search_rests_on_what_the_target_took(reports: dict[str, SnapshotReport]) -> None:
    """How near it comes is held in virtual time: bursts of a busy machine are more than the target takes."""
    search = reports["error_rate"].search
    judged = [row for row in search["evidence"] if row["phase"] != "recover" and row["verdict"] in ("good", "bad")]
    assert [row["verdict"] for row in judged] == ["bad" if row["error_rate"] > 5 else "good" for row in judged]
    assert "bad" in {row["verdict"] for row in judged}
    assert search["variable"] == "arrival_rate"
    assert search["low"] == search["value"] <= 1.2 * BUCKET
    assert search["value"] in [row["level"] for row in judged if row["verdict"] == "good"]
    assert not search["complete"] or search["high"] - search["low"] <= search["high"] * 0.2


async def test_adaptive_load_holds_its_target(reports: dict[str, SnapshotReport]) -> None:
    search = reports["adaptive"].search
    assert (search["metric"], search["target"], search["complete"]) == ("rps", 100, True)
    levels = [row["level"] for row in search["evidence"]]
    assert levels[0] == 50
    assert set(levels[:-1]) <= {round(sum(rates), 6) for rates in reports["adaptive"].planned("planned_rate")}
    # On a machine that does much else, seconds in which a node stalled are no evidence, and finding it takes longer.
    assert 70 <= search["value"] <= 115
    assert search["held"] == pytest.approx(search["value"], rel=0.1)
