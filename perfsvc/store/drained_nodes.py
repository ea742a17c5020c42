"""The names of nodes that are to get no load, also when they join a server that was started anew."""

from __future__ import annotations

from perfsvc.store.binding import locked
from perfsvc.store.database import writes
from perfsvc.store.tables import DrainedNodeRow


def names() -> frozenset[str]:
    """All of them."""
    return frozenset(row.name for row in DrainedNodeRow.select())


@writes
def note(name: str, drained: bool) -> None:
    """From now on a node is one of them, or is none. Raises InvalidInput."""
    if not drained:
        DrainedNodeRow.delete().where(DrainedNodeRow.name == name).execute()
    elif not locked(DrainedNodeRow.select().where(DrainedNodeRow.name == name)).exists():
        DrainedNodeRow.add(name=name)
