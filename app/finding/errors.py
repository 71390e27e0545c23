"""Refusals of the finding module."""

from app.kit.errors import Conflict, Unprocessable


class TooManyAlerts(Conflict):
    """A person has at most so many search alerts."""

    code = "too_many_search_alerts"
    zh = "每人最多保存 {most} 个搜索提醒,请先删除不再需要的"
    en = "A person has at most {most} search alerts; delete one that is not needed any more"


class NotAMailAddress(Unprocessable):
    """Alerts go to one plain mail address."""

    code = "not_a_mail_address"
    zh = "“{given}”不是可用的邮件地址"
    en = "{given!r} is not a mail address that can be written to"


class NothingAsked(Unprocessable):
    """A search alert without words or filters would tell of everything."""

    code = "nothing_asked"
    zh = "搜索提醒至少需要关键词或一个筛选条件"
    en = "A search alert needs words or at least one filter"
