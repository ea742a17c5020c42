"""Operations that a target offers, asked for by the protocol of a step that is being written."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from perfsvc.engine import files
from perfsvc.engine.failure_texts import in_words
from perfsvc.engine.protocol_options import options_of
from perfsvc.engine.scene_trial import TrialSurroundings
from perfsvc.engine.scene_trial import quietly
from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem
from perfsvc.event_loop import off_loop
from perfsvc.model.functions.library import Library
from perfsvc.model.template import Template
from perfsvc.plugin.failures import Failed
from perfsvc.plugin.protocol import Operation
from perfsvc.plugin.protocol import Protocol
from perfsvc.plugin.protocol import RunContext

MOST_OPERATIONS = 1000


async def operations_of(
    name: str, request: Mapping[str, Any], around: TrialSurroundings, limit_s: float
) -> Sequence[Operation]:
    """Return what the target of an unfinished request offers. Raises InvalidInput, NotFound."""
    protocol = await off_loop(_protocol, name, around)
    try:
        async with asyncio.timeout(limit_s):
            return (await protocol.operations(request))[:MOST_OPERATIONS]
    except InvalidInput as error:
        raise InvalidInput([Problem(f"request.{each.path}", each.text) for each in error.problems]) from None
    except TimeoutError:
        zh, en = (
            f"目标在 {limit_s:g} 秒内没有给出操作列表",
            f"the target listed no operations in {limit_s:g} s",
        )
        raise InvalidInput.at("request", zh, en) from None
    except Failed as error:
        raise InvalidInput.at("request", *in_words(error.error_class, str(error))) from None
    except Exception as error:  # a plugin's own mistake
        raise InvalidInput.at("request", *in_words(f"Plugin Error: {type(error).__name__}", str(error))) from None
    finally:
        with suppress(Exception):
            await quietly(protocol.close())


def _protocol(name: str, around: TrialSurroundings) -> Protocol:
    kind = around.protocol_class(name)
    options = options_of(kind, around.options.get(name, {}), around.target.certificates)
    context = RunContext(
        base_url=around.target.base_url,
        headers=around.target.headers,
        template=partial(Template, constants=around.target.variables, library=Library()),
        now_ns=time.perf_counter_ns,
        resolve=around.resolver.resolve,
        file=partial(files.find, around.files),
    )
    return kind(options, context)
