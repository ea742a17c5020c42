"""The source of one node's rows of test data: the run's allocator, on this loop or far away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol as Interface

from perfsvc.model.data import Grant


class RowReceiver(Interface):
    """Receives the replies of a supply."""

    def on_grant(self, grant: Grant) -> None:
        """Take the reply to ``RowSupply.request``; the end of the data also comes without a request."""
        ...

    def on_confirm(self) -> None:
        """Take note that the allocator has recorded the claim."""
        ...


class RowSupply(Interface):
    """Requests to the run's allocator. No method blocks."""

    @property
    def columns(self) -> Sequence[str]:
        """The columns of every row; known once the source is open."""
        ...

    def connect(self, receiver: RowReceiver) -> None:
        """Send the replies to ``receiver``. Called once, before any request."""
        ...

    def request(self, count: int) -> Grant | None:
        """Request about ``count`` more rows. Return the grant, or None when ``on_grant`` will get it, once."""
        ...

    def claim(self, lease: int, upto: int, spent: int) -> bool:
        """Claim the rows of a lease below ``upto``: only then may they be used. ``spent`` are certainly used.

        Return whether the allocator has recorded the claim; if not, ``on_confirm`` follows.
        """
        ...

    def release(self, spent: int, upto: int | None = None) -> None:
        """Release what was not claimed of the leases up to ``upto``; ``spent`` as in ``claim``.

        A request under way is withdrawn: its grant has no rows. Without ``upto``, no row will be needed any more.
        """
        ...


class NoSupply:
    """A supply for engines that only compile."""

    columns: Sequence[str] = ()

    def connect(self, receiver: RowReceiver) -> None:
        """Nothing is sent."""

    def request(self, count: int) -> None:
        """No grant follows."""

    def claim(self, lease: int, upto: int, spent: int) -> bool:
        """There is nothing to claim."""
        return False

    def release(self, spent: int, upto: int | None = None) -> None:
        """There is nothing to release."""
