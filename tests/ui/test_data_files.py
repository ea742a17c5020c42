"""The page of data files: uploads by drag, cancelled ones, what runs do, names and contents of all kinds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page
from playwright.sync_api import Route
from playwright.sync_api import expect

from tests.support.browser import Ui
from tests.support.service import Service

DROP = """
([name, text]) => {
  const carried = new DataTransfer()
  carried.items.add(new File([text], name))
  for (const kind of ['dragenter', 'dragover', 'drop'])
    document.querySelector('.drop').dispatchEvent(
      new DragEvent(kind, { dataTransfer: carried, bubbles: true, cancelable: true }))
}
"""
LONG = f"{'x' * 200}.csv"


@pytest.fixture(scope="module")
def project(service: Service) -> int:
    made: int = service.post("/api/projects/", {"name": "Shop"}).body["id"]
    return made


def opened(ui: Ui, project: int, language: str = "en") -> Page:
    page = ui.open(f"/p/{project}/data", language=language)
    page.get_by_role("button", name="Upload a file" if language == "en" else "上传文件").first.wait_for()
    return page


def test_files_are_dropped_whatever_their_names(ui: Ui, project: int) -> None:
    page = opened(ui, project)
    for name in (LONG, "quote\"'<b>&%.csv", "用户 😀.csv"):
        page.evaluate(DROP, [name, "city\nLyon\n"])
        row = page.get_by_role("table", name="Data").get_by_role("row").filter(has_text=name)
        expect(row).to_contain_text("city")
        expect(page.get_by_role("region", name=name)).to_contain_text("1 of 1 rows")
    ui.check(page)


def test_an_upload_is_cancelled_and_the_next_goes_on(ui: Ui, project: int, tmp_path: Path) -> None:
    large, small = tmp_path / "large.csv", tmp_path / "small.csv"
    large.write_text("a\n" + "1\n" * 2_000_000)
    small.write_text("a\n1\n")
    page = opened(ui, project)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 200_000}
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", slow)
    page.get_by_label("Upload a file").last.set_input_files([large, small])
    uploads = page.get_by_role("list", name="Files being uploaded")
    expect(uploads.get_by_role("listitem").filter(has_text="small.csv")).to_contain_text("waiting")
    expect(page.get_by_role("status").filter(has_text="Uploading large.csv")).to_have_count(1)
    ui.check(page)
    page.get_by_role("button", name="Cancel the upload of large.csv").press("Enter")
    expect(page.get_by_role("button", name="Cancel the upload of small.csv")).to_be_focused()
    expect(uploads.get_by_text("large.csv")).to_have_count(0)
    files = page.get_by_role("table", name="Data")
    expect(files.get_by_role("row").filter(has_text="small.csv")).to_be_visible()
    expect(files.get_by_text("large.csv")).to_have_count(0)


def test_what_is_cancelled_before_it_is_sent_is_never_sent(ui: Ui, project: int) -> None:
    page = opened(ui, project)
    held: list[Route] = []
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.route("**/api/users/me/", lambda route: held.append(route))
    with page.expect_request("**/api/users/me/"):
        page.evaluate(DROP, ["late.csv", "a\n1\n"])
    with page.expect_request("**/api/datafiles/?*"):
        page.get_by_role("button", name="Cancel the upload of late.csv").click()
    expect(page.get_by_role("status").filter(has_text="Upload of late.csv cancelled")).to_have_count(1)
    expect(page.get_by_role("button", name="choose files")).to_be_focused()
    page.unroute("**/api/users/me/")
    page.evaluate(DROP, ["next.csv", "a\n1\n"])
    files = page.get_by_role("table", name="Data")
    expect(files.get_by_role("row").filter(has_text="next.csv")).to_be_visible()
    assert [url for url in sent if "late.csv" in url] == []


def test_leaving_during_an_upload_is_asked_about(ui: Ui, project: int) -> None:
    page = opened(ui, project)
    page.route("**/api/users/me/", lambda _route: None)
    with page.expect_request("**/api/users/me/"):
        page.evaluate(DROP, ["left.csv", "a\n1\n"])
    link = page.get_by_role("link", name="Environments").first
    asked = page.get_by_role("dialog", name="Leave while files are being uploaded?")
    link.click()
    asked.get_by_role("button", name="Cancel").click()
    expect(asked).to_be_hidden()
    expect(page).to_have_url(re.compile(r"/data$"))
    with page.expect_event("dialog") as reload:
        page.evaluate("setTimeout(() => location.reload())")
    assert reload.value.type == "beforeunload"
    reload.value.dismiss()
    link.click()
    asked.get_by_role("button", name="Leave").click()
    expect(page).to_have_url(re.compile(r"/envs$"))


@pytest.mark.parametrize(
    ("language", "button", "said"),
    [
        ("en", "Replace", "Runs that are under way keep reading what was there before"),
        ("zh", "替换", "正在进行的测试继续使用替换前的内容"),
    ],
)
def test_what_is_replaced_says_what_runs_do(
    ui: Ui, project: int, tmp_path: Path, language: str, button: str, said: str
) -> None:
    page = opened(ui, project, language)
    page.evaluate(DROP, [f"{language}.csv", "a\n1\n"])
    row = page.get_by_role("row").filter(has_text=f"{language}.csv")
    more = tmp_path / "more.csv"
    more.write_text("b\n1\n2\n")
    with page.expect_file_chooser() as choosing:
        row.get_by_role("button", name=button).click()
    choosing.value.set_files(more)
    expect(page.get_by_text(said)).to_be_visible()
    expect(row.get_by_role("cell").nth(1)).to_have_text("2")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.csv", b"", "The file is empty"),
        ("picture.png", bytes(range(256)) * 20, "Is not a text file"),
        ("gbk.csv", "姓名\n张三\n".encode("gbk"), "Is not UTF-8; give the encoding"),
    ],
)
def test_what_cannot_be_read_says_why_and_what_to_do(
    ui: Ui, project: int, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    ui.expect_status(422)
    (tmp_path / name).write_bytes(content)
    page = opened(ui, project)
    page.get_by_label("Upload a file").last.set_input_files(tmp_path / name)
    shown = page.get_by_role("region", name=name)
    expect(shown.get_by_role("alert")).to_contain_text(said)
    expect(shown.get_by_role("combobox")).to_have_count(1 if name == "gbk.csv" else 0)
    if name == "gbk.csv":
        shown.get_by_role("combobox").select_option("gb18030")
        expect(shown).to_contain_text("张三")
