"""Functions in templates: nanoseconds for each call, with arguments that vary."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter_ns
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization import NoEncryption
from cryptography.hazmat.primitives.serialization import PrivateFormat
from cryptography.hazmat.primitives.serialization import PublicFormat

from perfsvc.model.functions.library import registered
from perfsvc.model.template import Template
from perfsvc.plugin import ReplyParts
from perfsvc.plugin import RunContext
from perfsvc.plugin import Scope
from perfsvc_protocols.http import HttpProtocol

CALLS = 5000
ROUNDS = 5
LONG_NS = 50_000
"""Calls that take longer are made less often."""
PAIR = generate_private_key(65537, 2048)
CALLED = {
    "base64": "$base64(text)",
    "base64url": "$base64url(text)",
    "concat": '$concat(text, ":", number)',
    "date": '$date("+1d", "%Y-%m-%d", "Asia/Shanghai")',
    "hex": "$hex(text)",
    "hmac": '$hmac("sha256", key, text)',
    "htmlUnescape": "$htmlUnescape(text)",
    "jsonEscape": "$jsonEscape(text)",
    "jwt": "$jwt(claims, key)",
    "length": "$length(text)",
    "lower": "$lower(text)",
    "md5": "$md5(text)",
    "randomItem": "$randomItem(items)",
    "replace": '$replace(text, "e", "E")',
    "rsaEncrypt": "$rsaEncrypt(public_key, text)",
    "rsaSign": '$base64($rsaSign("sha256", private_key, text))',
    "sha1": "$sha1(text)",
    "sha256": "$sha256(text)",
    "sha512": "$sha512(text)",
    "substring": "$substring(text, 1, 9)",
    "trim": "$trim(text)",
    "unbase64": "$unbase64(encoded)",
    "upper": "$upper(text)",
    "urldecode": "$urldecode(text)",
    "urlencode": "$urlencode(text)",
}
MORE = ('$base64($hmac("sha256", key, $concat(text, ":", number)))',)
ORDER = {"method": "POST", "url": "/orders?shop=1", "json": {"item": "{{number}}", "note": "{{text}}"}}
SIGNED = '$concat(request_method, "\\n", request_path, "\\n", request_query, "\\n", request_body)'
SIGNATURE = f'{{{{$base64($hmac("sha256", key, {SIGNED}))}}}}'
RSA_SIGNATURE = f'{{{{$base64($rsaSign("sha256", private_key, {SIGNED}))}}}}'
VALUES = {
    "text": "the text of a request & more",
    "number": 7,
    "key": "a key of at least thirty-two bytes",
    "encoded": "dGhlIHRleHQ=",
    "items": list(range(100)),
    "private_key": PAIR.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    "public_key": PAIR.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
    "claims": {"sub": "alice", "exp": 1_900_000_000},
}


def main() -> None:
    """A variable alone, every function once, and a signature; a text without variables is the floor."""
    calls = [CALLED.get(name, function.examples[0]) for name, function in registered().items()]
    for expression in ["text", *calls, *MORE]:
        print(f"{cost_ns('{{' + expression + '}}'):8.0f} ns  {expression}")
    unsigned, signed = (
        request_cost_ns(ORDER),
        request_cost_ns({**ORDER, "sign": {"headers": {"X-Signature": SIGNATURE}}}),
    )
    print(f"{unsigned:8.0f} ns  a request with a JSON body")
    print(f"{signed:8.0f} ns  the same with an HMAC over method, path, query and body in a header")
    by_rsa = request_cost_ns({**ORDER, "sign": {"headers": {"X-Signature": RSA_SIGNATURE}}})
    print(f"{by_rsa:8.0f} ns  the same with an RSA signature (2048 bits)")


def request_cost_ns(request: dict[str, Any]) -> float:
    """The cost of making a request's bytes."""
    context = RunContext("http://127.0.0.1:1", {}, Template, perf_counter_ns, no_address, Path)
    protocol = HttpProtocol(HttpProtocol.Options.parse({}), context)
    call = protocol.compile(HttpProtocol.Request.parse(request), 1, ReplyParts(False, False))
    scope = Scope(1, 1)
    scope.variables.update(VALUES)
    return min(_round(call.make, scope) for _ in range(ROUNDS))


async def no_address(host: str, port: int) -> list[tuple[Any, ...]]:
    """Nothing is sent."""
    raise OSError(host)


def cost_ns(text: str) -> float:
    """The best mean of several rounds."""
    template, scope = Template(text), Scope(1, 1)
    scope.variables.update(VALUES)
    return min(_round(template.render, scope) for _ in range(ROUNDS))


def _round(make: Callable[[Scope], object], scope: Scope) -> float:
    began = perf_counter_ns()
    make(scope)
    calls = CALLS if perf_counter_ns() - began < LONG_NS else CALLS // 20
    began = perf_counter_ns()
    for _ in range(calls):
        make(scope)
    return (perf_counter_ns() - began) / calls
