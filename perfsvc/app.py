"""The composition root of the service: the only module that imports every layer."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from socket import socket
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from perfsvc.clock import SystemClock
from perfsvc.cluster.dask.cluster import DaskCluster
from perfsvc.cluster.local import LocalCluster
from perfsvc.cluster.router import ClusterRouter
from perfsvc.datafeed.cache import DataCache
from perfsvc.datafeed.sources import DataSources
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.errors import StartupError
from perfsvc.errors import Text
from perfsvc.event_loop import collecting_little
from perfsvc.event_loop import measure_tornado_by_steady_clock
from perfsvc.event_loop import on_signals
from perfsvc.event_loop import run_on_loop
from perfsvc.file_lock import lock_data_folder
from perfsvc.plugin.catalog import Catalog
from perfsvc.service.auth.passwords import Passwords
from perfsvc.service.auth.secret_key import obtain_secret_key
from perfsvc.service.auth.vault import Vault
from perfsvc.service.data.datafiles import DataFiles
from perfsvc.service.data.file_store import FileStore
from perfsvc.service.data.project_data import ProjectData
from perfsvc.service.data.sqlite_files import SqliteFiles
from perfsvc.service.envs import Envs
from perfsvc.service.plain_secrets import PlainSecrets
from perfsvc.service.plan_secrets import PlanSecrets
from perfsvc.service.runs.manager import RunManager
from perfsvc.service.runs.startup_recovery import StartupRecovery
from perfsvc.service.self_check import SelfCheck
from perfsvc.service.services import assemble
from perfsvc.settings import Settings
from perfsvc.store import drained_nodes
from perfsvc.store import users
from perfsvc.store.address import SqliteAddress
from perfsvc.store.address import parse
from perfsvc.store.database import Store
from perfsvc.store.recorder import Recorder
from perfsvc.store.service_lock import CHECK_S
from perfsvc.web.application import make_application
from perfsvc.web.application import make_server

log = logging.getLogger("perfsvc")

FIRST_PASSWORD = Text(
    "已创建管理员 {name}，初始密码（只显示一次）：{word}\n",
    "administrator {name} was created; the password, shown this once: {word}\n",
)


class App:
    """The whole service. ``stop`` shuts down in the reverse order of ``start``."""

    port: int
    """The listening port, once started."""

    def __init__(self, settings: Settings, catalog: Catalog | None = None) -> None:
        measure_tornado_by_steady_clock()
        self.settings = settings
        self._catalog = catalog or Catalog.load(settings.required_plugins)
        self._clock = SystemClock()
        self._standing = AsyncExitStack()
        self._self_check = SelfCheck(self._clock)
        self.lost_database = asyncio.Event()
        """Set once another service has taken the database: this one must stop."""

    async def start(self) -> None:
        """Start the service. Raises StartupError, StoreUnavailable; what was started is then stopped again."""
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop all runs with their reports, then everything else."""
        await self._standing.aclose()

    async def _start(self) -> None:
        settings, standing = self.settings, self._standing
        sockets = self._bind()
        standing.callback(lock_data_folder(settings.data_dir).release)
        self.store = await Store.open(settings.database_url, clock=self._clock, data_dir=settings.data_dir, lock=True)
        standing.push_async_callback(self.store.close)
        passwords = Passwords()
        standing.callback(passwords.close)
        secret_key = obtain_secret_key(settings, may_create=not await self.store.run(users.exist))
        sources = self._make_sources()
        files = DataFiles(self.store, FileStore(settings.data_dir / "datafiles"), sources, settings.max_datafile_size)
        await files.sweep()
        data = self._make_data(secret_key, sources, files)
        dask = self._make_dask(await self.store.run(drained_nodes.names))
        standing.push_async_callback(dask.close)
        await dask.open()
        secrets = PlanSecrets(self._catalog, Vault(secret_key))
        runs = self._make_runs(data, secrets, dask)
        self.services = assemble(
            self.store,
            self._catalog,
            runs,
            data,
            files,
            settings=settings,
            secret_key=secret_key,
            clock=self._clock,
            passwords=passwords,
            self_check=self._self_check,
        )
        self.services.nodes.open()
        standing.callback(self.services.nodes.close)
        self.first_password = await self.services.accounts.ensure_administrator()
        recovery = StartupRecovery(self.store, self._spool_dir, self._self_check)
        await recovery.find()
        server = self._listen(sockets)
        # Last in, first out: stop accepting connections, stop the runs, close open connections.
        standing.push_async_callback(server.close_all_connections)
        standing.push_async_callback(runs.close)
        standing.callback(server.stop)
        self._background(recovery.run())
        self._background(self._seal(PlainSecrets(self.store, secrets)))
        self._background(self._keep_lock())

    @property
    def address(self) -> str:
        """The URL of the service."""
        host = self.settings.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def _bind(self) -> list[socket]:
        """Bind before anything is written: a first start whose port is taken leaves no trace."""
        settings = self.settings
        try:
            sockets = bind_sockets(settings.port, settings.host)
        except OSError as error:
            where = f"{settings.host}:{settings.port}"
            raise StartupError(f"无法监听 {where}：{error}", f"cannot listen on {where}: {error}") from None
        for one in sockets:
            self._standing.callback(one.close)
        return sockets

    def _background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._standing.push_async_callback(ended, task)

    async def _seal(self, plain: PlainSecrets) -> None:
        """Seal what is stored in plain text. The next start tries again what fails."""
        try:
            await plain.seal()
        except Exception as error:
            log.error("not all stored secrets could be sealed: %s", error)
            zh = "有机密值仍以明文保存，重启后会再次尝试加密"
            self._self_check.note(zh, "some secrets are still stored in plain text; the next start tries again")

    async def _keep_lock(self) -> None:
        """Keep the database's lock; end the service when it was lost with its connection and another has taken it."""
        while True:
            await asyncio.sleep(CHECK_S)
            try:
                held = await asyncio.to_thread(self.store.service_lock.still_held)
            except Exception as error:  # the database is away, for other services too
                log.warning("the database's lock cannot be checked: %s", error)
                continue
            if not held:
                log.error("another perfsvc service has taken this database: this one stops")
                self.lost_database.set()
                return

    def _make_dask(self, drained: frozenset[str]) -> DaskCluster:
        settings = self.settings
        return DaskCluster(
            self._catalog,
            self._clock,
            certificates=settings.data_dir / settings.certs_dir,
            listen=settings.dask_scheduler,
            allow=settings.target_allow,
            deny=settings.target_deny,
            drained=drained,
        )

    def _make_runs(self, data: ProjectData, secrets: PlanSecrets, dask: DaskCluster) -> RunManager:
        policy = TargetPolicy(self.settings.target_allow, self.settings.target_deny)
        cluster = ClusterRouter(LocalCluster(self._catalog.protocol, self._clock, policy), dask)
        return RunManager(self.store, cluster, self._clock, self._make_recorder, data, secrets)

    def _make_sources(self) -> DataSources:
        cache = DataCache(self.settings.data_dir / "data-cache", self.settings.data_cache_size, self._clock)
        self._standing.push_async_callback(cache.close)
        return DataSources(self._catalog, cache)

    def _make_data(self, secret_key: str, sources: DataSources, files: DataFiles) -> ProjectData:
        envs = Envs(self.store, Vault(secret_key))
        policy = TargetPolicy(self.settings.target_allow, self.settings.target_deny)
        return ProjectData(sources, envs, files, self._sqlite_files(), policy)

    def _sqlite_files(self) -> SqliteFiles:
        settings = self.settings
        own = parse(settings.database_url, settings.data_dir)
        folder = settings.data_dir / settings.sqlite_dir
        return SqliteFiles(folder, own.path) if isinstance(own, SqliteAddress) else SqliteFiles(folder)

    def _make_recorder(self, execution_id: str, plan_id: int) -> Recorder:
        return Recorder(self.store, execution_id, plan_id, self._spool_dir, self._clock)

    @property
    def _spool_dir(self) -> Path:
        return self.settings.data_dir / "spool"

    def _listen(self, sockets: list[socket]) -> HTTPServer:
        application = make_application(self.services, self.settings)
        server = make_server(application, self.settings)
        server.add_sockets(sockets)
        self.port = sockets[0].getsockname()[1]
        return server


async def ended(task: asyncio.Task[None]) -> None:
    """Cancel a background task and wait for its end."""
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled() and task.exception() is not None:
        log.error("a background task failed", exc_info=task.exception())


def serve(settings: Settings, language: str) -> int:
    """Run the service until a signal arrives. Return the exit code."""
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    return run_on_loop(_serve(App(settings), language))


async def _serve(app: App, language: str) -> int:
    stopped = asyncio.Event()
    on_signals(stopped.set)
    if not await started(app, stopped):
        return 0
    try:
        announce(app, language)
        with collecting_little():
            await either(stopped, app.lost_database)
    finally:
        await app.stop()
    return int(app.lost_database.is_set())


async def either(*events: asyncio.Event) -> None:
    """Wait until one of the events is set."""
    waiting = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()


async def started(app: App, stopped: asyncio.Event) -> bool:
    """Start the service; return False where ``stopped`` was set first. Raise what ``App.start`` raises."""
    starting, stopping = asyncio.create_task(app.start()), asyncio.create_task(stopped.wait())
    await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not starting.done():
        starting.cancel()
        await asyncio.wait([starting])
    if starting.cancelled():
        return False
    starting.result()
    return True


def announce(app: App, language: str) -> None:
    """Print the first password, if there is one, and the address."""
    if app.first_password is not None:
        sys.stdout.write(FIRST_PASSWORD.of(language).format(name=app.settings.admin_username, word=app.first_password))
    sys.stdout.write(f"perfsvc: {app.address}\n")
    sys.stdout.flush()
