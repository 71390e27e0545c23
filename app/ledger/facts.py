"""What other modules may know of money in custody; amounts in fen."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.ledger.states import DepositState


@dataclass(frozen=True)
class DepositFacts:
    """A deposit: how it is to be paid, and what became of it.

    `received_fen` counts what arrived and is not held yet, `held_fen` what is held. `received_at`
    is when the bank credited the payment that made it complete. `account` is None while the
    platform has no settlement account. `round` is 2 or more when it was asked for again after an
    earlier one was settled. `paid_from` is the same text for the same account that paid, and does
    not tell its number.
    """

    purpose_kind: str
    purpose_id: UUID
    round: int
    payer_id: UUID
    reference: str
    amount_fen: int
    state: DepositState
    due_at: datetime | None
    received_at: datetime | None
    received_fen: int
    held_fen: int
    paid_from: str | None
    account: str | None
    account_name: str | None
    account_bank: str | None
