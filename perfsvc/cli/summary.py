"""The summary that ``perfsvc run`` prints at the end."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from perfsvc.cli.labels import LABELS
from perfsvc.cli.labels import labelled
from perfsvc.cli.search_summary import evidence_table
from perfsvc.cli.search_summary import result_lines
from perfsvc.cli.tables import console
from perfsvc.cli.tables import table
from perfsvc.cli.tables import two_digits
from perfsvc.errors import Text

DATA_LABELS = {
    "used": Text("已用行数", "rows used"),
    "in_doubt": Text("存疑", "in doubt"),
    "returned": Text("由丢失的节点退回", "returned by lost nodes"),
    "left": Text("剩余", "left"),
    "recycled": Text("从头循环次数", "times recycled"),
}


NODE_STATES = {
    "running": Text("正常", "ok"),
    "lost": Text("失联", "lost"),
    "left": Text("已退出", "left"),
}


VERDICTS = {
    "PASSED": Text("PASSED 通过", "PASSED"),
    "FAILED": Text("FAILED 未通过", "FAILED"),
    "STOPPED": Text("STOPPED 已停止，未作判定", "STOPPED before its end, not judged"),
    "NO_THRESHOLDS": Text("NO_THRESHOLDS 未设置阈值", "NO_THRESHOLDS: no thresholds set"),
}


STYLES = {
    "PASSED": "green",
    "FAILED": "bold red",
    "STOPPED": "yellow",
    "SUSPECT": "yellow",
    "INVALID": "bold red",
}
"""Colours of verdicts and validity; other states have none."""


PERCENTILES = ("p50", "p90", "p95", "p99", "max")


def show_report(report: dict[str, Any], language: str) -> None:
    """Print the summary to standard output. What makes its figures unusable comes first."""
    output = console()
    for line in _alarms(report, language):
        output.print(line, style=STYLES["INVALID"])
    output.print(_steps(report, language))
    if len(report["nodes"]) > 1:
        output.print(_nodes(report, language))
    if "search" in report and "metric" not in report["search"]:  # the trace of adaptive has a row for every second
        output.print(evidence_table(report["search"], language))
    if report["metrics"]["errors"]["labels"]:
        output.print(_errors(report, language))
    if report["verdict"]["thresholds"]:
        output.print(_thresholds(report, language))
    for line in (*_counted(report), *_findings(report, language)):
        output.print(line)
    output.print(_verdict(report, language), style=STYLES.get(report["verdict"]["state"]))
    output.print(f"{LABELS['score'].of(language)}: {_score(report, language)}")
    output.print(_validity(report, language), style=STYLES.get(report["validity"]["state"]))
    for warning in report["warnings"]:
        output.print(f"{LABELS['note'].of(language)}: {warning[_at(language)]}")


def _alarms(report: dict[str, Any], language: str) -> list[str]:
    """Return the causes for which the figures must not be used."""
    at = _at(language)
    if report["status"] == "failed" and report["reason"]["code"] in ("setup_failed", "on_start_failed"):
        return [report["reason"][at]]
    return [f"INVALID: {cause[at]}" for cause in report["validity"]["causes"] if cause["state"] == "INVALID"]


def _steps(report: dict[str, Any], language: str) -> Table:
    shown = table(language, labelled("step", "requests", "rps", "error_rate", "avg", *PERCENTILES))
    for step in report["steps"]:
        shown.add_row(step["name"], *_figures(step, step["percentiles"]))
    summary = report["summary"]
    overall = {
        "requests": summary["total_requests"],
        "rps": summary["throughput"],
        "error_rate": summary["error_rate"],
        "avg": summary["avg_response_time"],
    }
    total = _figures(overall, report["metrics"]["response_times"]["percentiles"])
    shown.add_row(LABELS["total"].of(language), *total, style="bold")
    if planned := report.get("latency_from_plan"):
        shown.add_row(LABELS["from_plan"].of(language), "", "", "", *_latencies(planned["avg"], planned["percentiles"]))
    return shown


def _nodes(report: dict[str, Any], language: str) -> Table:
    """Return one row per node with its share of the load at the end."""
    shown = table(language, labelled("node", "share", "status", "requests", "rps", "error_rate", "avg", *PERCENTILES))
    for node in report["nodes"]:
        figures = _figures(node, node["percentiles"])
        shown.add_row(node["node"], f"{node['share']:.1f} %", NODE_STATES[node["state"]].of(language), *figures)
    return shown


def _figures(row: dict[str, Any], percentiles: dict[str, Any]) -> list[str]:
    latencies = _latencies(row["avg"], percentiles)
    return [str(row["requests"]), f"{row['rps']:.1f}", f"{row['error_rate']:.2f}", *latencies]


def _latencies(average: float | None, percentiles: dict[str, Any]) -> list[str]:
    return [two_digits(value) for value in (average, *(percentiles[name] for name in PERCENTILES))]


def _errors(report: dict[str, Any], language: str) -> Table:
    shown = table(language, labelled("class", "count"))
    errors = report["metrics"]["errors"]
    for label, count in zip(errors["labels"], errors["values"], strict=True):
        shown.add_row(label, str(count))
    return shown


def _thresholds(report: dict[str, Any], language: str) -> Table:
    shown = table(language, labelled("threshold", "value", "passed"))
    for outcome in report["verdict"]["thresholds"]:
        value = "-" if outcome["value"] is None else f"{outcome['value']:g}"
        shown.add_row(outcome["expression"], value, "✓" if outcome["passed"] else "✗")
    return shown


def _findings(report: dict[str, Any], language: str) -> list[str]:
    """Return what was measured besides the tables."""
    return [
        _requests(report, language),
        *_on_the_plan(report, language),
        *result_lines(report, language),
        *_data(report, language),
    ]


def _requests(report: dict[str, Any], language: str) -> str:
    """Return how the requests ended."""
    summary = report["summary"]
    share = f"{LABELS['errors'].of(language)} {summary['error_count']} ({summary['error_rate']:.2f} %)"
    counts = {name: summary[name] for name in ("unsent", "cut_off") if summary[name]}
    rest = [f"{LABELS[name].of(language)} {count}" for name, count in counts.items()]
    rest += [f"{row['error_class']} {row['count']}" for row in report["unsent"]]
    if apart := summary["setup_teardown"]["requests"]:
        rest.append(f"{LABELS['setup_teardown'].of(language)} {apart}")
    return "  ".join([f"{LABELS['requests'].of(language)} {summary['total_requests']}", share, *rest])


def _verdict(report: dict[str, Any], language: str) -> str:
    state = report["verdict"]["state"]
    reason = report["reason"][_at(language)] if report["reason"] else ""
    return f"{LABELS['verdict'].of(language)}: {VERDICTS[state].of(language)} ({reason})"


def _validity(report: dict[str, Any], language: str) -> str:
    validity = report["validity"]
    causes = "; ".join(cause[_at(language)] for cause in validity["causes"])
    return f"{LABELS['validity'].of(language)}: {validity['state']}" + (f" ({causes})" if causes else "")


def _counted(report: dict[str, Any]) -> list[str]:
    """Return the protocol's own counters and gauges, one line per step that has any."""
    lines = []
    for step in report["steps"]:
        counters = [f"{name} {count:.12g}" for name, count in step["counters"].items()]
        gauges = [f"{name} {gauge['avg']:g} (max {gauge['max']:g})" for name, gauge in step["gauges"].items()]
        if counters or gauges:
            lines.append(f"{step['name']}: {', '.join(counters + gauges)}")
    return lines


def _score(report: dict[str, Any], language: str) -> str:
    """Format the score with its parts and the cap that applied."""
    score, at = report["performance_score"], _at(language)
    if score["score"] is None:
        return "-"
    parts = [f"{part['title'][at]} {part['value']:g}" for part in score["parts"] if part["value"] is not None]
    if score["score"] < score["uncapped"]:
        parts.append(f"{report['validity']['state']} ≤ {score['cap']:g}")
    return f"{score['score']:g} ({', '.join(parts)})"


def _data(report: dict[str, Any], language: str) -> list[str]:
    """Return what happened to the rows of test data."""
    if (data := report.get("data")) is None:
        return []
    counts = {name: data[name] for name in ("used", "in_doubt", "returned", "left", "recycled")}
    known = ", ".join(f"{DATA_LABELS[name].of(language)} {count}" for name, count in counts.items() if count)
    line = f"{LABELS['data'].of(language)}: {data['source']}" + (f", {known}" if known else "")
    return [line, *(text[_at(language)] for text in data["warnings"])]


def _at(language: str) -> str:
    return "en" if language.startswith("en") else "zh"


def _on_the_plan(report: dict[str, Any], language: str) -> list[str]:
    """Explain the latency from plan, and count the arrivals that were late or dropped."""
    lines = []
    if planned := report.get("latency_from_plan"):
        lines.append(f"{LABELS['from_plan'].of(language)}: {planned['note'][_at(language)]}")
    counts = {name: report["summary"][name] for name in ("late", "dropped")}
    if any(counts.values()):
        counted = "  ".join(f"{LABELS[name].of(language)} {count}" for name, count in counts.items())
        lines.append(f"{LABELS['arrivals'].of(language)}: {counted}")
    return lines
