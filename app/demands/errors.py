"""Refusals of the demands module."""

from collections.abc import Sequence
from typing import Any

from app.kit.errors import Conflict, Forbidden, Unprocessable
from app.kit.i18n import Language
from app.standard.errors import Fault


class NotAPoster(Forbidden):
    """Enterprises post demands."""

    code = "not_a_poster"
    zh = "仅企业可以发布技术需求,当前机构类型为 {kind}"
    en = "Only enterprises post demands; this organisation is of kind {kind}"


class NotARequest(Unprocessable):
    """A demand is a request of the standard."""

    code = "not_a_request"
    zh = "技术需求的类型应为 {allowed} 之一,{given} 是供给"
    en = "A demand is of one of the types {allowed}; {given} is an offer"


class TooIncomplete(Unprocessable):
    """Too little is said of the demand for it to be reviewed."""

    code = "too_incomplete"
    zh = "完整度 {score} 分,提交审核至少需要 {least} 分;缺少:{missing}"
    en = "The completeness is {score}, a review needs {least}; missing: {missing}"


class ReasonRequired(Unprocessable):
    """The act needs a reason that the other side can read."""

    code = "reason_required"
    zh = "此操作必须说明理由"
    en = "This act needs a reason"


class OwnDemand(Forbidden):
    """The owner of a demand, and the broker who wrote it, neither answer nor review it."""

    code = "own_demand"
    zh = "需求发布方及其受托经纪机构不能对本需求进行此操作"
    en = "The demand's owner, and the broker who wrote it, cannot do that"


class OwnAchievement(Forbidden):
    """An owner of an achievement does not express interest in it."""

    code = "own_achievement"
    zh = "权利人不能对自己的成果表达意向"
    en = "An owner cannot express interest in the own achievement"


class DemandNotOpen(Conflict):
    """Solutions and interest are taken while the demand is published."""

    code = "demand_not_open"
    zh = "需求当前状态为 {state},截止 {until};仅在发布期内可以办理"
    en = "The demand is in state {state}, open until {until}; this is possible in that time only"


class NotASolver(Forbidden):
    """Universities, institutes and enterprises solve; a broker does so in a client's name."""

    code = "not_a_solver"
    zh = "仅高校、科研机构和企业可以办理,当前机构类型为 {kind};经纪机构须代理委托人"
    en = (
        "Universities, institutes and enterprises may do this, not an organisation of kind {kind};"
        " a broker acts in a client's name"
    )


class AlreadyAnswered(Conflict):
    """One solution, and one interest that is not over, of one party to one object."""

    code = "already_answered"
    zh = "该机构已经提交过:{known_id}"
    en = "This party has done so already: {known_id}"


class NotQualified(Conflict):
    """An award goes to a supplier whose solution was shortlisted."""

    code = "not_qualified"
    zh = "机构 {supplier_id} 的方案未入围,不能成交"
    en = "The solution of {supplier_id} was not shortlisted; it cannot be awarded"


class BadRow(Unprocessable):
    """A line of an import cannot be read."""

    code = "bad_row"
    zh = "此行无法读取:{reason}"
    en = "The line cannot be read: {reason}"


class ImportRefused(Unprocessable):
    """Lines of an import are wrong, so none was written; lists the first of them."""

    code = "import_refused"
    zh = "共 {rows} 行,其中 {error_count} 行有误,未写入任何数据"
    en = "{error_count} of {rows} rows are wrong; nothing was written"

    def __init__(self, wrong: Sequence[tuple[int, Fault]], **facts: Any) -> None:
        """`wrong` is what is wrong with the first wrong lines, each with its number."""
        super().__init__(**facts)
        self.wrong = wrong

    def details(self, language: Language, request_id: str | None = None) -> dict[str, Any]:
        """The problem-details document with an entry for everything that is wrong in a line."""
        document = super().details(language, request_id)
        document["errors"] = [{"line": line, **fault.shown(language)} for line, fault in self.wrong]
        return document
