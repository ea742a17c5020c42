"""The summary that ``perfsvc run`` prints at the end: the verdict first, then what it stands on."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text as Styled

from perfsvc.cli.labels import LABELS
from perfsvc.cli.labels import colon
from perfsvc.cli.labels import phase_text
from perfsvc.cli.labels import with_colon
from perfsvc.cli.search_summary import evidence_table
from perfsvc.cli.search_summary import result_lines
from perfsvc.cli.summary_tables import checks_table
from perfsvc.cli.summary_tables import errors_table
from perfsvc.cli.summary_tables import histogram_table
from perfsvc.cli.summary_tables import nodes_table
from perfsvc.cli.summary_tables import steps_table
from perfsvc.cli.summary_tables import thresholds_table
from perfsvc.cli.tables import GOOD
from perfsvc.cli.tables import STATE_STYLES
from perfsvc.cli.tables import console
from perfsvc.cli.tables import in_bytes
from perfsvc.cli.tables import status_style
from perfsvc.cli.tables import two_digits
from perfsvc.errors import Text

DATA_LABELS = {
    "used": Text("已用行数", "rows used"),
    "in_doubt": Text("存疑", "in doubt"),
    "returned": Text("由失联的节点退回", "returned by lost nodes"),
    "left": Text("剩余", "left"),
    "recycled": Text("从头循环次数", "times recycled"),
}
NO_STATUS = "0"
"""The only status of protocols that have none."""
VERDICTS = {
    "PASSED": Text("PASSED 通过", "PASSED"),
    "FAILED": Text("FAILED 未通过", "FAILED"),
    "STOPPED": Text("STOPPED 已停止，未作判定", "STOPPED before its end, not judged"),
    "NO_THRESHOLDS": Text("NO_THRESHOLDS 未设置阈值", "NO_THRESHOLDS: no thresholds set"),
}
VALIDITY = {
    "VALID": Text("VALID 有效", "VALID"),
    "SUSPECT": Text("SUSPECT 存疑", "SUSPECT"),
    "INVALID": Text("INVALID 无效", "INVALID"),
}
MAXIMUM = Text("最大", "max")


def show_report(report: dict[str, Any], language: str) -> None:
    """Print the summary to standard output. What makes its figures unusable comes first."""
    out = console()
    for line in _alarms(report, language):
        out.print(line, style=STATE_STYLES["INVALID"])
    _show_verdict(report, language, out)
    tables = [
        thresholds_table(report, language),
        steps_table(report, language),
        nodes_table(report, language),
        search_table(report, language),
        errors_table(report, language),
        checks_table(report, language),
        histogram_table(report, language, out),
    ]
    for each in tables:
        if each is not None:
            out.print()
            out.print(each)
    out.print()
    for finding in _findings(report, language):
        out.print(finding)
    for warning in report["warnings"]:
        out.print(f"{with_colon('note', language)}{warning[_at(language)]}", style="yellow")


def search_table(report: dict[str, Any], language: str) -> Table | None:
    """Return the levels of a search; the trace of adaptive has a row for every second and is left out."""
    search = report.get("search")
    return None if search is None or search["mode"] == "adaptive" else evidence_table(search, language)


def _show_verdict(report: dict[str, Any], language: str, out: Console) -> None:
    """Print verdict, search result, validity and score."""
    out.print(_verdict(report, language), style=STATE_STYLES.get(report["verdict"]["state"]))
    for line in result_lines(report, language):
        out.print(line, style="bold")
    out.print(_validity(report, language), style=STATE_STYLES.get(report["validity"]["state"]))
    out.print(f"{with_colon('score', language)}{_score(report, language)}")


def _alarms(report: dict[str, Any], language: str) -> list[str]:
    """Return the causes for which the figures must not be used."""
    at = _at(language)
    if report["status"] == "failed" and report["reason"]["code"] in ("setup_failed", "on_start_failed"):
        return [report["reason"][at]]
    return [
        f"{colon(VALIDITY['INVALID'], language)}{cause[at]}"
        for cause in report["validity"]["causes"]
        if cause["state"] == "INVALID"
    ]


def _verdict(report: dict[str, Any], language: str) -> str:
    state = report["verdict"]["state"]
    reason = report["reason"][_at(language)] if report["reason"] else ""
    return f"{with_colon('verdict', language)}{VERDICTS[state].of(language)} ({reason})"


def _validity(report: dict[str, Any], language: str) -> str:
    validity = report["validity"]
    causes = "; ".join(cause[_at(language)] for cause in validity["causes"])
    return f"{with_colon('validity', language)}{VALIDITY[validity['state']].of(language)}" + (
        f" ({causes})" if causes else ""
    )


def _score(report: dict[str, Any], language: str) -> str:
    """Format the score with its parts, or the reason for its absence."""
    score, at = report["performance_score"], _at(language)
    if score["score"] is None:
        return "-" if score["reason"] is None else f"- ({score['reason'][at]})"
    parts = [f"{part['title'][at]} {part['value']:g}" for part in score["parts"] if part["value"] is not None]
    return f"{score['score']:g} ({', '.join(parts)})"


def _findings(report: dict[str, Any], language: str) -> list[str | Styled]:
    """Return what was measured besides the tables, a line each."""
    return [
        _requests(report, language),
        *_statuses(report, language),
        *_phases(report, language),
        _bytes(report, language),
        *_counted(report, language),
        *_on_the_plan(report, language),
        *_data(report, language),
    ]


def _requests(report: dict[str, Any], language: str) -> Styled:
    """Return how the requests ended."""
    summary = report["summary"]
    share = f"{LABELS['errors'].of(language)} {summary['error_count']} ({summary['error_rate']:.2f} %)"
    counts = {name: summary[name] for name in ("unsent", "cut_off") if summary[name]}
    rest = [f"{LABELS[name].of(language)} {count}" for name, count in counts.items()]
    rest += [f"{row['error_class']} {row['count']}" for row in report["unsent"]]
    if apart := summary["setup_teardown"]["requests"]:
        rest.append(f"{LABELS['setup_teardown'].of(language)} {apart}")
    line = Styled(f"{LABELS['requests'].of(language)} {summary['total_requests']}  ")
    line.append(share, style="red" if summary["error_count"] else GOOD)
    return line.append("".join(f"  {each}" for each in rest))


def _statuses(report: dict[str, Any], language: str) -> list[Styled]:
    """Return how often each status came, the most frequent first."""
    counts: dict[str, int] = {}
    for step in report["steps"]:
        if step["type"] == "request" and set(step["statuses"]) != {NO_STATUS}:
            for status, count in step["statuses"].items():
                counts[str(status)] = counts.get(str(status), 0) + count
    if not counts:
        return []
    line = Styled(with_colon("statuses", language).rstrip())
    for status, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        line.append(f"  {status} ", style=status_style(status)).append(str(count))
    return [line]


def _phases(report: dict[str, Any], language: str) -> list[str]:
    """Return the phases of requests on average, of all steps together."""
    sums: dict[str, list[float]] = {}
    for step in report["steps"]:
        for name, phase in step["phases"].items():
            if step["type"] == "request" and phase["count"]:
                count, total = sums.setdefault(name, [0, 0])
                sums[name] = [count + phase["count"], total + phase["avg"] * phase["count"]]
    if not sums:
        return []
    parts = [
        f"{phase_text(name, language)} {two_digits(total / count)} ({count:g})" for name, (count, total) in sums.items()
    ]
    return [f"{with_colon('phases', language)} {'  '.join(parts)}"]


def _bytes(report: dict[str, Any], language: str) -> str:
    summary = report["summary"]
    seconds = summary["running_time"] or 1
    sent, received = summary["bytes_sent"], summary["bytes_received"]
    parts = [(LABELS["sent"], sent), (LABELS["received"], received)]
    shown = [f"{label.of(language)} {in_bytes(count)} ({in_bytes(count / seconds)}/s)" for label, count in parts]
    return f"{with_colon('bytes', language)} {'  '.join(shown)}"


def _counted(report: dict[str, Any], language: str) -> list[str]:
    """Return the protocol's own counters and gauges, one line per step that has any."""
    lines = []
    for step in report["steps"]:
        counters = [f"{name} {count:.12g}" for name, count in step["counters"].items()]
        gauges = [
            f"{name} {gauge['avg']:g} ({MAXIMUM.of(language)} {gauge['max']:g})"
            for name, gauge in step["gauges"].items()
        ]
        if counters or gauges:
            lines.append(f"{step['name']}: {', '.join(counters + gauges)}")
    return lines


def _data(report: dict[str, Any], language: str) -> list[str]:
    """Return what happened to the rows of test data."""
    if (data := report.get("data")) is None:
        return []
    counts = {name: data[name] for name in ("used", "in_doubt", "returned", "left", "recycled")}
    parts = ", ".join(f"{DATA_LABELS[name].of(language)} {count}" for name, count in counts.items() if count)
    line = f"{with_colon('data', language)}{data['source']}" + (f", {parts}" if parts else "")
    return [line, *(text[_at(language)] for text in data["warnings"])]


def _on_the_plan(report: dict[str, Any], language: str) -> list[str]:
    """Explain the latency from plan, and count the arrivals that were late or dropped."""
    lines = []
    if planned := report.get("latency_from_plan"):
        lines.append(f"{with_colon('from_plan', language)}{planned['note'][_at(language)]}")
    counts = {name: report["summary"][name] for name in ("late", "dropped")}
    if any(counts.values()):
        counted = "  ".join(f"{LABELS[name].of(language)} {count}" for name, count in counts.items())
        lines.append(f"{with_colon('arrivals', language)}{counted}")
    return lines


def _at(language: str) -> str:
    return "en" if language.startswith("en") else "zh"
