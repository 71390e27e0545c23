"""Rule sets, deadlines, numbers and applicants: without a database."""

from datetime import date

import pytest

from app.kit.calendar import official_calendar
from app.registrations import rules
from app.registrations.errors import FourEyes, SerialsExhausted, TechnicalExceedsTotal
from app.registrations.states import MOVES, RegistrationState, Side

CALENDAR = official_calendar()


def due(accepted_on: date, technical_fen: int, province: str = "11") -> date:
    found = rules.rule_set_on(accepted_on)
    return rules.decision_due(found, CALENDAR, accepted_on, technical_fen, province).day


@pytest.mark.parametrize(
    ("accepted_on", "expected"),
    [
        (date(2001, 1, 1), "RS_2001"),
        (date(2025, 9, 22), "RS_2001"),
        (date(2026, 2, 28), "RS_2001"),
        (date(2026, 3, 1), "RS_2026"),
        (date(2030, 1, 1), "RS_2026"),
    ],
)
def test_the_day_of_acceptance_chooses_the_rule_set(accepted_on: date, expected: str) -> None:
    assert rules.rule_set_on(accepted_on).id == expected


def test_rule_sets_join_without_gap_and_name_their_sources() -> None:
    old, new = rules.rule_sets()
    assert old.valid_until is not None
    assert new.valid_from is not None
    assert (new.valid_from - old.valid_until).days == 1
    assert new.verify  # only the draft could be read
    for found in (old, new):
        assert [item.id for item in found.provisions][:8] == [f"B-{n}" for n in range(1, 9)]
        assert all(item.source and item.text for item in found.provisions)
    assert all(item.verify for item in new.provisions)


def test_tv_b4_thirty_calendar_days() -> None:
    assert due(date(2025, 9, 22), 1) == date(2025, 10, 22)
    # T-3: the last day is in the Spring Festival of 2026, so it moves behind it (TV-T6 + 15).
    assert due(date(2026, 1, 18), 1) == date(2026, 2, 24)
    # The old rules know no larger amount.
    assert due(date(2025, 9, 22), 10**12) == date(2025, 10, 22)


def test_zhejiang_decides_in_ten_days_under_the_old_rules() -> None:
    assert due(date(2025, 9, 1), 1, "33") == date(2025, 9, 11)
    assert due(date(2026, 4, 27), 1, "33") == date(2026, 5, 20)


def test_tv_b5_fifteen_or_thirty_working_days() -> None:
    assert due(date(2026, 4, 27), 499_999_900) == date(2026, 5, 20)
    assert due(date(2026, 4, 27), 499_999_999) == date(2026, 5, 20)
    assert due(date(2026, 4, 27), 500_000_000) == date(2026, 6, 10)


def test_tv_b6_a_correction_counts_from_its_own_day() -> None:
    assert due(date(2026, 4, 30), 1) > due(date(2026, 4, 27), 1)
    assert MOVES[RegistrationState.NEEDS_CORRECTION, "correct"] is RegistrationState.ACCEPTED


def test_tv_b3_technical_amount_within_the_total() -> None:
    rules.check_amounts(5, 5)
    rules.check_amounts(5, 0)
    for wrong in (6, -1):
        with pytest.raises(TechnicalExceedsTotal):
            rules.check_amounts(5, wrong)


def test_numbers_have_sixteen_digits() -> None:
    assert rules.number(2025, "3301", "07", 123) == "2025330107000123"
    assert rules.number(2026, "1100", "01", 999_999) == "2026110001999999"
    with pytest.raises(SerialsExhausted):
        rules.number(2026, "1100", "01", 1_000_000)


@pytest.mark.parametrize(
    ("seller", "buyer", "side"),
    [
        ("110108", "310115", Side.SELLER),
        ("710000", "310115", Side.BUYER),
        ("810000", "820000", Side.SELLER),
        ("110108", "710000", Side.SELLER),
    ],
)
def test_the_seller_applies_except_for_imports(seller: str, buyer: str, side: Side) -> None:
    assert rules.registering_side(seller, buyer) is side


def test_four_eyes_where_there_are_two_registrars() -> None:
    found = rules.rule_set("RS_2026")
    rules.check_four_eyes(found, same_person=True, registrars=1)
    rules.check_four_eyes(found, same_person=False, registrars=2)
    with pytest.raises(FourEyes):
        rules.check_four_eyes(found, same_person=True, registrars=2)
