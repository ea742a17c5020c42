"""Secrets in plain text, stored by a version that did not seal them or before a plugin marked their field as secret."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any
from typing import TypeVar

from perfsvc.event_loop import off_loop
from perfsvc.model.config import PlanConfig
from perfsvc.service.plan_secrets import PlanSecrets
from perfsvc.store import sealing
from perfsvc.store.database import Store
from perfsvc.store.sealing import Documents

T = TypeVar("T")

SLICE = 20
"""Documents that are read and sealed at once: other requests come in between."""

log = logging.getLogger(__name__)


class PlainSecrets:
    """Seals them, in scenes, plans and presets, at each start and while the service already serves."""

    def __init__(self, store: Store, secrets: PlanSecrets) -> None:
        self._store = store
        self._secrets = secrets

    async def seal(self) -> int:
        """Return how many documents had any. What cannot be sealed stays as it is, and is logged."""
        changed = await self._each(sealing.SCENES, self._secrets.scenes.with_plain_sealed)
        changed += await self._each(sealing.CONFIGS, self._config)
        changed += await self._each(sealing.PRESETS, self._preset)
        if changed:
            log.info("secrets in %d scenes, plans and presets were in plain text and are sealed now", changed)
        return changed

    async def _each(self, documents: Documents[T], sealed: Callable[[T], T]) -> int:
        changed, last = 0, 0
        while slice_of_them := await self._store.run(sealing.documents_after, documents, last, SLICE):
            for key, before in slice_of_them:
                try:
                    now = await off_loop(sealed, before)
                except Exception as error:  # whatever one holds, the others are sealed
                    log.warning("%s: the secrets of %d cannot be sealed: %s", documents.name, key, error)
                    continue
                if now != before:
                    changed += await self._store.run(sealing.replace, documents, key, before, now)
            last = slice_of_them[-1][0]
        return changed

    def _config(self, config: PlanConfig) -> PlanConfig:
        return self._secrets.sealed(config, config)

    def _preset(self, document: dict[str, Any]) -> dict[str, Any]:
        config = PlanConfig.parse(document, "config_data")
        sealed = self._config(config)
        return document if sealed == config else sealed.model_dump(mode="json", by_alias=True, exclude_unset=True)
