"""A private Redis server for tests: the one that the example package brings for its own."""

from __future__ import annotations

import importlib.util
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "perfsvc-redis"

_spec = importlib.util.spec_from_file_location("redis_server", EXAMPLE / "tests" / "redis_server.py")
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
RedisServer = _module.RedisServer
