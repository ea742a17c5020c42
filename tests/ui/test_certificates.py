"""Certificates of an environment in the browser: pasted, read from a file, and a key that is never shown again."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect

from tests.support.browser import PATIENCE_MS
from tests.support.browser import Ui
from tests.support.certificates import Authority
from tests.support.service import Service

WORDS = {
    "zh": {
        "new": "新建环境",
        "edit": "编辑",
        "ca": "CA 证书（PEM 文本）",
        "certificate": "客户端证书（PEM 文本）",
        "key": "客户端私钥（PEM 文本）",
        "file": "从文件读取：",
        "save": "保存",
        "kept": "已保存，不会再显示",
        "wrong": "与客户端证书不匹配",
        "shown": "CA, 客户端证书",
        "soon": "即将过期",
    },
    "en": {
        "new": "New environment",
        "edit": "Edit",
        "ca": "CA certificates, PEM text",
        "certificate": "Client certificate, PEM text",
        "key": "Client key, PEM text",
        "file": "Read a file: ",
        "save": "Save",
        "kept": "Stored, and never shown again",
        "wrong": "Is not the key of the client certificate",
        "shown": "CA, Client certificate",
        "soon": "expires soon",
    },
}


def stored(service: Service, project: int) -> dict[str, str]:
    """The certificates of the latest environment."""
    found = service.get(f"/api/envs/?project_id={project}").body["results"][-1]["certificates"]
    return dict(found)


def save(page: Page, words: dict[str, str]) -> None:
    page.get_by_role("dialog").get_by_role("button", name=words["save"], exact=True).click()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_pasted_and_read_from_a_file(ui: Ui, service: Service, tmp_path: Path, language: str) -> None:
    words, authority = WORDS[language], Authority(tmp_path)
    certificate, key = authority.issue("client.example")
    _, other = authority.issue("other.example")
    project = service.post("/api/projects/", {"name": f"Secure {language}"}).body["id"]
    page = ui.open(f"/p/{project}/envs", language=language)
    page.get_by_role("button", name=words["new"]).click()
    dialog = page.get_by_role("dialog")
    dialog.locator("[data-path=name] input").fill("mutual")
    dialog.locator("[data-path=certificates] > summary").click()
    dialog.locator(f"input[type=file][aria-label='{words['file']}{words['ca']}']").set_input_files(authority.ca_file)
    expect(dialog.get_by_label(words["ca"], exact=True)).to_have_value(authority.ca_pem)
    dialog.get_by_label(words["certificate"], exact=True).fill(certificate.read_text())
    dialog.get_by_label(words["key"], exact=True).fill(other.read_text())
    ui.check(page)
    ui.expect_status(422)
    save(page, words)
    expect(dialog.get_by_text(words["wrong"])).to_be_visible(timeout=PATIENCE_MS)
    dialog.get_by_label(words["key"], exact=True).fill(key.read_text())
    save(page, words)
    row = page.get_by_role("row").filter(has_text="mutual")
    expect(row).to_contain_text(words["shown"], timeout=PATIENCE_MS)
    expect(row).to_contain_text(words["soon"])
    given = {"ca": authority.ca_pem, "certificate": certificate.read_text(), "key": "******"}
    assert stored(service, project) == given

    row.get_by_role("button", name=words["edit"], exact=True).click()
    expect(dialog.get_by_text(words["kept"])).to_be_visible()
    expect(dialog.locator(".certificates b")).to_have_text(["perfsvc test authority", "client.example"])
    assert key.read_text().splitlines()[1] not in page.content()
    ui.check(page)
    dialog.locator("[data-path=name] input").fill("kept")
    save(page, words)
    expect(page.get_by_role("row").filter(has_text="kept")).to_contain_text(words["shown"])
    assert stored(service, project) == given


def test_a_connection_of_another_kind_is_shown_with_it(ui: Ui, service: Service) -> None:
    project = service.post("/api/projects/", {"name": "Other kinds"}).body["id"]
    body = {"name": "tidb", "project_id": project, "databases": {"orders": {"type": "tidb", "host": "db"}}}
    assert service.post("/api/envs/", body).status == 201
    page = ui.open(f"/p/{project}/envs", language="en")
    page.get_by_role("row").filter(has_text="tidb").get_by_role("button", name="Edit", exact=True).click()
    dialog = page.get_by_role("dialog")
    kind = dialog.locator("[data-path='env.databases.orders.type'] select")
    expect(kind.locator("option:checked")).to_have_text("tidb")
