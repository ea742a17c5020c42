"""A protocol of a package that the UI knows nothing of: its counters and gauges are on the run page by themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.browser import PATIENCE_MS
from tests.support.browser import Ui
from tests.support.project_client import ProjectClient
from tests.support.project_client import lane
from tests.support.redis import RedisServer


def test_its_counters_and_gauges_have_lanes_live_and_in_the_report(equipped: Ui, tmp_path: Path) -> None:
    folder = tmp_path / "redis"
    folder.mkdir()
    with RedisServer(folder) as redis:
        client = ProjectClient(equipped.service, redis.url)
        steps = [
            {"name": "look", "protocol": "redis", "request": {"command": "GET nothing"}},
            {"name": "at once", "protocol": "redis", "request": {"commands": ["INCR visits", "GET visits"]}},
        ]
        scene = client.made("/api/scenes/", {"name": "cache", "project_id": client.project, "steps": steps})
        body = {"name": "cache", "project_id": client.project, "scenes": [{"scene_id": scene}]}
        load = {"arrival_rate": 20, "max_vus": 5}
        config = {"env_id": client.env, "hold_time": 8, "execution_config": load}
        plan = client.made("/api/performance/plans/", {**body, "config": config})
        page = equipped.open(client.start(plan), language="en")
        counters, gauge = lane(page, "Protocol counters"), lane(page, "Measured by the protocol: redis_reply_bytes")
        expect(counters).to_contain_text("redis_commands", timeout=PATIENCE_MS)
        expect(counters).to_contain_text("redis_misses")
        expect(gauge.locator(".legend b").first).to_have_text(re.compile(r"^\d+\.\d\d$"))
        equipped.check(page)
        expect(page.locator("#config")).to_be_visible(timeout=PATIENCE_MS)
        # One command of the look and two at once; the look finds nothing.
        expect(counters.get_by_role("listitem").first).to_have_text(re.compile(r"redis_commands ?[3-6]\d mean"))
        expect(counters.get_by_role("listitem").nth(1)).to_have_text(re.compile(r"redis_misses ?[12]\d mean"))
        equipped.check(page)


@pytest.mark.parametrize(
    ("language", "group", "names", "missing"),
    [
        ("zh", "只能选一种", ["命令", "命令（流水线）"], "必填"),
        ("en", "One of", ["Command", "Commands, sent together"], "Required"),
    ],
)
def test_one_of_its_alternatives_is_always_chosen(
    equipped: Ui, language: str, group: str, names: list[str], missing: str
) -> None:
    client = ProjectClient(equipped.service, "redis://127.0.0.1:6379")
    page = equipped.open(f"/p/{client.project}/scenes/new", language=language)
    page.locator(".step-form select", has=page.locator("option[value=redis]")).select_option("redis")
    chosen = page.get_by_role("group", name=group).get_by_role("button")
    expect(chosen).to_have_text(names)
    expect(chosen.first).to_have_attribute("aria-pressed", "true")
    said = page.locator("[data-path$='request.command'] .problem")
    expect(said).to_have_text(missing)
    chosen.nth(1).click()
    expect(page.locator("[data-path$='request.commands']")).to_be_visible()
    expect(chosen.nth(1)).to_have_attribute("aria-pressed", "true")
    chosen.first.click()
    page.get_by_role("combobox", name=names[0], exact=True).fill("PING")
    expect(said).to_have_count(0)
    equipped.check(page)


def test_every_option_that_it_takes_over_is_explained(equipped: Ui) -> None:
    plugins = equipped.service.get("/api/plugins/?q=redis").body["results"]
    options = [each["options_schema"] for each in plugins]
    silent = [
        name
        for schema in options
        for name, field in schema["properties"].items()
        if not (field.get("description") and field.get("x-description-zh"))
    ]
    assert (len(options), silent) == (2, [])
