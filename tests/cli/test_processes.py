"""``perfsvc run --processes``: all cores, exact counts, a row for each process."""

from __future__ import annotations

import json
import re
from pathlib import Path

import psutil
import pytest

from perfsvc.cli.commands import make_parser
from perfsvc.cli.plan_loader import read_source
from perfsvc.errors import InvalidInput
from perfsvc.model.config import PlanConfig
from perfsvc.model.placement import usable_cores
from perfsvc.model.run_spec import placement_of
from perfsvc.store.plan_config import from_row
from perfsvc.store.plan_config import to_columns
from tests.cli.conftest import Command
from tests.support.outcomes import assert_passed
from tests.support.shop import Shop

URL = "http://127.0.0.1:1/"


def config_of(*flags: str) -> PlanConfig:
    return read_source(make_parser().parse_args(["run", URL, *flags])).plan().config


@pytest.mark.parametrize(("words", "mode", "count"), [("3", "central", 3), ("1", "single", 1), ("auto", "central", 0)])
def test_the_flag_is_a_placement(words: str, mode: str, count: int) -> None:
    placement = placement_of(config_of("--processes", words))
    assert (placement.mode, placement.count) == (mode, count or usable_cores())


@pytest.mark.parametrize("words", ["two", "-1", "1.5"])
def test_what_is_no_number_of_processes(words: str) -> None:
    with pytest.raises(InvalidInput, match="--processes: must be a number or auto"):
        config_of(f"--processes={words}")


def test_auto_is_for_this_machine_alone() -> None:
    for mode, message in (("distributed", "auto is for control_mode central only"), ("single", "exactly one node")):
        with pytest.raises(InvalidInput, match=message):
            PlanConfig.parse({"concurrent_users": 1, "control_mode": mode, "node_count": "auto"})


def test_auto_is_stored() -> None:
    config = PlanConfig.parse(
        {"concurrent_users": 1, "control_mode": "central", "node_count": "auto", "hold_time": 1.5}
    )
    columns = to_columns(config, 7)
    assert columns["node_count"] == 1
    row = type("Row", (), {**columns, "env_id": columns["env"]})
    assert from_row(row).node_count == "auto"


def test_two_processes_make_one_run_with_exact_counts(perfsvc: Command, shop: Shop, tmp_path: Path) -> None:
    path, before = tmp_path / "report.json", children()
    words = ["run", shop.url, "--processes", "2", "--iterations", "101", "-u", "3", "--json", str(path)]
    done = perfsvc(*words)
    found = json.loads(path.read_text("utf-8"))
    assert_passed(done.code, found)
    assert (found["summary"]["total_requests"], shop.count) == (101, 101)
    assert sorted(node["requests"] for node in found["nodes"]) == [50, 51]
    assert re.search(r"^central-1 +50\.0 % +ok +5[01] ", done.out, re.MULTILINE)
    assert children() <= before


def children() -> set[psutil.Process]:
    """All processes that were started from here: servers of other tests are among them."""
    return set(psutil.Process().children(recursive=True))


def test_processes_end_with_a_plan_that_is_refused(perfsvc: Command) -> None:
    before = children()
    assert perfsvc("run", f"{URL}{{{{nobody}}}}", "--processes", "2").code == 2
    assert children() <= before
