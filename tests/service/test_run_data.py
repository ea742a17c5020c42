"""Test data in the life of a run, in virtual time against a fake target."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from perfsvc.cluster.local import LocalCluster
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.errors import PerfsvcError
from perfsvc.errors import RunError
from perfsvc.errors import SourceFailed
from perfsvc.model.run import RunSpec
from perfsvc.plugin import Feed
from perfsvc.service.runs.run import Run
from tests.support import fake_protocol
from tests.support import virtual_time
from tests.support.fake_protocol import Answer
from tests.support.feeds import Numbered

SCENE = {
    "name": "s",
    "setup": [{"name": "setup", "request": {"path": "setup"}}],
    "steps": [{"name": "get", "request": {"path": "{{n}}"}}],
    "teardown": [{"name": "teardown", "request": {"path": "teardown"}}],
}
LOAD = {"stages": [{"duration": 0, "target": 2}, {"duration": 3, "target": 2}]}


class Outcome:
    """The report of a run over a feed, what kept it from starting, and what the target was asked."""

    def __init__(self, feed: Numbered | PerfsvcError, **allocation: Any) -> None:
        self._feed = feed
        self.error: PerfsvcError | None = None
        data = {"source": "numbered", "allocation": allocation}
        base = {"execution_id": "x", "name": "x", "seed": 7, "protocol": "fake", "load": LOAD, "data": data}
        self._spec = RunSpec.parse({**base, "scenes": [{"scene": SCENE}]})
        self._protocol = fake_protocol.answering(Answer())
        virtual_time.run(self._run_to_end())
        self.asked = [path for _, _, path in self._protocol.made[-1].log]

    async def _opened(self) -> Numbered:
        if isinstance(self._feed, PerfsvcError):
            raise self._feed
        return self._feed

    async def _run_to_end(self) -> None:
        clock = virtual_time.current_clock()
        cluster = LocalCluster(lambda name: self._protocol, clock, TargetPolicy())
        run = Run(self._spec, cluster, clock, [], open_feed=self._opened)
        run.compile()
        try:
            await run.start()
        except PerfsvcError as error:
            self.error = error
        self.report = await run.wait()


def test_a_run_whose_data_is_used_up_is_complete_and_says_so() -> None:
    outcome = Outcome(Numbered(30), unique=True)
    assert (outcome.report["status"], outcome.report["reason"]["code"]) == ("completed", "data_exhausted")
    assert outcome.report["data"]["used"] == 30
    assert outcome.asked == ["setup", *map(str, range(30)), "teardown"]


def test_a_run_whose_data_begins_again_ends_with_its_load() -> None:
    outcome = Outcome(Numbered(30))
    assert outcome.report["reason"]["code"] == "finished"
    assert outcome.report["data"]["recycled"] == 19  # 600 iterations


@pytest.mark.parametrize(
    "feed",
    [SourceFailed("数据源 numbered：离线", "data source numbered: offline"), Numbered(0)],
    ids=["offline", "empty"],
)
def test_a_source_that_fails_at_the_start_fails_the_run_before_any_request(feed: Any) -> None:
    outcome = Outcome(feed)
    assert isinstance(outcome.error, SourceFailed | RunError)
    assert outcome.asked == []
    reason = outcome.report["reason"]
    assert (outcome.report["status"], reason["code"], reason["en"]) == ("failed", "error", str(outcome.error))


def test_a_source_that_fails_in_mid_run_fails_the_run_in_its_own_words() -> None:
    outcome = Outcome(Numbered(1000, fails_at=100))
    assert outcome.report["status"] == "failed"
    assert outcome.report["reason"]["en"] == "data source numbered: the line is cut"
    assert outcome.report["data"]["used"] == 100
    assert outcome.asked[-1] == "teardown"


def test_a_source_that_fails_in_mid_run_may_leave_users_with_what_they_have() -> None:
    outcome = Outcome(Numbered(1000, fails_at=100), on_failure="hold")
    assert outcome.report["reason"]["code"] == "finished"
    assert outcome.report["summary"]["total_requests"] == 602
    assert outcome.report["data"]["warnings"][0]["en"] == "data source numbered: the line is cut"


def test_a_run_that_is_stopped_while_its_source_is_opened_does_not_wait_for_it() -> None:
    async def never() -> Feed:
        await asyncio.Event().wait()
        raise AssertionError

    async def main() -> tuple[dict[str, Any], float]:
        clock = virtual_time.current_clock()
        protocol = fake_protocol.answering(Answer())
        data = {"source": "numbered", "allocation": {}}
        base = {"execution_id": "x", "name": "x", "seed": 7, "protocol": "fake", "load": LOAD, "data": data}
        spec = RunSpec.parse({**base, "scenes": [{"scene": SCENE}]})
        run = Run(spec, LocalCluster(lambda name: protocol, clock, TargetPolicy()), clock, [], open_feed=never)
        run.compile()
        starting = asyncio.ensure_future(run.start())
        await asyncio.sleep(1)
        run.stop()
        await starting
        return await run.wait(), clock.now_ns() / 1e9 - 1

    report, seconds = virtual_time.run(main())
    assert (report["status"], report["reason"]["code"]) == ("stopped", "stopped_by_user")
    assert report["summary"]["total_requests"] == 0
    assert seconds < 5
