"""Plan files with test data, and the files beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from perfsvc.cli.commands import main
from perfsvc.cli.exit_codes import BAD_INPUT
from perfsvc.cli.exit_codes import INTERNAL
from perfsvc.cli.exit_codes import PASSED
from perfsvc.engine.files import file_in
from perfsvc.errors import InvalidInput
from tests.cli.conftest import Command
from tests.cli.conftest import without_places
from tests.support.shop import Shop

POOL = {"data_source_type": "pool", "data_config": {"columns": ["page"], "values": ["a", "b", "c"]}}


def plan_in(folder: Path, url: str, **config: Any) -> str:
    steps = [{"name": "list", "request": {"url": "/items?of={{page}}"}}]
    document = {
        "env": {"host": url},
        "scenes": [{"name": "s", "steps": steps}],
        "config": {"concurrent_users": 1, "hold_time": 20, **config},
    }
    path = folder / "plan.json"
    path.write_text(json.dumps(document))
    return str(path)


def data_config(**more: Any) -> dict[str, Any]:
    return {**POOL, "data_config": {**POOL["data_config"], **more}}  # type: ignore[dict-item]


def test_a_run_ends_with_its_data_and_says_what_became_of_it(
    shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = plan_in(tmp_path, shop.url, **data_config(unique=True))
    assert main(["--lang", "en", "run", plan, "--json", str(tmp_path / "report.json")]) == PASSED
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["data"] == {
        "source": "pool",
        "columns": ["page"],
        "total": 3,
        "used": 3,
        "in_doubt": 0,
        "returned": 0,
        "left": 0,
        "recycled": 0,
        "warnings": [],
    }
    assert report["reason"]["code"] == "data_exhausted"
    assert [request.path for request in shop.requests] == ["/items?of=a", "/items?of=b", "/items?of=c"]
    shown = capsys.readouterr().out.splitlines()
    assert "data: pool, rows used 3" in shown
    assert "verdict: NO_THRESHOLDS: no thresholds set (the test data is used up)" in shown


def test_a_run_without_data_says_nothing_of_it(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lang", "en", "run", f"{shop.url}/items", "--iterations", "2", "--json", "-"]) == PASSED
    assert "data" not in json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("config", "line"),
    [
        ({"data_source_type": "crystal-ball"}, "config.data_source_type: there is no data source named crystal-ball"),
        (data_config(unique=True, at_end="recycle"), "config.data_config.at_end: recycle uses a row again"),
        (data_config(sheet=1), "config.data_config.sheet: is not a known key"),
        (
            {"data_source_type": "csv", "data_config": {"file": "../../secret.csv"}},
            "config.data_config.file: must be in the folder of the plan file",
        ),
        (
            {"data_source_type": "csv", "data_config": {"file": "none.csv"}},
            "config.data_config.file: there is no file none.csv",
        ),
        (
            {"data_source_type": "csv", "data_config": {"datafile_id": 1}},
            "config.data_config.datafile_id: use file in a plan file",
        ),
    ],
)
def test_what_is_wrong_with_the_data_is_reported_before_any_request(
    shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str], config: dict[str, Any], line: str
) -> None:
    assert main(["--lang", "en", "run", plan_in(tmp_path, shop.url, **config), "-q"]) == BAD_INPUT
    assert f"perfsvc: {line}" in without_places(capsys.readouterr().err)
    assert shop.count == 0


def test_a_source_without_rows_fails_the_run(shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty.csv").write_text("page\n")
    config = {"data_source_type": "csv", "data_config": {"file": "empty.csv"}}
    assert main(["--lang", "en", "run", plan_in(tmp_path, shop.url, **config), "-q"]) == INTERNAL
    assert capsys.readouterr().err == "perfsvc: data source csv: the data source has no rows\n"
    (tmp_path / "empty.csv").write_text("page,size\n1\n2\n")
    assert main(["--lang", "en", "run", plan_in(tmp_path, shop.url, **config), "-q"]) == INTERNAL
    assert capsys.readouterr().err == (
        "perfsvc: data source csv: the data source has no rows; 2 bad rows were skipped: "
        "line 2 has 1 fields instead of 2; line 3 has 1 fields instead of 2\n"
    )
    assert shop.count == 0


def test_files_below_the_plan_are_read(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "pages.csv").write_text("page\nx\ny\n")
    config = {"data_source_type": "csv", "data_config": {"file": "data/pages.csv", "unique": True}}
    assert main(["run", plan_in(tmp_path, shop.url, **config), "-q"]) == PASSED
    assert [request.path for request in shop.requests] == ["/items?of=x", "/items?of=y"]


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../outside.csv", "link.csv", "folder/../../outside.csv", "a\0b", "x" * 5000]
)
def test_no_file_elsewhere_can_be_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "outside.csv").write_text("secret\n")
    folder = tmp_path / "plans"
    (folder / "folder").mkdir(parents=True)
    (folder / "link.csv").symlink_to(tmp_path / "outside.csv")
    with pytest.raises(InvalidInput) as caught:
        file_in(folder, name)
    assert [problem.path for problem in caught.value.problems] == ["file"]


def test_fewer_rows_than_users_with_one_each_are_refused_before_the_run(
    shop: Shop, perfsvc: Command, tmp_path: Path
) -> None:
    (tmp_path / "data.csv").write_text("page\n/a\n/b\n/c\n", "utf-8")
    data = {"file": "data.csv", "scope": "vu", "unique": True}
    told = (
        "config.data_config: each of 4 users keeps a row of its own (unique, scope: vu) and there are 3 rows, "
        "at whose end the run ends; add rows, have fewer users, or set at_end: stop_vu\n"
    )
    plan = plan_in(tmp_path, shop.url, data_source_type="csv", data_config=data, concurrent_users=4, hold_time=0.3)
    for command in (["check", plan], ["run", plan, "--quiet"]):
        done = perfsvc(*command)
        assert done.code == 2, done
        assert without_places(done.err).endswith(told)
    assert "而数据只有 3 行" in perfsvc("check", plan, lang="zh").err
    assert perfsvc("check", plan, "-u", "3").code == 0
    assert perfsvc("run", plan, "-u", "3", "--quiet").code == 0
    lenient = plan_in(
        tmp_path, shop.url, data_source_type="csv", data_config={**data, "at_end": "stop_vu"}, concurrent_users=4
    )
    assert perfsvc("check", lenient).code == 0


def test_a_rendezvous_that_can_never_be_full_is_reported_before_the_run(
    shop: Shop, perfsvc: Command, tmp_path: Path
) -> None:
    plan = tmp_path / "meet.json"
    steps = [
        {"name": "get", "request": {"url": "/"}},
        {"type": "group", "name": "all", "steps": [{"type": "rendezvous", "name": "meet", "users": 5, "timeout": 0.1}]},
    ]
    document = {"name": "m", "env": {"host": shop.url}, "scenes": [{"name": "s", "steps": steps}]}
    plan.write_text(json.dumps({**document, "config": {"concurrent_users": 4, "hold_time": 0.3}}), "utf-8")
    told = "note: scenes[0].steps[1].steps[0]: the rendezvous “meet” waits for 5 users, and the run has 4 at most:"
    checked = perfsvc("check", str(plan))
    assert (checked.code, told in checked.out) == (0, True)
    assert perfsvc("run", str(plan)).err.startswith(told)
    assert "注意：scenes[0].steps[1].steps[0]：集合点“meet”要等 5 个用户" in perfsvc("check", str(plan), lang="zh").out
    assert told not in perfsvc("check", str(plan), "-u", "5").out
