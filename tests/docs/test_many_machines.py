"""The page on many machines: its commands with a server and two agents, its units, its manifests."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from perfsvc.cli.commands import make_parser
from perfsvc.cluster.certificates import Credentials
from perfsvc.settings import load
from tests.docs.docs_shell import DocsShell
from tests.docs.pages import DOCUMENTED_TARGET
from tests.docs.pages import ROOT
from tests.docs.pages import blocks_of
from tests.support.ports import free_port
from tests.support.processes import stop
from tests.support.service import BIN
from tests.support.service import Service
from tests.support.shop import Shop
from tests.support.waiting import wait_until

PAGE = "docs/distributed.md"
SHELL = [block.text for block in blocks_of(PAGE) if block.language == "sh"]
DEPLOY = ROOT / "examples" / "deploy"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
JOIN_LIMIT_S = 90


def typed(word: str) -> list[str]:
    """The lines that begin with a command."""
    return [line for text in SHELL for line in text.splitlines() if line.startswith(word)]


def test_every_command_is_tried_below() -> None:
    tried = [*typed("perfsvc run "), *typed("perfsvc certs "), *typed("perfsvc serve "), *typed("perfsvc worker ")]
    assert sorted([*tried, *typed("api ")]) == sorted(line for text in SHELL for line in text.splitlines())


def test_on_one_machine(shell_without_service: DocsShell) -> None:
    (command,) = typed("perfsvc run ")
    done = shell_without_service.type(command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.findall(r"^central-(\d)", done.stdout, re.MULTILINE) == ["1", "2"]


def test_the_plan_shown_is_the_example() -> None:
    (shown,) = [block.text for block in blocks_of(PAGE) if block.language == "yaml"]
    assert yaml.safe_load(shown) == yaml.safe_load((ROOT / "examples" / "central.yaml").read_text())


class Machines:
    """A server and two agents, started as the page says, with ports that are free."""

    def __init__(self, folder: Path, standing: ExitStack) -> None:
        self._folder = folder
        (serve,), (self._worker,) = typed("perfsvc serve "), typed("perfsvc worker ")
        self.certs(typed("perfsvc certs ")[0])
        shutil.copytree(folder / "data" / "certs" / "agent", folder / "agent")
        port = free_port()
        flags = make_parser().parse_args(shlex.split(serve)[1:])
        assert flags.set_dask_scheduler == "0.0.0.0:8786"
        self.service = standing.enter_context(Service(folder / flags.set_data_dir, dask_scheduler=f"127.0.0.1:{port}"))
        for number in (1, 2):
            standing.callback(stop, self._start_agent(f"machine-{number}", port))

    def certs(self, command: str) -> None:
        subprocess.run([BIN, *shlex.split(command)[1:]], cwd=self._folder, check=True, timeout=30, capture_output=True)

    def node(self, name: str) -> dict[str, Any]:
        return dict(self.service.get(f"/api/nodes/{name}/").body)

    def wait_for(self, name: str, state: str) -> None:
        try:
            wait_until(lambda: self.node(name).get("state") == state, f"{name} {state}", limit_s=JOIN_LIMIT_S)
        except AssertionError as error:
            error.add_note((self._folder / "agents.log").read_text())
            raise

    def _start_agent(self, name: str, port: int) -> subprocess.Popen[bytes]:
        moved = self._worker.replace("load.example.com:8786", f"127.0.0.1:{port}").replace("machine-1", name)
        with (self._folder / "agents.log").open("ab") as log:
            return subprocess.Popen([BIN, *shlex.split(moved)[1:]], cwd=self._folder, stdout=log, stderr=log)


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    with ExitStack() as standing:
        yield Machines(tmp_path_factory.mktemp("machines"), standing)


def test_a_run_on_two_agents(machines: Machines, shop: Shop) -> None:
    for name in ("machine-1", "machine-2"):
        machines.wait_for(name, "ready")
    (shown,) = [block.text for block in blocks_of(PAGE) if block.language == "json"]
    config = json.loads(shown.replace(DOCUMENTED_TARGET, shop.url))
    service = machines.service
    project = service.post("/api/projects/", {"name": "many"}).body["id"]
    plan = service.post("/api/performance/plans/", {"name": "many", "project_id": project, "config": config}).body
    started = service.post(f"/api/performance/plans/{plan['id']}/start/").body
    frames = list(service.watch(started["websocket_url"]))
    ended = frames[-1]["data"]
    assert (ended["status"], ended["verdict"]["state"]) == ("completed", "NO_THRESHOLDS")
    seconds = [frame["data"] for frame in frames if frame["type"] == "metrics"]
    assert {node["name"] for second in seconds for node in second["nodes"]} == {"machine-1", "machine-2"}
    (kept,) = service.get(f"/api/performance/reports/?plan_id={plan['id']}").body["results"]
    report = service.get(f"/api/performance/reports/{kept['id']}/").body
    assert [(node["node"], node["share"], node["losses"]) for node in report["nodes"]] == [
        ("machine-1", 50.0, []), ("machine-2", 50.0, []),
    ]  # fmt: skip
    assert sum(node["requests"] for node in report["nodes"]) == report["summary"]["total_requests"] > 0


def test_nodes_are_looked_at_and_drained_as_shown(machines: Machines, tmp_path: Path, shop: Shop) -> None:
    machines.wait_for("machine-1", "ready")
    wait_until(lambda: machines.node("machine-1")["history"], "a reading of machine-1")
    api = f'export TOKEN={machines.service.token}\napi() {{ curl -sS -H "Authorization: Bearer $TOKEN" "$@"; echo; }}\n'
    done = DocsShell(tmp_path, shop.url, machines.service.url).type(api + "\n".join(typed("api ")))
    assert done.returncode == 0, done.stdout + done.stderr
    listed, one, drained, back = map(json.loads, done.stdout.splitlines())
    assert [node["name"] for node in listed["results"]] == ["local", "machine-1", "machine-2"]
    assert len(one["history"]) >= 1
    assert (drained["state"], back["state"]) == ("draining", "ready")
    text = (ROOT / PAGE).read_text("utf-8")
    assert [name for name in one if f"`{name}`" not in text] == []


def test_certificates_are_renewed_and_checked_as_shown(machines: Machines) -> None:
    for command in typed("perfsvc certs ")[1:]:
        machines.certs(command)


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_units(path: Path, tmp_path: Path) -> None:
    unit = configparser.ConfigParser(interpolation=None, comment_prefixes=("#",))
    unit.optionxform = str  # type: ignore[assignment,method-assign] # names are of either case
    unit.read(path)
    words = shlex.split(unit["Service"]["ExecStart"])
    assert words[0] == "/opt/perfsvc/.venv/bin/perfsvc"
    make_parser().parse_args(words[1:])
    if words[1] == "serve":  # else agents that it started are ended with it, before their runs are closed
        assert unit["Service"]["KillMode"] == "mixed"
    assert unit["Install"]["WantedBy"] == "multi-user.target"
    if shutil.which("systemd-analyze"):
        name = path.name.replace("@", "@1")
        (tmp_path / name).write_text(path.read_text().replace(words[0], str(BIN)))
        verified = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", name],
            cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, "TERM": "dumb"},
        )  # fmt: skip
        assert name.split("@")[0] not in verified.stderr, verified.stderr


def test_the_settings_file_is_one() -> None:
    settings = load({}, {}, DEPLOY / "perfsvc.toml")
    assert (settings.dask_scheduler, str(settings.data_dir)) == ("0.0.0.0:8786", "/var/lib/perfsvc")


def documents() -> list[tuple[str, dict[str, Any]]]:
    return [(path.name, document) for path in MANIFESTS for document in yaml.safe_load_all(path.read_text())]


def pods(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The specs of pods in a document."""
    spec = document["spec"]
    if document["kind"] == "DaskCluster":
        return [spec["scheduler"]["spec"], spec["worker"]["spec"]]
    return [spec["template"]["spec"]] if document["kind"] == "Deployment" else []


@pytest.mark.parametrize(("name", "document"), documents())
def test_manifests(name: str, document: dict[str, Any]) -> None:
    assert {"apiVersion", "kind", "metadata", "spec"} <= document.keys()
    for pod in pods(document):
        assert pod["enableServiceLinks"] is False  # else the service finds PERFSVC_PORT=tcp://...
        (container,) = pod["containers"]
        chosen = make_parser().parse_args(container["args"])
        mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        assert mounts.keys() == {volume["name"] for volume in pod["volumes"]}
        if chosen.command == "serve":
            served = {name: value for name, value in vars(chosen).items() if name.startswith("set_") and value}
            load({name.removeprefix("set_"): value for name, value in served.items()}, {})
            assert (mounts["server"], mounts["agent"]) == ("/certs/server", "/certs/agent")
            assert chosen.set_certs_dir == "/certs"
        else:
            assert (chosen.command, str(chosen.certs)) == ("worker", mounts["agent"])
        secrets = [volume["secret"] for volume in pod["volumes"] if "secret" in volume]
        assert {secret["defaultMode"] for secret in secrets} == {0o400}


def test_selectors_find_their_pods() -> None:
    for _, document in documents():
        if document["kind"] == "Deployment":
            labels = document["spec"]["template"]["metadata"]["labels"]
            assert document["spec"]["selector"]["matchLabels"] == labels


def test_secrets_hold_the_files_that_are_looked_for() -> None:
    names = [path.name for path in Credentials.of(Path())]
    assert names == ["ca.crt", "tls.crt", "tls.key"]


def test_the_containerfile_copies_what_the_build_needs_and_nothing_else(tmp_path: Path) -> None:
    lines = [line.split() for line in (DEPLOY / "Containerfile").read_text().splitlines() if line[0] != "#"]
    assert [line[0] for line in lines] == ["FROM", "COPY", "COPY", "COPY", "RUN", "USER", "WORKDIR", "ENTRYPOINT"]
    copied = [name for line in lines if line[0] == "COPY" for name in line[1:-1]]
    assert copied == ["setup.py", "pyproject.toml", "requirements.lock", "perfsvc", "plugins"]
    for name in copied:
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, tmp_path / name)
    build = [sys.executable, "setup.py", "-q", "build", "--build-base", "out"]
    subprocess.run(build, cwd=tmp_path, check=True, timeout=120, capture_output=True)
    built = {path.relative_to(tmp_path / "out/lib") for path in (tmp_path / "out/lib").rglob("*.py")}
    assert {Path("perfsvc/cli/commands.py"), Path("perfsvc_protocols/http/__init__.py")} <= built
