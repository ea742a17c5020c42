"""Failures of requests in words: what their error classes mean. What the protocol said is added as it is."""

from __future__ import annotations

from collections.abc import Collection

from perfsvc.engine.failure_details import detail_in_chinese
from perfsvc.errors import Text
from perfsvc.model.nearest import did_you_mean
from perfsvc.model.nearest import nearest
from perfsvc.model.tls_texts import tls_text

MISSING = "Missing variable"
KINDS = {"Check": "检查点未通过", "Extract": "没有取到值"}
"""Kinds of failures whose messages do not repeat what they are."""
MEANINGS = {
    "Connection Error: refused": "连接被拒绝，该地址和端口上没有服务在监听",
    "Connection Error: reset": "连接被对方重置",
    "Connection Error: closed early": "响应完成之前连接被关闭",
    "Connection Error: stream reset": "HTTP/2 流被对方重置",
    "Connection Error: unreachable": "网络或主机不可达",
    "Connection Error: no local port": "本机没有可用的端口",
    "Connection Error: too many open files": "打开的文件和连接过多，请提高 ulimit -n",
    "Connection Error: no such source address": "source_addresses 中没有可用的地址",
    "Connection Error": "连接出错",
    "TLS Error: connection closed": "TLS 握手时连接被关闭",
    "TLS Error": "TLS 握手失败",
    "DNS Error": "主机名无法解析",
    "Target Denied": "该地址不允许作为目标",
    "Proxy Error": "代理出错",
    "Protocol Error": "收到的内容不符合协议",
    "Undecodable Body": "响应体无法解码",
    "Response Too Large": "响应体超过大小上限",
    "Request Too Large": "请求超过大小上限",
    "Invalid Request": "请求内容无效，没有发送",
    "Too Many Redirects": "重定向次数过多",
    "Invalid Redirect": "重定向地址无效",
    "Function Failed": "模板函数失败，请求没有发送",
    "Unreadable Reply": "响应无法解析",
    "Plugin Error": "插件出错",
    "Schema Error": "没有得到接口定义，或消息与之不符",
    "Group Failed": "分组中有步骤未通过",
    "Timeout": "超过时间限制，没有得到完整的响应",
}
"""What the classes of errors mean, by their names, or by the part of the name in front of the colon."""


def class_text(error_class: str) -> Text:
    """Return the name of an error class."""
    kind, _, what = error_class.partition(": ")
    return Text(f"{KINDS[kind]} {what}", error_class) if kind in KINDS else Text(error_class, error_class)


REMEDIES = [
    (
        "Connection Error: refused",
        "",
        Text("请检查服务是否已启动、端口是否正确", "check that the service is started and the port is right"),
    ),
    ("DNS Error", "", Text("请检查地址中的主机名", "check the host name in the address")),
    (
        "Timeout",
        "TLS handshake",
        Text(
            "如果对方只提供 http，请把地址改成以 http:// 开头",
            "if the other side speaks plain http, let the address begin with http://",
        ),
    ),
]
"""What to do, by the class of an error and a part of its message."""


def remedy_of(error_class: str, message: str) -> Text:
    """Return what to do about a failure, as it follows the message; empty where that is not known."""
    found = next((text for kind, part, text in REMEDIES if kind == error_class and part in message), None)
    return Text(f"；{found.zh}", f"; {found.en}") if found else Text("", "")


def missing_variable_text(error_class: str, candidates: Collection[str] = ()) -> Text | None:
    """Return what is missing, where it could come from, and the nearest of ``candidates``; None for another class."""
    kind, _, name = error_class.partition(": ")
    if kind != MISSING:
        return None
    hint = did_you_mean(nearest(name, candidates))
    return Text(
        f"变量 {{{{{name}}}}} 没有值，请求没有发送；它可以来自前面步骤的提取或设置的变量、"
        f"测试数据的列或测试环境的变量，请核对拼写{hint.zh}",
        f"{{{{{name}}}}} has no value, so the request was not sent; it could come from an extractor or a variable of an"
        f" earlier step, a column of the test data or the environment; check the spelling{hint.en}",
    )


def cause_text(error_class: str) -> Text | None:
    """Return the whole text for a class whose cause is known, or None."""
    return tls_text(error_class) or missing_variable_text(error_class)


def in_chinese(error_class: str, message: str) -> str:
    """Return a message in Chinese: the meaning of the class, with the original message; the latter alone otherwise."""
    if (cause := cause_text(error_class)) is not None:
        return cause.zh
    meaning = MEANINGS.get(error_class) or MEANINGS.get(error_class.partition(": ")[0])
    detail = "" if message == error_class else detail_in_chinese(message)
    said = f"{meaning}（{detail}）" if meaning and detail else meaning or detail or message
    return said + remedy_of(error_class, message).zh


IN_ENGLISH = {
    "Connection Error: refused": "nothing listens at this address and port",
    "Connection Error: closed early": "the connection was closed before the reply was whole",
    "Connection Error: unreachable": "the network or the host cannot be reached",
    "DNS Error": "the host name cannot be resolved",
    "Timeout": "no whole reply within the time limit",
}
"""Of classes whose names, and what is said with them, do not tell it."""


def in_english(error_class: str, message: str) -> str:
    """Return a message with the meaning of its class, where that has one."""
    if (cause := cause_text(error_class)) is not None:
        return cause.en
    meaning = IN_ENGLISH.get(error_class) or IN_ENGLISH.get(error_class.partition(": ")[0])
    said = "" if message == error_class else message
    said = f"{meaning} ({said})" if meaning and said else meaning or said
    return said + remedy_of(error_class, message).en


def in_words(error_class: str, message: str) -> Text:
    """Return a message in both languages; where there is nothing to say, the name of the class."""
    return Text(in_chinese(error_class, message) or error_class, in_english(error_class, message) or error_class)
