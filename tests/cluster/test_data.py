"""Test data of runs over real agents, whose source fails in mid-run or comes to its end."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from perfsvc.cluster.dask.cluster import DaskCluster
from tests.cluster.rig import LiveRun
from tests.cluster.rig import spec_of
from tests.support.feeds import Numbered
from tests.support.nginx import Nginx

pytestmark = pytest.mark.asyncio(loop_scope="module")

USERS = 4
STEPS = [{"name": "get", "request": {"url": "/{{n}}"}, "think_time": {"type": "constant", "value": 0.02}}]
CUT = "data source numbered: the line is cut"


class Outcome:
    """The report of a run of two agents, and how often the target saw each row."""

    def __init__(self, report: dict[str, Any], nginx: Nginx) -> None:
        self.report = report
        self.reason = report["reason"]
        self.data = report["data"]
        requests = report["summary"]["total_requests"]
        self.seen = Counter(int(line.path[1:]) for line in nginx.log_of(requests))
        assert self.seen.total() == requests
        assert [node["losses"] for node in report["nodes"]] == [[], []]


async def ran(cluster: DaskCluster, nginx: Nginx, feed: Numbered, seconds: float, **allocation: Any) -> Outcome:
    data = {"source": "numbered", "allocation": allocation}
    spec = spec_of(nginx.url, nodes=2, users=USERS, seconds=seconds, scene={"steps": STEPS}, data=data)
    outcome = Outcome(await LiveRun(cluster, spec, feed).run_to_end(), nginx)
    assert feed.closed == 1
    return outcome


async def test_a_source_that_fails_fails_the_run_in_its_own_words(cluster: DaskCluster, nginx: Nginx) -> None:
    """Which is the policy where the plan names none."""
    outcome = await ran(cluster, nginx, Numbered(1_000, fails_at=100), 60)
    assert (outcome.report["status"], outcome.reason["code"]) == ("failed", "error")
    assert outcome.reason["en"].endswith(CUT)
    assert set(outcome.seen) <= set(range(100))
    assert set(outcome.seen.values()) == {1}
    assert outcome.data["used"] + outcome.data["in_doubt"] >= outcome.seen.total()


async def test_users_may_keep_what_they_have_when_the_source_fails(cluster: DaskCluster, nginx: Nginx) -> None:
    outcome = await ran(cluster, nginx, Numbered(1_000, fails_at=100), 2, on_failure="hold")
    assert (outcome.report["status"], outcome.reason["code"]) == ("completed", "finished")
    assert set(outcome.seen) == set(range(100))
    assert len([row for row, times in outcome.seen.items() if times > 1]) <= USERS
    assert [warning["en"] for warning in outcome.data["warnings"]] == [CUT]


async def test_rows_may_begin_again_when_the_source_fails(cluster: DaskCluster, nginx: Nginx) -> None:
    outcome = await ran(cluster, nginx, Numbered(1_000, fails_at=100), 2, on_failure="recycle")
    assert (outcome.report["status"], outcome.reason["code"]) == ("completed", "finished")
    assert set(outcome.seen) == set(range(100))
    assert outcome.seen.total() > 100 + USERS
    assert outcome.data["recycled"] >= 1
    assert [warning["en"] for warning in outcome.data["warnings"]] == [CUT]


async def test_a_run_may_end_with_its_rows(cluster: DaskCluster, nginx: Nginx) -> None:
    outcome = await ran(cluster, nginx, Numbered(100), 60, at_end="stop_run")
    assert (outcome.report["status"], outcome.reason["code"]) == ("completed", "data_exhausted")
    assert outcome.seen == Counter(range(100))
    assert (outcome.data["used"], outcome.data["in_doubt"], outcome.data["left"]) == (100, 0, 0)


async def test_users_may_keep_their_last_rows(cluster: DaskCluster, nginx: Nginx) -> None:
    outcome = await ran(cluster, nginx, Numbered(100), 2, at_end="hold")
    assert (outcome.report["status"], outcome.reason["code"]) == ("completed", "finished")
    assert set(outcome.seen) == set(range(100))
    assert len([row for row, times in outcome.seen.items() if times > 1]) <= USERS
    assert outcome.data["warnings"] == []


async def test_rows_may_begin_again_at_their_end(cluster: DaskCluster, nginx: Nginx) -> None:
    outcome = await ran(cluster, nginx, Numbered(100), 2, at_end="recycle")
    assert (outcome.report["status"], outcome.reason["code"]) == ("completed", "finished")
    assert set(outcome.seen) == set(range(100))
    assert outcome.seen.total() > 100 + USERS
    assert outcome.data["recycled"] >= 1
