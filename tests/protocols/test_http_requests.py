"""What goes out: every way of describing a request, down to its bytes; and what is refused, with its path."""

from __future__ import annotations

import email
import email.policy
import json
from typing import Any

import pytest

from perfsvc.errors import InvalidInput
from perfsvc.plugin import MissingVariable
from perfsvc.plugin import NotSent
from perfsvc_protocols.http import HttpProtocol
from tests.protocols.http_user import http_user

BASE = "http://target:8080/api"
DEFAULTS = b"Host: target:8080\r\nUser-Agent: perfsvc/0.1.0\r\nAccept: */*\r\n"


def wire(request: dict[str, Any], variables: dict[str, Any] | None = None, base: str = BASE, **options: Any) -> bytes:
    """The bytes of a request, rendered as a session would."""
    user = http_user(base, options.pop("headers", None), options.pop("constants", None), **options)
    user.scope.variables.update(variables or {})
    call = user.call(request)
    assert (call.message is None) == bool(variables), "constant exactly when nothing varies"
    return (call.message or call.make(user.scope)).wire


def head_and_body(sent: bytes) -> tuple[list[bytes], bytes]:
    head, _, body = sent.partition(b"\r\n\r\n")
    return head.split(b"\r\n"), body


def target(sent: bytes) -> bytes:
    return sent.split(b" ", 2)[1]


def problems(request: dict[str, Any], base: str = BASE, **options: Any) -> dict[str, str]:
    """What is wrong with a request, by path."""
    with pytest.raises(InvalidInput) as caught:
        wire(request, base=base, **options)
    assert all(problem.text.zh and problem.text.en for problem in caught.value.problems)
    assert len(set(caught.value.problems)) == len(caught.value.problems), "told twice"
    return {problem.path: problem.text.en for problem in caught.value.problems}


# Where to


def test_the_least_there_is():
    assert wire({}) == b"GET /api HTTP/1.1\r\n" + DEFAULTS + b"\r\n"


@pytest.mark.parametrize(
    ("base", "url", "host", "expected"),
    [
        ("http://h", "/a", b"h", b"/a"),
        ("http://h/", "a", b"h", b"/a"),
        ("http://h/api/", "/a", b"h", b"/api/a"),
        ("http://h/api", "?a=1", b"h", b"/api?a=1"),
        ("http://h", "", b"h", b"/"),
        ("http://h?x=1", "", b"h", b"/?x=1"),
        ("http://h", "/a#part", b"h", b"/a"),
        ("http://h", "#part", b"h", b"/"),
        ("http://h", "https://other/b?c=d", b"other", b"/b?c=d"),
        ("", "http://other:80", b"other", b"/"),
        ("", "https://other:443/", b"other", b"/"),
        ("", "https://other:80/", b"other:80", b"/"),
        ("", "HTTP://Other:8080/Path", b"other:8080", b"/Path"),
        ("", "http://[::1]:8080/x", b"[::1]:8080", b"/x"),
        ("", "http://[2001:db8::1]/", b"[2001:db8::1]", b"/"),
        ("", "http://例子.测试/路径?问=答", b"xn--fsqu00a.xn--0zwm56d", b"/%E8%B7%AF%E5%BE%84?%E9%97%AE=%E7%AD%94"),
        ("", "http://h/a b|c?d=e f", b"h", b"/a%20b%7Cc?d=e%20f"),
        ("", "http://h/100%/50%25", b"h", b"/100%25/50%25"),
        ("", "http://h/a;b=c,d:e@f!$&'()*+~", b"h", b"/a;b=c,d:e@f!$&'()*+~"),
    ],
)
def test_where_a_url_leads(base: str, url: str, host: bytes, expected: bytes):
    lines, _ = head_and_body(wire({"url": url}, base=base))
    assert lines[:2] == [b"GET " + expected + b" HTTP/1.1", b"Host: " + host]


@pytest.mark.parametrize(
    ("url", "variables", "expected"),
    [
        ("/items/{{id}}", {"id": 7}, b"/api/items/7"),
        ("/items/{{id}}", {"id": "a b/ü?x=1&y"}, b"/api/items/a%20b/%C3%BC?x=1&y"),
        ("/items/{{id}}", {"id": "a#b%"}, b"/api/items/a%23b%25"),
        ("{{path}}", {"path": "/items/7"}, b"/api/items/7"),
        ("{{url}}/x", {"url": "https://elsewhere:444"}, b"/x"),
        ("https://{{host}}/x#{{ignored}}", {"host": "elsewhere:444"}, b"/x"),
        ("http://target{{suffix}}", {"suffix": ".example/y"}, b"/y"),
        ("/a#{{id}}", {}, b"/api/a"),
    ],
)
def test_urls_that_vary(url: str, variables: dict[str, Any], expected: bytes):
    sent = wire({"url": url}, variables)
    assert target(sent) == expected
    if "elsewhere" in str(variables):
        assert b"\r\nHost: elsewhere:444\r\n" in sent


def test_a_base_that_varies():
    sent = wire({"url": "/x"}, {"base": "http://elsewhere"}, base="{{base}}/v1")
    assert sent.startswith(b"GET /v1/x HTTP/1.1\r\nHost: elsewhere\r\n")


def test_constants_of_the_environment_do_not_vary():
    assert target(wire({"url": "/{{tenant}}/x"}, constants={"tenant": "acme"})) == b"/api/acme/x"
    sent = wire({"url": "/x"}, base="https://{{host}}/v1", constants={"host": "staging"})
    assert sent.startswith(b"GET /v1/x HTTP/1.1\r\nHost: staging\r\n")


def test_query_parameters_are_escaped_and_may_repeat():
    query = {"q": "a&b=c d/ü", "n": 5, "ok": True, "tag": ["x", "y"], "{{name}}": "{{value}}"}
    assert target(wire({"url": "/s", "query": query}, {"name": "k?", "value": "1+1=2"})) == (
        b"/api/s?q=a%26b%3Dc%20d%2F%C3%BC&n=5&ok=true&tag=x&tag=y&k%3F=1%2B1%3D2"
    )
    assert target(wire({"url": "/s?a=1", "query": {"b": "2"}})) == b"/api/s?a=1&b=2"
    assert target(wire({"url": "/s?a={{a}}", "query": {"b": "2"}}, {"a": "1"})) == b"/api/s?a=1&b=2"
    assert target(wire({"url": "{{url}}", "query": {"b": "2"}}, {"url": "/s?a=1"})) == b"/api/s?a=1&b=2"


# Headers


def test_headers_of_the_environment_stand_below_those_of_the_step():
    environment = {"X-Team": "red", "x-shop": "1", "User-Agent": "env", "Content-Length": "99"}
    lines, _ = head_and_body(wire({"headers": {"X-Shop": "2", "Accept": "text/html"}}, headers=environment))
    assert lines[1:] == [b"Host: target:8080", b"User-Agent: env", b"Accept: text/html", b"X-Team: red", b"X-Shop: 2"]


def test_lists_of_headers_are_as_many_lines_in_order():
    lines, _ = head_and_body(wire({"headers": {"X-A": ["1", "{{v}}", "3"], "X-B": "4"}}, {"v": "2"}))
    assert lines[-4:] == [b"X-A: 1", b"X-A: 2", b"X-A: 3", b"X-B: 4"]
    assert b"X-A" not in wire({"headers": {"X-A": []}})
    assert problems({"headers": {"Host": ["a", "b"]}}) == {"headers.Host": "must have one value"}
    assert problems({"headers": {"X-A": ["1", "a\r\nb"]}}) == {
        "headers.X-A[1]": "must not contain line breaks or control characters"
    }


def test_headers_may_vary_and_are_utf_8():
    lines, _ = head_and_body(wire({"headers": {"X-Name": "名 {{name}}"}}, {"name": "é"}))
    assert lines[-1] == "X-Name: 名 é".encode()


def test_the_host_header_can_be_overridden():
    lines, _ = head_and_body(wire({"headers": {"host": "shop.example"}}))
    assert lines[1:] == [b"Host: shop.example", b"User-Agent: perfsvc/0.1.0", b"Accept: */*"]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"user_agent": "probe/2 (测试)"}, "User-Agent: probe/2 (测试)".encode()),
        ({"compression": True}, b"Accept-Encoding: gzip, deflate, br, zstd"),
        ({"keep_alive": False}, b"Connection: close"),
    ],
)
def test_options_that_show_in_headers(options: dict[str, Any], line: bytes):
    assert line in head_and_body(wire({}, **options))[0]


def test_no_user_agent_when_none_is_wanted():
    assert b"User-Agent" not in wire({}, user_agent="")


@pytest.mark.parametrize(
    ("auth", "value"),
    [
        ({"type": "basic", "username": "ann", "password": "päss:word"}, b"Basic YW5uOnDDpHNzOndvcmQ="),
        ({"type": "basic", "username": "{{user}}"}, b"Basic Ym9iOg=="),
        ({"type": "bearer", "token": "abc.def"}, b"Bearer abc.def"),
        ({"type": "bearer", "token": "{{token}}"}, b"Bearer xyz"),
    ],
)
def test_authentication(auth: dict[str, str], value: bytes):
    varies = "{{" in str(auth)
    sent = wire({"auth": auth}, {"user": "bob", "token": "xyz"} if varies else None, headers={"Authorization": "env"})
    assert [line for line in head_and_body(sent)[0] if b"uthorization" in line] == [b"Authorization: " + value]


# Bodies


def test_json():
    document = {"a": 'x"{{v}}\n', "{{v}}": [1, 2.5, True, None, "名", {}, []], "n": -0.0, "big": 12345678901234567890}
    lines, body = head_and_body(wire({"method": "POST", "json": document}, {"v": 'q"\\\u0001ü'}))
    assert lines[-2:] == [b"Content-Type: application/json", b"Content-Length: %d" % len(body)]
    expected = {"a": 'x"q"\\\u0001ü\n', 'q"\\\u0001ü': document["{{v}}"], "n": -0.0, "big": 12345678901234567890}
    assert json.loads(body) == expected


@pytest.mark.parametrize("document", [None, 0, "", [], {}, "text"])
def test_json_of_any_kind(document: Any):
    assert json.loads(head_and_body(wire({"method": "PUT", "json": document}))[1]) == document


def test_half_a_surrogate_pair_does_no_harm():
    assert head_and_body(wire({"method": "POST", "json": {"a": "{{v}}"}}, {"v": "x\ud800"}))[1] == b'{"a":"x?"}'
    assert target(wire({"query": {"a": "{{v}}"}}, {"v": "\ud800"})) == b"/api?a=%3F"


def test_form():
    lines, body = head_and_body(
        wire({"method": "POST", "form": {"a b": "c&d=é", "n": 1, "l": ["x", "{{v}}"]}}, {"v": "+"})
    )
    assert body == b"a+b=c%26d%3D%C3%A9&n=1&l=x&l=%2B"
    assert b"Content-Type: application/x-www-form-urlencoded" in lines


def test_multipart():
    parts = [
        {"name": "field", "value": "v={{v}}"},
        {"name": 'quo"te\r\n', "value": ""},
        {"name": "file", "filename": "名.txt", "value": "text", "content_type": "text/plain"},
        {"name": "blob", "filename": "{{v}}.bin", "base64": "AAEC/w=="},
    ]
    lines, body = head_and_body(wire({"method": "POST", "multipart": parts}, {"v": "7"}))
    content_type = next(line for line in lines if line.startswith(b"Content-Type"))
    assert b"Content-Length: %d" % len(body) in lines
    document = email.message_from_bytes(content_type + b"\r\n\r\n" + body, policy=email.policy.HTTP)
    found = [
        (
            part.get_param("name", header="content-disposition"),
            part.get_filename(),
            part.get_content_type(),
            part.get_payload(decode=True),
        )
        for part in document.iter_parts()
    ]
    assert [(name, kind, content) for name, _, kind, content in found] == [
        ("field", "text/plain", b"v=7"),
        ("quo%22te%0D%0A", "text/plain", b""),
        ("file", "text/plain", b"text"),
        ("blob", "application/octet-stream", b"\x00\x01\x02\xff"),
    ]
    assert 'filename="名.txt"'.encode() in body
    assert found[3][1] == "7.bin"


def test_raw_body_keeps_its_own_content_type():
    request = {"method": "PATCH", "headers": {"Content-Type": "text/xml"}, "body": "<a>{{v}}</a>"}
    lines, body = head_and_body(wire(request, {"v": "é"}))
    assert body == "<a>é</a>".encode()
    assert lines[-2:] == [b"Content-Type: text/xml", b"Content-Length: 9"]


def test_a_content_type_of_the_step_goes_before_that_of_its_body():
    lines, _ = head_and_body(
        wire({"method": "POST", "json": {}, "headers": {"content-type": "application/vnd.api+json"}})
    )
    assert [line for line in lines if b"ype" in line] == [b"content-type: application/vnd.api+json"]


@pytest.mark.parametrize(
    ("method", "length"), [("POST", True), ("PUT", True), ("PATCH", True), ("GET", False), ("DELETE", False)]
)
def test_no_body_is_declared_where_one_is_expected(method: str, length: bool):
    assert (b"\r\nContent-Length: 0\r\n" in wire({"method": method})) == length


# What is not sent


@pytest.mark.parametrize(
    "request_",
    [
        {"headers": {"X-A": "{{v}}"}},
        {"headers": {"Host": "{{v}}"}},
        {"auth": {"type": "bearer", "token": "{{v}}"}},
        {"url": "/{{v}}"},
        {"url": "{{v}}"},
        {"method": "POST", "multipart": [{"name": "a", "value": "b", "content_type": "{{v}}"}]},
    ],
)
@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\x00b"])
def test_line_breaks_are_never_sent(request_: dict[str, Any], value: str):
    with pytest.raises(NotSent) as caught:
        wire(request_, {"v": value})
    assert caught.value.error_class == "Invalid Request"


def test_line_breaks_in_query_and_body_are_data():
    sent = wire({"method": "POST", "query": {"a": "{{v}}"}, "body": "{{v}}"}, {"v": "1\r\n2"})
    assert target(sent) == b"/api?a=1%0D%0A2"
    assert sent.endswith(b"\r\n\r\n1\r\n2")


@pytest.mark.parametrize(
    "url", ["ftp://h/", "http://", "http://h:99999/", "http://u:p@h/", "http://a b/", "http://[::1/", "http://例..测/"]
)
def test_a_url_that_turns_out_wrong(url: str):
    with pytest.raises(NotSent) as caught:
        wire({"url": "{{url}}"}, {"url": url})
    assert caught.value.error_class == "Invalid Request"


def test_a_missing_variable():
    with pytest.raises(MissingVariable) as caught:
        wire({"url": "/{{who}}"}, {"other": 1})
    assert caught.value.error_class == "Missing variable: who"


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        ({"url": "http://u:p@h/"}, "url"),
        ({"url": "http:///x"}, "url"),
        ({"url": "ftp://h/x"}, "url"),
        ({"url": "http://h:port/"}, "url"),
        ({"url": "/a\nb"}, "url"),
        ({"url": "/{{$nonsense}}"}, "url"),
        ({"url": "ftp://h/{{id}}"}, "url"),
        ({"method": "get"}, "method"),
        ({"method": "CONNECT"}, "method"),
        ({"headers": {"X Y": "1"}}, "headers.X Y"),
        ({"headers": {"Content-Length": "1"}}, "headers.Content-Length"),
        ({"headers": {"Transfer-Encoding": "chunked"}}, "headers.Transfer-Encoding"),
        ({"headers": {"X-A": "a\r\nb: c"}}, "headers.X-A"),
        ({"headers": {"X-A": "{{$nonsense}}"}}, "headers.X-A"),
        ({"headers": {"X-A": 1}}, "headers.X-A"),
        ({"body": "a", "json": None}, "body"),
        ({"form": {}, "json": {}}, "form"),
        ({"multipart": []}, "multipart"),
        ({"multipart": [{"name": "a"}]}, "multipart[0]"),
        ({"multipart": [{"name": "a", "base64": "?"}]}, "multipart[0].base64"),
        ({"multipart": [{"name": "a", "value": "{{$no}}"}]}, "multipart[0].value"),
        ({"json": {"a": [0, {"b": "{{$nonsense}}"}]}}, "json.a[1].b"),
        ({"query": {"a": ["{{$no}}"]}}, "query.a"),
        ({"auth": {"type": "ntlm"}}, "auth"),
        ({"auth": {"type": "bearer", "token": "a\nb"}}, "auth.token"),
        ({"auth": {"type": "basic", "username": "a"}, "headers": {"authorization": "x"}}, "auth"),
        ({"urll": "/"}, "urll"),
    ],
)
def test_what_is_refused_and_where(request_: dict[str, Any], path: str):
    assert list(problems(request_)) == [path]


def test_a_relative_url_that_varies_needs_a_base_too():
    assert list(problems({"url": "/x/{{id}}"}, base="")) == ["url"]


def test_every_problem_is_reported_at_once():
    request = {
        "url": "/{{$a}}",
        "headers": {"A": "{{$b}}"},
        "json": ["{{$c}}", "{{$d}}"],
        "auth": {"type": "bearer", "token": "\n"},
    }
    assert set(problems(request)) == {"url", "headers.A", "json[0]", "json[1]", "auth.token"}


def test_a_relative_url_needs_a_base():
    assert problems({"url": "/x"}, base="") == {
        "url": "'/x' cannot be requested: it is relative, and there is no base URL: write http:// or https:// "
        "before it, or give a base URL (host of the environment, or --host)"
    }


def test_an_unknown_scheme_is_named():
    found = problems({"url": "htp://127.0.0.1/x"}, base="http://127.0.0.1:1")
    assert found == {"url": "'htp://127.0.0.1/x' cannot be requested: htp is neither http nor https"}


def test_a_header_name_of_the_environment_is_checked_too():
    assert problems({}, headers={"Bad Name": "x"}) == {"headers.Bad Name": "is not a header name"}


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"verify": "no"}, "options.verify"),
        ({"max_redirects": 0}, "options.max_redirects"),
        ({"user_agent": "a\nb"}, "options.user_agent"),
        ({"keepalive": True}, "options.keepalive"),
        ({"max_body_bytes": -1}, "options.max_body_bytes"),
    ],
)
def test_options_that_are_refused(options: dict[str, Any], path: str):
    with pytest.raises(InvalidInput) as caught:
        http_user(**options)
    assert [problem.path for problem in caught.value.problems] == [path]


@pytest.mark.parametrize(
    "ca", ["/no/such/file.pem", "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----"]
)
def test_a_ca_that_is_none(ca: str):
    with pytest.raises(InvalidInput) as caught:
        http_user(ca=ca)
    assert [problem.path for problem in caught.value.problems] == ["ca"]


@pytest.mark.parametrize(
    ("status", "failure"), [(200, None), (302, None), (399, None), (400, "HTTP 400"), (503, "HTTP 503")]
)
def test_which_statuses_count_as_failures(status: int, failure: str | None):
    protocol = http_user().protocol
    assert isinstance(protocol, HttpProtocol)
    assert protocol.status_failure(status) == failure
