"""Any time of a run over REST: what is asked for, what is answered, what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from perfsvc.web.api.run_windows import DistributionResponse
from perfsvc.web.api.run_windows import FiguresResponse
from perfsvc.web.api.run_windows import HeatmapResponse
from perfsvc.web.api.run_windows import SeriesResponse
from perfsvc.web.framework.responses import LONG
from perfsvc.web.framework.responses import json_parts
from tests.support.many_nodes import T0
from tests.support.web_world import Api

pytestmark = pytest.mark.gen_test

MODELS = {
    "figures": FiguresResponse,
    "distribution": DistributionResponse,
    "heatmap": HeatmapResponse,
    "series": SeriesResponse,
}
RUN = "/api/performance/executions/run-1-0"


async def test_every_view_of_a_run(api: Api) -> None:
    head = {
        "execution_id": "run-1-0",
        "from": T0,
        "to": T0 + 1,
        "step": None,
        "latency": "service",
        "outcome": "all",
        "exact": True,
        "width": 1,
    }
    for view in ("figures", "distribution", "heatmap", "series"):
        answer = await api.get(f"{RUN}/{view}/", "viewer")
        assert answer.status == 200, answer.text
        assert {name: answer.json[name] for name in head} == head
        MODELS[view].model_validate(answer.json)
        packed = await api.get(f"{RUN}/{view}/", "viewer", headers={"Accept-Encoding": "gzip"})
        assert (packed.headers["X-Consumed-Content-Encoding"], packed.json) == ("gzip", answer.json)
    assert (await api.get(f"{RUN}/figures/?from={T0}&to={T0 + 1}")).json["summary"]["requests"] == 20
    assert (await api.get(f"{RUN}/series/?step=0&points=10")).json["series"][0]["requests"] == [20]


async def test_who_may_look(api: Api) -> None:
    for view in ("figures", "distribution", "heatmap", "series"):
        assert (await api.get(f"{RUN}/{view}/", "stranger")).status == 404
        assert (await api.get(f"/api/performance/executions/none/{view}/")).status == 404


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("figures/?from=x", "from"),
        ("figures/?from=9&to=9", "from"),
        ("figures/?latency=wire", "latency"),
        ("figures/?latency=plan&outcome=success", "outcome"),
        ("figures/?step=7", "step"),
        ("distribution/?step=7", "step"),
        ("distribution/?step=all", "step"),
        ("heatmap/?columns=9", "columns"),
        ("heatmap/?rows=121", "rows"),
        ("series/?points=3601", "points"),
        ("series/?step=0,x", "step"),
        ("series/?step=99", "step"),
        ("series/?step=%D9%A0", "step"),
    ],
)
async def test_wrong_questions(api: Api, query: str, path: str) -> None:
    answer = await api.get(f"{RUN}/{query}")
    assert (answer.status, [problem["path"] for problem in answer.json["details"]]) == (422, [path])


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"a": [], "b": None, "c": {"d": [1.5, None]}},
        {"cells": [[n, n, 1] for n in range(2 * LONG + 1)]},
        {"series": [{"p50": [None] * (LONG + 1)}, {}]},
        {"步骤": 'a"b'},
    ],
)
def test_a_large_answer_is_written_in_parts(document: dict[str, Any]) -> None:
    parts = list(json_parts(document))
    assert json.loads(b"".join(parts)) == document
    assert max(map(len, parts)) < 20 * LONG
