"""Sends a started service whatever its own description allows and forbids: as administrator, then as viewer.

``fuzz.py [CASES]``: schemathesis makes at least so many requests in each role. Any 5xx, undocumented status or response
unlike its description is an error. schemathesis has an environment of its own, ``.venv-fuzz``.
"""

from __future__ import annotations

import math
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.service import PASSWORD  # noqa: E402
from tests.support.service import Service  # noqa: E402

SCHEMATHESIS = ROOT / ".venv-fuzz" / "bin" / "schemathesis"
CASES = 3_000
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
NOWHERE = "127.66.66.0/24"
"""The only targets that are allowed: nothing listens there."""
LEFT_OUT = ("/api/users/logout/", "/api/users/me/password/")
"""They end the session that the requests are made with."""
ROLES = ("admin", "viewer")
RUN = "/api/performance/executions/{execution_id}"
WITH_TUPLES = (f"{RUN}/distribution/", f"{RUN}/heatmap/")
"""Their responses have tuples, whose schema this version of schemathesis takes for invalid."""
SCENES = ("/api/scenes/", "/api/scenes/{scene_id}/", "/api/scenes/try/")
"""Their bodies are nested without end: it takes schemathesis many seconds to make one up."""
OF_SCENES = 6
"""Examples of each of these."""
WITHOUT_INPUT = 1.6
"""Operations without input have one request each; the others make up for it."""
GENERATED = re.compile(r"(\d+) generated")


def fill(service: Service) -> None:
    """One of each kind, so that the first ids exist; ``viewer`` sees the project and may change nothing."""
    person = {"username": "viewer", "email": "v@example.com", "password": PASSWORD}
    viewer = made(service, "/api/users/register/", person)
    project = made(service, "/api/projects/", {"name": "shop"})
    made(service, f"/api/projects/{project}/members/", {"user_id": viewer, "role": "viewer"})
    env = made(service, "/api/envs/", {"project_id": project, "name": "test", "host": "http://127.66.66.66:9"})
    steps = [{"name": "page", "request": {"url": "/"}}]
    scene = made(service, "/api/scenes/", {"project_id": project, "name": "buy", "steps": steps})
    config = {"env_id": env, "concurrent_users": 1, "hold_time": 1}
    plan = {"name": "load", "project_id": project, "scenes": [{"scene_id": scene}], "config": config}
    made(service, "/api/performance/plans/", plan)
    preset = {"project_id": project, "name": "usual", "config_type": "concurrent", "config_data": {"vus": 1}}
    made(service, "/api/performance/presets/", preset)


def made(service: Service, path: str, body: dict[str, Any]) -> Any:
    """Make something; return its id, where it has one."""
    answer = service.post(path, body)
    if answer.status not in {200, 201}:
        raise SystemExit(f"{path}: {answer}")
    return answer.body.get("id")


class Pass(NamedTuple):
    """The exit code of one run of schemathesis, and how many requests it made up."""

    code: int
    cases: int


def fuzzed(
    service: Service, token: str, examples: int, seed: int, folder: Path, only: str, paths: Iterable[str]
) -> Pass:
    """Run schemathesis on the operations of ``paths``, or all others."""
    command = [
        str(SCHEMATHESIS), "run", f"{service.url}/api/openapi.json",
        "--checks", CHECKS, "--continue-on-failure", "--phases", "fuzzing", "--suppress-health-check", "all",
        "--max-examples", str(examples), "--seed", str(seed), "--no-shrink",
        "--header", f"Authorization: Bearer {token}", "--report-dir", str(folder), "--warnings", "off",
        *(word for path in paths for word in (only, path)),
    ]  # fmt: skip
    # No shell; the arguments are our own.
    done = subprocess.run(command, check=False, cwd=folder, stdout=subprocess.PIPE, text=True)  # noqa: S603
    print(done.stdout, flush=True)
    found = GENERATED.search(done.stdout)
    return Pass(done.returncode, int(found[1]) if found else 0)


def fuzz(role: str, cases: int, folder: Path) -> int:
    """One role, with a service of its own."""
    service = Service(folder / "data", target_allow=NOWHERE, access_token_ttl="86400")  # noqa: S106 - seconds
    try:
        fill(service)
        token = service.post("/api/users/login/", {"username": role, "password": PASSWORD}).body["token"]
        passes = list(passes_of(service, token, cases, folder))
        made = sum(each.cases for each in passes)
        print(f"{role}: {made} requests", flush=True)
        return max(made < cases, *(each.code for each in passes))
    finally:
        service.end()
        failures = [line for line in (folder / "service.log").read_text().splitlines() if " ERROR " in line]
        print(*failures[:20], sep="\n")


def passes_of(service: Service, token: str, cases: int, folder: Path) -> Iterator[Pass]:
    """Runs of schemathesis, each with a seed of its own, until there were so many requests."""
    operations = sum(len(methods) for methods in service.get("/api/openapi.json").body["paths"].values())
    others = (*LEFT_OUT, *WITH_TUPLES, *SCENES)
    scenes = fuzzed(service, token, OF_SCENES, 1, folder, "--include-path", SCENES)
    yield scenes
    missing = cases - scenes.cases
    for seed in count(1):
        examples = math.ceil(WITHOUT_INPUT * missing / (operations - len(others)))
        made = fuzzed(service, token, examples, seed, folder, "--exclude-path", others)
        yield made
        missing -= made.cases
        if missing <= 0 or not made.cases:
            return


def main(cases: int) -> int:
    """All roles."""
    worst = 0
    for role in ROLES:
        with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
            worst = max(worst, fuzz(role, cases, Path(name)))
    return worst


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else CASES))
