"""Secrets are taken out, the rest is left alone."""

from __future__ import annotations

import pytest

from perfsvc.engine.masking import masked


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GET / HTTP/1.1\r\nAuthorization: Bearer abc\r\nHost: h", "GET / HTTP/1.1\r\nAuthorization: ***\nHost: h"),
        ("set-cookie: sid=1; Path=/", "set-cookie: ***"),
        ('{"password": "a\\"b", "user": "u"}', '{"password": "***", "user": "u"}'),
        ("{'api_key': 'k', 'n': 1}", "{'api_key': '***', 'n': 1}"),
        ("/login?user=u&access_token=abc&x=1", "/login?user=u&access_token=***&x=1"),
        ("nothing to hide here: 42", "nothing to hide here: 42"),
    ],
)
def test_masking(text: str, expected: str) -> None:
    assert masked(text).replace("\r\n", "\n") == expected.replace("\r\n", "\n")
