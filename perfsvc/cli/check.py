"""``perfsvc check``: everything that a start would refuse, and what to expect of the run, without sending anything."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING
from typing import Any

from perfsvc.cli.exit_codes import PASSED
from perfsvc.cli.labels import colon
from perfsvc.cli.labels import with_colon
from perfsvc.cli.plan_flags import add_plan_flags
from perfsvc.errors import Text

if TYPE_CHECKING:
    from perfsvc.model.load import Load
    from perfsvc.model.run import RunSpec

SCENES = (
    Text("业务流", "scene"),
    Text("权重", "weight"),
    Text("占比 %", "share %"),
    Text("每次迭代请求数", "requests/iteration"),
)


def add(commands: Any) -> None:
    """Add the command; the flags of ``run`` that change a plan are its own, too."""
    check = commands.add_parser("check", help="validate a plan file without sending anything")
    check.add_argument("what", metavar="PLAN")
    add_plan_flags(check)
    check.set_defaults(method=None, header=None, body=None, status=None)


def execute(chosen: argparse.Namespace, language: str) -> int:
    """Validate a plan; raises InvalidInput with every problem."""
    from perfsvc.cli.plan_loader import read_source
    from perfsvc.cli.plan_validation import checked

    source = read_source(chosen)
    with source.opened() as files:
        spec, warnings = checked(source.plan(), files)
        notes = [*source.notes(files), *warnings]
    show_expected(chosen.what, spec, notes, language)
    return PASSED


def show_expected(what: str, spec: RunSpec, warnings: Sequence[Text], language: str) -> None:
    """Print what the run is expected to be."""
    from perfsvc.analysis.curve import planned_block
    from perfsvc.analysis.plan_estimate import estimate
    from perfsvc.cli.tables import console
    from perfsvc.cli.tables import table

    expected, planned, out = estimate(spec, None), planned_block(spec.load), console()
    shown = table(language, SCENES)
    for scene in expected.scenes:
        figures = [scene["weight"], scene["share"], scene["requests_per_iteration"]]
        shown.add_row(scene["name"], *(f"{figure:g}" for figure in figures))
    out.print(shown)
    points = [point for point in planned["points"] if spec.load.length is not None or point["t"] < spec.load.duration]
    curve = ", ".join(f"{point['t']:g} s: {point['level']:g}" for point in points)
    unit = Text("每秒到达", "arrivals/s") if spec.load.open else Text("虚拟用户", "virtual users")
    out.print(f"{colon(unit, language)}{curve}")
    length = length_text(spec.load)
    requests = "-" if expected.requests is None else str(expected.requests)
    out.print(
        Text("预计：{0}，请求 {1}", "expected: {0}, requests {1}").of(language).format(length.of(language), requests)
    )
    if warm_up := spec.warm_up_s:
        out.print(warm_up_text(warm_up, spec.load).of(language))
    for warning in warnings:
        out.print(f"{with_colon('note', language)}{warning.of(language)}")
    out.print(Text(f"{what}：有效", f"{what}: valid").of(language))


def length_text(load: Load) -> Text:
    """Return how long a run takes, or what ends it."""
    from perfsvc.model.load import iteration_goal

    if load.length is None:
        count = iteration_goal(load)
        return Text(f"{count} 次迭代后结束", f"until {count} iterations are done")
    if load.iterations is not None:
        count = iteration_goal(load)
        return Text(f"{count} 次迭代，最长 {load.length:g} 秒", f"{count} iterations, {load.length:g} s at most")
    return Text(f"时长 {load.length:g} 秒", f"{load.length:g} s")


def warm_up_text(warm_up: float, load: Load) -> Text:
    """Return what is not measured, and how much is."""
    text = Text(
        f"前 {warm_up:g} 秒为预热，不计入统计和阈值",
        f"the first {warm_up:g} s are warm-up, in no figure and no threshold",
    )
    if load.length is None:
        return text
    measured = f"{load.length - warm_up:g}"
    return Text(f"{text.zh}；计入的时长 {measured} 秒", f"{text.en}: {measured} s are measured")
