"""Decisions about registrations, without I/O: rule sets by date, deadlines, numbers, applicants."""

import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

from app.kit.calendar import CountedDate, OfficialCalendar
from app.registrations.errors import (
    ExpertReviewNeeded,
    FourEyes,
    ReviewerDecided,
    SerialsExhausted,
    TechnicalExceedsTotal,
)
from app.registrations.states import Side

LAST_SERIAL = 999_999
_OUTSIDE_MAINLAND = frozenset({"71", "81", "82"})


@dataclass(frozen=True)
class Provision:
    """One rule of a rule set, where it comes from, and whether it was read at its source."""

    id: str
    text: str
    source: str
    verify: bool


@dataclass(frozen=True)
class RuleSet:
    """The registration regime of a time (rules.md 3.5); amounts in fen, dates inclusive.

    `local_decision_days` shortens the decision by province (first two digits of the office's
    region). `large_technical_fen` is the technical amount from which on experts review, `experts`
    how many opinions that takes.
    """

    id: str
    valid_from: date | None
    valid_until: date | None
    title_zh: str
    title_en: str
    verify: bool
    counting: Literal["calendar_days", "working_days"]
    decision_days: int
    large_technical_fen: int | None
    large_decision_days: int | None
    local_decision_days: dict[str, int]
    local_source: str | None
    four_eyes: bool
    experts: int | None
    provisions: tuple[Provision, ...]


@cache
def rule_sets() -> tuple[RuleSet, ...]:
    """All rule sets, the oldest first."""
    path = Path(__file__).with_name("rule_sets.json")
    return tuple(
        RuleSet(
            id=row["id"],
            valid_from=_day(row["valid_from"]),
            valid_until=_day(row["valid_until"]),
            title_zh=row["title"][0],
            title_en=row["title"][1],
            verify=row["verify"],
            counting=row["counting"],
            decision_days=row["decision_days"],
            large_technical_fen=row["large_technical_fen"],
            large_decision_days=row["large_decision_days"],
            local_decision_days=row["local_decision_days"],
            local_source=row["local_source"],
            four_eyes=row["four_eyes"],
            experts=row["experts"],
            provisions=tuple(Provision(**provision) for provision in row["provisions"]),
        )
        for row in json.loads(path.read_text(encoding="utf-8"))
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def rule_set_on(accepted_on: date) -> RuleSet:
    """The rule set in force on the day of acceptance (Shanghai)."""
    return next(
        found
        for found in rule_sets()
        if (found.valid_from is None or found.valid_from <= accepted_on)
        and (found.valid_until is None or accepted_on <= found.valid_until)
    )


def rule_set(rule_set_id: str) -> RuleSet:
    """A rule set by its id; raises KeyError."""
    return {found.id: found for found in rule_sets()}[rule_set_id]


def decision_due(
    rules: RuleSet,
    table: OfficialCalendar,
    accepted_on: date,
    technical_fen: int,
    province: str,
    *,
    disputed: bool = False,
) -> CountedDate:
    """The last day of the office's decision (B-4, TV-B4, TV-B5); disputed ones have more time.

    `province` is the first two digits of the office's region. Calendar days follow T-1 and T-3;
    working days start with the day after acceptance.
    """
    days = rules.local_decision_days.get(province, rules.decision_days)
    reviewed = expert_review(rules, technical_fen, disputed=disputed)
    if reviewed is not None and rules.large_decision_days is not None:
        days = rules.large_decision_days
    if rules.counting == "calendar_days":
        return table.end_of_calendar_days(accepted_on, days)
    return table.end_of_working_days(accepted_on, days)


def expert_review(
    rules: RuleSet, technical_fen: int, *, disputed: bool
) -> Literal["large", "disputed"] | None:
    """Why experts review an application first, if they do (B-4, draft of 2024)."""
    if rules.large_technical_fen is None or rules.experts is None:
        return None
    if technical_fen >= rules.large_technical_fen:
        return "large"
    return "disputed" if disputed else None


_BECAUSE = {
    "large": ("技术交易额达到专家评审标准", "The technical amount is large"),
    "disputed": ("认定存在争议", "The recognition is disputed"),
}


def check_experts(
    rules: RuleSet, technical_fen: int, *, disputed: bool, for_it: int, against: int
) -> None:
    """Raise ExpertReviewNeeded until enough experts spoke and more than half are for it."""
    because = expert_review(rules, technical_fen, disputed=disputed)
    if because is None or rules.experts is None:
        return
    if for_it + against < rules.experts or for_it <= against:
        zh, en = _BECAUSE[because]
        raise ExpertReviewNeeded(
            because_zh=zh, because_en=en, given=for_it + against, needed=rules.experts
        )


def number(year: int, region4: str, point: str, serial: int | None) -> str:
    """A registration number of 16 digits (rules.md 3.6): year, region, point, serial.

    Raises SerialsExhausted after the 999,999th number of an office's year, or without a serial.
    """
    if serial is None or serial > LAST_SERIAL:
        raise SerialsExhausted(year=year)
    return f"{year:04d}{region4}{point}{serial:06d}"


def registering_side(seller_region: str, buyer_region: str) -> Side:
    """Who applies: the seller, or the buyer of technology from outside the mainland (B-1).

    What counts as import when the seller is in Hong Kong, Macao or Taiwan is to be verified.
    """
    imported = seller_region[:2] in _OUTSIDE_MAINLAND
    return Side.BUYER if imported and buyer_region[:2] not in _OUTSIDE_MAINLAND else Side.SELLER


def check_amounts(total_fen: int, technical_fen: int) -> None:
    """Raise TechnicalExceedsTotal unless 0 <= technical <= total (TV-B3)."""
    if not 0 <= technical_fen <= total_fen:
        raise TechnicalExceedsTotal(field="body.technical_fen", total_fen=total_fen)


def check_four_eyes(rules: RuleSet, *, same_person: bool, registrars: int) -> None:
    """Raise FourEyes when whoever accepted registers, and a colleague could (B-10, verify)."""
    if rules.four_eyes and same_person and registrars > 1:
        raise FourEyes


def check_reviewer(*, same_person: bool, registrars: int) -> None:
    """Raise ReviewerDecided when whoever decided judges the decision, and a colleague could [D]."""
    if same_person and registrars > 1:
        raise ReviewerDecided


KIND_OF_PARTY_TYPE = {"021": "institute", "022": "university"}
"""Kinds of organisations by party type; enterprises have types from 100 to 399."""


def party_kind(party_type: str) -> str:
    """The kind that statistics count a party of this type as (form JJ-001, rules.md 3.7)."""
    known = KIND_OF_PARTY_TYPE.get(party_type)
    if known is not None:
        return known
    return "enterprise" if party_type[:1] in {"1", "2", "3"} else "other"


IP_OF_SUB_CLASS = {
    "patent_right": "patent",
    "patent_application_right": "patent",
    "patent_license": "patent",
    "know_how": "know_how",
    "know_how_license": "know_how",
    "ic_layout": "ic_layout",
    "plant_variety": "plant_animal_variety",
    "software_copyright": "software_copyright",
    "bio_drug_variety": "bio_drug_variety",
}


def ip_type_of(sub_class: str | None) -> str:
    """The intellectual property that a sub-class speaks of, for the form's field."""
    return IP_OF_SUB_CLASS.get((sub_class or "").partition(".")[2], "none")
