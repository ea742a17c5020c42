"""Values of a real nginx's pages, headers and cookies, taken by every extractor and held against every check."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from perfsvc.cli.commands import main
from tests.support.nginx import Nginx
from tests.support.outcomes import assert_passed

PAGE = """<!doctype html><meta charset=utf-8><title>Shop</title>
<form action=/order><input type=hidden name=csrf value="t&amp;k"></form>
<ul><li class=item data-id=1>Tea</li><li class=item data-id=2>Café</li></ul>"""
STEPS: list[dict[str, Any]] = [
    {
        "name": "login",
        "request": {"url": "/login"},
        "extract": [{"name": "session", "from": "cookie", "cookie": "session"}],
    },
    {
        "name": "page",
        "request": {"url": "/files/page.html"},
        "extract": [
            {"name": "csrf", "from": "css", "selector": "form input[name=csrf]", "attribute": "value"},
            {"name": "ids", "from": "xpath", "path": "//li[@class='item']/@data-id", "match": "all"},
            {"names": ["server", "version"], "from": "regex", "header": "Server", "pattern": r"(\w+)/([\d.]+)"},
        ],
        "checks": [
            {"type": "css", "selector": "li:nth-child(2)", "equals": "Café"},
            {"type": "xpath", "path": "count(//li)", "equals": 2},
            {"type": "size", "less_than": "1 KB"},
            {"type": "css", "selector": ".error", "exists": False},
        ],
    },
    {
        "name": "json",
        "request": {"url": "/json?{{server}}-{{session}}-{{$urlencode(csrf)}}-{{$length(ids)}}"},
        "extract": [{"name": "uri", "from": "jmespath", "path": "[uri, ok][0]"}],
        "checks": [
            {"type": "jsonschema", "schema": {"properties": {"ok": {"const": True}}, "required": ["uri"]}},
            {"type": "json", "path": "$.ok", "equals": 1, "not": True},
            {"type": "json", "path": "$.uri", "equals": "/json?nginx-{{session}}-t%26k-2"},
        ],
    },
]


@pytest.fixture
def plan(nginx: Nginx, tmp_path: Path) -> Path:
    (tmp_path / "nginx" / "www" / "page.html").write_text(PAGE, encoding="utf-8")
    document = {
        "name": "pages",
        "env": {"host": nginx.url},
        "scenes": [{"name": "s", "steps": STEPS}],
        "config": {"concurrent_users": 5, "hold_time": 1, "execution_config": {"thresholds": ["error_rate == 0"]}},
    }
    path = tmp_path / "plan.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return path


def test_a_run_takes_them_all(nginx: Nginx, plan: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    code = main(["--lang", "en", "run", str(plan), "-q", "--json", str(report)])
    assert_passed(code, json.loads(report.read_text("utf-8")))
    assert {line.path for line in nginx.log()} == {"/login", "/files/page.html", "/json"}


def test_a_trial_says_what_was_found_instead(nginx: Nginx, plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed = plan.read_text(encoding="utf-8").replace("equals: Café", "equals: Coffee").replace("csrf]", "none]")
    plan.write_text(changed, encoding="utf-8")
    assert main(["--lang", "en", "try", str(plan)]) == 1
    shown = capsys.readouterr().out
    assert 'the value is "Café", not "Coffee"' in shown
    assert "csrf = - (no element matches)" in shown
    assert main(["--lang", "zh", "try", str(plan)]) == 1
    assert '值是 "Café"，不是 "Coffee"' in capsys.readouterr().out
