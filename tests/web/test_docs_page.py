"""The documentation page in a real browser: complete, usable, and content with our own address."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page
from playwright.async_api import async_playwright

from perfsvc.web.application import ROUTES
from tests.support.browser import QUIET
from tests.support.browser import installed_chromium
from tests.support.web_world import PASSWORD
from tests.support.web_world import Api

pytestmark = pytest.mark.gen_test


@asynccontextmanager
async def opened(address: str, language: str) -> AsyncIterator[tuple[Page, list[str], set[str]]]:
    """The page, what its console said, and the hosts it asked."""
    complaints: list[str] = []
    hosts: set[str] = set()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=installed_chromium(), args=QUIET)
        page = await browser.new_page(locale=language)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
        await page.goto(address)
        await page.wait_for_selector("#operations a")
        yield page, complaints, hosts
        await browser.close()


SOUGHT = {
    "create user": "postUsers",
    "start test": "postStart",
    "upload csv": "postDataFiles",
    "download project": "getProjectFile",
    "agents": "getNodes",
    "test results": "getReports",
    "创建用户": "postUsers",
    "开始测试": "postStart",
    "修改场景": "putScene",
    "删除报告": "deleteReport",
    "压测机": "getNodes",
}
"""What testers type, and an operation among those that must be found."""


async def test_read_log_in_and_try(api: Api, base_url: str) -> None:
    async with opened(f"{base_url}/docs/", "en-US") as (page, complaints, hosts):
        documented = sum(found.documented for route in ROUTES for found in route.operations().values())
        assert await page.locator("#operations a").count() == documented
        await page.fill("#username", "owner")
        await page.fill("#password", PASSWORD)
        await page.click("#login button")
        await page.wait_for_selector("#session:not([hidden])")
        await page.fill("#search", "证书")
        certificates = [await each.get_attribute("href") for each in await page.locator("#operations a").all()]
        assert {"#getEnv", "#postEnvs"} <= set(certificates)
        assert "#deleteEnv" not in certificates
        for typed, operation in SOUGHT.items():
            await page.fill("#search", typed)
            assert await page.locator(f'#operations a[href="#{operation}"]').count() == 1, typed
        await page.fill("#search", "frobnicate")
        assert "try another" in await page.inner_text("#operations")
        await page.fill("#search", "one plan")
        await page.click('#operations a[href="#getPlan"]')
        await page.fill('input[name="plan_id"]', "1")
        await page.click("article form button")
        await page.wait_for_selector(".result pre")
        assert '"name": "evening peak"' in await page.inner_text(".result pre")
        assert await page.inner_text(".result b") == "200"
        assert complaints == []
        assert hosts == {base_url.removeprefix("http://")}


async def test_examples_are_shown_and_sent(api: Api, base_url: str) -> None:
    async with opened(f"{base_url}/docs/#postProjects", "en-US") as (page, complaints, _):
        await page.fill("#username", "owner")
        await page.fill("#password", PASSWORD)
        await page.click("#login button")
        await page.wait_for_selector("#session:not([hidden])")
        assert '"name": "shop"' in await page.input_value("article textarea")
        await page.click("article .sample summary >> nth=0")
        assert '"name": "shop"' in await page.inner_text("article .sample pre >> nth=0")
        await page.click("article form button")
        await page.wait_for_selector(".result pre")
        assert await page.inner_text(".result b") == "201"
        await page.click('#operations a[href="#postDataFiles"]')
        await page.wait_for_selector('article form input[type="file"]')
        assert complaints == []


async def test_it_speaks_chinese_too(api: Api, base_url: str) -> None:
    async with opened(f"{base_url}/docs", "zh-CN") as (page, complaints, _):
        await page.click('#operations a[href="#postPlans"]')
        await page.wait_for_selector("article h1 >> text=创建测试计划")
        await page.click("details summary >> text=PlanConfig")
        await page.wait_for_selector("article >> text=并发用户数")
        await page.wait_for_selector("article >> text=计划的配置：负载、数据、阈值与选项。")
        await page.wait_for_selector("article .values li >> text=寻找极限")
        await page.click("#language")
        await page.wait_for_selector("article h1 >> text=Create a plan")
        await page.wait_for_selector("article p >> text=Scope of an API token: write")
        assert complaints == []


async def test_the_session_of_the_web_ui_is_used_and_not_ended(api: Api, base_url: str) -> None:
    login = (await api.post("/api/users/login/", {"username": "owner", "password": PASSWORD}, None)).json
    session = {"token": login["token"], "refreshToken": login["refresh_token"], "user": login["user"]}
    async with opened(f"{base_url}/docs/#getMe", "en-US") as (page, complaints, _):
        assert await page.is_visible("#login")
        await page.evaluate("(session) => localStorage.setItem('perfsvc.session', session)", json.dumps(session))
        await page.reload()
        await page.wait_for_selector("#session:not([hidden])")
        assert await page.inner_text("#who") == "owner"
        assert not await page.is_visible("#leave")
        await page.click("article form button")
        await page.wait_for_selector(".result pre")
        assert '"username": "owner"' in await page.inner_text(".result pre")
        assert complaints == []
