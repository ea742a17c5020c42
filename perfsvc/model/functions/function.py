"""A function for templates: its class, its parameters, and the conversion of values between them."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from types import UnionType
from typing import Any
from typing import ClassVar
from typing import NamedTuple
from typing import Union
from typing import get_args
from typing import get_origin
from typing import get_type_hints

from perfsvc.errors import Text
from perfsvc.model.problems import Fault

MAX_RESULT = 10_000_000
"""Characters or bytes of a result: nested calls could grow without bound."""


class NotSent(Exception):
    """Raised by ``Session.start`` when nothing could be sent; counted under ``error_class``."""

    def __init__(self, error_class: str, message: str) -> None:
        super().__init__(message)
        self.error_class = error_class


class FunctionFailed(NotSent):
    """A function could not be computed for these arguments, so the request is not sent."""

    def __init__(self, name: str, cause: str) -> None:
        super().__init__(f"Function Failed: {name}", f"${name}: {cause}")


RETURNED = (str, bytes, int, float, list, tuple, dict, Sequence, Mapping)
"""Types of what functions return; abstract ones may be declared."""


class Unknown:
    """Stands in ``Function.check`` for an argument whose value is known only while the run goes on."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


class Digest(bytes):
    """Bytes that a text shows in hexadecimal; functions that take bytes get them as they are."""

    __slots__ = ()


class Function:
    """A function for templates. One object serves one run on one node.

    ``call`` has one parameter per argument; annotations convert: ``str``, ``bytes``, ``int``, ``float``, ``list``, or
    ``Any`` for a value as it is. Optional arguments have defaults, ``*more`` takes any number. A parameter named
    ``scope`` gets the virtual user (``Scope``) and is no argument.
    """

    name: ClassVar[str]
    title: ClassVar[Text]
    examples: ClassVar[tuple[str, ...]]
    """Expressions such as ``$md5("abc")``, with no variables but these."""
    example_variables: ClassVar[dict[str, Any]] = {}
    pure: ClassVar[bool] = False
    """Whether equal arguments always give an equal result: then a call with constant arguments is computed once."""

    call: Callable[..., Any]
    """Return a text, a number, bytes, or any JSON value."""

    def check(self, *arguments: Any) -> None:
        """Raise ValueError for arguments that can never work; UNKNOWN stands for a value that is not known yet."""


class Parameter(NamedTuple):
    """One parameter of a function."""

    name: str
    convert: Callable[[Any], Any]
    kind: str
    required: bool


class Signature(NamedTuple):
    """The parameters of a function's ``call``."""

    parameters: tuple[Parameter, ...]
    more: Parameter | None
    scoped: bool

    @property
    def least(self) -> int:
        return sum(parameter.required for parameter in self.parameters)

    @property
    def most(self) -> int | None:
        return None if self.more is not None else len(self.parameters)

    def at(self, number: int) -> Parameter:
        """The parameter of an argument by its number."""
        return self.parameters[number] if number < len(self.parameters) else self.more  # type: ignore[return-value]


def signature_of(function: type[Function]) -> Signature:
    """Read the signature of ``call``. Raise TypeError for one that templates cannot use."""
    found = list(inspect.signature(function.call).parameters.values())[1:]
    parameters, more, scoped = [], None, False
    for each in found:
        if each.name == "scope":
            scoped = True
            continue
        parameter = _parameter(each)
        if each.kind is inspect.Parameter.VAR_POSITIONAL:
            more = parameter
        elif each.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD:
            parameters.append(parameter)
        else:
            raise TypeError(f"the parameter {each.name} must be positional")
    if scoped and found[0].name != "scope":
        raise TypeError("the parameter scope must come first")
    return Signature(tuple(parameters), more, scoped)


def _parameter(each: inspect.Parameter) -> Parameter:
    written = each.annotation if isinstance(each.annotation, str) else getattr(each.annotation, "__name__", "")
    kind = "Any" if written in ("_empty", "Any", "typing.Any", "object") else written.split("[")[0]
    if kind not in CONVERSIONS:
        raise TypeError(f"the parameter {each.name} has the type {written}; there are {', '.join(CONVERSIONS)}")
    return Parameter(each.name, CONVERSIONS[kind], kind, each.default is inspect.Parameter.empty)


def unfit_return(function: type[Function]) -> str | None:
    """Return the type that ``call`` declares to return, or a member of a union, where templates cannot use it."""
    try:
        declared = get_type_hints(function.call).get("return", Any)
    except (NameError, AttributeError, TypeError, SyntaxError):  # a name that exists for type checkers only
        return None
    union = get_origin(declared) in (Union, UnionType)
    for each in get_args(declared) if union else (declared,):
        kind = get_origin(each) or each
        if not isinstance(kind, type) or kind in (object, Any) or issubclass(kind, RETURNED):
            continue
        if kind is not type(None):
            return kind.__name__
        if not union:
            return "None"
    return None


def as_text(value: Any) -> str:
    """A value as a text holds it: objects and lists as JSON, bytes as UTF-8, digests in hexadecimal."""
    if isinstance(value, str):
        return value
    if type(value) is int:
        return str(value)
    if isinstance(value, bytes):
        return value.hex() if isinstance(value, Digest) else value.decode("utf-8", "replace")
    return json.dumps(value, ensure_ascii=False)


def as_bytes(value: Any) -> bytes:
    """A value as bytes; a text in UTF-8."""
    return value if isinstance(value, bytes) else as_text(value).encode("utf-8", "surrogatepass")


def as_int(value: Any) -> int:
    """Raise Fault for what is not a whole number."""
    if type(value) is int:
        return value
    try:
        if not isinstance(value, float) or value.is_integer():
            return int(value)
    except (TypeError, ValueError):
        pass
    raise _unlike(value, "不是整数", "is not a whole number")


def as_float(value: Any) -> float:
    """Raise Fault for what is not a number."""
    try:
        return float(value)
    except (TypeError, ValueError):
        raise _unlike(value, "不是数字", "is not a number") from None


def as_list(value: Any) -> list[Any]:
    """Raise Fault for what is not a list."""
    if not isinstance(value, list):
        raise _unlike(value, "不是列表", "is not a list")
    return value


def _unlike(value: Any, zh: str, en: str) -> Fault:
    shown = repr(as_text(value)[:40])
    return Fault(f"{shown} {zh}", f"{shown} {en}")


def as_it_is(value: Any) -> Any:
    """Convert nothing."""
    return value


CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "str": as_text,
    "bytes": as_bytes,
    "int": as_int,
    "float": as_float,
    "list": as_list,
    "Any": as_it_is,
}
