"""Labels that progress and summary share, in both languages."""

from __future__ import annotations

from perfsvc.errors import Text

LABELS = {
    "time": Text("时间", "time"),
    "users": Text("用户", "users"),
    "rps": Text("请求/秒", "req/s"),
    "errors": Text("错误", "errors"),
    "planned": Text("计划", "planned"),
    "warm_up": Text("预热", "warm-up"),
    "dropped": Text("未开始", "dropped"),
    "late": Text("迟到", "late"),
    "from_plan": Text("自计划时刻", "from plan"),
    "arrivals": Text("到达", "arrivals"),
    "level": Text("负载", "load"),
    "iterations": Text("迭代", "iterations"),
    "unsent": Text("未发出", "unsent"),
    "setup_teardown": Text("其中前置和后置步骤", "setup and teardown among them"),
    "cut_off": Text("中断", "cut off"),
    "phase": Text("阶段", "phase"),
    "search": Text("搜索", "search"),
    "knee": Text("拐点", "knee"),
    "by_hand": Text("手动", "by hand"),
    "step": Text("步骤", "step"),
    "node": Text("节点", "node"),
    "share": Text("占比", "share"),
    "requests": Text("请求数", "requests"),
    "error_rate": Text("错误率", "error %"),
    "avg": Text("平均 ms", "avg ms"),
    "class": Text("错误类别", "error class"),
    "count": Text("次数", "count"),
    "threshold": Text("阈值", "threshold"),
    "value": Text("实际值", "value"),
    "passed": Text("通过", "passed"),
    "validity": Text("有效性", "validity"),
    "verdict": Text("结论", "verdict"),
    "note": Text("注意", "note"),
    "score": Text("评分", "score"),
    "total": Text("合计", "total"),
    "data": Text("测试数据", "data"),
    "status": Text("状态", "status"),
    "example": Text("示例", "example"),
    "check": Text("检查点", "check"),
    "all_checks": Text("全部检查点", "all checks"),
    "failed": Text("未通过", "failed"),
    "latency": Text("响应时间", "latency"),
    "statuses": Text("状态码", "statuses"),
    "phases": Text("各阶段平均 ms（次数）", "phases, avg ms (count)"),
    "bytes": Text("流量", "traffic"),
    "sent": Text("发送", "sent"),
    "received": Text("接收", "received"),
    "interval": Text("区间", "interval"),
}


PHASES = {
    "dns": Text("DNS 解析", "dns"),
    "connect": Text("连接", "connect"),
    "tls": Text("TLS 握手", "tls"),
    "waiting": Text("等待", "waiting"),
    "receiving": Text("接收", "receiving"),
}
"""Phases of a request; those of protocols of others stand for themselves."""


def phase_text(name: str, language: str) -> str:
    """Return a phase of a request in words."""
    return PHASES[name].of(language) if name in PHASES else name


def with_colon(name: str, language: str) -> str:
    """Return a label as the beginning of a line, with the colon of its language."""
    return colon(LABELS[name], language)


def colon(text: Text | str, language: str) -> str:
    """Return a text with the colon of the language, and the space that follows it in English."""
    return (text if isinstance(text, str) else text.of(language)) + Text("：", ": ").of(language)


def labelled(*names: str) -> list[Text | str]:
    """Return the labels of columns; a name without a label, such as ``p95``, stands for itself."""
    return [LABELS.get(name, name) for name in names]
