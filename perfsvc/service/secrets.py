"""Secrets of users: sealed in the database, shown as MASK, and opened for runs only.

A sealed text is stored as ``{"sealed": …}`` where the plain one would be.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping
from typing import Any

from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem
from perfsvc.errors import Text
from perfsvc.service.auth.vault import Vault

MASK = "******"
SEALED = "sealed"
SHORTEST = 4
"""Characters: shorter ones stand in too many places to be masked."""

TOO_SHORT = Text(f"机密值至少 {SHORTEST} 个字符", f"a secret has at least {SHORTEST} characters")
NOT_STORED = Text("没有已保存的值，请填写", "there is no stored value to keep; enter one")
UNKNOWN = Text("没有该名称", "there is no such name")


def is_sealed(value: Any) -> bool:
    """Return whether a stored value is a sealed text."""
    return isinstance(value, dict) and value.keys() == {SEALED}


def sealed_names(stored: Mapping[str, Any]) -> list[str]:
    """Return the names whose values are secret."""
    return [name for name, value in stored.items() if is_sealed(value)]


def shown(value: Any) -> Any:
    """Return a stored document with MASK in place of what is sealed."""
    return _each_sealed(value, lambda _: MASK)


def opened(value: Any, vault: Vault, secrets: set[str]) -> Any:
    """Return a stored document in plain text, and add what was sealed to ``secrets``. Raise Unavailable."""

    def unsealed(token: str) -> str:
        text = vault.unseal(token)
        secrets.add(text)
        return text

    return _each_sealed(value, unsealed)


def sealed_entries(
    values: Mapping[str, str], secret: Collection[str], stored: Mapping[str, Any], vault: Vault, path: str
) -> dict[str, Any]:
    """Return values as they are stored, those in ``secret`` sealed; MASK keeps the stored one. Raise InvalidInput."""
    problems = [Problem(f"secret_{path}", Text(f"{UNKNOWN.zh}：{name}", f"{UNKNOWN.en}: {name}"))
                for name in secret if name not in values]  # fmt: skip
    entries: dict[str, Any] = {}
    for name, value in values.items():
        if value == MASK:
            wrong = None if is_sealed(stored.get(name)) and name in secret else NOT_STORED
            entries[name] = stored.get(name)
        elif name in secret:
            wrong = TOO_SHORT if len(value) < SHORTEST else None
            entries[name] = {SEALED: vault.seal(value)}
        else:
            wrong, entries[name] = None, value
        if wrong is not None:
            problems.append(Problem(f"{path}.{name}", wrong))
    if problems:
        raise InvalidInput(problems)
    return entries


def _each_sealed(value: Any, put: Any) -> Any:
    if is_sealed(value):
        return put(value[SEALED])
    if isinstance(value, dict):
        return {key: _each_sealed(each, put) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_each_sealed(each, put) for each in value]
    return value
