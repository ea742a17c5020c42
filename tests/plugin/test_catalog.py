"""What there is to test with, and what is said when something is not there."""

from __future__ import annotations

import json

import pytest

from perfsvc.errors import NotFound
from perfsvc.errors import PluginConflict
from perfsvc.errors import StartupError
from perfsvc.plugin.catalog import Catalog


def protocols(*names: str) -> str:
    listed = ", ".join(f"protocol({name!r})" for name in names)
    return f"@hookimpl\ndef register_protocols(): return [{listed}]\n"


def sources(*names: str) -> str:
    listed = ", ".join(f"source({name!r})" for name in names)
    return f"@hookimpl\ndef register_data_sources(): return [{listed}]\n"


def test_classes_are_found_by_name(install):
    catalog = Catalog.load(points=install("acme", protocols("tcp", "echo") + sources("sheet")))
    assert catalog.protocols == ["echo", "tcp"]
    assert catalog.data_sources == ["sheet"]
    assert catalog.protocol("tcp").name == "tcp"
    assert catalog.data_source("sheet").name == "sheet"


def test_a_name_that_is_not_there_is_reported_with_those_that_are(install):
    catalog = Catalog.load(
        points=[*install("acme", protocols("tcp", "echo")), *install("bad", "import nobody_has_this")]
    )
    with pytest.raises(NotFound) as caught:
        catalog.protocol("grpc")
    assert caught.value.text == (
        "没有名为 grpc 的协议，可用：echo, tcp；加载失败的插件：bad:plugin-0",
        "there is no protocol named grpc; there are: echo, tcp; plugins that failed to load: bad:plugin-0",
    )
    with pytest.raises(NotFound) as caught:
        Catalog([]).data_source("csv")
    assert caught.value.text == (
        "没有名为 csv 的数据源，可用：无",
        "there is no data source named csv; there are: none",
    )


def test_two_classes_of_one_name_refuse_to_start_naming_both(install):
    points = [*install("acme", protocols("tcp")), *install("other", protocols("tcp"), version="3.4")]
    with pytest.raises(PluginConflict) as caught:
        Catalog.load(points=points)
    assert caught.value.text.en == (
        "acme 1.2 (plugin-0: P_tcp) and other 3.4 (plugin-0: P_tcp) both bring tcp; uninstall one of them"
    )
    assert "acme 1.2" in caught.value.text.zh
    assert "other 3.4" in caught.value.text.zh


def test_a_protocol_and_a_data_source_may_share_a_name(install):
    catalog = Catalog.load(points=install("acme", protocols("api") + sources("api")))
    assert (catalog.protocols, catalog.data_sources) == (["api"], ["api"])


def test_required_plugins_that_are_sound_let_it_start(install):
    points = install("acme", protocols("tcp"))
    assert Catalog.load(["acme:plugin-0"], points).protocols == ["tcp"]


def test_required_plugins_that_are_not_there_or_failed_refuse_to_start(install):
    points = install("acme", "import nobody_has_this")
    with pytest.raises(StartupError) as caught:
        Catalog.load(["acme:plugin-0", "acme:other"], points)
    assert str(caught.value) == (
        "required plugins are not available: acme:other: not installed; "
        "acme:plugin-0: import failed: ModuleNotFoundError: No module named 'nobody_has_this'"
    )
    assert "acme:other：未安装" in caught.value.text.zh


def test_everything_is_described_for_the_api(install):
    points = [
        *install("acme", protocols("tcp", "echo") + sources("sheet")),
        *install("bad", "import nobody_has_this", version="0.1"),
    ]
    described = Catalog.load(points=points).describe()
    assert [(each["kind"], each["name"], each["status"]) for each in described] == [
        ("protocol", "echo", "loaded"),
        ("protocol", "tcp", "loaded"),
        ("data_source", "sheet", "loaded"),
        ("plugin", "plugin-0", "failed"),
    ]
    echo, _, sheet, bad = described
    assert echo["title"] == {"zh": "协议", "en": "Protocol"}
    assert (echo["distribution"], echo["version"], echo["plugin"]) == ("acme", "1.2", "plugin-0")
    assert echo["request_schema"]["properties"]["url"]["type"] == "string"
    assert echo["options_schema"]["properties"]["keep_alive"]["type"] == "boolean"
    assert sheet["request_schema"] is None
    assert (bad["distribution"], bad["version"], bad["missing_module"]) == ("bad", "0.1", "nobody_has_this")
    assert bad["error"]["en"] == "import failed: ModuleNotFoundError: No module named 'nobody_has_this'"
    assert {frozenset(each) for each in described} == {frozenset(echo)}
    assert json.loads(json.dumps(described)) == described


def test_our_own_protocols_come_in_by_the_same_door():
    catalog = Catalog.load(["perfsvc:protocol-http"])
    assert catalog.failures == ()
    assert catalog.protocol("http").__module__.startswith("perfsvc_protocols.")
