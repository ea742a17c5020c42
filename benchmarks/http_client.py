"""The HTTP plugin alone, without an engine around it, beside wrk: how much of the budget the client takes.

``python -m benchmarks.http_client`` compares; with a URL and a scene it is the load that is compared.
"""

from __future__ import annotations

import sys
from functools import partial

from benchmarks.closed_loop import USERS
from benchmarks.closed_loop import Step
from benchmarks.closed_loop import contender
from benchmarks.closed_loop import measured
from benchmarks.closed_loop import plugin
from benchmarks.http_peers import wrk
from benchmarks.rounds import TARGET_CORE
from benchmarks.rounds import compare
from benchmarks.target import nginx
from perfsvc.event_loop import run_on_loop
from perfsvc.plugin import ReplyParts
from perfsvc_protocols.http import HttpProtocol

SCENES: dict[str, list[Step]] = {
    "one step": [({"url": "/"}, ReplyParts())],
    "template": [({"url": "/item/{{$randomInt(1,9)}}"}, ReplyParts())],
    "body read": [({"url": "/"}, ReplyParts(body=True))],
    "two steps": [
        ({"url": "/"}, ReplyParts()),
        ({"url": "/", "headers": {"X-Step": "2"}}, ReplyParts(headers=True, body=True)),
    ],
}


def main() -> None:
    """Every scene beside wrk."""
    with nginx(core=TARGET_CORE) as url:
        for scene in SCENES:
            ours = contender(f"plugin, {scene}", "benchmarks.http_client", url, scene)
            compare(f"HTTP plugin: {scene}, {USERS} connections", [ours, wrk(url + "/")], rounds=3)


if __name__ == "__main__":
    match sys.argv[1:]:
        case [url, scene]:
            print(run_on_loop(measured(partial(plugin, HttpProtocol, url, SCENES[scene]))))
        case _:
            main()
