"""Limits of silence: the numbers users were promised, and how they depend on each other."""

from __future__ import annotations

from perfsvc.model import node_timeouts

PROMISED_S = 5
"""A lost node is known, and load stops without a controller, within this."""


def test_the_limits_follow_from_three_seconds_of_silence() -> None:
    limits = {name: value for name, value in vars(node_timeouts).items() if name.endswith("_S")}
    assert limits == {
        "SILENT_S": 3,
        "LEASE_S": 3,
        "HEARTBEAT_S": 0.5,
        "WATCH_S": 0.25,
        "STALL_S": 1,
        "FRESH_S": 2,
        "UNREACHABLE_S": 4,
        "GRACE_S": 2,
        "LATE_S": 30,
    }


def test_a_loss_is_known_in_the_time_promised_and_never_for_one_late_heartbeat() -> None:
    assert node_timeouts.SILENT_S + node_timeouts.WATCH_S + node_timeouts.HEARTBEAT_S < PROMISED_S
    assert node_timeouts.LEASE_S + node_timeouts.HEARTBEAT_S < PROMISED_S
    assert 3 * node_timeouts.HEARTBEAT_S < node_timeouts.FRESH_S
    assert node_timeouts.WATCH_S < node_timeouts.STALL_S < node_timeouts.SILENT_S


def test_the_messages_name_the_limit() -> None:
    assert node_timeouts.SILENT == ("3 秒内没有任何消息", "it sent nothing for 3 s")
