"""A project's environments, scenes, plans, presets and data files as one YAML file."""

from __future__ import annotations

from typing import Literal
from typing import Self

from perfsvc.model.base import titled
from perfsvc.model.entities import Role
from perfsvc.service.auth.access import Kind
from perfsvc.service.project_document import ExportQuery
from perfsvc.service.project_files import ImportForm
from perfsvc.service.project_import import Imported
from perfsvc.web.api.report_parts import Texts
from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.responses import Plain
from perfsvc.web.framework.responses import Response
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.rules import may

KINDS = {
    "env": ("测试环境", "Environment"),
    "scene": ("业务流", "Scene"),
    "plan": ("测试计划", "Plan"),
    "preset": ("预设", "Preset"),
    "file": ("数据文件", "Data file"),
}
ACTIONS = {
    "create": ("新建", "New"),
    "update": ("替换", "Replaced"),
    "keep": ("不变", "Same"),
    "upload": ("需要上传", "To be uploaded"),
    "differ": ("内容不同", "Of other content"),
}


class ImportedResponse(Response):
    """What became of one thing of a file, or would: made, changed, or left as it is.

    A data file whose content is not in the file is one to upload, or one that the project has with other content.
    ``size`` and ``sha256`` are those of a data file. ``warnings`` name the variables and the base URL that a scene
    needs and no environment of the project has.
    """

    kind: Literal["env", "scene", "plan", "preset", "file"] = titled("类别", "Kind", labels=KINDS)
    name: str
    action: Literal["create", "update", "keep", "upload", "differ"] = titled(
        "结果", "What becomes of it", labels=ACTIONS
    )
    size: int | None
    sha256: str | None
    warnings: list[Texts] = titled("警告", "Warnings", examples=[[]])

    @classmethod
    def of(cls, imported: Imported) -> Self:
        return cls(
            kind=imported.kind,
            name=imported.name,
            action=imported.action,
            size=imported.size,
            sha256=imported.sha256,
            warnings=[Texts(**text._asdict()) for text in imported.warnings],
        )


class ImportResponse(Response):
    """All things of a file. ``dry_run``: nothing was changed."""

    dry_run: bool
    results: list[ImportedResponse]


class ProjectFileHandler(Handler):
    @operation("导出项目", "Export a project as YAML", may(Role.VIEWER, Kind.PROJECT))
    async def get(self, project_id: int, query: ExportQuery) -> Plain:
        if query.with_files == "1":
            await self.services.access.require(self.user, Role.EDITOR, Kind.PROJECT, project_id)
        return Plain(await self.services.project_files.export(project_id, query))

    @operation("导入项目", "Import YAML into a project", may(Role.EDITOR, Kind.PROJECT))
    async def post(self, project_id: int, body: ImportForm) -> ImportResponse:
        if body.source_project_id is not None:
            await self.services.access.require(self.user, Role.EDITOR, Kind.PROJECT, body.source_project_id)
        results = await self.services.project_files.read(self.user, project_id, body, self.language)
        return ImportResponse(dry_run=body.dry_run, results=[ImportedResponse.of(each) for each in results])


routes = [Route("/api/projects/{project_id}/file/", ProjectFileHandler)]
