"""The nodes of one run as its controller knows them. No I/O."""

from __future__ import annotations

import asyncio
from typing import Any

from perfsvc.cluster.dask.agents import Agent
from perfsvc.cluster.dask.messages import Word
from perfsvc.errors import RunError
from perfsvc.errors import Text
from perfsvc.model.window import NodeHealth
from perfsvc.model.window import Snapshot


class Member:
    """An agent in one place of a run, under a name that no other node of this run has or had.

    ``stint`` names it in messages. ``iterations`` are those it was given to do, where their number is limited, and
    ``done`` those it told of.
    """

    def __init__(self, run: str, node: str, agent: Agent, index: int, generation: int = 0, iterations: int = 0) -> None:
        self.stint = f"{run}/{node}"
        self.agent = agent
        self.node = node
        self.index = index
        self.generation = generation
        self.iterations = iterations
        self.done = 0
        self.running = self.ending = self.left = self.ended = self.lost = False
        self.health = NodeHealth()
        self._answer: asyncio.Future[Word] | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more is expected of it."""
        return self.ended or self.lost

    async def answer(self, limit_s: float) -> Word:
        """What it says to the order that was just given. Raises RunError when it is lost or says nothing in time."""
        self._answer = asyncio.get_running_loop().create_future()
        if self.over:
            raise self._gone()
        try:
            return await asyncio.wait_for(self._answer, limit_s)
        except TimeoutError:
            zh, en = (
                f"节点 {self.node} 在 {limit_s:g} 秒内没有应答",
                f"node {self.node} gave no answer in {limit_s:g} s",
            )
            raise RunError(zh, en) from None

    def answered(self, word: Word) -> None:
        """It said what was waited for, or more."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(word)

    def lose(self) -> None:
        """It is gone; who waits for its answer waits no longer."""
        self.lost = True
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(self._gone())

    def note(self, snapshot: Snapshot) -> None:
        """It told a second."""
        self.done += snapshot.iterations
        self.health = snapshot.health

    def _gone(self) -> RunError:
        return RunError(f"节点 {self.node} 已丢失", f"node {self.node} was lost")


def refusal(member: Member, word: Any) -> RunError:
    """A node said no."""
    return RunError(f"节点 {member.node} 拒绝执行：{word.zh}", f"node {member.node} refuses: {word.en}")


LOST_CONNECTION = Text("连接中断，进程已退出或网络不通", "its connection ended: the process or the network is gone")
LOST_BY_ITSELF = Text("节点失去控制端后自行停止", "it had lost its controller and stopped by itself")
