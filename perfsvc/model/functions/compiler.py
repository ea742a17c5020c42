"""An expression compiled: what does not vary is computed at once, the rest becomes a function of the user."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from types import NoneType
from typing import Any
from typing import NamedTuple

from perfsvc.model.functions.expression import Constant
from perfsvc.model.functions.expression import Expression
from perfsvc.model.functions.expression import Invocation
from perfsvc.model.functions.function import MAX_RESULT
from perfsvc.model.functions.function import UNKNOWN
from perfsvc.model.functions.function import Function
from perfsvc.model.functions.function import FunctionFailed
from perfsvc.model.functions.function import NotSent
from perfsvc.model.functions.function import Signature
from perfsvc.model.functions.library import Library
from perfsvc.model.functions.signed_inputs import reporting
from perfsvc.model.functions.signed_inputs import signed_arguments
from perfsvc.model.problems import Fault

Value = Callable[[Any], Any]
"""The value for one virtual user."""


class MissingVariable(Exception):
    """A template needs a variable that the virtual user does not have."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Missing variable: {name}")
        self.name = name
        self.error_class = f"Missing variable: {name}"


class Compiled(NamedTuple):
    """A ``value`` for each user, or where that is None, the same ``constant`` for all.

    ``variable`` is the name of the variable that the value is, where it is one and nothing else.
    """

    value: Value | None
    constant: Any = None
    variable: str | None = None


class ExpressionCompiler:
    """Compiles expressions. ``names`` collects the variables in them that are not among ``constants``."""

    def __init__(self, constants: Mapping[str, Any], library: Library, names: set[str]) -> None:
        self._constants = constants
        self._library = library
        self._names = names

    def compile(self, expression: Expression) -> Compiled:
        """Raise Fault for an unknown function, or for arguments that it does not take."""
        if isinstance(expression, Constant):
            return Compiled(None, expression.value)
        if isinstance(expression, Invocation):
            return self._call(expression)
        if expression.name in self._constants:
            return Compiled(None, self._constants[expression.name])
        self._names.add(expression.name)
        return Compiled(variable(expression.name), variable=expression.name)

    def _call(self, invocation: Invocation) -> Compiled:
        function, signature = self._library.get(invocation.name, invocation.written)
        count = len(invocation.arguments)
        if count < signature.least or (signature.most is not None and count > signature.most):
            raise _wrong_count(function, signature, invocation)
        arguments = [self.compile(argument) for argument in invocation.arguments]
        if self._library.on_signed is not None:
            for number in signed_arguments(function, signature, invocation):
                if number < count and (read := arguments[number].value) is not None:
                    arguments[number] = Compiled(reporting(read, invocation.name, self._library.on_signed))
        converted = [
            _converted(function, signature, number, argument, invocation) for number, argument in enumerate(arguments)
        ]
        constants = [UNKNOWN if each.value is not None else each.constant for each in converted]
        _computed(function, lambda: function.check(*constants), invocation)
        if function.pure and UNKNOWN not in constants:
            return Compiled(None, _computed(function, lambda: bounded(function.call(*constants)), invocation))
        return Compiled(_applied(function, signature.scoped, converted))


def variable(name: str) -> Value:
    """A function that reads a variable."""

    def read(scope: Any) -> Any:
        try:
            return scope.variables[name]
        except KeyError:
            raise MissingVariable(name) from None

    return read


def bounded(result: Any) -> Any:
    """Return a result; raise ValueError for one that is too long, TypeError for one that templates cannot use."""
    if isinstance(result, (str, bytes)):  # a union takes twice as long
        if len(result) > MAX_RESULT:
            raise ValueError(f"the result is longer than {MAX_RESULT}")
    elif not isinstance(result, (int, float, list, dict, tuple, NoneType)):
        raise TypeError(f"returned {type(result).__name__}, not a text, a number, bytes or a JSON value")
    return result


def _converted(
    function: Function, signature: Signature, number: int, argument: Compiled, invocation: Invocation
) -> Compiled:
    convert, read = signature.at(number).convert, argument.value
    if read is None:
        return Compiled(None, _computed(function, lambda: convert(argument.constant), invocation))
    if signature.at(number).kind == "Any":
        return argument
    return Compiled(lambda scope: convert(read(scope)))


def _applied(function: Function, scoped: bool, arguments: Sequence[Compiled]) -> Value:
    """The call with its arguments; what a function raises becomes FunctionFailed."""
    inner = _bound(function.call, scoped, arguments)
    name = function.name

    def apply(scope: Any) -> Any:
        try:
            result = inner(scope)
            return result if type(result) is int else bounded(result)
        except (MissingVariable, NotSent):
            raise
        except Exception as error:
            raise FunctionFailed(name, str(error) or type(error).__name__) from error

    return apply


def _bound(call: Callable[..., Any], scoped: bool, arguments: Sequence[Compiled]) -> Value:
    """The call as a function of the user; the usual numbers of arguments without a list in between."""
    values = [_value(each) for each in arguments]
    if scoped and not arguments:
        return call
    if scoped:
        if all(each.value is None for each in arguments):
            constants = [each.constant for each in arguments]
            return lambda scope: call(scope, *constants)
        return lambda scope: call(scope, *[value(scope) for value in values])
    if len(values) == 1:
        (first,) = values
        return lambda scope: call(first(scope))
    return lambda scope: call(*[value(scope) for value in values])


def _value(compiled: Compiled) -> Value:
    if compiled.value is not None:
        return compiled.value
    constant = compiled.constant
    return lambda scope: constant


def _computed(function: Function, compute: Callable[[], Any], invocation: Invocation) -> Any:
    """Compute at once. Raise Fault for what cannot be, with an example."""
    try:
        return compute()
    except Exception as error:
        zh, en = error.problems[0].text if isinstance(error, Fault) else (str(error), str(error))
    example, written = function.examples[0], invocation.written
    raise Fault(f"{written}：{zh}；示例：{{{{{example}}}}}", f"{written}: {en}; an example: {{{{{example}}}}}")


def _wrong_count(function: Function, signature: Signature, invocation: Invocation) -> Fault:
    named = ", ".join(
        [parameter.name if parameter.required else f"[{parameter.name}]" for parameter in signature.parameters]
        + ([f"{signature.more.name} …"] if signature.more is not None else [])
    )
    form, count, example = f"${function.name}({named})", len(invocation.arguments), function.examples[0]
    return Fault(
        f"{invocation.written}：参数个数不对（{count} 个），格式为 {form}，示例：{{{{{example}}}}}",
        f"{invocation.written}: has {count} arguments; the form is {form}, such as {{{{{example}}}}}",
    )
