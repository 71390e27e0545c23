"""Decisions about achievements, without I/O."""

import hashlib
import re
import unicodedata
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from app.achievements.errors import (
    BadIpc,
    BadRightNumber,
    ClearanceDates,
    ClearanceStatement,
    ClearanceSubject,
    GrantEnded,
    NoRight,
    OwnerTwice,
    PosterNotOwner,
    ReasonRequired,
    RightKindMismatch,
    RightNumberMissing,
    RightTwice,
    SharesNotWhole,
)
from app.achievements.states import STATEMENTS, ClearanceKind
from app.kit.identifiers import (
    BadIdentifier,
    check_ipc,
    check_patent_number,
    check_publication_number,
)

WHOLE_BP = 10_000
"""All shares of an achievement, in basis points (1/100 of a percent)."""

LONGEST_GRANT = timedelta(days=20 * 366)
HOME_OFFICE = "CN"
_PUBLICATION = re.compile(r"\s*[Cc][Nn]\s*[0-9 ]+[A-Za-z][0-9]?\s*")
_WRITTEN = re.compile(r"CN[0-9]{7,9}([ABCUSY])[0-9]?")
_PUBLICATION_KINDS = {
    "A": "invention",
    "B": "invention",
    "C": "invention",
    "U": "utility_model",
    "Y": "utility_model",
    "S": "design",
}


def distinct(values: Sequence[str]) -> list[str]:
    """Every value once, in the order of their first appearance."""
    return list(dict.fromkeys(values))


def checked_ipc(symbols: Sequence[str]) -> list[str]:
    """IPC symbols in their official form, every one once; raises BadIpc with its position."""
    checked = []
    for position, symbol in enumerate(symbols):
        try:
            checked.append(check_ipc(symbol))
        except BadIdentifier as error:
            raise BadIpc(
                field=f"body.ipc.{position}", value=symbol, expected=error.expected
            ) from None
    return distinct(checked)


def check_shares(shares: Sequence[int], field: str) -> None:
    """Shares in basis points sum to exactly 10,000; raises SharesNotWhole with the present sum."""
    total = sum(shares)
    if total != WHOLE_BP:
        raise SharesNotWhole(
            field=f"{field}.{len(shares) - 1}.share_bp",
            sum_bp=total,
            missing_bp=WHOLE_BP - total,
            share_bp=shares[-1] + WHOLE_BP - total,
        )


def check_owners(
    poster_id: UUID, owners: Sequence[tuple[UUID | None, str, int]], field: str
) -> None:
    """Every owner once, the poster among them, the shares whole.

    Raises OwnerTwice, PosterNotOwner, SharesNotWhole.
    """
    seen: set[UUID | str] = set()
    for position, (organisation_id, name, _) in enumerate(owners):
        key = organisation_id or name
        if key in seen:
            raise OwnerTwice(field=f"{field}.{position}", name=name)
        seen.add(key)
    if poster_id not in seen:
        raise PosterNotOwner(field=field, organisation_id=str(poster_id))
    check_shares([share for _, _, share in owners], field)


def check_grant_end(now: datetime, ends_at: datetime | None) -> None:
    """A grant ends in the future, twenty years off at most, or is open; raises GrantEnded."""
    latest = now + LONGEST_GRANT
    if ends_at is not None and not now < ends_at <= latest:
        raise GrantEnded(field="body.ends_at", now=now.isoformat(), latest=latest.isoformat())


def is_patent(type_: str) -> bool:
    """Whether a right of this type is a patent of any kind."""
    return type_ == "patent" or type_.startswith("patent.")


def check_right(type_: str, number: str | None, office: str, year: int, field: str) -> str | None:
    """The number of a right in its one written form (rules.md 10.2).

    Chinese patent numbers are checked against their check digit, publication numbers against
    their form, and both against the kind of patent; numbers of other offices are taken as they
    are. `year` is the latest that an application can be from.

    Raises BadRightNumber, RightNumberMissing, RightKindMismatch.
    """
    if number is None or not number.strip():
        if is_patent(type_):
            raise RightNumberMissing(field=f"{field}.number", right_type=type_)
        return None
    if not is_patent(type_) or office != HOME_OFFICE:
        return " ".join(number.split())
    try:
        written, kind = home_patent(number, year)
    except BadIdentifier as error:
        raise BadRightNumber(
            field=f"{field}.number",
            number=number[:64],
            reason=error.reason,
            expected=error.expected,
        ) from None
    if type_ not in {"patent", f"patent.{kind}"}:
        raise RightKindMismatch(
            field=f"{field}.type", number=written, right_type=type_, expected=f"patent.{kind}"
        )
    return written


def home_patent(number: str, year: int) -> tuple[str, str]:
    """A Chinese number in its one written form, and the kind of patent; raises BadIdentifier."""
    if found_written := _WRITTEN.fullmatch(number):
        return number, _PUBLICATION_KINDS[found_written.group(1)]
    if _PUBLICATION.fullmatch(number):
        written = check_publication_number(number)
        letter = written[-1] if written[-1].isalpha() else written[-2]
        return written, _PUBLICATION_KINDS.get(letter, "invention")
    found = check_patent_number(number, latest_year=year)
    return found.number, found.kind


def check_distinct(numbers: Sequence[tuple[str, str | None]], field: str) -> None:
    """The same right is listed once; raises RightTwice."""
    seen: set[tuple[str, str]] = set()
    for position, (office, number) in enumerate(numbers):
        if number is None:
            continue
        if (office, number) in seen:
            raise RightTwice(field=f"{field}.{position}.number", number=number)
        seen.add((office, number))


def check_declared(types: Sequence[str], field: str) -> None:
    """At least one right or know-how is declared; raises NoRight."""
    if not any(type_ != "none" for type_ in types):
        raise NoRight(field=field)


class _Plain(dict[str, str]):
    """What is left of each character: folded, and nothing of space and punctuation."""

    def __missing__(self, character: str) -> str:
        folded = unicodedata.normalize("NFKC", character).casefold()
        plain = "".join(c for c in folded if c.isalnum())
        if len(self) < 65_536:
            self[character] = plain
        return plain


_PLAIN = _Plain()


def title_key(title: str) -> bytes:
    """16 bytes that are equal for titles that differ only in case, width, space and punctuation."""
    plain = "".join([_PLAIN[character] for character in title])
    return hashlib.blake2b(plain.encode(), digest_size=16).digest()


def check_clearance(
    kind: ClearanceKind, statement: str, subject: str, subjects: Collection[str] | None
) -> None:
    """A clearance says what its kind can say, of someone it can be about (None: anyone).

    Raises ClearanceStatement and ClearanceSubject.
    """
    if statement not in STATEMENTS[kind]:
        raise ClearanceStatement(
            field="body.statement",
            kind=kind.value,
            statement=statement,
            allowed=sorted(STATEMENTS[kind]),
        )
    if subjects is not None and subject not in subjects:
        raise ClearanceSubject(
            field="body.subject", kind=kind.value, subject=subject, allowed=list(subjects)
        )


def check_clearance_dates(dated_on: date, valid_until: date | None, today: date) -> None:
    """A document of the future, or one that ran out, clears nothing; raises ClearanceDates."""
    if dated_on > today:
        raise ClearanceDates(field="body.dated_on", today=today.isoformat())
    if valid_until is not None and valid_until < today:
        raise ClearanceDates(field="body.valid_until", today=today.isoformat())


def require_reason(reason: str) -> None:
    """Raise ReasonRequired for an act against someone that does not say why."""
    if not reason:
        raise ReasonRequired(field="body.reason")
