"""Reports."""

from __future__ import annotations

from perfsvc.model.entities import Role
from perfsvc.service.access import Kind
from perfsvc.web.answers import Message
from perfsvc.web.handler import Handler
from perfsvc.web.operation import operation
from perfsvc.web.queries import OfPlan
from perfsvc.web.routing import Route
from perfsvc.web.rules import may
from perfsvc.web.run_answers import ReportAnswer
from perfsvc.web.run_answers import ReportPage
from perfsvc.web.run_answers import ReportRow


class Reports(Handler):
    @operation("获取测试报告列表", "List a plan's reports", may(Role.VIEWER, Kind.PLAN))
    async def get(self, query: OfPlan) -> ReportPage:
        page = await self.services.reports.page(query.plan_id, query.page, query.page_size)
        return ReportPage.of(page, ReportRow.of)


class Report(Handler):
    @operation("获取测试报告详情", "One report", may(Role.VIEWER, Kind.REPORT))
    async def get(self, report_id: int) -> ReportAnswer:
        return ReportAnswer.of(await self.services.reports.get(report_id))

    @operation("删除测试报告", "Delete a report", may(Role.EDITOR, Kind.REPORT))
    async def delete(self, report_id: int) -> Message:
        await self.services.reports.delete(report_id)
        return self.message("测试报告已删除", "The report was deleted")


routes = [
    Route("/api/performance/reports/", Reports),
    Route("/api/performance/reports/{report_id}/", Report),
]
