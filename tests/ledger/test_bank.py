"""The exchange of files with the bank, and the simulated bank over HTTP."""

from pathlib import Path
from uuid import UUID

import pytest
from pydantic import ValidationError
from sqlalchemy import text

from app.kit.db import Sessions
from app.kit.ids import new_id
from app.kit.settings import Settings
from app.ledger import jobs, messages, refunds, reports
from app.ledger.bank import FileBank, SimulatedBank, bank_of
from app.ledger.messages import BankAccount, Payment, PaymentOrder
from tests import flow
from tests.ledger.books import (
    DEPOSIT_FEN,
    NOW,
    OURS,
    THEIRS,
    books,
    entry,
    open_bank,
    owed,
    party,
    statement,
)
from tests.ledger.test_reports import status_report
from tests.market import Market

SETTLEMENT = {"number": OURS, "name": "保证金专户", "bank_name": "示例银行"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A sandbox with a simulated bank."""
    return Settings(mode="sandbox", bank="simulated", data_dir=tmp_path, _env_file=None)


def order(*accounts: str) -> PaymentOrder:
    payments = tuple(
        Payment(new_id().hex, 500, BankAccount(number, "某企业"), "退款") for number in accounts
    )
    return PaymentOrder(new_id().hex, NOW, BankAccount(OURS, "保证金专户"), payments)


def names(root: Path, pattern: str) -> list[str]:
    return sorted(path.name for path in root.glob(pattern))


def test_the_simulated_bank_is_for_the_sandbox() -> None:
    with pytest.raises(ValidationError, match="bank=simulated needs mode=sandbox"):
        Settings(bank="simulated", _env_file=None)
    assert bank_of(Settings(_env_file=None)) is None


async def test_a_payment_file_handed_over_twice_is_paid_once(tmp_path: Path) -> None:
    bank, batch_id = SimulatedBank(tmp_path), new_id()
    document = messages.write_order(order(THEIRS, "00001234"))
    for _ in range(2):
        await bank.submit(batch_id, document)
    assert (tmp_path / "out" / f"{batch_id.hex}.xml").read_bytes() == document
    first, name = await bank.arrivals()
    said = reports.read_report(await bank.read(first))
    assert [(one.status, one.reason) for one in said.payments] == [("ACSP", "")] * 2
    [told] = messages.read_statements(await bank.read(name))
    assert [(one.credit, one.returned) for one in told.entries] == [
        (False, False),
        (False, False),
        (True, True),
    ]
    for arrived in (first, name):
        await bank.file_away(arrived, None)
    await bank.submit(batch_id, document)
    assert await bank.arrivals() == []
    assert names(tmp_path, "**/*.part") == []


async def test_the_simulated_bank_refuses_an_account_that_it_does_not_know(tmp_path: Path) -> None:
    bank, sent = SimulatedBank(tmp_path), order("00019999", THEIRS)
    await bank.submit(new_id(), messages.write_order(sent))
    first, name = await bank.arrivals()
    said = reports.read_report(await bank.read(first))
    assert (said.order_id, said.status) == (sent.message_id, None)
    assert [(one.end_to_end_id, one.status, one.reason) for one in said.payments] == [
        (sent.payments[0].end_to_end_id, "RJCT", "AC01 收款账号有误"),
        (sent.payments[1].end_to_end_id, "ACSP", ""),
    ]
    [told] = messages.read_statements(await bank.read(name))
    assert [one.end_to_end_id for one in told.entries] == [sent.payments[1].end_to_end_id]
    await bank.submit(new_id(), messages.write_order(order("00019999")))
    assert len(await bank.arrivals()) == 3  # a report alone: nothing was paid


async def test_directories_are_served(sessions: Sessions, tmp_path: Path) -> None:
    chosen = Settings(bank="directory", bank_dir=str(tmp_path), _env_file=None)
    bank = bank_of(chosen)
    assert type(bank) is FileBank
    async with sessions() as session, session.begin():
        await open_bank(session)
        await refunds.order(session, await owed(session, await party(session)), NOW)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "good.xml").write_bytes(statement(entry()))
    (tmp_path / "in" / "bad.xml").write_bytes(b"<!DOCTYPE a><a/>")
    (tmp_path / "in" / "other.xml").write_bytes(statement(entry(), account="6222"))
    (tmp_path / "in" / "euro.xml").write_bytes(statement(entry(), entry(currency="EUR")))
    for _ in range(2):
        await jobs.exchange(chosen, sessions)
    assert names(tmp_path, "done/*") == ["good.xml"]
    assert names(tmp_path, "refused/*.xml") == ["bad.xml", "euro.xml", "other.xml"]
    assert "has a DTD" in (tmp_path / "refused" / "bad.xml.txt").read_text()
    assert "CNY only" in (tmp_path / "refused" / "euro.xml.txt").read_text()
    [out] = names(tmp_path, "out/*")
    assert (
        messages.read_order((tmp_path / "out" / out).read_bytes()).payments[0].amount_fen
        == DEPOSIT_FEN
    )
    async with sessions() as session:
        rows = await session.execute(
            text(
                "SELECT (SELECT count(*) FROM bank_statement), (SELECT count(*) FROM bank_line"
                " WHERE state = 'new'), (SELECT count(*) FROM payment_batch"
                " WHERE submitted_at IS NOT NULL)"
            )
        )
        # One statement was there before, with the deposit that is paid back.
        assert tuple(rows.one()) == (2, 1, 1)


async def test_a_status_report_among_the_statements_rejects_what_the_bank_refused(
    sessions: Sessions, tmp_path: Path
) -> None:
    chosen = Settings(bank="directory", bank_dir=str(tmp_path), _env_file=None)
    async with sessions() as session, session.begin():
        await open_bank(session)
        refund_id = await owed(session, await party(session))
        await refunds.order(session, refund_id, NOW)
    await jobs.exchange(chosen, sessions)
    [sent] = names(tmp_path, "out/*")
    refused = status_report(UUID(sent.removesuffix(".xml")), group="<GrpSts>RJCT</GrpSts>")
    strange = status_report(new_id(), group="<GrpSts>RJCT</GrpSts>")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "status.xml").write_bytes(refused)
    (tmp_path / "in" / "strange.xml").write_bytes(strange)
    await jobs.exchange(chosen, sessions)
    assert names(tmp_path, "done/*") == ["status.xml"]
    assert names(tmp_path, "refused/*.xml") == ["strange.xml"]
    async with sessions() as session:
        row = await session.execute(text("SELECT state, bank_status FROM refund"))
        assert tuple(row.one()) == ("rejected", "RJCT")
        assert (await books(session)).wrong == []


async def test_a_deposit_is_paid_and_paid_back_in_the_sandbox(market: Market) -> None:
    admin = await market.admin()
    await admin.ok("PUT", "/ledger/settlement-account", SETTLEMENT)
    listing = await flow.open_listing(market, await market.join("university"))
    bidder = await market.join("enterprise", "云岭新材料")
    made = await flow.apply(market, listing, bidder)
    path = f"/listings/{listing['id']}/applications/{made['id']}"
    decided = await admin.ok("POST", f"{path}/decision", {"act": "qualify"})
    payment = {
        "reference": decided["deposit"]["reference"],
        "amount_fen": flow.DEPOSIT_FEN,
        "payer_name": "云岭新材料",
        "payer_account": THEIRS,
    }
    await bidder.ok("POST", "/ledger/simulated-payments", payment)
    await market.settle()
    [own] = (await bidder.ok("GET", f"/listings/{listing['id']}/applications"))["items"]
    assert own["deposit"]["state"] == "held"
    await bidder.ok("POST", f"{path}/withdraw")
    await market.settle()
    [refund] = (await bidder.ok("GET", "/ledger/refunds"))["items"]
    assert (refund["state"], refund["account_number"]) == ("paid", THEIRS)
    balance = await admin.ok("GET", "/ledger/trial-balance")
    assert balance["sum_fen"] == 0
    assert {one["kind"]: one["balance_fen"] for one in balance["totals"]} == {
        one["kind"]: one["lines_fen"] for one in balance["totals"]
    }
    async with market.sessions() as session:
        found = await books(session)
    assert (found.wrong, {kind: fen for kind, fen in found.sums.items() if fen}) == ([], {})


async def test_a_refused_refund_is_mended_in_the_sandbox(market: Market) -> None:
    admin = await market.admin()
    await admin.ok("PUT", "/ledger/settlement-account", SETTLEMENT)
    listing = await flow.open_listing(market, await market.join("university"))
    bidder = await market.join("enterprise", "云岭新材料")
    made = await flow.apply(market, listing, bidder)
    path = f"/listings/{listing['id']}/applications/{made['id']}"
    decided = await admin.ok("POST", f"{path}/decision", {"act": "qualify"})
    payment = {
        "reference": decided["deposit"]["reference"],
        "amount_fen": flow.DEPOSIT_FEN,
        "payer_name": "云岭新材料",
        "payer_account": "0001222020200112",
    }
    await bidder.ok("POST", "/ledger/simulated-payments", payment)
    await market.settle()
    await bidder.ok("POST", f"{path}/withdraw")
    await market.settle()
    [refused] = (await admin.ok("GET", "/ledger/refunds?state=rejected"))["items"]
    assert (refused["bank_status"], refused["rejection"]) == ("RJCT", "AC01 收款账号有误")
    account = {"number": THEIRS, "name": "云岭新材料"}
    await admin.ok("POST", f"/ledger/refunds/{refused['id']}/replace", {"account": account})
    await market.settle()
    mine = (await bidder.ok("GET", "/ledger/refunds"))["items"]
    assert [(one["state"], one["replaces_id"]) for one in mine] == [
        ("paid", refused["id"]),
        ("rejected", None),
    ]
    assert mine[0]["bank_status"] == "ACSP"
    async with market.sessions() as session:
        found = await books(session)
    assert (found.wrong, {kind: fen for kind, fen in found.sums.items() if fen}) == ([], {})
