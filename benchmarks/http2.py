"""HTTP/2 over TLS: perfsvc, and its plugin alone, beside h2load, with one stream on each of 50 connections.

``python -m benchmarks.http2`` compares; with a URL it is the load that is compared.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from benchmarks.closed_loop import USERS
from benchmarks.closed_loop import contender
from benchmarks.closed_loop import measured
from benchmarks.closed_loop import plugin
from benchmarks.http_peers import perfsvc
from benchmarks.rounds import SECONDS
from benchmarks.rounds import TARGET_CORE
from benchmarks.rounds import Contender
from benchmarks.rounds import compare
from benchmarks.target import nginx
from perfsvc.event_loop import run_on_loop
from perfsvc.plugin import ReplyParts
from perfsvc_protocols.http import HttpProtocol

OPTIONS = {"http_version": "2", "verify": False}


@contextmanager
def plan(url: str) -> Iterator[str]:
    """A plan of one request with a check of its status; gives the path of its file."""
    step = {"name": "get", "request": {"url": "/"}, "checks": [{"type": "status", "equals": 200}]}
    config = {"execution_config": {"protocol_options": {"http": OPTIONS}}}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        scenes = [{"name": "get", "steps": [step]}]
        json.dump({"name": "http2", "env": {"host": url}, "scenes": scenes, "config": config}, file)
        file.flush()
        yield file.name


def h2load(url: str) -> Contender:
    """h2load with one stream on each connection."""
    command = ["h2load", f"-c{USERS}", "-m1", f"-D{SECONDS}", f"{url}/"]
    return Contender("h2load -m1", command, lambda out: float(re.search(r"finished in .*, ([\d.]+) req/s", out)[1]))  # type: ignore[index]


def main() -> None:
    """perfsvc, its plugin, and h2load."""
    if shutil.which("h2load") is None:
        raise SystemExit("run this through make bench, which installs what is compared")
    with nginx(core=TARGET_CORE, http2=True) as url, plan(url) as path:
        ours = contender("plugin alone", "benchmarks.http2", url)
        compare(f"GET over HTTP/2 and TLS, {USERS} connections, one stream each", [perfsvc(path), h2load(url), ours])


if __name__ == "__main__":
    match sys.argv[1:]:
        case [url]:
            print(run_on_loop(measured(partial(plugin, HttpProtocol, url, [({"url": "/"}, ReplyParts())], **OPTIONS))))
        case _:
            main()
