"""Nodes that are killed, hang, and come back: detected in time, the load taken over, what was missing reported."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import Any

import pytest

from perfsvc.cluster.dask.agent_pool import DISCONNECTED
from perfsvc.cluster.dask.cluster import DaskCluster
from perfsvc.model.node_timeouts import SILENT
from perfsvc.model.run import RunState
from tests.cluster.rig import LIMIT_S
from tests.cluster.rig import LiveRun
from tests.cluster.rig import spec_of
from tests.support.feeds import Numbered
from tests.support.nginx import Nginx

pytestmark = pytest.mark.asyncio(loop_scope="module")

RATE = 90
TIMES = 3
"""So many nodes are lost: each of those that began, or as many in place of others."""


def rate_of(nginx: Nginx, since: float, until: float) -> float:
    """Requests per second that the target saw."""
    return sum(since <= line.moment < until for line in nginx.log()) / (until - since)


async def back_to_plan(nginx: Nginx) -> None:
    """Waits until the target has seen the whole rate for two seconds."""
    async with asyncio.timeout(LIMIT_S):
        while rate_of(nginx, time.time() - 2, time.time()) < 0.95 * RATE:
            await asyncio.sleep(0.1)


def all_is_accounted_for(report: dict[str, Any], sent: int, losses: int) -> None:
    """What was due is in the report: done, begun too late, or missing, with what the lost nodes did and never reported.

    Of each loss, a third of the rate for a second is left to what was in flight or overdue when the node last reported.
    """
    summary, leeway = report["summary"], losses * RATE / 3 + 1
    missing = sum(float(loss["missing"]["amount"]) for node in report["nodes"] for loss in node["losses"])
    done = summary["total_requests"] + summary["dropped"] + summary["cut_off"]
    assert abs(summary["running_time"] * RATE - done - missing) <= leeway
    assert 0 <= sent - summary["total_requests"] <= missing + leeway


async def test_one_of_three_is_killed_and_the_others_take_over(cluster: DaskCluster, nginx: Nginx) -> None:
    live = LiveRun(cluster, spec_of(nginx.url, nodes=3, rate=RATE, seconds=60))
    await live.start()
    await live.seconds(1)
    live.signal("central-1", signal.SIGKILL)
    lost = await live.until("lost")
    assert (lost.node, lost.reason) == ("central-1", DISCONNECTED), "known at once, not by its silence"
    split = await live.until("resplit")
    assert split.shares == {"central-1": 0, "central-2": 50, "central-3": 50}
    await back_to_plan(nginx)
    live.run.stop()
    report = await live.run.wait()
    all_is_accounted_for(report, len(nginx.log_of(report["summary"]["total_requests"])), 1)
    assert report["status"] == "stopped"
    assert set(report["series"]["planned_rate"][:-1]) == {RATE}


async def test_three_are_killed_one_after_the_other_and_replaced(cluster: DaskCluster, nginx: Nginx) -> None:
    await LiveRun(cluster, spec_of(nginx.url, nodes=3 + TIMES, rate=RATE, seconds=1)).run_to_end()
    live = LiveRun(cluster, spec_of(nginx.url, nodes=3, rate=RATE, seconds=60))
    await live.start()
    await live.seconds(1)
    for number in range(TIMES):
        victim = next(event.node for event in reversed(live.events) if event.kind in ("joined", "replaced"))
        live.signal(victim, signal.SIGKILL)
        await live.count("lost", number + 1)
        assert [event.reason for event in live.events if event.kind == "lost"][number] == DISCONNECTED
        await live.count("replaced", number + 1)
    await back_to_plan(nginx)
    live.run.stop()
    report = await live.run.wait()
    assert len([node for node in report["nodes"] if node["losses"]]) == TIMES
    sent = len(nginx.log_of(report["summary"]["total_requests"] + RATE)) - RATE
    all_is_accounted_for(report, sent, TIMES)


async def test_three_hang_one_after_the_other_and_come_back(cluster: DaskCluster, nginx: Nginx) -> None:
    live = LiveRun(cluster, spec_of(nginx.url, nodes=3, rate=RATE, seconds=60))
    await live.start()
    await live.seconds(1)
    names = [event.node for event in live.events]
    for number in range(TIMES):
        victim = names[number % 3]
        agent = victim.partition("~")[0]
        hung = time.time()
        live.signal(agent, signal.SIGSTOP)
        await live.count("lost", number + 1)
        assert [event.reason for event in live.events if event.kind == "lost"][number] == SILENT
        await live.count("resplit", number + 1)
        before = len(nginx.log())
        live.signal(agent, signal.SIGCONT)
        await live.count("replaced", number + 1)
        names[number % 3] = live.events[-1].node
        assert len(nginx.log()) - before <= (time.time() - hung) * RATE + 50  # what was overdue is not made up for
    await back_to_plan(nginx)
    live.run.stop()
    await live.run.wait()


async def test_a_plan_that_fails_with_a_node_does(cluster: DaskCluster, nginx: Nginx) -> None:
    live = LiveRun(cluster, spec_of(nginx.url, nodes=2, rate=RATE, seconds=60, placement={"on_loss": "fail"}))
    await live.start()
    victim = live.event("joined").node
    live.signal(victim, signal.SIGKILL)
    report = await live.run.wait()
    assert report["status"] == "failed"
    assert victim in report["reason"]["en"]


async def test_a_replacement_is_started_where_the_plan_wants_it(cluster: DaskCluster, nginx: Nginx) -> None:
    live = LiveRun(cluster, spec_of(nginx.url, nodes=1, rate=RATE, seconds=60, placement={"on_loss": "replace"}))
    await live.start()
    await live.seconds(1)
    victim = live.event("joined").node
    live.signal(victim, signal.SIGKILL)
    replaced = await live.until("replaced")
    assert replaced.shares == {replaced.node: 100, victim: 0}
    live.watcher.snapshots.clear()
    await live.watcher.until(lambda: len(live.watcher.snapshots) >= 2)
    live.run.stop()
    report = await live.run.wait()
    assert report["status"] == "stopped"


async def test_no_row_is_used_twice_though_a_node_is_killed(cluster: DaskCluster, nginx: Nginx) -> None:
    data = {"source": "numbered", "allocation": {"unique": True, "at_end": "stop_run"}}
    steps = [{"name": "get", "request": {"url": "/{{n}}"}, "think_time": {"type": "constant", "value": 0.05}}]
    spec = spec_of(nginx.url, nodes=3, users=6, seconds=60, scene={"steps": steps}, data=data)
    live = LiveRun(cluster, spec, Numbered(400))
    await live.start()
    await live.seconds(1)
    live.signal(live.event("joined").node, signal.SIGKILL)
    report = await live.run.wait()
    seen = [line.path for line in nginx.log_of(report["summary"]["total_requests"])]
    assert report["reason"]["code"] == "data_exhausted"
    assert len(seen) == len(set(seen))
    data = report["data"]
    assert data["left"] == 0
    assert data["used"] + data["in_doubt"] == 400
    assert data["used"] <= len(seen) <= 400
    assert 0 <= data["in_doubt"] <= 50


async def test_a_row_for_each_user_that_is_missing_ends_the_run_on_all_nodes(
    cluster: DaskCluster, nginx: Nginx
) -> None:
    data = {"source": "numbered", "allocation": {"unique": True, "scope": "vu"}}
    steps = [{"name": "get", "request": {"url": "/{{n}}"}, "think_time": {"type": "constant", "value": 0.05}}]
    spec = spec_of(nginx.url, nodes=3, users=2, seconds=60, scene={"steps": steps}, data=data)
    live = LiveRun(cluster, spec, Numbered(2))
    await live.start()
    await live.seconds(1)
    assert live.run.state is RunState.RUNNING
    live.run.set_load(3, "somebody")
    report = await asyncio.wait_for(live.run.wait(), LIMIT_S)
    assert report["reason"]["code"] == "data_exhausted"
    assert (report["data"]["used"], report["data"]["left"]) == (2, 0)


async def test_a_drained_node_gets_no_load_and_gets_it_back(cluster: DaskCluster, nginx: Nginx) -> None:
    live = LiveRun(cluster, spec_of(nginx.url, nodes=2, rate=RATE, seconds=60))
    await live.start()
    await live.seconds(1)
    name = live.event("joined").node
    cluster.drain(name, True)
    await live.count("resplit", 1)
    assert live.events[-1].shares[name] == 0
    live.watcher.snapshots.clear()
    await live.watcher.until(lambda: sum(told.node == name for told in live.watcher.snapshots) >= 3)
    latest = [told for told in live.watcher.snapshots if told.node == name][-1]
    assert (latest.planned_rate, sum(window.requests for window in latest.windows)) == (0, 0)
    cluster.drain(name, False)
    await live.count("resplit", 2)
    assert live.events[-1].shares[name] == 50
    live.run.stop()
    await live.run.wait()


async def test_iterations_of_a_lost_node_are_done_by_others(cluster: DaskCluster, nginx: Nginx) -> None:
    steps = [{"name": "get", "request": {"url": "/"}, "think_time": {"type": "constant", "value": 0.1}}]
    load = {"iterations": {"count": 120, "scope": "shared"}}
    spec = spec_of(nginx.url, nodes=3, users=6, seconds=60, load=load, scene={"steps": steps})
    live = LiveRun(cluster, spec)
    await live.start()
    await live.seconds(1)
    live.signal(live.event("joined").node, signal.SIGKILL)
    report = await live.run.wait()
    assert report["status"] == "completed"
    assert report["summary"]["iterations"] == 120
