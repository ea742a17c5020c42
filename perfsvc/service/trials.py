"""Try-outs: one iteration of a scene by one user, reported step by step."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from typing import Literal

from pydantic import model_validator

from perfsvc.engine.masking import Masker
from perfsvc.engine.masking import secret_values
from perfsvc.engine.operations import Operations
from perfsvc.engine.operations import operations_of
from perfsvc.engine.resolver import Resolver
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.engine.scene_trial import MOST_STEPS
from perfsvc.engine.scene_trial import SceneTrial
from perfsvc.engine.scene_trial import TooManySteps
from perfsvc.engine.scene_trial import TrialSurroundings
from perfsvc.engine.trial_report import shown_variables
from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem
from perfsvc.errors import Text
from perfsvc.errors import Unavailable
from perfsvc.event_loop import off_loop
from perfsvc.model.base import Spec
from perfsvc.model.base import exactly_one
from perfsvc.model.base import titled
from perfsvc.model.entities import Env
from perfsvc.model.problems import Fault
from perfsvc.model.run import RunFiles
from perfsvc.model.run import Target
from perfsvc.model.scene import SceneSpec
from perfsvc.plugin.catalog import Catalog
from perfsvc.service.data.project_data import ProjectData
from perfsvc.service.envs import Envs
from perfsvc.service.fields import Id
from perfsvc.service.runs.opening import new_seed
from perfsvc.service.scene_secrets import SceneSecrets
from perfsvc.service.scenes import without_unset
from perfsvc.store import envs
from perfsvc.store import plans
from perfsvc.store import scenes
from perfsvc.store.database import Store
from perfsvc.store.tables import EnvRow
from perfsvc.store.tables import SceneRow

MOST_AT_ONCE = 4
REQUEST_MS = 10_000
"""Time limit of a request whose step has none: a target that says nothing is named well before the trial ends."""
LONGEST_S = 60
MOST_ROWS = 100_000
LEAST_SECRET = 8
MAX_SEED = 2**63 - 1

STOPPED_SHORT = Text(f"步骤超过 {MOST_STEPS} 个，试运行到此为止", f"the trial ended after {MOST_STEPS} steps")


class TrialForm(Spec):
    """A scene, stored or not, and what a run would bring to it. Data come as a ``row`` or from a data file."""

    model_config = exactly_one("scene", "scene_id")

    project_id: Id = titled("所属项目ID", "Project")
    scene: SceneSpec | None = titled("业务流", "Scene", default=None)
    scene_id: Id | None = titled("业务流ID", "Stored scene", default=None)
    env_id: Id | None = titled("测试环境", "Environment", default=None)
    target_url: str | None = titled("目标地址", "Base URL", default=None, max_length=2000)
    row: dict[str, Any] = titled("数据行", "Data row", default_factory=dict)
    datafile_id: Id | None = titled("数据文件ID", "Data file", default=None)
    row_number: int = titled("第几行数据", "Which row of the file", default=1, ge=1, le=MOST_ROWS)
    variables: dict[str, str] = titled("变量", "Variables", default_factory=dict)
    protocol: str = titled("协议类型", "Protocol", default="http", min_length=1, max_length=20)
    protocol_options: dict[str, dict[str, Any]] = titled("协议选项", "Protocol options", default_factory=dict)
    seed: int | None = titled("随机种子", "Seed", default=None, ge=0, le=MAX_SEED)
    timeout: int = titled("时间限制（秒）", "Time limit, s", default=30, ge=1, le=LONGEST_S)

    @model_validator(mode="after")
    def _one(self) -> TrialForm:
        if (self.scene is None) == (self.scene_id is None):
            raise Fault("scene 与 scene_id 必须且只能填一个", "needs exactly one of scene and scene_id", "scene")
        return self


class OperationsForm(Spec):
    """A request that is being written, and what a trial would bring to it."""

    project_id: Id = titled("所属项目ID", "Project")
    protocol: str = titled("协议类型", "Protocol", min_length=1, max_length=20)
    request: dict[str, Any] = titled("请求", "Request", default_factory=dict)
    env_id: Id | None = titled("测试环境", "Environment", default=None)
    target_url: str | None = titled("目标地址", "Base URL", default=None, max_length=2000)
    variables: dict[str, str] = titled("变量", "Variables", default_factory=dict)
    protocol_options: dict[str, dict[str, Any]] = titled("协议选项", "Protocol options", default_factory=dict)
    timeout: int = titled("时间限制（秒）", "Time limit, s", default=10, ge=1, le=LONGEST_S)


@dataclass(frozen=True)
class TrialResult:
    """Result of a try-out. ``duration`` is ms; ``notes`` say why it ended early."""

    outcome: Literal["passed", "failed", "timeout"]
    duration: float
    steps: list[dict[str, Any]]
    variables: dict[str, str]
    notes: list[Text]


class Trials:
    """Tries scenes, a few at once."""

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        envs: Envs,
        data: ProjectData,
        policy: TargetPolicy,
        secrets: SceneSecrets,
    ) -> None:
        self._store = store
        self._secrets = secrets
        self._envs = envs
        self._catalog = catalog
        self._data = data
        self._policy = policy
        self._going_on = 0

    async def run(self, form: TrialForm) -> TrialResult:
        """Try a scene. Raises InvalidInput as saving and starting it would, Unavailable when too many are tried."""
        scene, env = await self._store.run(_parts, form)
        scene, own = await self._opened(form, scene)
        target, hidden = self._target(form, env)
        hidden |= own
        files = RunFiles(paths=await self._data.files_of(form.project_id))
        row = await self._row(form)
        around = TrialSurroundings(
            self._catalog.protocol, Resolver(self._policy, cached=True), target, form.protocol_options, row, files
        )
        seed = new_seed() if form.seed is None else form.seed
        timeout_ms = min(form.timeout * 1000, REQUEST_MS)
        with self._one_more():
            trials = [SceneTrial(scene, around, protocol=form.protocol, timeout_ms=timeout_ms, seed=seed)]
            try:
                scene.refuse_excess()
                await off_loop(trials[0].compile)
                return await run_trial(trials[0], form.timeout, Masker(hidden | secret_values(texts_of(row), ())))
            except InvalidInput as error:
                raise InvalidInput([_placed(problem) for problem in error.problems]) from None
            finally:
                # Freed in the thread: thousands of patterns at once would hold the loop.
                await off_loop(trials.clear)

    async def operations(self, form: OperationsForm) -> Operations:
        """Ask a target for its operations. Raise as ``run`` does, and NotFound for an unknown protocol."""
        env = await self._store.run(_own_env, form.project_id, form.env_id)
        target, hidden = self._target(form, env)
        masked = Masker(hidden)
        files = RunFiles(paths=await self._data.files_of(form.project_id))
        resolver = Resolver(self._policy, cached=True)
        around = TrialSurroundings(self._catalog.protocol, resolver, target, form.protocol_options, {}, files)
        with self._one_more():
            try:
                operations = await operations_of(form.protocol, form.request, around, form.timeout)
                return await off_loop(_without_secrets, operations, hidden)
            except InvalidInput as error:
                raise InvalidInput(await off_loop(_masked_problems, error.problems, masked)) from None

    @contextmanager
    def _one_more(self) -> Iterator[None]:
        if self._going_on >= MOST_AT_ONCE:
            raise Unavailable(
                "正在访问目标的请求过多，请稍后重试", "too many requests to targets are in progress; try again later"
            )
        self._going_on += 1
        try:
            yield
        finally:
            self._going_on -= 1

    async def _opened(self, form: TrialForm, scene: SceneSpec) -> tuple[SceneSpec, frozenset[str]]:
        """The scene in plain text: secrets that a form shows masked are those of the stored scene of its name."""
        if form.scene is None:
            return await off_loop(self._secrets.opened, scene)
        stored = await self._store.run(scenes.named, form.project_id, scene.name)

        def work() -> tuple[SceneSpec, frozenset[str]]:
            document = without_unset(scene)
            return self._secrets.opened(SceneSpec.parse(self._secrets.sealed(document, stored)))

        try:
            return await off_loop(work)
        except InvalidInput as error:
            raise InvalidInput([_placed(problem) for problem in error.problems]) from None

    async def _row(self, form: TrialForm) -> dict[str, Any]:
        if form.datafile_id is None:
            return form.row
        return {**await self._data.row(form.project_id, form.datafile_id, form.row_number), **form.row}

    def _target(self, form: TrialForm | OperationsForm, env: Env | None) -> tuple[Target, frozenset[str]]:
        given = secret_values(form.variables, ())
        if env is None:
            return Target(base_url=form.target_url or "", variables=form.variables), given
        plain = self._envs.opened(env)
        url = plain.host if form.target_url is None else form.target_url
        variables = {**plain.variables, **form.variables}
        target = Target(base_url=url, headers=plain.headers, variables=variables, certificates=plain.certificates)
        return target, plain.secrets | given


async def run_trial(trial: SceneTrial, timeout: float, masked: Masker) -> TrialResult:
    """Run a compiled trial to its end, or to the time limit."""
    began, notes, timed_out = time.perf_counter(), [], False
    try:
        async with asyncio.timeout(timeout):
            await trial.run()
    except TooManySteps:
        notes.append(STOPPED_SHORT)
    except TimeoutError:
        notes.append(timed_out_after(timeout))
        timed_out = True
        if trial.steps:
            trial.steps[-1].fail("Timeout", "")
    finally:
        duration = (time.perf_counter() - began) * 1000
        await trial.close()
    steps, variables = await off_loop(results_of, trial, masked)
    failed = any(step["outcome"] == "failed" for step in steps)
    outcome: Literal["passed", "failed", "timeout"] = "timeout" if timed_out else "failed" if failed else "passed"
    return TrialResult(outcome, round(duration, 3), steps, variables, notes)


def timed_out_after(seconds: float) -> Text:
    """The note of a trial that did not come to its end."""
    return Text(f"试运行超过了 {seconds:g} 秒的时间限制", f"the trial ran out of its time of {seconds:g} s")


def results_of(trial: SceneTrial, masked: Masker) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The steps and the variables of a trial that is over."""
    return [step.as_dict(masked) for step in trial.steps], shown_variables(trial.scope.variables, masked)


def _masked_problems(problems: list[Problem], masked: Masker) -> list[Problem]:
    return [Problem(path, Text(masked(text.zh), masked(text.en))) for path, text in problems]


def _without_secrets(operations: Operations, secrets: frozenset[str]) -> Operations:
    """Leave out operations that contain a secret: masked, they would be of no use in a step.

    Secrets as short as names of services (``admin``, ``test``) occur in operations by chance.
    """
    masked = Masker(secret for secret in secrets if len(secret) >= LEAST_SECRET)
    texts = (json.dumps([*each], ensure_ascii=False) for each in operations.shown)
    shown = [each for each, text in zip(operations.shown, texts, strict=True) if masked.without_secrets(text) == text]
    unlisted = [
        each._replace(name=masked(each.name), reason=Text(*map(masked, each.reason))) for each in operations.unlisted
    ]
    return operations._replace(shown=shown, unlisted=unlisted)


def _parts(form: TrialForm) -> tuple[SceneSpec, Env | None]:
    """The scene and the environment; raises InvalidInput for those of another project."""
    problems, scene, env = [], form.scene, None
    if form.scene_id is not None:
        if plans.own_ids(SceneRow, form.project_id, [form.scene_id]):
            scene = scenes.get(form.scene_id).spec
        else:
            problems.append(Problem("scene_id", plans.NO_SUCH_SCENE))
    try:
        env = _own_env(form.project_id, form.env_id)
    except InvalidInput as error:
        problems += error.problems
    if problems or scene is None:
        raise InvalidInput(problems)
    return scene, env


def _own_env(project_id: int, env_id: int | None) -> Env | None:
    """The environment; raises InvalidInput for one of another project."""
    if env_id is None:
        return None
    if not plans.own_ids(EnvRow, project_id, [env_id]):
        raise InvalidInput([Problem("env_id", plans.NO_SUCH_ENV)])
    return envs.get(env_id)


def texts_of(row: Mapping[str, Any]) -> dict[str, str]:
    """The values of a row that are texts."""
    return {name: value for name, value in row.items() if isinstance(value, str)}


def _placed(problem: Problem) -> Problem:
    """A problem of the scene by its path in the request."""
    return problem if problem.path.startswith("protocol_options") else problem._replace(path=f"scene.{problem.path}")
