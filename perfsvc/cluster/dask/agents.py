"""Who is there: agents as the controller knows them, and by how much their clocks differ from its own. No I/O."""

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
"""The shortest of so many, the latest, says how the clocks differ."""

CENTRAL = "central-"
"""Agents that the server starts are called so, with a number."""
RESERVED = re.compile(rf"local|{CENTRAL}\d+")


def name_refused(name: str) -> Text | None:
    """Why an agent that the server has not started may not be called so, or None."""
    if RESERVED.fullmatch(name) is None:
        return None
    return Text(
        f"执行节点不能命名为 {name}：local 和 {CENTRAL}N 是服务自己的节点",
        f"an agent cannot be called {name}: local and {CENTRAL}N are the server's own",
    )


class RoundTrip(NamedTuple):
    """How long an answer took, and how far the agent's clock was ahead if it was given half-way, ns."""

    took_ns: int
    ahead_ns: int


class Agent:
    """An agent that has joined. ``heard_ns`` is when it last said anything, on the controller's clock."""

    def __init__(self, address: str, hello: Hello, now_ns: int, wall: float) -> None:
        self.address = address
        self.hello = hello
        self.since = wall
        self.heard_ns = now_ns
        self.draining = False
        self.pong = Pong(sent_ns=now_ns, clock_ns=now_ns)
        self._trips: deque[RoundTrip] = deque(maxlen=ROUND_TRIPS)

    @property
    def name(self) -> str:
        return self.hello.name

    def answered(self, pong: Pong, now_ns: int) -> None:
        """A beat came back."""
        self.pong = pong
        took = now_ns - pong.sent_ns
        self._trips.append(RoundTrip(took, pong.clock_ns - pong.sent_ns - took // 2))

    @property
    def measured(self) -> bool:
        """Whether its clock is known well enough."""
        return len(self._trips) >= ROUND_TRIPS // 4

    @property
    def ahead_ns(self) -> int:
        """How far its clock is ahead of the controller's."""
        return min(self._trips).ahead_ns if self._trips else 0

    def unfit(self, protocols: dict[str, str]) -> Text | None:
        """Why it cannot carry out a run with these protocols, or None."""
        hello, here = self.hello, (__version__, platform.python_version(), DASK)
        for what, theirs, ours in zip(
            ("perfsvc", "Python", "Dask"), (hello.version, hello.python, hello.dask), here, strict=True
        ):
            if theirs != ours:
                return Text(
                    f"{self.name}：{what} 版本为 {theirs}，而服务为 {ours}",
                    f"{self.name} has {what} {theirs}, the server {ours}",
                )
        for protocol, brought in protocols.items():
            theirs = hello.plugins.get(protocol, "")
            if theirs != brought:
                return Text(
                    f"{self.name}：协议 {protocol} 需要 {brought}，实际为 {theirs or '未安装'}",
                    f"{self.name}: the protocol {protocol} needs {brought}, there is {theirs or 'none'}",
                )
        return None
