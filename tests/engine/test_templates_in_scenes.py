"""Templates in checks and conditions, and variables that nothing gives a value; in virtual time."""

from __future__ import annotations

from typing import Any

import pytest

from perfsvc.errors import InvalidInput
from tests.engine.rig import Rig
from tests.engine.rig import run
from tests.engine.rig import spec_of
from tests.support import virtual_time
from tests.support.fake_protocol import Answer

GIVEN = {"name": "give", "request": {"path": "/give"}, "extract": [{"name": "v", "from": "json", "path": "$.v"}]}


def once(steps: list[dict[str, Any]], body: bytes, headers: dict[str, str] | None = None, **more: Any) -> Rig:
    load = {
        "stages": [{"duration": 0, "target": 1}, {"duration": 5, "target": 1}],
        "iterations": {"count": 1, "scope": "shared"},
    }
    return run(spec_of(steps, load=load, **more), Answer(body=body, headers=headers or {}))


@pytest.mark.parametrize(
    "check",
    [
        {"type": "contains", "text": '"v": {{v}}'},
        {"type": "json", "path": "$.v", "equals": "{{v}}"},
        {"type": "json", "path": "$", "equals": {"v": "{{v}}", "w": "w{{v}}"}},
        {"type": "header", "name": "x-v", "equals": "{{v}}"},
        {"type": "header", "name": "x-v", "contains": "{{v}}"},
        {"type": "json", "path": "$.v", "equals": "{{text}}"},
    ],
)
def test_checks_render_their_templates(check: dict[str, Any]) -> None:
    body, headers = b'{"v": 42, "w": "w42"}', {"x-v": "42"}
    target = {"variables": {"text": "42"}}
    steps = [GIVEN, {"name": "check", "request": {"path": "/"}, "checks": [check]}]
    assert not once(steps, body, headers, target=target).failures


@pytest.mark.parametrize(
    "check",
    [
        {"type": "contains", "text": "<{{v}}>"},
        {"type": "json", "path": "$.w", "equals": "{{v}}"},
        {"type": "json", "path": "$.t", "equals": 1},
        {"type": "header", "name": "x-v", "equals": "{{v}}0"},
    ],
)
def test_checks_fail_on_what_they_render(check: dict[str, Any]) -> None:
    steps = [GIVEN, {"name": "check", "request": {"path": "/"}, "checks": [check]}]
    assert sum(once(steps, b'{"v": 42, "w": "42!", "t": true}', {"x-v": "42"}).failures.values()) == 1


def test_a_check_without_its_variable_says_so() -> None:
    steps = [
        {"name": "give", "request": {"path": "/"}, "extract": [{"name": "v", "from": "json", "path": "$.none"}]},
        {"name": "check", "request": {"path": "/"}, "checks": [{"type": "contains", "text": "{{v}}"}]},
    ]
    assert once(steps, b"{}").failures == {"Extract: v": 1, "Missing variable: v": 1}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"variable": "v", "is": "equals", "value": "{{v}}"}, True),
        ({"variable": "v", "is": "less_than", "value": "{{v}}0"}, True),
        ({"variable": "v", "is": "contains", "value": "{{v}}0"}, False),
        ({"variable": "v", "is": "not_equals", "value": "{{$vu}}"}, True),
    ],
)
def test_conditions_render_their_values(condition: dict[str, Any], holds: bool) -> None:
    steps = [
        GIVEN,
        {"type": "if", "condition": condition, "steps": [{"name": "then", "request": {"path": "/then"}}]},
    ]
    rig = once(steps, b'{"v": 42}')
    assert ("/then" in [path for _, _, path in rig.target.log]) is holds


def problems(steps: list[dict[str, Any]], **more: Any) -> dict[str, str]:
    async def main() -> dict[str, str]:
        with pytest.raises(InvalidInput) as caught:
            Rig(spec_of(steps, **more), Answer())
        return {problem.path: problem.text.en for problem in caught.value.problems}

    return virtual_time.run(main())


def test_names_that_nothing_gives_a_value_are_reported_before_the_run() -> None:
    found = problems(
        [
            GIVEN | {"extract": [{"name": "token", "from": "status"}]},
            {
                "name": "use",
                "request": {"path": "/{{tokn}}"},
                "checks": [{"type": "status", "equals": 200}, {"type": "contains", "text": "{{hots}}"}],
            },
            {
                "type": "if",
                "condition": {"variable": "token", "is": "equals", "value": "{{zzz}}"},
                "steps": [{"name": "then", "request": {"path": "{{$vu}}{{token}}{{host}}"}}],
            },
        ],
        target={"variables": {"host": "h"}},
    )
    no = "no extractor, data column or environment variable is named"
    assert found == {
        "scenes[0].steps[1].request.path": f"{no} tokn; did you mean token?",
        "scenes[0].steps[1].checks[1].text": f"{no} hots; did you mean host?",
        "scenes[0].steps[2].condition.value": f"{no} zzz",
    }


def test_what_setup_extracts_all_scenes_have_and_what_a_scene_extracts_it_alone() -> None:
    def scene(name: str, path: str, **more: Any) -> dict[str, Any]:
        return {"scene": {"name": name, "steps": [{"name": name, "request": {"path": path}}], **more}}

    extract = [{"name": "own", "from": "status"}]
    spec = {
        "scenes": [
            scene("a", "{{shared}}{{own}}", on_start=[{"name": "x", "request": {"path": "/"}, "extract": extract}]),
            scene("b", "{{shared}}{{own}}"),
            scene("c", "/", setup=[GIVEN | {"extract": [{"name": "shared", "from": "status"}]}]),
        ]
    }
    assert list(problems([], **spec)) == ["scenes[1].steps[0].request.path"]


SETS = {
    "name": "set",
    "set": {"nonce": "{{$uuid}}", "n": "{{$counter}}", "both": "{{n}}-{{nonce}}", "fixed": 5},
    "request": {"path": "/{{nonce}}/{{nonce}}/{{n}}/{{both}}/{{fixed}}"},
}


def test_variables_of_a_step_are_set_once_before_each_request() -> None:
    load = {"stages": [{"duration": 0, "target": 1}, {"duration": 5, "target": 1}]}
    rig = run(spec_of([SETS, {"name": "later", "request": {"path": "/{{nonce}}"}}], load=load))
    paths = [path for _, _, path in rig.target.log]
    assert len(paths) > 10
    seen = set()
    for number, (path, later) in enumerate(zip(paths[::2], paths[1::2], strict=False), 1):
        _, nonce, again, count, both, fixed = path.split("/")
        assert (nonce, count, both, fixed) == (again, str(number), f"{number}-{nonce}", "5")
        assert later == f"/{nonce}"
        seen.add(nonce)
    assert len(seen) == len(paths[::2]) - len(paths) % 2
    assert not rig.failures


def test_a_value_that_cannot_be_had_is_a_request_that_is_not_sent() -> None:
    steps = [
        {**GIVEN, "request": {"path": "/other"}},
        {"name": "set", "set": {"w": "{{v}}"}, "request": {"path": "/set"}},
    ]
    rig = once(steps, b"{}")
    assert [path for _, _, path in rig.target.log] == ["/other"]
    (window,) = [each for snapshot in rig.snapshots for each in snapshot.windows if each.unsent]
    assert window.unsent == {"Missing variable: v": 1}


@pytest.mark.parametrize(
    ("set_", "path", "en"),
    [
        ({"w": "{{$uid}}"}, "steps[0].set.w", "did you mean $uuid?"),
        ({"w": "{{nowhere}}"}, "steps[0].set.w", "no extractor, data column or environment variable is named nowhere"),
        ({"w": {"a": 1}}, "steps[0].set.w", "must be a text, a number, true or false"),
        ({"a b": 1}, "steps[0].set.a b", "must be letters, digits, _ and -"),
    ],
)
def test_faults_of_variables_that_a_step_sets_are_reported_by_their_place(set_: Any, path: str, en: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        run(spec_of([{"name": "set", "set": set_, "request": {"path": "/"}}]))
    (problem,) = caught.value.problems
    assert problem.path.endswith(path)
    assert en in problem.text.en
