"""Responses of the endpoint, in bounded time and memory, from permitted addresses only.

Every connection is made to the very address that the installation's policy checked; redirects are followed here, hop
by hop, so that each is checked too.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import replace
from typing import Any
from typing import NamedTuple

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.abc import ResolveResult
from yarl import URL

from perfsvc.plugin import DataContext
from perfsvc.plugin import DataFailure
from perfsvc.plugin import TargetDenied
from perfsvc_datasources.api.request import Request
from perfsvc_datasources.api.spec import Options

MOST_REDIRECTS = 5
LONGEST_WAIT_S = 60.0
AGAIN = (429, 500, 502, 503, 504)
REDIRECTS = (301, 302, 303, 307, 308)
GONE = 404
LONGEST_URL = 8000


class PageResponse(NamedTuple):
    """A response; ``body`` is None if the page does not exist."""

    url: URL
    next_link: URL | None
    body: bytes | None


class Passing(Exception):
    """A temporary failure; ``wait_s`` is the server's Retry-After."""

    def __init__(self, zh: str, en: str, wait_s: float = 0.0) -> None:
        super().__init__(en)
        self.zh, self.en, self.wait_s = zh, en, wait_s


class Client:
    """HTTP client of one feed."""

    def __init__(self, options: Options, context: DataContext) -> None:
        self._options = options
        self._resolver = Resolver(context)
        connector = aiohttp.TCPConnector(resolver=self._resolver, use_dns_cache=False, limit=1)
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=options.timeout),
            auto_decompress=False,
            trust_env=False,
        )

    async def get(self, request: Request) -> PageResponse:
        """Return the response, after retries. Raises DataFailure."""
        for attempt in range(self._options.retries + 1):
            try:
                return await self._attempt(request)
            except Passing as failure:
                latest = failure
                if attempt < self._options.retries:
                    await asyncio.sleep(max(failure.wait_s, self._options.retry_wait * 2**attempt))
        raise DataFailure(latest.zh, latest.en)

    async def close(self) -> None:
        """Close the connection."""
        await self._session.close()

    async def _attempt(self, request: Request) -> PageResponse:
        """Send once, with redirects. Raises Passing, DataFailure."""
        shown = shown_url(request.url)
        try:
            return await self._follow(request)
        except TargetDenied:
            raise DataFailure("请求或其重定向的目标不在允许范围内", "the target is not allowed") from None
        except TimeoutError:
            limit = f"{self._options.timeout:g}"
            raise Passing(f"{shown} 在 {limit} 秒内未完成", f"{shown} did not finish within {limit} s") from None
        except aiohttp.InvalidURL:
            raise DataFailure(
                f"{shown} 不是有效地址，或重定向到无效地址", f"{shown} is or leads to no address"
            ) from None
        except (aiohttp.ClientError, OSError) as error:
            cause = getattr(error, "strerror", None) or type(error).__name__
            raise Passing(f"{shown} 连接失败：{cause}", f"{shown}: {cause}") from None

    async def _follow(self, request: Request) -> PageResponse:
        for _ in range(MOST_REDIRECTS + 1):
            response = await self._send(request)
            if isinstance(response, PageResponse):
                return response
            request = response
        raise DataFailure(f"重定向超过 {MOST_REDIRECTS} 次", f"more than {MOST_REDIRECTS} redirects")

    async def _send(self, request: Request) -> PageResponse | Request:
        """Return the response, or the request that it redirects to. Raises DataFailure for a body to another origin."""
        if request.body is not None and not request.at_home:
            raise DataFailure("请求体不会发送到其他来源", "a body is not sent to another origin than the plan names")
        await self._resolver.check(request.url)
        sending = self._session.request(
            request.method,
            request.url,
            headers=request.all_headers,
            data=request.body,
            allow_redirects=False,
        )
        async with sending as response:
            if response.status in REDIRECTS:
                return redirected(request, response)
            check_status(response)
            if response.status == GONE:
                return PageResponse(request.url, None, None)
            check_type(response)
            body = await self._body(response)
            link = response.links.get("next")
            return PageResponse(request.url, URL(str(link["url"])) if link else None, body)

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        limit, pieces, size = self._options.max_response_bytes, [], 0
        async for piece in response.content.iter_any():
            size += len(piece)
            if size > limit:
                raise DataFailure(f"响应超过 {limit} 字节", f"the response has more than {limit} bytes")
            pieces.append(piece)
        return b"".join(pieces)


class Resolver(AbstractResolver):
    """Resolver of names to allowed addresses; aiohttp connects to these and no others."""

    def __init__(self, context: DataContext) -> None:
        self._resolve = context.resolve

    async def check(self, url: URL) -> None:
        """Check a host that is an address, which aiohttp does not resolve. Raises TargetDenied, OSError, InvalidURL.

        Numbers such as 2130706433 or 127.1 are refused: addresses to some, names to others.
        """
        host = url.raw_host or ""
        try:
            ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            if host.replace(".", "").isdigit() or ":" in host:
                raise aiohttp.InvalidURL(url) from None
            return
        await self._resolve(host, url.port or 0)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        addresses = await self._resolve(host, port)
        return [_result(host, info) for info in addresses if family in (socket.AF_UNSPEC, info[0])]

    async def close(self) -> None:
        """Nothing to close."""


def _result(host: str, info: tuple[Any, ...]) -> ResolveResult:
    family, _, protocol, _, address = info
    return ResolveResult(
        hostname=host,
        host=address[0],
        port=address[1],
        family=family,
        proto=protocol,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )


def moved(request: Request, url: URL) -> Request:
    """Return the request to an address from a response. Raises DataFailure for a forbidden one."""
    if url.scheme not in ("http", "https") or not url.host or len(str(url)) > LONGEST_URL:
        raise DataFailure("响应指向的地址无效", "the response points to an address that is not http or https")
    if request.url.scheme == "https" and url.scheme == "http":
        raise DataFailure("响应从 https 指向 http", "the response leads from https to http")
    return request.at(url.with_user(None).with_fragment(None))


def redirected(request: Request, response: aiohttp.ClientResponse) -> Request:
    """Return the request to which a redirect leads."""
    location = response.headers.get("Location", "")
    try:
        target = request.url.join(URL(location))
    except ValueError:
        location = ""
    if not location:
        raise DataFailure("重定向没有有效地址", "a redirect without an address")
    drops_body = response.status in (301, 302, 303) and request.method == "POST"
    return moved(replace(request, method="GET", json_body=None, form=None) if drops_body else request, target)


def check_status(response: aiohttp.ClientResponse) -> None:
    """Check the status. Raises Passing or DataFailure for anything but success and a page that does not exist."""
    status = response.status
    texts = f"{shown_url(response.url)} 返回 {status}", f"{shown_url(response.url)} returned {status}"
    if status in AGAIN:
        raise Passing(*texts, wait_s=wait_of(response.headers.get("Retry-After", "")))
    if not 200 <= status < 300 and status != GONE:
        raise DataFailure(*texts)


def check_type(response: aiohttp.ClientResponse) -> None:
    """Check the type. Raises DataFailure for another type than JSON, and for an encoded body."""
    kind = response.headers.get("Content-Type", "application/json").partition(";")[0].strip().lower()
    if kind not in ("application/json", "text/json") and not kind.endswith("+json"):
        raise DataFailure(f"响应类型为 {kind[:100]}，应为 JSON", f"the response is {kind[:100]}, not JSON")
    coding = response.headers.get("Content-Encoding", "identity").lower()
    if coding != "identity":
        raise DataFailure(f"不支持响应编码 {coding[:100]}", f"the response is encoded as {coding[:100]}, unrequested")


def wait_of(header: str) -> float:
    """Return the seconds of a Retry-After header, at most LONGEST_WAIT_S."""
    return min(float(header), LONGEST_WAIT_S) if header.isascii() and header.isdigit() and len(header) < 10 else 0.0


def shown_url(url: URL) -> str:
    """Return an address for messages: without its query, which may hold a key."""
    return str(url.with_query(None).with_user(None))[:200]
