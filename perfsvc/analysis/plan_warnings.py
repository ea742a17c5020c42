"""Warnings about a plan before it is started: what can be seen of it alone that its author will hardly want.

``check``, the preview, the start and the report all have these.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterator

from perfsvc.analysis.plan_estimate import area_of
from perfsvc.analysis.plan_estimate import thinking_of
from perfsvc.analysis.warnings import MOST_NAMES
from perfsvc.errors import Problem
from perfsvc.errors import Text
from perfsvc.model.load import iteration_goal
from perfsvc.model.run import RunSpec
from perfsvc.model.scene import PARTS
from perfsvc.model.scene import GroupStep
from perfsvc.model.scene import RendezvousStep
from perfsvc.model.scene import RequestStep
from perfsvc.model.scene import Step
from perfsvc.model.scene import placed

HOST = re.compile(r"(?:localhost|\d+(?:\.\d+){3}|[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,})(?::\d+)?(?=[/?#]|$)")
LOOPBACK = re.compile(r"(?:\w+://)?(localhost|127(?:\.\d+){3}|\[::1\])(?=[:/?#]|$)")
FILE = re.compile(r"\.(?:html?|php|jsp|do|action|aspx?|json|xml|js|css|png|jpe?g|gif|svg|ico|txt|csv|pdf|ya?ml)$")
MANY_USERS = 200
"""More than so many that all start at once are worth a word."""
SHORT_TIMEOUT_MS = 50
"""Below this, a timeout was probably meant in seconds."""


def plan_warnings(spec: RunSpec, rows: int | None = None) -> list[Text]:
    """Return all that apply, each with its place; ``rows`` is the number of rows of the data, where it is known."""
    return [
        Text(f"{path}：{text.zh}", f"{path}: {text.en}") if path else text for path, text in placed_warnings(spec, rows)
    ]


def placed_warnings(spec: RunSpec, rows: int | None = None) -> list[Problem]:
    """Return all that apply; the path of one about the whole plan is empty."""
    placed_ones = [problem for warnings in PLACED for problem in warnings(spec)]
    texts = [text for warnings in WARNINGS for text in warnings(spec)]
    return [*placed_ones, *(Problem("", text) for text in [*texts, *_users_without_rows(spec, rows)])]


def _no_ramp_up(spec: RunSpec) -> Iterator[Text]:
    load = spec.load
    if not load.open and load.control is None and load.stages[0].duration == 0 and load.peak > MANY_USERS:
        yield Text(
            f"{load.peak:g} 个虚拟用户同时启动，没有加压时间", f"{load.peak:g} users start at once, without a ramp-up"
        )


def _windows_too_long(spec: RunSpec) -> Iterator[Text]:
    """Thresholds over more seconds than the run has."""
    duration = spec.load.duration - spec.warm_up_s
    for rule in spec.thresholds:
        if (rule.window_s or 0) > duration:
            yield Text(
                f"阈值 {rule} 的时间窗长于计入统计的时长 {duration:g} 秒",
                f"the window of {rule} is longer than the measured part of the run, {duration:g} s",
            )


def _names_twice(spec: RunSpec) -> Iterator[Text]:
    """Names that several steps have: a threshold such as ``p95{login}`` then looks at all of them together."""
    steps = [step for weighted in spec.scenes for step in weighted.scene.walk()]
    counts = Counter(step.name for step in steps if isinstance(step, RequestStep | GroupStep))
    twice = [f"{name} ({count})" for name, count in counts.items() if count > 1]
    names = ", ".join(twice[:MOST_NAMES]) + (" …" if len(twice) > MOST_NAMES else "")
    if twice:
        yield Text(
            f"同名的步骤：{names}；报告中各占一行，按步骤名的阈值会合并计算",
            f"steps of one name: {names}; each has a row of its own, a threshold for a name takes them together",
        )


def _hosts_as_paths(spec: RunSpec) -> Iterator[Text]:
    """URLs that begin with a host's name and no scheme, so that they are paths below the base URL."""
    for weighted in spec.scenes:
        for step in weighted.scene.walk():
            host = HOST.match(str(step.request.get("url", ""))) if isinstance(step, RequestStep) else None
            if host is not None and not FILE.search(host[0]):
                yield Text(
                    f"步骤“{step.name}”的 URL 以 {host[0]} 开头而没有 http://，会被当作基础地址下的路径；"
                    "如果是另一个地址，请补上 http://",
                    f"the URL of the step {step.name} begins with {host[0]} and no scheme, so it is a path below the "
                    "base URL; write http:// before it where it is an address of its own",
                )


def _placed_steps(spec: RunSpec) -> Iterator[tuple[str, Step]]:
    """All steps of all scenes with their places in the plan."""
    for number, weighted in enumerate(spec.scenes):
        for part in PARTS:
            for path, step in placed(getattr(weighted.scene, part), part):
                yield f"scenes[{number}].{path}", step


def _meetings_too_large(spec: RunSpec) -> Iterator[Problem]:
    """Rendezvous of more users than the run ever has: each wait takes all of its time."""
    most = spec.load.most_users
    for at, step in _placed_steps(spec):
        if isinstance(step, RendezvousStep) and step.users > most:
            text = Text(
                f"集合点“{step.name}”要等 {step.users} 个用户，而本次测试最多只有 {most} 个："
                f"每次都会等满 {step.timeout:g} 秒；请减小集合人数或增加虚拟用户",
                f"the rendezvous “{step.name}” waits for {step.users} users, and the run has {most} at "
                f"most: each wait takes all of {step.timeout:g} s; lower its users or have more virtual users",
            )
            yield Problem(at, text)


def _timeouts_too_short(spec: RunSpec) -> Iterator[Problem]:
    """Timeouts of a few milliseconds: their numbers were probably meant as seconds."""
    timeouts = {"request_timeout": (Text("请求超时", "the request timeout"), spec.request_timeout_ms)}
    for at, step in _placed_steps(spec):
        if isinstance(step, RequestStep) and step.timeout is not None:
            name = Text(f"步骤“{step.name}”的超时", f"the timeout of the step “{step.name}”")
            timeouts[f"{at}.timeout"] = (name, step.timeout)
    for at, (name, value) in timeouts.items():
        if value < SHORT_TIMEOUT_MS:
            text = Text(
                f"{name.zh} {value} 的单位是毫秒；如果是 {value} 秒，请写 {value * 1000}",
                f"{name.en}, {value}, is in milliseconds; write {value * 1000} where {value} seconds are meant",
            )
            yield Problem(at, text)


def _loopback_from_elsewhere(spec: RunSpec) -> Iterator[Text]:
    """A loopback address as the target of agents: each agent's own machine."""
    if spec.placement.mode != "distributed":
        return
    for host in sorted({match[1] for url in _urls_of(spec) if (match := LOOPBACK.match(url))}):
        yield Text(
            f"目标 {host} 是回环地址：每个压测节点访问的都是自己所在的机器；"
            "如果被测系统在别处，请填写节点能访问到的地址",
            f"the target {host} is a loopback address: each node sends its load to its own machine; write an address "
            "that the nodes can reach where the target is elsewhere",
        )


def _urls_of(spec: RunSpec) -> Iterator[str]:
    """The base URL and the URLs of all requests, as they are written."""
    yield spec.target.base_url
    for weighted in spec.scenes:
        yield from (str(step.request.get("url", "")) for step in weighted.scene.walk() if isinstance(step, RequestStep))


def _iterations_too_many(spec: RunSpec) -> Iterator[Text]:
    """Iterations that do not fit into the time even if every reply came at once."""
    wanted, load = iteration_goal(spec.load), spec.load
    if wanted is None or load.length is None or load.control is not None:
        return
    each = thinking_of(spec)
    if load.open:
        most = area_of(load)
    elif each > 0:
        most = area_of(load) / each
    else:
        return
    if most * ROOM < wanted:
        yield Text(
            f"计划 {wanted} 次迭代，而 {load.length:g} 秒内最多约 {most:.0f} 次"
            f"{'到达' if load.open else f'（每次迭代的思考时间和间隔平均为 {each:g} 秒）'}：时间会先用完；"
            "请减少迭代次数或延长时间",
            f"{wanted} iterations are planned, and {load.length:g} s have room for about {most:.0f}"
            f"{' arrivals' if load.open else f' (think times and pacing take {each:g} s of each on average)'}: the "
            "time will be over first; plan fewer iterations or more time",
        )


ROOM = 1.1
"""Think times vary: so much more than expected may be done."""


def _users_without_rows(spec: RunSpec, rows: int | None) -> Iterator[Text]:
    """Users that never run, for want of a row of their own."""
    data, load = spec.data, spec.load
    if data is None or rows is None or load.open or load.control is not None:
        return
    allocation, users = data.allocation, load.most_users
    if allocation.scope == "vu" and allocation.ending == "stop_vu" and rows < users:
        yield Text(
            f"{users} 个虚拟用户各需要一行数据（scope: vu），而数据只有 {rows} 行：其余 {users - rows} 个不会执行"
            "（at_end: stop_vu）；请增加数据或减少用户",
            f"each of {users} users needs a row (scope: vu) of the data, which has {rows}: the other {users - rows} "
            "will never run (at_end: stop_vu); add rows or have fewer users",
        )


WARNINGS: tuple[Callable[[RunSpec], Iterator[Text]], ...] = (
    _no_ramp_up,
    _windows_too_long,
    _names_twice,
    _hosts_as_paths,
    _loopback_from_elsewhere,
    _iterations_too_many,
)
PLACED: tuple[Callable[[RunSpec], Iterator[Problem]], ...] = (_meetings_too_large, _timeouts_too_short)
"""Those that are about one place in the plan."""
