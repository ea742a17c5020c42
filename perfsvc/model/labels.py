"""The values of enumerations in words, Chinese and English, for forms."""

from __future__ import annotations

Labels = dict[str, tuple[str, str]]

TEST_MODES: Labels = {
    "concurrent": ("并发", "Fixed load"),
    "step": ("阶梯加压", "Staircase"),
    "error_rate": ("寻找极限", "Find the breaking point"),
    "adaptive": ("保持目标", "Hold a target"),
}
TEST_TYPES: Labels = {
    "smoke": ("冒烟测试", "Smoke"),
    "load": ("负载测试", "Load"),
    "stress": ("压力测试", "Stress"),
    "spike": ("尖峰测试", "Spike"),
    "soak": ("稳定性测试", "Soak"),
}
CONTROL_MODES: Labels = {
    "single": ("本服务进程", "This process"),
    "central": ("本机多进程", "Processes of this machine"),
    "distributed": ("其他机器上的执行节点", "Agents on other machines"),
}
STRATEGIES: Labels = {
    "round_robin": ("平均分配", "Equal shares"),
    "weight": ("按权重分配", "By weight"),
    "dynamic": ("按节点状况动态分配", "Following the nodes' health"),
}
NODE_COUNTS: Labels = {"auto": ("自动", "As many as the machine has cores for")}
ON_NODE_LOSS: Labels = {
    "fail": ("测试失败", "Fail the run"),
    "rebalance": ("由其他节点分担", "The others take over"),
    "replace": ("等待替换节点", "Wait for a replacement"),
}
ON_START_FAILURE: Labels = {"stop_user": ("该用户退出", "The user stops"), "continue": ("继续执行", "The user goes on")}
WHEN_LATE: Labels = {"wait": ("等待", "Wait"), "drop": ("不等待，记为未开始", "Drop")}
DISTRIBUTIONS: Labels = {"constant": ("均匀", "Evenly spaced"), "poisson": ("泊松分布", "Poisson")}
ITERATIONS: Labels = {"per_vu": ("每个用户", "Of each user"), "shared": ("全部用户合计", "Of all users together")}
ADAPTIVE_METRICS: Labels = {
    "p50": ("响应时间 p50", "p50 of latency"),
    "p90": ("响应时间 p90", "p90 of latency"),
    "p95": ("响应时间 p95", "p95 of latency"),
    "p99": ("响应时间 p99", "p99 of latency"),
    "avg": ("平均响应时间", "Mean latency"),
    "error_rate": ("错误率", "Error rate"),
    "rps": ("吞吐量（RPS）", "Throughput, requests/s"),
}
CONDITIONS: Labels = {
    "equals": ("等于", "equals"),
    "not_equals": ("不等于", "does not equal"),
    "contains": ("包含", "contains"),
    "matches": ("匹配正则表达式", "matches the pattern"),
    "less_than": ("小于", "is less than"),
    "greater_than": ("大于", "is greater than"),
    "present": ("已设置", "is set"),
    "absent": ("未设置", "is not set"),
}

ON_FAILURE: Labels = {
    "continue": ("继续下一步骤", "Go on with the next step"),
    "next_iteration": ("结束本次迭代", "End the iteration"),
    "stop_user": ("该用户退出", "Stop the user"),
    "stop_run": ("测试失败并结束", "Fail the run"),
}
TOKEN_SCOPES: Labels = {
    "read": ("只读", "Read"),
    "run": ("只读并可运行测试", "Read, and run tests"),
    "write": ("读写", "Read and write"),
}
STOPS: Labels = {
    "iteration": ("本次迭代", "The iteration"),
    "user": ("该用户", "The user"),
    "run": ("整个测试", "The run"),
}
DECODINGS: Labels = {
    "html": ("HTML 实体", "HTML references"),
    "url": ("URL 编码", "Percent-encoding"),
    "base64": ("Base64", "Base64"),
}
MATCHES: Labels = {
    "first": ("第一个", "The first"),
    "last": ("最后一个", "The last"),
    "random": ("随机一个", "One at random"),
    "all": ("全部", "All, as a list"),
}
RUN_ORDERS: Labels = {
    "start_time": ("开始时间，最早的在前", "Start, the earliest first"),
    "-start_time": ("开始时间，最新的在前", "Start, the latest first"),
    "duration": ("时长，最短的在前", "Duration, the shortest first"),
    "-duration": ("时长，最长的在前", "Duration, the longest first"),
    "error_rate": ("错误率，最低的在前", "Error rate, the lowest first"),
    "-error_rate": ("错误率，最高的在前", "Error rate, the highest first"),
    "throughput": ("吞吐量，最低的在前", "Throughput, the lowest first"),
    "-throughput": ("吞吐量，最高的在前", "Throughput, the highest first"),
    "p95": ("p95，最低的在前", "p95, the lowest first"),
    "-p95": ("p95，最高的在前", "p95, the highest first"),
    "score": ("性能评分，最低的在前", "Performance score, the lowest first"),
    "-score": ("性能评分，最高的在前", "Performance score, the highest first"),
}

LIST_ORDERS: Labels = {
    "name": ("名称，从 A 到 Z", "Name, from A to Z"),
    "-name": ("名称，从 Z 到 A", "Name, from Z to A"),
    "username": ("用户名，从 A 到 Z", "Username, from A to Z"),
    "-username": ("用户名，从 Z 到 A", "Username, from Z to A"),
    "created_at": ("创建时间，最早的在前", "Creation, the earliest first"),
    "-created_at": ("创建时间，最新的在前", "Creation, the latest first"),
    "updated_at": ("修改时间，最早的在前", "Change, the earliest first"),
    "-updated_at": ("修改时间，最新的在前", "Change, the latest first"),
    "size": ("大小，最小的在前", "Size, the smallest first"),
    "-size": ("大小，最大的在前", "Size, the largest first"),
    "cpu": ("CPU，最低的在前", "CPU, the lowest first"),
    "-cpu": ("CPU，最高的在前", "CPU, the highest first"),
    "memory": ("内存，最少的在前", "Memory, the least first"),
    "-memory": ("内存，最多的在前", "Memory, the most first"),
}

STEP_TYPES: Labels = {
    "request": ("请求", "Request"),
    "group": ("分组", "Group"),
    "loop": ("循环", "Loop"),
    "while": ("条件循环", "While"),
    "if": ("条件", "If"),
    "choice": ("随机选择", "Choice"),
    "think": ("思考时间", "Think time"),
}
ALL_STEP_TYPES: Labels = {
    **STEP_TYPES,
    "break": ("跳出循环", "Break"),
    "stop": ("停止", "Stop"),
    "rendezvous": ("集合点", "Rendezvous"),
}
RESPONSES: tuple[Labels, ...] = (
    TEST_MODES,
    {"0": ("启用", "Enabled"), "1": ("停用", "Disabled")},
    {"info": ("提示", "Info"), "warning": ("警告", "Warning"), "error": ("错误", "Error")},
    {"zh": ("中文", "Chinese"), "en": ("英文", "English")},
    {"service": ("服务时间", "Service time"), "plan": ("从计划时刻算起", "From the planned start")},
    {"all": ("所有请求", "All requests"), "success": ("成功的请求", "Successful requests")},
    {"vus": ("并发用户", "Virtual users"), "arrival_rate": ("到达率", "Arrival rate")},
    {"VALID": ("有效", "Valid"), "SUSPECT": ("存疑", "Suspect"), "INVALID": ("无效", "Invalid")},
    {
        "PASSED": ("通过", "Passed"),
        "FAILED": ("未通过", "Failed"),
        "STOPPED": ("提前停止", "Stopped early"),
        "NO_THRESHOLDS": ("未设阈值", "No thresholds"),
    },
    {"ok": ("正常", "OK"), "degraded": ("降级", "Degraded")},
    {
        "server": ("服务进程", "Service process"),
        "process": ("本机进程", "Process on the server"),
        "agent": ("执行节点", "Agent"),
    },
    {
        "ready": ("空闲", "Ready"),
        "busy": ("测试中", "Busy"),
        "draining": ("排空中", "Draining"),
        "lost": ("失联", "Lost"),
    },
    {
        "created": ("未开始", "Created"),
        "running": ("执行中", "Running"),
        "completed": ("已完成", "Completed"),
        "failed": ("失败", "Failed"),
    },
    {
        "created": ("已创建", "Created"),
        "starting": ("启动中", "Starting"),
        "running": ("进行中", "Running"),
        "paused": ("已暂停", "Paused"),
        "stopping": ("停止中", "Stopping"),
        "completed": ("已完成", "Completed"),
        "stopped": ("已停止", "Stopped"),
        "failed": ("出错", "Error"),
    },
    {"viewer": ("查看者", "Viewer"), "editor": ("编辑者", "Editor"), "owner": ("所有者", "Owner")},
    {
        "response_time": ("响应时间", "Response time"),
        "throughput": ("吞吐量", "Throughput"),
        "error_rate": ("错误率", "Error rate"),
        "system": ("压测机状态", "Load generator"),
    },
    ITERATIONS,
    TOKEN_SCOPES,
    {"request": ("请求", "Request"), "group": ("分组", "Group")},
    {"limit": ("可承受的上限", "Limit"), "knee": ("拐点", "Knee"), "target": ("保持目标", "Target held")},
    {
        "load": ("负载改变", "Load changed"),
        "node": ("节点变化", "Node"),
        "pause": ("暂停", "Paused"),
        "resume": ("继续", "Resumed"),
        "stop": ("停止", "Stopped"),
        "threshold": ("阈值", "Threshold"),
        "validity": ("有效性", "Validity"),
    },
    {
        "setup": ("前置步骤", "Setup"),
        "on_start": ("用户启动步骤", "As a user starts"),
        "steps": ("步骤", "Steps"),
        "teardown": ("后置步骤", "Teardown"),
    },
    STEP_TYPES,
    ALL_STEP_TYPES,
    {"holding": ("满足", "Holding"), "breaking": ("正在超出", "Breaking"), "breached": ("已超出", "Breached")},
    {"passed": ("通过", "Passed"), "failed": ("未通过", "Failed"), "timeout": ("超时", "Timeout")},
    {"passed": ("通过", "Passed"), "failed": ("未通过", "Failed"), "skipped": ("跳过", "Skipped")},
    {"text": ("文本", "Text"), "base64": ("Base64", "Base64")},
    {
        "text": ("文本", "text"),
        "bytes": ("文本或字节", "text or bytes"),
        "integer": ("整数", "whole number"),
        "number": ("数字", "number"),
        "list": ("列表", "list"),
        "any": ("任意值", "any value"),
    },
)
"""Enumerations of responses, found by their values."""
