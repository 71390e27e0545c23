"""Decisions about negotiations, without I/O: terms, prices, commissions. Money in fen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from app.kit.calendar import OfficialCalendar, end_of_day, local_day
from app.kit.money import round_half_up, share
from app.negotiations.errors import (
    CommissionTermsWrong,
    ExclusivityNotListed,
    FeeNotOpen,
    OfferValidityWrong,
    PriceBelowFloor,
    RoyaltyWrong,
    TermWrong,
)
from app.negotiations.states import CommissionBasis, CommissionState, RoyaltyBase


@dataclass(frozen=True)
class RuleSet:
    """What holds for negotiations from a day on; `verify` names what was not read at a source."""

    code: str
    effective_from: date
    agree_within_days: int
    source: str
    verify: tuple[str, ...]


RULE_SETS: tuple[RuleSet, ...] = (
    RuleSet(
        code="NEGOTIATION_2016",
        effective_from=date(2016, 6, 24),
        agree_within_days=30,
        source="rules.md C-16: one qualified transferee; the time to agree is the exchange's own",
        verify=("agree_within_days", "effective_from"),
    ),
)


def rule_set_on(day: date) -> RuleSet:
    """The rule set in force on a day; the first one for days before it."""
    return max(
        (known for known in RULE_SETS if known.effective_from <= day),
        key=lambda known: known.effective_from,
        default=RULE_SETS[0],
    )


def agree_by(now: datetime, days: int, calendar: OfficialCalendar) -> datetime:
    """Until when the one bidder and the seller may agree: 24:00 of the last day (T-1, T-3)."""
    return end_of_day(calendar.end_of_calendar_days(local_day(now), days).day)


@dataclass(frozen=True)
class Price:
    """What is paid whatever happens, and the royalty that may come on top.

    `minimum_fen` is the royalty's guaranteed minimum; milestones depend on success and stay out.
    """

    upfront_fen: int
    instalments_fen: Sequence[int]
    minimum_fen: int

    @property
    def committed_fen(self) -> int:
        """The assured price."""
        return self.upfront_fen + sum(self.instalments_fen) + self.minimum_fen


def check_floor(price: Price, floor_fen: int) -> None:
    """Raise PriceBelowFloor unless the assured price reaches the base price (rules.md C-16)."""
    if price.committed_fen < floor_fen:
        raise PriceBelowFloor(
            field="body.terms.upfront_fen",
            committed_fen=price.committed_fen,
            floor_fen=floor_fen,
        )


def check_royalty(
    base: RoyaltyBase,
    rate_bp: int | None,
    unit_fen: int | None,
    minimum_fen: int,
    cap_fen: int | None,
) -> None:
    """Raise RoyaltyWrong unless rate, unit price, minimum and cap fit the base."""
    by_unit = base is RoyaltyBase.UNITS
    fits = (unit_fen is not None) == by_unit and (rate_bp is not None) != by_unit
    if not fits or (cap_fen is not None and cap_fen < minimum_fen):
        raise RoyaltyWrong(field="body.terms.royalty")


def check_right(
    transfer_mode: str,
    listed_manner: str | None,
    exclusivity: str | None,
    term_months: int | None,
) -> None:
    """The right offered is the one listed; a licence has a term. Raises ExclusivityNotListed and
    TermWrong."""
    if exclusivity != listed_manner:
        raise ExclusivityNotListed(field="body.terms.exclusivity", expected_manner=listed_manner)
    if (transfer_mode == "license") != (term_months is not None):
        raise TermWrong(field="body.terms.term_months")


def check_validity(valid_until: datetime, now: datetime, expires_at: datetime) -> None:
    """Raise OfferValidityWrong unless the offer ends after now and with the negotiation at last."""
    if not now < valid_until <= expires_at:
        raise OfferValidityWrong(
            field="body.valid_until", now=now.isoformat(), expires_at=expires_at.isoformat()
        )


def check_commission(rate_bp: int | None, fixed_fen: int | None, cap_fen: int | None) -> None:
    """Raise CommissionTermsWrong unless it is a rate, capped or not, or a fixed amount."""
    if (rate_bp is None) == (fixed_fen is None) or (cap_fen is not None and rate_bp is None):
        raise CommissionTermsWrong(field="body.rate_bp")


def commission(
    price_fen: int, rate_bp: int | None, fixed_fen: int | None, cap_fen: int | None
) -> int:
    """The commission of a concluded deal in fen, rounded half up once; a cap cuts a rate."""
    if rate_bp is None:
        assert fixed_fen is not None
        return fixed_fen
    amount = round_half_up(Decimal(price_fen) * rate_bp / 10_000)
    return amount if cap_fen is None else min(amount, cap_fen)


def basis_of(*, agreed: bool, in_main_contract: bool) -> CommissionBasis:
    """Why a broker is owed a commission (最高人民法院技术合同司法解释 39; rules.md V-3).

    What client and broker agreed on counts. Where the contract of sale alone names the broker, and
    no fee, both sides owe it; otherwise the client alone owes a reasonable one.
    """
    if agreed:
        return CommissionBasis.AGREEMENT
    return CommissionBasis.MAIN_CONTRACT if in_main_contract else CommissionBasis.REASONABLE


def client_share(basis: CommissionBasis) -> int:
    """The part of a broker's fee that each of those who owe it bears, in basis points: half each of
    client and third party where only the contract of sale names the broker, else all of it."""
    return 5_000 if basis is CommissionBasis.MAIN_CONTRACT else 10_000


def split_fee(fee_fen: int, payers: int) -> list[int]:
    """A fee in equal parts that sum to it; the first one bears the odd fen (rules.md TV-A6)."""
    return share(fee_fen, [1] * payers)


def check_claim(state: CommissionState, basis: CommissionBasis, amount_fen: int | None) -> None:
    """Raise FeeNotOpen unless a fee is earned whose amount nobody has agreed on."""
    if state is not CommissionState.EARNED or amount_fen is not None:
        raise FeeNotOpen(state=state.value, basis=basis.value, amount_fen=amount_fen)
