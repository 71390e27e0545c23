"""Payment status reports (pain.002): what the bank says of a payment file before it shows a debit.

Read with the classes that pyiso20022 generates from the official schemas, as `messages` reads
statements; written for the simulated bank.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any

from pyiso20022.pain import pain_002_001_10 as pain

from app.ledger import messages
from app.ledger.errors import ReportUnreadable, StatementUnreadable

REPORT_VERSIONS = tuple(f"{number:02d}" for number in range(3, 15))
REJECTED = "RJCT"
TAKEN = "ACSP"
"""The payment was accepted and is being settled."""
_REPORT = re.compile(r"urn:iso:std:iso:20022:tech:xsd:pain\.002\.001\.([0-9]{2})")


@dataclass(frozen=True)
class PaymentStatus:
    """What became of one payment; `status` and `reason` are the bank's codes (ISO 20022)."""

    end_to_end_id: str
    status: str
    reason: str


@dataclass(frozen=True)
class StatusReport:
    """A report on the payment file `order_id`; `status` is that of the file, if it has one.

    A payment that is not named has the status of the file.
    """

    message_id: str
    order_id: str
    status: str | None
    reason: str
    payments: tuple[PaymentStatus, ...]


def is_report(document: bytes) -> bool:
    """Whether a file from the bank is a status report and no statement."""
    try:
        return _REPORT.fullmatch(messages.namespace(document)) is not None
    except StatementUnreadable:
        return False


def read_report(document: bytes) -> StatusReport:
    """A pain.002 file of any version from 03 on; raises ReportUnreadable for anything else."""
    try:
        version = _REPORT.fullmatch(messages.namespace(document))
        if version is None or version[1] not in REPORT_VERSIONS:
            raise ReportUnreadable(field="body", reason="its root is no pain.002.001.03 to .14")
        module = import_module(f"pyiso20022.pain.pain_002_001_{version[1]}")
        report = messages.parsed(document, module.Document).cstmr_pmt_sts_rpt
    except StatementUnreadable as error:
        raise ReportUnreadable(field="body", reason=error.facts["reason"]) from None
    try:
        order = report.orgnl_grp_inf_and_sts
        batches = report.orgnl_pmt_inf_and_sts
        payments = tuple(status for batch in batches for status in _statuses(batch))
        status, reason = _code(order.grp_sts), _reason(order)
        rejected = [one for one in batches if _code(one.pmt_inf_sts) == REJECTED]
        if status is None and rejected and not payments:
            # We send one batch in a file: what is said of the batch is said of the file.
            status, reason = REJECTED, _reason(rejected[0])
        return StatusReport(report.grp_hdr.msg_id, order.orgnl_msg_id, status, reason, payments)
    except AttributeError as error:
        raise ReportUnreadable(field="body", reason=f"an element is missing: {error}") from None


def write_report(
    message_id: str, order_id: str, created_at: datetime, payments: Sequence[PaymentStatus]
) -> bytes:
    """A pain.002.001.10 file on every payment of an order: what the simulated bank says first."""
    told = [
        pain.PaymentTransaction105(
            orgnl_end_to_end_id=one.end_to_end_id,
            tx_sts=one.status,
            sts_rsn_inf=[_reason_of(one)] if one.reason else [],
        )
        for one in payments
    ]
    message = pain.CustomerPaymentStatusReportV10(
        grp_hdr=pain.GroupHeader86(msg_id=message_id, cre_dt_tm=messages.xml_moment(created_at)),
        orgnl_grp_inf_and_sts=pain.OriginalGroupHeader17(
            orgnl_msg_id=order_id, orgnl_msg_nm_id="pain.001.001.09"
        ),
        orgnl_pmt_inf_and_sts=[
            pain.OriginalPaymentInstruction32(orgnl_pmt_inf_id=order_id, tx_inf_and_sts=told)
        ],
    )
    namespace = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"
    return messages.written(pain.Document(cstmr_pmt_sts_rpt=message), namespace)


def _reason_of(payment: PaymentStatus) -> pain.StatusReasonInformation12:
    code, _, words = payment.reason.partition(" ")
    return pain.StatusReasonInformation12(
        rsn=pain.StatusReason6Choice(cd=code), addtl_inf=[words] if words else []
    )


def _statuses(batch: Any) -> list[PaymentStatus]:
    return [
        PaymentStatus(one.orgnl_end_to_end_id, status, _reason(one))
        for one in batch.tx_inf_and_sts
        if one.orgnl_end_to_end_id and (status := _code(one.tx_sts) or _code(batch.pmt_inf_sts))
    ]


def _code(status: Any) -> str | None:
    """Version 03 has an enumeration, later ones the code itself."""
    found: str | None = getattr(status, "value", status)
    return found


def _reason(source: Any) -> str:
    """The bank's reason: its code and what it adds in words."""
    parts: list[str] = []
    for block in source.sts_rsn_inf:
        if block.rsn is not None:
            parts += [part for part in (block.rsn.cd, block.rsn.prtry) if part]
        parts += block.addtl_inf
    return " ".join(str(_code(part)) for part in parts)[:200]
