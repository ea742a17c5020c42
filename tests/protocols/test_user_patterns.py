"""Patterns of users in replies of TCP and WebSocket: found, refused, and given up in time."""

from __future__ import annotations

import time

import pytest

from perfsvc.plugin import Fault
from perfsvc_protocols._net.pattern import LIMIT_S
from perfsvc_protocols._net.pattern import SearchTimeout
from perfsvc_protocols._net.pattern import compile_search


def test_where_the_first_match_ends() -> None:
    assert compile_search("b+")(b"aabbc") == 4
    assert compile_search("a.b")(bytearray(b"xa\nb")) == 4
    assert compile_search("z")(b"aabbc") is None


def test_a_broken_pattern_is_refused() -> None:
    with pytest.raises(Fault, match="invalid regular expression"):
        compile_search("(")


def test_a_pattern_that_backtracks_is_given_up_in_time() -> None:
    began = time.process_time()
    with pytest.raises(SearchTimeout):
        compile_search("(a|aa)+$")(b"a" * 60 + b"!")
    assert time.process_time() - began < LIMIT_S * 50  # without the limit it would be years
