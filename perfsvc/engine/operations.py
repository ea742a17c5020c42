"""Operations that a target offers, listed by its protocol for a step that is being written."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import contextmanager
from contextlib import suppress
from functools import partial
from typing import Any
from typing import NamedTuple

from perfsvc.engine import files
from perfsvc.engine.failure_texts import in_words
from perfsvc.engine.faults import below
from perfsvc.engine.protocol_options import options_of
from perfsvc.engine.scene_trial import TrialSurroundings
from perfsvc.engine.scene_trial import quietly
from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem
from perfsvc.event_loop import off_loop
from perfsvc.model.functions.library import Library
from perfsvc.model.template import Template
from perfsvc.plugin.failures import Failed
from perfsvc.plugin.operations import checked
from perfsvc.plugin.operations import unlisted_in
from perfsvc.plugin.protocol import MOST_OPERATIONS
from perfsvc.plugin.protocol import Operation
from perfsvc.plugin.protocol import Protocol
from perfsvc.plugin.protocol import RunContext
from perfsvc.plugin.protocol import Unlisted


class Operations(NamedTuple):
    """Operations in the target's order; ``truncated`` is whether there are more than can be shown.

    ``unlisted`` are the parts of the target that could not be listed.
    """

    shown: list[Operation]
    truncated: bool
    unlisted: list[Unlisted]


async def operations_of(name: str, request: Mapping[str, Any], around: TrialSurroundings, limit_s: float) -> Operations:
    """Return what the target of an unfinished request offers. Raise InvalidInput, NotFound."""
    protocol_class = around.protocol_class(name)
    with _problems_below(f"protocol_options.{name}"):
        protocol = await off_loop(_protocol, protocol_class, around)
    try:
        with _problems_below("request"):
            return await _listed(protocol, request, limit_s)
    finally:
        with suppress(Exception):
            await quietly(protocol.close())


async def _listed(protocol: Protocol, request: Mapping[str, Any], limit_s: float) -> Operations:
    try:
        async with asyncio.timeout(limit_s) as limit:
            found = await protocol.operations(request, limit_s)
    except TimeoutError:
        if not limit.expired():
            raise
        zh, en = f"目标在 {limit_s:g} 秒内没有给出操作列表", f"the target listed no operations in {limit_s:g} s"
        raise InvalidInput.at("", zh, en) from None
    return await off_loop(_shown, found)


def _shown(found: Any) -> Operations:
    if not isinstance(found, Sequence):
        raise TypeError(f"operations() returned {type(found).__name__}, not a sequence")
    unlisted = unlisted_in(found)
    listed = [each for each in found if not isinstance(each, Unlisted)]
    return Operations(checked(listed[:MOST_OPERATIONS]), len(listed) > MOST_OPERATIONS, unlisted[:MOST_OPERATIONS])


@contextmanager
def _problems_below(path: str) -> Iterator[None]:
    """Turn what a plugin raises into problems at or below a path. Raise InvalidInput."""
    try:
        yield
    except InvalidInput as error:
        raise InvalidInput([Problem(below(path, each.path), each.text) for each in error.problems]) from None
    except Failed as error:
        raise InvalidInput.at(path, *in_words(error.error_class, str(error))) from None
    except Exception as error:  # a plugin's own mistake
        raise InvalidInput.at(path, *in_words(f"Plugin Error: {type(error).__name__}", str(error))) from None


def _protocol(protocol_class: type[Protocol], around: TrialSurroundings) -> Protocol:
    options = options_of(protocol_class, around.options.get(protocol_class.name, {}), around.target.certificates)
    context = RunContext(
        base_url=around.target.base_url,
        headers=around.target.headers,
        template=partial(Template, constants=around.target.variables, library=Library()),
        now_ns=time.perf_counter_ns,
        resolve=around.resolver.resolve,
        file=partial(files.find, around.files),
    )
    return protocol_class(options, context)
