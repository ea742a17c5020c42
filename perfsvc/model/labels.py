"""The values of enumerations in words, Chinese and English, for forms."""

from __future__ import annotations

Labels = dict[str, tuple[str, str]]

TEST_MODES: Labels = {
    "concurrent": ("并发", "Fixed load"),
    "step": ("阶梯加压", "Staircase"),
    "error_rate": ("寻找极限", "Find the breaking point"),
    "adaptive": ("维持目标", "Hold a target"),
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
ON_NODE_LOSS: Labels = {
    "fail": ("测试失败", "Fail the run"),
    "rebalance": ("由其他节点分担", "The others take over"),
    "replace": ("等待替换节点", "Wait for a replacement"),
}
ON_START_FAILURE: Labels = {"stop_user": ("该用户退出", "The user stops"), "continue": ("继续执行", "The user goes on")}
WHEN_LATE: Labels = {"wait": ("等待", "Wait"), "drop": ("丢弃", "Drop")}
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
