"""Recovery after a start of the service, while it already serves: runs and files left by earlier processes."""

from __future__ import annotations

import logging
from pathlib import Path

from perfsvc.errors import PerfsvcError
from perfsvc.model.execution import Execution
from perfsvc.service.runs.recovery import close_interrupted
from perfsvc.service.self_check import SelfCheck
from perfsvc.store import executions
from perfsvc.store.database import Store
from perfsvc.store.spool import files_in
from perfsvc.store.spool import replay_spool

log = logging.getLogger(__name__)


class StartupRecovery:
    """Stores what earlier runs spooled, then closes the runs that a dead process left unfinished.

    A file or a run that cannot be handled is left as it is, logged, and noted for ``/healthz``.
    """

    def __init__(self, store: Store, spool_dir: Path, self_check: SelfCheck) -> None:
        self._store = store
        self._spool_dir = spool_dir
        self._self_check = self_check
        self._runs: list[Execution] = []
        self._files: list[Path] = []

    async def find(self) -> None:
        """Find what earlier runs left; must end before a new run can begin."""
        self._self_check.recovering = True
        try:
            self._files = files_in(self._spool_dir)
            self._runs = await self._store.run(executions.unfinished)
        except Exception as error:
            self._failed(error)

    async def run(self) -> None:
        """Take up what was found."""
        try:
            await self._take_up()
        except Exception as error:
            self._failed(error)
        finally:
            self._self_check.recovering = False

    async def _take_up(self) -> None:
        spooled = await replay_spool(self._store, self._files, self._unreadable)
        if spooled.written:
            log.info("%d spooled snapshots were stored", spooled.written)
        for execution_id in await close_interrupted(self._store, self._runs, self._not_closed):
            log.warning("run %s had been interrupted; its report covers what was stored", execution_id)

    def _failed(self, error: Exception) -> None:
        if isinstance(error, PerfsvcError):
            log.error("interrupted runs could not be closed: %s", error)
        else:
            log.error("interrupted runs could not be closed", exc_info=error)
        zh = "未能收尾中断的测试，重启后会再次尝试"
        self._self_check.note(zh, "interrupted runs were not closed; the next start tries again")

    def _unreadable(self, path: Path, error: Exception) -> None:
        log.error("the spool file %s cannot be read: %s", path, error)
        self._self_check.note(f"无法读取暂存文件 {path.name}", f"the spool file {path.name} cannot be read")

    def _not_closed(self, execution_id: str, error: Exception) -> None:
        log.error("run %s could not be closed", execution_id, exc_info=error)
        zh = f"中断的测试 {execution_id} 未能收尾"
        self._self_check.note(zh, f"the interrupted run {execution_id} could not be closed")
