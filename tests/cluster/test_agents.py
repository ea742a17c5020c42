"""Agents as the controller knows them: their clocks, and whether they are fit for a run."""

from __future__ import annotations

import json
import platform
import subprocess
import sys

import msgspec
import pytest

from perfsvc import __version__
from perfsvc.cluster.dask import messages
from perfsvc.cluster.dask.address import address_of
from perfsvc.cluster.dask.address import host_and_port
from perfsvc.cluster.dask.address import local_address
from perfsvc.cluster.dask.agents import DASK
from perfsvc.cluster.dask.agents import Agent
from perfsvc.cluster.dask.messages import Hello
from perfsvc.cluster.dask.messages import Pong
from perfsvc.errors import StartupError
from perfsvc.model.data import Grant
from perfsvc.model.run import RunSpec
from perfsvc.model.scene import RequestStep
from perfsvc.model.window import Snapshot
from tests.cluster.rig import spec_of

NEEDED = {"http": "perfsvc 0.1.0"}
FIT = Hello(name="a", host="h", pid=1, version=__version__, python=platform.python_version(), dask=DASK, plugins=NEEDED)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, None),
        ({"version": "0.0.9"}, f"a has perfsvc 0.0.9, the server {__version__}"),
        ({"python": "3.10.1"}, f"a has Python 3.10.1, the server {platform.python_version()}"),
        ({"dask": "2020.1"}, f"a has Dask 2020.1, the server {DASK}"),
        ({"plugins": {}}, "a: the protocol http needs perfsvc 0.1.0, there is none"),
        ({"plugins": {"http": "other 2"}}, "a: the protocol http needs perfsvc 0.1.0, there is other 2"),
    ],
)
def test_which_agents_are_fit(changes: dict[str, object], told: str | None) -> None:
    unfit = Agent("tls://x:1", msgspec.structs.replace(FIT, **changes), 0, 0.0).unfit(NEEDED)
    assert (unfit and unfit.en) == told
    assert unfit is None or unfit.zh != unfit.en


def test_the_shortest_round_trip_gives_the_clock_offset() -> None:
    agent = Agent("tls://x:1", FIT, 0, 0.0)
    assert not agent.measured
    for sent, took, noise in ((0, 10_000_000, 4_000_000), (20, 200_000, 0), (40, 9_000_000, -3_000_000)):
        there = sent + took // 2 + noise + 7_000_000_000
        agent.on_pong(Pong(sent_ns=sent, clock_ns=there), sent + took)
    assert agent.ahead_ns == 7_000_000_000
    for sent in range(30):
        agent.on_pong(Pong(sent_ns=sent, clock_ns=sent + 8_000_000_000), sent)
    assert agent.measured
    assert agent.ahead_ns == 8_000_000_000  # clocks drift: only the latest count


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0.0.0.0:8786", ("0.0.0.0", 8786)),
        ("tls://load.example.com:1", ("load.example.com", 1)),
        ("[::1]:7", ("::1", 7)),
    ],
)
def test_addresses(text: str, found: tuple[str, int]) -> None:
    assert host_and_port(text) == found


@pytest.mark.parametrize("wrong", ["", "8786", "host", "host:x", "host:70000", "http://host:1", "tls://host:1/path"])
def test_what_is_no_address(wrong: str) -> None:
    with pytest.raises(StartupError):
        host_and_port(wrong)


def test_where_agents_of_this_machine_go() -> None:
    assert local_address("0.0.0.0:0", 5) == "tls://127.0.0.1:5"
    assert local_address("[::]:0", 5) == "tls://[::1]:5"
    assert local_address("10.0.0.1:0", 5) == address_of("10.0.0.1", 5) == "tls://10.0.0.1:5"


def test_messages_arrive_as_they_were_sent_and_others_do_not() -> None:
    snapshot = Snapshot(node="a", seq=1, second=2, elapsed=3.0, span_ns=4, vus=5, planned_vus=6)
    grant = Grant(lease=3, rows=[{"user": "甲", "n": 1.5}])
    told, granted = (
        messages.SnapshotReport(assignment="r/a", snapshot=snapshot),
        messages.GrantRows(assignment="r/a", grant=grant),
    )
    assert messages.decode_report(messages.encode(told)) == told
    assert messages.decode_command(messages.encode(granted)) == granted
    for wrong in (
        b"",
        b"\xc1",
        messages.encode({"type": "SnapshotReport", "assignment": 1}),
        messages.encode({"type": "Who"}),
    ):
        with pytest.raises(msgspec.MsgspecError):
            messages.decode_report(wrong)
    with pytest.raises(msgspec.MsgspecError):
        messages.decode_command(messages.encode(told))


def test_dask_is_imported_only_when_a_run_needs_it() -> None:
    code = "import sys, perfsvc.app, perfsvc.cli.headless; print({'dask', 'distributed'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "set()"


def test_a_run_arrives_as_it_was_sent_what_was_left_out_left_out() -> None:
    steps = [
        {
            "name": "get",
            "request": {"url": "/"},
            "checks": [
                {"type": "json", "path": "$.a", "exists": True},
                {"type": "json", "path": "$.b", "equals": None},
            ],
            "extract": [
                {"name": "a", "from": "json", "path": "$.a"},
                {"name": "b", "from": "json", "path": "$.b", "default": None},
            ],
        }
    ]
    sent = spec_of("http://h", users=1, scene={"steps": steps})
    arrived = RunSpec.parse(json.loads(sent.model_dump_json(by_alias=True)))
    assert arrived == sent
    for ours, theirs in zip(sent.scenes[0].scene.walk(), arrived.scenes[0].scene.walk(), strict=True):
        assert isinstance(ours, RequestStep)
        assert isinstance(theirs, RequestStep)
        for one, other in zip((*ours.checks, *ours.extract), (*theirs.checks, *theirs.extract), strict=True):
            assert one.model_fields_set == other.model_fields_set
