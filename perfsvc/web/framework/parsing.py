"""JSON bodies and query strings to validated specs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from typing import TypeVar
from typing import get_args

from perfsvc.errors import BadRequest
from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem
from perfsvc.errors import Text
from perfsvc.errors import TooLarge
from perfsvc.errors import WrongContentType
from perfsvc.event_loop import off_loop
from perfsvc.model.base import Spec
from perfsvc.model.known_keys import keys_of
from perfsvc.model.nearest import did_you_mean
from perfsvc.model.nearest import nearest
from perfsvc.model.plan_text import twice
from perfsvc.model.problems import MOST_PROBLEMS
from perfsvc.model.problems import Fault
from perfsvc.model.problems import bounded
from perfsvc.model.text_faults import no_constant
from perfsvc.model.text_faults import text_fault

S = TypeVar("S", bound=Spec)

LARGEST_JSON = 1_048_576
"""Bytes, unless a spec has ``largest_json``. A scene of 500 steps stays far below; files have their own endpoint."""

LARGEST_ON_THE_LOOP = 16_384
"""Bytes that are parsed and validated in a few ms at most."""
MOST_KEYS = 50_000
"""Of all objects of a body together."""
MOST_KEYS_OF_ONE = 5_000
"""Of one object: each unknown key is an error, and these are made in one go."""

WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}", re.ASCII)


async def read_body(spec: type[S], body: bytes, content_type: str) -> S:
    """Return a JSON body as a spec; a large one is parsed in a thread, so that the loop is not blocked.

    Raises WrongContentType, TooLarge, BadRequest for invalid JSON, InvalidInput with every violation of the spec.
    """
    largest = getattr(spec, "largest_json", LARGEST_JSON)
    if len(body) > largest:
        raise TooLarge(largest)
    media_type, _, parameters = content_type.partition(";")
    if media_type.strip().lower() != "application/json" or not _is_utf8(parameters):
        raise WrongContentType
    if len(body) > LARGEST_ON_THE_LOOP:
        return await off_loop(_parsed, spec, body)
    return _parsed(spec, body)


def read_json(body: bytes) -> Any:
    """Return a JSON document.

    Raise BadRequest for what is not strictly JSON (duplicate keys, NaN, other encodings) and for too many keys.
    """
    text = ""
    try:
        text = body.decode("utf-8")
        return json.loads(text, object_pairs_hook=_Pairs(), parse_constant=no_constant)
    except (ValueError, RecursionError) as error:
        zh, en = text_fault(text, error).of_kind("JSON")
        raise BadRequest(f"请求体{zh}", f"the body {en}") from None


def read_query(spec: type[S], arguments: Mapping[str, list[str]]) -> S:
    """Parse the query string into a spec. Raises InvalidInput with every problem, also for repeated names.

    An unknown name may be meant for another parameter, but never for a key of a plan.
    """
    twice = [
        Problem(name, Text("只能出现一次", "must be given only once"))
        for name, values in arguments.items()
        if len(values) > 1
    ]
    if twice:
        raise InvalidInput(twice)
    names = list(keys_of(spec))
    others = [name for name in arguments if name not in names]
    unknown = bounded([Problem(name, _unknown(name, names)) for name in others[: MOST_PROBLEMS + 1]], "")
    try:
        found = spec.parse({name: _typed(spec, name, arguments[name][0]) for name in arguments if name in names})
    except InvalidInput as error:
        raise InvalidInput([*unknown, *error.problems]) from None
    if unknown:
        raise InvalidInput(unknown)
    return found


def _unknown(name: str, names: list[str]) -> Text:
    hint = did_you_mean(nearest(name, names))
    return Text(f"未知的字段{hint.zh}", f"is not a known key{hint.en}")


def _typed(spec: type[Spec], name: str, raw: str) -> int | str:
    fields = spec.model_fields
    field = fields.get(name) or next((each for each in fields.values() if each.alias == name), None)
    takes_numbers = field is not None and _holds_int(field.annotation)
    return int(raw) if takes_numbers and WHOLE_NUMBER.fullmatch(raw) else raw


def _holds_int(annotation: Any) -> bool:
    return annotation is int or any(_holds_int(part) for part in get_args(annotation))


def _is_utf8(parameters: str) -> bool:
    name, _, value = parameters.strip().partition("=")
    return not name or (name.strip().lower() == "charset" and value.strip().strip('"').lower() in ("utf-8", "utf8"))


def _parsed(spec: type[S], body: bytes) -> S:
    return spec.parse(read_json(body))


class _Pairs:
    """Makes the objects of one document; counts their keys and refuses duplicates."""

    def __init__(self) -> None:
        self._left = MOST_KEYS

    def __call__(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(pairs) > MOST_KEYS_OF_ONE:
            zh, en = f"对象的键超过 {MOST_KEYS_OF_ONE} 个", f"an object has more than {MOST_KEYS_OF_ONE} keys"
            raise BadRequest(zh, en)
        self._left -= len(pairs)
        if self._left < 0:
            raise BadRequest(f"请求体中的键超过 {MOST_KEYS} 个", f"the body has more than {MOST_KEYS} keys")
        keys: dict[str, Any] = {}
        for key, value in pairs:
            if key in keys:
                raise Fault(*twice(key))
            keys[key] = value
        return keys
