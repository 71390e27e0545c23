"""Payment status reports: what is read of them, and what they do to refunds and payouts."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.actor import SYSTEM
from app.ledger import refunds, reports, repository, service
from app.ledger.errors import ProceedsTooSmall, ReportUnreadable, UnknownOrder
from app.ledger.repository import Pocket
from app.ledger.states import AccountKind, RefundState, Target
from tests.ledger.books import (
    DEPOSIT_FEN,
    NOW,
    TERM,
    books,
    entry,
    expected,
    open_bank,
    party,
    pay,
    person,
    report,
)
from tests.ledger.test_refunds import ordered, read

STATUS = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.{version}"><CstmrPmtStsRpt>'
    "<GrpHdr><MsgId>R1</MsgId><CreDtTm>2026-03-02T12:00:00</CreDtTm></GrpHdr>"
    "<OrgnlGrpInfAndSts><OrgnlMsgId>{order}</OrgnlMsgId>"
    "<OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>{group}</OrgnlGrpInfAndSts>"
    "<OrgnlPmtInfAndSts><OrgnlPmtInfId>{order}</OrgnlPmtInfId>{batch}</OrgnlPmtInfAndSts>"
    "</CstmrPmtStsRpt></Document>"
)
REASON = "<StsRsnInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>账户已销户</AddtlInf></StsRsnInf>"


def status_report(
    order: UUID, *, version: str = "10", group: str = "", batch: str = "", **payments: str
) -> bytes:
    """A report on a payment file; `payments` are statuses by end-to-end id, with an x before it."""
    told = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{name[1:]}</OrgnlEndToEndId><TxSts>{status}</TxSts>"
        f"{REASON if status == 'RJCT' else ''}</TxInfAndSts>"
        for name, status in payments.items()
    )
    text = STATUS.format(version=version, order=order.hex, group=group, batch=batch + told)
    return text.encode()


@pytest.mark.parametrize("version", ["03", "10", "14"])
def test_a_report_of_single_payments(version: str) -> None:
    order = uuid4()
    document = status_report(order, version=version, xe1="ACSP", xe2="RJCT")
    assert reports.is_report(document)
    found = reports.read_report(document)
    assert (found.message_id, found.order_id, found.status) == ("R1", order.hex, None)
    assert [(one.end_to_end_id, one.status, one.reason) for one in found.payments] == [
        ("e1", "ACSP", ""),
        ("e2", "RJCT", "AC04 账户已销户"),
    ]


@pytest.mark.parametrize("place", ["group", "batch"])
def test_a_file_that_was_refused_as_a_whole(place: str) -> None:
    status = {"group": "<GrpSts>RJCT</GrpSts>", "batch": "<PmtInfSts>RJCT</PmtInfSts>"}[place]
    document = status_report(uuid4(), **{place: status + REASON})
    found = reports.read_report(document)
    assert (found.status, found.reason, found.payments) == ("RJCT", "AC04 账户已销户", ())


@pytest.mark.parametrize(
    "document",
    [b"", b"<Document/>", status_report(uuid4(), version="99"), b"<!DOCTYPE d []><d/>"],
)
def test_what_is_no_report_is_refused(document: bytes) -> None:
    with pytest.raises(ReportUnreadable):
        reports.read_report(document)


async def batch_of(session: AsyncSession, refund_id: UUID) -> UUID:
    batch_id = (await read(session, refund_id)).batch_id
    assert batch_id is not None
    return batch_id


async def take(session: AsyncSession, document: bytes) -> tuple[int, int]:
    return await refunds.take_report(session, SYSTEM, reports.read_report(document), NOW)


async def test_a_refused_payment_waits_to_be_ordered_anew_and_a_repetition_changes_nothing(
    session: AsyncSession,
) -> None:
    refund_id = await ordered(session)
    batch_id = await batch_of(session, refund_id)
    accepted = status_report(batch_id, group="<GrpSts>ACCP</GrpSts>")
    assert await take(session, accepted) == (1, 0)
    taken = await read(session, refund_id)
    assert (taken.state, taken.bank_status) == (RefundState.ORDERED, "ACCP")
    refused = status_report(batch_id, **{f"x{refund_id.hex}": "RJCT"})
    assert await take(session, refused) == (0, 1)
    assert await take(session, refused) == (0, 0)
    rejected = await read(session, refund_id)
    assert (rejected.state, rejected.bank_status) == (RefundState.REJECTED, "RJCT")
    assert rejected.rejection == "AC04 账户已销户"
    again = await refunds.replace(session, person("operator"), refund_id, None, NOW)
    assert (again.state, again.replaces_id) == (RefundState.DUE, refund_id)
    assert (await books(session)).wrong == []


async def test_a_payment_that_a_statement_has_shown_is_not_refused_any_more(
    session: AsyncSession,
) -> None:
    refund_id = await ordered(session)
    await report(session, entry(credit=False, end_to_end_id=refund_id.hex))
    refused = status_report(await batch_of(session, refund_id), group="<GrpSts>RJCT</GrpSts>")
    assert await take(session, refused) == (0, 0)
    assert (await read(session, refund_id)).state == RefundState.PAID


async def test_a_report_about_a_strange_file_is_refused(session: AsyncSession) -> None:
    with pytest.raises(UnknownOrder):
        await take(session, status_report(uuid4(), group="<GrpSts>RJCT</GrpSts>"))


async def test_a_price_is_paid_out_once_less_the_commission(session: AsyncSession) -> None:
    await open_bank(session)
    seller = await party(session)
    deposit = await expected(session, await party(session))
    await pay(session, deposit)
    await service.hold(session, SYSTEM, deposit.purpose_id, NOW)
    await service.apply(
        session,
        SYSTEM,
        deposit.purpose_id,
        amount_fen=DEPOSIT_FEN,
        target=Target.PRICE,
        beneficiary_id=seller,
        now=NOW,
    )
    asked = {"key": "deal:1", "seller_id": seller, "purpose_ids": [deposit.purpose_id]}
    times = {"due_at": NOW + TERM, "now": NOW}
    with pytest.raises(ProceedsTooSmall):
        await service.pay_out(session, SYSTEM, commission_fen=DEPOSIT_FEN, **asked, **times)
    paid = await service.pay_out(session, SYSTEM, commission_fen=1_000_000, **asked, **times)
    assert paid == DEPOSIT_FEN - 1_000_000
    [payout] = await repository.refunds(session, seller, None, None, 10)
    assert (payout.reason, payout.amount_fen, payout.account_number) == (refunds.PRICE, paid, None)
    assert await repository.balance(session, Pocket(AccountKind.COMMISSION)) == 1_000_000
    with pytest.raises(ProceedsTooSmall):
        await service.pay_out(session, SYSTEM, commission_fen=0, **asked, **times)
    # Nothing is ordered before the seller has named an account.
    assert list(await refunds.due(session, NOW, 10)) == []
    assert (await books(session)).wrong == []
