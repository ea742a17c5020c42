"""What the command line says in Chinese: no English words but names, values and the field's own terms."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from perfsvc.cli.commands import MODULES
from perfsvc.cli.commands import main
from perfsvc.cli.commands import make_parser
from perfsvc.cli.search_summary import evidence_table
from perfsvc.cli.tables import console
from perfsvc.cli.trial_lines import step_lines
from perfsvc.model.labels import ALL_STEP_TYPES
from tests.cli.conftest import Command
from tests.support.shop import Shop

BLOCK = "    " * 2
"""What a step's request, reply, extracted values and checks are indented by."""
STATES = {"PASSED", "FAILED", "STOPPED", "NO_THRESHOLDS", "VALID", "SUSPECT", "INVALID"}
TERMS = {"TLS", "DNS", "CPU", "JSON", "YAML", "JSONPath", "CSV", "HTTP", "URL", "Ctrl-C", "NAME", "VALUE", "TOML", "CA"}
UNITS = {"ms", "s", "B", "kB", "MB", "GB", "req"}
FIGURES = {"p50", "p90", "p95", "p99", "max", "rps", "error_rate"}
NAMES = {"perfsvc", "http", "websocket", "grpc", "tcp", "udp", "csv", "pool", "generator", "database", "api"}
KNOWN = STATES | TERMS | UNITS | FIGURES | NAMES
WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


@pytest.fixture
def plan(shop: Shop, tmp_path: Path) -> Path:
    steps: list[dict[str, Any]] = [
        {
            "name": "登录",
            "request": {"method": "POST", "url": "/login", "json": {"user": "1"}},
            "extract": [{"name": "a2", "from": "json", "path": "$.nowhere"}],
            "checks": [{"type": "status", "equals": 500}, {"type": "size", "less_than": 9}],
        },
        {"name": "拒绝", "request": {"url": "http://127.0.0.1:1/"}},
        {"name": "缺变量", "request": {"url": "/{{a2}}"}},
        {"type": "think", "name": "停", "think_time": {"type": "constant", "value": 0.01}},
        {"type": "rendezvous", "name": "集合", "users": 2, "timeout": 0.1},
        {"type": "loop", "name": "循环", "times": 1, "steps": [{"type": "break", "name": "跳"}]},
        {
            "type": "if",
            "name": "判断",
            "condition": {"variable": "a3", "is": "present"},
            "steps": [{"name": "从不", "request": {"url": "/"}}],
            "otherwise": [{"type": "group", "name": "组", "steps": [{"name": "首页", "request": {"url": "/"}}]}],
        },
    ]
    path = tmp_path / "计划.json"
    config = {"concurrent_users": 2, "hold_time": 1, "execution_config": {"thresholds": ["p95 < 1", "error_rate == 0"]}}
    document = {
        "name": "计划",
        "env": {"host": shop.url},
        "scenes": [{"name": "业务流", "steps": steps}],
        "config": config,
    }
    path.write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    return path


def english(text: str, *values: str) -> set[str]:
    """The words that are neither Chinese nor known."""
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, " ")
    return set(WORD.findall(text)) - KNOWN


def test_a_trial_in_chinese(perfsvc: Command, plan: Path) -> None:
    done = perfsvc("try", str(plan), lang="zh")
    assert done.code == 1, done.err
    lines = done.out.splitlines()
    shown = [line for line in lines if not line.startswith(BLOCK)]
    classes = ["检查点未通过 status 200", "Connection Error: refused", "Missing variable: a2"]
    assert [name for name in classes if f"    {name}：" in done.out] == classes, done.out
    assert english("\n".join(shown), "status 200", "{{a2}}", *classes) == set()
    assert "✗ 登录 (请求)" in done.out
    assert "- 集合 (集合点)" in done.out
    assert "业务流：未通过 (" in done.out
    assert "✗ 状态码 = 500 (状态码是 200)" in done.out
    assert any(line.startswith(f"{BLOCK}✗ 大小 < 9 (") for line in lines)


def test_every_type_of_step_has_a_name() -> None:
    nothing = {"name": "名", "branch": None, "duration": 0, "outcome": "skipped", "error": None, "request": None}
    nothing |= {"response": None, "extracted": [], "checks": [], "after": {}, "signed": [], "redirects": []}
    for kind in ALL_STEP_TYPES:
        (line,) = step_lines({**nothing, "type": kind}, "zh")
        assert english(line) == set()


def test_a_run_and_its_summary_in_chinese(perfsvc: Command, plan: Path) -> None:
    checked = perfsvc("check", str(plan), lang="zh")
    assert english(checked.out, str(plan)) == set()
    done = perfsvc("run", str(plan), lang="zh")
    assert done.code == 99
    errors = done.out.partition("错误类别")[2].partition("\n\n")[0]
    rest = done.out.replace(errors, "")
    assert english(rest, "Missing variable: a2", "status 200") == set()
    assert english(done.err) == set()
    assert "连接被拒绝，该地址和端口上没有服务在监听" in errors
    assert "状态码是 200" in errors


def test_levels_of_a_search_in_chinese(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"level": 10, "requests": 5, "rps": 5.0, "error_rate": 0.0, "avg": 1.0, "p50": 1.0, "p95": 1.0, "p99": 1.0}
    phases, verdicts = ("raise", "bisect", "confirm", "recheck", "recover"), ("good", "bad", "saturated", "empty")
    rows = [{**row, "phase": phase, "verdict": verdict} for phase in phases for verdict in verdicts]
    console().print(evidence_table({"mode": "error_rate", "evidence": rows}, "zh"))
    assert english(capsys.readouterr().out) == set()


def test_plugins_in_chinese(perfsvc: Command) -> None:
    assert english(perfsvc("plugins", lang="zh").out, "function") <= {"demo"}


def test_headings_of_the_help_end_in_a_chinese_colon(capsys: pytest.CaptureFixture[str]) -> None:
    commands = [[], *([name] for name in ("serve", "run", "check", "try", "worker", "certs", "plugins", "users"))]
    assert len(commands) == len(MODULES) + 1
    try:
        for command in [*commands, ["plugins", "new"], ["users", "create"]]:
            with pytest.raises(SystemExit, match="0"):
                main(["--lang", "zh", *command, "--help"])
            headings = re.findall(r"(?m)^\S.*[:：]$", capsys.readouterr().out)
            assert headings, command
            assert all(heading.endswith("：") for heading in headings), command
    finally:
        make_parser("en")
