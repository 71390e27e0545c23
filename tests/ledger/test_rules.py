"""Payment references, and what a payment is judged to be for."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.money import FEN_MAX
from app.ledger import rules
from app.ledger.errors import NotWholeFen
from app.ledger.rules import Expected, judge_payment

serials = st.integers(0, rules.MAX_SERIAL - 1)


def test_the_check_digit_is_that_of_the_standard() -> None:
    # ISO 7064 gives 0794 with the check digit 5 as its example of MOD 11,10.
    assert rules.check_digit("0794") == "5"


@given(serials, st.integers(2, 11), st.integers(1, 9))
def test_every_wrong_digit_is_found(serial: int, position: int, change: int) -> None:
    right = rules.reference(serial)
    digit = str((int(right[position]) + change) % 10)
    assert rules.references_in(right[:position] + digit + right[position + 1 :]) == []


@given(serials, st.sampled_from(["{}", "保证金 {} 竞买", "ref:{}.", "{};谢谢"]))
def test_a_reference_is_found_as_people_type_it(serial: int, around: str) -> None:
    right = rules.reference(serial)
    full_width = right.translate({ord(c): ord(c) + 0xFEE0 for c in right})
    for typed in (
        right,
        right.lower(),
        full_width,
        f"{right[:2]} {right[2:6]} {right[6:10]} {right[10:]}",
        f"{right[:2]}-{right[2:7]}-{right[7:]}",
    ):
        assert rules.references_in(around.format(typed)) == [right]


@pytest.mark.parametrize("text", ["", "TM", "TM12345", "货款", "TM00000123425", "20260302123456"])
def test_what_is_no_reference_is_none(text: str) -> None:
    assert rules.references_in(text) == []


def test_the_same_reference_twice_is_one() -> None:
    right = rules.reference(42)
    assert rules.references_in(f"{right} / {right.lower()}") == [right]


A, B = rules.reference(1), rules.reference(2)
KNOWN = {A: Expected(uuid4(), "云岭新材料有限公司(示例)")}


@pytest.mark.parametrize(
    ("references", "name", "doubt"),
    [
        ([A], "云岭新材料有限公司(示例)", None),
        ([A], " 云岭新材料有限公司 (示例) ", None),
        ([A], None, None),
        ([], "云岭新材料有限公司(示例)", "no_reference"),
        ([B], "云岭新材料有限公司(示例)", "unknown_reference"),
        ([A, B], "云岭新材料有限公司(示例)", "several_references"),
        ([A], "别家公司", "other_payer"),
    ],
)
def test_a_payment_is_matched_or_doubted(
    references: list[str], name: str | None, doubt: str | None
) -> None:
    verdict = judge_payment(references, KNOWN, name)
    assert verdict.doubt == doubt
    assert verdict.deposit_id == (KNOWN[A].id if doubt is None else None)


@pytest.mark.parametrize(
    ("amount", "fen"), [("0.01", 1), ("8.85", 885), ("8.850", 885), ("200000", 20_000_000)]
)
def test_whole_fen_are_taken(amount: str, fen: int) -> None:
    assert rules.fen_of(Decimal(amount)) == fen


@pytest.mark.parametrize("amount", ["0", "-1", "0.001", "NaN", "Infinity", "1e400", str(FEN_MAX)])
def test_other_amounts_are_refused(amount: str) -> None:
    with pytest.raises(NotWholeFen):
        rules.fen_of(Decimal(amount))


def test_a_day_without_an_hour_counts_to_its_end_but_not_into_the_future() -> None:
    day = date(2026, 3, 2)
    at_noon = datetime(2026, 3, 2, 4, tzinfo=UTC)
    next_day = datetime(2026, 3, 3, 4, tzinfo=UTC)
    told = datetime(2026, 3, 2, 1, tzinfo=UTC)
    assert rules.credited_at(day, None, at_noon) == at_noon
    last = datetime(2026, 3, 2, 15, 59, 59, 999999, tzinfo=UTC)
    assert rules.credited_at(day, None, next_day) == last
    assert rules.credited_at(day, told, next_day) == told
