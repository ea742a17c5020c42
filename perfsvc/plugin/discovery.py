"""Discovery of plugins: entry points of the group ``perfsvc.plugins``, built-in and third-party alike.

Discover, load and classify, one plugin at a time and in a fixed order. A plugin that cannot be used becomes a
``Failure`` with its cause, and stops no other. A plugin is used as a whole or not at all. pluggy checks the hooks'
signatures; its own loader is not used, because there one failed import ends them all.
"""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from importlib.metadata import entry_points
from typing import TYPE_CHECKING
from typing import Any

import pluggy

from perfsvc import __version__
from perfsvc.errors import Text
from perfsvc.model.base import Spec
from perfsvc.model.functions.families import BUILTIN
from perfsvc.model.functions.function import Function
from perfsvc.model.functions.function import signature_of
from perfsvc.model.functions.function import unfit_return
from perfsvc.plugin import hookspecs
from perfsvc.plugin.datasource import DataSource
from perfsvc.plugin.hookspecs import PROJECT
from perfsvc.plugin.protocol import Protocol

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

log = logging.getLogger(__name__)

GROUP = "perfsvc.plugins"
OWN = "perfsvc"
"""The distribution of the built-in plugins."""
NAME = re.compile(r"[a-z][a-z0-9_-]{0,19}")
"""A protocol's or data source's name: it goes into a column of 20 characters."""

FUNCTION_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")

HOOKS: dict[str, type[Any]] = {
    "register_protocols": Protocol,
    "register_data_sources": DataSource,
    "register_functions": Function,
}
SPECS: dict[type[Any], tuple[str, ...]] = {Protocol: ("Request", "Options"), DataSource: ("Options",), Function: ()}


@dataclass(frozen=True, slots=True)
class Origin:
    """Origin of a plugin. ``name`` is the entry point's, unique within its distribution."""

    name: str
    distribution: str
    version: str

    @property
    def key(self) -> str:
        """``distribution:entry-name``, which is what a plugin is known by."""
        return f"{self.distribution}:{self.name}"

    @property
    def release(self) -> str:
        """The distribution with its version."""
        return f"{self.distribution} {self.version}"


@dataclass(frozen=True, slots=True)
class Failure:
    """A plugin that cannot be used, and why. ``missing_module`` is what its import did not find."""

    origin: Origin
    error: Text
    missing_module: str | None = None


@dataclass(frozen=True, slots=True)
class Brought:
    """A class that a plugin brings, and the base class that its hook requires."""

    origin: Origin
    base: type[Any]
    offered: type[Any]

    @property
    def schemas(self) -> dict[str, dict[str, Any]]:
        """The JSON Schemas of its specs by attribute (``Request``, ``Options``)."""
        return schemas_of(self.base, self.offered)


class Unusable(Exception):
    """A plugin cannot be used; the text goes into its Failure."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(zh, en)


def installed() -> list[EntryPoint]:
    """Return the entry points of all installed plugins."""
    return list(entry_points(group=GROUP))


def discover(points: Iterable[EntryPoint] | None = None) -> tuple[list[Brought], list[Failure]]:
    """Everything that plugins bring, and the plugins that cannot be used; without ``points``, of all installed."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    brought: list[Brought] = []
    failures: list[Failure] = []
    for origin, point in find(installed() if points is None else points):
        outcome = admit(manager, origin, point)
        if isinstance(outcome, Failure):
            failures.append(outcome)
        else:
            brought.extend(outcome)
    return brought, failures


def find(points: Iterable[EntryPoint]) -> list[tuple[Origin, EntryPoint]]:
    """The entry points with their origins, each key once, sorted by key."""
    found: dict[str, tuple[Origin, EntryPoint]] = {}
    for point in points:
        dist = point.dist
        origin = Origin(point.name, dist.name if dist else "", dist.version if dist else "")
        found.setdefault(origin.key, (origin, point))
    return [found[key] for key in sorted(found)]


def admit(manager: pluggy.PluginManager, origin: Origin, point: EntryPoint) -> list[Brought] | Failure:
    """Load one plugin and collect what it provides."""
    if origin.distribution != OWN and (wrong := version_fault(point)):
        return Failure(origin, wrong)
    try:
        plugin = point.load()
    # A plugin's import may do anything, leaving the interpreter included.
    except (Exception, SystemExit) as error:
        log.debug("importing the plugin %s failed", origin.key, exc_info=True)
        return Failure(origin, described("导入失败", "import failed", error), missing_module(error))
    try:
        register(manager, plugin, origin)
        return [bring(origin, base, offered) for base, offered in offers(manager, origin)]
    except Unusable as error:
        return Failure(origin, error.text)


def version_fault(point: EntryPoint) -> Text | None:
    """Return why a plugin does not fit this version of perfsvc, as its distribution requires it."""
    required = [text for text in (point.dist and point.dist.requires) or () if text.lower().startswith(OWN)]
    for specifier in own_specifiers(required) if required else ():
        if not specifier.contains(__version__, prereleases=True):
            return Text(
                f"需要 perfsvc {specifier}，当前为 {__version__}，请安装与之匹配的版本",
                f"it needs perfsvc {specifier}, and this is {__version__}: install one that fits",
            )
    return None


def own_specifiers(required: Iterable[str]) -> list[SpecifierSet]:
    """Return the versions of perfsvc that requirements demand in this environment without extras."""
    # Most services have no such plugin, and need not wait for this import.
    from packaging.markers import UndefinedComparison
    from packaging.requirements import InvalidRequirement
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    specifiers = []
    for text in required:
        with suppress(InvalidRequirement, UndefinedComparison):
            requirement = Requirement(text)
            applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            if applies and canonicalize_name(requirement.name) == OWN:
                specifiers.append(requirement.specifier)
    return specifiers


def register(manager: pluggy.PluginManager, plugin: object, origin: Origin) -> None:
    """Register a plugin, its hooks checked. Raises Unusable, and then it is not registered."""
    try:
        manager.register(plugin, origin.key)
        manager.check_pending()
    except (pluggy.PluginValidationError, ValueError, TypeError) as error:
        if manager.has_plugin(origin.key):
            manager.unregister(name=origin.key)
        raise Unusable(*described("钩子不符合规范", "a hook does not match its specification", error)) from error


def offers(manager: pluggy.PluginManager, origin: Origin) -> list[tuple[type[Any], Any]]:
    """Return the classes from a registered plugin's hooks, with their required base classes. Raises Unusable."""
    found: list[tuple[type[Any], Any]] = []
    for hook, base in HOOKS.items():
        for implementation in getattr(manager.hook, hook).get_hookimpls():
            if implementation.plugin_name == origin.key:
                found.extend((base, offered) for offered in call(hook, implementation.function))
    if not found:
        raise Unusable("没有提供任何协议、数据源或函数", "it brings no protocol, data source or function")
    return found


def call(hook: str, implementation: Any) -> list[object]:
    """One implementation's list, asked for directly so that what goes wrong has one owner. Raises Unusable."""
    try:
        returned = implementation()
    except (Exception, SystemExit) as error:
        raise Unusable(*described(f"{hook} 出错", f"{hook} raised", error)) from error
    if not isinstance(returned, list | tuple):
        kind = type(returned).__name__
        raise Unusable(f"{hook} 应返回列表，而不是 {kind}", f"{hook} must return a list, not {kind}")
    return list(returned)


def bring(origin: Origin, base: type[Any], offered: Any) -> Brought:
    """A class that was offered, if it is sound. Raises Unusable."""
    wrong = fault_of(base, offered)
    if wrong is not None:
        what = getattr(offered, "__qualname__", repr(offered))
        raise Unusable(f"{what}：{wrong.zh}", f"{what}: {wrong.en}")
    if origin.distribution != OWN:
        schemas_of(base, offered)  # which may fail; those of the built-in ones are made when asked for
    return Brought(origin, base, offered)


def fault_of(base: type[Any], offered: Any) -> Text | None:
    """Return why a class cannot be used, or None."""
    if not (isinstance(offered, type) and issubclass(offered, base)):
        return Text(f"不是 {base.__name__} 的子类", f"is not a subclass of {base.__name__}")
    lacking = ", ".join(sorted(getattr(offered, "__abstractmethods__", ())))
    if lacking:
        return Text(f"缺少方法 {lacking}", f"lacks the methods {lacking}")
    name, title = getattr(offered, "name", None), getattr(offered, "title", None)
    pattern = FUNCTION_NAME if base is Function else NAME
    if not (isinstance(name, str) and pattern.fullmatch(name)):
        return Text(f"name {name!r} 应匹配 {pattern.pattern}", f"its name {name!r} must match {pattern.pattern}")
    if not isinstance(title, Text):
        return Text("title 应为 Text", "its title must be a Text")
    return _function_fault(offered) if base is Function else _spec_fault(base, offered)


def _function_fault(offered: type[Function]) -> Text | None:
    if any(offered.name == function.name for function in BUILTIN):
        return Text(f"${offered.name} 是内置函数", f"${offered.name} is a built-in function")
    examples = getattr(offered, "examples", None)
    if not (isinstance(examples, tuple) and examples and all(isinstance(each, str) for each in examples)):
        return Text("examples 应为非空的文本元组", "its examples must be a tuple of texts")
    try:
        signature_of(offered)
    except (AttributeError, TypeError, ValueError) as error:
        return Text(*described("call 不可用", "its call cannot be used", error))
    return _call_fault(offered)


def _call_fault(offered: type[Function]) -> Text | None:
    """Return why what ``call`` returns cannot be the value of a function."""
    call = offered.call
    if inspect.iscoroutinefunction(call) or inspect.isasyncgenfunction(call):
        return Text(
            f"${offered.name} 的 call 不能是 async def：模板在发送请求时直接取值，请写成普通的 def",
            f"call of ${offered.name} must not be async def: templates take its value at once; write a plain def",
        )
    if inspect.isgeneratorfunction(call):
        return Text(
            f"${offered.name} 的 call 不能含 yield，应返回一个值",
            f"call of ${offered.name} must not yield; it returns one value",
        )
    if wrong := unfit_return(offered):
        return Text(
            f"${offered.name} 的 call 不能返回 {wrong}：应为文本、数字、bytes 或 JSON 值",
            f"call of ${offered.name} must not return {wrong}, but a text, a number, bytes or a JSON value",
        )
    return None


def _spec_fault(base: type[Any], offered: type[Any]) -> Text | None:
    for attribute in SPECS[base]:
        spec = getattr(offered, attribute, None)
        if not (isinstance(spec, type) and issubclass(spec, Spec)):
            return Text(f"{attribute} 应为 Spec 的子类", f"its {attribute} must be a subclass of Spec")
    return None


def schemas_of(base: type[Any], offered: type[Any]) -> dict[str, dict[str, Any]]:
    """Return the JSON Schemas of a class's specs. Raises Unusable for a spec without one."""
    try:
        return {attribute: getattr(offered, attribute).model_json_schema() for attribute in SPECS[base]}
    except Exception as error:
        raise Unusable(*described("无法生成 JSON Schema", "a JSON Schema cannot be made", error)) from error


def described(zh: str, en: str, error: BaseException) -> Text:
    """A foreign error in words."""
    detail = f"{type(error).__name__}: {error}".partition("\n\nFor further information visit ")[0]
    return Text(f"{zh}：{detail}", f"{en}: {detail}")


def missing_module(error: BaseException) -> str | None:
    """Return the missing module of a failed import, also if the plugin wrapped the error."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ModuleNotFoundError):
            return seen.name
        seen = seen.__cause__ or seen.__context__
    return None
