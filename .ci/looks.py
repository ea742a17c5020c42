"""What pictures are taken of: each page and dialog, where it is, what is done on it, and when it can be taken."""

from __future__ import annotations

from typing import NamedTuple

Act = tuple[str, ...]
"""``click``, ``fill``, ``type``, ``press`` or ``file``, then a selector, then a text, a key or a file's content;
``narrow`` and a selector that is clicked where it is seen; or ``changed`` and an address of the API: another user saves
what is being edited."""


class Look(NamedTuple):
    """One picture.

    ``path`` lies in the sample project, whose names it has in braces, unless it begins with ``!``; it is empty for a
    page of the recording, ``recorded``. ``user`` is who is signed in.
    """

    path: str = ""
    ready: str = "main"
    acts: tuple[Act, ...] = ()
    user: str = "admin"
    recorded: str = ""
    refused: int = 0
    """Status of a reply, made up."""
    of: str = "**/api/users/login/"
    """What is refused."""
    paper: bool = False
    """Printed, as a PDF beside the picture."""


DIALOG = "dialog[open]"
MENU = ".page-actions [aria-haspopup=menu]"
ITEM = "[role=menu] [role=menuitem]"
IMPORTED = "scenes:\n  - name: Look around\n    steps:\n      - name: home\n        request: {url: /}\n"
MANY_STEPS = "tbody [type=checkbox] >> nth={}"


def click(*selectors: str) -> tuple[Act, ...]:
    """Click one after the other."""
    return tuple(("click", selector) for selector in selectors)


def item(number: int) -> str:
    """The entry of an open menu."""
    return f"{ITEM} >> nth={number}"


def menu(path: str, number: int, opener: str = MENU) -> Look:
    """The dialog behind an entry of a menu of the page."""
    return Look(path, DIALOG, click(opener, item(number)))


def choose(step: str) -> tuple[Act, ...]:
    """Choose a step of a scene; on a phone the tree is folded."""
    return ("narrow", ".steps-toggle"), ("click", step)


def step(name: str) -> Look:
    """The editor of the scene that has every kind of step, with one of them chosen."""
    return Look("/scenes/{scene}", ".step-form, .flow-fields", choose(f"[role=treeitem]:has-text('{name}')"))


def recorded(name: str, ready: str, *acts: Act) -> Look:
    """A page of the recording, or a dialog on it."""
    return Look(recorded=name, ready=ready, acts=acts)


def mode(number: int) -> Look:
    """The plan editor with one of the six modes chosen."""
    return Look("/plans/{stages}", ".curve", click(f".mode >> nth={number}"))


ROW_MENU = "main tbody [aria-haspopup=menu] >> nth=0"
TRY = ".step-head .btn-primary"
LIST_STEP = "[role=treeitem]:has-text('列表')"
WRONG_NAME = (("fill", "input[autocomplete=username]", "mallory"), ("fill", "input[type=password]", "wrong word"))

SESSION = {
    "login": Look("!/login", "form", user=""),
    "login-refused": Look("!/login", "[role=alert]", (*WRONG_NAME, *click("button.btn-primary")), user=""),
    "login-wait": Look("!/login", "[role=alert]", (*WRONG_NAME, *click("button.btn-primary")), user="", refused=429),
    "register": Look("!/register", "form", user=""),
    "register-refused": Look(
        "!/register",
        ".problem, [role=alert]",
        (
            ("fill", "input[autocomplete=username]", "zhao"),
            ("fill", "input[type=email]", "zhao@example.com"),
            ("fill", "input[type=password]", "long enough"),
            *click("button.btn-primary"),
        ),
        user="",
    ),
    "me": Look("!/me", ".tokens"),
    "me-token-made": Look(
        "!/me",
        ".made",
        (("fill", "[aria-labelledby=tokens] input", "nightly"), *click("[aria-labelledby=tokens] .btn-primary")),
    ),
    "me-remove-token": Look("!/me", DIALOG, click(".tokens .btn-icon")),
}
SHELL = {
    "palette": Look("", f"{DIALOG} .menu-item", click(".search")),
    "palette-search": Look("", f"{DIALOG} .menu-item", (*click(".search"), ("fill", "dialog input", "下单"))),
    "palette-none": Look("", ".palette-none", (*click(".search"), ("fill", "dialog input", "qqqq"))),
    "keys": Look("", DIALOG, (("press", "body", "?"),)),
    "rail": Look("", ".rail-project", (("narrow", ".topbar-menu"),)),
    "switcher": Look("", ".rail-switch [role=menu]", (("narrow", ".topbar-menu"), *click(".rail-project"))),
    "theme-menu": Look("", "[role=menu]", click(".topbar-tools [aria-haspopup=menu] >> nth=0")),
    "user-menu": Look("", "[role=menu]", click(".avatar-button")),
    "missing": Look("!/nothing/here", ".empty"),
    "gone": Look("/scenes/9999", ".empty"),
    "forbidden": Look("!/users", ".empty", user="zhao"),
    "foreign": Look("!/p/{empty}", ".empty", user="zhao"),
}
PROJECT = {
    "start": Look("!/start", ".start-cards"),
    "start-break": Look("!/start", ".start-cards", click(".start-card >> nth=1")),
    "start-wrong": Look("!/start", ".problem", (("fill", ".start-input", "shop"), *click("button[type=submit]"))),
    "projects": Look("!/projects", "main .project"),
    "project-new": Look("!/projects", DIALOG, click(".page-actions .btn-primary")),
    "project-remove": Look("!/projects", DIALOG, click("main [aria-haspopup=menu] >> nth=0", item(1))),
    "overview": Look("", ".deeds"),
    "overview-recorded": recorded("overview", ".deeds"),
    "overview-viewer": Look("", ".deeds", user="zhao"),
    "import": menu("", 2),
    "import-looked": Look(
        "",
        f"{DIALOG} .imported",
        (*click(MENU, item(2)), ("file", "input[type=file]", IMPORTED)),
    ),
    "runs": Look("/runs", "main table"),
    "runs-recorded": recorded("runs", "main table"),
    "runs-failed": Look("/runs", ".empty[role=alert]", refused=500, of="**/api/performance/executions/**"),
    "runs-ticked": Look("/runs", ".tray .btn-primary", click(MANY_STEPS.format(1), MANY_STEPS.format(2))),
    "compare": Look("/compare?runs={runs}", ".compare-table"),
    "trends": Look("/trends?plan={plan}", ".trend svg"),
}
EMPTY = {
    f"empty-{name}": Look(f"!/p/{{empty}}/{name}", ".empty")
    for name in ("scenes", "plans", "runs", "trends", "data", "presets")
} | {
    "empty-overview": Look("!/p/{empty}", ".first"),
    "empty-members": Look("!/p/{empty}/members", "main table"),
    "empty-compare": Look("!/p/{empty}/compare", ".empty, .callout"),
    "empty-runs-filter": Look("/runs?q=qqqq", ".empty"),
}
PLANNING = {
    "plans": Look("/plans", "main table"),
    "plans-recorded": recorded("plans", "main table"),
    "plan-remove": menu("/plans", 1, ROW_MENU),
    "plan-new": Look("/plans/new", ".mode"),
    "plan": Look("/plans/{plan}", ".data-left"),
    "plan-rows": Look("/plans/{plan}", ".data-rows table", click(".data-right .btn-sm")),
    "plan-recorded": recorded("plan", ".curve"),
    "plan-viewer": Look("/plans/{plan}", ".curve", user="zhao"),
    **{f"plan-mode-{number + 1}": mode(number) for number in range(6)},
    "plan-wrong": Look("/plans/{never}", ".problem", (("fill", ".load-fields input >> nth=0", "0"),)),
    "plan-menu": Look("/plans/{plan}", "[role=menu]", click(MENU)),
    "run-with": menu("/plans/{plan}", 0),
    "from-preset": menu("/plans/{plan}", 1),
    "as-preset": menu("/plans/{plan}", 2),
    "plan-copy-to": menu("/plans/{plan}", 4),
    "plan-conflict": Look(
        "/plans/{never}",
        DIALOG,
        (
            ("fill", ".title-input", "mine"),
            ("changed", "/api/performance/plans/{never}/"),
            ("press", "body", "Control+s"),
        ),
    ),
}
SCENES = {
    "scenes": Look("/scenes", "main table"),
    "scene-menu": Look("/scenes", "[role=menu]", click(ROW_MENU)),
    "scene-copy": menu("/scenes", 1, ROW_MENU),
    "scene-remove": menu("/scenes", 3, ROW_MENU),
    "scene-new": Look("/scenes/new", ".scene"),
    "scene-steps": Look("/scenes/{scene}", ".step-form", (("narrow", ".steps-toggle"),)),
    "scene-request": step("下单"),
    "scene-sign": step("签名"),
    "scene-group": step("选购"),
    "scene-loop": step("翻页"),
    "scene-while": step("等待出库"),
    "scene-if": step("已登录"),
    "scene-choice": step("随便看看"),
    "scene-think": step("想一想"),
    "scene-break": step("没有更多"),
    "scene-stop": step("登录失败"),
    "scene-rendezvous": step("集合"),
    "scene-grpc": step("库存"),
    "scene-viewer": Look("/scenes/{scene}", ".step-form", user="zhao"),
    "scene-tried": Look("/scenes/{tried}", ".trial-figures", (*choose(LIST_STEP), *click(TRY))),
    "scene-extract": Look(
        "/scenes/{tried}", ".json-pop", (*choose(LIST_STEP), *click(TRY, ".json button:has-text('9.5') >> nth=0"))
    ),
    "scene-variables": Look(
        "/scenes/{tried}", ".trial-variables", (*choose(LIST_STEP), *click(TRY, "[role=tab] >> nth=3"))
    ),
    "scene-sent": Look("/scenes/{tried}", ".trial-text", (*choose(LIST_STEP), *click(TRY, "[role=tab] >> nth=1"))),
    "scene-failed": Look("/scenes/{failing}", ".trial-figures", click(TRY)),
    "scene-offers": Look(
        "/scenes/{tried}", ".offers", (*choose(LIST_STEP), ("type", ".step-form .template-input >> nth=0", "{{"))
    ),
    "scene-yaml": Look("/scenes/{scene}", ".source .cm-line", click(".scene-head .seg button >> nth=1")),
    "scene-json": Look("/scenes/{scene}", ".source .cm-line", click(".scene-head .seg button >> nth=2")),
    "scene-wrong": Look("/scenes/{wrong}", ".step-form", choose("[role=treeitem] >> nth=1")),
    "scene-conflict": Look(
        "/scenes/{wrong}",
        DIALOG,
        (("fill", ".title-input", "mine"), ("changed", "/api/scenes/{wrong}/"), ("press", "body", "Control+s")),
    ),
}
ASSETS = {
    "envs": Look("/envs", "main table"),
    "env-new": Look("/envs", DIALOG, click(".page-actions .btn-primary")),
    "env-edit": Look("/envs", DIALOG, click("main table button >> nth=0")),
    "env-certificates": Look("/envs", DIALOG, click(".page-actions .btn-primary", "dialog details summary >> nth=0")),
    "env-secrets": Look("/envs", DIALOG, click("main table tr:has-text('预发') .btn >> nth=0")),
    "env-remove": Look("/envs", DIALOG, click("main table .btn-icon >> nth=0")),
    "data": Look("/data", "main table"),
    "data-preview": Look("/data", ".read-total", click("main tbody .push >> nth=0")),
    "data-used": Look("/data", DIALOG, click("main tr:has-text('accounts') .btn-icon")),
    "data-remove": Look("/data", DIALOG, click("main table .btn-icon >> nth=0")),
    "presets": Look("/presets", "main table"),
    "preset-rename": Look("/presets", DIALOG, click("main table .push >> nth=0")),
    "members": Look("/members", "main table"),
    "member-remove": Look("/members", DIALOG, click("main tbody .btn-icon >> nth=1")),
}
PLATFORM = {
    "users": Look("!/users", "main table"),
    "user-new": Look("!/users", DIALOG, click(".page-actions .btn-primary")),
    "user-row-menu": Look("!/users", "[role=menu]", click(ROW_MENU)),
    "user-password": menu("!/users", 1, ROW_MENU),
    "user-block": menu("!/users", 2, ROW_MENU),
    "nodes": Look("!/nodes", "main tbody tr"),
    "nodes-recorded": recorded("nodes", "main tbody tr"),
    "nodes-more": Look("!/nodes", "main tbody tr", click("details.more summary")),
    "plugins": Look("!/plugins", "main table"),
    "plugin-schema": Look("!/plugins", DIALOG, click("main tbody button >> nth=0")),
    "guide": Look("!/guide", "main h2"),
    "guide-page": Look("!/guide/user-guide", "main h2"),
    "guide-search": Look("!/guide", "main h2", (("fill", "main input[type=search]", "p95"),)),
}
RUN = {
    "run-live": recorded("run-live", ".steps .spark"),
    "run-load": recorded("run-live", DIALOG, *click(".steer-bar .btn >> nth=1")),
    "run-stop": recorded("run-live", DIALOG, *click(".steer-bar .btn-danger")),
    "run-pin": recorded("run-live", DIALOG, ("press", "body", "p")),
    "run-report": recorded("run-report", "#config"),
    "run-window": recorded("run-window", "#config"),
    "run-info": recorded("run-report", ".info-text", *click("main .info >> nth=0")),
    "run-table": Look("/runs/{failed}", "#config"),
    "run-paper": Look(recorded="run-report", ready="#config", paper=True),
    "search-live": recorded("search-live", ".story"),
    "search-report": recorded("search-report", "#config"),
    "adaptive-live": recorded("adaptive-live", "#search .trace-load"),
    "adaptive-report": recorded("adaptive-report", "#config"),
}
OF_BEGINNERS = "!/p/{beginners}"
RULES = "[data-path='config.execution_config.thresholds']"
MISTAKES = {
    "mistake-variable": Look("/scenes/{wrong}", ".step-form", choose("[role=treeitem] >> nth=1")),
    "mistake-column": Look(
        "/scenes/{wrong}",
        ".step-form .problem",
        (("press", ".scene-env select >> nth=1", "ArrowDown"), *choose("[role=treeitem] >> nth=1")),
    ),
    "mistake-path": Look(f"{OF_BEGINNERS}/scenes/{{unfound}}", ".trial-figures", click(TRY)),
    "mistake-port": Look(f"{OF_BEGINNERS}/scenes/{{closed}}", ".scene-side .problem", click(TRY)),
    "mistake-tls": Look(f"{OF_BEGINNERS}/scenes/{{encrypted}}", ".scene-side .problem", click(TRY)),
    "mistake-scheme": Look(
        "/envs",
        f"{DIALOG} .problem",
        (*click(".page-actions .btn-primary"), ("fill", "dialog input >> nth=1", "shop:80")),
    ),
    "mistake-threshold": Look(
        "/plans/{plan}",
        ".threshold-fix",
        (*click(f"{RULES} .seg button >> nth=1"), ("fill", ".threshold-line >> nth=1", "p95{下单了} < 300")),
    ),
    "mistake-file": Look(f"{OF_BEGINNERS}/data", ".file-refused", click("main tr:has-text('nothing') button >> nth=0")),
    "mistake-delimiter": Look(f"{OF_BEGINNERS}/plans/{{delimiter}}", ".read-warning, .data-rows"),
    "mistake-rights": Look(f"{OF_BEGINNERS}", ".empty", user="zhao"),
}
"""Of beginners, as the page says what is wrong."""
LOOKS: dict[str, Look] = {
    **SESSION,
    **SHELL,
    **PROJECT,
    **EMPTY,
    **PLANNING,
    **SCENES,
    **ASSETS,
    **PLATFORM,
    **RUN,
    **MISTAKES,
}
MAIN = {
    "overview-recorded",
    "plans-recorded",
    "plan-recorded",
    "run-live",
    "run-report",
    "search-report",
    "scene-tried",
}
"""Pictures that are taken at the greatest width as well."""
