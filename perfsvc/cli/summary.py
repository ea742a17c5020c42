"""What ``perfsvc run`` shows: live figures on a terminal, plain lines when piped, and the summary at the end."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from typing import Any

from rich.console import Console
from rich.table import Table

from perfsvc.clock import iso_z
from perfsvc.errors import Text

if TYPE_CHECKING:  # most commands need no cryptography, which takes a while to load
    from perfsvc.cluster.certificates import Expiry


LABELS = {
    "time": Text("时间", "time"),
    "users": Text("用户", "users"),
    "rps": Text("请求/秒", "req/s"),
    "errors": Text("错误", "errors"),
    "planned": Text("计划", "planned"),
    "dropped": Text("丢弃", "dropped"),
    "late": Text("迟到", "late"),
    "from_plan": Text("自计划时刻", "from plan"),
    "arrivals": Text("到达", "arrivals"),
    "level": Text("负载", "load"),
    "phase": Text("阶段", "phase"),
    "search": Text("搜索", "search"),
    "knee": Text("拐点", "knee"),
    "by_hand": Text("手动", "by hand"),
    "step": Text("步骤", "step"),
    "node": Text("节点", "node"),
    "share": Text("占比", "share"),
    "requests": Text("请求数", "requests"),
    "error_rate": Text("错误率", "error %"),
    "avg": Text("平均 ms", "avg ms"),
    "class": Text("错误类别", "error class"),
    "count": Text("次数", "count"),
    "threshold": Text("阈值", "threshold"),
    "value": Text("实际值", "value"),
    "passed": Text("通过", "passed"),
    "validity": Text("有效性", "validity"),
    "verdict": Text("结论", "verdict"),
    "note": Text("注意", "note"),
    "score": Text("评分", "score"),
    "total": Text("合计", "total"),
    "data": Text("测试数据", "data"),
    "name": Text("名称", "name"),
    "kind": Text("种类", "kind"),
    "distribution": Text("软件包", "distribution"),
    "version": Text("版本", "version"),
    "status": Text("状态", "status"),
    "certificate": Text("证书", "certificate"),
    "ends": Text("有效期至", "ends"),
    "days_left": Text("剩余天数", "days left"),
}


DATA_LABELS = {
    "used": Text("已用行数", "rows used"),
    "in_doubt": Text("存疑", "in doubt"),
    "returned": Text("由丢失的节点退回", "returned by lost nodes"),
    "left": Text("剩余", "left"),
    "recycled": Text("从头循环次数", "times begun again"),
}


NODE_STATES = {
    "running": Text("正常", "ok"),
    "lost": Text("失联", "lost"),
    "left": Text("已退出", "left"),
}


UNITS = {"vus": Text("个虚拟用户", "virtual users"), "arrival_rate": Text("次到达/秒", "arrivals/s")}


RECOVERED = {
    True: Text("；降低负载后恢复", "; the target recovered"),
    False: Text("；降低负载后未恢复", "; the target did not recover"),
    None: Text("", ""),
}
"""What a search adds about the target after the load went down again; nothing where it never had to."""


METRIC_UNITS = {"error_rate": " %", "rps": " req/s"}
"""Of what an adaptive load holds; everything else is a latency."""


PERCENTILES = ("p50", "p90", "p95", "p99", "max")


PIPED_WIDTH = 500


def show_report(report: dict[str, Any], language: str) -> None:
    """The summary on standard output."""
    console = _console()
    console.print(_steps(report, language))
    if len(report["nodes"]) > 1:
        console.print(_nodes(report, language))
    if "search" in report and "metric" not in report["search"]:  # the trace of adaptive has a row for every second
        console.print(_evidence(report["search"], language))
    if report["metrics"]["errors"]["labels"]:
        console.print(_errors(report, language))
    if report["verdict"]["thresholds"]:
        console.print(_thresholds(report, language))
    for line in (*_counted(report), *_last_lines(report, language)):
        console.print(line)


def show_plugins(described: Sequence[dict[str, Any]], language: str) -> None:
    """What was found, one line each; a plugin that failed says why."""
    table = _table(language, "name", "kind", "distribution", "version", "status")
    at = _at(language)
    for plugin in described:
        status = plugin["error"][at] if plugin["error"] else plugin["status"]
        table.add_row(plugin["name"], plugin["kind"], plugin["distribution"], plugin["version"], status)
    _console().print(table)


def show_certificates(found: Sequence[Expiry], now: datetime, language: str) -> None:
    """Until when each certificate holds."""
    table = _table(language, "certificate", "ends", "days_left")
    for expiry in found:
        table.add_row(str(expiry.file), iso_z(expiry.ends), str(expiry.days(now)))
    _console().print(table)


def _console() -> Console:
    """Standard output. Names of steps are texts, not markup; what is piped is not broken to the width of a screen."""
    piped = None if sys.stdout.isatty() else PIPED_WIDTH
    return Console(highlight=False, markup=False, emoji=False, width=piped)


def _table(language: str, *columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for number, column in enumerate(columns):
        label = LABELS[column].of(language) if column in LABELS else column
        table.add_column(label, justify="left" if number == 0 else "right", overflow="fold")
    return table


def _steps(report: dict[str, Any], language: str) -> Table:
    table = _table(language, "step", "requests", "rps", "error_rate", "avg", *PERCENTILES)
    for step in report["steps"]:
        table.add_row(step["name"], *_figures(step, step["percentiles"]))
    summary = report["summary"]
    overall = {
        "requests": summary["total_requests"],
        "rps": summary["throughput"],
        "error_rate": summary["error_rate"],
        "avg": summary["avg_response_time"],
    }
    total = _figures(overall, report["metrics"]["response_times"]["percentiles"])
    table.add_row(LABELS["total"].of(language), *total, style="bold")
    if planned := report.get("latency_from_plan"):
        table.add_row(LABELS["from_plan"].of(language), "", "", "", *_latencies(planned["avg"], planned["percentiles"]))
    return table


def _nodes(report: dict[str, Any], language: str) -> Table:
    """One row per engine process, with its share of the load at the end."""
    table = _table(language, "node", "share", "status", "requests", "rps", "error_rate", "avg", *PERCENTILES)
    for node in report["nodes"]:
        figures = _figures(node, node["percentiles"])
        table.add_row(node["node"], f"{node['share']:.1f} %", NODE_STATES[node["state"]].of(language), *figures)
    return table


def _evidence(search: dict[str, Any], language: str) -> Table:
    """One row per level, in the order in which they were held; the knee of a staircase is marked."""
    searched = "threshold" in search
    columns = ["level", "requests", "rps", "error_rate", "avg", "p50", "p95", "p99"]
    table = _table(language, *columns, *(["phase", "verdict"] if searched else [""]))
    for row in search["evidence"]:
        latencies = [_two_digits(row[name]) for name in ("avg", "p50", "p95", "p99")]
        figures = [f"{row['level']:g}", str(row["requests"]), f"{row['rps']:.1f}", f"{row['error_rate']:.2f}"]
        remarks = [row["phase"], row["verdict"]] if searched else [_mark(row, search, language)]
        table.add_row(*figures, *latencies, *remarks)
    return table


def _mark(row: dict[str, Any], search: dict[str, Any], language: str) -> str:
    if row.get("by_hand"):
        return LABELS["by_hand"].of(language)
    return f"← {LABELS['knee'].of(language)}" if row["level"] == search["value"] else ""


def _figures(row: dict[str, Any], percentiles: dict[str, Any]) -> list[str]:
    shown = _latencies(row["avg"], percentiles)
    return [str(row["requests"]), f"{row['rps']:.1f}", f"{row['error_rate']:.2f}", *shown]


def _latencies(average: float | None, percentiles: dict[str, Any]) -> list[str]:
    return [_two_digits(value) for value in (average, *(percentiles[name] for name in PERCENTILES))]


def _two_digits(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _errors(report: dict[str, Any], language: str) -> Table:
    table = _table(language, "class", "count")
    errors = report["metrics"]["errors"]
    for label, count in zip(errors["labels"], errors["values"], strict=True):
        table.add_row(label, str(count))
    return table


def _thresholds(report: dict[str, Any], language: str) -> Table:
    table = _table(language, "threshold", "value", "passed")
    for outcome in report["verdict"]["thresholds"]:
        value = "-" if outcome["value"] is None else f"{outcome['value']:g}"
        table.add_row(outcome["expression"], value, "✓" if outcome["passed"] else "✗")
    return table


def _last_lines(report: dict[str, Any], language: str) -> list[str]:
    validity, verdict = report["validity"], report["verdict"]
    at = _at(language)
    causes = "; ".join(cause[at] for cause in validity["causes"])
    reason = report["reason"][at] if report["reason"] else ""
    return [
        *_on_the_plan(report, language),
        *_found(report, language),
        *_data(report, language),
        f"{LABELS['verdict'].of(language)}: {verdict['state']} ({reason})",
        f"{LABELS['score'].of(language)}: {_score(report, language)}",
        f"{LABELS['validity'].of(language)}: {validity['state']}" + (f" ({causes})" if causes else ""),
        *(f"{LABELS['note'].of(language)}: {warning[at]}" for warning in report["warnings"]),
    ]


def _counted(report: dict[str, Any]) -> list[str]:
    """What the protocol of a step counted over the run, and measured in the mean, where it did."""
    lines = []
    for step in report["steps"]:
        counters = [f"{name} {count:.12g}" for name, count in step["counters"].items()]
        gauges = [f"{name} {gauge['avg']:g} (max {gauge['max']:g})" for name, gauge in step["gauges"].items()]
        if counters or gauges:
            lines.append(f"{step['name']}: {', '.join(counters + gauges)}")
    return lines


def _score(report: dict[str, Any], language: str) -> str:
    """The score with the parts it is the mean of, and what held it down."""
    score, at = report["performance_score"], _at(language)
    if score["score"] is None:
        return "-"
    parts = [f"{part['title'][at]} {part['value']:g}" for part in score["parts"] if part["value"] is not None]
    if score["score"] < score["uncapped"]:
        parts.append(f"{report['validity']['state']} ≤ {score['cap']:g}")
    return f"{score['score']:g} ({', '.join(parts)})"


def _data(report: dict[str, Any], language: str) -> list[str]:
    """What became of the rows of test data."""
    if (data := report.get("data")) is None:
        return []
    counts = {name: data[name] for name in ("used", "in_doubt", "returned", "left", "recycled")}
    known = ", ".join(f"{DATA_LABELS[name].of(language)} {count}" for name, count in counts.items() if count)
    line = f"{LABELS['data'].of(language)}: {data['source']}" + (f", {known}" if known else "")
    return [line, *(text[_at(language)] for text in data["warnings"])]


def _at(language: str) -> str:
    return "en" if language.startswith("en") else "zh"


def _on_the_plan(report: dict[str, Any], language: str) -> list[str]:
    """What the two latencies are, and what became of arrivals that were not served in time."""
    lines = []
    if planned := report.get("latency_from_plan"):
        lines.append(f"{LABELS['from_plan'].of(language)}: {planned['note'][_at(language)]}")
    counts = {name: report["summary"][name] for name in ("late", "dropped")}
    if any(counts.values()):
        told = "  ".join(f"{LABELS[name].of(language)} {count}" for name, count in counts.items())
        lines.append(f"{LABELS['arrivals'].of(language)}: {told}")
    return lines


def _found(report: dict[str, Any], language: str) -> list[str]:
    """What a test mode that looks for something found."""
    search = report.get("search")
    if search is None:
        return []
    if "metric" in search:
        text = _load_held(search)
    else:
        text = _breaking_point(search) if "threshold" in search else _knee(search)
    return [f"{LABELS['search'].of(language)}: {text.of(language)}"]


def _breaking_point(search: dict[str, Any]) -> Text:
    value, unit, limit = search["value"], UNITS[search["variable"]], f"{search['threshold']:g}"
    recovered = RECOVERED[search["recovered"]]
    cut = Text("", "") if search["complete"] else Text("；搜索未完成", "; the search was not finished")
    if value is None:
        found = Text(f"没有错误率不超过 {limit}% 的负载", f"no load had an error rate of {limit} % or less")
    elif search["at_least"]:
        found = Text(f"极限至少为 {value:g} {unit.zh}", f"breaking point at least {value:g} {unit.en}")
    else:
        interval = _interval(search)
        found = Text(f"极限 {interval} {unit.zh}", f"breaking point {interval} {unit.en}")
    return Text(f"{found.zh}{recovered.zh}{cut.zh}", f"{found.en}{recovered.en}{cut.en}")


def _interval(search: dict[str, Any]) -> str:
    """The middle of the interval, plus or minus half its width, and its ends: the last good level, the first bad."""
    low, high = search["low"], search["high"]
    return f"{(low + high) / 2:g} ± {(high - low) / 2:g} ({low:g} – {high:g})"


def _load_held(search: dict[str, Any]) -> Text:
    if search["value"] is None:
        return Text("测试在保持阶段之前结束", "the run ended before the load was to be held")
    unit, measure = UNITS[search["variable"]], METRIC_UNITS.get(search["metric"], " ms")
    held = "-" if search["held"] is None else f"{search['held']:g}{measure}"
    target, share = f"{search['target']:g}{measure}", f"{search['in_band']:g}"
    value, metric = f"{search['value']:g}", search["metric"]
    return Text(
        f"保持负载 {value} {unit.zh}；{metric} 平均 {held}（目标 {target}），{share}% 的时间处于目标 ±10% 范围内",
        f"load held {value} {unit.en}; {metric} {held} on average (target {target}), within ±10 % of it for "
        f"{share} % of the time",
    )


def _knee(search: dict[str, Any]) -> Text:
    if search["value"] is None:
        return Text("没有找到拐点", "no knee was found")
    value, unit = f"{search['value']:g}", UNITS[search["variable"]]
    return Text(f"拐点在 {value} {unit.zh}", f"knee at {value} {unit.en}")
