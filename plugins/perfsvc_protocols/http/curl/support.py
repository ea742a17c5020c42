"""Steps that need libcurl, and whether the installed libcurl supports them."""

from __future__ import annotations

import ssl

from perfsvc.plugin import InvalidInput
from perfsvc.plugin import Problem
from perfsvc.plugin import Text
from perfsvc_protocols.http.call import HttpCall
from perfsvc_protocols.http.spec import DigestAuth
from perfsvc_protocols.http.spec import Options
from perfsvc_protocols.http.spec import Request

try:
    import pycurl
except ImportError:
    FEATURES = 0
    MISSING = True
else:
    FEATURES = pycurl.version_info()[4]
    MISSING = False

OURS = frozenset({"1.1", "2"})
"""Versions of our own client."""
HTTP2 = 1 << 16
HTTP3 = 1 << 25
NEEDED = {"2": HTTP2, "3": HTTP2 | HTTP3, "auto": HTTP2 | HTTP3}

NO_CURL = Text("需要 pycurl，但当前环境没有安装", "needs pycurl, which is not installed here")
NO_PROXY = Text("HTTP/3 不能经过代理", "HTTP/3 does not go through proxies")
NO_TLS = Text("HTTP/3 只能用于 https", "HTTP/3 is for https only")


def always(options: Options) -> bool:
    """Whether the options alone require libcurl."""
    return options.http_version not in OURS or options.proxy is not None or options.shared_connections > 0


def needed(request: Request, options: Options) -> bool:
    """Whether a step requires libcurl."""
    version = request.http_version or options.http_version
    sends_file = request.body_file is not None and version != "2"
    asks = request.expect_continue or sends_file or isinstance(request.auth, DigestAuth)
    return always(options) or asks or version not in OURS


def check(call: HttpCall, options: Options) -> None:
    """Raises InvalidInput for a step that cannot be sent from here."""
    version = call.needs.version
    if MISSING:
        raise InvalidInput([Problem("http_version", NO_CURL)])
    lacking = NEEDED.get(version, 0) & ~FEATURES
    if lacking:
        raise InvalidInput([Problem("http_version", _without(version))])
    if version == "3" and options.proxy is not None:
        raise InvalidInput([Problem("http_version", NO_PROXY)])
    if version == "3" and call.message is not None and not call.message.origin.secure:
        raise InvalidInput([Problem("http_version", NO_TLS)])


def system_authorities() -> tuple[str | None, str | None]:
    """Return file and folder of the system's trusted certificates, as Python's ssl module uses them."""
    paths = ssl.get_default_verify_paths()
    return paths.cafile, paths.capath


def _without(version: str) -> Text:
    return Text(
        f"当前环境的 libcurl 不支持 HTTP 版本 {version}",
        f"this libcurl does not speak HTTP version {version}",
    )
