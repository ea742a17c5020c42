"""Makes a RunSpec from a plan's config. Pure: the id and the seed of the run are handed in."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Sequence
from urllib.parse import urlsplit

from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem
from perfsvc.errors import Text
from perfsvc.model.config import ExecutionConfig
from perfsvc.model.config import PlanConfig
from perfsvc.model.data import NO_DATA
from perfsvc.model.data import Allocation
from perfsvc.model.data import DataSpec
from perfsvc.model.data import split_config
from perfsvc.model.load import Load
from perfsvc.model.nearest import did_you_mean
from perfsvc.model.nearest import nearest
from perfsvc.model.placement import Placement
from perfsvc.model.placement import usable_cores
from perfsvc.model.profile import load_of
from perfsvc.model.run import RunFiles
from perfsvc.model.run import RunSpec
from perfsvc.model.run import Target
from perfsvc.model.run import WeightedScene
from perfsvc.model.scene import RequestStep
from perfsvc.model.scene import SceneSpec
from perfsvc.model.scene import enabled_only
from perfsvc.model.threshold import Threshold

NO_FILES = RunFiles()


def make_run_spec(
    name: str,
    config: PlanConfig,
    scenes: Sequence[WeightedScene],
    target: Target,
    execution_id: str,
    seed: int,
    files: RunFiles = NO_FILES,
) -> RunSpec:
    """Make the specification of one run. ``seed`` is for configs without one. Raises InvalidInput.

    Steps that are not enabled are left out. Where there are no scenes, the scene is a GET of ``target_url``.
    """
    execution = config.execution_config
    refuse_idle_pool(execution)
    load = load_of(config)
    refuse_long_warm_up(execution.warm_up, load)
    scenes = [each.model_copy(update={"scene": enabled_only(each.scene)}) for each in scenes]
    refuse_excess(scenes)
    return RunSpec(
        execution_id=execution_id,
        name=name,
        seed=seed if execution.seed is None else execution.seed,
        scenes=tuple(scenes) or (WeightedScene(scene=scene_of(config)),),
        load=load,
        target=target,
        placement=placement_of(config),
        protocol=config.protocol,
        protocol_options=execution.protocol_options,
        request_timeout_ms=config.request_timeout,
        graceful_stop_s=execution.graceful_stop,
        pacing_s=execution.pacing,
        on_start_failure=execution.on_start_failure,
        on_start_retries=execution.on_start_retries,
        dns_cache=execution.dns_cache,
        thresholds=checked_thresholds(config, scenes),
        abort_on_breach=execution.abort_on_breach,
        abort_grace_s=execution.abort_grace,
        warm_up_s=execution.warm_up,
        data=data_of(config),
        files=files,
    )


def refuse_excess(scenes: Sequence[WeightedScene]) -> None:
    """Raises InvalidInput for stored scenes that are larger than what may be saved today."""
    found = ((number, each.scene.excess()) for number, each in enumerate(scenes))
    problems = [Problem(f"scenes[{number}].steps", excess) for number, excess in found if excess is not None]
    if problems:
        raise InvalidInput(problems)


def refuse_idle_pool(execution: ExecutionConfig) -> None:
    """Raises InvalidInput for ``max_vus`` that bounds nothing; not when parsed, as stored plans have to be read."""
    if execution.max_vus is not None and execution.arrival_rate is None:
        raise InvalidInput.at(
            "config.execution_config.max_vus",
            "只能与 arrival_rate 一起使用；用户数用 concurrent_users 指定",
            "is for arrival_rate only; set the number of users by concurrent_users",
        )


def refuse_long_warm_up(warm_up: float, load: Load) -> None:
    """Raises InvalidInput for a warm-up that leaves nothing of the run to be measured."""
    if warm_up and warm_up >= load.duration:
        raise InvalidInput.at(
            "config.execution_config.warm_up",
            f"预热 {warm_up:g} 秒不短于整个测试（{load.duration:g} 秒），没有时间可供统计；请缩短预热或延长测试",
            f"a warm-up of {warm_up:g} s is as long as the whole run ({load.duration:g} s), so that nothing would be "
            "measured; make it shorter, or the run longer",
        )


def data_of(config: PlanConfig) -> DataSpec | None:
    """The test data of a config that names any. The options of its source are validated where it is opened."""
    if config.data_source_type == NO_DATA:
        return None
    allocation, options = split_config(config.data_config)
    return DataSpec(
        source=config.data_source_type,
        options=options,
        allocation=Allocation.parse(allocation, "config.data_config"),
        cache_ttl_s=config.data_cache_ttl,
    )


def placement_of(config: PlanConfig) -> Placement:
    """On which processes the run is carried out."""
    return Placement(
        mode=config.control_mode,
        count=usable_cores() if config.node_count == "auto" else config.node_count,
        strategy=config.load_balance_strategy,
        weights=config.node_distribution,
        on_loss=config.execution_config.on_node_loss,
        replace_within_s=config.execution_config.replace_within,
    )


def scene_of(config: PlanConfig) -> SceneSpec:
    """The one-step GET scene of a config that names only a URL. Raises InvalidInput when it does not."""
    if config.target_url is None:
        raise InvalidInput.at("config.target_url", "没有关联业务流时必填", "is required for a plan without scenes")
    name = f"GET {urlsplit(config.target_url).path or '/'}"[:100]
    return SceneSpec(name=name, steps=(RequestStep(name=name, request={"method": "GET", "url": config.target_url}),))


def no_step_named(name: str, names: Collection[str]) -> Text:
    """Return the message for a step that does not exist, with the name that was probably meant."""
    hint = did_you_mean(nearest(name, names))
    return Text(f"没有名为 {name} 的步骤{hint.zh}", f"there is no step named {name}{hint.en}")


def checked_thresholds(config: PlanConfig, scenes: Sequence[WeightedScene]) -> tuple[Threshold, ...]:
    """The thresholds, each of whose steps exists. Raises InvalidInput."""
    thresholds = config.execution_config.thresholds
    names = {step.name for weighted in scenes for step in weighted.scene.walk()}
    names |= set() if scenes else {scene_of(config).steps[0].name}
    problems = [
        Problem(
            f"config.execution_config.thresholds[{number}]",
            no_step_named(threshold.step, names),
        )
        for number, threshold in enumerate(thresholds)
        if threshold.step is not None and threshold.step not in names
    ]
    if problems:
        raise InvalidInput(problems)
    return thresholds
