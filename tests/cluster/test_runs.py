"""Runs over real processes: exact counts, one start, commands for all, and what is refused."""

from __future__ import annotations

import asyncio
import math
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest

from perfsvc.cluster.dask.cluster import DaskCluster
from perfsvc.errors import Conflict
from perfsvc.model.run import RunState
from perfsvc.plugin.catalog import Catalog
from tests.cluster.rig import CATALOG
from tests.cluster.rig import LiveRun
from tests.cluster.rig import central
from tests.cluster.rig import spec_of
from tests.support.nginx import Nginx

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("distribution", "placement", "shares"),
    [
        ("constant", {}, [100, 100, 100]),
        ("constant", {"strategy": "weight", "weights": {"central-1": 3, "central-2": 2}}, [150, 100, 50]),
        ("poisson", {}, None),
    ],
)
async def test_arrivals_are_exactly_the_plan(
    cluster: DaskCluster, nginx: Nginx, distribution: str, placement: dict[str, Any], shares: list[int] | None
) -> None:
    spec = spec_of(nginx.url, nodes=3, rate=100, seconds=3, load={"distribution": distribution}, placement=placement)
    live = LiveRun(cluster, spec)
    report = await live.run_to_end()
    requests = Counter({node["node"]: node["requests"] for node in report["nodes"]})
    assert len(nginx.log_of(report["summary"]["total_requests"])) == requests.total()
    assert report["reason"]["code"] == "finished"
    if shares is not None:
        assert sorted(requests.values(), reverse=True) == shares
        assert report["summary"]["dropped"] == 0
    else:
        assert requests.total() == pytest.approx(300, abs=90)


async def test_processes_have_the_lowest_free_names_and_are_not_seen_from_elsewhere(
    cluster: DaskCluster, nginx: Nginx
) -> None:
    live = LiveRun(cluster, spec_of(nginx.url, nodes=2, rate=10, seconds=1))
    await live.run_to_end()
    live.signal("central-1", signal.SIGKILL)
    async with asyncio.timeout(60):
        while "central-1" in {node.name for node in cluster.nodes()}:
            await asyncio.sleep(0.05)
    placement = {"strategy": "weight", "weights": {"central-1": 2}}
    report = await LiveRun(cluster, spec_of(nginx.url, nodes=3, rate=40, seconds=1, placement=placement)).run_to_end()
    assert {node["node"]: node["requests"] for node in report["nodes"]} == {
        "central-1": 20, "central-2": 10, "central-3": 10,
    }  # fmt: skip
    for node in cluster.nodes():
        sockets = psutil.Process(node.pid).net_connections("tcp")
        assert {each.laddr.ip for each in sockets if each.status == psutil.CONN_LISTEN} == {"127.0.0.1"}


async def test_users_add_up_and_all_nodes_start_at_once(cluster: DaskCluster, nginx: Nginx) -> None:
    steps = [{"name": "get", "request": {"url": "/vu/{{$vu}}"}, "think_time": {"type": "constant", "value": 0.2}}]
    live = LiveRun(cluster, spec_of(nginx.url, nodes=3, users=7, seconds=2, scene={"steps": steps}))
    report = await live.run_to_end()
    assert report["summary"]["max_users"] == 7
    log = nginx.log_of(report["summary"]["total_requests"])
    assert len(log) == report["summary"]["total_requests"]
    assert {line.path for line in log} == {f"/vu/{number}" for number in range(1, 8)}
    assert len({snapshot.node for snapshot in live.watcher.snapshots}) == 3
    origins = {snapshot.second for snapshot in live.watcher.snapshots if snapshot.seq == 1}
    assert len(origins) == 1


async def test_nodes_start_within_50_ms(cluster: DaskCluster, nginx: Nginx) -> None:
    """Of each node the best of some tries counts: what else this machine does makes it late, and never early."""
    steps = [{"name": "get", "request": {"url": "/vu/{{$vu}}"}}]
    late = dict.fromkeys(("/vu/1", "/vu/2", "/vu/3"), math.inf)
    for _ in range(20):
        before = len(nginx.log())
        spec = spec_of(nginx.url, nodes=3, users=3, seconds=1, scene={"steps": steps}, pacing_s=5)
        report = await LiveRun(cluster, spec).run_to_end()
        assert report["summary"]["total_requests"] == 3
        log = nginx.log_of(before + 3)[before:]
        assert {line.path for line in log} == late.keys()
        first = min(line.moment for line in log)
        late |= {line.path: min(line.moment - first, late[line.path]) for line in log}
        if max(late.values()) < 0.05:
            break
    assert max(late.values()) < 0.05


async def paused_seconds(live: LiveRun, count: int) -> None:
    """Wait until every node has reported so many more seconds of a pause without a request in it."""
    since = len(live.watcher.snapshots)

    def told() -> Counter[str]:
        new = live.watcher.snapshots[since:]
        return Counter(each.node for each in new if each.paused and not each.span_ns and not each.windows)

    await live.watcher.until(lambda: len(told()) == 2 and min(told().values()) >= count)


async def test_pause_resume_level_and_stop_reach_all(cluster: DaskCluster, nginx: Nginx) -> None:
    live = LiveRun(cluster, spec_of(nginx.url, nodes=2, rate=50, seconds=60))
    await live.start()
    await live.seconds(1)
    live.run.pause()
    await paused_seconds(live, 1)
    windows = [window for each in live.watcher.snapshots for window in each.windows]
    paused = len(nginx.log_of(sum(window.requests for window in windows)))
    await paused_seconds(live, 2)
    assert len(nginx.log()) == paused
    live.run.resume()
    live.run.set_load(100, "me")
    live.watcher.snapshots.clear()
    await live.seconds(3)
    live.run.stop()
    report = await live.run.wait()
    assert report["status"] == "stopped"
    planned = [snapshot.planned_rate for snapshot in live.watcher.snapshots if snapshot.seq]
    assert 50 in planned
    assert report["summary"]["total_requests"] == len(nginx.log_of(report["summary"]["total_requests"]))


async def test_setup_and_teardown_run_once_and_give_their_variables_to_all(cluster: DaskCluster, nginx: Nginx) -> None:
    scene = {
        "setup": [
            {
                "name": "setup",
                "request": {"url": "/json/setup"},
                "extract": [{"name": "found", "from": "json", "path": "$.uri"}],
            }
        ],
        "steps": [{"name": "get", "request": {"url": "/get{{found}}"}}],
        "teardown": [{"name": "teardown", "request": {"url": "/teardown"}}],
    }
    report = await LiveRun(cluster, spec_of(nginx.url, nodes=3, rate=30, seconds=1, scene=scene)).run_to_end()
    log = nginx.log_of(32)
    assert report["status"] == "completed"
    assert Counter(line.path for line in log) == {"/json/setup": 1, "/get/json/setup": 30, "/teardown": 1}
    assert log[0].path == "/json/setup"
    assert log[-1].path == "/teardown"


async def test_shared_iterations_are_done_exactly(cluster: DaskCluster, nginx: Nginx) -> None:
    load = {"iterations": {"count": 200, "scope": "shared"}}
    report = await LiveRun(cluster, spec_of(nginx.url, nodes=3, users=6, seconds=30, load=load)).run_to_end()
    assert report["summary"]["iterations"] == 200
    assert report["status"] == "completed"


async def test_a_run_that_cannot_be_compiled_or_staffed_is_refused_before_anything_starts(
    cluster: DaskCluster, nginx: Nginx
) -> None:
    spec = spec_of(nginx.url, nodes=2, rate=1, placement={"mode": "distributed"})
    live = LiveRun(cluster, spec)
    with pytest.raises(Conflict) as refused:
        await live.start()
    assert "too few nodes: 2 needed, 0 joined, 0 usable" in refused.value.text.en
    assert "需要 2 个节点，已加入 0 个" in refused.value.text.zh
    assert live.run.state is RunState.CREATED


async def test_agents_that_lack_a_plugin_are_refused_by_name(nginx: Nginx, tmp_path: Path) -> None:
    class Newer(Catalog):
        def protocol_versions(self) -> dict[str, str]:
            return dict.fromkeys(super().protocol_versions(), "perfsvc 9.9")

    async with central(tmp_path, catalog=Newer.load()) as other:
        live = LiveRun(other, spec_of(nginx.url, nodes=1, rate=1))
        with pytest.raises(Conflict) as refused:
            await live.start()
        report = await live.run.wait()
    version = next(each["version"] for each in CATALOG.describe() if each["name"] == "http")
    told = f"central-1: the protocol http needs perfsvc 9.9, there is perfsvc {version}"
    assert told in refused.value.text.en
    assert told in report["reason"]["en"]
    assert (report["status"], nginx.log()) == ("failed", [])


async def test_a_thousand_commands_are_applied_in_order(cluster: DaskCluster, nginx: Nginx) -> None:
    live = LiveRun(cluster, spec_of(nginx.url, nodes=2, users=20, seconds=60))
    await live.start()
    await live.seconds(1)
    for number in range(1000):
        live.run.set_load(1 + number % 20 if number < 999 else 5, "me")
        if number % 50 == 0:
            await asyncio.sleep(0.01)
    live.watcher.snapshots.clear()

    def latest() -> int:
        return sum({each.node: each.planned_vus for each in live.watcher.snapshots}.values())

    await live.watcher.until(lambda: latest() == 5)
    live.watcher.snapshots.clear()
    await live.seconds(2)
    assert latest() == 5
    live.run.stop()
    await live.run.wait()
