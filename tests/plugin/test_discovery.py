"""Plugins are found, loaded one by one and judged; one that fails says why and stops no other."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from perfsvc import __version__
from perfsvc.plugin.discovery import GROUP
from perfsvc.plugin.discovery import Failure
from perfsvc.plugin.discovery import discover
from perfsvc.plugin.discovery import find

SOUND = """
@hookimpl
def register_protocols():
    return [protocol("echo")]
"""


def failure_of(points: list[EntryPoint]) -> Failure:
    brought, failures = discover(points)
    assert brought == []
    (failure,) = failures
    return failure


def test_a_plugin_brings_its_classes_with_their_origin(install):
    points = install("acme", SOUND + "@hookimpl\ndef register_data_sources():\n    return [source('sheet')]\n")
    brought, failures = discover(points)
    assert failures == []
    assert [(each.offered.name, each.origin.key, each.origin.version) for each in brought] == [
        ("echo", "acme:plugin-0", "1.2"),
        ("sheet", "acme:plugin-0", "1.2"),
    ]
    assert brought[0].schemas["Request"]["properties"]["url"] == {"default": "/", "title": "Url", "type": "string"}
    assert list(brought[1].schemas) == ["Options"]


def test_plugins_are_known_once_and_in_order(install):
    points = [*install("zeta", SOUND), *install("acme", SOUND, SOUND)]
    found = find([*points, *points])
    assert [origin.key for origin, _ in found] == ["acme:plugin-0", "acme:plugin-1", "zeta:plugin-0"]


def test_an_entry_point_without_a_distribution_is_known_by_its_name():
    ((origin, _),) = find([EntryPoint("loose", "json", GROUP)])
    assert (origin.key, origin.version) == (":loose", "")


def test_a_plugin_that_raises_at_import_stops_no_other(install):
    points = [*install("broken", "raise RuntimeError('no licence')"), *install("sound", SOUND)]
    brought, failures = discover(points)
    assert [each.offered.name for each in brought] == ["echo"]
    (failure,) = failures
    assert (failure.origin.key, failure.origin.version, failure.missing_module) == ("broken:plugin-0", "1.2", None)
    assert failure.error == ("导入失败：RuntimeError: no licence", "import failed: RuntimeError: no licence")


def test_a_plugin_for_another_version_is_not_even_imported(install):
    failure = failure_of(install("acme", "raise RuntimeError", requires="perfsvc >=99, <100"))
    assert failure.error.en == (f"it needs perfsvc <100,>=99, and this is {__version__}: install one that fits")


def test_the_version_is_judged_however_the_name_is_written(install):
    failure = failure_of(install("acme", "raise RuntimeError", requires='Perfsvc>=99; python_version >= "3"'))
    assert failure.error.zh == f"需要 perfsvc >=99，当前为 {__version__}，请安装与之匹配的版本"


@pytest.mark.parametrize(
    "requires",
    [
        f"perfsvc<={__version__}",
        "perfsvc",
        "perfsvc-wire>=99",
        "perfsvc ???",
        'perfsvc>=99; extra == "next"',
        'perfsvc>=99; python_version < "3"',
        'perfsvc>=99; os_name ~= "posix"',
    ],
)
def test_a_plugin_for_this_version_is_loaded(install, requires):
    brought, failures = discover(install("acme", SOUND, requires=requires))
    assert ([each.offered.name for each in brought], failures) == (["echo"], [])


@pytest.mark.parametrize(
    "body",
    [
        "import a_module_nobody_has",
        "try:\n    import a_module_nobody_has\nexcept ImportError as e:\n    raise OSError('please install') from e",
        "try:\n    import a_module_nobody_has\nexcept ImportError:\n    raise OSError('please install')",
    ],
)
def test_a_missing_module_is_named(install, body):
    assert failure_of(install("acme", body)).missing_module == "a_module_nobody_has"


def test_a_module_that_is_not_there_is_a_failure():
    failure = failure_of([EntryPoint("gone", "a_module_nobody_has", GROUP)])
    assert failure.missing_module == "a_module_nobody_has"


def test_a_plugin_cannot_leave_the_interpreter(install):
    failure = failure_of(install("acme", "raise SystemExit(3)"))
    assert failure.error.en == "import failed: SystemExit: 3"


@pytest.mark.parametrize(
    ("body", "en"),
    [
        ("", "it brings no protocol, data source or function"),
        ("@hookimpl\ndef register_protocols(): return []", "it brings no protocol, data source or function"),
        ("@hookimpl\ndef register_protocols(): return None", "register_protocols must return a list, not NoneType"),
        ("@hookimpl\ndef register_protocols(): yield 1", "register_protocols must return a list, not generator"),
        (
            "@hookimpl\ndef register_protocols(): return protocol('a')",
            "register_protocols must return a list, not ABCMeta",
        ),
        ("@hookimpl\ndef register_protocols(): return ['http']", "'http': is not a subclass of Protocol"),
        ("@hookimpl\ndef register_protocols(): return [source('a')]", "S_a: is not a subclass of Protocol"),
        ("@hookimpl\ndef register_data_sources(): return [protocol('a')]", "P_a: is not a subclass of DataSource"),
        ("@hookimpl\ndef register_protocols(): return [Protocol]", "Protocol: lacks the methods compile, session"),
        (
            "@hookimpl\ndef register_protocols(): 1 / 0",
            "register_protocols raised: ZeroDivisionError: division by zero",
        ),
        ("@hookimpl\ndef register_protocols(): raise SystemExit(1)", "register_protocols raised: SystemExit: 1"),
        (
            "@hookimpl\ndef register_protocols(): return [protocol('Big')]",
            "P_Big: its name 'Big' must match [a-z][a-z0-9_-]{0,19}",
        ),
        (
            "@hookimpl\ndef register_protocols(): return [protocol(None)]",
            "P_None: its name None must match [a-z][a-z0-9_-]{0,19}",
        ),
        ("@hookimpl\ndef register_protocols(): return [protocol('a', title='A')]", "P_a: its title must be a Text"),
        (
            "@hookimpl\ndef register_protocols(): return [protocol('a', Request=dict)]",
            "P_a: its Request must be a subclass of Spec",
        ),
        (
            "@hookimpl\ndef register_protocols(): return [protocol('a', Options=None)]",
            "P_a: its Options must be a subclass of Spec",
        ),
    ],
)
def test_what_is_not_sound_is_a_failure_with_its_cause(install, body, en):
    failure = failure_of(install("acme", body))
    assert failure.error.en == en
    assert failure.error.zh != failure.error.en


def test_specs_that_have_no_schema_are_a_failure(install):
    body = """
    class Odd(Spec):
        model_config = {"arbitrary_types_allowed": True}
        made: object.__class__ = object
        what: type(lambda: 0) = print

    @hookimpl
    def register_protocols():
        return [protocol("odd", Request=Odd)]
    """
    cause = failure_of(install("acme", body)).error.en
    assert cause.startswith("a JSON Schema cannot be made: Pydantic")
    assert "errors.pydantic.dev" not in cause


def test_a_misspelt_hook_is_a_failure_and_does_not_spoil_the_next_plugin(install):
    misspelt = "@hookimpl\ndef register_protocolls():\n    return []\n"
    brought, (failure,) = discover([*install("acme", misspelt), *install("sound", SOUND)])
    assert failure.error.en.startswith("a hook does not match its specification: PluginValidationError")
    assert "register_protocolls" in failure.error.en
    assert [each.origin.distribution for each in brought] == ["sound"]


def test_a_hook_with_a_wrong_signature_is_a_failure(install):
    failure = failure_of(install("acme", "@hookimpl\ndef register_protocols(app):\n    return []\n"))
    assert failure.error.en.startswith("a hook does not match its specification: PluginValidationError")


def test_a_plugin_counts_as_a_whole(install):
    body = "@hookimpl\ndef register_protocols(): return [protocol('good'), protocol('Bad')]"
    assert failure_of(install("acme", body)).error.en.startswith("P_Bad:")


def test_one_module_under_two_entry_points_is_reported(install):
    (point,) = install("acme", SOUND)
    again = EntryPoint("again", point.value, GROUP)
    brought, (failure,) = discover([point, again])
    assert [each.origin.key for each in brought] == [":again"]
    assert failure.origin.key == "acme:plugin-0"
    assert "already registered" in failure.error.en


def test_every_call_has_a_manager_of_its_own(install):
    points = install("acme", SOUND)
    for _ in range(2):
        brought, failures = discover(points)
        assert ([each.origin.key for each in brought], failures) == (["acme:plugin-0"], [])


def test_installed_plugins_are_found_without_being_named(install):
    install("acme", SOUND)
    brought, _ = discover()
    assert ("acme", "echo") in [(each.origin.distribution, each.offered.name) for each in brought]
