"""Details of failed requests in Chinese, in one table: messages of the built-in protocols and of the system."""

from __future__ import annotations

import re

PATTERNS = [
    (re.compile(pattern), zh)
    for pattern, zh in [
        # The system's
        (r"\[Errno \d+\] Connect call failed \('?\[?([^',\])]+)'?, (\d+)[^)]*\)", r"无法连接 \1:\2"),
        (r"Multiple exceptions: (.*)", r"多个地址都失败：\1"),
        (r"\[Errno -2\] Name or service not known", "没有这个主机名"),
        (r"\[Errno -3\] Temporary failure in name resolution", "域名服务器暂时没有响应"),
        (r"\[Errno -5\] (?:No address associated with hostname|Address family for hostname not supported)",
         "该主机名没有可用的地址"),
        (r"\[Errno \d+\] Connection reset by peer", "对方重置了连接"),
        (r"\[Errno \d+\] Connection refused", "连接被拒绝"),
        (r"\[Errno \d+\] Broken pipe", "对方已关闭连接"),
        (r"\[Errno \d+\] Network is unreachable", "网络不可达"),
        (r"\[Errno \d+\] (?:No route to host|Host is unreachable)", "没有到该主机的路由"),
        (r"\[Errno \d+\] Too many open files", "打开的文件和连接过多"),
        (r"\[Errno \d+\] Cannot assign requested address", "本机没有可用的端口"),
        # Time limits
        (r"no reply in time", "时限内没有收到响应"),
        (r"the reply did not end in time", "时限内没有收完响应"),
        (r"no address of (\S+) in time", r"时限内没有解析出 \1 的地址"),
        (r"no connection to (\S+) in time", r"时限内没有连接到 \1"),
        (r"no tunnel through the proxy to (\S+) in time", r"时限内没有经代理连接到 \1"),
        (r"no end of the TLS handshake with (\S+) in time", r"与 \1 的 TLS 握手没有在时限内完成"),
        # Connections and replies
        (r"the server closed the kept connection before it responded; (\w+) is not sent again",
         r"对方在响应之前关闭了保持的连接；\1 请求不会重发"),
        (r"the server closed the kept connection before it responded(?:, again)?", "对方在响应之前关闭了保持的连接"),
        (r"the server closed the connection during the upgrade", "对方在升级过程中关闭了连接"),
        (r"the server closed the connection with code (\d+)(?:: (.*))?", r"对方以代码 \1 关闭了连接 \2"),
        (r"the server closed the connection", "对方关闭了连接"),
        (r"the connection was closed by an action before", "前面的动作已经关闭了连接"),
        (r"the server shows no certificate", "对方没有出示证书"),
        (r"the server refused the request (\d+) times without processing it", r"对方 \1 次拒绝处理请求"),
        (r"the server gave the request up: error (\d+)", r"对方放弃了请求：错误 \1"),
        (r"(\S+) does not speak HTTP/2", r"\1 不支持 HTTP/2"),
        (r"(\S+) is not an allowed target", r"\1 不是允许的目标"),
        (r"more than (\d+), the last to (.*)", r"超过 \1 次，最后一次到 \2"),
        (r"more than (\d+) bytes(?: once it is rendered)?", r"超过 \1 字节"),
        (r"one event of more than (\d+) bytes", r"一个事件超过 \1 字节"),
        (r"a message of more than (\d+) bytes", r"一条消息超过 \1 字节"),
        (r"the head of the reply has more than (\d+) bytes or (\d+) fields", r"响应头超过 \1 字节或 \2 个字段"),
        (r"the transfer coding (.+) was not asked for", r"请求没有要求传输编码 \1"),
        (r"the reply is too short to hold a sequence number", "响应太短，放不下序号"),
        # Bodies
        (r"(HTTP \d+): (.+)", r"\1：\2"),
        (r"the content coding (.+) is unknown", r"未知的内容编码 \1"),
        (r"the character set (.+) is unknown", r"未知的字符集 \1"),
        (r"the compressed data is damaged: (.*)", r"压缩数据已损坏：\1"),
        (r"the compressed data ends early", "压缩数据不完整"),
        (r"one part of the compressed body becomes more than (\d+) bytes", r"压缩的响应体有一部分解压后超过 \1 字节"),
        (r"the server has no reflection; give the \.proto files in protocol_options\.grpc\.protos",
         "服务端没有开启反射：请提供 .proto 文件（protocol_options.grpc.protos）"),
        (r"reflection: (.*)", r"反射：\1"),
        # Requests
        (r"a URL must not contain control characters", "地址不能含控制字符"),
        (r"a header must not contain line breaks or control characters", "请求头不能含换行或控制字符"),
        (r"(.+) does not start with (.+)", r"\1 不以 \2 开头"),
        (r"(.+) needs a host and a port", r"\1 缺少主机或端口"),
        (r"(.+) has more than a host and a port", r"\1 应只有主机和端口"),
        (r"the URL has no host", "地址没有主机"),
        (r"credentials belong in auth, not in the URL", "账号密码应写在认证中，不应写在地址里"),
        (r"only a JSON object or a form can hold a signature", "只有 JSON 对象或表单能放签名"),
        (r"TLS has no half close", "TLS 连接不能半关闭"),
        (r"a datagram of (\d+) bytes exceeds (\d+)", r"数据报有 \1 字节，超过 \2"),
        (r"metadata (\S+) is not base64", r"元数据 \1 不是 Base64"),
        (r"metadata (\S+) may hold printable ASCII only", r"元数据 \1 只能含可打印的 ASCII 字符"),
        (r"failed to connect to all addresses; last error: \w+: (.*)", r"所有地址都无法连接，最后的错误：\1"),
        (r"(?:ipv[46]:)?(\S+): Failed to connect to remote host: .*Connection refused.*", r"\1 拒绝连接"),
    ]
]  # fmt: skip
"""Texts, and what they are in Chinese; a group of one is translated in its turn."""
DEEPEST = 3


def detail_in_chinese(detail: str, depth: int = 0) -> str:
    """Return a detail in Chinese where it is known, else as it is."""
    for pattern, zh in PATTERNS:
        if (match := pattern.fullmatch(detail)) is not None:
            return _filled(zh, match, depth)
    return detail


def _filled(zh: str, match: re.Match[str], depth: int) -> str:
    """Return a translation with the groups of what it is a translation of."""

    def group(number: re.Match[str]) -> str:
        text = match[int(number[1])] or ""
        return detail_in_chinese(text, depth + 1) if depth < DEEPEST else text

    return re.sub(r"\\(\d)", group, zh).strip()
