"""The commands of the pages, typed in order into one shell for each page, against a real service and a real target."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.docs.docs_shell import DocsShell
from tests.docs.pages import ROOT
from tests.docs.pages import Block
from tests.docs.pages import blocks
from tests.docs.pages import blocks_of
from tests.support.processes import running
from tests.support.service import BIN
from tests.support.service import Service
from tests.support.shop import Shop

MAKE = re.compile(r"make (\w+)\n")
SERVE = re.compile(r"perfsvc serve .*\n")
SHOP = ".venv/bin/python examples/shop.py\n"
(BACKUP,) = [block.text for block in blocks_of("docs/operations.md") if "backup.db" in block.text]
KNOWN = re.compile(r"(\. \.venv/bin/activate$|(perfsvc|api|curl|python3?|cp|export|field\(\)|api\(\)) |[A-Z_]+=|  )")
"""How a line may begin that is typed into the shell; what continues a line is indented."""


def typed(page: str) -> str:
    """What is typed for a page: all but what builds and starts the product or the shop, which have their own tests."""
    shell = [block.text for block in blocks_of(page) if block.language == "sh"]
    return "".join(text for text in shell if not is_started(text))


def is_started(text: str) -> bool:
    """Whether a block builds or starts the product or the shop."""
    return text == SHOP or any(pattern.fullmatch(text) for pattern in (MAKE, SERVE))


@pytest.mark.parametrize("block", blocks("sh"), ids=lambda block: block.name)
def test_every_command_is_one_that_is_tried(block: Block) -> None:
    if is_started(block.text):
        return
    unknown = [line for line in block.text.splitlines() if line and not KNOWN.match(line)]
    assert unknown == []


@pytest.mark.parametrize("block", [block for block in blocks("sh") if MAKE.fullmatch(block.text)], ids=lambda b: b.name)
def test_make_knows_its_targets(block: Block) -> None:
    target = block.text.split()[1]
    dry = subprocess.run(
        ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert (dry.returncode, dry.stderr) == (0, "")


def test_readme(shell: DocsShell, shop: Shop) -> None:
    done = shell.type(typed("README.md"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search("completed NO_THRESHOLDS (VALID|SUSPECT|INVALID): 0 of ", done.stdout)
    assert json.loads(done.stdout.splitlines()[-1])["results"][0]["summary"]["error_count"] == 0
    assert json.loads((shell.folder / "report.json").read_text())["summary"]["error_count"] == 0
    assert {"/", "/items", "/login", "/cart"} <= shop.paths


def test_other_tools(shell_without_service: DocsShell) -> None:
    done = shell_without_service.type(typed("docs/other-tools.md"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^\d+(\.\d+)?$", done.stdout.splitlines()[-1])


def test_user_guide(shell_without_service: DocsShell) -> None:
    done = shell_without_service.type(typed("docs/user-guide.md"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "POST /cart" in done.stdout
    assert '"name": "http"' in done.stdout


def test_api(shell: DocsShell) -> None:
    done = shell.type(typed("docs/api.md"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert [word for word in ("paused", "running", "stopped") if f'"status":"{word}"' not in done.stdout] == []


def test_operations(shell: DocsShell) -> None:
    done = shell.type(typed("docs/operations.md"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert (shell.folder / "backup.db").stat().st_size > 0
    assert (shell.folder / "backup.key").stat().st_mode & 0o077 == 0
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    metrics = set(re.findall(r"^# TYPE (\w+)", done.stdout, re.MULTILINE))
    assert metrics == set(re.findall(r"`((?:perfsvc|process)_\w+)`", page))


def test_a_backup_is_restored_and_shrunk_as_described(shell: DocsShell, service: Service, tmp_path: Path) -> None:
    made = service.post("/api/projects/", {"name": "kept"}).body
    secrets = {"variables": {"key": "s3cret-value"}, "secret_variables": ["key"]}
    env = {"name": "sealed", "project_id": made["id"], "host": "http://127.0.0.1:1", **secrets}
    assert service.post("/api/envs/", env).status == 201
    done = shell.type(BACKUP)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    shutil.copy(shell.folder / "backup.db", folder / "perfsvc.db")
    shutil.copy(shell.folder / "backup.key", folder / "secret.key")
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    (shrink,) = re.findall(r"`(python3 -c [^`]*VACUUM[^`]*)`", page)
    subprocess.run(["bash", "-c", shrink], cwd=tmp_path, check=True, timeout=30)
    with Service(folder) as restored:
        restored.token = service.token
        assert made["id"] in [project["id"] for project in restored.get("/api/projects/?page_size=100").body["results"]]
        found = restored.get(f"/api/envs/?project_id={made['id']}&q=sealed").body["results"]
        assert [env["variables"] for env in found] == [{"key": "******"}]


def test_the_service_starts_as_shown(tmp_path: Path) -> None:
    (shown,) = [block.text for block in blocks("sh") if SERVE.fullmatch(block.text)]
    words = shlex.split(shown.replace("--port 8000", "--port 0").replace("./data", "./other"))
    with running([str(BIN), *words[1:]], cwd=tmp_path, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline(), process.stdout.readline()]
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=30)
    assert "admin" in lines[0]
    assert lines[1].startswith("perfsvc: http://127.0.0.1:")
    assert (process.returncode, rest) == (0, "")
