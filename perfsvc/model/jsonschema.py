"""JSON Schemas of users, compiled: nothing is fetched, and patterns take time in proportion to the text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from perfsvc.model.problems import Fault


class CompiledSchema:
    """A schema made ready."""

    __slots__ = ("_validator", "is_valid")

    def __init__(self, validator: Any) -> None:
        self._validator = validator
        self.is_valid = validator.is_valid

    def faults(self, value: Any) -> Iterator[tuple[list[str | int], str]]:
        """What is wrong with a value: places in it, and messages."""
        for error in self._validator.iter_errors(value):
            yield list(error.instance_path), error.message


def compile_schema(schema: dict[str, Any]) -> CompiledSchema:
    """Compile a schema, of draft 2020-12 unless ``$schema`` names another. Raise Fault at ``schema``."""
    import jsonschema_rs  # imported late: few scenes have one

    try:
        validator = jsonschema_rs.validator_for(schema, retriever=_refuse, pattern_options=jsonschema_rs.RegexOptions())
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        reason = str(error).partition("\n")[0]
        raise Fault(f"无效的 JSON Schema：{reason}", f"invalid JSON Schema: {reason}", "schema") from None
    return CompiledSchema(validator)


def _refuse(uri: str) -> Any:
    raise ValueError(f"{uri} is not fetched; put it under $defs")
