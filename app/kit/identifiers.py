"""Identifiers with a check digit or a fixed form, taken apart and checked.

Unified social credit codes (GB 32100-2015, rules.md 10.1), Chinese application and patent
numbers (rules.md 10.2), publication numbers and IPC symbols (rules.md 10.4).
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""The 31 characters of a unified social credit code, in value order: no I, O, S, V, Z."""

_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ORGANISATION_CODE = re.compile(r"[0-9A-Z]{8}")
_PATENT_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)

_PATENT = re.compile(r"(?:CN|ZL)?([0-9]+)(?:\.([0-9X])|([X]))?")
_PUBLICATION = re.compile(r"CN[0-9]{7,9}[ABCUSYZ][0-9]?")
_IPC = re.compile(r"([A-H][0-9]{2}[A-Z])(?:([0-9]{1,4})/([0-9]{2,6}))?")

_LONGEST = 64  # no identifier comes near it, and an error message stays readable

Kind = Literal["invention", "utility_model", "design"]

_PATENT_KINDS: dict[str, tuple[Kind, bool]] = {
    "1": ("invention", False),
    "2": ("utility_model", False),
    "3": ("design", False),
    "8": ("invention", True),
    "9": ("utility_model", True),
}

Reason = Literal["empty", "length", "character", "check_digit", "year", "kind", "form"]


class BadIdentifier(ValueError):
    """An identifier that cannot be right.

    Attributes:
        reason: a stable word: what is wrong.
        expected: what would be right there, e.g. the check digit that fits the other digits.
    """

    def __init__(self, reason: Reason, expected: str) -> None:
        super().__init__(f"{reason}: expected {expected}")
        self.reason: Reason = reason
        self.expected = expected


@dataclass(frozen=True, slots=True)
class PatentNumber:
    """A checked application or patent number.

    Attributes:
        number: digits, dot and check digit, without the prefix: ``201710601862.3``.
        kind: what is applied for; it is the type digit's meaning.
        year: the year of the application.
        pct: True if the application entered China by the Patent Cooperation Treaty.
    """

    number: str
    kind: Kind
    year: int
    pct: bool = False


def _normalised(text: str) -> str:
    """Half-width capitals without spaces; refuses emptiness and absurd lengths."""
    if len(text) > _LONGEST:
        raise BadIdentifier("length", f"at most {_LONGEST} characters")
    # Chinese input methods write full-width digits and letters; they mean the same.
    compact = "".join(unicodedata.normalize("NFKC", text).split()).upper()
    if not compact:
        raise BadIdentifier("empty", "an identifier")
    if not compact.isascii():
        raise BadIdentifier("character", "digits and Latin letters only")
    return compact


def uscc_check_digit(first17: str) -> str:
    """The 18th character that fits the first 17 of a credit code (GB 32100-2015).

    Raises:
        BadIdentifier: if there are not exactly 17 characters of the code's alphabet.
    """
    if len(first17) != len(_USCC_WEIGHTS):
        raise BadIdentifier("length", "17 characters before the check digit")
    total = 0
    for position, (character, weight) in enumerate(zip(first17, _USCC_WEIGHTS, strict=True)):
        value = USCC_ALPHABET.find(character)
        if value < 0:
            raise BadIdentifier(
                "character", f"digits or capital letters without I, O, S, V, Z at {position + 1}"
            )
        total += value * weight
    return USCC_ALPHABET[(31 - total % 31) % 31]


def check_uscc(code: str) -> str:
    """Check a unified social credit code and return it in capitals without spaces.

    Letters are taken in every place, the first eight included: authorities such as A, N and Y
    are letters (rules.md 10.1).

    Raises:
        BadIdentifier: with the length, the character or the check digit that would be right.
    """
    normalised = _normalised(code)
    if len(normalised) != 18:
        raise BadIdentifier("length", "18 characters")
    right = uscc_check_digit(normalised[:17])
    if normalised[17] != right:
        raise BadIdentifier("check_digit", right)
    return normalised


def organisation_check_digit(first8: str) -> str:
    """The 9th character of an organisation code (GB 11714, rules.md 10.1).

    Raises:
        BadIdentifier: if there are not exactly 8 digits or capital letters.
    """
    if _ORGANISATION_CODE.fullmatch(first8) is None:
        raise BadIdentifier("form", "8 digits or capital letters")
    values = (int(character, 36) for character in first8)
    total = sum(v * w for v, w in zip(values, _ORGANISATION_WEIGHTS, strict=True))
    check = 11 - total % 11
    return {10: "X", 11: "0"}.get(check, str(check))


def make_uscc(prefix8: str, organisation8: str) -> str:
    """Build a valid credit code, for sample data, from its two free parts.

    Args:
        prefix8: registering authority, entity class and six region digits.
        organisation8: the organisation code without its check digit.

    Raises:
        BadIdentifier: if a part is not 8 characters of the code's alphabet.
    """
    if len(prefix8) != 8:
        raise BadIdentifier("length", "8 characters: authority, class and region")
    first17 = prefix8 + organisation8 + organisation_check_digit(organisation8)
    return first17 + uscc_check_digit(first17)


def patent_check_digit(digits: str) -> str:
    """The check digit of an application number: 12 digits (new form) or 8 (old form).

    Raises:
        BadIdentifier: if there are not exactly 8 or 12 digits.
    """
    if len(digits) not in (8, 12) or not (digits.isascii() and digits.isdigit()):
        raise BadIdentifier("form", "8 or 12 digits before the check digit")
    # The old form's weights 2..9 are the first eight of the new form's.
    total = sum(int(d) * w for d, w in zip(digits, _PATENT_WEIGHTS, strict=False))
    return "0123456789X"[total % 11]


def check_patent_number(text: str, *, latest_year: int | None = None) -> PatentNumber:
    """Check a Chinese application or patent number, new form or old.

    New form (from 2003-10-01): year, type, seven digits, check digit. Old form: two-digit year,
    type, five digits, check digit. The prefix CN or ZL and the dot may be missing; the number of
    digits tells the forms apart, because the check digit may not be missing.

    Args:
        text: the number as written.
        latest_year: if given, a later application year is refused.

    Raises:
        BadIdentifier: naming the check digit, year, type or form that would be right.
    """
    normalised = _normalised(text)
    match = _PATENT.fullmatch(normalised)
    if match is None:
        if _PUBLICATION.fullmatch(normalised):
            raise BadIdentifier("form", "an application number; this is a publication number")
        raise BadIdentifier("form", "12 digits, a dot and a check digit, e.g. 201710601862.3")
    digits, check = match.group(1), match.group(2) or match.group(3)
    if check is None:
        if len(digits) in (8, 12):
            raise BadIdentifier("check_digit", f".{patent_check_digit(digits)} at the end")
        digits, check = digits[:-1], digits[-1]
    if len(digits) not in (8, 12):
        raise BadIdentifier("length", "12 digits (before October 2003: 8) and a check digit")
    year, kind_digit = _patent_year(digits, latest_year)
    if kind_digit not in _PATENT_KINDS:
        raise BadIdentifier("kind", f"type 1, 2, 3, 8 or 9 instead of {kind_digit}")
    right = patent_check_digit(digits)
    if check != right:
        raise BadIdentifier("check_digit", right)
    kind, pct = _PATENT_KINDS[kind_digit]
    return PatentNumber(number=f"{digits}.{check}", kind=kind, year=year, pct=pct)


def _patent_year(digits: str, latest_year: int | None) -> tuple[int, str]:
    """The application year and type digit of either form."""
    if len(digits) == 12:
        year, kind_digit = int(digits[:4]), digits[4]
        # The four-digit year came in on 2003-10-01.
        if year < 2003:
            raise BadIdentifier("year", "2003 or later in this form; before, two digits")
    else:
        short, kind_digit = int(digits[:2]), digits[2]
        # The Patent Law came into force on 1985-04-01; the old form ended in 2003.
        if 3 < short < 85:
            raise BadIdentifier("year", "85 to 99 or 00 to 03 in the form with a two-digit year")
        year = 1900 + short if short >= 85 else 2000 + short
    if latest_year is not None and year > latest_year:
        raise BadIdentifier("year", f"{latest_year} or earlier")
    return year, kind_digit


def check_publication_number(text: str) -> str:
    """Check the form of a Chinese publication number such as ``CN114081026A``.

    Publication numbers carry no check digit, so only the form can be wrong: CN, seven to nine
    digits, a kind letter and at most one digit after it.

    Raises:
        BadIdentifier: if the form is another.
    """
    normalised = _normalised(text)
    if _PUBLICATION.fullmatch(normalised) is None:
        raise BadIdentifier("form", "CN, 7 to 9 digits and a kind letter, e.g. CN114081026A")
    return normalised


def check_ipc(text: str) -> str:
    """Check the pattern of an IPC symbol, subclass or group, and return it without spaces.

    Only the pattern is checked: editions move codes, so a symbol that is in no table is taken
    (rules.md 10.4).

    Raises:
        BadIdentifier: if it is not a subclass (``G06F``) or a group (``G06F17/30``).
    """
    normalised = _normalised(text)
    if _IPC.fullmatch(normalised) is None:
        raise BadIdentifier("form", "an IPC subclass or group, e.g. G06F or G06F 17/30")
    return normalised
