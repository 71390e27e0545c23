"""Wire shapes of the ledger module; amounts in fen."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from app.kit.http import FEN_LIMIT, Line, WireModel
from app.ledger.states import AccountKind, Direction, LineState, RefundState, Use

AccountNumber = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9A-Z][0-9A-Z-]{3,33}$"),
    Field(description="account number, digits and capitals", examples=["110060149013000123456"]),
]
BankCode = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{12}$"),
    Field(description="CNAPS code of the bank (大额支付行号)", examples=["301100000023"]),
]
Reference = Annotated[
    str, StringConstraints(pattern=r"^TM[0-9]{10}$"), Field(examples=["TM0000012342"])
]
Amount = Annotated[int, Field(ge=1, le=FEN_LIMIT, strict=True, description="Money in fen (分)")]


class NewSettlementAccount(WireModel):
    """The platform's account at its bank (结算账户)."""

    number: AccountNumber
    name: Line
    bank_name: Line
    bank_code: BankCode | None = None


class SettlementAccountView(NewSettlementAccount):
    """The account that deposits are to be paid to."""


class NewRefundAccount(WireModel):
    """Where a party wants refunds that have no account to go back to."""

    number: AccountNumber
    name: Line
    bank_code: BankCode | None = None


class AccountView(WireModel):
    """An account of a party; the balance is positive where the platform owes it."""

    id: UUID
    kind: AccountKind
    purpose_id: UUID | None
    balance_fen: int


class EntryLineView(WireModel):
    """What a posting does to one account, positive in favour of its owner."""

    account_id: UUID
    kind: AccountKind
    owner_id: UUID | None
    amount_fen: int


class EntryView(WireModel):
    """A posting; `key` is that of the fact. Parties see the lines of their own accounts."""

    id: UUID
    key: str
    act: str
    at: datetime
    note: str
    lines: list[EntryLineView]


class KindTotal(WireModel):
    """The accounts of one kind; both sums are the same, or the books are broken."""

    kind: AccountKind
    accounts: int
    balance_fen: int
    lines_fen: int


class TrialBalance(WireModel):
    """All kinds of accounts; the sum over them is zero."""

    totals: list[KindTotal]
    sum_fen: int


class StatementReport(WireModel):
    """What was taken from a statement: payments in it, and those known from earlier ones."""

    id: UUID
    sha256: str
    payments: int
    known: int


class StatusReportView(WireModel):
    """What a status report changed: payments that the bank has taken, and refused."""

    message_id: str
    order_id: str
    taken: int
    refused: int


class BankLineView(WireModel):
    """A payment on a statement; `doubt` says why it matched nothing."""

    id: UUID
    direction: Direction
    amount_fen: int
    booked_on: date
    booked_at: datetime | None
    party_name: str | None
    party_account: str | None
    end_to_end_id: str | None
    remittance: str
    bank_ref: str
    state: LineState
    doubt: str | None
    use: Use | None
    target_id: UUID | None
    note: str | None
    proposed_by: UUID | None
    confirmed_by: UUID | None


class Proposal(WireModel):
    """What a payment is: for a deposit its reference, for a refund the refund's id."""

    use: Use
    reference: Reference | None = None
    refund_id: UUID | None = None
    note: Line

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.use == Use.DEPOSIT) != (self.reference is not None):
            raise ValueError("reference is for the use deposit, and required there")
        if (self.use == Use.REFUND) != (self.refund_id is not None):
            raise ValueError("refund_id is for the use refund, and required there")
        return self


class RefundView(WireModel):
    """A refund; `due_at` is the last moment.

    It waits while it has no account, and while no statement has shown the money.
    """

    id: UUID
    key: str
    reason: str
    party_id: UUID | None
    purpose_id: UUID | None
    amount_fen: int
    due_at: datetime
    state: RefundState
    account_number: str | None
    account_name: str | None
    batch_id: UUID | None
    ordered_at: datetime | None
    paid_at: datetime | None
    bank_status: str | None = Field(
        description="the bank's code from its status report, such as ACSP (taken) or RJCT (refused)"
    )
    rejection: str | None
    replaces_id: UUID | None


class Refusal(WireModel):
    """Why the bank refused an order."""

    reason: Line


class Replacement(WireModel):
    """Where a rejected refund goes now; without an account to the one the party has named."""

    account: NewRefundAccount | None = None


class BatchView(WireModel):
    """A payment file; `submitted_at` is absent until the bank has it."""

    id: UUID
    created_at: datetime
    sha256: str
    payments: int
    total_fen: int
    submitted_at: datetime | None


class SimulatedPayment(WireModel):
    """A payment to the platform's account, made up in a sandbox."""

    reference: Line
    amount_fen: Amount
    payer_name: Line
    payer_account: AccountNumber
