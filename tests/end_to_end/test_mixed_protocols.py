"""One scene over five protocols: variables flow from one to the next, and one report has all of them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.protocols.grpc_peers import DemoServicer
from tests.protocols.grpc_peers import served
from tests.protocols.servers import Peer
from tests.protocols.servers import ScriptedServer
from tests.protocols.tcp_rig import echoing
from tests.protocols.udp_peers import UdpServer
from tests.protocols.udp_peers import drops
from tests.protocols.websocket_peers import WebSocketServer
from tests.support.outcomes import assert_passed

ITERATIONS = 40
BURST = 25
STEPS = ["log in", "subscribe", "talk", "count", "order", "listen", "leave", "probe"]


async def shop(peer: Peer) -> None:
    """Gives every guest a ticket."""
    number = 0
    while await peer.request():
        number += 1
        body = json.dumps({"ticket": f"t-{peer.number}-{number}"}).encode()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


def scene(tcp: int, grpc: int, udp: int, web: int) -> dict[str, Any]:
    requests: list[dict[str, Any]] = [
        {
            "request": {"url": "/login"},
            "checks": [{"type": "status", "equals": 200}],
            "extract": [{"name": "ticket", "from": "json", "path": "$.ticket"}],
        },
        {"protocol": "websocket", "request": {"url": f"ws://127.0.0.1:{web}/commanded"}},
        {
            "protocol": "websocket",
            "request": {"json": {"say": "{{ticket}}"}, "expect": {"contains": "{{ticket}}"}},
            "checks": [{"type": "regex", "pattern": "^t-[0-9]+-[0-9]+$"}],
        },
        {
            "protocol": "tcp",
            "request": {
                "url": f"tcp://127.0.0.1:{tcp}",
                "text": "{{ticket}}\n",
                "framing": {"type": "delimiter", "text": "\n"},
            },
            "extract": [{"name": "line", "from": "regex", "pattern": "(.*)\n"}],
        },
        {
            "protocol": "grpc",
            "request": {"url": f"grpc://127.0.0.1:{grpc}", "method": "demo.Desk/Say", "message": {"text": "{{line}}"}},
            "checks": [{"type": "status", "equals": 0}, {"type": "contains", "text": "t-"}],
        },
        {"protocol": "websocket", "request": {"json": {"push": 3}, "hold": 0.1}},
        {"protocol": "websocket", "request": {"ping": True, "close": {"code": 4000}}},
        {
            "protocol": "udp",
            "request": {
                "url": f"udp://127.0.0.1:{udp}",
                "text": "....{{ticket}}",
                "sequence": {},
                "count": BURST,
                "wait": 600,
            },
        },
    ]
    return {"name": "day", "steps": [{"name": name, **each} for name, each in zip(STEPS, requests, strict=True)]}


def run(plan: Path, report: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "perfsvc"), "run", str(plan), "--quiet", "--json", str(report)]
    return subprocess.run(command, capture_output=True, text=True, timeout=90)


@pytest.mark.asyncio
async def test_five_protocols_in_one_scene(tmp_path: Path):
    servicer = DemoServicer()
    async with (
        ScriptedServer(shop) as http,
        WebSocketServer() as web,
        ScriptedServer(echoing) as tcp,
        UdpServer(drops(every=10)) as udp,
        served(servicer, "v1") as grpc,
    ):
        plan, report = tmp_path / "plan.json", tmp_path / "report.json"
        config = {"concurrent_users": 4, "hold_time": 60, "execution_config": {"max_iterations": ITERATIONS}}
        day = scene(tcp.port, grpc, udp.port, web.port)
        plan.write_text(json.dumps({"env": {"host": http.url}, "scenes": [day], "config": config}))
        done = await asyncio.to_thread(run, plan, report)
    found = json.loads(report.read_text("utf-8"))
    assert_passed(done.returncode, found)
    assert done.stderr == ""
    steps = {step["name"]: step for step in found["steps"]}
    assert list(steps) == STEPS
    assert {step["requests"] for step in steps.values()} == {ITERATIONS}
    summary = found["summary"]
    assert (summary["total_requests"], summary["iterations"]) == (ITERATIONS * len(STEPS), ITERATIONS)
    assert (summary["error_count"], summary["checks_failed"], summary["checks_passed"]) == (0, 0, 4 * ITERATIONS)
    assert steps["order"]["statuses"] == {"0": ITERATIONS}
    assert steps["leave"]["statuses"] == {"4000": ITERATIONS}
    assert steps["talk"]["counters"] == {"messages_sent": ITERATIONS, "messages_received": ITERATIONS}
    listened = {"messages_sent": ITERATIONS, "messages_received": 3 * ITERATIONS, "pushes": 3 * ITERATIONS}
    assert steps["listen"]["counters"] == listened
    assert steps["leave"]["counters"] == {"pings": ITERATIONS, "close_4000": ITERATIONS}
    assert steps["leave"]["gauges"]["ping_ms"]["count"] == ITERATIONS
    lossy(steps["probe"], udp)
    told = {step["name"]: step for step in found["step_series"]["steps"]}
    for name, step in steps.items():
        assert {each: sum(counts) for each, counts in told[name]["counters"].items()} == step["counters"]
        assert set(told[name]["gauges"]) == set(step["gauges"])


def lossy(step: dict[str, Any], server: UdpServer) -> None:
    """The report counts the loss that the server made."""
    counters = step["counters"]
    assert counters["datagrams_sent"] == server.did["received"] == BURST * ITERATIONS
    assert counters["datagrams_received"] == server.did["answered"]
    assert counters["lost"] == server.did["dropped"] == BURST * ITERATIONS // 10
    assert 9 <= 100 * counters["lost"] / counters["datagrams_sent"] <= 11
    assert set(step["gauges"]) == {"round_trip_ms", "jitter_ms"}
