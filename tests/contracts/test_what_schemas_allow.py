"""What the description's schemas allow is accepted, but for rules that the API reference lists as beyond a schema."""

from __future__ import annotations

from perfsvc.model.base import Spec
from perfsvc.web.application import ROUTES
from perfsvc.web.framework.openapi import describe
from tests.support.schema_values import Values

SCHEMAS = describe(ROUTES)["components"]["schemas"]
VALUES = Values(SCHEMAS)
BODIES: dict[str, type[Spec]] = {
    operation.body.__name__: operation.body
    for route in ROUTES
    for operation in route.operations().values()
    if operation.documented and operation.body is not None
}
