"""Result of a search for the breaking point, a staircase or an adaptive load, as a table and a sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.table import Table

from perfsvc.cli.labels import LABELS
from perfsvc.cli.labels import labelled
from perfsvc.cli.labels import with_colon
from perfsvc.cli.search_progress import PHASES
from perfsvc.cli.tables import table
from perfsvc.cli.tables import two_digits
from perfsvc.errors import Text

UNITS = {"vus": Text("个虚拟用户", "virtual users"), "arrival_rate": Text("次到达/秒", "arrivals/s")}


RECOVERED = {
    True: Text("；降低负载后恢复", "; the target recovered"),
    False: Text("；降低负载后未恢复", "; the target did not recover"),
    None: Text("", ""),
}
"""Whether the target recovered when the load went down again; None if it never did."""


LEVEL_VERDICTS = {
    "good": Text("合格", "good"),
    "bad": Text("不合格", "bad"),
    "saturated": Text("压测机饱和", "saturated"),
    "empty": Text("没有响应", "empty"),
}
"""Verdicts of levels of a search for the breaking point."""


BOUNDS = {"high": Text("负载上限", "upper"), "low": Text("负载下限", "lower")}


METRIC_UNITS = {"error_rate": " %", "rps": " req/s"}
"""Units of the target metrics of adaptive runs; all others are latencies."""


def evidence_table(search: dict[str, Any], language: str) -> Table:
    """Return one row per level in the order of the run; the knee of a staircase is marked."""
    searched = search["mode"] == "error_rate"
    columns = ["level", "requests", "rps", "error_rate", "avg", "p50", "p95", "p99"]
    shown = table(language, labelled(*columns, *(["phase", "verdict"] if searched else [""])))
    for row in search["evidence"]:
        latencies = [two_digits(row[name]) for name in ("avg", "p50", "p95", "p99")]
        figures = [f"{row['level']:g}", str(row["requests"]), f"{row['rps']:.1f}", f"{row['error_rate']:.2f}"]
        remarks = (
            [_in_words(row["phase"], language), _in_words(row["verdict"], language)]
            if searched
            else [_mark(row, search, language)]
        )
        shown.add_row(*figures, *latencies, *remarks)
    return shown


def _in_words(name: str, language: str) -> str:
    """Return a phase or a verdict of a level."""
    return (PHASES | LEVEL_VERDICTS).get(name, Text(name, name)).of(language)


def _mark(row: dict[str, Any], search: dict[str, Any], language: str) -> str:
    if row.get("by_hand"):
        return LABELS["by_hand"].of(language)
    return f"← {LABELS['knee'].of(language)}" if row["level"] == search["value"] else ""


def result_lines(report: dict[str, Any], language: str) -> list[str]:
    """Return the result of the search, if the run was one."""
    search = report.get("search")
    if search is None:
        return []
    text = _RESULTS[search["mode"]](search)
    return [f"{with_colon('search', language)}{text.of(language)}"]


def _breaking_point(search: dict[str, Any]) -> Text:
    value, unit, limit = search["value"], UNITS[search["variable"]], f"{search['threshold']:g}"
    recovered = RECOVERED[search["recovered"]]
    cut = Text("", "") if search["complete"] else Text("；搜索未完成", "; the search was not finished")
    if value is None:
        found = Text(f"没有错误率不超过 {limit} % 的负载", f"no load had an error rate of {limit} % or less")
    elif search["at_least"]:
        found = Text(f"极限至少为 {value:g} {unit.zh}", f"breaking point at least {value:g} {unit.en}")
    else:
        interval = _interval(search)
        found = Text(f"极限 {interval} {unit.zh}", f"breaking point {interval} {unit.en}")
    return Text(f"{found.zh}{recovered.zh}{cut.zh}", f"{found.en}{recovered.en}{cut.en}")


def _interval(search: dict[str, Any]) -> str:
    """Format the interval between the last good and the first bad level: middle ± half its width (ends)."""
    low, high = search["low"], search["high"]
    return f"{(low + high) / 2:g} ± {(high - low) / 2:g} ({low:g} – {high:g})"


def _load_held(search: dict[str, Any]) -> Text:
    if search["value"] is None:
        return Text("测试在保持阶段之前结束", "the run ended before the hold phase")
    unit, measure = UNITS[search["variable"]], METRIC_UNITS.get(search["metric"], " ms")
    held = "-" if search["held"] is None else f"{search['held']:g}{measure}"
    target, share = f"{search['target']:g}{measure}", f"{search['in_band']:g}"
    value, metric, band = f"{search['value']:g}", search["metric"], f"{search.get('band', 10):g}"
    if search.get("out_of_reach"):
        bound = BOUNDS[search["out_of_reach"]]
        return Text(
            f"目标在{bound.zh}处仍无法达到：保持负载 {value} {unit.zh} 时 {metric} 平均 {held}（目标 {target}）",
            f"target out of reach at the {bound.en} bound: {metric} was {held} on average (target {target}) at "
            f"{value} {unit.en}",
        )
    if not search["on_target"]:
        return Text(
            f"未能保持目标：平均负载 {value} {unit.zh}时 {metric} 平均 {held}（目标 {target}），"
            f"{share} % 的时间在目标 ±{band} % 以内",
            f"target not held: {metric} {held} on average (target {target}) at a mean load of {value} {unit.en}, "
            f"within ±{band} % of it for {share} % of the time",
        )
    return Text(
        f"保持负载 {value} {unit.zh}；{metric} 平均 {held}（目标 {target}），{share} % 的时间在目标 ±{band} % 以内",
        f"load held {value} {unit.en}; {metric} {held} on average (target {target}), within ±{band} % of it for "
        f"{share} % of the time",
    )


def _knee(search: dict[str, Any]) -> Text:
    if search["value"] is None:
        return Text("没有找到拐点", "no knee found")
    value, unit = f"{search['value']:g}", UNITS[search["variable"]]
    return Text(f"拐点在 {value} {unit.zh}", f"knee at {value} {unit.en}")


_RESULTS: dict[str, Callable[[dict[str, Any]], Text]] = {
    "step": _knee,
    "error_rate": _breaking_point,
    "adaptive": _load_held,
}
"""The result of a search in words, by its mode."""
