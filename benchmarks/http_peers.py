"""HTTP: perfsvc beside wrk, hey and Locust, one core each, against the same nginx."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.rounds import BIN
from benchmarks.rounds import SECONDS
from benchmarks.rounds import TARGET_CORE
from benchmarks.rounds import Contender
from benchmarks.rounds import compare
from benchmarks.target import nginx

HERE = Path(__file__).parent
USERS = 50
LOCUST = HERE.parent / ".venv-bench" / "bin" / "locust"


def perfsvc(*arguments: str) -> Contender:
    """``perfsvc run`` with these arguments."""
    command = [str(BIN / "perfsvc"), "run", *arguments, "-u", str(USERS), "-d", f"{SECONDS}s", "--json", "-", "-q"]
    return Contender("perfsvc", command, lambda out: float(json.loads(out)["summary"]["throughput"]))


def wrk(url: str) -> Contender:
    """wrk with one thread."""
    command = ["wrk", "-t1", f"-c{USERS}", f"-d{SECONDS}s", url]
    return Contender("wrk -t1", command, lambda out: float(re.search(r"Requests/sec:\s*([\d.]+)", out)[1]))  # type: ignore[index]


def hey(url: str) -> Contender:
    """hey on one processor."""
    command = ["hey", "-cpus", "1", "-c", str(USERS), "-z", f"{SECONDS}s", url]
    return Contender("hey -cpus 1", command, lambda out: float(re.search(r"Requests/sec:\s*([\d.]+)", out)[1]))  # type: ignore[index]


def locust(url: str, scene: str) -> Contender:
    """Locust's FastHttpUser."""
    command = [str(LOCUST), "-f", str(HERE / "locustfile.py"), scene, "--headless", "--json", "--host", url]
    command += ["-u", str(USERS), "-r", str(USERS), "-t", f"{SECONDS}s", "--loglevel", "ERROR"]
    return Contender(f"Locust {scene}", command, locust_rate)


def locust_rate(output: str) -> float:
    """Requests over the time between the first start and the last reply."""
    rows = json.loads(output[output.index("[") :])
    began, ended = min(row["start_time"] for row in rows), max(row["last_request_timestamp"] for row in rows)
    return float(sum(row["num_requests"] for row in rows) / (ended - began))


def main() -> None:
    """Single GET with a status check; a scene of three steps; GET over TLS."""
    if shutil.which("wrk") is None or not LOCUST.exists():
        raise SystemExit("run this through make bench, which installs what is compared")
    with nginx(core=TARGET_CORE) as url:
        contenders = [perfsvc(url + "/", "--status", "200"), wrk(url + "/"), hey(url + "/"), locust(url, "PlainGet")]
        compare("GET with status check, 50 connections", contenders)
        with shop_plan(url) as plan:
            compare("Scene of three steps, 50 users", [perfsvc(plan), locust(url, "Shop")])
    with nginx(core=TARGET_CORE, tls=True) as url:
        secure = [perfsvc(url + "/", "--status", "200", "--insecure"), wrk(url + "/")]
        compare("GET over TLS with status check, 50 connections", secure)


@contextmanager
def shop_plan(url: str) -> Iterator[str]:
    """The plan of the scene, for this target."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write((HERE / "shop.yaml").read_text().replace("http://127.0.0.1:8080", url))
        file.flush()
        yield file.name
