"""Alternating rounds: every contender runs once a round, on its own core, and medians are compared."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROUNDS = 5
SECONDS = 4
CORES = sorted(os.sched_getaffinity(0))
TARGET_CORE, LOAD_CORE = CORES[0], CORES[-1]
BIN = Path(sys.executable).parent


class Contender(NamedTuple):
    """A load tool: the command to run, and how its output gives the requests per second."""

    name: str
    command: Sequence[str]
    read: Callable[[str], float]


def run(contender: Contender) -> float:
    """One round of one contender on the load core; requests per second."""
    command = ["taskset", "-c", str(LOAD_CORE), *contender.command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS + 60, check=False)
    try:
        return contender.read(done.stdout)
    except (ValueError, IndexError, KeyError, AttributeError) as error:
        raise SystemExit(f"{contender.name} gave no figure ({error}):\n{done.stdout}\n{done.stderr}") from None


def compare(title: str, contenders: Sequence[Contender], rounds: int = ROUNDS) -> None:
    """Run all contenders in alternating rounds; print medians, spreads, and the first one's ratio to each other."""
    print(f"\n{title}: {rounds} rounds of {SECONDS} s, load on core {LOAD_CORE}, target on core {TARGET_CORE}")
    figures: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for _ in range(rounds):
        for contender in contenders:
            figures[contender.name].append(run(contender))
    ours = statistics.median(figures[contenders[0].name])
    for name, values in figures.items():
        middle = statistics.median(values)
        print(f"  {name:<24} {middle:>10,.0f} req/s  ({min(values):,.0f}-{max(values):,.0f})  {ours / middle:6.2f}x")
