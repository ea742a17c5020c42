"""Signatures over the final method, path, query and body."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from perfsvc.errors import InvalidInput
from tests.protocols.test_http_requests import head_and_body
from tests.protocols.test_http_requests import wire

CANONICAL = '$concat(request_method, "\\n", request_path, "\\n", request_query, "\\n", request_body)'
MAC = f'{{{{$base64($hmac("sha256", key, {CANONICAL}))}}}}'
KEY = {"key": "s3cret"}


def mac_of(*parts: str) -> str:
    return base64.b64encode(hmac.digest(b"s3cret", "\n".join(parts).encode(), "sha256")).decode()


def test_a_header_signs_the_request_as_it_is_sent() -> None:
    request = {
        "method": "POST",
        "url": "/orders/{{id}}?a=1",
        "query": {"q": "x y"},
        "json": {"item": "{{id}}", "名": 1},
        "sign": {"headers": {"X-Signature": MAC}},
    }
    lines, body = head_and_body(wire(request, {**KEY, "id": "7"}, base="http://h/api"))
    assert lines[0] == b"POST /api/orders/7?a=1&q=x%20y HTTP/1.1"
    signed = mac_of("POST", "/api/orders/7", "a=1&q=x%20y", body.decode())
    assert lines[-1] == f"X-Signature: {signed}".encode()
    assert json.loads(body) == {"item": "7", "名": 1}


def test_a_request_without_variables_is_signed_each_time() -> None:
    user_wire = wire(
        {"sign": {"headers": {"X-N": "{{$counter}}", "X-U": "{{request_url}}"}}}, {"v": 1}, base="http://h/a?b=1"
    )
    assert head_and_body(user_wire)[0][-2:] == [b"X-N: 1", b"X-U: http://h/a?b=1"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"json": {"a": 1}}, b'{"a":1,"sign":"%b"}'),
        ({"json": {}}, b'{"sign":"%b"}'),
        ({"form": {"a": "1"}}, b"a=1&sign=%b"),
        ({"body": ""}, b"sign=%b"),
    ],
)
def test_fields_of_the_body_are_signed_without_themselves(body: dict[str, Any], expected: bytes) -> None:
    unsigned = head_and_body(wire({"method": "POST", **body}))[1]
    request = {"method": "POST", **body, "sign": {"fields": {"sign": "{{$sha256(request_body)}}"}}}
    lines, sent = head_and_body(wire(request, {"v": 1}))
    assert sent == expected % hashlib.sha256(unsigned).hexdigest().encode()
    assert [line for line in lines if line.startswith(b"Content-Length")] == [b"Content-Length: %d" % len(sent)]


def test_headers_sign_fields_and_query_too() -> None:
    request = {
        "method": "POST",
        "url": "/a?b=1",
        "form": {"c": "2"},
        "sign": {
            "query": {"sig": "{{$md5(request_query)}}"},
            "fields": {"sign": "{{$md5(request_body)}}"},
            "headers": {"X-All": "{{$md5($concat(request_path, request_query, request_body))}}"},
        },
    }
    lines, body = head_and_body(wire(request, {"v": 1}, base="http://h"))

    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    query = f"b=1&sig={md5('b=1')}"
    assert lines[0] == f"POST /a?{query} HTTP/1.1".encode()
    assert body.decode() == f"c=2&sign={md5('c=2')}"
    assert lines[-1].decode() == f"X-All: {md5('/a' + query + body.decode())}"


@pytest.mark.parametrize(
    ("request_of", "path"),
    [
        ({"sign": {}}, "sign"),
        ({"sign": {"headers": {"Content-Length": "1"}}}, "sign.headers.Content-Length"),
        ({"sign": {"headers": {"X": "{{$nonsense}}"}}}, "sign.headers.X"),
        ({"method": "PUT", "body_file": "a", "sign": {"headers": {"X": "1"}}}, "sign"),
    ],
)
def test_signatures_that_cannot_be(request_of: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        wire(request_of)
    assert [problem.path for problem in caught.value.problems] == [path]
