"""Values that Faker makes: ``{{$faker.name}}``."""

from __future__ import annotations

import re
from functools import cache
from typing import Any
from typing import ClassVar

from faker import Factory
from faker import Generator

from perfsvc.errors import Text
from perfsvc.model.functions.function import Function
from perfsvc.model.problems import Fault

PROVIDER = re.compile(r"[a-z][a-z0-9_]*")


@cache
def _generator() -> Generator:
    """The generator of the process: making one takes several ms."""
    return Factory.create()


def fake_function(provider: str) -> type[Function]:
    """A provider of Faker as a function. Raise Fault for one that does not exist."""
    fake = _generator()
    method: Any = getattr(fake, provider, None) if PROVIDER.fullmatch(provider) else None
    if not callable(method):
        raise Fault(f"Faker 没有 {provider}", f"Faker has no {provider}")

    class Fake(Function):
        """Draws from the user's random numbers, so that values repeat with the seed."""

        name = f"faker.{provider}"
        title = Text(f"Faker：{provider}", f"Faker: {provider}")
        examples: ClassVar[tuple[str, ...]] = (f"$faker.{provider}",)

        def call(self, scope: Any) -> str:
            fake.random = scope.random
            return str(method())

    return Fake
