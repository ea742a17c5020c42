"""One run from start to report: lifecycle, merged metrics, thresholds, load control and outputs together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC
from datetime import datetime
from typing import Any
from typing import get_args

from perfsvc.analysis.plan_warnings import plan_warnings
from perfsvc.analysis.report import RunFacts
from perfsvc.analysis.report import build_report
from perfsvc.analysis.run_frame import Standing
from perfsvc.analysis.warm_up_block import warm_up_block
from perfsvc.clock import NS_PER_S
from perfsvc.clock import Clock
from perfsvc.clock import RunClock
from perfsvc.clock import utc_now
from perfsvc.cluster.interface import Cluster
from perfsvc.datafeed.allocator import OpenFeed
from perfsvc.datafeed.allocator import RowAllocator
from perfsvc.engine.masking import Masker
from perfsvc.errors import InvalidInput
from perfsvc.errors import PerfsvcError
from perfsvc.errors import Problem
from perfsvc.errors import RunError
from perfsvc.errors import StoppedByPlan
from perfsvc.errors import Text
from perfsvc.load_control import controller_for
from perfsvc.metrics.figures import Second
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.metrics.thresholds import Breach
from perfsvc.metrics.thresholds import RuleState
from perfsvc.metrics.thresholds import ThresholdJudge
from perfsvc.metrics.thresholds import final_states
from perfsvc.metrics.watermark import Watermark
from perfsvc.model.load import MAX_RATE
from perfsvc.model.load import MAX_VUS
from perfsvc.model.node import NodeEvent
from perfsvc.model.run import EndCode
from perfsvc.model.run import EndReason
from perfsvc.model.run import Lifecycle
from perfsvc.model.run import RunEvent
from perfsvc.model.run import RunSpec
from perfsvc.model.run import RunState
from perfsvc.model.window import Snapshot
from perfsvc.service.runs.alarms import Alarms
from perfsvc.service.runs.events import EventLog
from perfsvc.service.runs.node_losses import NodeLosses

log = logging.getLogger(__name__)

OUTPUT_TIMEOUT_S = 30.0

CODES: frozenset[str] = frozenset(get_args(EndCode))
FINISHED = EndReason(code="finished", zh="负载已按计划完成", en="the load profile is over")
DATA_EXHAUSTED = EndReason(code="data_exhausted", zh="测试数据已用完", en="the test data is used up")
STOPPED_BY_USER = EndReason(code="stopped_by_user", zh="用户手动停止", en="stopped by a user")
CONTROLLER = "controller"
"""The author of load changes that the test mode makes."""
SERVER_STOPPED = EndReason(code="server_stopped", zh="服务停止", en="the server was stopped")


class Output:
    """Receives the seconds, states and events of a run. Only ``start`` and ``stop`` may wait; errors are logged."""

    async def start(self, run: Run) -> None:
        """Prepare for the run. An exception prevents it from starting."""

    def add(self, snapshot: Snapshot, seconds: Sequence[Second]) -> None:
        """Take a merged snapshot and the seconds that it completed."""

    def state_changed(self, state: RunState, moment: datetime) -> None:
        """Take a new state of the run."""

    def event_added(self, event: dict[str, Any]) -> None:
        """Take an event of the run, such as a change of its load."""

    async def stop(self, report: dict[str, Any]) -> None:
        """Take the report; nothing follows."""


class Run:  # size: commands, callbacks and ending of one run; each is short and all share its lifecycle
    """A run in progress; must be used on one event loop.

    ``open_feed`` opens the test data, if the run has any.
    """

    def __init__(
        self,
        spec: RunSpec,
        cluster: Cluster,
        clock: Clock,
        outputs: Sequence[Output],
        *,
        plan_id: int | None = None,
        open_feed: OpenFeed | None = None,
    ) -> None:
        self.spec = spec
        self.plan_id = plan_id
        self.metrics = RunMetrics.of(spec)
        self._clock = RunClock(clock)
        self.start_time = utc_now(self._clock)
        self.end_time: datetime | None = None
        self.report: dict[str, Any] = {}
        self._outputs = outputs
        self._started: list[Output] = []
        self._lifecycle = Lifecycle()
        self._judge = ThresholdJudge(spec.thresholds)
        self._controller = controller_for(spec.load)
        self._events = EventLog()
        self._alarms = Alarms()
        self._watermark = Watermark()
        self._snapshot_ns = self._paused_ns = 0
        self._paused_at = 0.0
        self._second_end = 0
        self.node_losses = NodeLosses(spec.load, self.metrics, self._elapsed)
        self._ended = asyncio.Event()
        self._allocator = allocator_of(spec, open_feed)
        self._opening: asyncio.Task[None] | None = None
        self._deployment = cluster.deploy(spec, self, self._allocator)

    @property
    def state(self) -> RunState:
        """The state of the lifecycle."""
        return self._lifecycle.state

    @property
    def duration(self) -> float:
        """Seconds from the start to now, or to the end of an ended run."""
        return ((self.end_time or utc_now(self._clock)) - self.start_time).total_seconds()

    @property
    def reason(self) -> EndReason | None:
        """The end reason, once the run ends."""
        return self._lifecycle.reason

    def compile(self) -> None:
        """Compile the scenes, before anything is stored. Raises InvalidInput."""
        self._deployment.compile()

    async def start(self) -> None:
        """Start the outputs, open the test data, run the setup steps, begin the load.

        Raises whatever prevents the run from starting.
        """
        try:
            for output in self._outputs:
                await output.start(self)
                self._started.append(output)
            self._transition(RunEvent.START)
            if self._allocator is not None:
                await self._open_data(self._allocator)
            if self._lifecycle.allows(RunEvent.STARTED):
                await self._prepare()
        except Exception as error:
            self._fail(error)
            self._deployment.stop()
            await self._until_end()
            raise
        self._watcher = asyncio.get_running_loop().create_task(self._until_end())
        if self._lifecycle.allows(RunEvent.STARTED):
            self.start_time = utc_now(self._clock)
            self._deployment.start()
            self._transition(RunEvent.STARTED)

    def thresholds(self) -> list[RuleState]:
        """Return the thresholds as of the latest closed second, or as the verdict has them."""
        if self.report:
            return final_states(self.spec.thresholds, self.report["verdict"]["thresholds"])
        return self._judge.states()

    def search(self) -> dict[str, Any] | None:
        """Return the result so far of a test mode that controls the load."""
        return self._controller.result() if self._controller else None

    def warnings(self) -> list[Text]:
        """Return the warnings about the plan, those about its test data as soon as that is open."""
        return plan_warnings(self.spec, None if self._allocator is None else self._allocator.total)

    def standing(self) -> Standing:
        """Return the run's current standing."""
        return Standing(
            state=self.state,
            start_time=self.start_time,
            now=self._clock.wall(),
            elapsed=self._elapsed(),
            thresholds=self.thresholds(),
            validity=self.metrics.validity(ended=self.state.ended),
            events=self._events.all(),
            search=self.search(),
            warm_up=warm_up_block(self.metrics),
            pauses=self.metrics.pauses.blocks(),
        )

    def pause(self, by: str = "") -> None:
        """Start no new requests. Raises IllegalTransition."""
        self._transition(RunEvent.PAUSE)
        self._add_event("pause", by=by)
        self._paused_ns, self._paused_at = self._clock.now_ns(), self._moment()
        self._deployment.pause()

    def resume(self, by: str = "") -> None:
        """Continue. Raises IllegalTransition."""
        self._transition(RunEvent.RESUME)
        seconds = (self._clock.now_ns() - self._paused_ns) / NS_PER_S
        self.metrics.pauses.note_brief(self._paused_at, seconds)
        self._add_event("resume", by=by, start=round(self._paused_at, 3), seconds=round(seconds, 3))
        self._deployment.resume()

    def stop(self, reason: EndReason = STOPPED_BY_USER, by: str = "") -> None:
        """End the load gracefully. Raises IllegalTransition."""
        self._transition(RunEvent.STOP, reason)
        self._add_event("stop", by=by)
        if self._opening is not None:
            self._opening.cancel()
        self._deployment.stop()

    def set_load(self, level: float, by: str) -> None:
        """Change the load by hand: users, or arrivals per second. Raises IllegalTransition, InvalidInput."""
        self._lifecycle.handle(RunEvent.SET_LOAD)
        most = MAX_RATE if self.spec.load.open else MAX_VUS
        if not 0 <= level <= most:
            zh, en = f"应在 0 到 {most:g} 之间", f"must be between 0 and {most:g}"
            raise InvalidInput.at(self.spec.load.variable, zh, en)
        try:
            self._deployment.check_level(level)
        except InvalidInput as error:
            path = self.spec.load.variable
            raise InvalidInput([problem._replace(path=path) for problem in error.problems]) from None
        if self._controller is not None:
            self._controller.changed_by_hand(level)
        self._apply(level, by)

    async def wait(self) -> dict[str, Any]:
        """Wait until every output has stopped, and return the report."""
        await self._ended.wait()
        return self.report

    async def _open_data(self, allocator: RowAllocator) -> None:
        """Open the data; a stop meanwhile does not wait for a slow database. Raises what ``open`` raises."""
        self._opening = asyncio.get_running_loop().create_task(allocator.open())
        await asyncio.wait([self._opening])
        if not self._opening.cancelled():
            self._opening.result()

    async def _prepare(self) -> None:
        """Prepare the nodes. Raises InvalidInput: where variables lack a source, with the notes on the test data.

        Where a delimiter is wrong, the variables that the data lacks do not tell why.
        """
        try:
            await self._deployment.prepare()
        except InvalidInput as error:
            notes = () if self._allocator is None else self._allocator.notes
            raise InvalidInput([*error.problems, *(Problem("config.data_config", note) for note in notes)]) from None

    # Called by the deployment.

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """Merge a snapshot, and act on the seconds it completes."""
        if not self.metrics.merge(snapshot):
            return
        self._snapshot_ns, self._second_end = self._clock.now_ns(), snapshot.second + 1
        seconds = self._complete_seconds(snapshot)
        breaches = [breach for second in seconds for breach in self._judge.observe(second, self.metrics)]
        if seconds:
            for kind, details in self._alarms.changes(self.thresholds(), self.metrics.validity(ended=False)):
                self._add_event(kind, **details)
        self._notify(lambda output: output.add(snapshot, seconds))
        self._abort_on(breaches)
        self._control(seconds)

    def on_ending(self) -> None:
        """End the run: its load profile has ended, or its data is used up."""
        self._transition(
            RunEvent.FINISH, DATA_EXHAUSTED if self._allocator is not None and self._allocator.over else FINISHED
        )

    def _complete_seconds(self, snapshot: Snapshot) -> list[Second]:
        """Close the seconds that this snapshot completed."""
        now = self._snapshot_ns / NS_PER_S
        self._watermark.report(snapshot.node, snapshot.second, now)
        upto = self._watermark.complete(now)
        return [] if upto is None else self.metrics.close_seconds(upto)

    def _follow_shares(self, event: NodeEvent) -> None:
        """Expect seconds of nodes that have a share only; return the rows of a lost node."""
        for node, share in event.shares.items():
            if share > 0:
                self._watermark.expect(node, int(event.moment))
            else:
                self._watermark.dismiss(node)
        if event.kind == "lost":
            self._watermark.dismiss(event.node)
            if self._allocator is not None:
                self._allocator.node_lost(event.node)

    def on_node_event(self, event: NodeEvent) -> None:
        """Account for a node's share or loss; after the start, note it as an event of the run."""
        self.node_losses.handle(event)
        self._follow_shares(event)
        if self.state in (RunState.CREATED, RunState.STARTING):
            return  # the first nodes are no event
        moment = datetime.fromtimestamp(event.moment, UTC)
        details = {"kind": event.kind, "node": event.node, "reason": event.reason._asdict(), "shares": event.shares}
        noted = self._events.add("node", moment, self.metrics.elapsed, **details)
        self._notify(lambda output: output.event_added(noted))

    def _abort_on(self, breaches: Sequence[Breach]) -> None:
        grace_over = self.metrics.elapsed >= self.spec.abort_grace_s
        if not (breaches and self.spec.abort_on_breach and grace_over and self.state is RunState.RUNNING):
            return
        rule = breaches[0].expression
        zh, en = (
            f"超过阈值 {rule}（实际 {breaches[0].value:g}）",
            f"threshold breached: {rule} (was {breaches[0].value:g})",
        )
        self._transition(RunEvent.FAIL, EndReason(code="threshold_breached", zh=zh, en=en))
        self._deployment.stop()

    def _control(self, seconds: Sequence[Second]) -> None:
        """Apply the level that the load controller decided."""
        if self._controller is None or self.state is not RunState.RUNNING:
            return
        levels = [level for second in seconds if (level := self._controller.observe(second)) is not None]
        if self._controller.finished:
            self._transition(RunEvent.FINISH, FINISHED)
            self._deployment.stop()
        elif levels:
            self._apply(levels[-1], CONTROLLER)

    def _elapsed(self) -> float:
        """Return the current profile time in seconds, extrapolated from the latest snapshot."""
        running = self.state is RunState.RUNNING and self._snapshot_ns
        return self.metrics.elapsed + ((self._clock.now_ns() - self._snapshot_ns) / NS_PER_S if running else 0.0)

    def _moment(self) -> float:
        """Return the present moment on the axis of the seconds, which begin with the load, Unix time."""
        if not self._snapshot_ns:
            return self._clock.wall()
        return self._second_end + (self._clock.now_ns() - self._snapshot_ns) / NS_PER_S

    def _apply(self, level: float, by: str) -> None:
        self._deployment.set_level(level)
        self.node_losses.set_level(level)
        self._add_event("load", variable=self.spec.load.variable, level=level, by=by)

    def _add_event(self, kind: str, **details: Any) -> None:
        event = self._events.add(kind, utc_now(self._clock), self.metrics.elapsed, **details)
        self._notify(lambda output: output.event_added(event))

    # The end.

    async def _until_end(self) -> None:
        try:
            await self._deployment.wait()
        except Exception as error:
            if not isinstance(error, RunError):  # whose cause is in the report
                log.exception("run %s failed", self.spec.execution_id)
            self._fail(error)
        if self._lifecycle.allows(RunEvent.FINISH):
            self.on_ending()
        await self._end()

    async def _end(self) -> None:
        """Report the run and end it, whatever fails meanwhile."""
        self.end_time = utc_now(self._clock)
        try:
            self.report = await self._final_report()
            await self._stop_outputs()
        finally:
            self._transition(RunEvent.ENDED)
            self._ended.set()

    async def _final_report(self) -> dict[str, Any]:
        try:
            await self._close_measurement()
            return self._report()
        except Exception as error:
            log.exception("run %s cannot be reported", self.spec.execution_id)
            return self._report_without_measurement(error)

    async def _close_measurement(self) -> None:
        if self._allocator is not None:
            await self._allocator.close()
        for second in self.metrics.close_seconds(int(self._clock.wall())):
            self._judge.observe(second, self.metrics)
            if self._controller is not None:
                self._controller.observe(second)
        self.node_losses.finish(self._clock.wall())

    async def _stop_outputs(self) -> None:
        for output in reversed(self._started):
            try:
                await asyncio.wait_for(output.stop(self.report), OUTPUT_TIMEOUT_S)
            except Exception:
                log.exception("run %s: %s failed to stop", self.spec.execution_id, type(output).__name__)

    def _report(self) -> dict[str, Any]:
        facts = replace(
            self._facts(),
            search=self.search(),
            events=tuple(self._events.all()),
            nodes=self.node_losses.nodes,
            data=self._allocator.report() if self._allocator is not None else None,
        )
        verdict = self._judge.verdict(self.metrics, self.reason)
        return build_report(facts, self.metrics, verdict, self.metrics.validity())

    def _report_without_measurement(self, error: Exception) -> dict[str, Any]:
        """Return the report of a run that ends as failed because of an error in its own measurement."""
        self._lifecycle.spoil(self._reason_of(error))
        nothing, judge = RunMetrics.of(self.spec), ThresholdJudge(self.spec.thresholds)
        return build_report(self._facts(), nothing, judge.verdict(nothing, self.reason), nothing.validity())

    def _facts(self) -> RunFacts:
        return RunFacts(
            execution_id=self.spec.execution_id,
            name=self.spec.name,
            status=self._lifecycle.outcome.value,
            start_time=self.start_time,
            end_time=self.end_time or self.start_time,
            reason=self.reason,
            seed=self.spec.seed,
            plan_id=self.plan_id,
            warnings=self.warnings(),
        )

    def _fail(self, error: Exception) -> None:
        event = RunEvent.FINISH if isinstance(error, StoppedByPlan) else RunEvent.FAIL
        if self._lifecycle.allows(event):
            self._transition(event, self._reason_of(error))

    def _reason_of(self, error: Exception) -> EndReason:
        zh, en = map(Masker(self.spec.secrets).without_secrets, cause_of(error))
        return EndReason(code=code_of(error), zh=zh, en=en)

    def _transition(self, event: RunEvent, reason: EndReason | None = None) -> None:
        state = self._lifecycle.handle(event, reason)
        moment = utc_now(self._clock)
        self._notify(lambda output: output.state_changed(state, moment))

    def _notify(self, call: Callable[[Output], None]) -> None:
        for output in self._started:
            try:
                call(output)
            except Exception:
                log.exception("run %s: %s failed", self.spec.execution_id, type(output).__name__)


def code_of(error: Exception) -> EndCode:
    """Return the code of an error for the end reason."""
    code = error.code if isinstance(error, RunError) else "error"
    return code if code in CODES else "error"  # type: ignore[return-value]  # one of them


def cause_of(error: Exception) -> Text:
    """Return the message of an error for the end reason."""
    if isinstance(error, InvalidInput):
        first = error.problems[0]
        return Text(f"{first.path}：{first.text.zh}", f"{first.path}: {first.text.en}")
    if isinstance(error, PerfsvcError):
        return error.text
    return Text(f"内部错误：{error}", f"internal error: {error}")


def allocator_of(spec: RunSpec, open_feed: OpenFeed | None) -> RowAllocator | None:
    """Return the row allocator, if the run has test data."""
    if spec.data is None:
        return None
    if open_feed is None:
        raise ValueError("a run with test data needs a way to open it")
    return RowAllocator(open_feed, spec.data, spec.seed)
