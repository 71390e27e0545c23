"""ISO 20022 files: what is read from statements, what is refused, what is ordered."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

import pytest

from app.ledger import messages
from app.ledger.errors import StatementUnreadable
from app.ledger.messages import BankAccount, Payment, PaymentOrder
from tests.ledger.books import NOW, OURS, THEIRS, entry, statement

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"><BkToCstmrStmt>'
    "<GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-03-02T18:00:00</CreDtTm></GrpHdr><Stmt><Id>S1</Id>"
    "<CreDtTm>2026-03-02T18:00:00</CreDtTm><Acct><Id><Othr><Id>110060149013000123456</Id></Othr>"
    "</Id><Ccy>CNY</Ccy></Acct>"
)
TAIL = "</Stmt></BkToCstmrStmt></Document>"
OLD = """
<Ntry><Amt Ccy="CNY">300.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>
<BookgDt><Dt>2026-03-02</Dt></BookgDt><AcctSvcrRef>E1</AcctSvcrRef><BkTxCd/>
<NtryDtls><Btch><NbOfTxs>2</NbOfTxs></Btch>
<TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>
<AmtDtls><TxAmt><Amt Ccy="CNY">100.00</Amt></TxAmt></AmtDtls>
<RltdPties><Dbtr><Nm>甲公司</Nm></Dbtr>
<DbtrAcct><Id><Othr><Id>6222020200112233445</Id></Othr></Id></DbtrAcct></RltdPties>
<RltdAgts><DbtrAgt><FinInstnId><ClrSysMmbId><MmbId>301100000023</MmbId></ClrSysMmbId></FinInstnId>
</DbtrAgt></RltdAgts><RmtInf><Ustrd>TM0000000425</Ustrd><Ustrd>保证金</Ustrd></RmtInf></TxDtls>
<TxDtls><Refs><AcctSvcrRef>T2</AcctSvcrRef><EndToEndId>abc</EndToEndId></Refs>
<AmtDtls><TxAmt><Amt Ccy="CNY">200.00</Amt></TxAmt></AmtDtls></TxDtls></NtryDtls></Ntry>
<Ntry><Amt Ccy="CNY">5.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>PDNG</Sts>
<BookgDt><Dt>2026-03-02</Dt></BookgDt><BkTxCd/></Ntry>
<Ntry><Amt Ccy="CNY">5.50</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts>
<ValDt><Dt>2026-03-03</Dt></ValDt><BkTxCd/><AddtlNtryInf>手续费</AddtlNtryInf></Ntry>
"""
NEW = """
<Ntry><Amt Ccy="CNY">200000</Amt><CdtDbtInd>CRDT</CdtDbtInd><RvslInd>true</RvslInd>
<Sts><Cd>BOOK</Cd></Sts><BookgDt><DtTm>2026-03-02T10:00:00</DtTm></BookgDt>
<AcctSvcrRef>E9</AcctSvcrRef><BkTxCd/><NtryDtls><TxDtls>
<Refs><EndToEndId>X1</EndToEndId></Refs>
<Amt Ccy="CNY">200000</Amt><CdtDbtInd>CRDT</CdtDbtInd>
<RltdPties><Dbtr><Pty><Nm>乙公司</Nm></Pty></Dbtr>
<DbtrAcct><Id><IBAN>GB29NWBK60161331926819</IBAN></Id></DbtrAcct></RltdPties>
<RmtInf><Strd><CdtrRefInf><Ref>TM0000000425</Ref></CdtrRefInf></Strd></RmtInf>
</TxDtls></NtryDtls></Ntry>
"""


def test_a_statement_of_the_first_common_version() -> None:
    document = (HEAD.format(version="02") + OLD + TAIL).encode()
    [read] = messages.read_statements(document)
    assert (read.id, read.message_id, read.account, read.currency) == ("S1", "M1", OURS, "CNY")
    first, second, charge = read.entries
    assert first == messages.BankEntry(
        bank_ref="S1#1.1",
        credit=True,
        amount=Decimal("100.00"),
        currency="CNY",
        booked_on=date(2026, 3, 2),
        booked_at=None,
        returned=False,
        party_name="甲公司",
        party_account=THEIRS,
        party_bank="301100000023",
        end_to_end_id=None,
        remittance="TM0000000425 保证金",
    )
    assert (second.bank_ref, second.amount, second.end_to_end_id) == ("T2", Decimal(200), "abc")
    assert (charge.bank_ref, charge.credit, charge.remittance) == ("S1#3", False, "手续费")
    assert charge.booked_on == date(2026, 3, 3)


@pytest.mark.parametrize("version", ["04", "06", "08", "10", "12"])
def test_statements_of_later_versions(version: str) -> None:
    body = NEW
    if version in {"04", "06"}:  # before choices came around the status and the party
        body = re.sub("</?(Cd|Pty)>", "", NEW)
    [read] = messages.read_statements((HEAD.format(version=version) + body + TAIL).encode())
    [found] = read.entries
    assert (found.bank_ref, found.party_name) == ("E9", "乙公司")
    assert found.party_account == "GB29NWBK60161331926819"
    assert found.returned
    assert found.remittance == "TM0000000425"
    assert found.booked_at == datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # 10:00 in Beijing


def test_transactions_that_do_not_make_up_their_entry_are_one_payment() -> None:
    body = OLD.replace(">200.00<", ">150.00<")
    [read] = messages.read_statements((HEAD.format(version="02") + body + TAIL).encode())
    assert [(found.bank_ref, found.amount) for found in read.entries] == [
        ("E1", Decimal("300.00")),
        ("S1#3", Decimal("5.50")),
    ]


BOMB = (
    '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<Document>&b;</Document>"
)
OUTSIDE = '<!DOCTYPE d SYSTEM "file:///etc/passwd"><Document/>'
NESTED = HEAD.format(version="08") + "<Ntry>" * 100 + "</Ntry>" * 100 + TAIL


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"", "no XML"),
        (b"not xml", "no XML"),
        (b"\xff\xfe\x00", "no XML"),
        (b"<Document/>", "camt.053"),
        (HEAD.format(version="99").encode() + TAIL.encode(), "camt.053"),
        (HEAD.format(version="01").encode() + TAIL.encode(), "camt.053"),
        (BOMB.encode(), "DTD"),
        (OUTSIDE.encode(), "DTD"),
        (NESTED.encode(), "nested"),
        ((HEAD.format(version="08") + "<Ntry/>" + TAIL).encode(), ""),
        ((HEAD.format(version="08") + NEW.replace("200000", "much") + TAIL).encode(), "much"),
        ((HEAD.format(version="08") + NEW.replace("CRDT", "DOWN") + TAIL).encode(), "DOWN"),
        ((HEAD.format(version="08") + NEW.replace("T10", "T99") + TAIL).encode(), "T99"),
        (b" " * (messages.MAX_BYTES + 1), "larger"),
    ],
)
def test_what_is_no_statement_is_refused(document: bytes, reason: str) -> None:
    with pytest.raises(StatementUnreadable) as refused:
        messages.read_statements(document)
    assert reason in refused.value.facts["reason"]


def test_a_statement_is_read_as_it_was_written() -> None:
    written = [entry(bank_ref="A", remittance="保证金 & <TM>"), entry(bank_ref="B", credit=False)]
    [read] = messages.read_statements(statement(*written))
    assert list(read.entries) == written


def test_a_payment_order_in_yuan_to_a_chinese_account() -> None:
    batch = uuid4()
    order = PaymentOrder(
        batch.hex,
        NOW,
        BankAccount(OURS, "示例交易所", "301100000023"),
        (
            Payment("e1", 12_345_678, BankAccount(THEIRS, "甲公司", "102100099996"), "退款"),
            Payment("e2", 1, BankAccount("6222", "乙公司"), "退款"),
        ),
    )
    document = messages.write_order(order)
    assert messages.read_order(document) == order
    text = document.decode()
    assert 'xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"' in text
    assert "<NbOfTxs>2</NbOfTxs><CtrlSum>123456.79</CtrlSum>" in text
    assert '<InstdAmt Ccy="CNY">123456.78</InstdAmt>' in text
    assert "<ClrSysId><Cd>CNAPS</Cd></ClrSysId><MmbId>102100099996</MmbId>" in text
    assert f"<CdtrAcct><Id><Othr><Id>{THEIRS}</Id></Othr></Id>" in text
    assert "<ReqdExctnDt><Dt>2026-03-02</Dt></ReqdExctnDt>" in text


def test_an_end_to_end_id_names_its_refund() -> None:
    refund = uuid4()
    assert len(messages.end_to_end(refund)) <= 35
    assert messages.refund_id_in(messages.end_to_end(refund)) == refund
    assert messages.refund_id_in("INVOICE-1") is None
    assert messages.refund_id_in(None) is None
