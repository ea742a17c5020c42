"""A run from start to report, in virtual time against a fake target."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from perfsvc.cluster.local import LocalCluster
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.errors import IllegalTransition
from perfsvc.errors import RunError
from perfsvc.metrics.figures import Second
from perfsvc.model.run import RunSpec
from perfsvc.model.run import RunState
from perfsvc.model.window import Snapshot
from perfsvc.service.runs.run import Output
from perfsvc.service.runs.run import Run
from tests.support import fake_protocol
from tests.support import virtual_time
from tests.support.fake_protocol import Answer

STEP = {"name": "get", "request": {"path": "/a"}}


def spec_of(seconds: float = 3, scene: Any = None, **more: Any) -> RunSpec:
    scenes = [{"scene": {"name": "s", "steps": [STEP], **(scene or {})}}]
    load = {"stages": [{"duration": 0, "target": 2}, {"duration": seconds, "target": 2}]}
    return RunSpec.parse(
        {"execution_id": "x", "name": "x", "seed": 7, "scenes": scenes, "load": load, "protocol": "fake", **more}
    )


class Watcher(Output):
    def __init__(self) -> None:
        self.states: list[RunState] = []
        self.seconds: list[Second] = []
        self.report: dict[str, Any] | None = None

    def add(self, snapshot: Snapshot, seconds: Sequence[Second]) -> None:
        self.seconds += seconds

    def state_changed(self, state: RunState, moment: datetime) -> None:
        self.states.append(state)

    async def stop(self, report: dict[str, Any]) -> None:
        self.report = report


class Broken(Output):
    def add(self, snapshot: Snapshot, seconds: Sequence[Second]) -> None:
        raise ValueError("add")

    async def stop(self, report: dict[str, Any]) -> None:
        raise ValueError("stop")


class SetClock:
    """A clock whose calendar is set forward and back while its steady time goes on."""

    def __init__(self) -> None:
        clock = virtual_time.current_clock()
        self.now_ns = clock.now_ns
        self._wall = clock.wall
        self.set_by_s = 0.0

    def wall(self) -> float:
        return self._wall() + self.set_by_s


def make(spec: RunSpec, script: Any = Answer(), *outputs: Output) -> Run:  # noqa: B008 - never changed
    protocol = fake_protocol.answering(script)
    clock = virtual_time.current_clock()
    run = Run(spec, LocalCluster(lambda name: protocol, clock, TargetPolicy()), clock, outputs)
    run.compile()
    return run


def run_to_end(spec: RunSpec, script: Any = Answer()) -> tuple[Watcher, dict[str, Any]]:  # noqa: B008 - never changed
    watcher = Watcher()

    async def main() -> dict[str, Any]:
        run = make(spec, script, watcher, Broken())
        await run.start()
        return await run.wait()

    return watcher, virtual_time.run(main())


def test_a_whole_run() -> None:
    watcher, report = run_to_end(spec_of())
    assert watcher.states == [RunState.STARTING, RunState.RUNNING, RunState.STOPPING, RunState.COMPLETED]
    assert report is watcher.report
    assert report["status"] == "completed"
    assert report["summary"]["total_requests"] == 600
    assert report["summary"]["success_rate"] == 100
    assert report["reason"]["code"] == "finished"
    assert report["verdict"]["state"] == "NO_THRESHOLDS"
    assert sum(second.requests for second in watcher.seconds) == 600


def test_pause_resume_and_what_is_illegal() -> None:
    async def main() -> dict[str, Any]:
        run = make(spec_of())
        await run.start()
        with pytest.raises(IllegalTransition):
            run.resume()
        await asyncio.sleep(1)
        run.pause()
        with pytest.raises(IllegalTransition):
            run.pause()
        await asyncio.sleep(30)
        run.resume()
        report = await run.wait()
        with pytest.raises(IllegalTransition):
            run.stop()
        return report

    report = virtual_time.run(main())
    assert report["summary"]["duration"] == pytest.approx(33, abs=1)
    assert report["summary"]["running_time"] == pytest.approx(3, abs=0.05)
    assert report["summary"]["throughput"] == pytest.approx(200, rel=0.02)
    assert report["pauses"][0]["seconds"] == pytest.approx(30, abs=1)


def test_a_pause_within_one_second_is_in_the_report_where_its_second_is() -> None:
    async def main() -> tuple[dict[str, Any], list[Second]]:
        watcher = Watcher()
        run = make(spec_of(), Answer(), watcher)
        await run.start()
        await asyncio.sleep(2.35)
        run.pause("li")
        await asyncio.sleep(0.3)
        run.resume("li")
        return await run.wait(), watcher.seconds

    report, seconds = virtual_time.run(main())
    (shorter,) = [second.second for second in seconds[:-1] if second.span_ns < 0.9e9]
    start = pytest.approx(shorter + 0.35, abs=0.06)
    assert report["pauses"] == [{"start": start, "end": pytest.approx(shorter + 0.65, abs=0.06), "seconds": 0.3}]
    resumed = next(event for event in report["events"] if event["event"] == "resume")
    assert (resumed["by"], resumed["start"], resumed["seconds"]) == ("li", start, 0.3)


@pytest.mark.parametrize("set_by_s", [-3_600, 3_600])
@pytest.mark.parametrize("at_s", [0.5, 1.5, 3])
def test_a_wall_clock_that_is_set_changes_no_duration_and_loses_no_second(set_by_s: float, at_s: float) -> None:
    """It is set while setup runs, at the beginning of the load, or in the middle of it."""
    scene = {"setup": [{"name": "setup", "request": {"path": "/setup"}}]}
    watcher = Watcher()

    async def main() -> dict[str, Any]:
        clock, protocol = SetClock(), fake_protocol.answering(Answer(after=1))
        run = Run(spec_of(scene=scene), LocalCluster(lambda name: protocol, clock, TargetPolicy()), clock, [watcher])
        run.compile()

        def set_clock() -> None:
            clock.set_by_s = set_by_s

        asyncio.get_running_loop().call_later(at_s, set_clock)
        await run.start()
        await asyncio.sleep(2.5)
        assert run.duration == pytest.approx(2.5, abs=0.05)
        return await run.wait()

    report = virtual_time.run(main())
    assert report["summary"]["duration"] == pytest.approx(3, abs=0.05)
    assert report["summary"]["running_time"] == pytest.approx(3, abs=0.05)
    start, end = map(datetime.fromisoformat, (report["start_time"], report["end_time"]))
    assert (end - start).total_seconds() == 3
    first = report["series"]["timestamps"][0]
    assert report["series"]["timestamps"] == list(range(first, first + len(report["series"]["timestamps"])))
    assert first == int(start.timestamp())
    assert [second.second for second in watcher.seconds][:3] == [first, first + 1, first + 2]
    assert report["gaps"] == []
    assert sum(report["series"]["requests"]) == 6


def test_a_breach_aborts_after_the_grace_time() -> None:
    spec = spec_of(60, thresholds=["error_rate < 1"], abort_on_breach=True, abort_grace_s=2.0)
    _, report = run_to_end(spec, Answer(status=500))
    assert report["status"] == "failed"
    assert report["reason"]["code"] == "threshold_breached"
    assert report["verdict"]["state"] == "FAILED"
    assert report["summary"]["running_time"] == pytest.approx(2, abs=0.2)
    assert report["metrics"]["errors"] == {"labels": ["HTTP 500"], "values": [report["summary"]["error_count"]]}


def test_setup_that_never_ends_fails_the_run_with_a_report() -> None:
    watcher = Watcher()
    scene = {"setup": [{"name": "setup", "request": {"path": "/setup"}, "timeout": 3_600_000}]}

    async def main() -> None:
        run = make(spec_of(scene=scene, request_timeout_ms=100), Answer(after=None), watcher)
        with pytest.raises(RunError):
            await run.start()
        assert run.state is RunState.FAILED

    virtual_time.run(main())
    assert watcher.report is not None
    assert watcher.report["status"] == "failed"
    assert watcher.report["reason"]["code"] == "setup_failed"


def test_stopping_while_setup_is_under_way() -> None:
    scene = {"setup": [{"name": "setup", "request": {"path": "/setup"}}]}

    async def main() -> dict[str, Any]:
        run = make(spec_of(scene=scene), Answer(after=1))
        starting = asyncio.create_task(run.start())
        await asyncio.sleep(0.5)
        run.stop()
        await starting
        return await run.wait()

    report = virtual_time.run(main())
    assert report["status"] == "stopped"
    assert report["summary"]["total_requests"] == 1
