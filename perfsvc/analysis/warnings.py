"""Warnings of a report: reasons to doubt its numbers."""

from __future__ import annotations

from collections.abc import Callable

from perfsvc.clock import NS_PER_S
from perfsvc.errors import Text
from perfsvc.metrics.run_metrics import RunMetrics
from perfsvc.metrics.validity import Validity

ENOUGH_REQUESTS = 1_000
"""Below this, fewer than ten requests lie beyond p99."""
SHORT_RUN_S = 10
MOST_NAMES = 20
REDIRECTS = frozenset({"301", "302", "303", "307", "308"})


def warnings_of(metrics: RunMetrics, validity: Validity) -> list[Text]:
    """All remarks that apply."""
    texts = [_at_least(metrics, validity), *(remark(metrics) for remark in REMARKS)]
    return [text for text in texts if text is not None]


def _at_least(metrics: RunMetrics, validity: Validity) -> Text | None:
    if not validity.at_least:
        return None
    rps = round(metrics.figures().rps, 1)
    if validity.offered_less:
        return Text(
            f"施加的负载低于计划：吞吐量至少为每秒 {rps:g} 个请求",
            f"less load was offered than planned: throughput is at least {rps:g} requests per second",
        )
    if not validity.at_its_limit:
        return Text(
            f"部分数据缺失：吞吐量至少为每秒 {rps:g} 个请求",
            f"some measurements are missing: throughput is at least {rps:g} requests per second",
        )
    if validity.crowded_out:
        return Text(
            f"压测机的 CPU 被其他进程占用：吞吐量至少为每秒 {rps:g} 个请求，请在空闲的机器上重新测试",
            f"other processes had the generator's CPU: throughput is at least {rps:g} requests per second; "
            "run again on an idle machine",
        )
    return Text(
        f"压测机达到自身极限：吞吐量至少为每秒 {rps:g} 个请求",
        f"the generator was at its own limit: throughput is at least {rps:g} requests per second",
    )


def _iterations_short(metrics: RunMetrics) -> Text | None:
    wanted, done = metrics.planned.iterations, metrics.iterations + metrics.warm_up.iterations
    if wanted is None or done >= wanted:
        return None
    return Text(
        f"只完成了 {done} 次迭代，计划为 {wanted} 次：时间先用完或测试提前结束",
        f"only {done} of {wanted} iterations were done: the time was over first, or the run ended early",
    )


def _idle_scenes(metrics: RunMetrics) -> Text | None:
    idle = [name for name, steps in metrics.planned.scenes if not any(metrics.steps[index].requests for index in steps)]
    if not idle or len(idle) == len(metrics.planned.scenes):
        return None
    names = ", ".join(idle[:MOST_NAMES]) + (" …" if len(idle) > MOST_NAMES else "")
    return Text(
        f"从未执行的业务流：{names}；按权重分配时用户数或迭代数太少",
        f"scenes that never ran: {names}; there were too few users or iterations for their weights",
    )


def _users_without_data(metrics: RunMetrics) -> Text | None:
    users = sorted(metrics.lost_users.without_data)
    if not users:
        return None
    names = ", ".join(map(str, users[:MOST_NAMES])) + (" …" if len(users) > MOST_NAMES else "")
    return Text(
        f"{len(users)} 个虚拟用户没有分到测试数据，从未执行：{names}",
        f"virtual users that never ran for want of test data: {len(users)} (numbers {names})",
    )


def _few_requests(metrics: RunMetrics) -> Text | None:
    requests = metrics.total.requests
    if not 0 < requests < ENOUGH_REQUESTS:
        return None
    return Text(
        f"请求总数只有 {requests}，高百分位数不可靠", f"requests in all: {requests}; high percentiles are unreliable"
    )


def _short_run(metrics: RunMetrics) -> Text | None:
    if metrics.running_ns >= SHORT_RUN_S * NS_PER_S or metrics.warm_up.length:
        return None
    seconds = metrics.running_ns / NS_PER_S
    return Text(
        f"只运行了 {seconds:.1f} 秒，结果受启动阶段影响",
        f"only {seconds:.1f} s of load: start-up distorts the figures",
    )


def _overflow(metrics: RunMetrics) -> Text | None:
    count = metrics.total.latency.overflow
    if not count:
        return None
    return Text(
        f"超过 1 小时的请求数：{count}，按 1 小时计入百分位数",
        f"requests longer than 1 h: {count}; percentiles count them as 1 h",
    )


def _cut_off(metrics: RunMetrics) -> Text | None:
    if not metrics.cut_off:
        return None
    return Text(
        f"停止时被中断的未完成请求数：{metrics.cut_off}，不计入错误",
        f"unfinished requests cut off at the stop: {metrics.cut_off}; they are not errors",
    )


def _late_snapshots(metrics: RunMetrics) -> Text | None:
    if not metrics.late_snapshots:
        return None
    return Text(
        f"迟到的数据快照数：{metrics.late_snapshots}，已补入总数和曲线，但未参与窗口阈值判断",
        f"snapshots that came late: {metrics.late_snapshots}; totals and series have them, windowed thresholds do not",
    )


def _silent_target(metrics: RunMetrics) -> Text | None:
    """A target that is down for a while fails few requests, because users who get nowhere pause: rates hide it."""
    busy = [point for point in metrics.series.finest() if point.requests]
    silent = sum(point.width for point in busy if point.errors == point.requests)
    if not silent:
        return None
    total = sum(point.width for point in busy)
    return Text(
        f"在 {total} 秒中有 {silent} 秒没有任何成功的响应",
        f"no successful reply in {silent} of {total} seconds",
    )


def _redirects_not_followed(metrics: RunMetrics) -> Text | None:
    """More redirects than other replies: the figures are those of the redirect, not of the page behind it."""
    statuses = metrics.total.statuses
    redirects = {status: count for status, count in statuses.items() if status in REDIRECTS}
    count, replies = sum(redirects.values()), sum(statuses.values())
    if count * 2 <= replies:
        return None
    kinds = ", ".join(sorted(redirects))
    return Text(
        f"{replies} 个响应中有 {count} 个是没有跟随的重定向（{kinds}）：测到的是重定向本身，而不是目标页面；"
        "请直接填写最终地址，或打开 follow_redirects",
        f"{count} of {replies} replies were redirects ({kinds}) that were not followed: the figures are those of the "
        "redirect, not of its target; request the final URL, or set follow_redirects",
    )


def _warm_up(metrics: RunMetrics) -> Text | None:
    warm_up = metrics.warm_up
    if not warm_up.length:
        return None
    total = warm_up.total
    return Text(
        f"前 {warm_up.length:g} 秒为预热：其中 {total.requests} 个请求（{total.errors} 个错误）不计入统计和阈值",
        f"the first {warm_up.length:g} s were warm-up: its requests ({total.requests}, of them failed: {total.errors}) "
        "count neither in the figures nor for thresholds",
    )


REMARKS: tuple[Callable[[RunMetrics], Text | None], ...] = (
    _warm_up,
    _silent_target,
    _redirects_not_followed,
    _idle_scenes,
    _users_without_data,
    _iterations_short,
    _few_requests,
    _short_run,
    _overflow,
    _cut_off,
    _late_snapshots,
)
