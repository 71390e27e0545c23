"""Notice, commission, relisting and default (TV-D1, D2, D3, D6)."""

from datetime import date

import pytest

from app.auctions.engine import aftermath
from app.kit.calendar import official_calendar

YUAN = 100


def test_tv_d1_the_notice_stands_seven_days_before_the_sale() -> None:
    assert aftermath.notice_by(date(2025, 11, 20), official_calendar()) == date(2025, 11, 13)


def test_tv_d2_the_first_buyer_owes_the_shortfall_and_both_commissions() -> None:
    commission = aftermath.commission_cap(3_000_000 * YUAN)
    owed = aftermath.default_of(3_000_000 * YUAN, 2_600_000 * YUAN, (commission, commission))
    assert owed == aftermath.Default(400_000 * YUAN, 300_000 * YUAN)
    assert owed.total_fen == 700_000 * YUAN


def test_a_better_second_sale_leaves_the_commissions_only() -> None:
    assert aftermath.default_of(100, 130, (5, 5)) == aftermath.Default(0, 10)
    assert aftermath.default_of(100, 130, (5, 5), sign=-1) == aftermath.Default(30, 10)


def test_tv_d3_without_agreement_a_side_pays_five_percent_at_most() -> None:
    assert aftermath.commission_cap(3_205_000 * YUAN) == 160_250 * YUAN
    assert aftermath.commission_cap(19) == 0


def test_tv_d6_start_prices_and_deposits() -> None:
    assert aftermath.least_start(1_000_000 * YUAN) == 700_000 * YUAN
    assert aftermath.least_relist(700_000 * YUAN) == 560_000 * YUAN
    assert aftermath.deposit_range(2_000_000 * YUAN) == (100_000 * YUAN, 400_000 * YUAN)
    assert aftermath.least_relist(101) == 81


def test_a_relisting_is_cut_by_a_fifth_at_most() -> None:
    assert aftermath.relist(700_000, 560_000) == 560_000
    with pytest.raises(aftermath.CutTooDeep, match="least start price is 560000"):
        aftermath.relist(700_000, 559_999)
