"""State of an agent on the controller: its announcement, its fitness for runs, the offset of its clock. No I/O."""

from __future__ import annotations

import platform
import re
from collections import deque
from importlib.metadata import version
from typing import NamedTuple

from perfsvc import __version__
from perfsvc.cluster.dask.messages import Hello
from perfsvc.cluster.dask.messages import Pong
from perfsvc.errors import Text

DASK = version("distributed")
ROUND_TRIPS = 20
"""The clock offset comes from the shortest of this many round trips, the latest ones."""

CENTRAL = "central-"
"""Agents that the server starts are named so, with a number."""
RESERVED = re.compile(rf"local|{CENTRAL}\d+")


def reserved_name(name: str) -> Text | None:
    """Why an agent that the server did not start may not have this name, or None."""
    if RESERVED.fullmatch(name) is None:
        return None
    return Text(
        f"执行节点不能命名为 {name}：local 和 {CENTRAL}N 是服务自己的节点",
        f"an agent cannot be named {name}: local and {CENTRAL}N are the server's own",
    )


class RoundTrip(NamedTuple):
    """The duration of a round trip, and the lead of the agent's clock if it replied half-way, ns."""

    took_ns: int
    ahead_ns: int


class Agent:
    """An agent that has joined. ``last_message_ns`` is the time of its last message, on the controller's clock."""

    def __init__(self, address: str, hello: Hello, now_ns: int, wall: float) -> None:
        self.address = address
        self.hello = hello
        self.since = wall
        self.last_message_ns = now_ns
        self.draining = False
        self.pong = Pong(sent_ns=now_ns, clock_ns=now_ns)
        self._trips: deque[RoundTrip] = deque(maxlen=ROUND_TRIPS)

    @property
    def name(self) -> str:
        return self.hello.name

    def on_pong(self, pong: Pong, now_ns: int) -> None:
        """Record the round trip of a heartbeat."""
        self.pong = pong
        took = now_ns - pong.sent_ns
        self._trips.append(RoundTrip(took, pong.clock_ns - pong.sent_ns - took // 2))

    @property
    def measured(self) -> bool:
        """Whether the offset of its clock is known well enough."""
        return len(self._trips) >= ROUND_TRIPS // 4

    @property
    def ahead_ns(self) -> int:
        """Offset of its clock ahead of the controller's."""
        return min(self._trips).ahead_ns if self._trips else 0

    def unfit(self, protocols: dict[str, str]) -> Text | None:
        """Why it cannot run a plan with these protocols, or None."""
        hello, here = self.hello, (__version__, platform.python_version(), DASK)
        for what, theirs, ours in zip(
            ("perfsvc", "Python", "Dask"), (hello.version, hello.python, hello.dask), here, strict=True
        ):
            if theirs != ours:
                return Text(
                    f"{self.name}：{what} 版本为 {theirs}，而服务为 {ours}",
                    f"{self.name} has {what} {theirs}, the server {ours}",
                )
        for protocol, needed in protocols.items():
            theirs = hello.plugins.get(protocol, "")
            if theirs != needed:
                return Text(
                    f"{self.name}：协议 {protocol} 需要 {needed}，实际为 {theirs or '未安装'}",
                    f"{self.name}: the protocol {protocol} needs {needed}, there is {theirs or 'none'}",
                )
        return None
