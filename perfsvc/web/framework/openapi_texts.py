"""Texts of the API's description that belong to no model and no operation."""

from __future__ import annotations

from typing import Any

from perfsvc.errors import Text

CONVENTIONS = Text(
    "所有接口使用 JSON；路径末尾的斜杠可以省略。"
    "需要登录的接口使用请求头 Authorization: Bearer <token>，令牌来自登录或 API 令牌。"
    "错误格式为 {error}，422 另有 details 列出每一处问题；消息语言由 Accept-Language 决定，默认中文。"
    "列表返回 total、page、page_size、results。PUT 只修改给出的字段。时间为 ISO 8601 UTC，延迟单位毫秒，比率为百分数。",
    "Everything is JSON; the slash at the end of a path may be left out. "
    "Send Authorization: Bearer <token>, with a token from a login or an API token. "
    "Errors are {error}, with details that list every problem for 422; "
    "Accept-Language decides the language of messages, Chinese by default. "
    "Listings are total, page, page_size, results. PUT changes the given keys only. "
    "Times are ISO 8601 in UTC, latencies milliseconds, rates percent.",
)

TAGS: dict[str, Text] = {
    "about": Text("服务信息", "About"),
    "users": Text("用户", "Users"),
    "api_tokens": Text("API 令牌", "API tokens"),
    "demo": Text("演示项目", "Demo project"),
    "projects": Text("项目", "Projects"),
    "project_files": Text("项目文件", "Projects as files"),
    "envs": Text("测试环境", "Environments"),
    "trials": Text("试运行", "Trying a scene"),
    "scenes": Text("业务流", "Scenes"),
    "datafiles": Text("数据文件", "Data files"),
    "plan_preview": Text("测试计划预览", "Preview of a plan"),
    "plans": Text("测试计划", "Plans"),
    "data_preview": Text("测试数据预览", "Preview of test data"),
    "executions": Text("测试执行记录", "Runs in short"),
    "run_windows": Text("任意时间段", "Any time of a run"),
    "pins": Text("标记", "Pins"),
    "runs": Text("测试执行", "Runs"),
    "live": Text("实时数据", "Live feed"),
    "reports": Text("测试报告", "Reports"),
    "presets": Text("预设配置", "Presets"),
    "plugins": Text("插件", "Plugins"),
    "schemas": Text("JSON Schema 与模板词汇", "Schemas and vocabulary"),
    "nodes": Text("压测节点", "Engine processes"),
    "health": Text("运行状况", "Health"),
    "docs": Text("接口文档", "Description"),
}

FAILURES: dict[int, Text] = {
    400: Text("请求体无法解析", "The request could not be read"),
    401: Text("需要登录，或登录已失效", "No token, or an invalid one"),
    403: Text("没有权限", "Not allowed"),
    404: Text("资源不存在，或不属于你", "No such resource, or it is not yours"),
    409: Text("与当前状态冲突", "In conflict with the current state"),
    413: Text("请求体过大", "The body is too large"),
    415: Text("Content-Type 不是这里接受的类型", "The Content-Type is not supported here"),
    422: Text("请求参数未通过验证", "The input did not pass validation; details lists every problem"),
    429: Text("请求次数过多", "Too many requests; retry after Retry-After seconds"),
    502: Text("数据源无法读取", "A data source could not be read; error gives the cause"),
    503: Text("服务暂时不可用", "The service is temporarily unavailable"),
    507: Text("磁盘空间已满", "The disk is full"),
}

UNCHANGED = Text("If-None-Match 中的版本仍是最新", "The version named by If-None-Match is still the current one")

EXAMPLES: dict[int, dict[str, Any]] = {
    400: {"error": "the body is not JSON (line 1, column 15): a comma is missing here"},
    401: {"error": "Authentication required"},
    403: {"error": "You are not allowed to do this"},
    404: {"error": "the plan does not exist"},
    409: {
        "error": "changed by alice meanwhile; load it again",
        "code": "changed",
        "updated_at": "2026-11-21T20:42:31Z",
        "changed_by": "alice",
    },
    413: {"error": "The body may have at most 1048576 bytes"},
    415: {"error": "The Content-Type must be application/json"},
    422: {
        "error": "The input did not pass validation",
        "details": [{"path": "config.concurrent_users", "message": "must be an integer"}],
    },
    429: {"error": "Too many requests; try again in 60 s"},
    502: {"error": "127.0.0.1:3306 refused the connection", "request_id": "c6019475a4a0c0a3"},
    503: {"error": "the database is unavailable", "request_id": "c6019475a4a0c0a3"},
    507: {"error": "the disk of the database is full", "request_id": "c6019475a4a0c0a3"},
}
"""Responses of each failure."""

PATH: dict[str, Text] = {
    "project_id": Text("项目ID", "Project"),
    "user_id": Text("用户ID", "User"),
    "env_id": Text("测试环境ID", "Environment"),
    "scene_id": Text("业务流ID", "Scene"),
    "datafile_id": Text("数据文件ID", "Data file"),
    "plan_id": Text("测试计划ID", "Plan"),
    "execution_id": Text("执行ID", "Run"),
    "preset_id": Text("预设ID", "Preset"),
    "report_id": Text("测试报告ID", "Report"),
    "token_id": Text("令牌ID", "API token"),
    "pin_id": Text("标记ID", "Pin"),
    "name": Text("名称", "Name"),
}
"""Parameters within paths."""
