"""Refusals of the achievements module."""

from collections.abc import Sequence
from typing import Any

from app.kit.errors import Conflict, Forbidden, Problem, Unprocessable
from app.kit.i18n import Language
from app.standard.errors import NotAnonymous, ProfileInvalid


class SharesNotWhole(Unprocessable):
    """Shares of the owners must sum to 10,000 basis points."""

    code = "shares_not_whole"
    zh = "权属份额合计为 {sum_bp} 基点,应恰为 10000 基点(100%),还差 {missing_bp}"
    en = "The owners' shares sum to {sum_bp} basis points; right is 10000 (100 %): {missing_bp} off"


class OwnerUnclear(Unprocessable):
    """An owner is an organisation of the market or a name, not both and not neither."""

    code = "owner_unclear"
    zh = "权利人须填写 organisation_id 或 name 之一,且只能填写一项"
    en = "An owner is given by either organisation_id or name"


class OwnerUnknown(Unprocessable):
    """No such organisation."""

    code = "owner_unknown"
    zh = "没有编号为 {organisation_id} 的正常机构"
    en = "There is no active organisation {organisation_id}"


class OwnerTwice(Unprocessable):
    """An owner is listed once, with the whole share."""

    code = "owner_twice"
    zh = "权利人“{name}”重复,请合并为一项"
    en = "The owner '{name}' is listed twice; put the shares together"


class PosterNotOwner(Unprocessable):
    """Who posts an achievement owns a part of it."""

    code = "poster_not_owner"
    zh = "发布机构 {organisation_id} 必须是权利人之一"
    en = "The posting organisation {organisation_id} must be one of the owners"


class BadRightNumber(Unprocessable):
    """The number of a right is wrong (rules.md 10.2)."""

    code = "bad_right_number"
    zh = "权利号码“{number}”有误({reason});应为:{expected}"
    en = "The number '{number}' is wrong ({reason}); right would be: {expected}"


class RightNumberMissing(Unprocessable):
    """A patent is known by its number."""

    code = "right_number_missing"
    zh = "类型 {right_type} 须填写申请号、专利号或公开号"
    en = "A right of type {right_type} needs its application, patent or publication number"


class RightKindMismatch(Unprocessable):
    """The number belongs to another kind of patent."""

    code = "right_kind_mismatch"
    zh = "号码 {number} 属于 {expected},而不是 {right_type}"
    en = "The number {number} is of kind {expected}, not {right_type}"


class RightTwice(Unprocessable):
    """The same right is listed twice."""

    code = "right_twice"
    zh = "权利 {number} 重复"
    en = "The right {number} is listed twice"


class BadIpc(Unprocessable):
    """Not an IPC symbol."""

    code = "bad_ipc"
    zh = "IPC 分类号“{value}”有误;应为:{expected}"
    en = "'{value}' is not an IPC symbol; right would be: {expected}"


class FieldNeeded(Unprocessable):
    """Without an IPC symbol the technical field must be given."""

    code = "technical_field_needed"
    zh = "请填写技术领域,或至少一个 IPC 分类号以便推定"
    en = "Give the technical field, or an IPC symbol that suggests one"


class PersonUnknown(Unprocessable):
    """No such person."""

    code = "person_unknown"
    zh = "没有编号为 {person_id} 的人员"
    en = "There is no person {person_id}"


class NoRight(Unprocessable):
    """An achievement is published with at least one right or know-how."""

    code = "no_right"
    zh = "发布前须至少登记一项权利或技术秘密(know_how)"
    en = "Declare at least one right, or know-how, before publishing"


class ConfidentialNotPublic(Conflict):
    """What is confidential is never published."""

    code = "confidential_not_public"
    zh = "密级为 confidential 的成果不能公开;请先脱密,改为 public 或 internal"
    en = "A confidential achievement is never public; make it public or internal first"


class BadPackageMember(Unprocessable):
    """Members of a package are single achievements that the poster owns."""

    code = "bad_package_member"
    zh = "成果 {achievement_id} 不能放入成果包:{reason}"
    en = "The achievement {achievement_id} cannot be in the package: {reason}"


class AchievementNotPublished(Conflict):
    """Only a published achievement goes to the market."""

    code = "achievement_not_published"
    zh = "成果状态为 {state}、密级为 {secrecy};须已发布且密级为 public"
    en = "The achievement is {state} and {secrecy}; it must be published and public"


class DetailsNotGranted(Problem):
    """403: the summary may be seen, the details were not granted."""

    status = 403
    code = "details_not_granted"
    zh = "详细资料仅向权利人、监管方和获授权的机构披露;请联系发布机构申请授权"
    en = "The details are for owners, overseers and organisations that were granted access"


class GranteeUnknown(Unprocessable):
    """Access is granted to an active organisation."""

    code = "grantee_unknown"
    zh = "没有编号为 {organisation_id} 的正常机构"
    en = "There is no active organisation {organisation_id}"


class GrantEnded(Unprocessable):
    """A grant ends in the future, but not beyond reason."""

    code = "grant_ended"
    zh = "授权截止时间须晚于现在({now}),且不晚于 {latest}"
    en = "A grant must end later than now ({now}) and by {latest}"


class DocumentEmpty(Unprocessable):
    """A document has bytes."""

    code = "document_empty"
    zh = "文件为空,请上传有内容的文件"
    en = "The file is empty; upload one with content"


class DocumentNameNeeded(Unprocessable):
    """A document has a name."""

    code = "document_name_needed"
    zh = "文件须有文件名,最多 {longest} 个字符"
    en = "The file needs a name of at most {longest} printable characters"


class BadRow(Unprocessable):
    """A row of an import cannot be read as an achievement."""

    code = "bad_row"
    zh = "此行无法作为成果读取:{reason}"
    en = "The row cannot be read as an achievement: {reason}"


class BadHeader(Unprocessable):
    """The first line of a CSV file names its columns."""

    code = "bad_header"
    zh = "CSV 首行列名有误:{reason};可用列:{columns}"
    en = "The CSV file's first line is wrong: {reason}; columns are: {columns}"


class ImportRefused(Unprocessable):
    """Rows of an import are wrong, so none was written; lists the first of them."""

    code = "import_refused"
    zh = "共 {rows} 行,其中 {error_count} 行有误,未写入任何数据"
    en = "{error_count} of {rows} rows are wrong; nothing was written"

    def __init__(self, wrong: Sequence[tuple[int, Problem]], **facts: Any) -> None:
        """`wrong` are the first rows that are wrong, each with its line and what is wrong."""
        super().__init__(**facts)
        self.wrong = wrong

    def details(self, language: Language, request_id: str | None = None) -> dict[str, Any]:
        """The problem-details document with one entry per wrong row."""
        document = super().details(language, request_id)
        document["errors"] = [
            {"line": line, **entry}
            for line, problem in self.wrong
            for entry in _entries(problem, language)
        ]
        return document


def _entries(problem: Problem, language: Language) -> list[dict[str, Any]]:
    """What is wrong with a row: one thing, or every fault of a profile."""
    if isinstance(problem, ProfileInvalid | NotAnonymous):
        return [fault.shown(language) for fault in problem.faults]
    return [
        {
            "field": problem.field or "",
            "code": problem.code,
            "message": problem.detail(language),
            "expected": problem.facts,
        }
    ]


class ClearanceStatement(Unprocessable):
    """Each kind of clearance has its own statements."""

    code = "clearance_statement"
    zh = "{kind} 的声明内容不能为 {statement};可用:{allowed}"
    en = "A clearance of kind {kind} cannot say {statement}; it can say: {allowed}"


class ClearanceSubject(Unprocessable):
    """A clearance is about someone whom its kind concerns: co-owner, inventor, pledgee."""

    code = "clearance_subject"
    zh = "{kind} 的主体 {subject} 与成果不符;可用:{allowed}"
    en = "{subject} is not whom a clearance of kind {kind} can be about; those are: {allowed}"


class ClearanceDates(Unprocessable):
    """A clearance is dated today or before, and has not run out."""

    code = "clearance_dates"
    zh = "文件日期不得晚于今日({today}),有效期不得早于今日"
    en = "A clearance is dated {today} at the latest, and is valid until then at least"


class ClearanceExists(Conflict):
    """One clearance of a kind and subject at a time."""

    code = "clearance_exists"
    zh = "已有同类记录 {clearance_id};如需更改请先撤销"
    en = "There is {clearance_id} of this kind and subject already; revoke it first"


class AnonymityOver(Conflict):
    """What was public with its owner's name, and what is part of a package, is not anonymous."""

    code = "anonymity_over"
    zh = "只有从未公开、且不属于成果包的单项成果可以匿名"
    en = "Only a single achievement that was never public and is in no package can be anonymous"


class OwnerAnonymous(Conflict):
    """Listings and price notices publish the transferor (rules.md A-6, C-1, C-18)."""

    code = "owner_anonymous"
    zh = (
        "该成果为匿名发布,挂牌和公示须公开转让方;"
        "如需继续,请先公开权利人(anonymous 改为 false),公开后不可恢复匿名"
    )
    en = (
        "This achievement is anonymous, and a listing or price notice makes the transferor public:"
        " set anonymous to false first, which cannot be undone"
    )


class NotAnOffer(Unprocessable):
    """An achievement is a profile of the offering side of the standard."""

    code = "not_an_offer"
    zh = "类型 {given} 属于需求方,技术供给应为其中之一:{allowed}"
    en = "A profile of type {given} requests; an offer is one of {allowed}"


class MemberFollows(Unprocessable):
    """A member of the standard that the achievement's own fields give is not set beside them."""

    code = "member_follows"
    zh = "标准字段 {member} 由成果自身的字段得出,请修改成果字段;可补充的有:{allowed}"
    en = "{member} follows from the achievement's own fields; change those. To be set: {allowed}"


class OwnOffer(Forbidden):
    """An owner of an achievement does not review it."""

    code = "own_offer"
    zh = "权利人不能审核本机构的成果"
    en = "An owner of an achievement does not review it"


class ReasonRequired(Unprocessable):
    """The act needs a reason that the other side can read."""

    code = "reason_required"
    zh = "此操作必须说明理由"
    en = "This act needs a reason"
