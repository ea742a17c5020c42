"""Validity: whether the generator was fit to measure what it measured.

Every running second of every node is looked at. A lag counts as bad above a limit, for as many seconds as it lasts; the
share of bad seconds decides. A single bad second never condemns a run, since a process may stumble while it starts. A
generator that uses its whole core is not wrong by that alone: its figures are then “at least N”, and the run is SUSPECT
until lag shows that the latencies themselves are off. One that needs a whole core and is kept waiting for it is: every
wait, though far shorter than the limit of lag, is added to some latency. Percent of seconds are of running seconds,
summed over nodes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any
from typing import NamedTuple

from perfsvc.clock import NS_PER_S
from perfsvc.errors import Text
from perfsvc.metrics.figures import SHORTEST_SPAN_NS
from perfsvc.metrics.figures import percent
from perfsvc.model.execution import ValidityState
from perfsvc.model.tls_texts import tls_text
from perfsvc.model.window import Snapshot

LAG_MS = 50.0
"""A loop or a planned start later than this makes a second bad: it is added to every latency measured just then."""
LAG_SUSPECT_PERCENT = 1.0
LAG_INVALID_PERCENT = 10.0
LAG_SUSPECT_SECONDS = 2
LAG_INVALID_SECONDS = 3
"""A share counts only with at least this many bad seconds, so that short runs are not condemned by one of them."""

STANDSTILL_MS = 1_000.0
"""Without a tick for so long the loop did nothing at all: the process was stopped, swapped out, or blocked."""

CPU_PERCENT = 90.0
"""Of one core, used or waited for: an event loop this busy has nothing left to offer."""
CPU_SUSPECT_PERCENT = 20.0
CPU_SUSPECT_SECONDS = 3

STARVED_PERCENT = 40.0
"""Of a second, waited for a core by a generator that needs a whole one; sharing it with one other costs 50."""

DATA_WAIT_PERCENT = 10.0
"""Of the users' time: so much less load was offered than they would have."""
DATA_SUSPECT_PERCENT = 10.0
DATA_SUSPECT_SECONDS = 3

FILES_SUSPECT_PERCENT = 90.0
FILES_INVALID_PERCENT = 99.0
"""Of the limit of open files: at the limit, connections fail here and not at the target."""

PORTS_SUSPECT_PERCENT = 90.0
PORTS_INVALID_PERCENT = 99.0
"""Of the ports for outgoing connections. Those of closed connections are counted though the system may use them again,
so that only a connection that failed meanwhile shows that none was left.
"""
CONNECTION_FAILED = "Connection Error"
"""How the error classes of connections that could not be opened or kept begin."""

MISSING_INVALID_PERCENT = 5.0
"""Of all snapshots; any missing one makes a run SUSPECT."""

DROPPED_SUSPECT_PERCENT = 1.0
DROPPED_INVALID_PERCENT = 10.0
"""Of all arrivals: the load that was asked for was not offered."""

OF_THE_NETWORK = ("Connection Error", "DNS Error", "TLS Error", "Timeout")
"""How the error classes begin that a wrong address or a network can cause."""
NETWORK_ADVICE = Text("请检查地址、端口和网络", "check the address, the port and the network")
TLS_ADVICE = Text(
    "请检查该端口是否支持 TLS（https），以及证书和协议版本",
    "check that the port speaks TLS (https), its certificate and its versions",
)
OTHER_ADVICE = Text("原因在请求本身，见错误示例", "the cause is in the request itself: see the example of the error")

LATE = {
    "loop_lag": Text("压测机事件循环", "the generator's event loop"),
    "send_lag": Text("计划的请求发送", "planned starts"),
}

AT_ITS_LIMIT = frozenset(
    {
        "cpu_saturated",
        "cpu_starved",
        "loop_lag",
        "send_lag",
        "stood_still",
        "data_wait",
        "open_files",
        "ports",
        "arrivals_dropped",
        "users_stopped",
        "requests_unsent",
    }
)
"""Causes by which the generator offered less load than it might have."""
UNSERVED = frozenset({"data_wait", "arrivals_dropped", "users_stopped", "requests_unsent"})
"""Of these, the ones that do not come from the machine."""
CROWDED_OUT = frozenset({"cpu_starved"})
"""Causes that other processes of the machine are to blame for; lateness then follows from them."""
NOT_ALL_COUNTED = frozenset({"snapshots_missing", "node_lost"})
"""Causes by which more was done than is reported."""


class Grade(IntEnum):
    """Trustworthiness of a run's figures; the worst cause decides."""

    VALID = 0
    SUSPECT = 1
    INVALID = 2


STATES: dict[Grade, ValidityState] = {
    Grade.VALID: "VALID",
    Grade.SUSPECT: "SUSPECT",
    Grade.INVALID: "INVALID",
}


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a run is not VALID: a stable code, a sentence for people, and the figures behind it."""

    code: str
    grade: Grade
    text: Text
    figures: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """The cause as the API gives it."""
        return {"code": self.code, "state": self.grade.name, **self.text._asdict(), "figures": self.figures}


@dataclass(frozen=True, slots=True)
class Validity:
    """The generator's own verdict on the run. ``at_least``: read throughput as “at least N”.

    That is when the generator was ``at_its_limit``, or a part of what it did is missing.
    """

    grade: Grade
    causes: tuple[Cause, ...] = ()

    @property
    def state(self) -> ValidityState:
        return STATES[self.grade]

    @property
    def at_least(self) -> bool:
        return any(cause.code in AT_ITS_LIMIT | NOT_ALL_COUNTED for cause in self.causes)

    @property
    def offered_less(self) -> bool:
        """Whether all that the generator lacked was users or test data, of which the plan says how many there are."""
        return {cause.code for cause in self.causes} & (AT_ITS_LIMIT | NOT_ALL_COUNTED) <= UNSERVED

    @property
    def crowded_out(self) -> bool:
        """Whether other processes had the CPU that the generator needed."""
        return any(cause.code in CROWDED_OUT for cause in self.causes)

    @property
    def at_its_limit(self) -> bool:
        return any(cause.code in AT_ITS_LIMIT for cause in self.causes)

    def as_dict(self) -> dict[str, Any]:
        """The validity as the API gives it."""
        return {"state": self.state, "at_least": self.at_least, "causes": [cause.as_dict() for cause in self.causes]}


class HealthLog:
    """The health of all nodes over the run, summed up: how many seconds were bad, and how bad the worst was.

    A snapshot counts for as many seconds as it covers: one of a generator that stood still covers the gap as well.
    """

    def __init__(self) -> None:
        self.seconds = 0
        self.loop_lag = Bad(LAG_MS)
        self.send_lag = Bad(LAG_MS)
        self.standstill = Bad(STANDSTILL_MS)
        self.cpu_needed = Bad(CPU_PERCENT)
        self.starved = Bad(STARVED_PERCENT)
        self.data_wait = Bad(DATA_WAIT_PERCENT)
        self.open_files_percent = self.ports_percent = 0.0
        self.ports_gone = False

    def note(self, snapshot: Snapshot) -> None:
        """Take in a snapshot; only running time counts, and no stub of a second."""
        if snapshot.span_ns < SHORTEST_SPAN_NS:
            return
        health, seconds = snapshot.health, max(round(snapshot.span_ns / NS_PER_S), 1)
        self.seconds += seconds
        self.loop_lag.note(health.loop_lag_ms, lasting(health.loop_lag_ms, seconds))
        self.send_lag.note(health.send_lag_ms, lasting(health.send_lag_ms, seconds))
        self.standstill.note(health.loop_lag_ms, lasting(health.loop_lag_ms, seconds))
        needed = health.process_cpu + health.cpu_wait
        self.cpu_needed.note(needed, seconds)
        self.starved.note(health.cpu_wait if needed >= CPU_PERCENT else 0.0, seconds)
        self.data_wait.note(health.data_wait, seconds)
        self.open_files_percent = max(self.open_files_percent, percent(health.open_files, health.open_files_limit))
        self._note_ports(snapshot)

    def _note_ports(self, snapshot: Snapshot) -> None:
        used = percent(snapshot.health.ports_used, snapshot.health.ports_limit)
        self.ports_percent = max(self.ports_percent, used)
        if used >= PORTS_INVALID_PERCENT and not self.ports_gone:
            classes = (error_class for window in snapshot.windows for error_class in window.failures)
            self.ports_gone = any(error_class.startswith(CONNECTION_FAILED) for error_class in classes)


class Bad:
    """Seconds in which a figure reached its limit, and the greatest figure seen."""

    __slots__ = ("limit", "seconds", "worst")

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.seconds = 0
        self.worst = 0.0

    def note(self, figure: float, seconds: int) -> None:
        """The figure of one snapshot, which is bad for so many ``seconds`` if at all."""
        self.worst = max(self.worst, figure)
        if figure >= self.limit:
            self.seconds += seconds


def lasting(lag_ms: float, seconds: int) -> int:
    """How many of the seconds of a snapshot a lag makes bad."""
    return min(max(round(lag_ms / 1_000), 1), seconds)


class Evidence(NamedTuple):
    """Everything validity is judged by."""

    log: HealthLog
    requests: int
    reached: int
    """Requests that were sent; the others found no connection."""
    failures: Mapping[str, int]
    snapshots: int
    missing: int
    lost_nodes: int
    nodes: int
    iterations: int
    dropped: int
    stopped_users: int = 0
    warm_up_s: float = 0.0
    warm_up_requests: int = 0
    warming_up: bool = False
    unsent: int = 0


def judge(evidence: Evidence) -> Validity:
    """The validity of a run; while the run goes on, of what there is of it."""
    log = evidence.log
    found = (
        no_samples(evidence),
        not_reached(evidence),
        lag("loop_lag", log.loop_lag, log.seconds),
        lag("send_lag", log.send_lag, log.seconds),
        standstill(log),
        saturation(log),
        starvation(log),
        data_wait(log),
        open_files(log),
        ports(log),
        missing_snapshots(evidence),
        lost_nodes(evidence),
        dropped_arrivals(evidence),
        stopped_users(evidence),
        unsent_requests(evidence),
    )
    causes = tuple(cause for cause in found if cause is not None)
    return Validity(max((cause.grade for cause in causes), default=Grade.VALID), causes)


def no_samples(evidence: Evidence) -> Cause | None:
    """Nothing was measured."""
    if evidence.requests or evidence.warming_up:
        return None
    text = Text("没有测得任何请求", "no request was measured")
    if count := evidence.warm_up_requests:
        text = Text(
            f"没有测得任何请求：测试在 {evidence.warm_up_s:g} 秒的预热期内就结束了，预热期的 {count} 个请求不计入结果",
            f"no request was measured: the run was over within its warm-up of {evidence.warm_up_s:g} s, "
            f"whose requests ({count}) do not count",
        )
    return Cause("no_samples", Grade.INVALID, text, {"requests": 0})


def not_reached(evidence: Evidence) -> Cause | None:
    """No request got as far as the target."""
    if not evidence.requests or evidence.reached:
        return None
    why = max(evidence.failures, key=lambda name: evidence.failures[name], default="")
    advice = NETWORK_ADVICE if why.startswith(OF_THE_NETWORK) else OTHER_ADVICE
    advice = (tls_text(why) or TLS_ADVICE) if why.startswith("TLS Error") else advice
    text = Text(
        f"没有一个请求到达目标：{evidence.requests} 个请求全部未能发出（{why}）；{advice.zh}",
        f"not one request reached the target: none of {evidence.requests} could be sent ({why}); {advice.en}",
    )
    return Cause("target_not_reached", Grade.INVALID, text, {"requests": evidence.requests})


def lag(code: str, bad: Bad, seconds: int) -> Cause | None:
    """Latencies include the generator's own lateness."""
    share = percent(bad.seconds, seconds)
    if share > LAG_INVALID_PERCENT and bad.seconds >= LAG_INVALID_SECONDS:
        grade = Grade.INVALID
    elif share > LAG_SUSPECT_PERCENT and bad.seconds >= LAG_SUSPECT_SECONDS:
        grade = Grade.SUSPECT
    else:
        return None
    what = LATE[code]
    text = Text(
        f"{what.zh}在 {share:.1f} % 的时间内延迟达到 {bad.limit:g} ms，最长 {bad.worst:.0f} ms，响应时间含自身延迟",
        f"{what.en} ran {bad.limit:g} ms late or more in {share:.1f} % of seconds, {bad.worst:.0f} ms at worst: "
        "measured latencies include the generator's own",
    )
    return Cause(code, grade, text, _seconds_figures(bad, share, "worst_ms"))


def standstill(log: HealthLog) -> Cause | None:
    """The generator did nothing for a while: a gap in what it sent and measured."""
    bad = log.standstill
    if bad.seconds < LAG_SUSPECT_SECONDS:
        return None
    share = percent(bad.seconds, log.seconds)
    invalid = share > LAG_INVALID_PERCENT and bad.seconds >= LAG_INVALID_SECONDS
    worst_s = bad.worst / 1_000
    text = Text(
        f"压测机停顿了 {bad.seconds} 秒（占 {share:.1f} %，最长 {worst_s:.1f} 秒）：进程被挂起或阻塞，"
        "期间没有发送请求，响应时间含停顿时间",
        f"the generator stood still for {bad.seconds} s ({share:.1f} % of the time, {worst_s:.1f} s at the longest): "
        "its process was suspended or blocked, sent nothing meanwhile, and measured latencies include the gap",
    )
    grade = Grade.INVALID if invalid else Grade.SUSPECT
    return Cause("stood_still", grade, text, _seconds_figures(bad, share, "worst_ms"))


def saturation(log: HealthLog) -> Cause | None:
    """The generator needed its whole core: the target might have taken more."""
    bad = log.cpu_needed
    share = percent(bad.seconds, log.seconds)
    if share <= CPU_SUSPECT_PERCENT or bad.seconds < CPU_SUSPECT_SECONDS:
        return None
    text = Text(
        f"压测进程在 {share:.1f} % 的时间内需要 {bad.limit:g} % 以上的单核 CPU，吞吐量应理解为“至少”",
        f"the generator needed {bad.limit:g} % or more of a core in {share:.1f} % of seconds: throughput is “at least”",
    )
    return Cause("cpu_saturated", Grade.SUSPECT, text, _seconds_figures(bad, share, "worst_percent"))


def starvation(log: HealthLog) -> Cause | None:
    """The generator needed a whole core and others had it: latencies include its waits."""
    bad = log.starved
    share = percent(bad.seconds, log.seconds)
    if share <= LAG_INVALID_PERCENT or bad.seconds < LAG_INVALID_SECONDS:
        return None
    text = Text(
        f"压测进程在 {share:.1f} % 的秒内有 {bad.limit:g} % 以上的时间在等待 CPU（被其他进程占用），响应时间含自身延迟",
        f"other processes kept the generator waiting for a core {bad.limit:g} % of the time or more in {share:.1f} % "
        "of seconds: measured latencies include the generator's own",
    )
    return Cause("cpu_starved", Grade.INVALID, text, _seconds_figures(bad, share, "worst_percent"))


def data_wait(log: HealthLog) -> Cause | None:
    """Users waited for rows of test data instead of sending requests."""
    bad = log.data_wait
    share = percent(bad.seconds, log.seconds)
    if share <= DATA_SUSPECT_PERCENT or bad.seconds < DATA_SUSPECT_SECONDS:
        return None
    text = Text(
        f"在 {share:.1f} % 的秒内，虚拟用户有 {bad.limit:g} % 以上的时间在等待测试数据，施加的负载低于计划",
        f"users waited for test data for {bad.limit:g} % of their time or more in {share:.1f} % of seconds: "
        "less load was offered than planned",
    )
    return Cause("data_wait", Grade.SUSPECT, text, _seconds_figures(bad, share, "worst_percent"))


def open_files(log: HealthLog) -> Cause | None:
    """Connections may have failed for want of file descriptors here."""
    used = log.open_files_percent
    if used < FILES_SUSPECT_PERCENT:
        return None
    text = Text(
        f"压测进程打开的文件数达到上限的 {used:.1f} %",
        f"the generator used {used:.1f} % of its allowed open files",
    )
    grade = Grade.INVALID if used >= FILES_INVALID_PERCENT else Grade.SUSPECT
    return Cause("open_files", grade, text, {"worst_percent": round(used, 3)})


def ports(log: HealthLog) -> Cause | None:
    """Connections may have failed for want of a port here."""
    used = log.ports_percent
    if used < PORTS_SUSPECT_PERCENT:
        return None
    text = Text(
        f"压测机对外连接的端口用到上限的 {used:.1f} %",
        f"the generator's machine used {used:.1f} % of its ports for outgoing connections",
    )
    grade = Grade.INVALID if log.ports_gone else Grade.SUSPECT
    return Cause("ports", grade, text, {"worst_percent": round(used, 3)})


def missing_snapshots(evidence: Evidence) -> Cause | None:
    """Seconds that were measured never arrived."""
    if not evidence.missing:
        return None
    share = percent(evidence.missing, evidence.missing + evidence.snapshots)
    text = Text(
        f"缺少 {evidence.missing} 个数据快照（{share:.1f} %），总数不完整",
        f"{evidence.missing} snapshots ({share:.1f} %) are missing: totals are incomplete",
    )
    grade = Grade.INVALID if share > MISSING_INVALID_PERCENT else Grade.SUSPECT
    return Cause("snapshots_missing", grade, text, {"missing": evidence.missing, "percent": round(share, 3)})


def lost_nodes(evidence: Evidence) -> Cause | None:
    """Nodes were lost before the run ended."""
    if not evidence.lost_nodes:
        return None
    text = Text(
        f"{evidence.nodes} 个压测节点中有 {evidence.lost_nodes} 个提前失联",
        f"{evidence.lost_nodes} of {evidence.nodes} nodes were lost before the end",
    )
    return Cause("node_lost", Grade.SUSPECT, text, {"lost": evidence.lost_nodes, "nodes": evidence.nodes})


def dropped_arrivals(evidence: Evidence) -> Cause | None:
    """The planned load was not offered."""
    share = percent(evidence.dropped, evidence.dropped + evidence.iterations)
    if share <= DROPPED_SUSPECT_PERCENT:
        return None
    text = Text(
        f"没有空闲用户（见 max_vus）或测试数据，{evidence.dropped} 次计划的到达未开始（{share:.1f} %），"
        "未达到计划的负载",
        f"{evidence.dropped} planned arrivals ({share:.1f} %) were dropped for want of a free user (see max_vus) or of "
        "test data: the planned load was not offered",
    )
    grade = Grade.INVALID if share > DROPPED_INVALID_PERCENT else Grade.SUSPECT
    return Cause("arrivals_dropped", grade, text, {"dropped": evidence.dropped, "percent": round(share, 3)})


def stopped_users(evidence: Evidence) -> Cause | None:
    """Users left after a failure, so that there was less load than planned."""
    count = evidence.stopped_users
    if not count:
        return None
    text = Text(
        f"{count} 个虚拟用户因步骤失败（on_start 或 on_failure: stop_user）而退出，未达到计划的负载",
        f"virtual users stopped after a failure (on_start, or on_failure: stop_user): {count}; "
        "the planned load was not offered",
    )
    return Cause("users_stopped", Grade.SUSPECT, text, {"users": count})


def unsent_requests(evidence: Evidence) -> Cause | None:
    """Requests were left out, so that there was less load than planned."""
    share = percent(evidence.unsent, evidence.unsent + evidence.requests)
    if share <= DROPPED_SUSPECT_PERCENT:
        return None
    text = Text(
        f"{evidence.unsent} 个请求（{share:.1f} %）因缺少变量而没有发出，未达到计划的负载",
        f"{evidence.unsent} requests ({share:.1f} %) were not sent for want of a variable: the planned load was not "
        "offered",
    )
    grade = Grade.INVALID if share > DROPPED_INVALID_PERCENT else Grade.SUSPECT
    return Cause("requests_unsent", grade, text, {"unsent": evidence.unsent, "percent": round(share, 3)})


def _seconds_figures(bad: Bad, share: float, worst: str) -> dict[str, float]:
    return {"seconds": bad.seconds, "percent": round(share, 3), "limit": bad.limit, worst: round(bad.worst, 3)}
