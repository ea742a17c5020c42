"""Any time of a real run, held against the target's own log, while it goes on and afterwards."""

from __future__ import annotations

from typing import Any

from tests.end_to_end.plans import STEPS
from tests.end_to_end.plans import Viewer
from tests.end_to_end.plans import plan_of
from tests.end_to_end.plans import until_stored
from tests.support.nginx import Nginx
from tests.support.service import Service


def test_every_request_is_in_the_figures_of_its_time(service: Service, nginx: Nginx) -> None:
    steps = [{**STEPS[0], "think_time": {"type": "constant", "value": 0.01}}, STEPS[1]]
    plan = plan_of(service, nginx.url, steps, concurrent_users=2, hold_time=60)
    started = service.post(f"/api/performance/plans/{plan}/start/").body
    run = f"/api/performance/executions/{started['execution_id']}"
    viewer = Viewer(service, started["websocket_url"])
    during = until_stored(service, started["execution_id"], 3)
    assert during["summary"]["requests"] > 0
    service.post(f"/api/performance/plans/{plan}/stop/")
    points = {frame["timestamp"]: frame["data"] for frame in viewer.of_type("metrics")}
    whole = service.get(f"{run}/figures/").body
    summary = whole["summary"]
    report = service.get(f"/api/performance/reports/?plan_id={plan}").body["results"][0]
    assert summary["requests"] == report["summary"]["total_requests"]
    assert summary["percentiles"] == report["summary"]["percentiles"]
    assert len(nginx.log_of(summary["requests"])) == summary["requests"]
    assert summary["failures"] == {"HTTP 404": summary["errors"]}
    first, last = min(points), max(points)
    part = service.get(f"{run}/figures/?from={first + 1}&to={last}").body["summary"]
    within = [data for second, data in points.items() if first < second < last]
    assert part["requests"] == sum(data["requests"] for data in within)
    series = service.get(f"{run}/series/?from={first}&to={last + 1}&step=0,1").body
    by_second = dict(zip(series["timestamps"], series["series"][0]["p95"], strict=True))
    assert {second: data["steps"][0]["p95"] for second, data in points.items()} == {
        second: by_second[second] for second in points
    }
    good = service.get(f"{run}/distribution/?outcome=success").body
    assert good["count"] == summary["requests"] - summary["errors"]
    assert sum(cell[2] for cell in service.get(f"{run}/heatmap/").body["cells"]) == summary["requests"]
    tried = service.post(
        "/api/scenes/try/", {"project_id": 1, "target_url": nginx.url, "scene": {"name": "s", "steps": STEPS}}
    )
    assert [step["outcome"] for step in tried.body["steps"]] == ["passed", "failed"]
    assert tried.body["steps"][1]["response"]["status"] == 404


def points_of(frames: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """Every second that a viewer got, in the history or as a frame of its own."""
    history = next(frame for frame in frames if frame["type"] == "history")
    assert history["complete"]
    points = {point["timestamp"]: {k: v for k, v in point.items() if k != "timestamp"} for point in history["data"]}
    return points | {frame["timestamp"]: frame["data"] for frame in frames if frame["type"] == "metrics"}


def test_who_comes_back_has_the_points_of_who_stayed(service: Service, nginx: Nginx) -> None:
    plan = plan_of(service, nginx.url, concurrent_users=2, hold_time=60)
    address = service.post(f"/api/performance/plans/{plan}/start/").body["websocket_url"]
    stayed = Viewer(service, address)
    stayed.await_seconds(2)
    since = next(frame["timestamp"] for _, frame in stayed.frames if frame["type"] == "metrics")
    returned = Viewer(service, f"{address}?since={since}")
    stayed.await_seconds(2)
    service.post(f"/api/performance/plans/{plan}/stop/")
    expected = {frame["timestamp"]: frame["data"] for frame in stayed.of_type("metrics") if frame["timestamp"] > since}
    assert len(expected) >= 3
    returned.join(90)
    late = list(service.watch(f"{address}?since={since}"))
    assert points_of([frame for _, frame in returned.frames]) == expected
    assert points_of(late) == expected
    assert (late[0]["data"]["status"], late[-1]["type"]) == ("stopped", "end")
    assert late[-1]["data"]["report_id"] is not None
