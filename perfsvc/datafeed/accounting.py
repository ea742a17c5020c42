"""Accounts of a run's rows: how many each node has claimed, used for certain, or left in doubt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(slots=True)
class NodeAccount:
    """One node's claimed rows, and those of them that are certainly used; ``settled`` once the node has ended."""

    claimed: int = 0
    spent: int = 0
    settled: bool = False

    @property
    def open(self) -> int:
        """Claimed rows of which it is unknown whether they were used."""
        return self.claimed - self.spent

    def spend(self, spent: int) -> None:
        """Record how many rows the node has used in all; late messages never lower it."""
        self.spent = max(self.spent, min(spent, self.claimed))


class RowCounts(NamedTuple):
    """Rows used, in doubt, and returned by lost nodes."""

    used: int
    in_doubt: int
    returned: int


class RowAccounts:
    """The accounts of all nodes of a run, and the sums of those that were lost."""

    def __init__(self) -> None:
        self._accounts: dict[str, NodeAccount] = {}
        self._used = self._in_doubt = self._returned = 0

    def __len__(self) -> int:
        """Number of nodes with an account."""
        return len(self._accounts)

    def open(self, node: str) -> None:
        """Open an account for a node that has none."""
        self._accounts.setdefault(node, NodeAccount())

    def claim(self, node: str, count: int, spent: int) -> None:
        """A node claims more rows and reports how many it has used in all."""
        account = self._accounts[node]
        account.claimed += count
        account.spend(spent)
        account.settled = False

    def release(self, node: str, spent: int, final: bool) -> None:
        """A node releases rows and reports how many it has used in all; with ``final`` no more follows."""
        account = self._accounts.get(node)
        if account is not None:
            account.spend(spent)
            account.settled = final

    def close(self, node: str, returned: int) -> None:
        """A node is lost: its unclaimed rows return, and what it claimed and did not report is in doubt."""
        account = self._accounts.pop(node, NodeAccount())
        self._used += account.spent
        self._in_doubt += account.open
        self._returned += returned

    def use_shared_row(self) -> None:
        """The one row of the whole run is used."""
        self._used = 1

    def counts(self) -> RowCounts:
        """The sums over all nodes, now."""
        accounts = self._accounts.values()
        used = self._used + sum(account.spent for account in accounts)
        in_doubt = self._in_doubt + sum(account.open for account in accounts if not account.settled)
        return RowCounts(used, in_doubt, self._returned)
