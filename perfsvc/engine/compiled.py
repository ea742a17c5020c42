"""A run's scenes and protocols made ready on one node, and where their samples go."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from functools import partial

from perfsvc.clock import Clock
from perfsvc.engine import files
from perfsvc.engine.error_samples import ErrorSamples
from perfsvc.engine.program import OPTIONS
from perfsvc.engine.program import Compiler
from perfsvc.engine.program import OnStartFailed
from perfsvc.engine.protocol_options import options_of
from perfsvc.engine.resolver import Resolver
from perfsvc.engine.row_buffer import RowBuffer
from perfsvc.engine.used_names import UsedNames
from perfsvc.engine.used_names import extracted_names
from perfsvc.engine.used_names import unknown_name
from perfsvc.engine.used_names import unknown_names
from perfsvc.engine.user_pool import CLOSE_TIMEOUT_S
from perfsvc.engine.virtual_user import VirtualUser
from perfsvc.errors import NotFound
from perfsvc.errors import Problem
from perfsvc.metrics.recorder import ErrorClasses
from perfsvc.metrics.recorder import StepRecorder
from perfsvc.model.functions.library import Library
from perfsvc.model.run import RunSpec
from perfsvc.model.window import StepWindow
from perfsvc.plugin.protocol import Protocol
from perfsvc.plugin.protocol import RunContext


class CompiledRun:
    """Everything of a run that is made once. Raises InvalidInput with all problems.

    ``planned``: whether iterations have a planned start, so that latency from it is measured. ``rows`` is the test data
    of a run that has any; its columns, as far as they are known yet, win over variables of the environment. ``columns``
    are those of a run that is only validated, without rows.
    """

    def __init__(
        self,
        spec: RunSpec,
        protocol_class: Callable[[str], type[Protocol]],
        resolver: Resolver,
        clock: Clock,
        rng: random.Random,
        rows: RowBuffer | None = None,
        on_start_failed: OnStartFailed | None = None,
        columns: Sequence[str] = (),
    ) -> None:
        self._spec = spec
        self._rows = rows
        self._columns = set(rows.columns if rows is not None else columns)
        self._protocol_class = protocol_class
        self._resolver = resolver
        self._clock = clock
        self._recorders: dict[int, StepRecorder] = {}
        self._protocols: dict[str, Protocol] = {}
        self._library = Library()
        self._classes = ErrorClasses()
        self.errors = ErrorSamples(
            self._classes, clock, spec.secrets, spec.data.allocation.secret_columns if spec.data else ()
        )
        self.planned = spec.load.open or spec.pacing_s > 0
        self._names = UsedNames(self._constants(), self._library)
        compiler = Compiler(
            self._protocol,
            spec.protocol,
            spec.request_timeout_ms,
            self._recorder,
            rng,
            rows,
            self._names,
            on_start_failed if spec.on_start_failure == "stop_user" else None,
        )
        programs = [
            compiler.scene(weighted.scene, self.planned, f"scenes[{number}]")
            for number, weighted in enumerate(spec.scenes)
        ]
        self._unknown = unknown_names(spec, compiler.used)
        compiler.check([*self._strangers(), *self._nameless()])
        self.mains = [parts["main"] for parts in programs]
        self.setups = [parts["setup"] for parts in programs]
        self.teardowns = [parts["teardown"] for parts in programs]

    @property
    def stale(self) -> bool:
        """Whether columns that were not known then change something.

        One has the name of an environment variable, which was compiled in, or none has that of a variable in use.
        """
        if self._rows is None or self._columns == set(self._rows.columns):
            return False
        now = self._rows.columns
        return any(name in self._spec.target.variables for name in now) or any(
            use.name not in now for use in self._unknown
        )

    def fold(self, users: Iterable[VirtualUser] = ()) -> list[StepWindow]:
        """The windows of all steps since the last fold; of what ``users`` have in flight, the counters so far."""
        if any(protocol.counts_in_flight for protocol in self._protocols.values()):
            for user in users:
                user.count_in_flight()
        return [window for index in sorted(self._recorders) if (window := self._recorders[index].fold(index))]

    async def close(self, warn: Callable[[str], None]) -> None:
        """Close the protocols; one that cannot must not keep the run from ending."""
        for protocol in self._protocols.values():
            try:
                await asyncio.wait_for(protocol.close(), CLOSE_TIMEOUT_S)
            except Exception as error:
                warn(f"closing {protocol.name} failed: {error!r}")

    def _protocol(self, name: str) -> Protocol:
        if name not in self._protocols:
            protocol_class = self._protocol_class(name)
            given = self._spec.protocol_options.get(name, {})
            options = options_of(protocol_class, given, self._spec.target.certificates)
            self._protocols[name] = protocol_class(options, self._context())
        return self._protocols[name]

    def _strangers(self) -> Iterator[Problem]:
        """Problems for options of unknown protocols: a misspelt name would lose them silently."""
        for name in self._spec.protocol_options:
            try:
                self._protocol_class(name)
            except NotFound as error:
                yield Problem(f"{OPTIONS}.{name}", error.text)

    def _recorder(self, index: int) -> StepRecorder:
        return self._recorders.setdefault(index, StepRecorder(self._classes))

    def _nameless(self) -> Iterator[Problem]:
        """Problems for variables that nothing gives a value; none while the columns of the test data are unknown."""
        if self._spec.data is not None and not self._columns:
            return
        for use in self._unknown:
            if use.name not in self._columns:
                yield unknown_name(use.name, {*use.available, *self._columns}, use.path)

    def _context(self) -> RunContext:
        target = self._spec.target
        return RunContext(
            base_url=target.base_url,
            headers=target.headers,
            template=self._names.template,
            now_ns=self._clock.now_ns,
            resolve=self._resolver.resolve,
            file=partial(files.find, self._spec.files),
        )

    def _constants(self) -> dict[str, str]:
        """The environment without names that steps extract or columns have: these vary."""
        varying = extracted_names([weighted.scene for weighted in self._spec.scenes]) | self._columns
        return {name: value for name, value in self._spec.target.variables.items() if name not in varying}
