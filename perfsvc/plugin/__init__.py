"""Public interface for plugin authors: everything that a plugin may use, and nothing else.

==============  ============================================================
``protocol``    ``Protocol``, ``Session``, ``Call``, ``Reply``
``coroutine``   sessions written as coroutines
``datasource``  ``DataSource`` and ``Feed``
``failures``    error classes that protocols share
``body``        content codings and character sets of bodies
``decoders``    content codings undone while a body comes
``json_safe``   values of rows to JSON values
``net``         connections: addresses, TLS, source addresses, target policy
``operations``  operations of a target, checked
``hookspecs``   hooks by which a package registers its classes
``discovery``   entry points found, sorted and loaded one by one
``catalog``     loaded classes by name
``on_demand``   the same for one command, which loads what its plan needs
``skeleton``    ``perfsvc plugins new``
``testing``     contract tests and drivers for plugins
==============  ============================================================
"""

from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem
from perfsvc.errors import Text
from perfsvc.model.base import Many
from perfsvc.model.base import Spec
from perfsvc.model.base import exactly_one
from perfsvc.model.base import titled
from perfsvc.model.functions.function import Digest
from perfsvc.model.functions.function import Function
from perfsvc.model.functions.function import FunctionFailed
from perfsvc.model.jsonpath import MISSING
from perfsvc.model.jsonpath import compile_path
from perfsvc.model.jsonpath import compile_paths
from perfsvc.model.problems import Fault
from perfsvc.model.reply_parts import ReplyParts
from perfsvc.model.size import Bytes
from perfsvc.model.template import MissingVariable
from perfsvc.model.template import Template
from perfsvc.model.text_faults import not_json
from perfsvc.model.user_pattern import compile_bytes_pattern
from perfsvc.model.user_pattern import compile_pattern
from perfsvc.model.variable_name import NAME as VARIABLE_NAME
from perfsvc.model.variable_name import VariableName
from perfsvc.model.variable_name import is_variable_name
from perfsvc.model.worded import Worded
from perfsvc.plugin import failures
from perfsvc.plugin.coroutine import AsyncSession
from perfsvc.plugin.datasource import DataContext
from perfsvc.plugin.datasource import DataFailure
from perfsvc.plugin.datasource import DataSource
from perfsvc.plugin.datasource import Feed
from perfsvc.plugin.datasource import Row
from perfsvc.plugin.failures import Failed
from perfsvc.plugin.hookspecs import hookimpl
from perfsvc.plugin.protocol import ABORTED
from perfsvc.plugin.protocol import MOST_OPERATIONS
from perfsvc.plugin.protocol import TIMEOUT
from perfsvc.plugin.protocol import Call
from perfsvc.plugin.protocol import Excerpt
from perfsvc.plugin.protocol import NotSent
from perfsvc.plugin.protocol import Operation
from perfsvc.plugin.protocol import Protocol
from perfsvc.plugin.protocol import Redirect
from perfsvc.plugin.protocol import Reply
from perfsvc.plugin.protocol import RunContext
from perfsvc.plugin.protocol import Scope
from perfsvc.plugin.protocol import Session
from perfsvc.plugin.protocol import TargetDenied
from perfsvc.plugin.protocol import Unlisted

__all__ = [
    "ABORTED",
    "MISSING",
    "MOST_OPERATIONS",
    "TIMEOUT",
    "VARIABLE_NAME",
    "AsyncSession",
    "Bytes",
    "Call",
    "DataContext",
    "DataFailure",
    "DataSource",
    "Digest",
    "Excerpt",
    "Failed",
    "Fault",
    "Feed",
    "Function",
    "FunctionFailed",
    "InvalidInput",
    "Many",
    "MissingVariable",
    "NotSent",
    "Operation",
    "Problem",
    "Protocol",
    "Redirect",
    "Reply",
    "ReplyParts",
    "Row",
    "RunContext",
    "Scope",
    "Session",
    "Spec",
    "TargetDenied",
    "Template",
    "Text",
    "Unlisted",
    "VariableName",
    "Worded",
    "compile_bytes_pattern",
    "compile_path",
    "compile_paths",
    "compile_pattern",
    "exactly_one",
    "failures",
    "hookimpl",
    "is_variable_name",
    "not_json",
    "titled",
]
