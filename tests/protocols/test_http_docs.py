"""The page about HTTP: its plans run as they stand there, and it names everything there is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from perfsvc.cli.commands import main
from perfsvc_protocols.http.spec import Options
from perfsvc_protocols.http.spec import Request
from tests.support.nginx import Nginx
from tests.support.outcomes import assert_passed

FOLDER = Path(__file__).parents[2] / "docs" / "protocols"
PAGE, CHINESE = (FOLDER / name for name in ("http.md", "http.zh-CN.md"))


def plans(page: Path) -> list[str]:
    return re.findall(r"^```yaml\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", [0, 1])
def test_plans_run(number: int, nginx: Nginx, tmp_path: Path):
    plan, report = tmp_path / "plan.yaml", tmp_path / "report.json"
    (tmp_path / "photo.bin").write_bytes(b"\xff" * 100_000)
    text = plans(PAGE)[number].replace("http://127.0.0.1:8080", nginx.url)
    plan.write_text(text.replace("8443", nginx.http2_url.rpartition(":")[2]), "utf-8")
    before = len(nginx.log())
    code = main(["run", str(plan), "--quiet", "--json", str(report)])
    found = json.loads(report.read_text("utf-8"))
    assert_passed(code, found)
    summary = found["summary"]
    assert summary["total_requests"] > 20
    assert (summary["error_count"], summary["checks_failed"]) == (0, 0)
    asked = [line for line in nginx.log()[before:] if line.path.startswith(("/json", "/received", "/login"))]
    assert len(asked) >= summary["total_requests"]


def test_both_languages_have_the_same_plans():
    assert plans(CHINESE) == plans(PAGE)
    assert len(plans(PAGE)) == 2


def test_both_languages_have_the_same_outline():
    outlines = [re.findall(r"^(#+|\||-)", page.read_text("utf-8"), re.MULTILINE) for page in (PAGE, CHINESE)]
    assert outlines[0] == outlines[1]


@pytest.mark.parametrize("page", [PAGE, CHINESE])
def test_every_field_is_named(page: Path):
    text = page.read_text("utf-8")
    names = [field.alias or name for name, field in Request.model_fields.items()]
    assert [name for name in (*names, *Options.model_fields) if f"`{name}`" not in text] == []
