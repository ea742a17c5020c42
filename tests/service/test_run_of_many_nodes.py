"""A run on many nodes: seconds close when all have reported them, and what is missing of a lost one is stated."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from collections.abc import Sequence
from typing import Any

import pytest

from perfsvc.analysis.nodes import frame_nodes
from perfsvc.analysis.run_frame import RunNames
from perfsvc.errors import RunError
from perfsvc.metrics.figures import Second
from perfsvc.model.run import RunSpec
from perfsvc.model.run import RunState
from perfsvc.model.window import Snapshot
from perfsvc.service.runs.live_output import LiveOutput
from perfsvc.service.runs.node_losses import NodeLosses
from perfsvc.service.runs.run import Output
from perfsvc.service.runs.run import Run
from tests.support import virtual_time
from tests.support.many_nodes import REASON
from tests.support.many_nodes import T0
from tests.support.many_nodes import ManyNodes

Script = Callable[[ManyNodes, Run], None]


def spec_of(variable: str = "vus", target: float = 6, **more: Any) -> RunSpec:
    steps = [{"name": "get", "request": {"path": "/a"}}]
    stages = [{"duration": 0, "target": target}, {"duration": 20, "target": target}]
    return RunSpec.parse(
        {
            "execution_id": "x", "name": "x", "seed": 7, "scenes": [{"scene": {"name": "s", "steps": steps}}],
            "load": {"variable": variable, "stages": stages, "max_vus": 100}, "protocol": "fake", **more,
        }
    )  # fmt: skip


class Watcher(Output):
    def __init__(self) -> None:
        self.seconds: list[Second] = []
        self.noted_events: list[dict[str, Any]] = []

    def add(self, snapshot: Snapshot, seconds: Sequence[Second]) -> None:
        self.seconds += seconds

    def event_added(self, event: dict[str, Any]) -> None:
        self.noted_events.append(event)


def ran(script: Script, spec: RunSpec | None = None, *outputs: Output) -> dict[str, Any]:
    """The report of a run on nodes a, b and c that say what the script lets them say."""

    async def main() -> dict[str, Any]:
        cluster = ManyNodes("a", "b", "c")
        run = Run(spec or spec_of(), cluster, virtual_time.current_clock(), outputs)
        run.compile()
        await run.start()
        script(cluster, run)
        if not run.state.ended:
            await asyncio.sleep(0)
            cluster.over()
        return await run.wait()

    report: dict[str, Any] = virtual_time.run(main())
    return report


def told_by_all(cluster: ManyNodes, *seconds: int) -> None:
    for second in seconds:
        for name in cluster.names:
            cluster.tell(name, second)


def losing_b(cluster: ManyNodes, run: Run) -> None:
    """b is silent after its fourth second; the others have its share from profile time 7.5 on."""
    told_by_all(cluster, 1, 2, 3, 4)
    for second in (5, 6, 7):
        cluster.tell("a", second)
        cluster.tell("c", second)
    cluster.event("lost", "b", T0 + 7.0)
    cluster.event("resplit", "b", T0 + 7.5, shares={"a": 50.0, "c": 50.0}, elapsed=7.5)
    for second in range(8, 21):
        cluster.tell("a", second, requests=15, vus=3, planned_vus=3)
        cluster.tell("c", second, requests=15, vus=3, planned_vus=3)


def test_a_second_is_reported_when_all_nodes_have_reported_it() -> None:
    watcher = Watcher()
    told: list[list[int]] = []

    def script(cluster: ManyNodes, run: Run) -> None:
        for name in ("a", "b", "a", "c", "b", "c"):
            cluster.tell(name, 1 + [len(told) in (2, 4, 5)].count(True))
            told.append([second.second - T0 for second in watcher.seconds])

    ran(script, None, watcher)
    assert told == [[], [], [], [0], [0], [0, 1]]
    assert [(second.requests, second.vus, second.node_count) for second in watcher.seconds] == [(30, 6, 3)] * 2


class LostNodes(ManyNodes):
    """All nodes are lost while they compile the run."""

    async def prepare(self) -> None:
        raise RunError("节点 a 拒绝执行", "node a refuses")

    async def wait(self) -> None:
        await super().wait()
        raise RunError("所有节点都已丢失", "all nodes were lost")


def test_a_run_whose_nodes_are_all_lost_while_it_starts_ends_with_the_first_error() -> None:
    async def main() -> Run:
        run = Run(spec_of(), LostNodes("a"), virtual_time.current_clock(), [])
        with pytest.raises(RunError, match="node a refuses"):
            await run.start()
        await run.wait()
        return run

    run: Run = virtual_time.run(main())
    assert run.state is RunState.FAILED
    assert (run.report["status"], run.report["reason"]["en"]) == ("failed", "node a refuses")


def test_a_run_that_cannot_be_reported_ends_as_failed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(losses: NodeLosses, moment: float) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(NodeLosses, "finish", broken)
    report = ran(lambda cluster, run: told_by_all(cluster, 1, 2))
    assert report["status"] == "failed"
    assert (report["reason"]["code"], report["reason"]["en"]) == ("error", "internal error: division by zero")
    assert "run x cannot be reported" in caplog.text


def test_thresholds_judge_whole_seconds_only() -> None:
    """One node alone is below the rate that all three have together."""
    spec = spec_of(thresholds=["rps > 25 for 1s"], abort_on_breach=True, abort_grace_s=0.0)
    report = ran(lambda cluster, run: told_by_all(cluster, 1, 2, 3), spec)
    assert (report["status"], report["verdict"]["state"]) == ("completed", "PASSED")


def test_nobody_waits_for_a_lost_node_though_it_is_named_as_the_cause_of_what_follows() -> None:
    watcher = Watcher()
    waiting: list[int] = []

    def script(cluster: ManyNodes, run: Run) -> None:
        told_by_all(cluster, 1)
        cluster.event("lost", "b", T0 + 1, shares={"b": 0.0})
        cluster.event("resplit", "b", T0 + 1, shares={"a": 50.0, "b": 0.0, "c": 50.0}, elapsed=1.5)
        for second in (2, 3):
            cluster.tell("a", second)
            cluster.tell("c", second)
            waiting.append(second - len(watcher.seconds))

    ran(script, None, watcher)
    assert waiting == [0, 0]


def test_what_a_lost_node_should_have_done_is_stated() -> None:
    report = ran(losing_b)
    rows = {row["node"]: row for row in report["nodes"]}
    assert {name: (row["state"], row["share"], row["host"]) for name, row in rows.items()} == {
        "a": ("running", 50.0, "host-a"), "b": ("lost", 33.333, "host-b"), "c": ("running", 50.0, "host-c"),
    }  # fmt: skip
    (loss,) = rows["b"]["losses"]
    # A third of six users, from the end of the fourth second to 7.5 s.
    assert loss["elapsed"] == [4.0, 7.5]
    assert loss["missing"] == {"variable": "vus", "amount": 7.0, "requests": 35}
    assert (loss["time"], loss["until"]) == ("2023-11-14T22:13:27Z", "2023-11-14T22:13:27Z")
    assert loss["reason"] == REASON._asdict()
    assert rows["a"]["losses"] == []
    assert report["warnings"][0]["en"] == (
        "the load of node b (2023-11-14T22:13:27Z, a reason) was missing for 3.5 s: 7.0 VU-seconds, about 35 requests"
    )
    assert report["validity"]["state"] == "SUSPECT"
    assert [cause["code"] for cause in report["validity"]["causes"]] == ["node_lost"]


def test_a_resplit_among_the_others_takes_nothing_over() -> None:
    def script(cluster: ManyNodes, run: Run) -> None:
        told_by_all(cluster, 1, 2)
        cluster.event("lost", "b", T0 + 2, shares={"b": 0.0}, elapsed=2.1)
        cluster.event("resplit", "", T0 + 4, shares={"a": 30.0, "c": 36.667}, elapsed=4.0)
        cluster.event("joined", "d", T0 + 5, shares={}, elapsed=5.0)
        cluster.event("replaced", "d", T0 + 6, shares={"d": 33.333}, elapsed=6.0)
        for second in range(3, 11):
            cluster.tell("a", second)
            cluster.tell("c", second)

    rows = {row["node"]: row for row in ran(script)["nodes"]}
    assert [loss["elapsed"] for loss in rows["b"]["losses"]] == [[2.0, 6.0]]
    assert (rows["d"]["share"], rows["d"]["requests"], rows["d"]["first_second"]) == (33.333, 0, None)


def test_two_are_lost_and_taken_over_one_after_the_other() -> None:
    def script(cluster: ManyNodes, run: Run) -> None:
        told_by_all(cluster, 1, 2)
        cluster.event("lost", "b", T0 + 2, elapsed=2.5)
        cluster.event("lost", "c", T0 + 3, elapsed=3.5)
        cluster.event("replaced", "d", T0 + 5, shares={"d": 33.333}, elapsed=5.0)
        cluster.event("resplit", "c", T0 + 7, shares={"a": 50.0, "d": 50.0}, elapsed=7.0)
        for second in range(3, 11):
            cluster.tell("a", second)
            cluster.tell("d", second)

    rows = {row["node"]: row for row in ran(script)["nodes"]}
    assert [rows[name]["losses"][0]["elapsed"] for name in "bc"] == [[2.0, 5.0], [2.0, 7.0]]


def test_a_node_that_hung_and_came_back_was_lost_and_makes_the_run_no_longer() -> None:
    def script(cluster: ManyNodes, run: Run) -> None:
        told_by_all(cluster, 1, 2)
        cluster.event("lost", "b", T0 + 5)
        cluster.event("resplit", "b", T0 + 5, shares={"a": 50.0, "b": 0.0, "c": 50.0}, elapsed=5.0)
        for second in range(3, 21):
            cluster.tell("a", second)
            cluster.tell("c", second)
            if second == 15:
                cluster.tell("b", 3, span_ns=12 * 10**9)
                cluster.tell("b", 15, requests=0, span_ns=10**8)
        cluster.tell("b", 20, requests=0, span_ns=10**8)

    report = ran(script)
    assert report["summary"]["running_time"] == 20.0
    assert report["summary"]["throughput"] == (6 * 10 + 18 * 20 + 10) / 20
    assert [cause["code"] for cause in report["validity"]["causes"]] == ["node_lost"]


class LastSecond(Output):
    """The losses in the frame of the last second."""

    async def start(self, run: Run) -> None:
        self._run = run

    def add(self, snapshot: Snapshot, seconds: Sequence[Second]) -> None:
        for second in seconds:
            self.losses = losses_in(frame_nodes(second, self._run.node_losses.nodes), "name")


def losses_in(rows: list[dict[str, Any]], key: str) -> dict[str, Any]:
    return {row[key]: row["losses"] for row in rows if row.get("losses")}


def never_taken_over(cluster: ManyNodes, run: Run) -> None:
    told_by_all(cluster, 1, 2, 3, 4)
    cluster.event("lost", "b", T0 + 5)
    for second in range(5, 11):
        cluster.tell("a", second)
        cluster.tell("c", second)


def back_again(cluster: ManyNodes, run: Run) -> None:
    told_by_all(cluster, 1, 2, 3, 4)
    for second in (5, 6):
        cluster.tell("a", second)
        cluster.tell("c", second)
    cluster.event("lost", "b", T0 + 6.0)
    cluster.event("resplit", "b", T0 + 6.5, shares={"a": 50.0, "c": 50.0}, elapsed=6.5)
    cluster.tell("b", 5, requests=3)
    for second in range(7, 21):
        cluster.tell("a", second, requests=15, vus=3, planned_vus=3)
        cluster.tell("c", second, requests=15, vus=3, planned_vus=3)


@pytest.mark.parametrize("script", [losing_b, never_taken_over, back_again])
@pytest.mark.parametrize(("variable", "target"), [("vus", 6), ("arrival_rate", 30)])
def test_the_live_feed_counts_lost_load_as_the_report_does(script: Script, variable: str, target: float) -> None:
    live = LastSecond()
    told = losses_in(ran(script, spec_of(variable, target), live)["nodes"], "node")
    (loss,), (seen,) = told["b"], live.losses["b"]
    assert loss["missing"]["amount"] > 0
    assert (seen["missing"], seen["share"]) == (loss["missing"], loss["share"])


def test_arrivals_that_are_missing() -> None:
    spec = spec_of("arrival_rate", 30)
    (loss,) = next(row for row in ran(losing_b, spec)["nodes"] if row["node"] == "b")["losses"]
    assert loss["missing"] == {"variable": "arrival_rate", "amount": 35.0, "requests": 35}


@pytest.mark.parametrize(("variable", "target", "asked"), [("vus", 6, 7.0), ("arrival_rate", 30, 35.0)])
def test_what_a_lost_node_tells_of_when_it_is_back_is_not_missing(variable: str, target: float, asked: float) -> None:
    def script(cluster: ManyNodes, run: Run) -> None:
        losing_b(cluster, run)
        cluster.tell("b", 5)
        cluster.tell("b", 6, requests=4)

    (loss,) = next(row for row in ran(script, spec_of(variable, target))["nodes"] if row["node"] == "b")["losses"]
    assert loss["missing"] == {"variable": variable, "amount": pytest.approx(asked * 21 / 35, rel=0.01), "requests": 21}


def test_a_load_that_nobody_takes_over_is_missing_to_the_end() -> None:
    def script(cluster: ManyNodes, run: Run) -> None:
        told_by_all(cluster, 1, 2, 3, 4)
        cluster.event("lost", "b", T0 + 5)
        for second in range(5, 11):
            cluster.tell("a", second)
            cluster.tell("c", second)

    (loss,) = next(row for row in ran(script)["nodes"] if row["node"] == "b")["losses"]
    assert (loss["elapsed"], loss["missing"]["amount"]) == ([4.0, 10.0], 12.0)


def test_a_load_set_by_hand_counts_from_then_on() -> None:
    def script(cluster: ManyNodes, run: Run) -> None:
        told_by_all(cluster, 1, 2, 3, 4)
        run.set_load(12, "me")
        cluster.event("lost", "b", T0 + 5)
        for second in range(5, 11):
            cluster.tell("a", second)
            cluster.tell("c", second)

    (loss,) = next(row for row in ran(script)["nodes"] if row["node"] == "b")["losses"]
    assert loss["missing"]["amount"] == 24.0


def test_a_node_that_leaves_by_plan_is_not_lost() -> None:
    def script(cluster: ManyNodes, run: Run) -> None:
        told_by_all(cluster, 1, 2)
        cluster.event("resplit", "b", T0 + 2, shares={"a": 50.0, "b": 0.0, "c": 50.0}, elapsed=2.0)
        for second in range(3, 21):
            cluster.tell("a", second)
            cluster.tell("c", second)

    report = ran(script)
    assert report["validity"]["state"] == "VALID"
    assert [row["state"] for row in report["nodes"]] == ["running", "left", "running"]
    assert [row["losses"] for row in report["nodes"]] == [[], [], []]


def test_events_are_noted_and_stand_in_the_report() -> None:
    watcher = Watcher()
    report = ran(losing_b, None, watcher)
    assert watcher.noted_events == report["events"]
    of_nodes = [event for event in report["events"] if event["event"] == "node"]
    assert [(event["kind"], event["node"], event["shares"]) for event in of_nodes] == [
        ("lost", "b", {}), ("resplit", "b", {"a": 50.0, "c": 50.0}),
    ]  # fmt: skip
    others = [event for event in report["events"] if event["event"] != "node"]
    assert [(event["event"], event["state"]) for event in others] == [("validity", "SUSPECT")]
    assert report["series"]["node_count"] == [3] * 4 + [2] * 16


def is_validity(frame: dict[str, Any]) -> bool:
    return bool(frame["data"].get("event") == "validity")


def test_frames_show_every_node() -> None:
    broadcast = LiveOutput(RunNames(), lambda: None)
    frames: list[dict[str, Any]] = []

    def script(cluster: ManyNodes, run: Run) -> None:
        broadcast.channel.subscribe()
        broadcast.channel.publish = frames.append  # type: ignore[method-assign]
        told_by_all(cluster, 1)
        cluster.event("lost", "b", T0 + 1)
        cluster.tell("a", 2)
        cluster.tell("c", 2)

    ran(script, None, broadcast)
    first, event, second = (frame for frame in frames if frame["type"] != "status" and not is_validity(frame))
    assert first["data"]["nodes"][0] == {
        "name": "a", "host": "host-a", "share": 33.333, "state": "running", "active_users": 2,
        "requests_per_second": 10.0, "errors": 0, "process_cpu": 0.0, "loop_lag": 0.0,
    }  # fmt: skip
    assert (event["type"], event["data"]["kind"]) == ("event", "lost")
    assert [(row["state"], row["active_users"]) for row in second["data"]["nodes"]] == [
        ("running", 2), ("lost", 0), ("running", 2),
    ]  # fmt: skip
    assert (second["data"]["node_count"], second["data"]["requests"]) == (2, 20)
