"""Every fault of a request step by its path, with a plan and without one."""

from __future__ import annotations

from typing import Any

import pytest

from perfsvc.engine.scene_validation import SceneValidator
from perfsvc.errors import InvalidInput
from perfsvc.errors import NotFound
from perfsvc.model.scene import RequestStep
from perfsvc.plugin.protocol import Protocol
from perfsvc_protocols.grpc import protocol as grpc
from perfsvc_protocols.http import protocol as http
from perfsvc_protocols.tcp import protocol as tcp
from perfsvc_protocols.udp import protocol as udp
from perfsvc_protocols.websocket import protocol as websocket
from tests.engine.rig import Rig
from tests.engine.rig import spec_of
from tests.support import virtual_time
from tests.support.fake_protocol import Answer

PROTOCOLS: dict[str, type[Protocol]] = {
    "http": http.HttpProtocol,
    "tcp": tcp.TcpProtocol,
    "udp": udp.UdpProtocol,
    "grpc": grpc.GrpcProtocol,
    "websocket": websocket.WebSocketProtocol,
}


def named(name: str) -> type[Protocol]:
    if name not in PROTOCOLS:
        raise NotFound("没有", "there is none")
    return PROTOCOLS[name]


def faults(request: dict[str, Any], **more: Any) -> list[str]:
    step = RequestStep.parse({"name": "a", "request": request, **more})
    return [problem.path for problem in SceneValidator(named, "http").problems(step, "steps[0]")]


BROKEN_READING: dict[str, Any] = {
    "checks": [
        {"type": "regex", "pattern": "("},
        {"type": "status", "equals": 200},
        {"type": "json", "path": "$["},
        {"type": "regex", "pattern": "(" * 500 + ")" * 500},
    ],
    "extract": [
        {"name": "a", "from": "json", "path": "$.a"},
        {"name": "b", "from": "json", "path": "$[?("},
        {"name": "c", "from": "regex", "pattern": "(a)(b)", "group": 3},
        {"name": "d", "from": "regex", "pattern": "[", "group": 0},
    ],
}
BROKEN_PATHS = ["checks[0].pattern", "checks[2].path", "extract[1].path", "extract[2].group", "extract[3].pattern"]


def test_a_run_tells_all_faults_of_a_step() -> None:
    steps = [{"name": "a", "request": {"path": "{{$nope}}"}, **BROKEN_READING}]

    async def main() -> None:
        Rig(spec_of(steps), lambda scope, path: Answer())

    with pytest.raises(InvalidInput) as caught:
        virtual_time.run(main())
    paths = [problem.path for problem in caught.value.problems]
    assert [path for path in paths if "checks[3]" not in path] == [
        "scenes[0].steps[0].request",
        *(f"scenes[0].steps[0].{path}" for path in BROKEN_PATHS),
    ]


def test_wrong_options_are_reported_once_under_the_config() -> None:
    steps = [{"name": "a", "request": {"path": "/"}}, {"name": "b", "request": {"path": "/"}}]

    async def main() -> None:
        Rig(spec_of(steps, protocol_options={"fake": {"foo": 1}}), lambda scope, path: Answer())

    with pytest.raises(InvalidInput) as caught:
        virtual_time.run(main())
    assert [problem.path for problem in caught.value.problems] == ["config.execution_config.protocol_options.fake.foo"]


def test_a_scene_alone_tells_all_faults_of_a_step() -> None:
    request = {"url": "/{{$nope}}", "headers": {"X": "a\r\nY: b", "Z": "fine"}}
    found = faults(request, **BROKEN_READING)
    assert [path for path in found if "checks[3]" not in path] == [
        "steps[0].request.headers.X",
        "steps[0].request.url",
        *(f"steps[0].{path}" for path in BROKEN_PATHS),
    ]


def test_a_step_of_no_known_protocol_is_still_looked_at() -> None:
    check = {"type": "regex", "pattern": "("}
    assert faults({}, protocol="gopher", checks=[check]) == ["steps[0].protocol", "steps[0].checks[0].pattern"]


@pytest.mark.parametrize(
    ("request_", "protocol"),
    [
        ({"url": "/a"}, "http"),
        ({"url": "a?b={{c}}"}, "http"),
        ({"url": "{{host}}/a"}, "http"),
        ({"url": "http://{{host}}:{{port}}/a"}, "http"),
        ({"url": "/a", "headers": {"X": "{{x}}"}, "json": {"a": ["{{$uuid}}"]}}, "http"),
        ({"url": "{{a}}"}, "http"),
        ({"text": "a"}, "tcp"),
        ({"text": "a", "add_length": True}, "tcp"),
        ({"text": "a", "add_length": True, "one_way": True}, "tcp"),
        ({"text": "a", "url": "tcp://{{host}}:{{port}}"}, "tcp"),
        ({"text": "a"}, "udp"),
        ({"method": "a.B/C", "message": {}}, "grpc"),
        ({"method": "a.B/C", "message": {}, "url": "grpc://{{host}}:{{port}}"}, "grpc"),
        ({"method": "a.B/C", "message": {}, "url": "{{target}}"}, "grpc"),
        ({"text": "a"}, "websocket"),
    ],
)
def test_what_a_plan_may_bring_is_no_fault_of_a_scene(request_: dict[str, Any], protocol: str) -> None:
    assert faults(request_, protocol=protocol) == []


@pytest.mark.parametrize(
    ("request_", "protocol", "paths"),
    [
        ({"url": "ftp://a/"}, "http", ["url"]),
        ({"url": "http://a:b/"}, "http", ["url"]),
        ({"url": "{{a b}}"}, "http", ["url"]),
        ({"url": "/", "json": {"a": "{{$randomInt(3,1)}}"}}, "http", ["json.a"]),
        ({"text": "a", "url": "http://a:1", "framing": {"type": "fixed", "size": 1}}, "tcp", ["url"]),
        ({"text": "a", "url": "udp://a"}, "udp", ["url"]),
        ({"method": "a.B/C", "message": {}, "url": "tcp://a:1"}, "grpc", ["url"]),
        ({"url": 1, "colour": "red"}, "http", ["url", "colour"]),
    ],
)
def test_what_no_plan_can_mend_is_a_fault_of_a_scene(request_: dict[str, Any], protocol: str, paths: list[str]) -> None:
    assert faults(request_, protocol=protocol) == [f"steps[0].request.{path}" for path in paths]
