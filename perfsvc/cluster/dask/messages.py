"""What the controller of a run and its agents say to each other: plain values, checked when they arrive.

They travel as msgpack over the streams between Dask's scheduler and its workers, in order. ``run`` names an agent's
part of a run; an agent that comes back to a run it was lost to has another. Moments named ``at_ns`` are
readings of the agent's own clock: the controller knows by how much the clocks differ, the agents need not.
"""

from __future__ import annotations

from typing import Any

import msgspec

from perfsvc.model.data import Grant
from perfsvc.model.window import Snapshot

OP = "perfsvc"
"""The name under which both ends of a stream take our messages."""


class Message(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True):
    """The base of all; the class's name says which it is."""


# From the controller.


class Heartbeat(Message, frozen=True, kw_only=True):
    """The controller is alive and wants these runs to go on. ``sent_ns`` is its clock, to be sent back."""

    runs: tuple[str, ...]
    sent_ns: int


class Rejected(Message, frozen=True, kw_only=True):
    """The agent gets no work, and why."""

    zh: str
    en: str


class Deploy(Message, frozen=True, kw_only=True):
    """Get a run ready: ``spec`` is its RunSpec as JSON, the rest is this node's place in it and what happened before.

    ``levels`` are the changes of load so far: profile time, s, and level. ``allow`` and ``deny`` say which targets may
    be loaded, ``columns`` what rows of test data have.
    """

    run: str
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


class Granted(Message, frozen=True, kw_only=True):
    """Rows of test data, asked for before."""

    run: str
    grant: Grant


class Confirmed(Message, frozen=True, kw_only=True):
    """The latest claim was taken note of: its rows may be used."""

    run: str


class Prepare(Message, frozen=True, kw_only=True):
    """Run the setup steps, or take over the variables of the node that did."""

    run: str
    variables: dict[str, Any] | None = None


class Start(Message, frozen=True, kw_only=True):
    """The run's origin: ``at_ns`` on the agent's clock is ``wall`` in Unix time."""

    run: str
    at_ns: int
    wall: float
    paused_ns: int = 0


class Pause(Message, frozen=True, kw_only=True):
    run: str
    at_ns: int


class Resume(Message, frozen=True, kw_only=True):
    run: str
    at_ns: int


class SetLevel(Message, frozen=True, kw_only=True):
    """The load of the whole run from profile time ``at`` on."""

    run: str
    level: float
    at: float


class Resplit(Message, frozen=True, kw_only=True):
    """The weights of all places from profile time ``at`` on; ``iterations`` more are this node's to do."""

    run: str
    weights: tuple[int, ...]
    at: float
    iterations: int = 0


class Stop(Message, frozen=True, kw_only=True):
    run: str


class Abort(Message, frozen=True, kw_only=True):
    """Stop at once; whatever this run still says, nobody waits for it."""

    run: str


class Teardown(Message, frozen=True, kw_only=True):
    """All users of all nodes have left. ``here``: this node runs the steps after the load."""

    run: str
    here: bool


# From an agent.


class Hello(Message, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """Who has joined. ``plugins`` are protocols by name, with the distribution and version that bring each.

    What a newer agent says beyond that is passed over, so that it can be told that its version is another.
    """

    name: str
    host: str
    pid: int
    version: str
    python: str
    dask: str
    plugins: dict[str, str]
    started_here: bool = False


class Pong(Message, frozen=True, kw_only=True):
    """The answer to a beat: the agent's clock, and how it is."""

    sent_ns: int
    clock_ns: int
    cpu: float = 0.0
    memory: int = 0
    loop_lag_ms: float = 0.0


class Compiled(Message, frozen=True, kw_only=True):
    run: str


class Prepared(Message, frozen=True, kw_only=True):
    """``variables`` are what the setup steps extracted."""

    run: str
    variables: dict[str, Any]


class Refused(Message, frozen=True, kw_only=True):
    """The run cannot start here."""

    run: str
    zh: str
    en: str


class SnapshotReport(Message, frozen=True, kw_only=True):
    """One second of a run."""

    run: str
    snapshot: Snapshot


class Ask(Message, frozen=True, kw_only=True):
    """About so many more rows of test data, please."""

    run: str
    want: int


class Claim(Message, frozen=True, kw_only=True):
    """Rows of a lease below ``upto`` are to be used from now on; of all, ``spent`` are done with for certain."""

    run: str
    lease: int
    upto: int
    spent: int


class GiveBack(Message, frozen=True, kw_only=True):
    """Nothing that was leased up to that lease and not claimed is needed here; without it, nothing ever will be."""

    run: str
    spent: int
    upto: int | None = None


class Ending(Message, frozen=True, kw_only=True):
    """The load profile is over, or the iterations are."""

    run: str


class Left(Message, frozen=True, kw_only=True):
    """All users have left, and there are steps to run after the load."""

    run: str


class Ended(Message, frozen=True, kw_only=True):
    """The last snapshot was told. ``zh`` and ``en`` say what made the run impossible to go on with, if anything."""

    run: str
    zh: str = ""
    en: str = ""


Life = Deploy | Prepare | Start | Stop | Abort | Teardown
Steering = Pause | Resume | SetLevel | Resplit | Granted | Confirmed
Order = Heartbeat | Rejected | Life | Steering
Word = Hello | Pong | Compiled | Prepared | Refused | SnapshotReport | Ending | Left | Ended | Ask | Claim | GiveBack

encode = msgspec.msgpack.Encoder(enc_hook=str).encode
decode_order = msgspec.msgpack.Decoder(Order).decode
"""Raises msgspec.MsgspecError for anything else."""
decode_word = msgspec.msgpack.Decoder(Word).decode
"""Raises msgspec.MsgspecError for anything else."""
