"""Kinds of accounts, and the lives of deposits, refunds and lines of a bank statement."""

from enum import StrEnum


class AccountKind(StrEnum):
    """What the money on an account is."""

    BANK = "bank"
    CLEARING = "clearing"
    UNEXPLAINED = "unexplained"
    RECEIVABLE = "receivable"
    CHARGES = "charges"
    UNMATCHED = "unmatched"
    RECEIVED = "received"
    HELD = "held"
    REFUND_DUE = "refund_due"
    REFUND_ORDERED = "refund_ordered"
    PRICE = "price"
    COMMISSION = "commission"
    FORFEITED = "forfeited"
    BROKER_CHARGE = "broker_charge"
    BROKER_FEE = "broker_fee"
    INCOME = "income"
    INCOME_SHARE = "income_share"
    INCOME_RETAINED = "income_retained"


OPEN_KINDS = frozenset(
    {
        AccountKind.BANK,
        AccountKind.CLEARING,
        AccountKind.UNEXPLAINED,
        AccountKind.RECEIVABLE,
        AccountKind.CHARGES,
        AccountKind.BROKER_CHARGE,
        AccountKind.INCOME,
    }
)
"""Accounts that mirror the world outside and may be negative: what the platform has or is owed.
All others are what it owes or earned, and never go below zero. `broker_charge` and `broker_fee` are
what parties owe brokers and brokers are owed: no money of the platform."""


class DepositState(StrEnum):
    """Life of a deposit."""

    EXPECTED = "expected"
    RECEIVED = "received"
    HELD = "held"
    SETTLED = "settled"


DEPOSIT_MOVES: dict[tuple[DepositState, str], DepositState] = {
    (DepositState.EXPECTED, "receive"): DepositState.RECEIVED,
    (DepositState.RECEIVED, "hold"): DepositState.HELD,
    (DepositState.HELD, "apply"): DepositState.HELD,
    (DepositState.HELD, "forfeit"): DepositState.HELD,
    (DepositState.EXPECTED, "settle"): DepositState.SETTLED,
    (DepositState.RECEIVED, "settle"): DepositState.SETTLED,
    (DepositState.HELD, "settle"): DepositState.SETTLED,
}
"""A deposit is settled once nothing of it is in custody: applied, forfeited or due back."""


class RefundState(StrEnum):
    """Life of a refund; a rejected one is replaced by a new one with an id of its own."""

    DUE = "due"
    ORDERED = "ordered"
    PAID = "paid"
    REJECTED = "rejected"


REFUND_MOVES: dict[tuple[RefundState, str], RefundState] = {
    (RefundState.DUE, "order"): RefundState.ORDERED,
    (RefundState.ORDERED, "pay"): RefundState.PAID,
    (RefundState.ORDERED, "refuse"): RefundState.REJECTED,
    (RefundState.ORDERED, "return"): RefundState.REJECTED,
    (RefundState.PAID, "return"): RefundState.REJECTED,
}
"""The bank refuses an order without paying it, or the payee's bank returns the money."""


class LineState(StrEnum):
    """Life of one payment on a bank statement."""

    NEW = "new"
    UNMATCHED = "unmatched"
    PROPOSED = "proposed"
    MATCHED = "matched"


LINE_MOVES: dict[tuple[LineState, str], LineState] = {
    (LineState.NEW, "match"): LineState.MATCHED,
    (LineState.NEW, "park"): LineState.UNMATCHED,
    (LineState.UNMATCHED, "propose"): LineState.PROPOSED,
    (LineState.PROPOSED, "decline"): LineState.UNMATCHED,
    (LineState.PROPOSED, "confirm"): LineState.MATCHED,
}


class Direction(StrEnum):
    """Which way money went on the platform's bank account."""

    CREDIT = "credit"
    DEBIT = "debit"


class Use(StrEnum):
    """What a payment that matched nothing turns out to be."""

    DEPOSIT = "deposit"
    RETURN = "return"
    REFUND = "refund"
    CHARGE = "charge"


USES: dict[Direction, frozenset[Use]] = {
    Direction.CREDIT: frozenset({Use.DEPOSIT, Use.RETURN}),
    Direction.DEBIT: frozenset({Use.REFUND, Use.CHARGE}),
}


class Target(StrEnum):
    """What a held deposit can be set off against."""

    PRICE = "price"
    COMMISSION = "commission"
