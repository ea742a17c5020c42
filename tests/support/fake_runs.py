"""Runs without an engine: they start, pause and stop at once, and their figures are made up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from perfsvc.clock import Clock
from perfsvc.clock import utc_now
from perfsvc.errors import Conflict
from perfsvc.errors import IllegalTransition
from perfsvc.errors import NotFound
from perfsvc.model.entities import Execution
from perfsvc.model.entities import User
from perfsvc.model.load import Variable
from perfsvc.model.node import NodeInfo
from perfsvc.model.run import EndReason
from perfsvc.model.run import RunState
from perfsvc.service.runs.live_feed import Channel
from perfsvc.service.runs.live_feed import Subscription
from perfsvc.service.runs.run import Run
from perfsvc.store import executions
from perfsvc.store.database import Store

STOPPED = EndReason(code="stopped_by_user", zh="用户停止", en="stopped by the user")
METRICS: dict[str, Any] = {
    "response_time": {"current": 150.0, "avg": 145.0, "min": 100.0, "max": 200.0, "p95": 180.0},
    "throughput": {"current_rps": 500.0, "avg_rps": 450.0, "total_requests": 50_000},
    "error_rate": {"current": 0.1, "total_errors": 100},
    "system": {"cpu_usage": 65.0, "memory_usage": 75.0, "network_io": 15.0},
}
ERRORS = [{"error": "Timeout", "count": 20}, {"error": "HTTP 500", "count": 30}]
HISTORY = {"type": "history", "data": []}
END = {"type": "end", "data": {"status": "stopped"}}


class FakeNodes:
    """This server and one agent, which can be drained."""

    def __init__(self) -> None:
        usual = {"host": "here", "version": "0.1.0", "since": 1_700_000_000.0}
        server = NodeInfo(name="local", kind="server", pid=1, state="ready", **usual)
        agent = NodeInfo(
            name="agent-1", kind="agent", pid=2, state="busy", cpu=41.26, memory=50_000_000, loop_lag_ms=1.5,
            shares={"run": 100.0}, **usual,
        )  # fmt: skip
        self.known = {node.name: node for node in (agent, server)}

    def nodes(self) -> list[NodeInfo]:
        return list(self.known.values())

    def drain(self, name: str, draining: bool) -> bool:
        if name not in self.known:
            raise NotFound("节点不存在", "there is no such node")
        if self.known[name].kind == "server":
            raise Conflict("不能排空服务自身的节点", "the server's own node cannot be drained")
        self.known[name] = msgspec.structs.replace(self.known[name], state="draining" if draining else "ready")
        return draining


class FakeRuns:
    """Satisfies ``RunControl``."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._running: dict[int, Execution] = {}
        self.node_source = FakeNodes()
        self.channels: dict[str, Channel] = {}

    async def start(self, plan_id: int, user: User) -> Execution:
        if plan_id in self._running:
            raise Conflict("该测试计划正在执行中", "a run of this plan is active")
        execution = Execution(
            execution_id=f"run-{plan_id}-{len(self.channels)}",
            plan_id=plan_id,
            starter_id=user.id,
            state=RunState.RUNNING,
            spec={},
            start_time=utc_now(self._clock),
            end_time=None,
            reason=None,
        )
        self._running[plan_id] = await self._store.run(executions.create, execution)
        self.channels[execution.execution_id] = Channel(lambda: [HISTORY])
        return execution

    async def stop(self, plan_id: int) -> Execution:
        execution = self._moved(plan_id, RunState.STOPPED)
        del self._running[plan_id]
        self.channels[execution.execution_id].end(END)
        return await self._store.run(
            executions.finish, execution.execution_id, RunState.STOPPED, STOPPED, utc_now(self._clock)
        )

    async def pause(self, plan_id: int) -> Execution:
        return self._moved(plan_id, RunState.PAUSED)

    async def resume(self, plan_id: int) -> Execution:
        return self._moved(plan_id, RunState.RUNNING)

    async def set_load(self, execution_id: str, level: float, variable: Variable, user: User) -> Execution:
        return await self.execution(execution_id)

    def is_active(self, plan_id: int) -> bool:
        return plan_id in self._running

    @property
    def active_count(self) -> int:
        return len(self._running)

    async def subscribe(self, execution_id: str) -> Subscription:
        return self.channels[execution_id].subscribe()

    async def metrics(self, execution_id: str, metric_type: str | None, time_range: int | None) -> dict[str, Any]:
        figures = METRICS if metric_type is None else {metric_type: METRICS[metric_type]}
        return {"execution_id": execution_id, "timestamp": "2024-02-20T11:00:00Z", "metrics": figures}

    async def execution(self, execution_id: str) -> Execution:
        return await self._store.run(executions.get, execution_id)

    def running(self, execution_id: str) -> Run | None:
        return None

    async def errors(self, execution_id: str) -> list[dict[str, Any]]:
        return ERRORS

    def _moved(self, plan_id: int, state: RunState) -> Execution:
        execution = self._running.get(plan_id)
        if execution is None:
            raise Conflict("该测试计划没有正在执行的测试", "no run of this plan is active")
        if execution.state is state:
            raise IllegalTransition(f"当前状态为 {state.value}", f"the run is {state.value} already")
        self._running[plan_id] = replace(execution, state=state)
        return self._running[plan_id]
