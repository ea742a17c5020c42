"""Certificates of an environment: each protocol uses them where the plan's own options name none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import grpc
import pytest

from perfsvc.cli.commands import main
from perfsvc.engine.masking import Masker
from perfsvc.engine.protocol_options import options_of
from perfsvc.engine.resolver import Resolver
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.engine.scene_trial import SceneTrial
from perfsvc.engine.scene_trial import TrialSurroundings
from perfsvc.model.certificates import Certificates
from perfsvc.model.run import RunFiles
from perfsvc.model.run import Target
from perfsvc.model.scene import SceneSpec
from perfsvc.plugin.protocol import Protocol
from perfsvc_protocols.grpc import GrpcProtocol
from perfsvc_protocols.http import HttpProtocol
from perfsvc_protocols.tcp import TcpProtocol
from perfsvc_protocols.udp import UdpProtocol
from perfsvc_protocols.websocket import WebSocketProtocol
from tests.protocols.grpc_peers import PROTOS
from tests.protocols.grpc_peers import DemoServicer
from tests.protocols.grpc_peers import served
from tests.support.certificates import Authority
from tests.support.nginx import Nginx

OURS = Certificates(ca="our ca", certificate="-----BEGIN ours", key="-----BEGIN our key")
OURS_GIVEN = OURS.model_dump()


@pytest.fixture
def issued(authority: Authority) -> Certificates:
    certificate, key = (path.read_text() for path in authority.issue("client.example"))
    return Certificates(ca=authority.ca_pem, certificate=certificate, key=key)


async def tried(
    protocol: type[Protocol], target: Target, request: dict[str, Any], options: dict[str, Any]
) -> dict[str, Any]:
    """The first step of a trial."""
    name = protocol.name
    resolver = Resolver(TargetPolicy())
    around = TrialSurroundings(lambda _: protocol, resolver, target, {name: options}, {}, RunFiles())
    scene = SceneSpec.parse({"name": "s", "steps": [{"name": "a", "request": request}]})
    trial = SceneTrial(scene, around, protocol=name, timeout_ms=3_000, seed=1)
    trial.compile()
    await trial.run()
    await trial.close()
    return trial.steps[0].as_dict(Masker())


@pytest.mark.asyncio
@pytest.mark.parametrize("version", ["1.1", "2"])
async def test_http_presents_them(nginx: Nginx, issued: Certificates, version: str) -> None:
    target = Target(base_url=nginx.http2_url if version == "2" else nginx.tls_url, certificates=issued)
    step = await tried(HttpProtocol, target, {"url": "/client"}, {"http_version": version})
    assert (step["outcome"], step["response"]["body"]) == ("passed", "SUCCESS|CN=client.example\n")


@pytest.mark.asyncio
async def test_a_plan_presents_its_own(nginx: Nginx, authority: Authority, issued: Certificates) -> None:
    certificate, key = (path.read_text() for path in authority.issue("other.example"))
    target = Target(base_url=nginx.tls_url, certificates=issued)
    step = await tried(HttpProtocol, target, {"url": "/client"}, {"certificate": certificate, "key": key})
    assert (step["outcome"], step["response"]["body"]) == ("passed", "SUCCESS|CN=other.example\n")


def test_a_plan_file_has_them(
    nginx: Nginx, issued: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIENT_KEY", str(issued.key))
    certificates = {"ca": issued.ca, "certificate": issued.certificate, "key": "{{$env.CLIENT_KEY}}"}
    checks = [{"type": "contains", "text": "SUCCESS|CN=client.example"}]
    plan = {
        "env": {"host": nginx.tls_url, "certificates": certificates},
        "scenes": [{"name": "s", "steps": [{"name": "a", "request": {"url": "/client"}, "checks": checks}]}],
        "config": {"concurrent_users": 1, "execution_config": {"max_iterations": 2}},
    }
    file, report = tmp_path / "plan.json", tmp_path / "report.json"
    file.write_text(json.dumps(plan))
    assert main(["run", str(file), "--quiet", "--json", str(report)]) == 0
    assert str(issued.key).splitlines()[1] not in report.read_text()


@pytest.mark.asyncio
async def test_grpc_presents_them(authority: Authority, issued: Certificates) -> None:
    certificate, key = (path.read_bytes() for path in authority.issue("127.0.0.1"))
    credentials = grpc.ssl_server_credentials([(key, certificate)], authority.ca_pem.encode(), True)
    async with served(DemoServicer(), credentials=credentials) as port:
        target = Target(base_url=f"grpcs://127.0.0.1:{port}", certificates=issued)
        request = {"method": "demo.Desk/Say", "message": {"text": "hello"}}
        step = await tried(GrpcProtocol, target, request, {"protos": PROTOS})
    assert (step["outcome"], step["error"]) == ("passed", None)


@pytest.mark.parametrize("protocol", [HttpProtocol, WebSocketProtocol, TcpProtocol])
@pytest.mark.parametrize(
    ("given", "options"),
    [
        ({}, OURS_GIVEN),
        ({"ca": None, "certificate": None, "key": None, "verify": False}, {**OURS_GIVEN, "verify": False}),
        ({"ca": "own.pem"}, {**OURS_GIVEN, "ca": "own.pem"}),
        ({"certificate": "{{mine}}", "key": "{{key}}"}, {"ca": "our ca", "certificate": "{{mine}}", "key": "{{key}}"}),
    ],
)
def test_what_options_name_stays(protocol: type[Protocol], given: dict[str, Any], options: dict[str, Any]) -> None:
    found = options_of(protocol, given, OURS).model_dump()
    assert {name: found[name] for name in options} == options


def test_protocols_without_tls_take_none() -> None:
    assert options_of(UdpProtocol, {}, OURS) == UdpProtocol.Options()


def test_no_certificates_change_nothing() -> None:
    for protocol in (HttpProtocol, GrpcProtocol):
        assert options_of(protocol, {}, Certificates()) == protocol.Options()
