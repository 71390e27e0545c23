"""Refunds: ordered once, paid, refused, returned, replaced; and what matches nothing."""

from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.actor import Actor, RoleRequired
from app.kit.errors import IllegalMove
from app.ledger import matching, messages, refunds, repository, service
from app.ledger.errors import (
    NoAccountToReturnTo,
    RefundNotReplaceable,
    SecondPersonRequired,
    UnknownReference,
    UnknownRefund,
    UseNotPossible,
)
from app.ledger.facts import DepositFacts
from app.ledger.models import BankLine, Refund
from app.ledger.schemas import NewRefundAccount, Proposal
from app.ledger.states import LineState, RefundState, Use
from tests.ledger.books import (
    DEPOSIT_FEN,
    NOW,
    THEIRS,
    books,
    entry,
    expected,
    open_bank,
    owed,
    party,
    pay,
    person,
    release,
    report,
)

ONE, OTHER = person("operator"), person("operator")


async def read(session: AsyncSession, refund_id: UUID) -> Refund:
    found = await repository.refund(session, refund_id)
    assert found is not None
    return found


async def ordered(session: AsyncSession) -> UUID:
    """A refund that the bank was ordered to pay."""
    await open_bank(session)
    refund_id = await owed(session, await party(session))
    await refunds.order(session, refund_id, NOW)
    return refund_id


def debit(refund_id: UUID) -> messages.BankEntry:
    return entry(credit=False, end_to_end_id=refund_id.hex)


def back(refund_id: UUID) -> messages.BankEntry:
    return entry(returned=True, end_to_end_id=refund_id.hex)


async def test_due_refunds_go_out_in_one_file_once(session: AsyncSession) -> None:
    await open_bank(session)
    ids = [await owed(session, await party(session)) for _ in range(3)]
    for refund_id in ids:
        await refunds.order(session, refund_id, NOW)
    [batch] = await repository.batches(session, None, 10)
    order = messages.read_order(batch.document)
    assert [payment.end_to_end_id for payment in order.payments] == [one.hex for one in ids]
    assert {payment.to.number for payment in order.payments} == {THEIRS}
    assert (order.message_id, batch.total_fen) == (batch.id.hex, 3 * DEPOSIT_FEN)
    found = await books(session)
    assert (found["refund_due"], found["refund_ordered"]) == (0, 3 * DEPOSIT_FEN)
    assert found.wrong == []


async def test_a_payment_by_the_bank_ends_a_refund(session: AsyncSession) -> None:
    refund_id = await ordered(session)
    await report(session, debit(refund_id))
    refund = await read(session, refund_id)
    assert (refund.state, refund.paid_at) == (RefundState.PAID, NOW)
    found = await books(session)
    assert (found["bank"], found["refund_ordered"]) == (0, 0)
    await report(session, debit(refund_id))  # the bank paid twice: nobody hides that
    found = await books(session)
    assert (found["bank"], found["unexplained"]) == (DEPOSIT_FEN, -DEPOSIT_FEN)


@pytest.mark.parametrize("return_first", [False, True])
async def test_a_returned_refund_is_owed_again_and_replaced_once(
    session: AsyncSession, return_first: bool
) -> None:
    refund_id = await ordered(session)
    told = [debit(refund_id), back(refund_id)]
    for payment in reversed(told) if return_first else told:
        await report(session, payment)
    refund = await read(session, refund_id)
    assert (refund.state, refund.rejection) == (RefundState.REJECTED, "returned_by_bank")
    found = await books(session)
    assert found.sums["refund_due"] == DEPOSIT_FEN
    assert (found["bank"], found["refund_ordered"]) == (-DEPOSIT_FEN, 0)
    new = await refunds.replace(session, ONE, refund_id, messages.BankAccount("6217", "甲"), NOW)
    assert (new.state, new.account_number, new.due_at) == (RefundState.DUE, "6217", refund.due_at)
    assert new.id != refund_id
    with pytest.raises(RefundNotReplaceable):
        await refunds.replace(session, ONE, refund_id, None, NOW)
    await refunds.order(session, new.id, NOW)
    await report(session, debit(new.id))
    found = await books(session)
    assert {kind: fen for kind, fen in found.sums.items() if fen} == {}


async def test_a_refused_order_is_replaced_by_a_second_person(session: AsyncSession) -> None:
    refund_id = await ordered(session)
    await refunds.refuse(session, ONE, refund_id, "账号有误", NOW)
    with pytest.raises(IllegalMove):
        await refunds.refuse(session, OTHER, refund_id, "again", NOW)
    with pytest.raises(SecondPersonRequired):
        await refunds.replace(session, ONE, refund_id, None, NOW)
    new = await refunds.replace(session, OTHER, refund_id, None, NOW)
    assert (await books(session)).wrong == []
    assert new.replaces_id == refund_id
    await report(session, debit(refund_id))  # the bank paid the order that it had refused
    lines = await repository.lines(session, LineState.UNMATCHED, None, 10)
    assert [(line.doubt, line.amount_fen) for line in lines] == [("unknown_payment", DEPOSIT_FEN)]


async def test_only_operators_refuse_and_replace(session: AsyncSession) -> None:
    refund_id = await ordered(session)
    for role in ("trader", "regulator", "platform_admin"):
        with pytest.raises(RoleRequired):
            await refunds.refuse(session, person(role), refund_id, "x", NOW)
        with pytest.raises(RoleRequired):
            await refunds.replace(session, person(role), refund_id, None, NOW)


async def vouched_for(session: AsyncSession) -> tuple[UUID, DepositFacts, UUID]:
    """A payer, and a deposit that an operator vouched for and that is due back."""
    await open_bank(session)
    payer = await party(session)
    deposit = await expected(session, payer)
    await service.receive_by_hand(session, ONE, deposit.purpose_id, "slip", NOW)
    await release(session, deposit)
    [refund] = await repository.refunds(session, payer, "due", None, 10)
    return payer, deposit, refund.id


async def test_money_that_no_statement_has_shown_is_not_paid_out(session: AsyncSession) -> None:
    payer, deposit, refund_id = await vouched_for(session)
    trader = Actor(ONE.person_id, payer, "enterprise", roles=frozenset({"trader"}))
    await service.name_refund_account(
        session, trader, NewRefundAccount(number="6217000012345678", name="某企业")
    )
    assert (await read(session, refund_id)).account_number == "6217000012345678"
    assert await refunds.due(session, NOW, 10) == []
    await refunds.order(session, refund_id, NOW)
    assert (await read(session, refund_id)).state == RefundState.DUE
    await pay(session, deposit)
    assert await refunds.due(session, NOW, 10) == [refund_id]
    assert (await books(session))["clearing"] == 0


async def test_a_refund_without_an_account_goes_where_the_money_came_from(
    session: AsyncSession,
) -> None:
    _, deposit, refund_id = await vouched_for(session)
    assert (await read(session, refund_id)).account_number is None
    await pay(session, deposit)
    assert (await read(session, refund_id)).account_number == THEIRS
    await refunds.order(session, refund_id, NOW)
    await report(session, debit(refund_id))
    assert {kind: fen for kind, fen in (await books(session)).sums.items() if fen} == {}


async def test_nothing_is_ordered_without_a_settlement_account(session: AsyncSession) -> None:
    await open_bank(session)
    refund_id = await owed(session, await party(session))
    await session.execute(text("UPDATE settlement_account SET active = false"))
    await refunds.order(session, refund_id, NOW)
    assert (await read(session, refund_id)).state == RefundState.DUE


async def queued(session: AsyncSession, **change: object) -> BankLine:
    """A payment that matches nothing."""
    await open_bank(session)
    await report(session, entry(**change))
    [line] = await repository.lines(session, LineState.UNMATCHED, None, 10)
    return line


async def test_two_operators_match_a_payment_to_a_deposit(session: AsyncSession) -> None:
    line = await queued(session, remittance="投标款")
    assert line.doubt == "no_reference"
    deposit = await expected(session, await party(session))
    proposal = Proposal(use=Use.DEPOSIT, reference=deposit.reference, note="电话核实")
    await matching.propose(session, ONE, line.id, proposal)
    assert (await books(session)).sums == {"bank": -DEPOSIT_FEN, "unmatched": DEPOSIT_FEN}
    with pytest.raises(SecondPersonRequired):
        await matching.confirm(session, ONE, line.id, NOW)
    await matching.confirm(session, OTHER, line.id, NOW)
    with pytest.raises(IllegalMove):
        await matching.confirm(session, OTHER, line.id, NOW)
    assert (await books(session)).sums == {
        "bank": -DEPOSIT_FEN,
        "unmatched": 0,
        "received": DEPOSIT_FEN,
    }


async def test_a_payment_from_somebody_else_is_looked_at(session: AsyncSession) -> None:
    await open_bank(session)
    deposit = await expected(session, await party(session, "云岭新材料"))
    for name in ("别家公司", "云岭 新材料"):
        await report(session, entry(remittance=deposit.reference, party_name=name))
    [line] = await repository.lines(session, LineState.UNMATCHED, None, 10)
    assert (line.doubt, line.party_name) == ("other_payer", "别家公司")
    assert (await books(session))["received"] == DEPOSIT_FEN


async def test_money_that_matches_nothing_goes_back_where_it_came_from(
    session: AsyncSession,
) -> None:
    line = await queued(session)
    await matching.propose(session, ONE, line.id, Proposal(use=Use.RETURN, note="无法识别"))
    await matching.decline(session, OTHER, line.id, "再查")
    await matching.propose(session, OTHER, line.id, Proposal(use=Use.RETURN, note="无法识别"))
    await matching.confirm(session, ONE, line.id, NOW)
    [refund_id] = await refunds.due(session, NOW, 10)
    refund = await read(session, refund_id)
    assert (refund.account_number, refund.amount_fen) == (THEIRS, DEPOSIT_FEN)
    assert refund.party_id is None
    await refunds.order(session, refund_id, NOW)
    await report(session, debit(refund_id))
    assert {kind: fen for kind, fen in (await books(session)).sums.items() if fen} == {}


async def test_a_bank_charge_is_booked_by_two_operators(session: AsyncSession) -> None:
    line = await queued(session, credit=False)
    await matching.propose(session, ONE, line.id, Proposal(use=Use.CHARGE, note="手续费"))
    await matching.confirm(session, OTHER, line.id, NOW)
    assert (await books(session)).sums == {
        "bank": DEPOSIT_FEN,
        "unexplained": 0,
        "charges": -DEPOSIT_FEN,
    }


async def test_a_payment_without_an_end_to_end_id_is_matched_to_its_refund(
    session: AsyncSession,
) -> None:
    refund_id = await ordered(session)
    await report(session, entry(credit=False))
    [line] = await repository.lines(session, LineState.UNMATCHED, None, 10)
    proposal = Proposal(use=Use.REFUND, refund_id=refund_id, note="金额一致")
    await matching.propose(session, ONE, line.id, proposal)
    await matching.confirm(session, OTHER, line.id, NOW)
    assert (await read(session, refund_id)).state == RefundState.PAID
    found = await books(session)
    assert {kind: fen for kind, fen in found.sums.items() if fen} == {}
    line = await queued(session, credit=False)
    with pytest.raises(UnknownRefund):
        await matching.propose(session, ONE, line.id, proposal)


async def test_wrong_proposals_change_nothing(session: AsyncSession) -> None:
    line = await queued(session, party_account=None)
    cases = [
        (Proposal(use=Use.CHARGE, note="x"), UseNotPossible),
        (Proposal(use=Use.RETURN, note="x"), NoAccountToReturnTo),
        (Proposal(use=Use.DEPOSIT, reference="TM0000000425", note="x"), UnknownReference),
    ]
    for proposal, refusal in cases:
        with pytest.raises(refusal):
            await matching.propose(session, ONE, line.id, proposal)
    assert (line.state, line.use) == (LineState.UNMATCHED, None)
