"""A scene tried once: the way it takes, what it finds, where it ends; nothing secret, nothing without bound."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest

from perfsvc.engine.masking import Masker
from perfsvc.engine.resolver import Resolver
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.engine.scene_trial import MOST_STEPS
from perfsvc.engine.scene_trial import SceneTrial
from perfsvc.engine.scene_trial import TooManySteps
from perfsvc.engine.scene_trial import TrialSurroundings
from perfsvc.engine.trial_report import MOST_BODY
from perfsvc.engine.trial_report import pieces
from perfsvc.errors import InvalidInput
from perfsvc.model.run import RunFiles
from perfsvc.model.run import Target
from perfsvc.model.scene import SceneSpec
from tests.support import fake_protocol
from tests.support.fake_protocol import Answer


def get(name: str, path: str = "/", **more: Any) -> dict[str, Any]:
    return {"name": name, "request": {"path": path}, **more}


def trial_of(scene: dict[str, Any], script: Any, row: dict[str, Any] | None = None, **variables: str) -> SceneTrial:
    protocol = fake_protocol.answering(script)
    around = TrialSurroundings(
        lambda name: protocol, Resolver(TargetPolicy()), Target(variables=variables), {}, row or {}, RunFiles()
    )
    trial = SceneTrial(SceneSpec.parse({"name": "s", **scene}), around, protocol="fake", timeout_ms=5_000, seed=7)
    trial.compile()
    return trial


async def tried(scene: dict[str, Any], script: Any, **more: Any) -> list[dict[str, Any]]:
    trial = trial_of(scene, script, **more)
    await trial.run()
    await trial.close()
    return [step.as_dict(Masker()) for step in trial.steps]


@pytest.mark.asyncio
async def test_what_is_sent_found_checked_and_changed() -> None:
    body = json.dumps({"token": "abc", "items": [1, 2]}).encode()
    step = get(
        "login",
        "/{{user}}",
        extract=[
            {"name": "first", "from": "json", "path": "$.items[0]"},
            {"name": "none", "from": "json", "path": "$.x"},
        ],
        checks=[
            {"type": "status", "equals": 200},
            {"type": "json", "path": "$.items[1]", "equals": 3},
            {"type": "header", "name": "Server", "contains": "y"},
            {"type": "regex", "pattern": "it.ms"},
            {"type": "contains", "text": "items"},
            {"type": "response_time", "less_than": 5000},
        ],
    )
    script = Answer(after=0.0, body=body, headers={"server": "nginx"})
    (seen,) = await tried({"steps": [step]}, script, row={"user": "alice"})
    assert (seen["path"], seen["index"], seen["outcome"]) == ("steps[0]", 0, "failed")
    assert seen["error"] == {
        "class": "Check: json $.items[1]",
        "message": "$.items[1] is 2, not 3",
        "message_zh": "$.items[1] 是 2，不是 3",
    }
    assert seen["request"] == {"text": "GET / password=***", "truncated": False}
    assert seen["response"] == {
        "status": 200,
        "head": "status 200",
        "body": '{"token": "***", "items": [1, 2]}',
        "encoding": "text",
        "size": len(body),
        "truncated": False,
    }
    assert [(check["type"], check["passed"], check["actual"], check["text"]) for check in seen["checks"][:5]] == [
        ("status", True, 200, "status = 200"),
        ("json", False, 2, "$.items[1] = 3"),
        ("header", False, "nginx", "Server ⊃ y"),
        ("regex", True, "items", "/it.ms/"),
        ("contains", True, True, "⊃ items"),
    ]
    assert seen["checks"][5]["passed"]
    assert seen["extracted"] == [
        {"name": "first", "value": "1", "found": True, "finding": None},
        {
            "name": "none",
            "value": None,
            "found": False,
            "finding": {"zh": "没有 $.x；$ 有 token, items", "en": "there is no $.x; $ has token, items"},
        },
    ]
    assert [check["finding"] for check in seen["checks"][:2]] == [
        None,
        {"zh": "$.items[1] 是 2，不是 3", "en": "$.items[1] is 2, not 3"},
    ]
    assert (seen["before"], seen["after"]) == ({"user": "alice"}, {"first": "1"})


@pytest.mark.asyncio
async def test_all_parts_and_the_ways_that_branches_take() -> None:
    scene = {
        "setup": [get("setup")],
        "on_start": [get("start", extract=[{"name": "token", "from": "body"}])],
        "steps": [
            {"type": "group", "name": "buy", "steps": [get("in group")]},
            {"type": "loop", "times": 2, "steps": [get("in loop")]},
            {"type": "if", "condition": {"variable": "token"}, "steps": [get("yes")], "otherwise": [get("no")]},
            {"type": "if", "condition": {"variable": "token", "is": "absent"}, "steps": [get("yes")]},
            {"type": "while", "condition": {"variable": "none"}, "max_times": 3, "steps": [get("in while")]},
            {"type": "choice", "options": [{"weight": 1, "steps": [get("chosen")]}]},
            {"type": "think", "think_time": {"type": "constant", "value": 3600}},
        ],
        "teardown": [get("teardown")],
    }
    seen = await tried(scene, Answer(after=0.0, body=b"secret"))
    assert [(step["part"], step["path"], step["name"], step["index"], step["branch"]) for step in seen] == [
        ("setup", "setup[0]", "setup", 0, None),
        ("on_start", "on_start[0]", "start", 1, None),
        ("steps", "steps[0]", "buy", 2, None),
        ("steps", "steps[0].steps[0]", "in group", 3, None),
        ("steps", "steps[1]", "loop", None, "1"),
        ("steps", "steps[1].steps[0]", "in loop", 4, None),
        ("steps", "steps[1]", "loop", None, "2"),
        ("steps", "steps[1].steps[0]", "in loop", 4, None),
        ("steps", "steps[2]", "if", None, "then"),
        ("steps", "steps[2].steps[0]", "yes", 5, None),
        ("steps", "steps[3]", "if", None, "otherwise"),
        ("steps", "steps[4]", "while", None, "0"),
        ("steps", "steps[5]", "choice", None, "1"),
        ("steps", "steps[5].options[0].steps[0]", "chosen", 9, None),
        ("steps", "steps[6]", "think", None, None),
        ("teardown", "teardown[0]", "teardown", 10, None),
    ]
    assert {step["outcome"] for step in seen} == {"passed", "skipped"}
    assert seen[1]["after"] == {"token": "***"}


@pytest.mark.asyncio
async def test_failures_are_those_of_a_run() -> None:
    script = [Answer(after=0.0, status=503), Answer(after=None), Answer(failure="Connection Error: refused")]
    steps = [get("status"), get("time", timeout=50), get("refused"), get("variable", "/{{nobody}}")]
    replies = iter(script)
    seen = await tried({"steps": [{"type": "group", "name": "all", "steps": steps}]}, lambda scope, path: next(replies))
    assert [(step["name"], step["error"] and step["error"]["class"]) for step in seen] == [
        ("all", "Group Failed"),
        ("status", "HTTP 503"),
        ("time", "Timeout"),
        ("refused", "Connection Error: refused"),
        ("variable", "Missing variable: nobody"),
    ]
    assert (seen[4]["request"], seen[4]["response"]) == (None, None)
    assert "{{nobody}} has no value, so the request was not sent" in seen[4]["error"]["message"]
    assert "变量 {{nobody}} 没有值，请求没有发送；它可以来自" in seen[4]["error"]["message_zh"]


@pytest.mark.asyncio
async def test_a_trial_that_is_given_up_leaves_nothing_in_flight() -> None:
    trial = trial_of({"steps": [get("silent")]}, Answer(after=None))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(trial.run(), 0.05)
    await trial.close()  # the fake session asserts that nothing is in flight
    assert [step.name for step in trial.steps] == ["silent"]


@pytest.mark.asyncio
async def test_a_trial_is_bounded() -> None:
    trial = trial_of({"steps": [{"type": "loop", "times": 100_000, "steps": [get("again")]}]}, Answer(after=0.0))
    with pytest.raises(TooManySteps):
        await trial.run()
    await trial.close()
    assert len(trial.steps) == MOST_STEPS
    bodies = iter([b"\xc3\xa4" * MOST_BODY, b"\x00\xff"])
    steps = [get("large"), get("binary")]
    large, binary = await tried({"steps": steps}, lambda scope, path: Answer(after=0.0, body=next(bodies)))
    shown = large["response"]
    assert (shown["truncated"], shown["size"], len(shown["body"].encode())) == (True, 2 * MOST_BODY, MOST_BODY)
    assert (binary["response"]["encoding"], base64.b64decode(binary["response"]["body"])) == ("base64", b"\x00\xff")


def test_every_fault_is_reported_before_anything_is_sent() -> None:
    broken = get(
        "b", extract=[{"name": "x", "from": "regex", "pattern": "("}], checks=[{"type": "regex", "pattern": "["}]
    )
    scene = {"steps": [{"type": "group", "name": "g", "steps": [get("a", "{{"), broken]}]}
    with pytest.raises(InvalidInput) as caught:
        trial_of(scene, Answer())
    assert sorted(problem.path for problem in caught.value.problems) == [
        "steps[0].steps[1].checks[0].pattern",
        "steps[0].steps[1].extract[0].pattern",
    ]


def test_pieces_are_the_whole_text() -> None:
    for text in ("", "a" * 100_000, "ab,cd\n" * 20_000):
        parts = list(pieces(text))
        assert "".join(parts) == text
        assert max(map(len, parts)) <= 32 * 1024


@pytest.mark.asyncio
async def test_a_step_that_is_not_enabled_is_skipped_and_keeps_its_path() -> None:
    steps = [get("off", enabled=False), get("on")]
    found = await tried({"steps": steps}, lambda _: Answer(200))
    assert [(step["path"], step["index"]) for step in found] == [("steps[0]", None), ("steps[1]", 0)]
    assert (found[0]["outcome"], found[0]["request"]) == ("skipped", None)


@pytest.mark.asyncio
async def test_variables_that_a_step_sets_are_the_same_wherever_it_has_them() -> None:
    step = get("a", "/{{nonce}}/{{twice}}", set={"nonce": "{{$uuid}}", "twice": "{{nonce}}{{nonce}}"})
    asked: list[str] = []

    def script(scope: Any, path: str) -> Answer:
        asked.append(path)
        return Answer()

    (seen,) = await tried({"steps": [step]}, script)
    nonce = seen["after"]["nonce"]
    assert asked == [f"/{nonce}/{nonce}{nonce}"]
    assert seen["after"] == {"nonce": nonce, "twice": nonce * 2}
