"""Steps that run once per run, before the load and after it: one user runs a scene's, with a limit of time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from collections.abc import Sequence

from perfsvc.engine.scene_draw import SceneDraw
from perfsvc.engine.user_pool import CLOSE_TIMEOUT_S
from perfsvc.engine.user_pool import UserPool
from perfsvc.engine.virtual_user import Program
from perfsvc.engine.virtual_user import VirtualUser
from perfsvc.errors import RunError
from perfsvc.errors import SetupFailed
from perfsvc.model.run import RunSpec

TIMEOUTS_PER_SCENE = 10
"""Setup or teardown steps of a scene may take this many request time-outs in all."""


def setup_limit_s(spec: RunSpec) -> float:
    """The longest that the setup steps of all scenes may take, or those after the load, s; 0 where there are none."""
    scenes = sum(bool(weighted.scene.setup or weighted.scene.teardown) for weighted in spec.scenes)
    return scenes * TIMEOUTS_PER_SCENE * spec.request_timeout_ms / 1000


class OncePerRun:
    """Runs the setup steps of all scenes, or their teardown steps, each scene's by a user of its own, in turn.

    ``pool`` holds that user. Its gate is always open: a pause of the load does not concern it.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        make: Callable[[UserPool, int, Program], VirtualUser],
        spec: RunSpec,
        error: type[RunError] = RunError,
    ) -> None:
        programs = [program for program in programs if len(program.instructions) > 1]  # more than its end
        self._left = len(programs)
        self._limit_s = spec.request_timeout_ms / 1000 * TIMEOUTS_PER_SCENE
        self._make = make
        self._error = error
        self.pool = UserPool(programs, SceneDraw([1] * len(programs)), self._make_user, lambda user, _: user.begin())
        self._variables: dict[str, object] = {}
        self._user: VirtualUser | None = None
        self.ran = False

    @property
    def over(self) -> bool:
        """Whether there is nothing (more) to run."""
        return not self._left

    async def run(self, variables: dict[str, object]) -> None:
        """Run the steps and add what they extract to ``variables``.

        Raises the run's ``error`` when a scene's take too long, and SetupFailed when one fails that must not.
        """
        while self._left:
            self._left -= 1
            self.ran = True
            self.pool.start()
            await self._until_empty()
            variables.update(self._variables)
            if self._error is SetupFailed and self._user is not None and self._user.failures:
                raise SetupFailed.at(*self._user.failure)

    def stop(self) -> None:
        """Start no other scene's steps, and end this one's where no request is in flight."""
        self._left = 0
        self.pool.leave_idle()

    def cut_off(self) -> None:
        """End at once."""
        self._left = 0
        self.pool.cut_off()

    def _make_user(self, pool: UserPool, number: int, program: Program) -> VirtualUser:
        user = self._user = self._make(pool, 0, program)
        self._variables = user.scope.variables
        return user

    async def _until_empty(self) -> None:
        try:
            await asyncio.wait_for(self.pool.empty.wait(), self._limit_s)
        except TimeoutError:
            self.cut_off()
            zh, en = (
                f"前置或后置步骤在 {self._limit_s:g} 秒内没有结束",
                f"setup or teardown did not end in {self._limit_s:g} s",
            )
            raise self._error(zh, en) from None
        await self.pool.closed(CLOSE_TIMEOUT_S)
