"""The tables of the summary: steps, nodes, errors, checks, thresholds, latencies; None where there are no rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text as Styled

from perfsvc.cli.labels import LABELS
from perfsvc.cli.labels import labelled
from perfsvc.cli.tables import BAD
from perfsvc.cli.tables import GOOD
from perfsvc.cli.tables import table
from perfsvc.cli.tables import two_digits
from perfsvc.engine.failure_texts import class_text
from perfsvc.errors import Text

NODE_STATES = {
    "running": Text("正常", "ok"),
    "lost": Text("失联", "lost"),
    "left": Text("已退出", "left"),
}
PERCENTILES = ("p50", "p90", "p95", "p99", "max")
CHECK = "Check: "
"""How the error classes of checks begin."""
LONGEST_EXAMPLE = 160
WIDEST_BAR = 40


def steps_table(report: dict[str, Any], language: str) -> Table:
    """Return a row for each step, one for all, and one from plan where starts are planned."""
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


def nodes_table(report: dict[str, Any], language: str) -> Table | None:
    """Return a row for each process with its share of the load at the end."""
    if len(report["nodes"]) < 2:
        return None
    shown = table(language, labelled("node", "share", "status", "requests", "rps", "error_rate", "avg", *PERCENTILES))
    for node in report["nodes"]:
        state = Styled(NODE_STATES[node["state"]].of(language), style=BAD if node["state"] == "lost" else "")
        shown.add_row(node["node"], f"{node['share']:.1f} %", state, *_figures(node, node["percentiles"]))
    return shown


def errors_table(report: dict[str, Any], language: str) -> Table | None:
    """Return a row for each class of errors, with an example."""
    if not report["errors"]:
        return None
    shown = table(language, labelled("class", "count", "share", "step", "example"), left=("step", "example"))
    for row in report["errors"]:
        first = row["samples"][0] if row["samples"] else None
        step, example = (first["step"] or "", example_of(first, row["error_class"], language)) if first else ("", "")
        name = class_text(row["error_class"]).of(language)
        shown.add_row(Styled(name, style=BAD), str(row["count"]), f"{row['share']:.2f} %", step, example)
    return shown


def example_of(sample: dict[str, Any], error_class: str, language: str) -> str:
    """Return an error in one line: its message, where it says more than the class, and the beginning of the reply."""
    text = Text(sample["message_zh"] or sample["message"], sample["message"]).of(language)
    message = "" if text == error_class else text
    lines = [message, *(sample["response_head"] or "").splitlines()[:1], sample["body"] or ""]
    text = " | ".join(" ".join(line.split()) for line in lines if line and line.strip())
    return text if len(text) <= LONGEST_EXAMPLE else f"{text[:LONGEST_EXAMPLE]}…"


def checks_table(report: dict[str, Any], language: str) -> Table | None:
    """Return the checks that replies have broken, by step and name, below a row for all checks."""
    passed, failed = report["summary"]["checks_passed"], report["summary"]["checks_failed"]
    if not passed + failed:
        return None
    shown = table(language, labelled("check", "passed", "failed", "step"), left=("step",))
    shown.add_row(
        LABELS["all_checks"].of(language), str(passed), Styled(str(failed), style=BAD if failed else GOOD), ""
    )
    for step in report["steps"]:
        for name, count in step["failures"].items():
            if name.startswith(CHECK):
                shown.add_row(name.removeprefix(CHECK), "", Styled(str(count), style=BAD), step["name"])
    return shown


def thresholds_table(report: dict[str, Any], language: str) -> Table | None:
    """Return a row for each threshold."""
    if not report["verdict"]["thresholds"]:
        return None
    shown = table(language, labelled("threshold", "value", "passed"))
    for outcome in report["verdict"]["thresholds"]:
        value = "-" if outcome["value"] is None else f"{outcome['value']:g}"
        mark = Styled("✓", style=GOOD) if outcome["passed"] else Styled("✗", style=BAD)
        shown.add_row(outcome["expression"], value, mark)
    return shown


def histogram_table(report: dict[str, Any], language: str, out: Console) -> Table | None:
    """Return the latencies as bars: how many requests took up to so many ms."""
    buckets = report.get("latency_histogram")
    if not buckets:
        return None
    total, longest = sum(bucket["count"] for bucket in buckets), max(bucket["count"] for bucket in buckets)
    shown = table(language, labelled("latency", "count", "share", ""), left=("",))
    for bucket in buckets:
        width = round(min(WIDEST_BAR, out.width // 2) * bucket["count"] / longest) or (bucket["count"] > 0)
        share = f"{100 * bucket['count'] / total:.2f} %"
        shown.add_row(f"≤ {bucket['upto']:g} ms", str(bucket["count"]), share, Styled("█" * width, style="cyan"))
    return shown


def _figures(row: dict[str, Any], percentiles: dict[str, Any]) -> list[str | Styled]:
    latencies = _latencies(row["avg"], percentiles)
    errors = Styled(f"{row['error_rate']:.2f}", style=BAD if row["error_rate"] else "")
    return [str(row["requests"]), f"{row['rps']:.1f}", errors, *latencies]


def _latencies(average: float | None, percentiles: dict[str, Any]) -> Sequence[str]:
    return [two_digits(value) for value in (average, *(percentiles[name] for name in PERCENTILES))]
