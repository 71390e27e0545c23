"""Deposits: paid in parts, too much, late, by hand; held, applied, forfeited, released."""

from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.actor import SYSTEM
from app.kit.errors import IllegalMove, NotFound
from app.ledger import service
from app.ledger.errors import DepositNotHeld, DepositReceivedAlready
from app.ledger.facts import DepositFacts
from app.ledger.states import DepositState, Target
from tests.ledger.books import (
    DEPOSIT_FEN,
    NOW,
    OURS,
    books,
    entry,
    expected,
    held,
    open_bank,
    party,
    pay,
    person,
    release,
    report,
)

OPERATOR = person("operator")


async def state(session: AsyncSession, deposit: DepositFacts) -> tuple[DepositState, int, int]:
    found = await service.deposit_state(session, deposit.purpose_id)
    assert found is not None
    return found.state, found.received_fen, found.held_fen


async def jobs_of(session: AsyncSession, deposit: DepositFacts) -> int:
    row = await session.execute(
        text(
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'test.deposit_received'"
            " AND args->>'purpose_id' = :purpose"
        ),
        {"purpose": str(deposit.purpose_id)},
    )
    found: int = row.scalar_one()
    return found


async def test_a_deposit_is_expected_once_under_one_reference(session: AsyncSession) -> None:
    await open_bank(session)
    payer, purpose = await party(session), uuid4()
    found = [
        await service.expect_deposit(
            session, purpose_kind="test", purpose_id=purpose, payer_id=payer, amount_fen=fen
        )
        for fen in (100, 100, 999)
    ]
    assert found[0] == found[1] == found[2]
    assert (found[0].amount_fen, found[0].state) == (100, DepositState.EXPECTED)
    assert (found[0].account, found[0].account_bank) == (OURS, "示例银行")


async def test_a_deposit_paid_in_two_parts_is_told_once(session: AsyncSession) -> None:
    await open_bank(session)
    deposit = await expected(session, await party(session))
    await pay(session, deposit, DEPOSIT_FEN - 1)
    assert await state(session, deposit) == (DepositState.EXPECTED, DEPOSIT_FEN - 1, 0)
    assert await jobs_of(session, deposit) == 0
    await pay(session, deposit, 1)
    assert await state(session, deposit) == (DepositState.RECEIVED, DEPOSIT_FEN, 0)
    assert await jobs_of(session, deposit) == 1
    found = await books(session)
    assert (found.sums, found.wrong) == ({"bank": -DEPOSIT_FEN, "received": DEPOSIT_FEN}, [])


async def test_the_same_payment_on_two_statements_counts_once(session: AsyncSession) -> None:
    await open_bank(session)
    deposit = await expected(session, await party(session))
    payment = entry(remittance=deposit.reference)
    await report(session, payment)
    await report(session, payment, entry(remittance="", bank_ref="other"))
    found = await books(session)
    assert found.sums == {
        "bank": -2 * DEPOSIT_FEN,
        "received": DEPOSIT_FEN,
        "unmatched": DEPOSIT_FEN,
    }


async def test_two_like_payments_of_one_statement_both_count(session: AsyncSession) -> None:
    await open_bank(session)
    deposit = await expected(session, await party(session))
    half = entry(amount=Decimal(DEPOSIT_FEN) / 200, remittance=deposit.reference, bank_ref="same")
    await report(session, half, half)
    assert await state(session, deposit) == (DepositState.RECEIVED, DEPOSIT_FEN, 0)


async def test_what_is_too_much_goes_back(session: AsyncSession) -> None:
    await open_bank(session)
    deposit = await expected(session, await party(session))
    await pay(session, deposit, DEPOSIT_FEN + 5)
    await service.hold(session, SYSTEM, deposit.purpose_id, NOW)
    await pay(session, deposit, 7)
    found = await books(session)
    assert (found["held"], found["received"], found["refund_due"]) == (DEPOSIT_FEN, 0, 12)
    assert found.wrong == []


async def test_what_comes_after_the_end_goes_back(session: AsyncSession) -> None:
    await open_bank(session)
    deposit = await expected(session, await party(session))
    await release(session, deposit)
    assert (await state(session, deposit))[0] == DepositState.SETTLED
    await pay(session, deposit)
    assert await jobs_of(session, deposit) == 0
    assert (await books(session)).sums == {
        "bank": -DEPOSIT_FEN,
        "received": 0,
        "refund_due": DEPOSIT_FEN,
    }


async def test_an_operators_word_stands_until_the_bank_shows_the_money(
    session: AsyncSession,
) -> None:
    await open_bank(session)
    deposit = await expected(session, await party(session))
    await service.receive_by_hand(session, OPERATOR, deposit.purpose_id, "slip 1", NOW)
    with pytest.raises(DepositReceivedAlready):
        await service.receive_by_hand(session, OPERATOR, deposit.purpose_id, "slip 2", NOW)
    assert (await books(session)).sums == {"clearing": -DEPOSIT_FEN, "received": DEPOSIT_FEN}
    await service.hold(session, SYSTEM, deposit.purpose_id, NOW)
    await pay(session, deposit)  # the same money: nothing is owed back
    found = await books(session)
    assert found.sums == {"clearing": 0, "received": 0, "held": DEPOSIT_FEN, "bank": -DEPOSIT_FEN}


async def test_set_off_against_price_and_commission(session: AsyncSession) -> None:
    await open_bank(session)
    deposit, seller = await held(session, await party(session)), await party(session)
    for target, fen, owner in (
        (Target.PRICE, DEPOSIT_FEN - 300, seller),
        (Target.COMMISSION, 300, None),
    ):
        await service.apply(
            session,
            SYSTEM,
            deposit.purpose_id,
            amount_fen=fen,
            target=target,
            beneficiary_id=owner,
            now=NOW,
        )
    assert await state(session, deposit) == (DepositState.SETTLED, 0, 0)
    found = await books(session)
    assert (found["price"], found["commission"], found["held"]) == (DEPOSIT_FEN - 300, 300, 0)


async def test_no_more_than_is_held_can_be_taken(session: AsyncSession) -> None:
    await open_bank(session)
    deposit = await held(session, await party(session))
    before = (await books(session)).sums
    with pytest.raises(DepositNotHeld):
        await service.forfeit(
            session,
            SYSTEM,
            deposit.purpose_id,
            reason="default",
            amount_fen=DEPOSIT_FEN + 1,
            now=NOW,
        )
    assert (await books(session)).sums == before


async def test_a_part_is_forfeited_once_and_the_rest_goes_back(session: AsyncSession) -> None:
    await open_bank(session)
    deposit = await held(session, await party(session))
    for _ in range(2):
        await service.forfeit(
            session, SYSTEM, deposit.purpose_id, reason="default", amount_fen=400, now=NOW
        )
    for _ in range(2):
        await release(session, deposit)
    found = await books(session)
    assert (found["forfeited"], found["refund_due"]) == (400, DEPOSIT_FEN - 400)
    with pytest.raises(IllegalMove):
        await service.forfeit(session, SYSTEM, deposit.purpose_id, reason="again", now=NOW)


async def test_a_deposit_nobody_expects_is_not_found(session: AsyncSession) -> None:
    with pytest.raises(NotFound):
        await service.hold(session, SYSTEM, uuid4(), NOW)
    await service.release(session, SYSTEM, uuid4(), reason="test", due_at=NOW, now=NOW)
    assert (await books(session)).sums == {}


async def test_a_commission_is_claimed_once(session: AsyncSession) -> None:
    payer = await party(session)
    told = [
        await service.charge_commission(
            session,
            SYSTEM,
            key="deal-1",
            party_id=payer,
            purpose_id=payer,
            amount_fen=160_250,
            now=NOW,
        )
        for _ in range(2)
    ]
    assert told == [True, False]
    assert (await books(session)).sums == {"receivable": -160_250, "commission": 160_250}
