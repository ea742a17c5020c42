"""The dealer of a run's test data and the nodes that ask it by messages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from collections.abc import Iterable

from perfsvc.cluster.dask import messages
from perfsvc.cluster.dask.run_nodes import Member
from perfsvc.datafeed.allocator import RowAllocator
from perfsvc.model.data import Grant


class RowServer:
    """Answers what nodes ask of the dealer; ``send`` brings a node its answer, ``living`` are those that there are."""

    def __init__(
        self,
        dealer: RowAllocator | None,
        send: Callable[[Member, messages.Message], None],
        living: Callable[[], Iterable[Member]],
    ) -> None:
        self._dealer = dealer
        self._send = send
        self._living = living
        if dealer is not None:
            dealer.on_over = self._tell_the_end
        self._granting: set[asyncio.Task[None]] = set()

    @property
    def columns(self) -> tuple[str, ...]:
        """What every row has, once the data is open."""
        return () if self._dealer is None else tuple(self._dealer.columns)

    def hear(self, member: Member, word: messages.Word) -> None:
        """A node said something about rows."""
        dealer = self._dealer
        if dealer is None:
            return
        match word:
            case messages.Ask():
                task = asyncio.get_running_loop().create_task(self._grant(dealer, member, word.want))
                self._granting.add(task)
                task.add_done_callback(self._granting.discard)
            case messages.Claim():
                if dealer.claimed(member.node, word.lease, word.upto, word.spent):
                    self._send(member, messages.Confirmed(run=member.stint))
            case messages.GiveBack():
                dealer.given_back(member.node, word.spent, word.upto)
            case _:
                return

    def close(self) -> None:
        """Nobody waits for rows any more."""
        for task in self._granting:
            task.cancel()

    def _tell_the_end(self) -> None:
        """There are no more rows: also nodes that need none, because their users have some or they have no users."""
        for member in self._living():
            self._send(member, messages.Granted(run=member.stint, grant=Grant(ended=True)))

    async def _grant(self, dealer: RowAllocator, member: Member, want: int) -> None:
        grant = await dealer.grant(member.node, want)
        try:
            self._send(member, messages.Granted(run=member.stint, grant=grant))
        except Exception as error:  # a plugin's rows may hold what no message can
            self._send(member, messages.Granted(run=member.stint, grant=dealer.refused(grant, error)))
