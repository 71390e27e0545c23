"""Statements as several banks write them; `data/README.md` says what each file is like."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from app.ledger import messages
from app.ledger.errors import StatementUnreadable
from app.ledger.messages import BankEntry
from tests.ledger.books import OURS, THEIRS

DATA = Path(__file__).parent / "data"


def entries(name: str) -> tuple[BankEntry, ...]:
    """The payments in the first statement of a file, which is about our account."""
    first = messages.read_statements((DATA / name).read_bytes())[0]
    assert (first.account, first.currency) == (OURS, "CNY")
    return first.entries


def test_a_batch_whose_transactions_give_the_instructed_amount_alone() -> None:
    first, second, fees = entries("camt053_02_batch.xml")
    assert (first.amount, first.party_name) == (Decimal("300000.00"), "云岭新材料有限公司")
    assert (first.party_account, first.end_to_end_id) == (THEIRS, None)
    assert (second.amount, second.party_account, second.end_to_end_id) == (
        Decimal("200000.00"),
        None,
        None,
    )
    # The bank's reference is that of the whole batch; the place tells the two apart.
    assert (first.bank_ref, second.bank_ref) == ("STMT-02-1#1.1", "STMT-02-1#1.2")
    assert (fees.amount, fees.credit, fees.remittance) == (Decimal("77.70"), False, "手续费汇总")


def test_a_statement_in_gbk_that_names_the_ultimate_debtor_alone() -> None:
    [only] = entries("camt053_02_gbk.xml")
    assert (only.party_name, only.remittance) == ("云岭新材料有限公司", "保证金TM0000000425")
    document = (DATA / "camt053_02_gbk.xml").read_bytes()
    with pytest.raises(StatementUnreadable) as refused:
        messages.read_statements(document.replace("云岭".encode("gbk"), b"\xff\xff\xff"))
    assert "encoding" in refused.value.facts["reason"]


def test_a_reversal_and_a_return_are_marked_and_what_is_pending_is_left_out() -> None:
    reversed_credit, returned = entries("camt053_04_reversal.xml")
    assert (reversed_credit.credit, reversed_credit.returned) == (False, True)
    assert (reversed_credit.bank_ref, reversed_credit.remittance) == ("REV-1", "冲正")
    assert (returned.credit, returned.returned) == (True, True)
    assert returned.end_to_end_id == "0190f0c2a1b37c10b6d3000000000001"
    assert messages.refund_id_in(returned.end_to_end_id) is not None
    assert returned.booked_on == date(2026, 3, 2)


def test_two_statements_in_one_file_with_a_prefix_and_without_end_to_end_ids() -> None:
    [only] = entries("camt053_08_two_statements.xml")
    assert (only.amount, only.end_to_end_id) == (Decimal(200000), None)
    assert (only.bank_ref, only.remittance) == ("STMT-08-1#1", "TM0000000425")
    second = messages.read_statements((DATA / "camt053_08_two_statements.xml").read_bytes())[1]
    assert (second.account, second.entries) == ("GB29NWBK60161331926819", ())


def test_a_file_without_a_statement_is_refused_and_not_taken_as_empty() -> None:
    document = (DATA / "camt053_02_batch.xml").read_text("utf-8")
    head, _, rest = document.partition("    <Stmt>")
    empty = head + rest.partition("    </Stmt>\n")[2]
    with pytest.raises(StatementUnreadable) as refused:
        messages.read_statements(empty.encode())
    assert "no statement" in refused.value.facts["reason"]
