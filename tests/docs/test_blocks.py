"""The plans, bodies, responses and files of the pages, each held against what reads or writes it."""

from __future__ import annotations

import configparser
import json
import os
import shlex
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from perfsvc.cli.commands import main
from perfsvc.cli.commands import make_parser
from perfsvc.model.planfile import PlanFile
from perfsvc.model.profile import load_of
from perfsvc.service.envs import EnvForm
from perfsvc.service.plans import PlanForm
from perfsvc.service.scenes import SceneForm
from perfsvc.settings import load
from perfsvc.web.framework.responses import Error
from tests.docs.pages import BOTH
from tests.docs.pages import ROOT
from tests.docs.pages import Block
from tests.docs.pages import blocks
from tests.docs.pages import blocks_of
from tests.docs.pages import quoted
from tests.docs.pages import retargeted
from tests.docs.pages import text_of
from tests.docs.pages import unhurried
from tests.support.outcomes import assert_passed
from tests.support.processes import running
from tests.support.service import Service
from tests.support.shop import Shop

SHORT_S = 3
FORMS = {"env": EnvForm, "scene": SceneForm, "plan": PlanForm}


def kind_of(document: dict[str, Any]) -> str:
    """The kind of a JSON block, recognised by its keys."""
    if "type" in document:
        return f"frame {document['type']}"
    telling = {"error": "error", "results": "page", "config": "plan", "steps": "scene", "host": "env"}
    telling |= {"data_source_type": "preview", "rows": "previewed"}
    if "spark" in document:
        return "row"
    if "verdict" in document:
        return "report"
    return next(kind for key, kind in telling.items() if key in document)


def json_blocks(*kinds: str) -> list[Any]:
    found = [(block, json.loads(block.text)) for block in blocks("json")]
    return [
        pytest.param(document, id=block.name)
        for block, document in found
        if any(kind_of(document).startswith(kind) for kind in kinds)
    ]


def not_shown(shown: Any, real: Any, at: str = "") -> list[str]:
    """The paths of keys that are shown and not there."""
    if isinstance(shown, dict) and isinstance(real, dict):
        missing = [f"{at}.{key}" for key in shown if key not in real]
        both = shown.keys() & real.keys()
        return missing + [fault for key in both for fault in not_shown(shown[key], real[key], f"{at}.{key}")]
    if isinstance(shown, list) and isinstance(real, list) and shown and real:
        return not_shown(shown[0], real[0], f"{at}[0]")
    return [] if type(shown) is type(real) or None in (shown, real) else [at]


@pytest.mark.parametrize("block", blocks("yaml"), ids=lambda block: block.name)
def test_plans_run(block: Block, shop: Shop, tmp_path: Path) -> None:
    plan = PlanFile.parse(yaml.safe_load(block.text))
    assert load_of(plan.config).duration <= SHORT_S
    (tmp_path / "plan.yaml").write_text(unhurried(retargeted(block.text, shop.url)), "utf-8")
    for table in blocks_of(block.page):
        if table.language == "csv":
            (tmp_path / plan.config.data_config.get("file", "unused")).write_text(table.text, "utf-8")
    report = tmp_path / "report.json"
    code = main(["run", str(tmp_path / "plan.yaml"), "--quiet", "--json", str(report)])
    found = json.loads(report.read_text("utf-8"))
    assert_passed(code, found)
    summary = found["summary"]
    assert summary["total_requests"] > 0
    assert (summary["error_count"], summary["checks_failed"]) == (0, 0)
    search = found.get("search", {})
    words = {*search, *(word for row in search.get("evidence", ()) for word in row)}
    assert {language: quoted(words, text_of(f"docs/user-guide{language}.md")) for language in BOTH} == {
        language: set() for language in BOTH
    }


def test_every_example_is_in_the_readme() -> None:
    """Where it is run; packages have tests of their own."""
    shell = "".join(block.text for block in blocks("sh") if block.page == "README.md")
    assert [path.name for path in sorted((ROOT / "examples").glob("*.*")) if f"examples/{path.name}" not in shell] == []


@pytest.mark.parametrize("document", json_blocks("env", "scene", "plan"))
def test_bodies_are_taken(document: dict[str, Any]) -> None:
    FORMS[kind_of(document)].parse(document)


@pytest.mark.parametrize("document", json_blocks("error"))
def test_errors_have_the_form_shown(document: dict[str, Any]) -> None:
    Error.model_validate(document)


def test_every_json_block_is_known() -> None:
    tried = {*FORMS, "error", "page", "row", "report", "frame run", "frame history", "frame metrics", "frame status"}
    tried |= {"frame event", "frame end", "preview", "previewed"}
    assert {kind_of(json.loads(block.text)) for block in blocks("json")} == tried


def test_answers_and_frames_are_as_shown(service: Service, shop: Shop) -> None:
    plan = {"name": "p", "project_id": service.post("/api/projects/", {"name": "p"}).body["id"]}
    execution = {"thresholds": ["p95 < 9000"], "arrival_rate": 20, "max_vus": 10}
    config = {"target_url": f"{shop.url}/slow", "concurrent_users": 2, "hold_time": 3, "execution_config": execution}
    ident = service.post("/api/performance/plans/", {**plan, "config": config}).body["id"]
    started = service.post(f"/api/performance/plans/{ident}/start/").body
    first = next(frame for frame in service.watch(started["websocket_url"]) if frame["type"] == "metrics")
    frames = {}
    for frame in service.watch(started["websocket_url"]):
        if frame["type"] == "metrics" and "event" not in frames:
            service.post(f"/api/performance/executions/{started['execution_id']}/load/", {"arrival_rate": 30})
        if frame["type"] != "event" or frame["data"]["event"] == "load":
            frames[frame["type"]] = frame
    frames["metrics"] = first
    row = service.get(f"/api/performance/executions/?plan_id={ident}&spark=1").body["results"][0]
    page = service.get(f"/api/performance/reports/?plan_id={ident}").body
    report = service.get(f"/api/performance/reports/{page['results'][0]['id']}/").body
    real: dict[str, Callable[[], Any]] = {"page": lambda: page, "row": lambda: row, "report": lambda: report}
    for block in blocks("json"):
        shown = json.loads(block.text)
        kind, _, frame = kind_of(shown).partition(" ")
        if kind in real:
            assert not_shown(shown, real[kind]()) == [], block.name
        elif kind == "frame":
            assert not_shown(shown, frames[frame]) == [], block.name


@pytest.mark.parametrize("block", blocks("toml"), ids=lambda block: block.name)
def test_settings_files_are_read(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "perfsvc.toml"
    path.write_text(block.text, "utf-8")
    assert load(environ={}, config=path) != load(environ={})


@pytest.mark.parametrize("block", blocks("ini"), ids=lambda block: block.name)
def test_units_start_the_service(block: Block) -> None:
    unit = configparser.ConfigParser()
    unit.optionxform = str  # type: ignore[assignment]  # as the library's own documentation has it
    unit.read_string(block.text)
    program, *words = shlex.split(unit["Service"]["ExecStart"])
    assert Path(program).name == "perfsvc"
    assert make_parser().parse_args(words).command == "serve"


def nginx(block: Block, folder: Path, service: str) -> list[str]:
    """The command that starts nginx with a configuration of the pages, on a socket in a folder."""
    inner = retargeted(block.text, "", service).replace("listen 80;", f"listen unix:{folder}/socket;")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "".join(f"{name}_temp_path {folder}/{name};" for name in kinds)
    user = "user root;" if os.geteuid() == 0 else ""
    path = folder / "nginx.conf"
    path.write_text(
        f"{user} daemon off; pid {folder}/pid; events {{}} http {{ access_log off; {folders}\n{inner}}}", "utf-8"
    )
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    assert program, "nginx is not installed: apt-get install nginx-light"
    return [program, "-e", f"{folder}/errors", "-c", str(path)]


@pytest.mark.parametrize("block", blocks("nginx"), ids=lambda block: block.name)
def test_nginx_passes_on_what_the_service_takes(block: Block, service: Service, tmp_path: Path) -> None:
    """A data file of more than the megabyte that nginx allows by itself."""
    project = service.post("/api/projects/", {"name": "behind nginx"}).body["id"]
    rows = tmp_path / "rows.csv"
    rows.write_text("name\n" + "abcdefghi\n" * 300_000, "utf-8")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        listener.listen()
        handed = {"pass_fds": [listener.fileno()], "env": {**os.environ, "NGINX": f"{listener.fileno()};"}}
        with running(nginx(block, tmp_path, service.url), **handed):
            sent = ["-H", f"Authorization: Bearer {service.token}", "--data-binary", f"@{rows}"]
            address = f"http://localhost/api/datafiles/?project_id={project}&name=rows.csv"
            command = ["curl", "-sS", "--unix-socket", str(tmp_path / "socket"), *sent, address]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stdout)["size"] == rows.stat().st_size
