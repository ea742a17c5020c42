"""Names of drained nodes, kept across restarts of the server."""

from __future__ import annotations

from perfsvc.store.binding import locked
from perfsvc.store.database import writes
from perfsvc.store.tables import DrainedNodeRow


def names() -> frozenset[str]:
    """All of them."""
    return frozenset(row.name for row in DrainedNodeRow.select())


@writes
def note(name: str, drained: bool) -> None:
    """Add or remove a node. Raises InvalidInput."""
    if not drained:
        DrainedNodeRow.delete().where(DrainedNodeRow.name == name).execute()
    elif not locked(DrainedNodeRow.select().where(DrainedNodeRow.name == name)).exists():
        DrainedNodeRow.add(name=name)
