"""Inputs of signatures: which arguments are what is signed, so that a trial can show them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from perfsvc.model.functions.digests import FUNCTIONS as DIGESTS
from perfsvc.model.functions.expression import Expression
from perfsvc.model.functions.expression import Invocation
from perfsvc.model.functions.expression import Variable
from perfsvc.model.functions.families import BUILTIN
from perfsvc.model.functions.function import Function
from perfsvc.model.functions.function import Signature
from perfsvc.model.functions.rsa import RsaSign
from perfsvc.model.signing import SIGNED_PARTS

OnSigned = Callable[[str, Any], None]
"""Takes the name of a function and what it signs."""

SIGNING = (*DIGESTS, RsaSign)
TEXT = "text"
"""The parameter of the built-in ones that is signed; the others are keys and algorithms."""


def signed_arguments(function: Function, signature: Signature, invocation: Invocation) -> list[int]:
    """Return the numbers of the arguments that are signed: of functions of plugins those with parts of the request."""
    if isinstance(function, SIGNING):
        return [number for number, parameter in enumerate(signature.parameters) if parameter.name == TEXT]
    if isinstance(function, BUILTIN):
        return []
    return [number for number, argument in enumerate(invocation.arguments) if has_parts(argument)]


def has_parts(expression: Expression) -> bool:
    """Whether an expression has a part of the request in it."""
    if isinstance(expression, Invocation):
        return any(map(has_parts, expression.arguments))
    return isinstance(expression, Variable) and expression.name in SIGNED_PARTS


def reporting(read: Callable[[Any], Any], name: str, on_signed: OnSigned) -> Callable[[Any], Any]:
    """Return an argument that is reported each time it is computed."""

    def argument(scope: Any) -> Any:
        value = read(scope)
        on_signed(name, value)
        return value

    return argument
