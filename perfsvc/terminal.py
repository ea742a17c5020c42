"""What ``perfsvc run`` shows: live figures on a terminal, plain lines when piped, and the summary at the end."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from perfsvc.errors import Text
from perfsvc.metrics.figures import SHORTEST_SPAN_NS
from perfsvc.metrics.figures import Second
from perfsvc.model.run import RunState
from perfsvc.model.window import Snapshot
from perfsvc.service.run import Output
from perfsvc.service.run import Run

LABELS = {
    "time": Text("时间", "time"),
    "users": Text("用户", "users"),
    "rps": Text("请求/秒", "req/s"),
    "errors": Text("错误", "errors"),
    "step": Text("步骤", "step"),
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
    "score": Text("评分", "score"),
    "total": Text("合计", "total"),
    "name": Text("名称", "name"),
    "kind": Text("种类", "kind"),
    "distribution": Text("软件包", "distribution"),
    "version": Text("版本", "version"),
    "status": Text("状态", "status"),
}
PERCENTILES = ("p50", "p90", "p95", "p99", "max")
SPARSE_AFTER_S = 60
SPARSE_EVERY_S = 10
PIPED_WIDTH = 500


class Progress(Output):
    """One line a second: rewritten in place on a terminal, appended when piped (every tenth after a minute)."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._stream = sys.stderr
        self._live = self._stream.isatty()

    async def start(self, run: Run) -> None:
        self._run = run

    def add(self, snapshot: Snapshot, seconds: Sequence[Second]) -> None:
        for second in seconds:
            if second.span_ns < SHORTEST_SPAN_NS and not second.paused:  # the stub at the end says nothing
                continue
            elapsed = round(second.elapsed)
            if self._live or elapsed <= SPARSE_AFTER_S or elapsed % SPARSE_EVERY_S == 0:
                self._write(self._line(second))

    def changed(self, state: RunState, moment: datetime) -> None:
        if state.ended and self._live:
            self._stream.write("\r\x1b[K")

    def _line(self, second: Second) -> str:
        name = {key: label.of(self._language) for key, label in LABELS.items()}
        duration = self._run.spec.load.duration
        latency = "-" if second.p95 is None else f"{second.p95:.1f}"
        return (
            f"{second.elapsed:6.1f}/{duration:g} s  {name['users']} {second.vus}  {name['rps']} {second.rps:.0f}  "
            f"p95 {latency} ms  {name['errors']} {self._run.metrics.total.errors}"
        )

    def _write(self, line: str) -> None:
        self._stream.write(f"\r\x1b[K{line}" if self._live else f"{line}\n")
        self._stream.flush()


def show_report(report: dict[str, Any], language: str) -> None:
    """The summary on standard output."""
    console = _console()
    console.print(_steps(report, language))
    if report["metrics"]["errors"]["labels"]:
        console.print(_errors(report, language))
    if report["verdict"]["thresholds"]:
        console.print(_thresholds(report, language))
    for line in _last_lines(report, language):
        console.print(line)


def show_plugins(described: Sequence[dict[str, Any]], language: str) -> None:
    """What was found, one line each; a plugin that failed says why."""
    table = _table(language, "name", "kind", "distribution", "version", "status")
    at = "en" if language.startswith("en") else "zh"
    for plugin in described:
        status = plugin["error"][at] if plugin["error"] else plugin["status"]
        table.add_row(plugin["name"], plugin["kind"], plugin["distribution"], plugin["version"], status)
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
    return table


def _figures(row: dict[str, Any], percentiles: dict[str, Any]) -> list[str]:
    latencies = [row["avg"], *(percentiles[name] for name in PERCENTILES)]
    shown = ["-" if value is None else f"{value:.2f}" for value in latencies]
    return [str(row["requests"]), f"{row['rps']:.1f}", f"{row['error_rate']:.2f}", *shown]


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
    at = "en" if language.startswith("en") else "zh"
    causes = "; ".join(cause[at] for cause in validity["causes"])
    score = report["performance_score"]["score"]
    reason = report["reason"][at] if report["reason"] else ""
    return [
        f"{LABELS['verdict'].of(language)}: {verdict['state']} ({reason})",
        f"{LABELS['score'].of(language)}: {'-' if score is None else f'{score:g}'}",
        f"{LABELS['validity'].of(language)}: {validity['state']}" + (f" ({causes})" if causes else ""),
    ]
