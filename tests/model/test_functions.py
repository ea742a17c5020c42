"""Functions in templates."""

from __future__ import annotations

import base64
import re
from datetime import UTC
from datetime import datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization import NoEncryption
from cryptography.hazmat.primitives.serialization import PrivateFormat
from cryptography.hazmat.primitives.serialization import PublicFormat

from perfsvc.model.functions import dates
from perfsvc.model.functions.function import FunctionFailed
from perfsvc.model.functions.library import Library
from perfsvc.model.functions.library import registered
from perfsvc.model.problems import Fault
from perfsvc.model.template import MissingVariable
from perfsvc.model.template import Template
from perfsvc.plugin import Scope

NOON = datetime(2026, 2, 28, 12, 0, tzinfo=UTC).timestamp()
KEY = "a key of at least thirty-two bytes" * 2


def scope(vu: int = 3, **variables: Any) -> Scope:
    made = Scope(vu, 1)
    made.variables.update(variables)
    return made


def fault_of(text: str) -> Any:
    with pytest.raises(Fault) as caught:
        Template(text)
    (problem,) = caught.value.problems
    return problem.text


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('$md5("abc")', "900150983cd24fb0d6963f7d28e17f72"),
        ('$sha1("abc")', "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ('$sha256("abc")', "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ('$substring($sha512("abc"), 0, 8)', "ddaf35a1"),
        # RFC 2202, test case 2
        ('$hmac("md5", "Jefe", "what do ya want for nothing?")', "750c783e6ab0b503eaa86e310a5db738"),
        ('$base64($md5("abc"))', "kAFQmDzST7DWlj99KOF/cg=="),
        ('$base64($hex("abc"))', "NjE2MjYz"),
        ('$md5($md5("abc"))', "ec0405c5aef93e771cd80e0db180b88b"),
        ('$base64url("a?b>c")', "YT9iPmM"),
        ('$unbase64("_-8")', "��"),
        ('$hex($unbase64("_-8"))', "ffef"),
        ('$urlencode("a b&c/é")', "a%20b%26c%2F%C3%A9"),
        ('$urldecode("a%20b")', "a b"),
        ('$htmlUnescape("a &amp; &#39;b&#39;")', "a & 'b'"),
        ('$upper("aé")', "AÉ"),
        ('$lower("AÉ")', "aé"),
        ('$trim("  a \n")', "a"),
        ('$substring("abcdef", 2)', "cdef"),
        ('$substring("abcdef", -3, -1)', "de"),
        ('$replace("a-b-c", "-", "")', "abc"),
        ('$concat("a", 1, 1.5, "b")', "a11.5b"),
        ("$jsonEscape('say \"hi\"\\n')", '\\"hi\\"'.join(["say ", "\\n"])),
        ('$length("abc")', "3"),
        (r'$concat("a\"b", "}}")', 'a"b}}'),
    ],
)
def test_what_does_not_vary_is_computed_once(expression: str, expected: str) -> None:
    assert Template("<{{ " + expression + " }}>").constant == f"<{expected}>"


def test_values_of_the_environment_are_folded_too() -> None:
    text = Template('{{$hmac("sha256", key, $concat(user, ":", "7"))}}', {"key": "k", "user": "alice"})
    assert text.constant is not None
    assert text.names == set()


def test_variables_are_read_for_each_user() -> None:
    text = Template('{{$base64($hmac("sha256", key, $concat(user, ":", "7")))}}')
    assert (text.constant, text.names) == (None, {"key", "user"})
    assert text.render(scope(key="k", user="al")) == "5cRprsdWbs5L7VtwlLbekqV7KxN72J9l2XQwDS8qCKg="
    with pytest.raises(MissingVariable):
        text.render(scope(key="k"))


def test_dates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates.time, "time", lambda: NOON)
    monkeypatch.setattr(dates.time, "time_ns", lambda: int(NOON) * 10**9 + 123_456_789)
    shown = [
        "{{$date}}",
        '{{$date("+1d", "%Y-%m-%d", "Asia/Shanghai")}}',
        '{{$date("-2h30m", "%H:%M %:z", "Asia/Shanghai")}}',
        "{{$timestamp}}",
        "{{$timestamp_ms}}",
        '{{$timestamp("us")}}',
        '{{$timestamp("s", "+1w")}}',
    ]
    assert [Template(text).render(scope()) for text in shown] == [
        "2026-02-28T12:00:00+00:00",
        "2026-03-01",
        "17:30 +08:00",
        "1772280000",
        "1772280000123",
        "1772280000123456",
        "1772884800",
    ]


def test_random_values_repeat_with_the_seed() -> None:
    text = Template('{{$randomString(20)}} {{$randomString(6, "01")}} {{$randomItem(items)}} {{$randomItem("a", "b")}}')
    one, two = (text.render(scope(items=[5, 6])) for _ in range(2))
    assert one == two
    assert re.fullmatch(r"[A-Za-z0-9]{20} [01]{6} [56] [ab]", one)
    assert text.render(scope(4, items=[5, 6])) != one


def test_counters_count_by_user_by_run_and_by_name() -> None:
    library, one, other = Library(), scope(1), scope(2)
    mine = Template("{{$counter}}", {}, library)
    assert [mine.render(who) for who in (one, one, other)] == ["1", "2", "1"]
    everyone = [Template('{{$counter("run", "orders")}}', {}, library) for _ in range(2)]
    assert [text.render(who) for text in everyone for who in (one, other)] == ["1", "2", "3", "4"]
    assert Template('{{$counter("run")}}', {}, library).render(one) == "1"
    assert Template('{{$counter("run", "orders")}}', {}, Library()).render(one) == "1"


def test_tokens_are_signed() -> None:
    text = Template('{{$jwt(\'{"a": {"b": 1}}\', key)}}|{{$jwt(claims, key, "HS512")}}')
    one, other = text.render(scope(key=KEY, claims={"sub": "al"})).split("|")
    assert jwt.decode(one, KEY, ["HS256"]) == {"a": {"b": 1}}
    assert jwt.decode(other, KEY, ["HS512"]) == {"sub": "al"}
    assert Template('{{$jwt(claims, "short")}}').render(scope(claims={})).count(".") == 2


RSA_KEY = rsa.generate_private_key(65537, 1024)
PRIVATE = RSA_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
PUBLIC = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
TRADITIONAL = RSA_KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


@pytest.mark.parametrize(
    "key",
    [
        PRIVATE,
        TRADITIONAL,
        PRIVATE.replace("\n", "\\n"),
        PRIVATE.replace("\n", " "),
        "".join(PRIVATE.splitlines()[1:-1]),
    ],
    ids=["PKCS8", "PKCS1", "escaped", "one line", "bare"],
)
def test_a_private_key_signs_in_every_form_that_environments_have(key: str) -> None:
    text = '{{$base64($rsaSign("sha256", key, body))}} {{$rsaSign("sha256", key, body, "pss")}}'
    one, other = Template(text).render(scope(key=key, body="text")).split()
    public, digest = RSA_KEY.public_key(), hashes.SHA256()
    public.verify(base64.b64decode(one), b"text", padding.PKCS1v15(), digest)
    public.verify(bytes.fromhex(other), b"text", padding.PSS(padding.MGF1(digest), 32), digest)


def test_a_password_is_encrypted_for_the_owner_of_a_key() -> None:
    text = '{{$base64($rsaEncrypt(key, "secret"))}} {{$base64($rsaEncrypt(key, "secret", "oaep"))}}'
    one, other = (base64.b64decode(part) for part in Template(text).render(scope(key=PUBLIC)).split())
    digest = hashes.SHA256()
    assert RSA_KEY.decrypt(one, padding.PKCS1v15()) == b"secret"
    assert RSA_KEY.decrypt(other, padding.OAEP(padding.MGF1(digest), digest, None)) == b"secret"


@pytest.mark.parametrize("key", ["", "no key", PUBLIC, "-----BEGIN PRIVATE KEY-----", PRIVATE[:200], "é"])
def test_what_is_no_private_key_is_not_shown(key: str) -> None:
    with pytest.raises(FunctionFailed) as caught:
        Template('{{$rsaSign("sha256", key, "text")}}').render(scope(key=key))
    assert str(caught.value) == (
        "$rsaSign: the key must be an RSA private key as PEM (-----BEGIN PRIVATE KEY-----) without a pass phrase"
    )


def test_a_value_that_a_function_cannot_take_fails_its_request() -> None:
    with pytest.raises(FunctionFailed) as caught:
        Template("{{$randomItem(items)}}").render(scope(items="abc"))
    assert caught.value.error_class == "Function Failed: randomItem"
    assert "a variable that holds a list" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{$mdd5('a')}}", "no function $mdd5; did you mean $md5?"),
        ("{{$urlEncode('a')}}", "did you mean $urlencode?"),
        ("{{$nonsense}}", "there are: $base64, "),
        ("{{$md5()}}", 'has 0 arguments; the form is $md5(text), such as {{$md5("abc")}}'),
        ("{{$md5('abc)}}", 'column 6, "\'abc)"'),
        ("{{md5(a)}}", "column 4, '(a)'"),
        ("{{it's}}", "column 3"),
        ("{{$md5(a b)}}", "column 8, 'b)'"),
        ("{{5}}", "write a variable's name or $function(…)"),
        ("{{$date('1d')}}", "'1d' is no offset; write +1d"),
        ("{{$date('', '', 'Asia/Shangha')}}", "is no time zone; write a name such as Asia/Shanghai"),
        ("{{$hmac('sha3', key, 'a')}}", "must be one of md5, sha1, sha256, sha384, sha512"),
        ("{{$randomInt(a, 'x')}}", "'x' is not a whole number; an example: {{$randomInt(1, 9)}}"),
        ("{{$randomInt(9, 1)}}", "the lower bound exceeds the upper one"),
        ("{{$randomItem('x')}}", "needs a variable that holds a list"),
        ("{{$jwt('x', 'y')}}", "the payload must be a JSON object"),
        ("{{$rsaSign('md5', key, 'a')}}", "the algorithm must be one of sha1, sha256, sha384, sha512"),
        ("{{$rsaSign('sha256', key, 'a', 'oaep')}}", "the padding must be one of pkcs1, pss"),
        ("{{$rsaSign('sha256', 'x', 'a')}}", "the key must be an RSA private key as PEM"),
        ("{{$rsaEncrypt('x', 'a')}}", "the key must be an RSA public key as PEM"),
        ("{{$timestamp('min')}}", "the unit must be s, ms, us or ns"),
        ("{{$counter('all')}}", 'must be "user" or "run"'),
        ("{{$faker.nope}}", "Faker has no nope"),
    ],
)
def test_mistakes_are_reported_before_the_run(text: str, said: str) -> None:
    told = fault_of(text)
    assert said in told.en
    assert re.search("[一-鿿]", told.zh)


def test_results_and_nesting_are_bounded() -> None:
    assert "nested more than 32 deep" in fault_of("{{" + "$hex(" * 40 + '"a"' + ")" * 40 + "}}").en
    long = '"' + "a" * 10_000 + '"'
    assert "longer than" in fault_of(f'{{{{$replace({long}, "a", {long})}}}}').en
    assert "longer than" in fault_of("{{" + "$hex(" * 30 + '"a"' + ")" * 30 + "}}").en


@pytest.mark.parametrize("name", registered())
def test_every_function_has_examples_that_work(name: str) -> None:
    function = registered()[name]
    assert function.title.zh != function.title.en
    assert re.search("[一-鿿]|Base64", function.title.zh)
    for example in function.examples:
        assert example.count(f"${name}")
        text = Template("{{" + example + "}}")
        assert text.render(scope(**function.example_variables))
        folded = function.pure and "$vu" not in example and not function.example_variables
        assert (text.constant is not None) == folded
