"""From what users write to calls: templates compiled, headers merged, every fault reported with its path."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from importlib.metadata import version
from itertools import chain
from pathlib import Path

from perfsvc.plugin import Fault
from perfsvc.plugin import InvalidInput
from perfsvc.plugin import NotSent
from perfsvc.plugin import Problem
from perfsvc.plugin import ReplyParts
from perfsvc.plugin import RunContext
from perfsvc.plugin import Template
from perfsvc.plugin import Text
from perfsvc.plugin import compile_path
from perfsvc.plugin import compile_pattern
from perfsvc.plugin.body import ACCEPTED
from perfsvc.plugin.failures import INVALID_REQUEST
from perfsvc_protocols._net import address
from perfsvc_protocols._net.address import Origin
from perfsvc_protocols._net.byte_template import MOST_VARYING
from perfsvc_protocols._net.byte_template import ByteTemplate
from perfsvc_protocols._net.byte_template import Encode
from perfsvc_protocols._net.byte_template import Segment
from perfsvc_protocols._net.byte_template import byte_template
from perfsvc_protocols._net.byte_template import constant
from perfsvc_protocols._net.byte_template import header_text
from perfsvc_protocols._net.byte_template import merged
from perfsvc_protocols._net.byte_template import plain_text
from perfsvc_protocols._net.byte_template import query_text
from perfsvc_protocols._net.byte_template import render
from perfsvc_protocols._net.byte_template import url_text
from perfsvc_protocols._net.byte_template import varying
from perfsvc_protocols._net.headers import NOT_A_NAME
from perfsvc_protocols._net.headers import TOKEN
from perfsvc_protocols.http.body import Body
from perfsvc_protocols.http.body import body_of
from perfsvc_protocols.http.body import pairs
from perfsvc_protocols.http.call import BODY
from perfsvc_protocols.http.call import END_ONLY
from perfsvc_protocols.http.call import EVENTS
from perfsvc_protocols.http.call import HEAD_ONLY
from perfsvc_protocols.http.call import HttpCall
from perfsvc_protocols.http.event_stream import Listening
from perfsvc_protocols.http.request_template import AnyOriginTemplate
from perfsvc_protocols.http.request_template import Credentials
from perfsvc_protocols.http.request_template import FileOf
from perfsvc_protocols.http.request_template import RequestParts
from perfsvc_protocols.http.request_template import RequestTemplate
from perfsvc_protocols.http.request_template import TransportNeeds
from perfsvc_protocols.http.signing import SignedTemplate
from perfsvc_protocols.http.signing import Signing
from perfsvc_protocols.http.spec import FRAMING
from perfsvc_protocols.http.spec import BasicAuth
from perfsvc_protocols.http.spec import BearerAuth
from perfsvc_protocols.http.spec import DigestAuth
from perfsvc_protocols.http.spec import Listen
from perfsvc_protocols.http.spec import Options
from perfsvc_protocols.http.spec import Request
from perfsvc_protocols.http.spec import Sign

WEB = re.compile(r"https?://", re.IGNORECASE)
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
NOT_WEB = Text("不是 http 或 https 地址", "it is not http or https")
RELATIVE = Text(
    "是相对地址，而没有基础地址：请补上 http:// 或 https://，或给出基础地址（环境的 host，或 --host）",
    "it is relative, and there is no base URL: write http:// or https:// before it, or give a base URL (host of the "
    "environment, or --host)",
)
WIDE = re.compile("：／／|：//|｛｛|｝｝")
"""What an input method for Chinese writes in place of signs that a URL or a placeholder needs."""
ORIGIN = re.compile(r"https?://[^/?#]+", re.IGNORECASE)
CONTROL_CHARACTERS = Text("不能包含换行等控制字符", "must not contain line breaks or control characters")
TOO_MANY = Text(f"占位符超过 {MOST_VARYING} 个", f"has more than {MOST_VARYING} placeholders")
ONE_HOST = Text("只能有一个值", "must have one value")
WITH_LENGTH = frozenset({"POST", "PUT", "PATCH"})
"""Methods whose requests carry Content-Length even if it is 0."""

Headers = dict[str, tuple[str, tuple[ByteTemplate, ...]]]
"""By lower-case name: the name as written, and the value of each line."""


class Compiler:
    """Compiles the steps of one run."""

    def __init__(self, options: Options, context: RunContext) -> None:
        self._options = options
        self._context = context
        # One object per origin, so that sessions compare origins by identity.
        self._origins: dict[Origin, Origin] = {}

    def call(self, request: Request, timeout_ns: int, reads: ReplyParts) -> HttpCall:
        """The call for a step. Raises InvalidInput with every problem found, by paths relative to ``request``."""
        compilation = _Compilation(self._options, self._context, self._origins)
        template = compilation.template(request)
        if compilation.problems:
            raise InvalidInput(compilation.problems)
        follows = self._options.follow_redirects if request.follow_redirects is None else request.follow_redirects
        listening = None if request.listen is None else compilation.listening(request.listen, keeps=reads.body)
        if compilation.problems:
            raise InvalidInput(compilation.problems)
        if listening is not None and listening.seconds is not None:
            timeout_ns += int(listening.seconds * 1e9)
        mode = HEAD_ONLY if request.method == "HEAD" else BODY if reads.body else END_ONLY
        if listening is not None:
            mode = EVENTS
        return HttpCall(
            template, timeout_ns, mode, self._options.max_redirects if follows else 0, compilation.needs, listening
        )


class _Compilation:
    """One step on its way; collects what is wrong with it instead of stopping at the first fault."""

    def __init__(self, options: Options, context: RunContext, origins: dict[Origin, Origin]) -> None:
        self.problems: list[Problem] = []
        self.needs = TransportNeeds(options.http_version, None, False)
        self._options = options
        self._context = context
        self._origins = origins

    def template(self, request: Request) -> RequestTemplate | SignedTemplate:
        file = self._file(request.body_file)
        body = body_of(request, self._bytes, self._template)
        if body is None and file is None and request.method in WITH_LENGTH:
            body = Body((), None)
        headers = self._headers(request, body)
        _, (host,) = headers.pop("host", ("", ((),)))
        lines = ((f"{name}: ".encode(), *value, b"\r\n") for name, values in headers.values() for value in values)
        parts = RequestParts(
            method=request.method,
            query=pairs(request.query, "query", query_text, self._bytes),
            host=host,
            headers=merged(chain.from_iterable(lines)),
            body=None if body is None else body.template,
            own_cookies="cookie" in headers,
            file=file,
            chunk_bytes=request.chunk_bytes if self._is_chunked(request) else 0,
        )
        rendered = (*parts.query, *parts.headers, *(parts.body or ()))
        if sum(not isinstance(part, bytes) for part in rendered) > MOST_VARYING:
            self.problems.append(Problem("$", TOO_MANY))
        self.needs = self._needs(request)
        made = self._to(request.url, parts)
        return made if request.sign is None else SignedTemplate(made, self._signing(request.sign))

    def _signing(self, sign: Sign) -> Signing:
        return Signing(
            self._named(sign.fields, "sign.fields", plain_text),
            self._named(sign.query, "sign.query", plain_text),
            self._named(sign.headers, "sign.headers", header_text),
        )

    def _named(self, texts: Mapping[str, str], at: str, encode: Encode) -> tuple[tuple[bytes, ByteTemplate], ...]:
        return tuple((name.encode(), self._bytes(text, f"{at}.{name}", encode)) for name, text in texts.items())

    # Texts

    def _template(self, text: str, at: str) -> Template:
        try:
            return self._context.template(text)
        except Fault as fault:
            self.problems += [Problem(at, problem.text) for problem in fault.problems]
            return Template("")

    def _bytes(self, text: str, at: str, encode: Encode) -> ByteTemplate:
        try:
            return byte_template(self._template(text, at), encode)
        except NotSent:
            self.problems.append(Problem(at, CONTROL_CHARACTERS))
            return ()

    # How

    def listening(self, spec: Listen, *, keeps: bool) -> Listening | None:
        """When to stop listening, and what to count."""
        try:
            until = None if spec.until is None else compile_pattern(spec.until)
        except Fault as fault:
            self.problems += [Problem("listen.until", problem.text) for problem in fault.problems]
        try:
            tokens = None if spec.tokens is None else compile_path(spec.tokens)
        except Fault as fault:
            self.problems += [Problem("listen.tokens", problem.text) for problem in fault.problems]
        if self.problems:
            return None
        return Listening(spec.events, spec.seconds, until, spec.format, tokens, keeps)

    def _needs(self, request: Request) -> TransportNeeds:
        credentials = None
        if isinstance(request.auth, DigestAuth):
            user = self._bytes(request.auth.username, "auth.username", plain_text)
            credentials = Credentials(user, self._bytes(request.auth.password, "auth.password", plain_text))
        version = request.http_version or self._options.http_version
        return TransportNeeds(version, credentials, request.expect_continue, self._is_chunked(request))

    def _is_chunked(self, request: Request) -> bool:
        """Whether the body goes in chunks; HTTP/2 has frames in their place."""
        return request.chunked and (request.http_version or self._options.http_version) != "2"

    def _file(self, name: str | None) -> FileOf | None:
        """Return the file to send; a constant name is resolved now."""
        if name is None:
            return None
        template, find = self._template(name, "body_file"), self._context.file
        if template.constant is None:
            return lambda scope: _existing_file(find, template.render(scope))
        try:
            path = find(template.constant)
        except InvalidInput as error:
            self.problems += [Problem("body_file", problem.text) for problem in error.problems]
            return None
        return lambda scope: path

    # Where to

    def _to(self, text: str, parts: RequestParts) -> RequestTemplate:
        text = text.partition("#")[0].strip()
        if (wide := WIDE.search(text)) is not None:
            self.problems.append(Problem("url", half_width(wide[0])))
            return self._nowhere(parts)
        faults = len(self.problems)
        if (scheme := SCHEME.match(text)) is not None and not WEB.match(text):
            zh, en = f"{scheme[1]} 不是 http 或 https", f"{scheme[1]} is neither http nor https"
            self._refuse(text, Text(zh, en))
            return self._nowhere(parts)
        url = self._template(text, "url")
        if url.segments and not isinstance(url.segments[0], str):
            return AnyOriginTemplate(url, self._template(self._context.base_url, "url"), self._origins, parts)
        if len(self.problems) == faults and not address.ABSOLUTE.match(text):
            url = self._template(address.joined(self._context.base_url, text), "url")
        return self._nowhere(parts) if len(self.problems) > faults else self._settled(url, parts)

    def _settled(self, url: Template, parts: RequestParts) -> RequestTemplate:
        """Return a template with a fixed origin if the URL determines it, else one for any origin."""
        first = url.segments[0] if url.segments else ""
        if not isinstance(first, str):
            return AnyOriginTemplate(url, url, self._origins, parts)
        start = ORIGIN.match(first)
        if start is not None and (start.end() < len(first) or len(url.segments) == 1):
            return self._fixed(start[0], [first[start.end() :], *url.segments[1:]], parts)
        if WEB.match(first) and len(url.segments) > 1:
            return AnyOriginTemplate(url, url, self._origins, parts)
        absolute = address.ABSOLUTE.match(first)
        self._refuse(first, NOT_WEB if absolute else RELATIVE)
        return self._nowhere(parts)

    def _fixed(self, start: str, rest: Sequence[str | Segment], parts: RequestParts) -> RequestTemplate:
        path = rest if isinstance(rest[0], str) and rest[0].startswith("/") else ["/", *rest]
        try:
            origin = address.parse(start).origin
            target = merged(url_text(part) if isinstance(part, str) else varying(part, url_text) for part in path)
        except (address.BadAddress, NotSent) as error:
            self._refuse(start, Text(str(error), str(error)))
            return self._nowhere(parts)
        return parts.to(self._origins.setdefault(origin, origin), target)

    def _refuse(self, url: str, cause: Text) -> None:
        zh, en = f"无法请求 {url!r}：{cause.zh}", f"{url!r} cannot be requested: {cause.en}"
        self.problems.append(Problem("url", Text(zh, en)))

    def _nowhere(self, parts: RequestParts) -> RequestTemplate:
        """Stand in for a refused URL, so that the remaining problems of the step are found."""
        return parts.to(Origin("http", "", 80), ())

    # Headers

    def _headers(self, request: Request, body: Body | None) -> Headers:
        headers = self._defaults()
        if body is not None and body.content_type:
            headers["content-type"] = ("Content-Type", ((body.content_type.encode(),),))
        self._add(
            headers, {name: value for name, value in self._context.headers.items() if name.lower() not in FRAMING}
        )
        if isinstance(request.auth, BasicAuth | BearerAuth):
            headers["authorization"] = ("Authorization", (self._credentials(request.auth),))
        self._add(headers, request.headers)
        return headers

    def _defaults(self) -> Headers:
        agent = self._options.user_agent
        values = {
            "User-Agent": f"perfsvc/{version('perfsvc')}" if agent is None else agent,
            "Accept": "*/*",
            "Accept-Encoding": ACCEPTED if self._options.compression else "",
            "Connection": "" if self._options.keep_alive else "close",
        }
        return {name.lower(): (name, ((value.encode(),),)) for name, value in values.items() if value}

    def _add(self, headers: Headers, more: Mapping[str, str | Sequence[str]]) -> None:
        for name, value in more.items():
            if not TOKEN.fullmatch(name):
                self.problems.append(Problem(f"headers.{name}", NOT_A_NAME))
            at = f"headers.{name}"
            listed = [(at, value)] if isinstance(value, str) else [(f"{at}[{i}]", each) for i, each in enumerate(value)]
            lines = tuple(self._bytes(each, where, header_text) for where, each in listed)
            if name.lower() == "host" and len(lines) != 1:
                self.problems.append(Problem(at, ONE_HOST))
                continue
            headers[name.lower()] = (name, lines)

    def _credentials(self, auth: BasicAuth | BearerAuth) -> ByteTemplate:
        if isinstance(auth, BearerAuth):
            return (b"Bearer ", *self._bytes(auth.token, "auth.token", header_text))
        user = self._bytes(auth.username, "auth.username", plain_text)
        both = merged((*user, b":", *self._bytes(auth.password, "auth.password", plain_text)))
        fixed = constant(both)
        if fixed is not None:
            return (b"Basic " + base64.b64encode(fixed),)
        return (lambda scope: b"Basic " + base64.b64encode(render(both, scope)),)


def half_width(wide: str) -> Text:
    """Return what to write in place of full-width signs."""
    plain = "".join(chr(ord(sign) - 0xFEE0) if sign > "\uff00" else sign for sign in wide)
    return Text(f"含有全角字符 {wide}，请改为 {plain}", f"has the full-width signs {wide}; write {plain}")


def _existing_file(find: Callable[[str], Path], name: str) -> Path:
    try:
        return find(name)
    except InvalidInput as error:
        raise NotSent(INVALID_REQUEST, str(error)) from None
