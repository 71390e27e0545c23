"""Terms, prices and commissions, without I/O."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.contracts import rules as contracts
from app.kit.calendar import official_calendar
from app.kit.errors import Problem
from app.negotiations import rules
from app.negotiations.errors import (
    CommissionTermsWrong,
    ExclusivityNotListed,
    FeeNotOpen,
    OfferValidityWrong,
    PriceBelowFloor,
    RoyaltyWrong,
    TermWrong,
)
from app.negotiations.schemas import OfferTerms
from app.negotiations.states import CommissionBasis, CommissionState, RoyaltyBase

NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)
END = NOW + timedelta(days=30)


def test_the_assured_price_is_what_is_paid_whatever_happens() -> None:
    price = rules.Price(100, [20, 30], 50)
    assert price.committed_fen == 200
    rules.check_floor(price, 200)
    with pytest.raises(PriceBelowFloor) as refused:
        rules.check_floor(price, 201)
    assert refused.value.facts == {"committed_fen": 200, "floor_fen": 201}


@pytest.mark.parametrize(
    ("base", "rate_bp", "unit_fen", "minimum_fen", "cap_fen", "right"),
    [
        (RoyaltyBase.NET_SALES, 500, None, 0, None, True),
        (RoyaltyBase.PROFIT, 500, None, 100, 100, True),
        (RoyaltyBase.UNITS, None, 5, 0, None, True),
        (RoyaltyBase.UNITS, 500, 5, 0, None, False),
        (RoyaltyBase.UNITS, 500, None, 0, None, False),
        (RoyaltyBase.NET_SALES, None, None, 0, None, False),
        (RoyaltyBase.NET_SALES, 500, 5, 0, None, False),
        (RoyaltyBase.NET_SALES, 500, None, 101, 100, False),
    ],
)
def test_a_royalty_fits_its_base(
    base: RoyaltyBase,
    rate_bp: int | None,
    unit_fen: int | None,
    minimum_fen: int,
    cap_fen: int | None,
    right: bool,
) -> None:
    if right:
        rules.check_royalty(base, rate_bp, unit_fen, minimum_fen, cap_fen)
    else:
        with pytest.raises(RoyaltyWrong):
            rules.check_royalty(base, rate_bp, unit_fen, minimum_fen, cap_fen)


@pytest.mark.parametrize(
    ("mode", "listed", "offered", "months", "refusal"),
    [
        ("license", "exclusive", "exclusive", 60, None),
        ("license", "exclusive", "ordinary", 60, ExclusivityNotListed),
        ("license", "exclusive", "exclusive", None, TermWrong),
        ("assign", None, None, None, None),
        ("assign", None, "exclusive", None, ExclusivityNotListed),
        ("assign", None, None, 12, TermWrong),
    ],
)
def test_the_right_is_the_one_that_was_listed(
    mode: str,
    listed: str | None,
    offered: str | None,
    months: int | None,
    refusal: type[Problem] | None,
) -> None:
    if refusal is None:
        rules.check_right(mode, listed, offered, months)
    else:
        with pytest.raises(refusal):
            rules.check_right(mode, listed, offered, months)


def test_an_offer_ends_after_now_and_with_the_negotiation_at_last() -> None:
    rules.check_validity(END, NOW, END)
    for wrong in (NOW, END + timedelta(microseconds=1)):
        with pytest.raises(OfferValidityWrong):
            rules.check_validity(wrong, NOW, END)


def test_the_time_to_agree_ends_on_a_working_day() -> None:
    # TV-T3: 15 calendar days from 2025-09-16 end in a holiday and run to the day after it.
    start = datetime(2025, 9, 16, 4, tzinfo=UTC)
    until = rules.agree_by(start, 15, official_calendar())
    assert until == datetime(2025, 10, 9, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("price_fen", "rate_bp", "fixed_fen", "cap_fen", "amount_fen"),
    [
        (1_000_000, 300, None, None, 30_000),
        (1_000_000, 300, None, 20_000, 20_000),
        (1_000_000, 300, None, 40_000, 30_000),
        (150, 100, None, None, 2),
        (149, 100, None, None, 1),
        (1_000_000, None, 5_000, None, 5_000),
        (320_500_000, 500, None, None, 16_025_000),
    ],
)
def test_a_commission_is_rounded_once_and_capped(
    price_fen: int, rate_bp: int | None, fixed_fen: int | None, cap_fen: int | None, amount_fen: int
) -> None:
    assert rules.commission(price_fen, rate_bp, fixed_fen, cap_fen) == amount_fen


@pytest.mark.parametrize(
    "wrong", [(None, None, None), (100, 100, None), (None, 100, 50)], ids=["none", "both", "cap"]
)
def test_a_commission_is_a_rate_or_a_sum(wrong: tuple[Any, Any, Any]) -> None:
    with pytest.raises(CommissionTermsWrong):
        rules.check_commission(*wrong)


def agreed(**terms: Any) -> dict[str, Any]:
    return OfferTerms.model_validate(terms).model_dump(mode="json")


def test_agreed_terms_become_terms_of_the_contract() -> None:
    royalty = {"base": "net_sales", "rate_bp": 500, "minimum_fen": 30, "cap_fen": 900_00}
    terms = contracts.agreed_terms(
        agreed(
            upfront_fen=70,
            royalty=royalty,
            milestones=[{"name": "中试", "amount_fen": 100, "due_by": "2027-01-01"}],
            exclusivity="exclusive",
            field_of_use="动力电池",
            term_months=60,
            improvements="归改进方",
        ),
        100,
    )
    assert terms["payment_mode"] == "royalty_with_upfront"
    assert terms["royalty"] == {"base": "sales", "rate_bp": 500, "upfront_fen": 70}
    assert terms["improvements"] == "归改进方"
    clauses = "\n".join(terms["free_clauses"])
    for part in ("动力电池", "60 个月", "不得分许可", "不超过人民币 900.00 元", "中试", "1.00 元"):
        assert part in clauses


def test_agreed_instalments_become_those_of_the_contract() -> None:
    later = [{"amount_fen": 40, "due": "验收后"}]
    terms = contracts.agreed_terms(agreed(upfront_fen=60, instalments=later), 100)
    assert terms["payment_mode"] == "lump_instalments"
    assert [part["amount_fen"] for part in terms["instalments"]] == [60, 40]
    assert "payment_mode" not in contracts.agreed_terms(agreed(upfront_fen=100), 100)
    unit = {"base": "units", "unit_fen": 150}
    terms = contracts.agreed_terms(agreed(upfront_fen=100, royalty=unit), 100)
    assert "每件人民币 1.50 元" in "".join(terms["free_clauses"])


@pytest.mark.parametrize(
    ("agreed", "in_main_contract", "basis", "share_bp"),
    [
        (True, False, CommissionBasis.AGREEMENT, 10_000),
        (True, True, CommissionBasis.AGREEMENT, 10_000),
        (False, False, CommissionBasis.REASONABLE, 10_000),
        (False, True, CommissionBasis.MAIN_CONTRACT, 5_000),
    ],
)
def test_who_bears_a_brokers_fee(
    agreed: bool, in_main_contract: bool, basis: CommissionBasis, share_bp: int
) -> None:
    """最高人民法院技术合同司法解释 39; rules.md V-3: half each where the main contract alone names
    the broker, and no amount; the client alone otherwise."""
    assert rules.basis_of(agreed=agreed, in_main_contract=in_main_contract) is basis
    assert rules.client_share(basis) == share_bp


@pytest.mark.parametrize(
    ("fee_fen", "payers", "parts"),
    [
        (6_000_000, 1, [6_000_000]),
        (6_000_000, 2, [3_000_000, 3_000_000]),
        (6_000_001, 2, [3_000_001, 3_000_000]),
        (1, 2, [1, 0]),
    ],
)
def test_halves_sum_to_the_fee(fee_fen: int, payers: int, parts: list[int]) -> None:
    """rules.md V-3 with TV-A6: the parts sum to the whole."""
    assert rules.split_fee(fee_fen, payers) == parts
    assert sum(parts) == fee_fen


@pytest.mark.parametrize(
    ("state", "amount_fen", "open_"),
    [
        (CommissionState.EARNED, None, True),
        (CommissionState.EARNED, 5, False),
        (CommissionState.PENDING, None, False),
        (CommissionState.LAPSED, None, False),
        (CommissionState.PAID, 5, False),
    ],
)
def test_a_fee_is_claimed_after_the_contract_and_where_none_was_agreed(
    state: CommissionState, amount_fen: int | None, open_: bool
) -> None:
    """司法解释 40: no contract, no fee."""
    if open_:
        rules.check_claim(state, CommissionBasis.REASONABLE, amount_fen)
    else:
        with pytest.raises(FeeNotOpen) as refused:
            rules.check_claim(state, CommissionBasis.REASONABLE, amount_fen)
        assert refused.value.facts["state"] == state.value
