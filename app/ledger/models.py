"""Tables of the ledger module.

Triggers of the migration keep what a CHECK cannot: entries and their lines are append-only, the
lines of an entry sum to zero when its transaction commits, and `balance_fen` is the sum of an
account's lines, under the lock of its row. Nothing else can change a balance.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base, Identified, Versioned


class Account(Identified, Base):
    """An account: what the money is, whose, and for which purpose.

    A positive balance is money that the platform owes or earned, a negative one money it has.
    """

    __tablename__ = "ledger_account"
    __table_args__ = (
        UniqueConstraint("kind", "owner_id", "purpose_id", postgresql_nulls_not_distinct=True),
        CheckConstraint(
            "kind IN ('bank','clearing','unexplained','receivable','charges','unmatched',"
            "'received','held','refund_due','refund_ordered','price','commission','forfeited',"
            "'broker_charge','broker_fee','income','income_share','income_retained')",
            name="kind",
        ),
        CheckConstraint(
            "balance_fen >= 0 OR kind IN ('bank','clearing','unexplained','receivable','charges',"
            "'broker_charge','income')",
            name="balance",
        ),
        Index("ix_ledger_account_owner_id", "owner_id", "id"),
    )

    kind: Mapped[str]
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    purpose_id: Mapped[UUID | None]
    balance_fen: Mapped[int] = mapped_column(server_default=text("0"))


class Entry(Identified, Base):
    """A balanced posting; its key is that of the fact, so that a fact is posted once.

    `written_by` is the database transaction that wrote it: no line can join it later.
    """

    __tablename__ = "ledger_entry"
    __table_args__ = (UniqueConstraint("key"),)

    key: Mapped[str]
    act: Mapped[str]
    at: Mapped[datetime]
    note: Mapped[str]
    person_id: Mapped[UUID | None]
    written_by: Mapped[int] = mapped_column(
        server_default=text("pg_current_xact_id()::text::bigint"),
    )


class EntryLine(Base):
    """What a posting does to one account; positive in favour of its owner."""

    __tablename__ = "ledger_line"
    __table_args__ = (
        CheckConstraint("amount_fen <> 0", name="amount"),
        Index("ix_ledger_line_account_id", "account_id", "entry_id"),
    )

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("ledger_entry.id"), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("ledger_account.id"), primary_key=True)
    amount_fen: Mapped[int]


class SettlementAccount(Identified, Base):
    """A bank account of the platform (结算账户); one is active, earlier ones stay known."""

    __tablename__ = "settlement_account"
    __table_args__ = (
        UniqueConstraint("number"),
        Index(
            "uq_settlement_account_active",
            "active",
            unique=True,
            postgresql_where=text("active"),
        ),
    )

    number: Mapped[str]
    name: Mapped[str]
    bank_name: Mapped[str]
    bank_code: Mapped[str | None]
    active: Mapped[bool]


class RefundAccount(Versioned, Base):
    """Where a party wants money that has no account to go back to."""

    __tablename__ = "refund_account"
    __table_args__ = (UniqueConstraint("party_id"),)

    party_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    number: Mapped[str]
    name: Mapped[str]
    bank_code: Mapped[str | None]


class Deposit(Versioned, Base):
    """A deposit (保证金) that a party owes for something of another module.

    A purpose has one that is not settled at most; after that it can be asked for again, as the
    next `round` with a reference and accounts of its own.
    """

    __tablename__ = "deposit"
    __table_args__ = (
        UniqueConstraint("purpose_id", "round"),
        Index(
            "uq_deposit_open",
            "purpose_id",
            unique=True,
            postgresql_where=text("state <> 'settled'"),
        ),
        CheckConstraint("round >= 1", name="round"),
        UniqueConstraint("reference"),
        CheckConstraint("state IN ('expected','received','held','settled')", name="state"),
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("reference ~ '^TM[0-9]{10}$'", name="reference"),
        Index("ix_deposit_payer_id", "payer_id", "id"),
    )

    purpose_kind: Mapped[str]
    purpose_id: Mapped[UUID]
    round: Mapped[int] = mapped_column(server_default=text("1"))
    payer_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    amount_fen: Mapped[int]
    reference: Mapped[str]
    due_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(server_default=text("'expected'"))
    received_at: Mapped[datetime | None]
    refund_number: Mapped[str | None]
    refund_name: Mapped[str | None]
    refund_bank: Mapped[str | None]

    @property
    def purse_id(self) -> UUID:
        """What the accounts of this round are for: money of one round never serves another."""
        return self.purpose_id if self.round == 1 else self.id


class BankStatement(Identified, Base):
    """A statement file that was taken in; the same bytes are taken once."""

    __tablename__ = "bank_statement"
    __table_args__ = (UniqueConstraint("sha256"),)

    sha256: Mapped[str]
    source: Mapped[str]
    message_id: Mapped[str]
    person_id: Mapped[UUID | None]
    payments: Mapped[int]
    known: Mapped[int]


class BankLine(Versioned, Base):
    """One payment on a statement; what the bank said of it does not change."""

    __tablename__ = "bank_line"
    __table_args__ = (
        UniqueConstraint("account", "bank_ref", "direction", "amount_fen", "booked_on"),
        CheckConstraint("direction IN ('credit','debit')", name="direction"),
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("state IN ('new','unmatched','proposed','matched')", name="state"),
        CheckConstraint("use IN ('deposit','return','refund','charge')", name="use"),
        CheckConstraint(
            "(state = 'proposed' AND use IS NOT NULL AND proposed_by IS NOT NULL)"
            " OR (state = 'matched' AND use IS NOT NULL)"
            " OR (state IN ('new','unmatched') AND use IS NULL)",
            name="use_by_state",
        ),
        CheckConstraint("confirmed_by <> proposed_by", name="two_persons"),
        Index("ix_bank_line_new", "id", postgresql_where=text("state = 'new'")),
        Index("ix_bank_line_state", "state", "id"),
    )

    statement_id: Mapped[UUID] = mapped_column(ForeignKey("bank_statement.id"))
    account: Mapped[str]
    bank_ref: Mapped[str]
    direction: Mapped[str]
    amount_fen: Mapped[int]
    booked_on: Mapped[date]
    booked_at: Mapped[datetime | None]
    returned: Mapped[bool]
    party_name: Mapped[str | None]
    party_account: Mapped[str | None]
    party_bank: Mapped[str | None]
    end_to_end_id: Mapped[str | None]
    remittance: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'new'"))
    doubt: Mapped[str | None]
    use: Mapped[str | None]
    target_id: Mapped[UUID | None]
    note: Mapped[str | None]
    proposed_by: Mapped[UUID | None]
    confirmed_by: Mapped[UUID | None]


class PaymentBatch(Identified, Base):
    """A pain.001 file, made once with the refunds in it; what was sent is what is kept."""

    __tablename__ = "payment_batch"
    __table_args__ = (
        Index("ix_payment_batch_waiting", "id", postgresql_where=text("submitted_at IS NULL")),
    )

    document: Mapped[bytes]
    sha256: Mapped[str]
    payments: Mapped[int]
    total_fen: Mapped[int]
    submitted_at: Mapped[datetime | None]


class Refund(Versioned, Base):
    """Money that is to go back, or to the seller whose price it is; `due_at` is the last moment, it
    is ordered as soon as it can be. `bank_status` is what the bank's status report said of it."""

    __tablename__ = "refund"
    __table_args__ = (
        UniqueConstraint("key"),
        UniqueConstraint("replaces_id"),
        CheckConstraint("state IN ('due','ordered','paid','rejected')", name="state"),
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("(state = 'due') = (batch_id IS NULL)", name="batch"),
        CheckConstraint("state <> 'paid' OR paid_at IS NOT NULL", name="paid"),
        CheckConstraint("batch_id IS NULL OR account_number IS NOT NULL", name="account"),
        Index("ix_refund_due", "due_at", "id", postgresql_where=text("state = 'due'")),
        Index("ix_refund_party_id", "party_id", "id"),
        Index("ix_refund_state", "state", "id"),
    )

    key: Mapped[str]
    reason: Mapped[str]
    party_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    purpose_id: Mapped[UUID | None]
    amount_fen: Mapped[int]
    due_at: Mapped[datetime]
    account_number: Mapped[str | None]
    account_name: Mapped[str | None]
    account_bank: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default=text("'due'"))
    batch_id: Mapped[UUID | None] = mapped_column(ForeignKey("payment_batch.id"))
    ordered_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    bank_status: Mapped[str | None]
    rejection: Mapped[str | None]
    rejected_by: Mapped[UUID | None]
    replaces_id: Mapped[UUID | None] = mapped_column(ForeignKey("refund.id"))
