"""ISO 20022 messages: camt.053 statements in both directions, pain.001 payment orders likewise.

The classes are those that pyiso20022 generates from the official schemas. Versions of camt.053
differ in the names of types and a few choices; what is read here is common to all of them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib import import_module
from typing import Any
from uuid import UUID
from xml.parsers import expat
from zoneinfo import ZoneInfo

from pyiso20022.camt import camt_053_001_08 as camt
from pyiso20022.pain import pain_001_001_09 as pain
from xsdata.exceptions import ConverterWarning, ParserError
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.parsers.config import ParserConfig
from xsdata.formats.dataclass.serializers import XmlSerializer
from xsdata.models.datatype import XmlDate, XmlDateTime

from app.kit.money import Fen
from app.ledger.errors import StatementUnreadable

MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 64
STATEMENT_VERSIONS = tuple(f"{number:02d}" for number in range(2, 13))
_STATEMENT = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.([0-9]{2})")
_CHINESE = re.compile(
    rb"<\?xml[^>]{0,80}encoding=[\"'](?:gb2312|gbk|gb18030)[\"'][^>]{0,40}\?>", re.I
)
_SHANGHAI = ZoneInfo("Asia/Shanghai")
_NOT_GIVEN = frozenset({"NOTPROVIDED", "NOT PROVIDED", "NOT-PROVIDED", "NONREF"})
CLOSED_ACCOUNT = "AC04"


@dataclass(frozen=True)
class BankEntry:
    """One booked payment; the party is the other side, `returned` marks money that came back.

    `bank_ref` is the bank's own reference, or the place in the statement where the bank gives
    none. `booked_at` is None when the bank tells only the day.
    """

    bank_ref: str
    credit: bool
    amount: Decimal
    currency: str
    booked_on: date
    booked_at: datetime | None
    returned: bool
    party_name: str | None
    party_account: str | None
    party_bank: str | None
    end_to_end_id: str | None
    remittance: str


@dataclass(frozen=True)
class Statement:
    """A statement of one account, without entries that are not booked yet."""

    id: str
    message_id: str
    account: str
    currency: str | None
    entries: tuple[BankEntry, ...]


@dataclass(frozen=True)
class BankAccount:
    """An account in China: number, name, and its bank's CNAPS code (大额支付行号) if known."""

    number: str
    name: str
    bank_code: str | None = None


@dataclass(frozen=True)
class Payment:
    """One payment order; the bank takes an end-to-end id once."""

    end_to_end_id: str
    amount_fen: Fen
    to: BankAccount
    remittance: str


@dataclass(frozen=True)
class PaymentOrder:
    """Payments from one account, ordered together."""

    message_id: str
    created_at: datetime
    account: BankAccount
    payments: tuple[Payment, ...]


def read_statements(document: bytes) -> list[Statement]:
    """The statements in a camt.053 file of any version from 02 on.

    Raises StatementUnreadable for anything else, and for XML with a DTD: entities are not
    expanded, they are refused.
    """
    document = in_unicode(document)
    version = _STATEMENT.fullmatch(namespace(document))
    if version is None or version[1] not in STATEMENT_VERSIONS:
        raise StatementUnreadable(field="body", reason="its root is no camt.053.001.02 to .12")
    module = import_module(f"pyiso20022.camt.camt_053_001_{version[1]}")
    message = parsed(document, module.Document).bk_to_cstmr_stmt
    try:
        found = [_statement(message.grp_hdr.msg_id, one) for one in message.stmt]
    except (AttributeError, ValueError) as error:
        raise StatementUnreadable(field="body", reason=f"an element is missing: {error}") from None
    if not found:
        raise StatementUnreadable(field="body", reason="it has no statement (Stmt)")
    return found


def in_unicode(document: bytes) -> bytes:
    """The document in UTF-8 if it says that it is in a Chinese encoding, which no XML parser has
    to know; all of them are part of GB 18030. Raises StatementUnreadable."""
    declared = _CHINESE.match(document)
    if declared is None:
        return document
    try:
        text = document[declared.end() :].decode("gb18030")
    except UnicodeDecodeError:
        raise StatementUnreadable(
            field="body", reason="it is not in the encoding it says"
        ) from None
    return b'<?xml version="1.0" encoding="UTF-8"?>' + text.encode()


def namespace(document: bytes) -> str:
    """The namespace of the root, after a first pass that refuses what must not reach a parser."""
    if len(document) > MAX_BYTES:
        raise StatementUnreadable(field="body", reason=f"it is larger than {MAX_BYTES} bytes")
    names: list[str] = []
    depth = 0

    def start(name: str, _: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth == 1:
            names.append(name)
        if depth > MAX_DEPTH:
            raise StatementUnreadable(field="body", reason=f"it is nested deeper than {MAX_DEPTH}")

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    def refuse(*_: object) -> None:
        raise StatementUnreadable(field="body", reason="it has a DTD")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(document, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise StatementUnreadable(field="body", reason=f"it is no XML: {error}") from None
    return names[0].rpartition(" ")[0]


def parsed(document: bytes, kind: type[Any]) -> Any:
    """The document as an instance of a generated class; raises StatementUnreadable."""
    config = ParserConfig(fail_on_unknown_properties=False, fail_on_converter_warnings=True)
    try:
        return XmlParser(config=config).from_bytes(document, kind)
    except (ParserError, ConverterWarning, TypeError, ValueError, ArithmeticError) as error:
        raise StatementUnreadable(field="body", reason=str(error)[:200]) from None


def _statement(message_id: str, source: Any) -> Statement:
    entries: list[BankEntry] = []
    for number, entry in enumerate(source.ntry, start=1):
        if _code(entry.sts) == "BOOK":
            entries += _payments(f"{source.id}#{number}", entry)
    account = _account(source.acct)
    if account is None:
        raise ValueError("Acct/Id")
    return Statement(source.id, message_id, account, source.acct.ccy, tuple(entries))


def _payments(place: str, entry: Any) -> list[BankEntry]:
    """The payments of an entry: its transactions, if they have amounts that sum up to it.

    Otherwise, and where there are none, the entry is one payment.
    """
    details = [tx for block in entry.ntry_dtls for tx in block.tx_dtls]
    amounts = [_amount(tx) for tx in details]
    if len(details) > 1 and None not in amounts:
        total = sum((amount for amount, _ in filter(None, amounts)), Decimal(0))
        if total == entry.amt.value:
            return [
                _payment(f"{place}.{position}", entry, tx, amount)
                for position, (tx, amount) in enumerate(zip(details, amounts, strict=True), start=1)
            ]
    return [_payment(place, entry, details[0] if len(details) == 1 else None, None)]


def _payment(place: str, entry: Any, tx: Any, amount: tuple[Decimal, str] | None) -> BankEntry:
    credit = entry.cdt_dbt_ind.value == "CRDT"
    value, currency = amount or (entry.amt.value, entry.amt.ccy)
    day = entry.bookg_dt or entry.val_dt
    if day is None:
        raise ValueError("Ntry/BookgDt")
    moment = None if day.dt_tm is None else _aware(day.dt_tm.to_datetime())
    own_ref = _dig(tx, "refs", "acct_svcr_ref")
    shared_ref = entry.acct_svcr_ref if amount is None else None
    end_to_end = _dig(tx, "refs", "end_to_end_id")
    side = "dbtr" if credit else "cdtr"
    texts = [*(_dig(tx, "rmt_inf", "ustrd") or ()), *_structured(tx)]
    if not texts:
        texts = [part for part in (_dig(tx, "addtl_tx_inf"), entry.addtl_ntry_inf) if part]
    return BankEntry(
        bank_ref=own_ref or shared_ref or place,
        credit=credit,
        amount=value,
        currency=currency,
        booked_on=moment.astimezone(_SHANGHAI).date() if moment else day.dt.to_date(),
        booked_at=moment,
        returned=bool(entry.rvsl_ind) or _dig(tx, "rtr_inf") is not None,
        party_name=_name(tx, side) or _name(tx, f"ultmt_{side}"),
        party_account=_account(_dig(tx, "rltd_pties", f"{side}_acct")),
        party_bank=_dig(tx, "rltd_agts", f"{side}_agt", "fin_instn_id", "clr_sys_mmb_id", "mmb_id"),
        end_to_end_id=None if end_to_end in _NOT_GIVEN else end_to_end,
        remittance=" ".join(texts),
    )


def _name(tx: Any, side: str) -> str | None:
    """A party's name; versions from 08 on put a choice of person or bank around it."""
    found: str | None = _dig(tx, "rltd_pties", side, "pty", "nm") or _dig(
        tx, "rltd_pties", side, "nm"
    )
    return found


def _amount(tx: Any) -> tuple[Decimal, str] | None:
    """A transaction's amount: its own (version 04 on), or that in its details (version 02), where
    some banks give the instructed amount alone."""
    found = (
        _dig(tx, "amt")
        or _dig(tx, "amt_dtls", "tx_amt", "amt")
        or _dig(tx, "amt_dtls", "instd_amt", "amt")
    )
    return None if found is None else (found.value, found.ccy)


def _structured(tx: Any) -> list[str]:
    blocks = _dig(tx, "rmt_inf", "strd") or ()
    return [ref for block in blocks if (ref := _dig(block, "cdtr_ref_inf", "ref"))]


def _account(account: Any) -> str | None:
    found: str | None = _dig(account, "id", "iban") or _dig(account, "id", "othr", "id")
    return found


def _code(status: Any) -> str | None:
    """Version 02 has the code itself, later ones a choice around it."""
    found: str | None = getattr(status, "value", None) or getattr(status, "cd", None)
    return found


def _dig(found: Any, *path: str) -> Any:
    """The value at a path of members, None where one is absent."""
    for name in path:
        found = getattr(found, name, None)
    return found


def _aware(moment: datetime) -> datetime:
    """UTC; a bank that gives no zone means Beijing time."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=_SHANGHAI)).astimezone(UTC)


def write_order(order: PaymentOrder) -> bytes:
    """A pain.001.001.09 file of one batch in CNY, executed on the day it was created."""
    total = _yuan(sum(payment.amount_fen for payment in order.payments))
    count = str(len(order.payments))
    day = XmlDate.from_date(order.created_at.astimezone(_SHANGHAI).date())
    batch = pain.PaymentInstruction30(
        pmt_inf_id=order.message_id,
        pmt_mtd=pain.PaymentMethod3Code.TRF,
        nb_of_txs=count,
        ctrl_sum=total,
        reqd_exctn_dt=pain.DateAndDateTime2Choice(dt=day),
        dbtr=pain.PartyIdentification135(nm=order.account.name),
        dbtr_acct=_pain_account(order.account),
        dbtr_agt=_pain_bank(order.account),
        cdt_trf_tx_inf=[_transfer(payment) for payment in order.payments],
    )
    header = pain.GroupHeader85(
        msg_id=order.message_id,
        cre_dt_tm=xml_moment(order.created_at),
        nb_of_txs=count,
        ctrl_sum=total,
        initg_pty=pain.PartyIdentification135(nm=order.account.name),
    )
    message = pain.CustomerCreditTransferInitiationV09(grp_hdr=header, pmt_inf=[batch])
    namespace = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
    return written(pain.Document(cstmr_cdt_trf_initn=message), namespace)


def _transfer(payment: Payment) -> pain.CreditTransferTransaction34:
    amount = pain.ActiveOrHistoricCurrencyAndAmount(value=_yuan(payment.amount_fen), ccy="CNY")
    return pain.CreditTransferTransaction34(
        pmt_id=pain.PaymentIdentification6(end_to_end_id=payment.end_to_end_id),
        amt=pain.AmountType4Choice(instd_amt=amount),
        cdtr_agt=_pain_bank(payment.to) if payment.to.bank_code else None,
        cdtr=pain.PartyIdentification135(nm=payment.to.name),
        cdtr_acct=_pain_account(payment.to),
        rmt_inf=pain.RemittanceInformation16(ustrd=[payment.remittance]),
    )


def _pain_account(account: BankAccount) -> pain.CashAccount38:
    other = pain.GenericAccountIdentification1(id=account.number)
    return pain.CashAccount38(id=pain.AccountIdentification4Choice(othr=other), ccy="CNY")


def _pain_bank(account: BankAccount) -> pain.BranchAndFinancialInstitutionIdentification6:
    identification = pain.FinancialInstitutionIdentification18()
    if account.bank_code:
        identification.clr_sys_mmb_id = pain.ClearingSystemMemberIdentification2(
            clr_sys_id=pain.ClearingSystemIdentification2Choice(cd="CNAPS"),
            mmb_id=account.bank_code,
        )
    else:
        identification.othr = pain.GenericFinancialIdentification1(id="NOTPROVIDED")
    return pain.BranchAndFinancialInstitutionIdentification6(fin_instn_id=identification)


def read_order(document: bytes) -> PaymentOrder:
    """A payment order as `write_order` writes it: what the simulated bank is handed."""
    message = parsed(document, pain.Document).cstmr_cdt_trf_initn
    [batch] = message.pmt_inf
    return PaymentOrder(
        message_id=message.grp_hdr.msg_id,
        created_at=_aware(message.grp_hdr.cre_dt_tm.to_datetime()),
        account=BankAccount(batch.dbtr_acct.id.othr.id, batch.dbtr.nm, _member(batch.dbtr_agt)),
        payments=tuple(
            Payment(
                one.pmt_id.end_to_end_id,
                int(one.amt.instd_amt.value * 100),
                BankAccount(one.cdtr_acct.id.othr.id, one.cdtr.nm, _member(one.cdtr_agt)),
                " ".join(one.rmt_inf.ustrd),
            )
            for one in batch.cdt_trf_tx_inf
        ),
    )


def _member(bank: Any) -> str | None:
    found: str | None = _dig(bank, "fin_instn_id", "clr_sys_mmb_id", "mmb_id")
    return found


def write_statement(
    account: str, message_id: str, created_at: datetime, entries: Sequence[BankEntry]
) -> bytes:
    """A camt.053.001.08 file of one account: what the simulated bank answers with."""
    statement = camt.AccountStatement9(
        id=message_id,
        cre_dt_tm=xml_moment(created_at),
        acct=camt.CashAccount39(
            id=camt.AccountIdentification4Choice(
                othr=camt.GenericAccountIdentification1(id=account)
            ),
            ccy="CNY",
        ),
        bal=[_balance(kind, created_at) for kind in ("OPBD", "CLBD")],
        ntry=[_entry(entry) for entry in entries],
    )
    header = camt.GroupHeader81(msg_id=message_id, cre_dt_tm=xml_moment(created_at))
    message = camt.BankToCustomerStatementV08(grp_hdr=header, stmt=[statement])
    namespace = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
    return written(camt.Document(bk_to_cstmr_stmt=message), namespace)


def _balance(kind: str, at: datetime) -> camt.CashBalance8:
    return camt.CashBalance8(
        tp=camt.BalanceType13(cd_or_prtry=camt.BalanceType10Choice(cd=kind)),
        amt=camt.ActiveOrHistoricCurrencyAndAmount(value=Decimal("0.00"), ccy="CNY"),
        cdt_dbt_ind=camt.CreditDebitCode.CRDT,
        dt=camt.DateAndDateTime2Choice(dt_tm=xml_moment(at)),
    )


def _entry(entry: BankEntry) -> camt.ReportEntry10:
    party = camt.Party40Choice(pty=camt.PartyIdentification135(nm=entry.party_name))
    account = None
    if entry.party_account:
        other = camt.GenericAccountIdentification1(id=entry.party_account)
        account = camt.CashAccount38(id=camt.AccountIdentification4Choice(othr=other))
    parties = camt.TransactionParties6(cdtr=party, cdtr_acct=account)
    if entry.credit:
        parties = camt.TransactionParties6(dbtr=party, dbtr_acct=account)
    returned = None
    if entry.returned:
        reason = camt.ReturnReason5Choice(cd=CLOSED_ACCOUNT)
        returned = camt.PaymentReturnReason5(rsn=reason)
    return camt.ReportEntry10(
        amt=camt.ActiveOrHistoricCurrencyAndAmount(value=entry.amount, ccy=entry.currency),
        cdt_dbt_ind=camt.CreditDebitCode("CRDT" if entry.credit else "DBIT"),
        sts=camt.EntryStatus1Choice(cd="BOOK"),
        bookg_dt=_day(entry),
        acct_svcr_ref=entry.bank_ref,
        bk_tx_cd=camt.BankTransactionCodeStructure4(
            prtry=camt.ProprietaryBankTransactionCodeStructure1(cd="TRF")
        ),
        ntry_dtls=[
            camt.EntryDetails9(
                tx_dtls=[
                    camt.EntryTransaction10(
                        refs=camt.TransactionReferences6(end_to_end_id=entry.end_to_end_id),
                        rltd_pties=parties,
                        rmt_inf=camt.RemittanceInformation16(ustrd=[entry.remittance]),
                        rtr_inf=returned,
                    )
                ]
            )
        ],
    )


def _day(entry: BankEntry) -> camt.DateAndDateTime2Choice:
    if entry.booked_at is not None:
        return camt.DateAndDateTime2Choice(dt_tm=xml_moment(entry.booked_at))
    return camt.DateAndDateTime2Choice(dt=XmlDate.from_date(entry.booked_on))


def xml_moment(moment: datetime) -> XmlDateTime:
    """A moment as the messages write it: Shanghai's time with its offset."""
    return XmlDateTime.from_datetime(moment.astimezone(_SHANGHAI))


def _yuan(fen: Fen) -> Decimal:
    return Decimal(fen) / 100


def written(document: Any, namespace: str) -> bytes:
    """A message as the bytes of its file."""
    return XmlSerializer().render(document, ns_map={None: namespace}).encode()


def end_to_end(refund_id: UUID) -> str:
    """The end-to-end id of a refund: its id in 32 hexadecimal digits, for at most 35 are taken."""
    return refund_id.hex


def batch_id_of(message_id: str) -> UUID | None:
    """The payment file whose message id this may be: its id in 32 hexadecimal digits."""
    return refund_id_in(message_id)


def refund_id_in(end_to_end_id: str | None) -> UUID | None:
    """The refund that an end-to-end id may name."""
    try:
        return UUID(hex=end_to_end_id or "")
    except ValueError:
        return None
