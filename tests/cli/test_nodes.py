"""What ``perfsvc run`` says about nodes when there are several."""

from __future__ import annotations

from typing import Any

import pytest

from perfsvc.cli.summary import show_report
from tests.service.test_run_of_many_nodes import losing_b
from tests.service.test_run_of_many_nodes import ran


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return ran(losing_b)


def test_a_row_for_each_node_and_a_line_for_each_loss(
    report: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    show_report(report, "en")
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split()[:5] for line in lines if line.startswith(("a ", "b ", "c "))]
    assert rows == [
        ["a", "50.0", "%", "ok", "265"], ["b", "33.3", "%", "lost", "40"], ["c", "50.0", "%", "ok", "265"],
    ]  # fmt: skip
    told = (
        "the load of node b (2023-11-14T22:13:27Z, a reason) was missing for 3.5 s: 7.0 VU-seconds, about 35 requests"
    )
    assert f"note: {told}" in lines


def test_in_chinese(report: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    show_report(report, "zh")
    assert (
        "节点 b（2023-11-14T22:13:27Z，原因）的负载缺失了 3.5 秒：7.0 虚拟用户·秒，约 35 个请求"
        in capsys.readouterr().out
    )
