"""Texts of a form that a message states in words, not as a regular expression."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic import GetJsonSchemaHandler
from pydantic_core import core_schema

from perfsvc.model.problems import Fault


@dataclass(frozen=True)
class Worded:
    """An annotation of ``str``: the pattern of the whole text, and what is allowed in Chinese and English."""

    pattern: str
    zh: str
    en: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        pattern = re.compile(self.pattern)

        def checked(text: str) -> str:
            if pattern.fullmatch(text) is None:
                raise Fault(self.zh, self.en)
            return text

        return core_schema.no_info_after_validator_function(checked, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "pattern": f"^{self.pattern}$"}
