"""Field types that several forms share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

LARGEST_ID = 2**31 - 1

Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Description = Annotated[str, Field(max_length=10_000)]
