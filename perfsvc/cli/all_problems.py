"""All problems of a plan in one round: each that is found is taken out of a copy, which is then checked again."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

from perfsvc.errors import InvalidInput
from perfsvc.errors import PerfsvcError
from perfsvc.errors import Problem
from perfsvc.model.config import SYNONYMS
from perfsvc.model.planfile import PlanFile
from perfsvc.model.problems import bounded
from perfsvc.model.run import RunFiles
from perfsvc.model.template import PLACEHOLDER
from perfsvc.model.variable_name import is_variable_name

MOST_ROUNDS = 5
PART = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
THINK = {"type": "think", "think_time": {"type": "constant", "value": 0}}
NEEDED = {
    "config": {"concurrent_users": 1},
    "concurrent_users": 1,
    "vus": 1,
    "arrival_rate": 1,
    "host": "http://127.0.0.1:1",
}
"""Keys without which the rest cannot be judged, and values that break nothing."""
STEP_LISTS = ("steps", "on_start", "setup", "teardown", "otherwise")


def all_problems(document: dict[str, Any], files: RunFiles, problems: list[Problem]) -> list[Problem]:
    """Return ``problems`` and those that they have kept from being found."""
    from perfsvc.cli.plan_validation import checked

    known, fresh = dict.fromkeys(problems), problems
    sound = copy.deepcopy(document)
    replaced: set[str] = set()
    for _ in range(MOST_ROUNDS):
        try:
            replaced |= take_out(sound, [problem.path for problem in fresh])
            checked(PlanFile.parse(sound), files)
        except InvalidInput as error:
            mended = {parent_of(problem.path) for problem in known}
            fresh = [problem for problem in error.problems if problem not in known]
            known |= dict.fromkeys(
                problem
                for problem in fresh
                if not caused(problem.path, mended, document) and not within(problem.path, replaced)
            )
        except (PerfsvcError, RecursionError):  # YAML can contain itself
            break
        else:
            break
        if not fresh:
            break
    return bounded([*known])


def caused(path: str, mended: set[str], document: dict[str, Any]) -> bool:
    """Whether a problem comes from what was taken out of the objects ``mended``.

    It is about one of them or the object around it, or about a key that one of them never had: the one that was taken
    out may be it, misspelt, or stand in its place.
    """
    if path in mended or path in {parent_of(each) for each in mended}:
        return True
    return parent_of(path) in mended and not stands(document, path)


def parent_of(path: str) -> str:
    """The path of the object that holds a member."""
    return path.rpartition(".")[0]


def stands(document: Any, path: str) -> bool:
    """Whether there is something at a path."""
    for part in parts_of(path):
        if not _has(document, part):
            return False
        document = document[part]
    return True


def within(path: str, replaced: set[str]) -> bool:
    """Whether a path is one of those, or below one."""
    return any(path == each or path.startswith((f"{each}.", f"{each}[")) for each in replaced)


class Member(NamedTuple):
    """A member of a document: the object or list that holds it, under which key, and the last key above lists."""

    holder: Any
    key: int | str
    name: str


def take_out(document: dict[str, Any], paths: Sequence[str]) -> set[str]:
    """Take what is at the paths out of a document, so that the rest can be judged; lists keep their length.

    Return the paths of what now has another value or none, about which nothing more is to be said.
    Variables that are extracted there become variables of the environment, so that uses of them are no problems.
    """
    found = [(path, member) for path in paths if (member := found_at(document, path)) is not None]
    members = {(id(member.holder), member.key): (path, member) for path, member in reversed(found)}
    replaced = set()
    env = document.get("env")
    variables = env.get("variables") if isinstance(env, dict) else None
    for path, (holder, key, name) in reversed(members.values()):
        if key in NEEDED:
            holder[key] = copy.deepcopy(NEEDED[str(key)])
            replaced.add(path)
            continue
        if not _has(holder, key):
            continue
        removed = holder[key]
        if isinstance(variables, dict):
            variables.update(dict.fromkeys(extracted_in(removed), ""))
        if isinstance(removed, str) and (harmless_text := without_calls(removed)) not in ("", removed):
            holder[key] = harmless_text
        elif isinstance(holder, list):
            holder[int(key)] = harmless(name, removed)
            replaced.add(path)
        else:
            del holder[key]
            replaced.add(path)
    return replaced


def found_at(document: dict[str, Any], path: str) -> Member | None:
    """Return the innermost member at a path or above it."""
    value: Any = document
    found, name = None, ""
    for part in parts_of(path):
        key = next((each for each in (part, *_others(part)) if _has(value, each)), None)
        if key is None:
            if part in NEEDED and isinstance(value, dict):
                return Member(value, part, name)
            return None if any(value is document.get(each) for each in ("config", "env")) else found
        name = key if isinstance(key, str) else name
        found, value = Member(value, key, name), value[key]
    return found


def parts_of(path: str) -> Iterator[int | str]:
    """Yield the keys and indexes of a path."""
    for number, key in PART.findall(path):
        yield int(number) if number else key


def harmless(name: str, removed: Any) -> Any:
    """Return what may stand in a list of this name in place of an item that was removed."""
    called = removed.get("name") if isinstance(removed, dict) else None
    step = {**THINK, "name": called if isinstance(called, str) and 0 < len(called) <= 100 else "step"}
    if name in STEP_LISTS:
        return step
    return {
        "scenes": {"name": "scene", "steps": [step]},
        "extract": {"name": called if isinstance(called, str) else "value", "from": "body"},
        "checks": {"type": "response_time", "less_than": 3_600_000},
        "thresholds": "requests >= 0",
    }.get(name)


def without_calls(text: str) -> str:
    """Return the beginning of a template with its variables, which may be wrong as well; empty without any."""
    names = [match[1] for match in PLACEHOLDER.finditer(text) if is_variable_name((match[1] or "").strip())]
    return text.partition("{{")[0] + "".join(f"{{{{{name}}}}}" for name in names) if names else ""


def extracted_in(value: Any) -> Iterator[str]:
    """Yield the names of what looks like extractors, wherever they are."""
    if isinstance(value, list):
        for each in value:
            yield from extracted_in(each)
    elif isinstance(value, dict):
        if "from" in value:
            names = value.get("names")
            named = [value.get("name"), *(names if isinstance(names, list) else ())]
            yield from (each for each in named if isinstance(each, str))
        for each in value.values():
            yield from extracted_in(each)


def _others(part: int | str) -> Iterator[str]:
    for ours, theirs in SYNONYMS.items():
        if part in (ours, theirs):
            yield theirs if part == ours else ours


def _has(value: Any, part: int | str) -> bool:
    if isinstance(value, list):
        return isinstance(part, int) and part < len(value)
    return isinstance(value, dict) and part in value
