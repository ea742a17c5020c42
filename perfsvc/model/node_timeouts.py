"""Node timeouts: how long a node or a controller may be silent. All follow from ``SILENT_S``, and from nothing else.

A heartbeat goes out often enough that several in a row must be lost before a node is: a single delayed message never
costs one. Limits on phases of a run (joining, compiling, setup, teardown) stand with their phases.
"""

from __future__ import annotations

from perfsvc.errors import Text

SILENT_S = 3.0
"""A node without any message for this long is lost; a controller too, and then its nodes stop the load."""
LEASE_S = SILENT_S
"""A node without any message from its controller for this long stops its load."""
HEARTBEAT_S = SILENT_S / 6
"""Between two heartbeats of the controller, each of which an agent replies to."""
WATCH_S = SILENT_S / 12
"""Between two checks for silent nodes."""
STALL_S = SILENT_S / 3
"""A check this late shows that our own loop was held up: messages may be waiting unread."""
FRESH_S = SILENT_S * 2 / 3
"""An agent without a message for this long may hang, and gets no work."""
UNREACHABLE_S = 2 * FRESH_S
"""The list of nodes shows an agent without a message for this long as lost."""
GRACE_S = SILENT_S * 2 / 3
"""A second of a run is complete this long after its first snapshot, whichever node is missing."""
LATE_S = 10 * SILENT_S
"""Beyond the graceful stop, for a node to report the end of the load profile."""

SILENT = Text(f"{SILENT_S:g} 秒内没有任何消息", f"it sent nothing for {SILENT_S:g} s")
LATE = Text("没有按时结束", "it did not end in time")
