"""Refusals of the matching module."""

from app.kit.errors import Conflict, Forbidden, Unprocessable


class NotAJudge(Forbidden):
    """Matches are judged by brokers and by the operators of the market."""

    code = "not_a_judge"
    zh = "只有技术经纪机构或运营方可以评价匹配结果"
    en = "Matches are judged by brokers and by operators of the market"


class OwnMatch(Conflict):
    """Whoever owns a side of a match does not judge it."""

    code = "own_match"
    zh = "需求方或成果方不能评价自己的匹配结果"
    en = "An owner of the demand or of the achievement does not judge their match"


class RejectionNeedsReason(Unprocessable):
    """A rejection says why, so that others can learn from it."""

    code = "rejection_needs_reason"
    zh = "否定匹配时必须说明理由"
    en = "A rejection of a match needs a reason"
