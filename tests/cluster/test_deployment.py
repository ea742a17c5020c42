"""The controller of a run on many nodes, in virtual time: nodes that hang, leave, join, and are late."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable
from typing import Any

import pytest

from perfsvc.cluster.dask import messages
from perfsvc.cluster.dask.agents import Agent
from perfsvc.cluster.dask.deployment import LOCAL_START_LEAD_S
from perfsvc.engine.setup_teardown import setup_limit_s
from perfsvc.errors import OnStartFailed
from perfsvc.errors import RunError
from perfsvc.errors import SetupFailed
from perfsvc.model.node_timeouts import SILENT
from perfsvc.model.node_timeouts import SILENT_S
from perfsvc.model.node_timeouts import WATCH_S
from perfsvc.model.run import RunSpec
from tests.cluster.virtual_agents import VirtualRun
from tests.cluster.virtual_agents import act
from tests.cluster.virtual_agents import spec_of
from tests.support import virtual_time
from tests.support.fake_protocol import Answer

THINK_SCENE = {"steps": [{"name": "get", "request": {"path": "/a"}, "think_time": {"type": "constant", "value": 0.1}}]}


def now() -> float:
    return asyncio.get_running_loop().time()


def test_a_run_goes_through() -> None:
    virtual = act(spec_of(rate=20), lambda virtual: virtual.run.wait())
    assert len(virtual.begun_after(-1)) == 100
    assert virtual.kinds() == []


def test_a_node_that_hangs_while_the_run_ends_holds_it_up_no_longer_than_3_s() -> None:
    async def play(virtual: VirtualRun) -> None:
        await asyncio.sleep(1)
        virtual.agents[1].hung = True
        stopped = now()
        virtual.run.stop()
        await virtual.run.wait()
        assert now() - stopped < 5

    virtual = act(spec_of(rate=20, seconds=60), play)
    assert virtual.kinds() == [("lost", "n2")]


def test_a_node_that_hangs_before_the_load_holds_the_end_up_no_longer_than_3_s() -> None:
    async def main() -> None:
        virtual = VirtualRun(spec_of(rate=20), Answer(), 2)
        beating = asyncio.create_task(virtual.send_heartbeats())
        virtual.agents[1].hung = True
        began = now()
        virtual.run.compile()
        with pytest.raises(RunError, match="n2 did not answer within 30 s"):
            await virtual.run.prepare()
        virtual.run.stop()
        await virtual.run.wait()
        assert now() - began < 34
        beating.cancel()

    virtual_time.run(main())


def test_the_share_of_a_node_that_hangs_is_taken_over_and_its_own_load_ends_within_what_is_promised() -> None:
    async def play(virtual: VirtualRun) -> None:
        await asyncio.sleep(2)
        virtual.agents[1].hung = True
        await virtual.run.wait()

    virtual = act(spec_of(rate=20, seconds=12), play)
    hung = next(event.moment for event in virtual.events if event.kind == "joined") + 2
    lost, split = [event for event in virtual.events if event.kind != "joined"]
    assert (lost.kind, lost.node, lost.reason) == ("lost", "n2", SILENT)
    assert lost.moment - hung == pytest.approx(SILENT_S + WATCH_S, abs=0.01)
    assert (split.kind, split.shares) == ("resplit", {"n1": 100.0, "n2": 0.0})
    begun = [sum(second <= moment < second + 1 for moment in virtual.begun_after(-1)) for second in (4, 6, 7, 8, 9, 10)]
    assert begun == pytest.approx([20, 20, 20, 20, 20, 20], abs=1)
    # Its lease is over, and the other takes over half a second later, when both know of it.
    assert sum(5 <= moment < 5.5 for moment in virtual.begun_after(-1)) == 5


def test_setup_steps_are_waited_for_only_where_there_are_any() -> None:
    step = {"name": "up", "request": {"path": "/up"}}
    scenes: list[dict[str, Any]] = [{}, {"setup": [step]}, {"teardown": [step]}]
    limits = [setup_limit_s(spec_of(rate=1, scene=scene, request_timeout_ms=2000)) for scene in scenes]
    assert limits == [0, 20, 20]


def test_a_node_that_joins_a_paused_run_is_paused_too() -> None:
    async def play(virtual: VirtualRun) -> None:
        await asyncio.sleep(1)
        virtual.agents[2].mute = (messages.Prepared,)
        virtual.lose(virtual.agents[1])
        await asyncio.sleep(0.5)
        virtual.run.pause()
        await asyncio.sleep(0.1)
        assignment = virtual.run.nodes.all[-1].assignment
        virtual.agents[2].mute = ()
        virtual.agents[2].send(messages.Prepared(assignment=assignment, variables={}))
        await asyncio.sleep(9.9)
        assert virtual.kinds()[-1] == ("replaced", "n3")
        virtual.run.resume()
        await virtual.run.wait()

    virtual = act(spec_of(rate=20, seconds=5), play, agents=3)
    begun = virtual.begun_after(1.5)
    assert begun[0] > 11.3
    assert len(begun) == pytest.approx(20 * (5 - 1.5 + LOCAL_START_LEAD_S), abs=2)
    assert sum(each.planned_rate for each in virtual.snapshots if each.node == "n3" and each.paused) == 0


def test_a_drained_node_gives_back_the_iterations_that_it_was_to_do() -> None:
    async def play(virtual: VirtualRun) -> None:
        await asyncio.sleep(1)
        virtual.agents[0].handle.draining = True
        await virtual.run.wait()

    load = {"iterations": {"count": 120, "scope": "shared"}}
    virtual = act(spec_of(users=4, seconds=60, load=load, scene=THINK_SCENE), play)
    assert virtual.iterations == 120
    assert [kind for kind, _ in virtual.kinds()] == ["resplit", "resplit"]
    assert virtual.events[-1].shares == {}
    assert virtual.agents[0].handle not in virtual.bound


def test_a_drained_node_gives_back_the_arrivals_that_it_was_to_serve() -> None:
    async def play(virtual: VirtualRun) -> None:
        await asyncio.sleep(1)
        virtual.agents[0].handle.draining = True
        await virtual.run.wait()
        assert now() < 8

    load = {"iterations": {"count": 100, "scope": "shared"}}
    virtual = act(spec_of(rate=20, seconds=60, load=load), play)
    assert virtual.iterations == 100


def test_a_slot_stays_drained_when_its_node_is_gone_and_no_replacement_is_awaited() -> None:
    async def play(virtual: VirtualRun) -> None:
        await asyncio.sleep(1)
        virtual.agents[0].handle.draining = True
        await asyncio.sleep(1)
        assert virtual.run.shares.weights() == (0, 1)
        virtual.lose(virtual.agents[0])
        await asyncio.sleep(1)
        assert virtual.run.shares.weights() == (0, 1)
        assert not virtual.run.shares.awaited
        await virtual.run.wait()

    virtual = act(spec_of(rate=20, seconds=5, placement={"on_loss": "replace"}), play)
    assert [(event.kind, event.reason.en) for event in virtual.events[2:]] == [
        ("resplit", "the node is being drained"),
        ("lost", "its connection ended: the process exited or the network failed"),
        ("resplit", "the other nodes take over its load"),
    ]
    assert len(virtual.begun_after(-1)) == 100


def test_the_last_node_with_load_keeps_it_and_no_drained_one_takes_it_over() -> None:
    async def play(virtual: VirtualRun) -> None:
        await asyncio.sleep(1)
        virtual.agents[0].handle.draining = True
        await asyncio.sleep(1)
        virtual.agents[1].handle.draining = True
        await asyncio.sleep(1)
        assert virtual.run.shares.weights() == (0, 1)
        virtual.lose(virtual.agents[1])
        assert virtual.run.shares.weights() == (0, 0)
        with pytest.raises(RunError, match="the nodes that are left are being drained: none takes over the load"):
            await virtual.run.wait()
        assert now() < 4

    virtual = act(spec_of(rate=20, seconds=60), play)
    assert virtual.begun_after(3.1) == []
    assert virtual.kinds()[-1] == ("lost", "n2")


def test_a_drained_node_takes_over_nothing_while_a_replacement_is_awaited() -> None:
    async def play(virtual: VirtualRun) -> None:
        virtual.agents[2].handle.draining = True
        await asyncio.sleep(1)
        virtual.agents[0].handle.draining = True
        await asyncio.sleep(1)
        virtual.lose(virtual.agents[1])
        await asyncio.sleep(1)
        assert virtual.run.shares.weights() == (0, 1)
        assert virtual.begun_after(2.1) == []
        virtual.agents[2].handle.draining = False
        await virtual.run.wait()

    placement = {"on_loss": "replace", "replace_within_s": 20}
    virtual = act(spec_of(rate=20, seconds=5, placement=placement), play, agents=3)
    assert virtual.kinds()[-1] == ("replaced", "n3")
    assert {each.node for each in virtual.snapshots if each.planned_rate and each.elapsed > 4} == {"n3"}


def test_an_idle_agent_takes_the_slot_of_a_drained_one_that_left() -> None:
    async def play(virtual: VirtualRun) -> None:
        virtual.agents[2].handle.draining = True
        await asyncio.sleep(1)
        virtual.agents[0].handle.draining = True
        await asyncio.sleep(1)
        virtual.lose(virtual.agents[0])
        virtual.agents[2].handle.draining = False
        await asyncio.sleep(1)
        assert virtual.run.shares.weights() == (1, 1)
        await virtual.run.wait()

    virtual = act(spec_of(rate=20, seconds=5), play, agents=3)
    assert virtual.kinds()[-1] == ("replaced", "n3")
    assert len(virtual.begun_after(-1)) == 100


def test_shared_iterations_are_done_where_some_nodes_have_no_users() -> None:
    async def play(virtual: VirtualRun) -> None:
        await virtual.run.wait()
        assert now() < 20

    load = {"iterations": {"count": 120, "scope": "shared"}}
    virtual = act(spec_of(nodes=3, users=2, seconds=60, load=load, scene=THINK_SCENE), play)
    assert virtual.iterations == 120


def test_iterations_of_a_lost_node_go_to_those_that_are_still_there() -> None:
    async def play(virtual: VirtualRun) -> None:
        await asyncio.sleep(2)
        virtual.lose(virtual.agents[1])
        await virtual.run.wait()
        assert now() < 30

    load = {"iterations": {"count": 150, "scope": "shared"}}
    virtual = act(spec_of(nodes=3, users=6, seconds=60, load=load, scene=THINK_SCENE), play)
    assert virtual.iterations >= 150


def test_users_that_are_too_many_after_new_shares_leave() -> None:
    async def play(virtual: VirtualRun) -> None:
        await asyncio.sleep(3)
        virtual.agents[0].handle.draining = True
        await asyncio.sleep(4)
        virtual.snapshots.clear()
        await virtual.run.wait()

    virtual = act(spec_of(rate=30, seconds=10, load={"max_vus": 20}), play, answer=Answer(after=1.0))
    users = {(each.node, each.vus) for each in virtual.snapshots if each.planned_rate or each.node == "n1"}
    assert {count for node, count in users if node == "n1"} <= {0, 1}
    assert ("n2", 20) in users


def test_a_node_that_answers_and_never_ends_is_given_up() -> None:
    async def play(virtual: VirtualRun) -> None:
        virtual.agents[1].mute = (messages.Ending, messages.Ended)
        await virtual.run.wait()
        assert 5 + 3 + 30 < now() < 40

    virtual = act(spec_of(rate=20), play)
    assert [(event.kind, event.node, event.reason.en) for event in virtual.events[2:]] == [
        ("lost", "n2", "it did not end in time")
    ]


def prepared(spec: RunSpec, play: Callable[[VirtualRun], Awaitable[None]], answer: Answer | None = None) -> VirtualRun:
    """A run that is being prepared while ``play`` goes on, and whose preparation may fail; it is stopped at the end."""

    async def main() -> VirtualRun:
        virtual = VirtualRun(spec, answer or Answer(), 2)
        beating = asyncio.create_task(virtual.send_heartbeats())
        virtual.run.compile()
        preparing = asyncio.create_task(virtual.run.prepare())
        try:
            await play(virtual)
            await preparing
        finally:
            virtual.run.stop()
            await virtual.run.wait()
            beating.cancel()
        return virtual

    return virtual_time.run(main())


def test_a_node_lost_after_its_own_preparation_fails_the_start() -> None:
    async def play(virtual: VirtualRun) -> None:
        virtual.agents[1].mute = (messages.Prepared,)
        await asyncio.sleep(1)
        virtual.lose(virtual.agents[0])
        virtual.agents[1].mute = ()
        assignment = virtual.run.nodes.all[1].assignment
        virtual.agents[1].send(messages.Prepared(assignment=assignment, variables={}))

    with pytest.raises(RunError, match="node n1 was lost"):
        prepared(spec_of(rate=20), play)


def test_a_node_that_ended_is_not_waited_for() -> None:
    async def play(virtual: VirtualRun) -> None:
        virtual.agents[1].mute = (messages.Compiled,)
        await asyncio.sleep(1)
        virtual.run.stop()
        await virtual.run.wait()
        assert now() < 2

    prepared(spec_of(rate=20), play)


def test_a_stop_does_not_wait_for_agents() -> None:
    async def never(spec: RunSpec, count: int) -> list[Agent]:
        await asyncio.Event().wait()
        return []

    async def main() -> None:
        virtual = VirtualRun(spec_of(rate=20), Answer(), 2)
        virtual.acquire = never  # type: ignore[method-assign]
        virtual.run.compile()
        preparing = asyncio.create_task(virtual.run.prepare())
        await asyncio.sleep(1)
        virtual.run.stop()
        await preparing
        await virtual.run.wait()
        assert now() == 1

    virtual_time.run(main())


def test_a_failed_setup_of_a_node_is_one_of_the_run() -> None:
    async def play(virtual: VirtualRun) -> None: ...

    spec = spec_of(rate=20, scene={"setup": [{"name": "up", "request": {"path": "/up"}}]})
    with pytest.raises(SetupFailed, match="node n1: setup step “up” failed: HTTP 500"):
        prepared(spec, play, Answer(status=500))


def test_on_start_steps_that_fail_on_a_node_are_those_of_the_run() -> None:
    spec = spec_of(users=2, scene={"on_start": [{"name": "in", "request": {"path": "/in"}}]})
    with pytest.raises(OnStartFailed, match="the on_start steps of every user failed, the last one in “in”"):
        act(spec, lambda virtual: virtual.run.wait(), answer=Answer(status=500))
