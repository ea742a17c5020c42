"""The engine in the server's own process and loop: ``control_mode`` ``single``."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from typing import Any

from perfsvc.clock import Clock
from perfsvc.cluster.deployment import OnEnding
from perfsvc.cluster.deployment import OnSnapshot
from perfsvc.engine.node import Engine
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.model.run import RunSpec
from perfsvc.plugin.protocol import Protocol

NODE = "local"


class LocalCluster:
    """Runs every engine on the loop it is called on."""

    def __init__(self, protocol_class: Callable[[str], type[Protocol]], clock: Clock, policy: TargetPolicy) -> None:
        self._protocol_class = protocol_class
        self._clock = clock
        self._policy = policy

    def deploy(self, spec: RunSpec, on_snapshot: OnSnapshot, on_ending: OnEnding) -> Engine:
        """One engine, here. An engine is a deployment of one node."""
        return Engine(spec, self._protocol_class, on_snapshot, self._clock, self._policy, ending=on_ending, node=NODE)

    def nodes(self) -> list[dict[str, Any]]:
        """This process."""
        return [{"name": NODE, "host": platform.node(), "pid": os.getpid(), "state": "ready"}]
