"""Which data files of a project may be given away, by what all of its plans and presets say of their columns."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from typing import Any

import pytest

from perfsvc.model.config import PlanConfig
from perfsvc.model.entities import DataFile
from perfsvc.model.entities import FileContent
from perfsvc.service.file_readings import FileReadings
from perfsvc.store import data_settings
from perfsvc.store import plans
from perfsvc.store import presets
from perfsvc.store import projects
from perfsvc.store import users
from perfsvc.store.database import Store
from perfsvc.store.database import writes
from tests.support.web_world import PASSWORD_HASH


def data_file(ident: int, *columns: str) -> DataFile:
    made = datetime(2026, 1, 1, tzinfo=UTC)
    return DataFile(ident, 1, 1, f"{ident}.csv", FileContent("", 1, "", columns, 1), made, made)


@writes
def plans_and_presets(data: list[dict[str, Any]]) -> int:
    """A project with a plan and a preset for each settings."""
    user = users.create("ann", "ann@example.com", PASSWORD_HASH)
    project = projects.create("shop", "", user.id).id
    for number, settings in enumerate(data):
        config = PlanConfig.parse({"concurrent_users": 1, "data_source_type": "csv", "data_config": settings})
        plans.create(project, user.id, f"plan {number}", config)
        reading = {**settings, "datafile_id": settings["datafile_id"] + 100}
        presets.create(project, user.id, f"preset {number}", "concurrent", {"data_config": reading})
    return project


@pytest.mark.asyncio
@pytest.mark.parametrize("batch", [1, 2, 200])
async def test_marks_of_every_plan_and_preset_count(store: Store, monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    monkeypatch.setattr(data_settings, "BATCH", batch)
    marked = {"datafile_id": 1, "secret_columns": ["city"]}
    named = {"datafile_id": 2, "columns": ["user", "password"]}
    plain = {"datafile_id": 3}
    project = await store.run(plans_and_presets, [marked, named, plain, plain, plain])
    readings = await FileReadings.of(store, project)
    public = {ident: readings.public(data_file(ident, "user", "city")) for ident in (1, 2, 3, 101, 102, 103, 4)}
    assert public == {1: False, 2: False, 3: True, 101: False, 102: False, 103: True, 4: True}


def test_a_file_that_only_options_make_readable_is_kept() -> None:
    readings = FileReadings()
    readings.add({"datafile_id": 1})
    assert [readings.public(data_file(ident)) for ident in (1, 2)] == [False, True]


@pytest.mark.parametrize(
    ("columns", "public"), [(5, True), ([5], True), ({"password": "$.p"}, False), ("password", True)]
)
def test_columns_may_be_anything(columns: Any, public: bool) -> None:
    readings = FileReadings()
    readings.add({"datafile_id": 1, "columns": columns})
    assert readings.public(data_file(1, "user")) is public


def test_columns_of_the_file_itself_count() -> None:
    assert not FileReadings().public(data_file(1, "user", "password"))


@pytest.mark.parametrize("settings", [None, [], {}, {"datafile_id": "1"}, {"datafile_id": True}])
def test_settings_that_read_no_file_are_passed_over(settings: Any) -> None:
    readings = FileReadings()
    readings.add(settings)
    assert readings.public(data_file(1))
