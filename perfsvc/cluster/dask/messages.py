"""Messages between the controller of a run and its agents: plain values, validated on arrival.

They travel in order, as msgpack over the streams between Dask's scheduler and its workers. ``assignment`` identifies an
agent's part of a run; an agent that rejoins a run after a loss gets a new one. Times named ``at_ns`` are readings of
the agent's own clock: only the controller knows the offset between the clocks.
"""

from __future__ import annotations

from typing import Any

import msgspec

from perfsvc.model.data import Grant
from perfsvc.model.window import Snapshot

OP = "perfsvc"
"""The operation name of our messages on Dask's streams."""


class AgentMessage(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True):
    """Base of all messages, tagged with the class name."""


# Commands of the controller.


class Heartbeat(AgentMessage, frozen=True, kw_only=True):
    """The controller is alive and renews the leases of these assignments. ``sent_ns`` comes back in the ``Pong``."""

    assignments: tuple[str, ...]
    sent_ns: int


class Rejected(AgentMessage, frozen=True, kw_only=True):
    """The agent is not accepted, with the reason."""

    zh: str
    en: str


class Deploy(AgentMessage, frozen=True, kw_only=True):
    """Compile a run: ``spec`` is its RunSpec as JSON, the rest is this node's slot in it and the run's history.

    ``levels`` are the load changes so far, as pairs of profile time in s and level. ``allow`` and ``deny`` are the
    target policy, ``columns`` the columns of the test data.
    """

    assignment: str
    spec: bytes
    node: str
    index: int
    weights: tuple[int, ...]
    generation: int = 0
    since: float = 0.0
    levels: tuple[tuple[float, float], ...] = ()
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


class GrantRows(AgentMessage, frozen=True, kw_only=True):
    """The grant for a ``RequestRows``, or the unrequested end of the data."""

    assignment: str
    grant: Grant


class ConfirmClaim(AgentMessage, frozen=True, kw_only=True):
    """The latest claim is recorded: its rows may be used."""

    assignment: str


class Prepare(AgentMessage, frozen=True, kw_only=True):
    """Run the setup steps, or take the variables of the node that ran them."""

    assignment: str
    variables: dict[str, Any] | None = None


class Start(AgentMessage, frozen=True, kw_only=True):
    """The start of the run: ``at_ns`` on the agent's clock is ``wall`` in Unix time."""

    assignment: str
    at_ns: int
    wall: float
    paused_ns: int = 0


class Pause(AgentMessage, frozen=True, kw_only=True):
    assignment: str
    at_ns: int


class Resume(AgentMessage, frozen=True, kw_only=True):
    assignment: str
    at_ns: int


class SetLevel(AgentMessage, frozen=True, kw_only=True):
    """The load of the whole run from profile time ``at`` on."""

    assignment: str
    level: float
    at: float


class LetGo(AgentMessage, frozen=True, kw_only=True):
    """So many users that wait at a rendezvous go on."""

    assignment: str
    point: int
    count: int


class Resplit(AgentMessage, frozen=True, kw_only=True):
    """The weights of all slots from profile time ``at`` on; this node gets ``iterations`` more."""

    assignment: str
    weights: tuple[int, ...]
    at: float
    iterations: int = 0


class Stop(AgentMessage, frozen=True, kw_only=True):
    assignment: str


class Abort(AgentMessage, frozen=True, kw_only=True):
    """Stop at once; nothing waits for further reports."""

    assignment: str


class Teardown(AgentMessage, frozen=True, kw_only=True):
    """All users of all nodes have left. ``here``: this node runs the teardown steps."""

    assignment: str
    here: bool


# Reports of an agent.


class Hello(AgentMessage, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """An agent has joined. ``plugins`` are protocols by name, with the distribution and version of each.

    Unknown fields of a newer agent are ignored, so that it gets the message about its version.
    """

    name: str
    host: str
    pid: int
    version: str
    python: str
    dask: str
    plugins: dict[str, str]
    started_here: bool = False


class Pong(AgentMessage, frozen=True, kw_only=True):
    """The reply to a heartbeat: the agent's clock and process statistics."""

    sent_ns: int
    clock_ns: int
    cpu: float = 0.0
    memory: int = 0
    loop_lag_ms: float = 0.0


class Compiled(AgentMessage, frozen=True, kw_only=True):
    assignment: str


class Prepared(AgentMessage, frozen=True, kw_only=True):
    """Setup is done; ``variables`` are what its steps extracted."""

    assignment: str
    variables: dict[str, Any]


class Refusal(AgentMessage, frozen=True, kw_only=True):
    """The run cannot start on this agent, with the reason; ``code`` is that of the RunError."""

    assignment: str
    zh: str
    en: str
    code: str = ""


class SnapshotReport(AgentMessage, frozen=True, kw_only=True):
    """One second of a run."""

    assignment: str
    snapshot: Snapshot


class RequestRows(AgentMessage, frozen=True, kw_only=True):
    """A request for about ``count`` more rows of test data."""

    assignment: str
    count: int


class ClaimRows(AgentMessage, frozen=True, kw_only=True):
    """Rows of a lease below ``upto`` are about to be used; ``spent`` of all claimed rows are certainly used."""

    assignment: str
    lease: int
    upto: int
    spent: int


class ReleaseRows(AgentMessage, frozen=True, kw_only=True):
    """Unclaimed rows of the leases up to ``upto`` are not needed; without ``upto``, no row ever will be."""

    assignment: str
    spent: int
    upto: int | None = None


class Came(AgentMessage, frozen=True, kw_only=True):
    """So many users have come to a rendezvous: who wait now, and who were let go on by the controller."""

    assignment: str
    point: int
    count: int


class Ending(AgentMessage, frozen=True, kw_only=True):
    """The load profile, or the node's iterations, are done."""

    assignment: str


class UsersLeft(AgentMessage, frozen=True, kw_only=True):
    """All users have left, and there are teardown steps."""

    assignment: str


class Ended(AgentMessage, frozen=True, kw_only=True):
    """The last snapshot is sent. ``zh``, ``en`` and ``code`` are the error that ended the run on this node, if any."""

    assignment: str
    zh: str = ""
    en: str = ""
    code: str = ""


LifecycleCommand = Deploy | Prepare | Start | Stop | Abort | Teardown
LoadCommand = Pause | Resume | SetLevel | Resplit | LetGo | GrantRows | ConfirmClaim
Command = Heartbeat | Rejected | LifecycleCommand | LoadCommand
LifecycleReport = Compiled | Prepared | Refusal | Ending | UsersLeft | Ended
RunReport = LifecycleReport | SnapshotReport | Came | RequestRows | ClaimRows | ReleaseRows
Report = Hello | Pong | RunReport

encode = msgspec.msgpack.Encoder(enc_hook=str).encode
decode_command = msgspec.msgpack.Decoder(Command).decode
"""Raises msgspec.MsgspecError for any other input."""
decode_report = msgspec.msgpack.Decoder(Report).decode
"""Raises msgspec.MsgspecError for any other input."""
