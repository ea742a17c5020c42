"""Agents on hosts with addresses of their own: one of three is cut off and brought back."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.cluster.netns import NAMES
from tests.cluster.netns import Cables
from tests.cluster.netns import Machines
from tests.cluster.netns import Relays
from tests.cluster.netns import cut_off_and_brought_back
from tests.support import namespaces
from tests.support.nginx import Nginx


@pytest.fixture
def standing() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def parts_of(network: namespaces.Network) -> set[str]:
    """What this thread finds of a network: interfaces and namespaces."""
    names = [name for _, name in socket.if_nameindex()] + [space.name for space in Path("/run/netns").glob("*")]
    return {name for name in names if name.startswith(network.key)}


def fail_in_a_network(made: list[namespaces.Network]) -> None:
    with namespaces.Network(("a", "b")) as network:
        made.append(network)
        assert len(parts_of(network)) == 5
        network.cut("a")
        raise ZeroDivisionError


def test_a_network_is_taken_down_also_when_something_fails() -> None:
    """Where none may be made, that is what fails."""
    failures = (ZeroDivisionError,) if namespaces.available() else (OSError, subprocess.CalledProcessError)
    made: list[namespaces.Network] = []
    with pytest.raises(failures):
        fail_in_a_network(made)
    assert [parts_of(network) for network in made] == [set()] * len(made)


def test_the_network_of_this_machine_does_not_change() -> None:
    """Where none may be made, it cannot."""
    home = namespaces.OWN_SPACE.readlink()
    with ThreadPoolExecutor(1) as stayed:
        before = stayed.submit(socket.if_nameindex).result()
        with namespaces.Network(("a",)) if namespaces.available() else nullcontext():
            assert stayed.submit(socket.if_nameindex).result() == before
    assert namespaces.OWN_SPACE.readlink() == home


def test_one_of_three_hosts_is_cut_off_and_brought_back(tmp_path: Path, standing: ExitStack) -> None:
    """Where this process may not make networks, the same with relays between agents and server."""
    wires = standing.enter_context(Cables()) if namespaces.available() else Relays(standing)
    (tmp_path / "nginx").mkdir()
    nginx = standing.enter_context(Nginx(tmp_path / "nginx", host=wires.address))
    report = cut_off_and_brought_back(Machines(tmp_path, wires, standing), nginx)
    if isinstance(wires, Cables):
        assert {line.client for line in nginx.log()} == set(wires.hosts.values())
        assert {row["node"]: row["host"] for row in report["nodes"]} == {
            **{name: name for name in NAMES}, "north~2": "north",
        }  # fmt: skip
