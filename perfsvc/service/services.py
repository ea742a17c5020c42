"""All services together, for the web layer."""

from __future__ import annotations

from collections.abc import Awaitable
from collections.abc import Callable
from dataclasses import dataclass

from perfsvc.clock import Clock
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.plugin.catalog import Catalog
from perfsvc.service.auth.access import Access
from perfsvc.service.auth.accounts import Accounts
from perfsvc.service.auth.passwords import Passwords
from perfsvc.service.auth.sessions import Sessions
from perfsvc.service.auth.vault import Vault
from perfsvc.service.data.datafiles import DataFiles
from perfsvc.service.data.project_data import ProjectData
from perfsvc.service.demo import Demo
from perfsvc.service.envs import Envs
from perfsvc.service.nodes import NodeWatch
from perfsvc.service.plan_preview import PlanPreviews
from perfsvc.service.plan_secrets import PlanSecrets
from perfsvc.service.plans import Plans
from perfsvc.service.plugins import Plugins
from perfsvc.service.presets import Presets
from perfsvc.service.project_files import ProjectFiles
from perfsvc.service.projects import Projects
from perfsvc.service.reports import Reports
from perfsvc.service.runs.manager import RunManager
from perfsvc.service.runs.pins import Pins
from perfsvc.service.runs.run_list import RunList
from perfsvc.service.runs.run_windows import RunWindows
from perfsvc.service.scene_secrets import SceneSecrets
from perfsvc.service.scenes import Scenes
from perfsvc.service.self_check import SelfCheck
from perfsvc.service.trials import Trials
from perfsvc.settings import Settings
from perfsvc.store import drained_nodes
from perfsvc.store.database import Store


@dataclass(frozen=True)
class Services:
    """One service per resource."""

    clock: Clock
    ping: Callable[[], Awaitable[None]]
    """Raises StoreUnavailable when the database is away."""
    disk_full: Callable[[], bool]
    """Whether the latest write found the disk of the database full."""
    access: Access
    sessions: Sessions
    accounts: Accounts
    projects: Projects
    envs: Envs
    scenes: Scenes
    plans: Plans
    data: ProjectData
    datafiles: DataFiles
    presets: Presets
    reports: Reports
    plugins: Plugins
    runs: RunManager
    run_list: RunList
    run_windows: RunWindows
    pins: Pins
    demo: Demo
    project_files: ProjectFiles
    trials: Trials
    plan_previews: PlanPreviews
    nodes: NodeWatch
    self_check: SelfCheck


def assemble(
    store: Store,
    catalog: Catalog,
    runs: RunManager,
    data: ProjectData,
    datafiles: DataFiles,
    *,
    settings: Settings,
    secret_key: str,
    clock: Clock,
    passwords: Passwords,
    self_check: SelfCheck,
) -> Services:
    """Return the services over a store. The caller closes ``passwords``."""
    vault = Vault(secret_key)
    plan_secrets, scene_secrets = PlanSecrets(catalog, vault), SceneSecrets(catalog, vault)
    scenes = Scenes(store, catalog, scene_secrets)
    sessions = Sessions(store, settings, secret_key, passwords, clock)
    return Services(
        clock=clock,
        ping=store.ping,
        disk_full=lambda: store.full,
        access=Access(store, runs.plan_of_run),
        sessions=sessions,
        accounts=Accounts(store, settings, passwords, sessions, clock),
        projects=Projects(store, datafiles.sweep),
        envs=data.envs,
        scenes=scenes,
        plans=Plans(store, plan_secrets, runs.is_active),
        data=data,
        datafiles=datafiles,
        presets=Presets(store, plan_secrets),
        reports=Reports(store),
        plugins=Plugins(catalog),
        runs=runs,
        run_list=RunList(store, runs.running, runs.row_of),
        run_windows=runs.windows,
        pins=Pins(store),
        demo=Demo(store),
        project_files=ProjectFiles(store, data.envs, datafiles, (plan_secrets, scene_secrets), scenes.check),
        trials=Trials(
            store, catalog, data.envs, data, TargetPolicy(settings.target_allow, settings.target_deny), scene_secrets
        ),
        plan_previews=PlanPreviews(store, runs, plan_secrets),
        nodes=NodeWatch(runs.node_source, clock, lambda name, kept: store.run(drained_nodes.note, name, kept)),
        self_check=self_check,
    )
