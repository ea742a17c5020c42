"""Steps that run once per run, before the load and after it: one user runs a scene's, with a limit of time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from perfsvc.engine.compiled import CLOSE_TIMEOUT_S
from perfsvc.engine.user_pool import UserPool
from perfsvc.engine.virtual_user import PauseGate
from perfsvc.engine.virtual_user import Program
from perfsvc.engine.virtual_user import VirtualUser
from perfsvc.errors import RunError
from perfsvc.model.run import RunSpec

ERRAND_TIMEOUTS = 10
"""Setup or teardown steps of a scene may take this many request time-outs in all."""


def has_steps(programs: Sequence[Program]) -> bool:
    """Whether any of these has more than its end."""
    return any(len(program.instructions) > 1 for program in programs)


def setup_limit_s(spec: RunSpec) -> float:
    """The longest that the setup steps of all scenes may take, or those after the load, s; 0 where there are none."""
    errands = sum(bool(weighted.scene.setup or weighted.scene.teardown) for weighted in spec.scenes)
    return errands * ERRAND_TIMEOUTS * spec.request_timeout_ms / 1000


def begin_errand(user: VirtualUser, number: int) -> None:
    """Let a user run its setup or teardown steps, whatever keeps those of the load from starting."""
    user.gate = PauseGate()
    user.run(user.program.start)


async def run_errand(errand: UserPool, request_timeout_ms: int) -> None:
    """Until the errand's only user is through. Raises RunError when it takes too long."""
    limit = request_timeout_ms / 1000 * ERRAND_TIMEOUTS
    errand.start()
    try:
        await asyncio.wait_for(errand.empty.wait(), limit)
    except TimeoutError:
        errand.cut_off()
        zh, en = f"前置或后置步骤在 {limit:g} 秒内没有结束", f"setup or teardown did not end in {limit:g} s"
        raise RunError(zh, en) from None
    await errand.closed(CLOSE_TIMEOUT_S)
