"""The help of the command line, and what argparse says itself, in both languages.

argparse looks every message of its own up by gettext. ``speak`` puts this catalogue in its place.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from perfsvc.errors import Text

ARGPARSE = (
    Text("用法：", "usage: "),
    Text("位置参数", "positional arguments"),
    Text("选项", "options"),
    Text("显示帮助并退出", "show this help message and exit"),
    Text("显示版本并退出", "show program's version number and exit"),
    Text("%(prog)s：错误：%(message)s\n", "%(prog)s: error: %(message)s\n"),
    Text("参数 %(argument_name)s：%(message)s", "argument %(argument_name)s: %(message)s"),
    Text("缺少参数：%s", "the following arguments are required: %s"),
    Text("必须给出以下参数之一：%s", "one of the arguments %s is required"),
    Text("未知参数：%s", "unrecognized arguments: %s"),
    Text("不能与参数 %s 同时使用", "not allowed with argument %s"),
    Text("不接受参数值 %r", "ignored explicit argument %r"),
    Text("需要一个参数值", "expected one argument"),
    Text("最多一个参数值", "expected at most one argument"),
    Text("至少一个参数值", "expected at least one argument"),
    Text("需要 %s 个参数值", "expected %s argument"),
    Text("需要 %s 个参数值", "expected %s arguments"),
    Text("选项 %(option)s 不明确，可能是 %(matches)s", "ambiguous option: %(option)s could match %(matches)s"),
    Text("无效的 %(type)s 值：%(value)r", "invalid %(type)s value: %(value)r"),
    Text("无效的值：%(value)r（可选：%(choices)s）", "invalid choice: %(value)r (choose from %(choices)s)"),
)
"""What a user of the command line may see of it."""

HELP = (
    Text("自托管的性能测试平台", "A self-hosted performance-testing platform"),
    Text("消息的语言（默认按 LANG）", "language of messages (default: from LANG)"),
    Text("启动服务", "start the service"),
    Text(
        "对一个 URL 或一个计划文件（YAML 或 JSON）执行压测", "run a load test of a URL or of a plan file (YAML or JSON)"
    ),
    Text("检查计划文件，不发送任何请求", "validate a plan file without sending anything"),
    Text("把计划执行一遍，逐步显示", "take one iteration of a plan, step by step"),
    Text("启动执行节点，加入服务并执行其测试", "run an agent that joins a server and carries out its runs"),
    Text("创建服务与执行节点双向 TLS 的证书", "create the certificates for mutual TLS between server and agents"),
    Text("列出已安装的插件，或新建插件", "list the installed plugins, or create a new one"),
    Text(
        "在服务停止时列出、创建、停用用户，重置密码",
        "list, create and disable users, reset passwords; while no service runs",
    ),
    Text("设置计划的变量；可重复", "set a variable of the plan; repeatable"),
    Text("从文件中的 NAME=VALUE 行设置变量", "set variables from lines NAME=VALUE of a file"),
    Text("项目文件中的哪个计划；有多个计划时必填", "which plan of a project file; needed where it has several"),
    Text("代替计划中 env.host 的基础地址", "base URL in place of the plan's env.host"),
    Text("虚拟用户数（URL 默认为 1）", "number of virtual users (default with a URL: 1)"),
    Text(
        "加压之后保持负载的时间：30、30s、500ms、5m、1h30m（URL 默认为 10s）",
        "how long to hold the load after the ramp-up: 30, 30s, 500ms, 5m, 1h30m (default with a URL: 10s)",
    ),
    Text("加压时间，写法同上", "ramp-up time, in the same form"),
    Text("测试开头不计入统计的时间，写法同上", "first part of the run that is not measured, in the same form"),
    Text(
        "到达速率（开放模型），例如 200 或 12000/min，代替用户数",
        "arrivals per second (open model), such as 200 or 12000/min, instead of users",
    ),
    Text("与 --rate 一起使用时的最大虚拟用户数", "maximum number of virtual users with --rate"),
    Text("共执行 N 次迭代后停止", "stop after N iterations in total"),
    Text("通过/失败规则，例如 'p95 < 300'；可重复", "pass/fail rule such as 'p95 < 300'; repeatable"),
    Text("请求超时：毫秒数、500ms 或 2s（默认 30000）", "request timeout: milliseconds, 500ms or 2s (default: 30000)"),
    Text(
        "由本机 N 个进程产生负载；auto 为每核一个",
        "make the load by N processes of this machine; auto: one for each core",
    ),
    Text("不校验 TLS 证书", "do not verify TLS certificates"),
    Text("HTTP 方法，用于 URL（默认 GET）", "HTTP method, with a URL (default: GET)"),
    Text("请求头，用于 URL；可重复", "request header, with a URL; repeatable"),
    Text("请求体，用于 URL", "request body, with a URL"),
    Text("期望每个响应的状态码，用于 URL", "expected status of every response, with a URL"),
    Text("把报告写为 JSON；- 为标准输出", "write the report as JSON; - for standard output"),
    Text("不显示进度，只在结束时显示摘要", "no progress, only the summary at the end"),
    Text("不显示进度和摘要", "no progress and no summary"),
    Text(
        "显示此级别及以上的日志；debug 含插件的调用栈",
        "show log lines from this level on; debug has plugins' tracebacks",
    ),
    Text("只执行这个名称的业务流", "only the scene of this name"),
    Text("时间上限（默认 30 秒）", "time limit (default: 30 s)"),
    Text("把各步骤写为 JSON", "write the steps as JSON"),
    Text("服务调度器的地址", "address of the server's scheduler"),
    Text("执行节点证书所在文件夹", "folder of the agent's certificates"),
    Text("执行节点的名称（默认：主机名和进程号）", "name of the agent (default: host name and process id)"),
    Text("服务的主机名或地址；可重复", "host name or address of the server; repeatable"),
    Text("由同一 CA 签发新证书", "issue new certificates of the same authority"),
    Text(
        "显示证书何时过期；30 天内过期时退出码为 1",
        "show when they expire; exit code 1 within 30 days of expiry",
    ),
    Text("以 JSON 列出插件及其 schema", "list them with their schemas, as JSON"),
    Text("创建一个带有可用插件的包", "create a package with a working plugin"),
    Text("插件名称；包名为 perfsvc-NAME", "name of the plugin; the package is perfsvc-NAME"),
    Text("包含协议", "with a protocol"),
    Text(
        "包含数据源；这些选项都不给出时，包含协议和数据源",
        "with a data source; without any of these flags, with a protocol and a data source",
    ),
    Text("包含模板函数", "with a function for templates"),
    Text("上级文件夹（默认为当前文件夹）", "parent folder (default: this one)"),
    Text("TOML 文件中的设置", "settings in a TOML file"),
    Text("服务的数据目录", "data folder of the service"),
    Text("列出所有用户", "list all users"),
    Text("创建用户", "create a user"),
    Text("停用用户并结束其所有会话", "disable a user and end all sessions"),
    Text("设置新密码，启用用户并结束其所有会话", "set a new password, enable the user and end all sessions"),
    Text("让该用户管理服务", "let the user administer the service"),
    Text("从标准输入读取密码（默认：随机密码）", "read the password from standard input (default: a random one)"),
)


class Catalogue:
    """The Chinese of messages by their English."""

    def __init__(self, texts: Iterable[Text]) -> None:
        self._chinese = {text.en: text.zh for text in texts}

    def look_up(self, message: str) -> str:
        """Return the Chinese form of a message; the message itself if it has no translation."""
        return self._chinese.get(message, message)

    def look_up_count(self, one: str, many: str, count: int) -> str:
        """The same for a message that depends on a count."""
        return self.look_up(one if count == 1 else many)

    def apply(self, parser: argparse.ArgumentParser) -> None:
        """Translate the help of a parser and of its commands."""
        parser.description = self.look_up(parser.description) if parser.description else None
        for action in parser._actions:  # noqa: SLF001 - argparse has no public way to them
            if action.help:
                action.help = self.look_up(action.help)
            if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
                for choice in action._choices_actions:  # noqa: SLF001
                    choice.help = self.look_up(choice.help or "")
                for command in action.choices.values():
                    self.apply(command)


def speak(language: str) -> None:
    """Have argparse use a language, before a parser is made."""
    catalogue = Catalogue(ARGPARSE if language == "zh" else ())
    vars(argparse).update(_=catalogue.look_up, ngettext=catalogue.look_up_count)
