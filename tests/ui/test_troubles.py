"""What can go wrong under an open page: the line, the service, the target, the session; and too many sign-ins."""

from __future__ import annotations

import re
import signal
import urllib.parse
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import expect

from tests.support.browser import PATIENCE_MS
from tests.support.browser import Ui
from tests.support.nginx import Nginx
from tests.support.project_client import TIMES_SHOWN
from tests.support.project_client import ProjectClient
from tests.support.project_client import arrivals
from tests.support.project_client import lane
from tests.support.project_client import seconds_shown
from tests.support.relay import Relay
from tests.support.service import PASSWORD
from tests.support.service import Service


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Relay]]:
    """A service of its own behind a relay, so that it may go away and come back under one address."""
    folder = tmp_path_factory.mktemp("relayed")
    with Service(folder / "data") as service, Relay(port_of(service.url)) as relay:
        service.url = f"http://127.0.0.1:{relay.port}"
        yield service, relay


@pytest.fixture
def relayed(browser: Browser, line: tuple[Service, Relay], nginx: Nginx) -> Iterator[tuple[Ui, ProjectClient, Relay]]:
    service, relay = line
    ui = Ui(browser, service)
    yield ui, ProjectClient(service, nginx.url), relay
    ui.close()


def port_of(url: str) -> int:
    return int(urllib.parse.urlsplit(url).port or 0)


def test_a_silent_line_is_joined_again_without_a_hole(relayed: tuple[Ui, ProjectClient, Relay]) -> None:
    ui, client, relay = relayed
    ui.expect_offline()
    page = ui.open(client.start(client.plan("line", arrivals(10, 58), "/json")), language="en")
    page.get_by_role("button", name="Table").click()
    seconds_shown(page, 3)
    relay.cut()
    expect(page.get_by_text("Connection lost")).to_be_visible(timeout=PATIENCE_MS)
    relay.mend()
    expect(page.get_by_text("Connection lost")).to_be_hidden(timeout=PATIENCE_MS)
    seconds_shown(page, 12)
    times = [int(text[-2:]) for text in page.evaluate(TIMES_SHOWN)]
    assert [(after - before) % 60 for before, after in pairwise(times)] == [1] * (len(times) - 1)


def test_a_service_killed_and_started_again_under_an_open_page(relayed: tuple[Ui, ProjectClient, Relay]) -> None:
    ui, client, relay = relayed
    ui.expect_offline()
    page = ui.open(client.start(client.plan("killed", arrivals(10, 120), "/json")), language="en")
    page.get_by_role("button", name="Table").click()
    seconds_shown(page, 3)
    address = client.service.url
    client.service.end(signal.SIGKILL)
    expect(page.get_by_text("Connection lost")).to_be_visible(timeout=PATIENCE_MS)
    client.service.start()
    relay.target = port_of(client.service.url)
    client.service.url = address
    expect(page.locator("h1 .chip")).to_have_text("Error", timeout=PATIENCE_MS)
    expect(page.get_by_text("Connection lost")).to_be_hidden()
    seconds_shown(page, 3)


def test_a_service_that_is_stopped_ends_the_run_and_keeps_its_report(relayed: tuple[Ui, ProjectClient, Relay]) -> None:
    ui, client, relay = relayed
    ui.expect_offline()
    page = ui.open(client.start(client.plan("drained", arrivals(10, 120), "/json")), language="en")
    page.get_by_role("button", name="Table").click()
    seconds_shown(page, 3)
    address = client.service.url
    client.service.end(signal.SIGTERM)
    client.service.start()
    relay.target = port_of(client.service.url)
    client.service.url = address
    expect(page.get_by_role("region", name="Result")).to_contain_text("Stopped", timeout=PATIENCE_MS)
    expect(page.get_by_text("Connection lost")).to_be_hidden()
    ui.check(page)


def test_a_page_stays_while_the_service_is_away_and_is_read_again(relayed: tuple[Ui, ProjectClient, Relay]) -> None:
    ui, client, relay = relayed
    ui.expect_offline()
    page = ui.open(f"/p/{client.project}/plans", language="en")
    expect(page.get_by_role("heading", name="Plans")).to_be_visible()
    address = client.service.url
    client.service.end(signal.SIGKILL)
    page.get_by_role("link", name="Runs", exact=True).click()
    away = page.get_by_role("alert").filter(has_text="cannot be reached since")
    expect(away).to_be_visible()
    expect(page.get_by_text("The page could not be opened")).to_be_visible()
    expect(page.get_by_role("heading", name="Plans")).to_be_visible()
    ui.check(page)
    client.service.start()
    client.plan("made meanwhile", arrivals(5, 5), "/json")
    relay.target = port_of(client.service.url)
    client.service.url = address
    expect(away).to_be_hidden(timeout=PATIENCE_MS)
    expect(page.get_by_role("link", name="made meanwhile")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("link", name="Runs", exact=True).click()
    expect(page.get_by_role("heading", name="Runs")).to_be_visible(timeout=PATIENCE_MS)


@pytest.fixture
def hasty(browser: Browser, tmp_path: Path, nginx: Nginx) -> Iterator[tuple[Ui, ProjectClient]]:
    """A service whose tokens end soon, and which allows two attempts to sign in within a few seconds."""
    with Service(tmp_path / "data", access_token_ttl="10", login_attempts="2", login_window="6") as service:
        ui = Ui(browser, service)
        yield ui, ProjectClient(service, nginx.url)
        ui.close()


def test_a_token_that_ends_is_renewed_unseen(hasty: tuple[Ui, ProjectClient]) -> None:
    ui, client = hasty
    ui.expect_status(401)
    page = ui.open(client.start(client.plan("token", arrivals(5, 56), "/json")), language="en")
    page.get_by_role("button", name="Table").click()
    first = page.evaluate("JSON.parse(localStorage.getItem('perfsvc.session')).token")
    page.locator(".sheet-table tbody tr").nth(12).wait_for(timeout=PATIENCE_MS)  # longer than its token
    assert page.evaluate("JSON.parse(localStorage.getItem('perfsvc.session')).token") != first
    expect(page.get_by_text("Connection lost")).to_be_hidden()
    times = [int(text[-2:]) for text in page.evaluate(TIMES_SHOWN)]
    assert [(after - before) % 60 for before, after in pairwise(times)] == [1] * (len(times) - 1)
    page.get_by_role("link", name="Plans").click()
    expect(page.get_by_role("link", name="token")).to_be_visible()


def test_a_session_that_is_ended_is_said_on_the_open_page(ui: Ui, service: Service, nginx: Nginx) -> None:
    ui.expect_status(401)
    client = ProjectClient(service, nginx.url)
    who = {"username": "gone", "email": "gone@example.org", "password": PASSWORD}
    user = service.post("/api/users/register/", who)
    assert user.status == 201, user
    service.post(f"/api/projects/{client.project}/members/", {"username": "gone", "role": "viewer"})
    page = ui.open(client.start(client.plan("ended", arrivals(5, 60), "/json")), language="en", user=("gone", PASSWORD))
    expect(page.locator(".uplot").first).to_be_visible(timeout=PATIENCE_MS)
    assert service.put(f"/api/users/{user.body['id']}/", {"is_active": 1}).status == 200
    expect(page.get_by_text(re.compile("Your session has ended|Sign in")).first).to_be_visible(timeout=PATIENCE_MS)


def test_a_target_that_dies_is_seen_by_its_errors(ui: Ui, service: Service, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with Nginx(tmp_path) as target:
        client = ProjectClient(service, target.url)
        load = arrivals(20, 60, thresholds=["error_rate < 5 for 3s"])
        page = ui.open(client.start(client.plan("dying", load, "/json")), language="zh", theme="dark")
        expect(page.get_by_text("目前通过")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("将判为未通过")).to_be_visible(timeout=PATIENCE_MS)
    expect(lane(page, "错误类别").locator(".legend li").first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_role("button", name=re.compile("未满足"))).not_to_have_count(0)
    ui.check(page)
    page.get_by_role("button", name="停止", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="停止", exact=True).click()
    result = page.get_by_role("region", name="结论", exact=True)
    expect(result).to_contain_text("未通过", timeout=PATIENCE_MS)
    expect(result).to_contain_text(re.compile("失败：连接错误：被拒绝 [0-9.]+\\s%"))


@pytest.mark.parametrize(("language", "theme", "width"), [("zh", "light", 1280), ("en", "dark", 390)])
def test_too_many_attempts_to_sign_in_count_down(
    hasty: tuple[Ui, ProjectClient], language: str, theme: str, width: int
) -> None:
    ui, _ = hasty
    ui.expect_status(401, 429)
    page = ui.open("/login", language=language, theme=theme, width=width, user=None)
    password = page.get_by_label("密码" if language == "zh" else "Password", exact=True)
    button = page.locator("button.btn-primary")
    alert = page.get_by_role("alert")
    password.fill("wrong word")
    for _ in range(2):
        assert ui.service.post("/api/users/login/", {"username": "admin", "password": "wrong word"}).status == 401
    button.click()
    expect(alert).to_have_text(re.compile(r"[1-6]\s?(秒后可以再试|s\.)"))
    expect(button).to_be_disabled()
    ui.check(page)
    expect(button).to_be_enabled(timeout=PATIENCE_MS)
    expect(alert).to_contain_text("现在可以再试了" if language == "zh" else "You can try again now")
    password.fill(PASSWORD)
    button.click()
    page.wait_for_url(re.compile(r"/(start|projects|p/\d+)$"))
