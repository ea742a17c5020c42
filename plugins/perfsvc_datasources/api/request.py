"""The first request: the options with the environment's variables filled in, below the environment's base URL."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from yarl import URL

from perfsvc.plugin import DataContext
from perfsvc.plugin import Fault
from perfsvc.plugin import InvalidInput
from perfsvc.plugin import Template
from perfsvc_datasources.api.spec import Auth
from perfsvc_datasources.api.spec import BasicAuth
from perfsvc_datasources.api.spec import Options

NEUTRAL = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "perfsvc"}
"""Headers for every origin."""


@dataclass(frozen=True)
class Request:
    """A request. ``home`` is the plan's origin; headers and body go to no other."""

    url: URL = field(repr=False)
    method: str
    home: URL
    headers: Mapping[str, str] = field(repr=False)
    json_body: Any = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)

    @property
    def at_home(self) -> bool:
        """Whether the request goes to the plan's origin."""
        return self.url.origin() == self.home

    @property
    def body(self) -> bytes | None:
        """The body as it is sent."""
        if self.form is not None:
            return urlencode(self.form).encode()
        return None if self.json_body is None else json.dumps(self.json_body, ensure_ascii=False).encode()

    @property
    def all_headers(self) -> dict[str, str]:
        """The headers as they are sent."""
        if not self.at_home:
            return dict(NEUTRAL)
        content = {"Content-Type": "application/x-www-form-urlencoded"} if self.form is not None else {}
        if self.json_body is not None:
            content = {"Content-Type": "application/json"}
        return {**NEUTRAL, **content, **self.headers}

    def at(self, url: URL) -> Request:
        """Return the same request to another address."""
        return replace(self, url=url)

    def with_parameters(self, values: Mapping[str, Any], place: str) -> Request:
        """Return the request with parameters of the query, or keys of the body, set."""
        if place == "body":
            return replace(self, json_body={**self.json_body, **values})
        return self.at(self.url.update_query({name: str(value) for name, value in values.items()}))


def first_request(options: Options, context: DataContext) -> Request:
    """Make the request. Raises InvalidInput for an invalid address, and for unknown variables of the environment."""
    fill = Filler(context.variables)
    url = address(fill.text(options.url, "url"), context.base_url)
    query = {name: fill.scalar(value, f"query.{name}") for name, value in options.query.items()}
    return Request(
        url=url.update_query(query) if query else url,
        method=options.method,
        home=url.origin(),
        headers=headers_of(options, context, url, fill),
        json_body=fill.document(options.json_body, "json"),
        form=None
        if options.form is None
        else {name: fill.scalar(value, f"form.{name}") for name, value in options.form.items()},
    )


def headers_of(options: Options, context: DataContext, url: URL, fill: Filler) -> dict[str, str]:
    """Return the environment's headers where the address is the environment's, then those of the plan."""
    base = context.base_url
    same = bool(base) and URL(base).origin() == url.origin()
    headers = {name: fill.text(value, f"headers.{name}") for name, value in options.headers.items()}
    auth = {} if options.auth is None else {"Authorization": authorization(options.auth, fill)}
    return {**(context.headers if same else {}), **auth, **headers}


def authorization(auth: Auth, fill: Filler) -> str:
    """Return the value of the header ``Authorization``."""
    if isinstance(auth, BasicAuth):
        pair = f"{fill.text(auth.username, 'auth.username')}:{fill.text(auth.password, 'auth.password')}"
        return f"Basic {base64.b64encode(pair.encode()).decode('ascii')}"
    return f"Bearer {fill.text(auth.token, 'auth.token')}"


def address(text: str, base: str) -> URL:
    """Return an absolute address. Raises InvalidInput."""
    whole = text if "://" in text else f"{base.rstrip('/')}/{text.lstrip('/')}"
    try:
        url = URL(whole)
        if not whole.isprintable() or url.scheme not in ("http", "https") or not url.host or url.user or url.password:
            raise ValueError
        return url.with_fragment(None)
    except ValueError:
        zh = "应为 http 或 https 地址（不含用户名和密码），或相对于测试环境服务地址的路径"
        en = "must be an http or https address without user and password, or a path below the environment's base URL"
        raise InvalidInput.at("url", zh, en) from None


class Filler:
    """Puts the environment's variables into texts."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def text(self, text: str, at: str) -> str:
        """Fill in a text. Raises InvalidInput for anything but a variable of the environment."""
        try:
            filled = Template(text, self._variables).constant
        except Fault as fault:
            raise InvalidInput([problem._replace(path=at) for problem in fault.problems]) from None
        if filled is None or not filled.isprintable():
            raise InvalidInput.at(
                at,
                "只能使用测试环境的变量，且不含控制字符",
                "may use variables of the environment only, without control characters",
            )
        return filled

    def scalar(self, value: Any, at: str) -> str:
        """A value of a query or a form."""
        if isinstance(value, str):
            return self.text(value, at)
        return json.dumps(value)

    def document(self, value: Any, at: str) -> Any:
        """A JSON document with all its texts filled in."""
        if isinstance(value, str):
            return self.text(value, at) if "{{" in value else value
        if isinstance(value, dict):
            return {name: self.document(each, f"{at}.{name}") for name, each in value.items()}
        if isinstance(value, list):
            return [self.document(each, f"{at}[{index}]") for index, each in enumerate(value)]
        return value
