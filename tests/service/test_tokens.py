"""Tokens: what they say, and which are believed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jwt
import pytest

from perfsvc.errors import NotAuthenticated
from perfsvc.service.auth.tokens import Claims
from perfsvc.service.auth.tokens import Tokens
from perfsvc.service.auth.tokens import new_identifier
from tests.support.manual_clock import START
from tests.support.manual_clock import ManualClock

KEY = b"k" * 32
CLAIMS = Claims(user_id=7, session="s" * 32, jti="j" * 32, expires=int(START) + 60)
PAYLOAD: dict[str, Any] = {
    "sub": "7", "sid": "s", "jti": "j", "type": "access", "iat": int(START), "exp": int(START) + 60,
}  # fmt: skip


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def tokens(clock: ManualClock) -> Tokens:
    return Tokens(KEY, clock)


def test_what_was_issued_is_read(tokens: Tokens) -> None:
    assert tokens.read("access", tokens.issue("access", CLAIMS)) == CLAIMS


def test_a_token_says_no_more_than_it_must(tokens: Tokens) -> None:
    payload = jwt.decode(tokens.issue("access", CLAIMS), KEY, ["HS256"], {"verify_exp": False})
    assert payload == {**PAYLOAD, "sid": "s" * 32, "jti": "j" * 32}


def test_a_token_is_good_until_the_second_it_expires(tokens: Tokens, clock: ManualClock) -> None:
    token = tokens.issue("access", CLAIMS)
    clock.advance(59.9)
    assert tokens.read("access", token) == CLAIMS
    clock.advance(0.1)
    with pytest.raises(NotAuthenticated, match="the token has expired"):
        tokens.read("access", token)


def test_types_are_kept_apart(tokens: Tokens) -> None:
    with pytest.raises(NotAuthenticated):
        tokens.read("refresh", tokens.issue("access", CLAIMS))


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in PAYLOAD.items() if key != name}


@pytest.mark.parametrize(
    "forge",
    [
        lambda: "",
        lambda: "a.b.c",
        lambda: "x" * 5000,
        lambda: "\ud800.b.c",
        lambda: jwt.encode(PAYLOAD, b"x" * 32, "HS256"),
        lambda: jwt.encode(PAYLOAD, KEY * 2, "HS512"),
        lambda: jwt.encode(PAYLOAD, "", "none"),
        lambda: jwt.encode({**PAYLOAD, "sub": "0x7"}, KEY, "HS256"),
        lambda: jwt.encode({**PAYLOAD, "sid": 5}, KEY, "HS256"),
        lambda: jwt.encode({**PAYLOAD, "exp": START + 60.5}, KEY, "HS256"),
        *[
            lambda name=name: jwt.encode({k: v for k, v in PAYLOAD.items() if k != name}, KEY, "HS256")
            for name in PAYLOAD
        ],
    ],
)
def test_forged_and_broken_tokens_are_refused(tokens: Tokens, forge: Callable[[], str]) -> None:
    with pytest.raises(NotAuthenticated):
        tokens.read("access", forge())


def test_identifiers_are_random() -> None:
    assert len({new_identifier() for _ in range(100)}) == 100
    assert len(new_identifier()) == 32
