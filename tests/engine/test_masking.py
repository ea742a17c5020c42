"""Secrets are taken out, the rest is left alone."""

from __future__ import annotations

import time

import pytest

from perfsvc.engine.masking import Masker
from perfsvc.engine.masking import masked


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "GET / HTTP/1.1\r\nAuthorization: Bearer abc\r\nHost: h\r\n",
            "GET / HTTP/1.1\r\nAuthorization: ***\r\nHost: h\r\n",
        ),
        ("set-cookie: sid=1; Path=/", "set-cookie: ***"),
        (
            "X-Shop-Key: k\nX-Auth: a\nOcp-Apim-Subscription-Key: o",
            "X-Shop-Key: ***\nX-Auth: ***\nOcp-Apim-Subscription-Key: ***",
        ),
        ('{"password": "a\\"b", "user": "u"}', '{"password": "***", "user": "u"}'),
        ("{'api_key': 'k', 'n': 1}", "{'api_key': '***', 'n': 1}"),
        ('{"pin": 1234, "n": 1}', '{"pin": ***, "n": 1}'),
        ('{"accessKey":"k","card":"4111"}', '{"accessKey":"***","card":"***"}'),
        ('{"token": ["a", "b"], "secret": {"a": {"b": 1}}, "n": 1}', '{"token": ***, "secret": ***, "n": 1}'),
        ('{"token": ["a", "b', '{"token": ***'),
        (r'{"body": "{\"password\": \"hunter2\", \"n\": 1}"}', r'{"body": "{\"password\": \"***\", \"n\": 1}"}'),
        ("/login?user=u&access_token=abc&x=1&sig=d&pass=e", "/login?user=u&access_token=***&x=1&sig=***&pass=***"),
        ("<u>x</u><password>hunter2</password>", "<u>x</u><password>***</password>"),
        (
            '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\nhunter2\r\n--b--',
            '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n***\r\n--b--',
        ),
        ("nothing to hide here: 42", "nothing to hide here: 42"),
        ('{"name": "x", "count": 3, "url": "/items?page=2"}', '{"name": "x", "count": 3, "url": "/items?page=2"}'),
    ],
)
def test_masking(text: str, expected: str) -> None:
    assert masked(text) == expected


@pytest.mark.parametrize(
    "hostile", ["pass" * 1024, '"token":[' * 450, "<password" * 450, 'name="pin"' * 400, "\\" * 4000 + '"key":"']
)
def test_masking_hostile_text_of_full_length_takes_little_processor_time(hostile: str) -> None:
    began = time.process_time()
    masked(hostile)
    assert time.process_time() - began < 2.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GET /?q=a%26b%20%22c HTTP/1.1", "GET /?q=*** HTTP/1.1"),
        ("q=a%26b+%22c", "q=***"),
        ('{"said": "a&b \\"c"}', '{"said": "***"}'),
        ('said: a&b "c', "said: ***"),
        ("00 61 26 62 20 22 63 0a", "00 *** 0a"),
        ("a&b", "a&b"),
    ],
)
def test_secrets_of_a_run_are_masked_however_they_are_written(text: str, expected: str) -> None:
    assert Masker(['a&b "c'])(text) == expected


def test_a_secret_that_is_cut_in_two_is_masked() -> None:
    assert Masker(["hunter2"]).beginning("said hunter2", 8) == "said ***"
    assert Masker(["hunter2"]).body(b"said hunter2") == b"said ***"
