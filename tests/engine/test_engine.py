"""One node's part of a run, in virtual time against a fake target."""

from __future__ import annotations

import asyncio
from collections import Counter
from types import SimpleNamespace
from typing import Any
from typing import cast

import pytest

from perfsvc.engine.engine import Callbacks
from perfsvc.engine.row_buffer import RowBuffer
from perfsvc.errors import InvalidInput
from perfsvc.metrics.histogram import Histogram
from tests.engine.rig import STEP
from tests.engine.rig import Rig
from tests.engine.rig import run
from tests.engine.rig import spec_of
from tests.support import virtual_time
from tests.support.fake_protocol import Answer


def test_every_request_is_counted_once() -> None:
    rig = run(spec_of())
    assert rig.requests == len(rig.target.log) == 1000
    assert not rig.failures
    assert [snapshot.seq for snapshot in rig.snapshots] == list(range(1, len(rig.snapshots) + 1))


def test_latency_is_the_service_time() -> None:
    rig = run(spec_of(), Answer(after=0.02))
    merged = Histogram()
    for snapshot in rig.snapshots:
        merged.merge(Histogram.unpack(snapshot.windows[0].latency))
    assert merged.min_ns == pytest.approx(20e6, rel=1e-3)
    assert merged.max_ns == pytest.approx(20e6, rel=1e-3)
    assert merged.total == rig.requests


def test_ramp_starts_users_evenly() -> None:
    stages = [{"duration": 10, "target": 10}, {"duration": 2, "target": 10}]
    rig = run(spec_of([{**STEP, "think_time": {"type": "constant", "value": 100}}], stages))
    assert rig.times() == pytest.approx(list(range(10)), abs=0.02)
    assert [snapshot.vus for snapshot in rig.snapshots[:10]] == [min(second, 10) for second in range(1, 11)]


def test_users_retire_when_the_profile_falls() -> None:
    stages = [
        {"duration": 0, "target": 4},
        {"duration": 2, "target": 4},
        {"duration": 0, "target": 1},
        {"duration": 3, "target": 1},
    ]
    rig = run(spec_of(stages=stages))
    assert [snapshot.vus for snapshot in rig.snapshots] == [4, 4, 1, 1, 1, 0]
    late = {vu for moment, vu, _ in rig.target.log if moment - rig.began > 2.1}
    assert late == {1}


def test_think_time_is_waited_between_requests() -> None:
    steps = [{**STEP, "think_time": {"type": "constant", "value": 0.5}}]
    rig = run(spec_of(steps, [{"duration": 0, "target": 1}, {"duration": 3, "target": 1}]))
    assert rig.times() == pytest.approx([0, 0.51, 1.02, 1.53, 2.04, 2.55], abs=0.02)


def test_pacing_keeps_its_own_beat() -> None:
    rig = run(spec_of(stages=[{"duration": 0, "target": 1}, {"duration": 5, "target": 1}], pacing_s=1.0))
    assert rig.times() == pytest.approx([0, 1, 2, 3, 4], abs=0.02)


def test_a_paused_run_sends_nothing_and_its_time_stands_still() -> None:
    async def main() -> Rig:
        rig = Rig(spec_of(), Answer())
        await rig.begin()
        await asyncio.sleep(2)
        rig.engine.pause()
        await asyncio.sleep(10)
        rig.engine.resume()
        await rig.engine.wait()
        return rig

    rig = virtual_time.run(main())
    assert not [moment for moment in rig.times() if 2.001 < moment < 12]
    assert max(rig.times()) == pytest.approx(15, abs=0.03)
    assert rig.requests == len(rig.target.log) == pytest.approx(1000, abs=6)
    assert sum(snapshot.span_ns for snapshot in rig.snapshots) == pytest.approx(5e9, rel=0.01)
    assert {snapshot.paused for snapshot in rig.snapshots} == {True, False}


def test_stop_lets_requests_in_flight_end() -> None:
    async def main() -> Rig:
        rig = Rig(spec_of(), Answer(after=3))
        await rig.begin()
        await asyncio.sleep(1)
        rig.engine.stop()
        await rig.engine.wait()
        return rig

    rig = virtual_time.run(main())
    assert rig.requests == 2
    assert not rig.failures
    assert sum(snapshot.cut_off for snapshot in rig.snapshots) == 0
    assert rig.target.closed
    assert rig.target.closed_sessions == 2


def test_stop_cuts_off_what_does_not_end_in_time_and_blames_nobody() -> None:
    async def main() -> Rig:
        rig = Rig(spec_of(graceful_stop_s=1.5), Answer(after=None))
        await rig.begin()
        await asyncio.sleep(1)
        rig.engine.stop()
        await rig.engine.wait()
        assert asyncio.get_running_loop().time() - rig.began == pytest.approx(2.5, abs=0.05)
        return rig

    rig = virtual_time.run(main())
    assert rig.requests == 0
    assert not rig.failures
    assert sum(snapshot.cut_off for snapshot in rig.snapshots) == 2


def test_a_request_without_a_reply_times_out() -> None:
    rig = run(spec_of(request_timeout_ms=1000), Answer(after=None))
    assert rig.failures == {"Timeout": 10} == {"Timeout": rig.requests}
    merged = Histogram()
    for snapshot in rig.snapshots:
        for window in snapshot.windows:
            merged.merge(Histogram.unpack(window.latency))
    assert merged.total == 10
    assert 1e9 <= merged.min_ns <= merged.max_ns <= 1.07e9


def test_a_refused_request_is_counted_without_latency_and_does_not_spin() -> None:
    rig = run(spec_of(), Answer(after=0, failure="Connection Error: refused"))
    assert set(rig.failures) == {"Connection Error: refused"}
    assert rig.requests == rig.failures.total() == pytest.approx(100, abs=4)
    assert all(not Histogram.unpack(w.latency).total for s in rig.snapshots for w in s.windows if w.latency)


def test_errors_keep_three_examples_of_a_class_with_secrets_masked() -> None:
    rig = run(spec_of(), Answer(status=500, body=b'{"password": "hunter2"}'))
    samples = [sample for snapshot in rig.snapshots for sample in snapshot.errors]
    assert rig.failures == {"HTTP 500": 1000}
    assert len(samples) == 3
    assert samples[0].request == "GET / password=***"
    assert samples[0].body == '{"password": "***"}'


def test_extracted_values_go_into_the_next_request() -> None:
    steps = [
        {"name": "login", "request": {"path": "/login"}, "extract": [{"name": "token", "from": "json", "path": "$.t"}]},
        {"name": "use", "request": {"path": "/use/{{token}}"}},
    ]
    rig = run(spec_of(steps), lambda scope, path: Answer(body=b'{"t": "abc"}'))
    assert {path for _, _, path in rig.target.log} == {"/login", "/use/abc"}


def test_a_missing_variable_is_a_failure_of_the_step_that_needs_it() -> None:
    steps = [
        {"name": "login", "request": {"path": "/login"}, "extract": [{"name": "token", "from": "json", "path": "$.t"}]},
        {"name": "use", "request": {"path": "/use/{{token}}"}},
    ]
    rig = run(spec_of(steps), Answer(body=b"not json"))
    assert {path for _, _, path in rig.target.log} == {"/login"}
    assert set(rig.failures) == {"Extract: token"}
    unsent = [window.unsent for snapshot in rig.snapshots for window in snapshot.windows if window.unsent]
    assert {name for counts in unsent for name in counts} == {"Missing variable: token"}


CHECKED = [
    ({"type": "status", "equals": 200}, None),
    ({"type": "status", "equals": 404}, "Check: status 200"),
    ({"type": "json", "path": "$.ok", "equals": True}, None),
    ({"type": "json", "path": "$.ok", "equals": False}, "Check: json $.ok"),
    ({"type": "json", "path": "$.items[1].id", "equals": 2}, None),
    ({"type": "json", "path": "$.items[?(@.id==2)].id", "equals": 2}, None),
    ({"type": "json", "path": "$.none", "exists": False}, None),
    ({"type": "regex", "pattern": '"id": *2'}, None),
    ({"type": "contains", "text": "nowhere"}, "Check: contains nowhere"),
    ({"type": "header", "name": "x-none"}, "Check: header x-none"),
    ({"type": "response_time", "less_than": 5}, "Check: response_time 5 ms"),
    ({"type": "response_time", "less_than": 50}, None),
]


@pytest.mark.parametrize(("check", "failure"), CHECKED)
def test_checks(check: dict[str, Any], failure: str | None) -> None:
    body = b'{"ok": true, "items": [{"id": 1}, {"id": 2}]}'
    rig = run(spec_of([{**STEP, "checks": [check]}]), Answer(body=body))
    assert rig.failures == ({} if failure is None else {failure: rig.requests})


def test_weights_share_the_users() -> None:
    scenes = [
        {"scene": {"name": n, "steps": [{"name": n, "request": {"path": n}}]}, "weight": w}
        for n, w in (("a", 3), ("b", 1))
    ]
    spec = spec_of(stages=[{"duration": 0, "target": 8}, {"duration": 1, "target": 8}], scenes=scenes)
    rig = run(spec)
    users = {vu: path for _, vu, path in rig.target.log}
    assert Counter(users.values()) == {"a": 6, "b": 2}


def test_flow_control() -> None:
    def step(name: str) -> dict[str, Any]:
        return {"name": name, "request": {"path": f"/{name}"}}

    steps = [
        {"type": "loop", "times": 2, "steps": [step("looped")]},
        {"type": "if", "condition": {"variable": "no"}, "steps": [step("then")], "otherwise": [step("else")]},
        {
            "type": "group",
            "name": "both",
            "steps": [step("g1"), {"type": "think", "think_time": {"type": "constant", "value": 0.1}}, step("g2")],
        },
        {"type": "while", "condition": {"variable": "no", "is": "absent"}, "max_times": 3, "steps": [step("while")]},
        {"type": "choice", "options": [{"weight": 1, "steps": [step("chosen")]}]},
        {"type": "think", "think_time": {"type": "constant", "value": 50}},
    ]
    scene = {"on_start": [step("start")], "setup": [step("setup")], "teardown": [step("teardown")]}
    rig = run(spec_of(steps, [{"duration": 0, "target": 1}, {"duration": 3, "target": 1}], scene))
    assert [path for _, _, path in rig.target.log] == [
        "/setup", "/start", "/looped", "/looped", "/else", "/g1", "/g2", "/while", "/while", "/while", "/chosen",
        "/teardown",
    ]  # fmt: skip
    names = rig.engine.spec.step_names()
    group = [w for s in rig.snapshots for w in s.windows if names[w.step] == "both"]
    assert Histogram.unpack(group[0].latency).max_ns == pytest.approx(20e6, rel=0.01)


def test_a_scene_that_sends_nothing_leaves_the_loop_free() -> None:
    idle = [{"type": "if", "condition": {"variable": "no"}, "steps": [STEP]}]
    spin = [{"type": "while", "condition": {"variable": "no", "is": "absent"}, "max_times": 5000, "steps": idle}]
    for steps in (idle, spin):
        rig = run(spec_of(steps, [{"duration": 0, "target": 1}, {"duration": 1, "target": 1}]))
        assert rig.requests == 0


def test_every_fault_of_a_scene_is_reported_by_path() -> None:
    steps = [
        {"name": "a", "request": {"path": 1}},
        {"name": "b", "request": {"pth": "/"}, "checks": [{"type": "regex", "pattern": "("}]},
        {
            "type": "loop",
            "times": 2,
            "steps": [{"name": "c", "extract": [{"name": "x", "from": "json", "path": "$..["}]}],
        },
    ]

    async def main() -> None:
        Rig(spec_of(steps), Answer())

    with pytest.raises(InvalidInput) as caught:
        virtual_time.run(main())
    assert [problem.path for problem in caught.value.problems] == [
        "scenes[0].steps[0].request.path", "scenes[0].steps[1].request.pth", "scenes[0].steps[1].checks[0].pattern",
        "scenes[0].steps[2].steps[0].extract[0].path",
    ]  # fmt: skip


def test_a_pattern_that_backtracks_for_ever_fails_its_request_and_holds_nobody_up() -> None:
    steps = [{**STEP, "checks": [{"type": "regex", "pattern": "(a|aa)+$"}]}]
    rig = run(
        spec_of(steps, [{"duration": 0, "target": 1}, {"duration": 0.02, "target": 1}]), Answer(body=b"a" * 60 + b"!")
    )
    assert set(rig.failures) == {"Unreadable Reply: TimeoutError"}


def test_a_node_that_cannot_go_on_ends_and_says_why() -> None:
    async def main() -> None:
        rig = Rig(spec_of(), Answer())
        rig.engine._callbacks = Callbacks(lambda snapshot: {}[snapshot.seq])
        await rig.begin()
        with pytest.raises(KeyError):
            await rig.engine.wait()
        assert rig.target.closed

    virtual_time.run(main())


def test_a_stop_during_setup_runs_no_further_setup_and_no_load() -> None:
    setup = [{"name": "prepare", "request": {"path": "/setup"}}]
    scenes = [{"scene": {"name": name, "steps": [STEP], "setup": setup}} for name in ("first", "second")]

    async def main() -> Rig:
        rig = Rig(spec_of(scenes=scenes), Answer(after=1.0))
        preparing = asyncio.create_task(rig.engine.prepare())
        await asyncio.sleep(0.5)
        rig.engine.stop()
        await rig.engine.wait()
        await preparing
        return rig

    rig = virtual_time.run(main())
    assert [path for _, _, path in rig.target.log] == ["/setup"]
    assert [[window.requests for window in snapshot.windows] for snapshot in rig.snapshots] == [[1]]
    assert rig.target.closed


def test_a_load_beyond_the_open_files_is_refused_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        rig = Rig(spec_of(), Answer())
        rig.engine.check_level(200)
        with pytest.raises(InvalidInput) as caught:
            rig.engine.check_level(2000)
        assert "2000 virtual users need about 2100 open files" in caught.value.problems[0].text.en

    monkeypatch.setattr("perfsvc.engine.engine.raise_open_files_limit", lambda: 300)
    virtual_time.run(main())


async def broken_teardown() -> bool:
    raise ValueError("teardown")


def broken_close() -> None:
    raise ValueError("close")


def test_an_error_of_the_ending_ends_the_run_and_is_raised() -> None:
    scene = {"teardown": [{"name": "down", "request": {"path": "/down"}}]}

    async def main() -> None:
        rig = Rig(spec_of(scene=scene), Answer())
        rig.engine._callbacks = Callbacks(rig.snapshots.append, teardown_here=broken_teardown)
        await rig.begin()
        with pytest.raises(ValueError, match="teardown"):
            await rig.engine.wait()
        assert rig.target.closed

    virtual_time.run(main())


def test_test_data_that_cannot_be_closed_does_not_keep_the_run_from_ending() -> None:
    async def main() -> None:
        rig = Rig(spec_of(), Answer())
        await rig.begin()
        rig.engine.rows = cast("RowBuffer", SimpleNamespace(over=lambda: False, close=broken_close))
        with pytest.raises(ValueError, match="close"):
            await asyncio.wait_for(rig.engine.wait(), 10)
        assert rig.target.closed

    virtual_time.run(main())
