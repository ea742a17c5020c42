"""Record of each step of a try-out, in the form that is shown: bounded, and without secrets."""

from __future__ import annotations

import base64
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from typing import Any

import msgspec

from perfsvc.engine.failure_texts import in_chinese
from perfsvc.engine.failure_texts import in_english
from perfsvc.engine.failure_texts import missing_variable_text
from perfsvc.engine.masking import MASK
from perfsvc.engine.masking import Masker
from perfsvc.engine.masking import is_secret
from perfsvc.engine.masking import secret_values
from perfsvc.errors import Text
from perfsvc.model.checks import Check
from perfsvc.model.checks import ContainsCheck
from perfsvc.model.checks import CssCheck
from perfsvc.model.checks import HeaderCheck
from perfsvc.model.checks import JsonCheck
from perfsvc.model.checks import JsonSchemaCheck
from perfsvc.model.checks import RegexCheck
from perfsvc.model.checks import SizeCheck
from perfsvc.model.checks import StatusCheck
from perfsvc.model.checks import XpathCheck
from perfsvc.model.template import as_text
from perfsvc.plugin.protocol import Redirect
from perfsvc.plugin.protocol import Reply

MOST_BODY = 1024 * 1024
MOST_TEXT = 64 * 1024
MOST_VALUE = 10_000
"""Bytes of a body, characters of a request or a head, characters of a variable that are shown."""
MOST_SIGNED = 20
"""Inputs of signatures that are shown of a step."""
PIECE = 32 * 1024
"""Masking holds the interpreter for as long as one piece takes, about 10 ms."""
BREAKS = "\n,;&> "
CONNECTING = ("dns", "connect", "tls")
NS_PER_MS = 1_000_000


@dataclass(slots=True)
class TriedCheck:
    """A check with what it found."""

    index: int
    type: str
    text: str
    passed: bool
    actual: Any
    finding: Text | None = None


@dataclass(slots=True)
class TriedValue:
    """The value that an extractor found."""

    name: str
    value: Any
    found: bool
    finding: Text | None = None


@dataclass(slots=True)
class TriedStep:
    """A step as it was taken. Times are ms; ``branch`` is the way that a condition, a choice or a loop took."""

    path: str
    part: str
    index: int | None
    name: str
    type: str
    started: float
    candidates: Collection[str] = ()
    """Names of variables that may have been meant where one has no value."""
    branch: str | None = None
    protocol: str | None = None
    duration: float = 0.0
    outcome: str = "passed"
    error_class: str = ""
    message: str = ""
    message_zh: str = ""
    request: str | None = None
    signed: list[tuple[str, str]] = field(default_factory=list)
    status: int | None = None
    head: str = ""
    body: bytes = b""
    redirects: list[Redirect] = field(default_factory=list)
    """Exchanges before the last one: redirects that were followed."""
    phases: dict[str, float] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    extracted: list[TriedValue] = field(default_factory=list)
    checks: list[TriedCheck] = field(default_factory=list)

    def fail(self, error_class: str, message: str = "", message_zh: str = "") -> None:
        """The first failure is the step's."""
        if self.outcome != "failed":
            missing = missing_variable_text(error_class, self.candidates)
            if missing is not None:
                message_zh, message = missing
            self.outcome, self.error_class = "failed", error_class
            self.message = message if message_zh else in_english(error_class, message)
            self.message_zh = message_zh or in_chinese(error_class, message)

    def fail_with(self, error_class: str, finding: Text | None) -> None:
        """Fail for what a check or an extractor found."""
        self.fail(error_class) if finding is None else self.fail(error_class, finding.en, finding.zh)

    def note_signed(self, signed: Iterable[tuple[str, Any]]) -> None:
        """Note what functions signed, each input once; only the first call counts."""
        if not self.signed:
            texts = [(name, written_bytes(value)) for name, value in signed]
            self.signed = list(dict.fromkeys(texts))[:MOST_SIGNED]

    def note_reply(self, reply: Reply, phases: dict[str, float]) -> None:
        """Copy what is shown of a reply: the session may reuse it."""
        shown = reply.excerpt()
        self.request, self.head, self.phases = shown.request, shown.response_head, phases
        self.redirects = reply.redirects()
        self.body = shown.body if reply.failure is not None else reply.body()
        arrived = reply.failure is None or reply.status or self.head or self.body
        self.status = reply.status if arrived else None
        self.duration = max(reply.ended_ns - reply.started_ns, 0) / NS_PER_MS if reply.sent else 0.0

    def as_dict(self, masked: Masker) -> dict[str, Any]:
        """The step for people. Masking a large body takes a while: for a thread."""
        failed = self.outcome == "failed"
        return {
            "path": self.path,
            "part": self.part,
            "index": self.index,
            "name": self.name,
            "type": self.type,
            "protocol": self.protocol,
            "started": round(self.started, 3),
            "duration": round(self.duration, 3),
            "outcome": self.outcome,
            "error": self._error(masked) if failed else None,
            "request": None if self.request is None else shown_text(self.request, masked),
            "signed": self._shown_signed(masked),
            "redirects": [self._shown_redirect(each, masked) for each in self.redirects],
            "response": None if self.status is None else self._response(masked),
            "phases": self.phases,
            "extracted": [
                {"name": each.name, "value": shown_value(each.name, each.value, masked), "found": each.found,
                 "finding": shown_finding(each.finding, masked)}
                for each in self.extracted
            ],
            "before": shown_variables(self.before, masked),
            "after": shown_variables(self.after, masked),
            "checks": [
                {"index": each.index, "type": each.type, "text": each.text, "passed": each.passed,
                 "actual": shown_actual(each.actual, masked), "finding": shown_finding(each.finding, masked)}
                for each in self.checks
            ],
            "branch": self.branch,
        }  # fmt: skip

    def _error(self, masked: Masker) -> dict[str, str]:
        return {"class": self.error_class, "message": masked(self.message), "message_zh": masked(self.message_zh)}

    @staticmethod
    def _shown_redirect(redirect: Redirect, masked: Masker) -> dict[str, Any]:
        return {
            "request": shown_text(redirect.request, masked),
            "status": redirect.status,
            "head": masked.beginning(redirect.response_head, MOST_TEXT),
            "location": masked.beginning(redirect.location, MOST_VALUE),
            "duration": round(max(redirect.ended_ns - redirect.started_ns, 0) / NS_PER_MS, 3),
        }

    def _shown_signed(self, masked: Masker) -> list[dict[str, Any]]:
        variables = {**self.before, **self.after}
        secret = {name: written(value) for name, value in variables.items() if is_secret(name)}
        hidden = Masker(secret_values(secret, ()))
        return [{"function": name, **shown_text(hidden.without_secrets(text), masked)} for name, text in self.signed]

    def _response(self, masked: Masker) -> dict[str, Any]:
        body = masked.body(self.body)
        kept = body[:MOST_BODY]
        try:
            text, encoding = "".join(masked(piece) for piece in pieces(kept.decode("utf-8"))), "text"
        except UnicodeDecodeError as error:
            if len(body) > MOST_BODY and error.start > MOST_BODY - 4:  # a character cut in two
                text, encoding = "".join(masked(piece) for piece in pieces(kept[: error.start].decode())), "text"
            else:
                text, encoding = base64.b64encode(kept).decode(), "base64"
        return {
            "status": self.status,
            "head": masked.beginning(self.head, MOST_TEXT),
            "body": text,
            "encoding": encoding,
            "size": len(self.body),
            "truncated": len(self.body) > MOST_BODY,
        }


def pieces(text: str) -> Iterator[str]:
    """Split the text into pieces that end where a value does, as far as that can be seen."""
    start = 0
    while len(text) - start > PIECE:
        end = max(text.rfind(mark, start, start + PIECE) for mark in BREAKS) + 1
        end = end if end > start + PIECE // 2 else start + PIECE
        yield text[start:end]
        start = end
    yield text[start:]


def shown_text(text: str, masked: Masker) -> dict[str, Any]:
    """A request as it was sent."""
    return {"text": masked.beginning(text, MOST_TEXT), "truncated": len(text) > MOST_TEXT}


def written_bytes(value: Any) -> str:
    """A value that is signed, as text; what is not UTF-8 is replaced."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else written(value)


def shown_variables(variables: dict[str, Any], masked: Masker) -> dict[str, str]:
    """Variables by name, the values of secret-like names masked."""
    return {name: shown_value(name, value, masked) or "" for name, value in variables.items()}


def shown_value(name: str, value: Any, masked: Masker) -> str | None:
    """A value as templates would write it."""
    if value is None:
        return None
    return MASK if is_secret(name) else masked.beginning(written(value), MOST_VALUE)


def written(value: Any) -> str:
    """A value as a template would write it."""
    return value if isinstance(value, str) else as_text(value)


def shown_finding(finding: Text | None, masked: Masker) -> dict[str, str] | None:
    """What was found instead, in both languages."""
    return None if finding is None else {"zh": masked(finding.zh), "en": masked(finding.en)}


def shown_actual(value: Any, masked: Masker) -> Any:
    """The value that a check found: numbers and booleans as they are, all else as text."""
    return (
        value
        if value is None or isinstance(value, bool | int | float)
        else masked.beginning(written(value), MOST_VALUE)
    )


def phases_of(reply: Reply) -> dict[str, float]:
    """The phases of a request in ms, as far as they took place."""
    phases = dict(zip(CONNECTING, reply.connected or (0, 0, 0), strict=True))
    if reply.waiting_ns:
        phases["waiting"] = reply.waiting_ns
        phases["receiving"] = max(reply.ended_ns - reply.started_ns - reply.waiting_ns, 0)
    return {name: round(ns / NS_PER_MS, 3) for name, ns in phases.items() if ns}


def text_of_check(check: Check) -> str:
    """A check in short, in no language."""
    return f"¬ {_text_of(check)}" if check.negated else _text_of(check)


def _text_of(check: Check) -> str:
    if isinstance(check, StatusCheck):
        return f"status = {' | '.join(map(str, check.one_of or (check.equals,)))}"
    if isinstance(check, JsonCheck | CssCheck | XpathCheck):
        return _value_text(check)
    if isinstance(check, RegexCheck):
        return f"{'' if check.header is None else f'{check.header} '}/{check.pattern}/"
    if isinstance(check, ContainsCheck):
        return f"⊃ {check.text}"
    if isinstance(check, HeaderCheck):
        wanted = "∃" if check.equals is None else f"= {check.equals}"
        return f"{check.name} {wanted}" if check.contains is None else f"{check.name} ⊃ {check.contains}"
    if isinstance(check, JsonSchemaCheck):
        return f"{check.path} ∈ JSON Schema"
    if isinstance(check, SizeCheck):
        limits = {"=": check.equals, "<": check.less_than, ">": check.greater_than}
        compared = " ".join(f"{sign} {limit}" for sign, limit in limits.items() if limit is not None)
        return f"size {check.path or ''}".rstrip() + f" {compared}"
    return f"< {check.less_than:g} ms"


def _value_text(check: JsonCheck | CssCheck | XpathCheck) -> str:
    place = check.selector if isinstance(check, CssCheck) else check.path
    if isinstance(check, CssCheck) and check.attribute is not None:
        place += f" @{check.attribute}"
    if "equals" in check.model_fields_set:
        return f"{place} = {msgspec.json.encode(check.equals).decode()}"
    if not isinstance(check, JsonCheck) and check.contains is not None:
        return f"{place} ⊃ {check.contains}"
    return f"{place} {'∄' if check.exists is False else '∃'}"
