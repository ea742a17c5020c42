"""Options of a run's protocols, with the certificates of its environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perfsvc.model.base import Spec
from perfsvc.model.certificates import Certificates
from perfsvc.plugin.protocol import Protocol

PAIR = ("certificate", "key")
NESTED = "tls"
"""The option that holds those of TLS, where a protocol does not have them among its own."""


def options_of(protocol: type[Protocol], written: Mapping[str, Any], certificates: Certificates) -> Spec:
    """Return the validated options of a protocol. Certificates stand in where they name none. Raise InvalidInput."""
    return protocol.Options.parse(_completed(protocol.Options, written, certificates))


def _completed(options: type[Spec], written: Mapping[str, Any], certificates: Certificates) -> dict[str, Any]:
    completed = dict(written)
    inner = options.model_fields.get(NESTED)
    if _has_certificates(options):
        return completed | _absent(completed, certificates)
    if inner is not None and _has_certificates(inner.annotation):
        before = completed.get(NESTED, {})
        if isinstance(before, dict) and (both := before | _absent(before, certificates)):
            completed[NESTED] = both
    return completed


def _has_certificates(options: Any) -> bool:
    fields = Certificates.model_fields.keys()
    return isinstance(options, type) and issubclass(options, Spec) and fields <= options.model_fields.keys()


def _absent(written: Mapping[str, Any], certificates: Certificates) -> dict[str, str]:
    """The certificates that options do not name: certificate and key come from one place."""
    found: dict[str, str] = certificates.model_dump(exclude_none=True)
    taken = {"ca"} if written.get("ca") is not None else set()
    if any(written.get(name) is not None for name in PAIR):
        taken |= set(PAIR)
    return {name: value for name, value in found.items() if name not in taken}
