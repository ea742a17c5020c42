"""Faults while a run goes on: what the target saw, what the report counts, and what it says was lost.

``faults.py [--repeats N] [--side-by-side N] [NAME …]`` (``make faults REPEATS=20``). Repeats run side by side, on
lanes with services, folders and ports of their own. The full disk needs root, which may mount one.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import Future
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import as_completed
from contextlib import ExitStack
from itertools import count
from pathlib import Path

from fault_cases import FAULTS
from fault_cases import Lane
from fault_cases import Outcome

HEAD = f"{'fault':<17}{'held':>7}{'sent':>8}{'reported':>10}  {'missing':<16}{'said in the report'}"

COUNTS = ("total_requests", "sent", "answered", "error_count", "cut_off", "unsent", "bytes_sent")


class Lanes:
    """Threads that repeats are spread over, each with a lane of its own."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._stack = stack
        self._folder = folder
        self._own = threading.local()
        self._count = count()

    def tried(self, name: str) -> Outcome:
        """One repeat, on the lane of this thread."""
        if not hasattr(self._own, "lane"):
            self._own.lane = Lane(self._stack, self._folder / str(next(self._count)))
        with ExitStack() as stack:
            return FAULTS[name](self._own.lane, stack)


def description_of(outcome: Outcome) -> str:
    """What a report says of the fault."""
    report, summary = outcome.report, outcome.report["summary"]
    reason = (report.get("reason") or {}).get("code")
    causes = sorted(cause["code"] for cause in report["validity"]["causes"])
    gaps = "gap" if report["gaps"] else ""
    failures = report["metrics"]["errors"]["labels"]
    lost = "a node lost" if any(node["losses"] for node in report["nodes"]) else ""
    listed = [f"errors {', '.join(failures)}"] if failures else []
    listed += ["requests that had no connection in time"] if summary["total_requests"] > summary["sent"] else []
    listed += ["requests cut off"] if summary["cut_off"] else []
    listed += [f"{report['validity']['state']} for {', '.join(causes)}"] if causes else []
    return "; ".join(part for part in (str(reason), outcome.more, gaps, lost, *listed) if part)


def row(name: str, repeats: int, outcomes: list[Outcome]) -> str:
    """A fault as a row of the table."""
    held = sum(outcome.held for outcome in outcomes)
    sent = sum(outcome.sent for outcome in outcomes)
    counted = sum(outcome.counted for outcome in outcomes)
    descriptions = Counter(description_of(outcome) for outcome in outcomes).most_common()
    says = [f"{text}{f' ({count})' if len(descriptions) > 1 else ''}" for text, count in descriptions]
    lines = [
        f"{name:<17}{f'{held}/{repeats}':>7}{sent:>8}{counted:>10}  {missing(outcomes):<16}{says[0] if says else ''}"
    ]
    return "\n".join([*lines, *(f"{'':<60}{more}" for more in says[1:])])


def missing(outcomes: list[Outcome]) -> str:
    """How many requests are missing in a repeat, and the longest time they are of."""
    counts = [outcome.missing for outcome in outcomes]
    if not any(counts):
        return "0"
    span = max(outcome.span for outcome in outcomes)
    return f"{min(counts)}-{max(counts)}" + (f", {span:.2f} s" if span else "")


class Table:
    """Yield outcomes as they come; a repeat that raises counts as one that did not hold."""

    def __init__(self, names: Iterable[str], repeats: int) -> None:
        self._repeats = repeats
        self._outcomes: dict[str, list[Outcome]] = {name: [] for name in names}
        self._failed: dict[str, int] = dict.fromkeys(self._outcomes, 0)
        self._began = time.monotonic()

    def add(self, name: str, done: Future[Outcome]) -> None:
        """Note one repeat, and a line about it on stderr where it did not hold."""
        error = done.exception()
        if error is not None:
            self._failed[name] += 1
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            return
        outcome = done.result()
        self._outcomes[name].append(outcome)
        if not outcome.held:
            counts = {key: outcome.report["summary"][key] for key in COUNTS}
            says = f"{outcome._replace(report=counts)}, {description_of(outcome)}"
            print(f"{name}: NOT HELD: {says}", file=sys.stderr, flush=True)

    def ended(self, name: str) -> bool:
        """Whether all repeats of a fault are done."""
        return len(self._outcomes[name]) + self._failed[name] == self._repeats

    def row(self, name: str) -> str:
        """A fault's row."""
        return row(name, self._repeats, self._outcomes[name])

    def end(self) -> tuple[str, bool]:
        """The last line, and whether everything held."""
        held = sum(outcome.held for outcomes in self._outcomes.values() for outcome in outcomes)
        wanted = self._repeats * len(self._outcomes)
        return f"{held} of {wanted} held, in {time.monotonic() - self._began:.0f} s", held == wanted


def main(names: list[str], repeats: int, side_by_side: int) -> int:
    """Print the table, a row as soon as a fault's repeats are done."""
    threading.excepthook = lambda _: None  # viewers whose service is killed
    table = Table(names, repeats)
    print(HEAD, flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="fault-") as folder,
        ExitStack() as stack,
        ThreadPoolExecutor(side_by_side) as pool,
    ):
        lanes = Lanes(stack, Path(folder))
        going = {pool.submit(lanes.tried, name): name for name in names for _ in range(repeats)}
        for done in as_completed(going):
            name = going[done]
            table.add(name, done)
            if table.ended(name):
                print(table.row(name), flush=True)
    line, held = table.end()
    print(line)
    return 0 if held else 1


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FAULTS))
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--side-by-side", type=int, default=4)
    return parser.parse_args()


if __name__ == "__main__":
    chosen = arguments()
    sys.exit(main(chosen.names or list(FAULTS), chosen.repeats, chosen.side_by_side))
