"""Where one node's rows of test data come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol as Interface

from perfsvc.model.data import Grant


class RowSupply(Interface):
    """Where a node's rows come from: the run's dealer, near or far. No method blocks."""

    @property
    def columns(self) -> Sequence[str]:
        """The names every row has; known once the source is open."""
        ...

    def ask(self, want: int) -> Grant | None:
        """About ``want`` more rows, please. Answered at once, or else once by ``Rows.deliver``."""
        ...

    def claim(self, lease: int, upto: int, spent: int) -> bool:
        """Rows of a lease below ``upto`` may be used from now on; ``spent`` is how many are done with for certain.

        True when the dealer has taken note; False when ``Rows.confirm`` will tell that it has.
        """
        ...

    def give_back(self, spent: int, upto: int | None = None) -> None:
        """What was not claimed of the leases up to that one is not needed here; ``spent`` as in ``claim``.

        Nor is what was asked for, which is then answered with no rows. Without ``upto``, nothing ever will be.
        """
        ...


class Nothing:
    """A supply for engines that only compile."""

    columns: Sequence[str] = ()

    def ask(self, want: int) -> None:
        """Never answered."""

    def claim(self, lease: int, upto: int, spent: int) -> bool:
        """There is nothing to claim."""
        return False

    def give_back(self, spent: int, upto: int | None = None) -> None:
        """There is nothing to give back."""
