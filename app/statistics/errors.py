"""Refusals of the statistics module."""

from app.kit.errors import Unprocessable


class PeriodTooFine(Unprocessable):
    """Public figures are by whole months, so that days cannot be told apart by differences."""

    code = "period_too_fine"
    zh = "公开统计以整月为单位:from 应为某月第一天,to 应为某月最后一天"
    en = "Public figures are by whole months: from is a month's first day, to a month's last"


class PeriodReversed(Unprocessable):
    """A period begins before it ends."""

    code = "period_reversed"
    zh = "from 不得晚于 to"
    en = "from may not be after to"
