"""Names of variables, which templates, extractors, environments and columns of test data share."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator
from pydantic import WithJsonSchema

from perfsvc.model.problems import Fault

LETTERS = "\u00c0-\u1fff\u2c00-\u2fef\u3005-\u3007\u3021-\ud7ff\uf900-\ufaff"
"""Letters beyond ASCII as ranges, since engines of regular expressions differ in what a word character is."""
NAME = rf"[A-Za-z_{LETTERS}][A-Za-z0-9_{LETTERS}-]{{0,63}}"
"""Letters of any script, digits, ``_`` and ``-``; neither a digit nor ``-`` first."""

_NAME = re.compile(NAME)


def is_variable_name(text: str) -> bool:
    """Whether a text may name a variable."""
    return _NAME.fullmatch(text) is not None


def _checked(text: str) -> str:
    if not is_variable_name(text):
        raise Fault(
            "应由字母、数字、_ 和 - 组成，以字母或 _ 开头，最多 64 个字符",
            "must be letters, digits, _ and -, with a letter or _ first, at most 64 of them",
        )
    return text


VariableName = Annotated[
    str, AfterValidator(_checked), WithJsonSchema({"type": "string", "pattern": f"^{NAME}$", "maxLength": 64})
]
