"""Decisions of the ledger, without I/O: payment references, and what a payment is for."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from uuid import UUID

from app.kit.calendar import end_of_day
from app.kit.money import FEN_MAX, Fen
from app.ledger.errors import NotWholeFen

REFERENCE_DIGITS = 9
MAX_SERIAL = 10**REFERENCE_DIGITS
_REFERENCE = re.compile(r"T[\s\-]?M(?P<digits>(?:[\s\-]*[0-9]){10})(?![\s\-]*[0-9])")
_NOT_NAME = re.compile(r"[\W_]+")


def check_digit(digits: str) -> str:
    """The check digit of ISO 7064 MOD 11,10: finds every wrong digit and nearly every swap."""
    product = 10
    for digit in digits:
        total = (product + int(digit)) % 10 or 10
        product = total * 2 % 11
    return str((11 - product) % 10)


def reference(serial: int) -> str:
    """The payment reference with this serial number, such as TM0000012342."""
    digits = f"{serial:0{REFERENCE_DIGITS}d}"
    return f"TM{digits}{check_digit(digits)}"


def references_in(text: str) -> list[str]:
    """The references in a remittance text, as a person may have typed them, without repeats.

    Case, full width, spaces and hyphens do not matter; a wrong check digit makes it none.
    """
    plain = unicodedata.normalize("NFKC", text).upper()
    found: list[str] = []
    for match in _REFERENCE.finditer(plain):
        digits = re.sub(r"[^0-9]", "", match["digits"])
        if check_digit(digits[:-1]) == digits[-1] and f"TM{digits}" not in found:
            found.append(f"TM{digits}")
    return found


def same_name(one: str, other: str) -> bool:
    """Whether two names are the same but for width, case, spaces and punctuation."""
    return _plain_name(one) == _plain_name(other)


def _plain_name(name: str) -> str:
    return _NOT_NAME.sub("", unicodedata.normalize("NFKC", name).casefold())


def account_mark(number: str | None) -> str | None:
    """A digest of an account's number, to see that two payments came from one account."""
    return None if number is None else sha256(f"account:{number}".encode()).hexdigest()


def fen_of(amount: Decimal) -> Fen:
    """An amount in yuan as fen; raises NotWholeFen unless it is positive and whole."""
    fen = amount * 100
    if not fen.is_finite() or fen != fen.to_integral_value() or not 0 < fen <= FEN_MAX:
        raise NotWholeFen(field="body", amount=str(amount))
    return int(fen)


def credited_at(day: date, moment: datetime | None, now: datetime) -> datetime:
    """When the bank credited a payment.

    A statement that tells only the day counts for the whole of it: a payment on the last day is in
    time. It is never later than the moment we learn of it.
    """
    return min(moment or end_of_day(day) - timedelta(microseconds=1), now)


@dataclass(frozen=True)
class Expected:
    """An expected deposit as the matching looks at it."""

    id: UUID
    payer_name: str


@dataclass(frozen=True)
class Verdict:
    """The deposit a payment is for, or why a person has to look at it."""

    deposit_id: UUID | None
    doubt: str | None


def judge_payment(
    references: Sequence[str], expected: Mapping[str, Expected], payer_name: str | None
) -> Verdict:
    """What a payment is for: exactly one known reference, from the party that owes the deposit.

    Deposits are paid in the bidder's own name (法释〔2016〕18号 art. 17): a payment from somebody
    else is a doubt, not a match.
    """
    known = [expected[found] for found in references if found in expected]
    if not references:
        return Verdict(None, "no_reference")
    if not known:
        return Verdict(None, "unknown_reference")
    if len(references) > 1:
        return Verdict(None, "several_references")
    if payer_name and not same_name(payer_name, known[0].payer_name):
        return Verdict(None, "other_payer")
    return Verdict(known[0].id, None)
