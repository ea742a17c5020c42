"""A warm-up from the terminal: kept out, said, over one process and two; refused where nothing would be left."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.support.outcomes import assert_passed
from tests.support.shop import Shop


@pytest.mark.parametrize("processes", ["1", "2"])
def test_its_requests_are_in_no_figure(perfsvc: Command, shop: Shop, tmp_path: Path, processes: str) -> None:
    path = tmp_path / "report.json"
    words = ["run", shop.url, "--rate", "50", "-d", "2.5", "--warm-up", "500ms", "--processes", processes]
    done = perfsvc(*words, "-t", "iterations >= 1", "--json", str(path))
    found = json.loads(path.read_text("utf-8"))
    warm_up, summary = found["warm_up"], found["summary"]
    assert_passed(done.code, found)
    assert (warm_up["seconds"], warm_up["over"]) == (0.5, True)
    assert warm_up["requests"] + summary["total_requests"] == shop.count
    assert warm_up["requests"] == warm_up["iterations"] > 0
    assert sum(node["requests"] for node in found["nodes"]) == summary["total_requests"] == summary["iterations"]
    kept = [count for at, count in zip(found["series"]["timestamps"], found["series"]["requests"], strict=True)
            if at >= warm_up["end"]]  # fmt: skip
    assert sum(kept) == summary["total_requests"]
    said = f"the first 0.5 s were warm-up: its requests ({warm_up['requests']}, of them failed: 0) count neither"
    assert said in " ".join(done.out.split())
    assert re.search(r"^ +\d\.\d/2\.5 s  planned 50/s  warm-up 0\.5 s  users \d+  req/s", done.err, re.MULTILINE)


def test_a_run_that_ends_within_it_is_invalid(perfsvc: Command, shop: Shop) -> None:
    done = perfsvc("run", shop.url, "-d", "60", "--warm-up", "30", "--iterations", "5")
    assert done.code == 98
    assert done.out.startswith("INVALID: no request was measured: the run was over within its warm-up of 30 s")
    assert "only 5 of" not in done.out


@pytest.mark.parametrize("command", ["check", "run"])
def test_one_as_long_as_the_run_is_refused(perfsvc: Command, shop: Shop, tmp_path: Path, command: str) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(
        f"config:\n  target_url: {shop.url}\n  vus: 1\n  duration: 3\n  execution_config: {{warm_up: 3s}}\n"
    )
    done = perfsvc(command, str(path))
    assert (done.code, shop.count) == (2, 0)
    place = f"perfsvc: {path}:5:22: config.execution_config.warm_up: a warm-up of 3 s is as long as the whole run (3 s)"
    assert done.err.startswith(place)


def test_check_says_what_is_measured(perfsvc: Command, tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("config: {target_url: 'http://127.0.0.1:1/', vus: 1, execution_config: {warm_up: 10}}")
    done = perfsvc("check", str(path))
    assert (done.code, "the first 10 s are warm-up, in no figure and no threshold: 50 s are measured" in done.out) == (
        0,
        True,
    )
