"""What the report counts, beside what the target saw."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from perfsvc.clock import SystemClock
from perfsvc.cluster.dask.cluster import DaskCluster
from perfsvc.plugin.catalog import Catalog
from perfsvc.service.runs.run import Run
from tests.cli.conftest import Command
from tests.cluster.rig import spec_of
from tests.support.scenes import step
from tests.support.shop import Shop

ITEMS = step("items", "/items")
AROUND = {
    "setup": [step("prepare", "/slow"), {"type": "group", "name": "all", "steps": [step("create", "/slow")]}],
    "teardown": [step("remove", "/slow")],
}


@pytest.fixture
def summary(perfsvc: Command, tmp_path: Path, shop: Shop) -> Any:
    """Run one scene against the shop. Return the report."""

    def run(scene: dict[str, Any], execution: dict[str, Any] | None = None, **config: Any) -> dict[str, Any]:
        given = {"concurrent_users": 3, "hold_time": 1, **config, "execution_config": execution or {}}
        plan, report = tmp_path / "plan.json", tmp_path / "report.json"
        scenes = [{"name": "s", "steps": [ITEMS], **scene}]
        plan.write_text(json.dumps({"env": {"host": shop.url}, "scenes": scenes, "config": given}))
        perfsvc("run", str(plan), "-q", "--json", str(report))
        read: dict[str, Any] = json.loads(report.read_text("utf-8"))
        return read

    return run


def test_requests_that_the_end_cuts_off_are_counted_apart(summary: Any, shop: Shop) -> None:
    scene = {"steps": [ITEMS, step("never", "/never")]}
    counts = summary(scene, {"graceful_stop": 0})["summary"]
    assert {name: counts[name] for name in ("total_requests", "sent", "answered", "error_count", "cut_off")} == {
        "total_requests": 3, "sent": 3, "answered": 3, "error_count": 0, "cut_off": 3,
    }  # fmt: skip
    assert shop.count == counts["sent"] + counts["cut_off"] == 6


def test_arrivals_that_are_dropped_are_no_requests(summary: Any, shop: Shop) -> None:
    scene = {"steps": [step("slow", "/slow")]}
    counts = summary(scene, {"arrival_rate": 200, "max_vus": 2, "when_late": "drop"})["summary"]
    assert counts["dropped"] == 200 - counts["iterations"] > 100
    assert counts["iterations"] == counts["total_requests"] == counts["sent"] == counts["answered"] == shop.count


def test_setup_and_teardown_count_in_the_totals_and_in_no_figure_of_the_load(summary: Any, shop: Shop) -> None:
    report = summary(AROUND)
    counts, rows = report["summary"], {row["name"]: row for row in report["steps"]}
    assert counts["total_requests"] == counts["sent"] == counts["answered"] == shop.count
    assert counts["setup_teardown"] == {"requests": 3, "errors": 0}
    of_load = shop.count - 3
    assert [rows[name]["part"] for name in ("prepare", "all", "create", "items", "remove")] == [
        "setup", "setup", "setup", "steps", "teardown",
    ]  # fmt: skip
    assert rows["items"]["requests"] == of_load == sum(report["series"]["requests"]) == report["nodes"][0]["requests"]
    assert counts["throughput"] == rows["items"]["rps"] == pytest.approx(of_load / counts["running_time"], rel=1e-3)
    assert counts["percentiles"] == rows["items"]["percentiles"]
    assert (counts["avg_response_time"], counts["max_response_time"]) == (rows["items"]["avg"], rows["items"]["max"])


def test_a_failed_teardown_is_an_error_of_the_run_and_none_of_its_load(summary: Any, shop: Shop) -> None:
    report = summary({"teardown": [step("remove", "/status/500")]}, {"thresholds": ["errors == 0"]})
    assert report["verdict"]["state"] == "PASSED"
    counts = report["summary"]
    assert (counts["error_count"], counts["total_requests"]) == (1, shop.count)
    assert counts["error_rate"] == pytest.approx(100 / shop.count, abs=1e-6)
    assert report["errors"][0]["samples"][0]["step"] == "remove"
    assert report["metrics"]["errors"] == {"labels": ["HTTP 500"], "values": [1]}
    assert sum(report["series"]["errors"]) == 0


def test_two_processes_count_what_the_target_saw(shop: Shop, tmp_path: Path) -> None:
    async def main() -> dict[str, Any]:
        catalog, clock = Catalog.load(), SystemClock()
        cluster = DaskCluster(catalog, clock, certificates=tmp_path / "certs")
        spec = spec_of(shop.url, users=4, seconds=2, scene={**AROUND, "steps": [ITEMS]})
        run = Run(spec, cluster, clock, [])
        try:
            run.compile()
            await run.start()
            return await run.wait()
        finally:
            await cluster.close()

    report = asyncio.run(main())
    counts = report["summary"]
    assert counts["total_requests"] == counts["sent"] == counts["answered"] == shop.count
    assert counts["setup_teardown"]["requests"] == 3
    assert sum(node["requests"] for node in report["nodes"]) == counts["total_requests"] - 3
    assert len(report["nodes"]) == 2
