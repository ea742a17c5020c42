"""Report of a node about one second: windows, its own health, and samples of errors.

All of it is plain data that msgspec encodes as JSON (for the store) or msgpack (between nodes). Times are nanoseconds
unless a name says otherwise; a packed histogram is what ``metrics.histogram.Histogram.pack`` made.
"""

from __future__ import annotations

import msgspec

PHASES = ("dns", "connect", "tls", "waiting", "receiving")


class PhaseSum(msgspec.Struct, frozen=True, array_like=True):
    """Count, total duration and maximum duration of a phase."""

    count: int
    total_ns: int
    max_ns: int


class GaugeSum(msgspec.Struct, frozen=True, array_like=True):
    """Count, sum and maximum of a protocol's gauge, in the protocol's unit."""

    count: int
    total: float
    max: float


class StepWindow(msgspec.Struct, frozen=True, omit_defaults=True):
    """All samples of one step on one node in one second.

    ``requests`` counts every attempt that ended, sent or not; ``failures`` those that failed, by error class.
    ``unsent`` are requests that were never tried, for want of a variable; they are in no other figure.
    ``latency`` (service time) and ``from_plan`` (time from the planned start, only where there is a plan) cover every
    request that was sent, with or without a reply; one that never left (refused connection) has none.
    ``failed`` are the latencies of those among them that failed. ``counters`` and ``gauges`` are what the protocol
    itself counted and measured.
    """

    step: int
    requests: int
    failures: dict[str, int] = {}
    statuses: dict[str, int] = {}
    bytes_sent: int = 0
    bytes_received: int = 0
    checks_passed: int = 0
    checks_failed: int = 0
    latency: bytes = b""
    from_plan: bytes = b""
    failed: bytes = b""
    phases: dict[str, PhaseSum] = {}
    counters: dict[str, float] = {}
    gauges: dict[str, GaugeSum] = {}
    unsent: dict[str, int] = {}


class NodeHealth(msgspec.Struct, frozen=True):
    """The ruler measured: the generator's own state in one second.

    ``cpu`` is the machine's and ``process_cpu`` this process's share of one core, ``memory`` the machine's, all in
    percent; ``network`` in MB/s; ``loop_lag_ms`` the worst lateness of the event loop; ``send_lag_ms`` the worst
    lateness of a planned start. ``cpu_wait`` is the percent of the second in which the event loop's thread had work to
    do and no core to do it on. ``ports_used`` of ``ports_limit`` ports for outgoing connections are taken on this
    machine, at most: both ends of a connection within it count. A limit of 0 is unknown. ``data_wait`` is the percent
    of the users' time that went by in waiting for rows of test data.
    """

    cpu: float = 0.0
    process_cpu: float = 0.0
    memory: float = 0.0
    network: float = 0.0
    loop_lag_ms: float = 0.0
    send_lag_ms: float = 0.0
    open_files: int = 0
    open_files_limit: int = 0
    cpu_wait: float = 0.0
    ports_used: int = 0
    ports_limit: int = 0
    data_wait: float = 0.0


class ErrorSample(msgspec.Struct, frozen=True):
    """One failed request kept as an example of its class. Secrets are masked before it is made.

    ``message`` is what is known about the failure, ``message_zh`` the same in Chinese where there is that.
    """

    step: int
    error_class: str
    timestamp: float
    message: str
    request: str = ""
    response_head: str = ""
    body: str = ""
    message_zh: str = ""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One node's second. ``(node, seq)`` names it: merging counts each name once. A node numbers from 1, without gaps.

    ``second`` is Unix time; ``elapsed`` seconds of load-profile time (standing still in a pause); ``span_ns`` how much
    running time the windows cover (0 while paused). ``vus`` active now; ``planned_vus`` wanted of this node by the
    profile, or ``planned_rate`` arrivals per second; ``run_vus`` and ``run_rate`` are those of the whole run, which
    every node knows, and 0 in the other model. ``late`` arrivals waited for a free user, ``dropped`` ones never
    started. ``stopped_users`` left because their ``on_start`` steps failed; ``without_data`` are the numbers of users
    that never began because there was no row for them.
    """

    node: str
    seq: int
    second: int
    elapsed: float
    span_ns: int
    vus: int
    planned_vus: int
    planned_rate: float = 0.0
    run_vus: int = 0
    run_rate: float = 0.0
    paused: bool = False
    iterations: int = 0
    cut_off: int = 0
    dropped: int = 0
    late: int = 0
    stopped_users: int = 0
    without_data: list[int] = []
    windows: list[StepWindow] = []
    health: NodeHealth = NodeHealth()
    errors: list[ErrorSample] = []
