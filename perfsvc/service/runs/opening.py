"""Opens a run: from a plan, stored or in a file, to a compiled ``Run`` that has not started."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from perfsvc.clock import Clock
from perfsvc.cluster.interface import Cluster
from perfsvc.datafeed.allocator import OpenFeed
from perfsvc.event_loop import off_loop
from perfsvc.model.certificates import Certificates
from perfsvc.model.config import PlanConfig
from perfsvc.model.data import DataSpec
from perfsvc.model.run import RunFiles
from perfsvc.model.run import RunSpec
from perfsvc.model.run import Target
from perfsvc.model.run import WeightedScene
from perfsvc.model.run_spec import make_run_spec
from perfsvc.plugin.datasource import Feed
from perfsvc.service.runs.rows_for_users import count_rows
from perfsvc.service.runs.rows_for_users import users_with_rows
from perfsvc.service.runs.run import Output
from perfsvc.service.runs.run import Run

SEEDS = 2**53
"""Seeds below are drawn: JSON numbers beyond are not exact in browsers, and a seed is copied to repeat a run."""


class RunEnv(Protocol):
    """An environment, stored or from a plan file."""

    @property
    def host(self) -> str: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def variables(self) -> Mapping[str, str]: ...

    @property
    def certificates(self) -> Certificates: ...


class RunData(Protocol):
    """Opens the data source of one plan."""

    def check(self, spec: DataSpec) -> None:
        """Validate a data spec without opening it. Raises InvalidInput, with paths below ``config``."""
        ...

    def local(self, spec: DataSpec) -> bool:
        """Whether opening the data sends nothing."""
        ...

    async def open(self, spec: DataSpec, seed: int) -> Feed:
        """Return the open feed. Raises InvalidInput with paths below ``config``, SourceFailed."""
        ...


@dataclass(frozen=True)
class RunPlan:
    """A plan with everything that its run refers to."""

    name: str
    config: PlanConfig
    scenes: Sequence[WeightedScene]
    env: RunEnv | None
    data: RunData
    files: RunFiles
    id: int | None = None
    secrets: frozenset[str] = frozenset()


def spec_of(plan: RunPlan, execution_id: str) -> RunSpec:
    """Return the specification of a run of a plan. Raises InvalidInput."""
    target = target_of(plan.env)
    spec = make_run_spec(plan.name, plan.config, plan.scenes, target, execution_id, new_seed(), plan.files)
    return spec.model_copy(update={"secrets": tuple(sorted(plan.secrets))})


async def open_run(plan: RunPlan, execution_id: str, cluster: Cluster, clock: Clock, outputs: Sequence[Output]) -> Run:
    """Return a compiled run, ready to start. Raises InvalidInput."""
    spec = spec_of(plan, execution_id)
    run = Run(spec, cluster, clock, outputs, plan_id=plan.id, open_feed=feed_opener(spec, plan.data))
    await off_loop(run.compile)
    return run


def new_execution_id(day: str) -> str:
    """Return a short, unguessable name for a run: ``20261121-3f9a…`` (25 characters)."""
    return f"{day}-{secrets.token_hex(8)}"


def new_seed() -> int:
    """Draw the seed of a run whose plan sets none."""
    return secrets.randbelow(SEEDS)


def target_of(env: RunEnv | None) -> Target:
    """Return what requests take from the environment."""
    if env is None:
        return Target()
    headers, variables = dict(env.headers), dict(env.variables)
    return Target(base_url=env.host, headers=headers, variables=variables, certificates=env.certificates)


async def try_rows(plan: RunPlan, spec: RunSpec) -> int | None:
    """Open the data, where that sends nothing; return how many rows there are, if known.

    Raises InvalidInput, also for too few of them, and SourceFailed.
    """
    if spec.data is None or not plan.data.local(spec.data):
        return None
    opener = feed_opener(spec, plan.data)
    if opener is None:
        return None
    feed = await opener()
    await feed.close()
    return feed.count


def feed_opener(spec: RunSpec, data: RunData) -> OpenFeed | None:
    """Return the function that opens the run's test data, if it has any. Raises InvalidInput.

    Opening refuses data with fewer rows than users where each needs one.
    """
    source = spec.data
    if source is None:
        return None
    data.check(source)
    users = users_with_rows(spec)

    async def open_feed() -> Feed:
        feed = await data.open(source, spec.seed)
        try:
            if users is not None:
                await count_rows(feed, users, source.allocation.ending)
        except BaseException:
            await feed.close()
            raise
        return feed

    return open_feed
