"""The page about gRPC: its plans run as they stand there, and it names everything there is."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from perfsvc_protocols.grpc.spec import Options
from perfsvc_protocols.grpc.spec import Request
from perfsvc_protocols.grpc.spec import Tls
from tests.protocols.grpc_peers import DemoServicer
from tests.protocols.grpc_peers import served
from tests.support.outcomes import assert_passed

FOLDER = Path(__file__).parents[2] / "docs" / "protocols"
PAGE, CHINESE = (FOLDER / name for name in ("grpc.md", "grpc.zh-CN.md"))
SERVER = "127.0.0.1:50051"


def plans(page: Path) -> list[str]:
    return re.findall(r"^```yaml\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def run(plan: Path, report: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "perfsvc"), "run", str(plan), "--quiet", "--json", str(report)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.asyncio
@pytest.mark.parametrize("number", [0, 1])
async def test_plans_run(number: int, tmp_path: Path):
    servicer = DemoServicer()
    async with served(servicer, "v1") as port:
        plan, report = tmp_path / "plan.yaml", tmp_path / "report.json"
        plan.write_text(plans(PAGE)[number].replace(SERVER, f"127.0.0.1:{port}"), "utf-8")
        done = await asyncio.to_thread(run, plan, report)
    found: dict[str, Any] = json.loads(report.read_text("utf-8"))
    assert_passed(done.returncode, found)
    assert done.stderr == ""
    summary = found["summary"]
    assert summary["total_requests"] > 20
    assert (summary["error_count"], summary["checks_failed"]) == (0, 0)
    assert [step["name"] for step in found["steps"]] == [["say", "say it again"], ["count", "collect", "chat"]][number]
    # The query of the schema has a connection of its own, and calls nothing at the servicer.
    assert len(servicer.peers) == [2, 4][number]


def test_both_languages_have_the_same_plans():
    assert plans(CHINESE) == plans(PAGE)
    assert len(plans(PAGE)) == 2


def test_both_languages_have_the_same_outline():
    outlines = [re.findall(r"^(#+|\|)", page.read_text("utf-8"), re.MULTILINE) for page in (PAGE, CHINESE)]
    assert outlines[0] == outlines[1]


@pytest.mark.parametrize("page", [PAGE, CHINESE])
def test_every_field_is_named(page: Path):
    text = page.read_text("utf-8")
    names = [
        *Request.model_fields,
        *(Options.model_fields.keys() - {"tls"}),
        *(f"tls.{name}" for name in Tls.model_fields),
    ]
    assert [name for name in names if f"`{name}`" not in text] == []
