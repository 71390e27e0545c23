"""What stands around a sale: notice, commission, relisting, and a winner who does not pay.

Amounts in fen, shares in basis points; rounded half up once unless a cap or a floor says how.
"""

from datetime import date
from typing import NamedTuple

from app.kit.calendar import OfficialCalendar

NOTICE_DAYS = 7
"""拍卖法 art. 45: the notice stands seven days before the sale."""

COMMISSION_CAP_BP = 500
"""拍卖法 art. 56: 5 % from each side where nothing was agreed."""

RELIST_CUT_CAP_BP = 2_000
"""法释〔2016〕18号 art. 26: at most 20 % below the start price before."""

START_FLOOR_BP = 7_000
"""法释〔2016〕18号 art. 10: the start price is 70 % of the appraisal at least."""

DEPOSIT_BP = (500, 2_000)
"""法释〔2016〕18号 art. 17: 5 to 20 % of the start price."""

_ALL_BP = 10_000


class CutTooDeep(ValueError):
    """A relisting below the least start price; the message names it."""


def notice_by(sale: date, calendar: OfficialCalendar, days: int = NOTICE_DAYS) -> date:
    """The last day on which the notice can be published (拍卖法 art. 45; TV-D1)."""
    return calendar.subtract_calendar_days(sale, days)


def commission_cap(price_fen: int, cap_bp: int = COMMISSION_CAP_BP) -> int:
    """The most that one side pays where nothing was agreed, rounded down (TV-D3)."""
    return price_fen * cap_bp // _ALL_BP


def least_start(appraisal_fen: int) -> int:
    """The least start price of a first round, rounded up (TV-D6)."""
    return _share_up(appraisal_fen, START_FLOOR_BP)


def deposit_range(start_fen: int) -> tuple[int, int]:
    """The least and the greatest deposit (TV-D6), the one rounded up and the other down."""
    low, high = DEPOSIT_BP
    return _share_up(start_fen, low), start_fen * high // _ALL_BP


def least_relist(start_fen: int, cut_cap_bp: int = RELIST_CUT_CAP_BP) -> int:
    """The least start price after a failed round, rounded up (TV-D6)."""
    return _share_up(start_fen, _ALL_BP - cut_cap_bp)


def relist(start_fen: int, new_start_fen: int, cut_cap_bp: int = RELIST_CUT_CAP_BP) -> int:
    """The start price of the next round; raises CutTooDeep."""
    least = least_relist(start_fen, cut_cap_bp)
    if new_start_fen < least:
        raise CutTooDeep(f"{new_start_fen} fen is too low; the least start price is {least} fen")
    return new_start_fen


def _share_up(amount_fen: int, share_bp: int) -> int:
    return -(-amount_fen * share_bp // _ALL_BP)


class Default(NamedTuple):
    """What a winner owes who does not pay: both first commissions and the shortfall, in fen."""

    shortfall_fen: int
    commissions_fen: int

    @property
    def total_fen(self) -> int:
        """All of it."""
        return self.shortfall_fen + self.commissions_fen


def default_of(
    first_price_fen: int, second_price_fen: int, commissions_fen: tuple[int, int], sign: int = 1
) -> Default:
    """What the first winner owes after a sale to the runner-up or a re-auction (D-11; TV-D2).

    `commissions_fen` are those of both sides of the first sale. A better second price leaves no
    shortfall, and no claim of the first winner to the difference. `sign` is -1 in reverse.
    """
    return Default(max(0, sign * (first_price_fen - second_price_fen)), sum(commissions_fen))
