"""Decisions about listings, without I/O: terms, periods, prices, who excludes whom, search."""

import re
from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.kit.calendar import CountedDate, OfficialCalendar, end_of_day, local_day, recount
from app.listings.errors import (
    DepositTooHigh,
    DisclosureTooShort,
    LicenceMannerMismatch,
    ListingNotOpen,
    NegotiationNotForProfile,
    NotAnOffer,
    PatentsExpired,
    PriceCutTooDeep,
    ProfileNotForSeller,
    ProlongationWrong,
    ReasonRequired,
    RelistTooLate,
    RequirementNotPublished,
    RequirementTwice,
    TransferModeNotOffered,
)
from app.listings.sale_profiles import NEGOTIABLE, PROFILES, PUBLIC_UNITS, Profile
from app.listings.states import ListingState, Negotiation

NOTE_BOUNDARY = "price_on_band_boundary"
NOTE_BAND = "profile_by_price"
NOTE_DEPOSIT = "deposit_above_usual"
NOTE_APPRAISAL = "appraisal_missing"


@dataclass(frozen=True)
class Terms:
    """What the rules look at; money in fen."""

    profile: str | None
    seller_kind: str
    transfer_mode: str
    license_manner: str | None
    price_fen: int
    deposit_fen: int
    disclosure_working_days: int
    negotiation: str = Negotiation.NONE
    prolong_working_days: int = 0
    prolongations_max: int = 0


@dataclass(frozen=True)
class Judgement:
    """The profile that decides, and what is to be recorded beside it."""

    profile: Profile
    notes: tuple[str, ...]


def judge(terms: Terms, day: date) -> Judgement:
    """The profile in force on `day` that decides about these terms.

    The price decides the band within the family that was asked for; the disclosure period must
    reach its minimum (rules.md C-5, C-6, TV-C3). Raises NotAnOffer, LicenceMannerMismatch,
    ProfileNotForSeller, NegotiationNotForProfile, DepositTooHigh, DisclosureTooShort and
    ProlongationWrong.
    """
    if terms.transfer_mode == "self_implement":
        raise NotAnOffer(field="body.transfer_mode", transfer_mode=terms.transfer_mode)
    if (terms.transfer_mode == "license") != (terms.license_manner is not None):
        raise LicenceMannerMismatch(field="body.license_manner")
    profile = _profile(terms, day)
    if terms.negotiation == Negotiation.OPEN and profile.family not in NEGOTIABLE:
        raise NegotiationNotForProfile(field="body.negotiation", profile=profile.code)
    if terms.deposit_fen > terms.price_fen:
        raise DepositTooHigh(
            field="body.deposit_fen", deposit_fen=terms.deposit_fen, price_fen=terms.price_fen
        )
    if terms.disclosure_working_days < profile.min_disclosure_wd:
        raise DisclosureTooShort(
            field="body.disclosure_working_days",
            given=terms.disclosure_working_days,
            minimum=profile.min_disclosure_wd,
            profile=profile.code,
        )
    check_prolonging(profile, terms.prolong_working_days, terms.prolongations_max)
    notes = []
    if profile.price_from_fen > 0 and terms.price_fen == profile.price_from_fen:
        notes.append(NOTE_BOUNDARY)
    if terms.profile is not None and terms.profile != profile.code:
        notes.append(NOTE_BAND)
    if terms.deposit_fen * 10_000 > terms.price_fen * profile.deposit_usual_max_bp:
        notes.append(NOTE_DEPOSIT)
    return Judgement(profile, tuple(notes))


def check_offer(
    transfer_mode: str,
    offered: Sequence[str],
    patent_ends: Sequence[date | None],
    day: date,
) -> None:
    """What an achievement lets be listed: a way of transfer that its owner offers, and at least
    one patent in force if it has patents; `patent_ends` are their last days, None if not known.

    Raises TransferModeNotOffered and PatentsExpired.
    """
    if offered and transfer_mode not in offered:
        raise TransferModeNotOffered(
            field="body.transfer_mode", transfer_mode=transfer_mode, allowed=sorted(offered)
        )
    ends = [end for end in patent_ends if end is not None and end < day]
    if ends and len(ends) == len(patent_ends):
        raise PatentsExpired(field="body.achievement_id", expired_on=max(ends).isoformat())


def _profile(terms: Terms, day: date) -> Profile:
    own = [
        profile
        for profile in PROFILES
        if profile.in_force(day) and terms.seller_kind in profile.seller_kinds
    ]
    asked = terms.profile or (
        "UNIVERSITY_LISTING" if terms.seller_kind in PUBLIC_UNITS else "PRIVATE"
    )
    family = next((profile.family for profile in own if profile.code == asked), None)
    for profile in own:
        if profile.family == family and profile.takes(terms.price_fen):
            return profile
    raise ProfileNotForSeller(
        field="body.profile",
        profile=asked,
        kind=terms.seller_kind,
        allowed=[profile.code for profile in own],
    )


def is_exclusive(transfer_mode: str, license_manner: str | None) -> bool:
    """Whether the offer leaves no room for another one of the same right.

    An assignment, a contribution to equity (the right passes to the company), and an exclusive or
    sole licence do (最高人民法院技术合同司法解释 25); an ordinary licence does not.
    """
    if transfer_mode == "license":
        return license_manner in {"exclusive", "sole"}
    return transfer_mode in {"assign", "equity_contribution"}


@dataclass(frozen=True)
class Period:
    """A disclosure period: the day of publication, and the moment it ends."""

    disclosure_from: date
    closes_at: datetime
    provisional: bool
    calendar_version: str


def period(published_at: datetime, working_days: int, calendar: OfficialCalendar) -> Period:
    """The disclosure period: counting starts on the day after publication, only working days
    count, and it ends at 24:00 in Shanghai of the last one (rules.md T-1, T-5, TV-C1)."""
    start = local_day(published_at)
    counted = calendar.end_of_working_days(start, working_days)
    return Period(start, end_of_day(counted.day), counted.provisional, counted.calendar_version)


def prolonged(closes_at: datetime, working_days: int, calendar: OfficialCalendar) -> Period:
    """A period that goes on for so many working days after its last one."""
    return period(closes_at - timedelta(seconds=1), working_days, calendar)


def recounted(
    disclosure_from: date, closes_at: datetime, working_days: int, calendar: OfficialCalendar
) -> Period:
    """A provisional period counted anew; it never ends earlier than people were told."""
    old = CountedDate(last_day(closes_at), True, "")
    new = recount(old, calendar.end_of_working_days(disclosure_from, working_days))
    return Period(disclosure_from, end_of_day(new.day), new.provisional, new.calendar_version)


def last_day(closes_at: datetime) -> date:
    """The day at whose 24:00 the period ends."""
    return local_day(closes_at - timedelta(microseconds=1))


def require_open(state: str, closes_at: datetime | None, now: datetime) -> None:
    """The disclosure period runs; it is over at `closes_at` even before the tick says so.

    Raises ListingNotOpen (rules.md C-14).
    """
    if state != ListingState.PUBLISHED or closes_at is None or now >= closes_at:
        raise ListingNotOpen(
            state=state, closes_at=None if closes_at is None else closes_at.isoformat()
        )


def way_to_price(negotiation: str, bidders: int) -> str:
    """The job that finds the price of a closed listing: with one qualified bidder it may be agreed
    on (rules.md C-16), with more it is bid for."""
    if bidders == 1 and negotiation != Negotiation.NONE:
        return "negotiations.begin"
    return "auctions.schedule"


def require_reason(reason: str) -> None:
    """Raise ReasonRequired for an act against someone that does not say why."""
    if not reason:
        raise ReasonRequired(field="body.reason")


IPC_PREFIX = re.compile(r"^([A-H])(?:([0-9]{2})(?:([A-Z])(?:([0-9]{1,4})(?:/([0-9]{2,6}))?)?)?)?$")


def ipc_terms(symbols: Iterable[str]) -> list[str]:
    """Section, class, subclass, main group and group of every symbol, for search by prefix."""
    found: set[str] = set()
    for symbol in symbols:
        section = IPC_PREFIX.match(symbol)
        if section is None:
            continue
        letter, number, subclass, main, group = section.groups(default="")
        found |= {letter, letter + number, letter + number + subclass}
        found |= {letter + number + subclass + main, symbol if group else letter}
    return sorted(found)


def suspension_end(suspended_at: datetime, months: int, calendar: OfficialCalendar) -> datetime:
    """When a suspension is over: at 24:00 of the corresponding day, or of the next working day
    (rules.md C-11, T-2, T-3)."""
    return end_of_day(calendar.end_of_period(local_day(suspended_at), months=months).day)


def working_days_left(
    counts_from: date,
    days: int,
    suspended_at: datetime,
    profile: Profile,
    calendar: OfficialCalendar,
) -> int:
    """The working days still to run when a period of `days` working days is suspended.

    Only whole working days before the day of suspension count as run. At least the profile's
    `resume_min_wd` are left, so that a resumed disclosure can be noticed (rules.md C-11, TV-C4).
    """
    before = local_day(suspended_at) - timedelta(days=1)
    run = calendar.working_days_between(counts_from, max(counts_from, before))
    return max(days - run, profile.resume_min_wd)


def check_prolonging(profile: Profile, working_days: int, times: int) -> None:
    """Prolongations are announced with their length (rules.md C-8); raises ProlongationWrong."""
    if times == 0 and working_days == 0:
        return
    if working_days < profile.prolong_min_wd or not 0 < times <= profile.prolongations_max:
        raise ProlongationWrong(
            field="body.prolong_working_days",
            minimum=profile.prolong_min_wd,
            most=profile.prolongations_max,
        )


def price_floor(profile: Profile, appraisal_fen: int | None, round_: int) -> int | None:
    """The least price without an approval, in fen, rounded up: the appraisal in the first round,
    the profile's share of it afterwards (rules.md C-9, TV-C2). None: there is no floor."""
    if profile.floor_bp is None or appraisal_fen is None:
        return None
    return appraisal_fen if round_ == 1 else share_up(appraisal_fen, profile.floor_bp)


def notes_on_price(profile: Profile, appraisal_fen: int | None) -> list[str]:
    """What the reviewer is to look at: an appraisal that state assets need is not stated."""
    return [NOTE_APPRAISAL] if profile.floor_bp is not None and appraisal_fen is None else []


def share_up(amount_fen: int, share_bp: int) -> int:
    """A share of an amount in basis points, rounded up to the fen."""
    return -(-amount_fen * share_bp // 10_000)


def check_relisting(
    profile: Profile, before_fen: int, price_fen: int, failed_on: date, today: date
) -> None:
    """A failed listing comes back in time and not too cheap (法释〔2016〕18号 26).

    Raises RelistTooLate and PriceCutTooDeep.
    """
    latest = failed_on + timedelta(days=profile.relist_within_days)
    if today > latest:
        raise RelistTooLate(latest=latest.isoformat())
    least = share_up(before_fen, 10_000 - profile.relist_cut_bp)
    if price_fen < least:
        raise PriceCutTooDeep(field="body.price_fen", price_fen=price_fen, least_fen=least)


def redo_from(profile: Profile, first_disclosed_on: date | None) -> date | None:
    """The day after which appraisal and disclosure start anew (rules.md C-10); None: never."""
    if profile.redo_after_months is None or first_disclosed_on is None:
        return None
    months = first_disclosed_on.month - 1 + profile.redo_after_months
    year, month = first_disclosed_on.year + months // 12, months % 12 + 1
    return date(year, month, min(first_disclosed_on.day, monthrange(year, month)[1]))


def least_first_instalment(profile: Profile, price_fen: int) -> int:
    """The least first payment of a price in instalments, rounded up (rules.md C-17, TV-C5)."""
    return share_up(price_fen, profile.first_instalment_bp)


def delay_interest(principal_fen: int, rate_bp: int, days: int, year_days: int) -> int:
    """Interest on what is paid later, rounded half up; `year_days` is 360 or 365 and has to be
    stated, as they give different amounts (rules.md C-17, TV-C5)."""
    if year_days not in {360, 365}:
        raise ValueError(f"interest is counted by 360 or 365 days a year, not {year_days}")
    share = 10_000 * year_days
    return (2 * principal_fen * rate_bp * days + share) // (2 * share)


BY_CONDITIONS = "conditions"
BY_STATUTE = "statutory"


def check_requirements(codes: Sequence[str]) -> None:
    """Every published condition has a code of its own; raises RequirementTwice."""
    for position, code in enumerate(codes):
        if code in codes[:position] or code in {BY_CONDITIONS, BY_STATUTE}:
            raise RequirementTwice(field=f"body.requirements.{position}.code", requirement=code)


def refusal_codes(
    given: Sequence[str], requirements: Sequence[str], conditions: str
) -> tuple[str, ...]:
    """The reason codes of a refusal: published conditions, or what a statute asks (C-12).

    Without structured conditions the published text is the reason. Raises
    RequirementNotPublished.
    """
    allowed = [*requirements, *([BY_CONDITIONS] if conditions else []), BY_STATUTE]
    if not given and not requirements:
        return (allowed[0],)
    for position, code in enumerate(given or [""]):
        if code not in allowed:
            raise RequirementNotPublished(
                field=f"body.codes.{position}", requirement=code, allowed=allowed
            )
    return tuple(given)


_POINTING = {
    "condition_names_credit_code": r"(?<![0-9A-Z])[0-9A-HJ-NPQRTUWXY]{17}[0-9A-Z](?![0-9A-Z])",
    "condition_names_company": r"[\u4e00-\u9fff()()]{4,}(?:有限责任公司|有限公司|集团公司)",
    "condition_names_brand": r"指定(?:品牌|型号|厂家)|(?:品牌|型号)(?:为|应为|须为)",
    "condition_names_region": r"注册(?:地|地址|住所)(?:应|须)?(?:在|为|位于)"
    r"[^,。;]{2,}?(?:区|县|镇|园)",
    "condition_fixed_capital": r"注册资本(?:应|须)?(?:为|等于|恰为)\s*[0-9.,]+",
    "condition_single_bidder": r"唯一|仅限[^,。;]{0,20}(?:一家|该公司|某公司)",
}
"""Words by which a condition seems to point at one bidder; the operator decides (C-12)."""


def pointing_notes(text: str) -> list[str]:
    """What in the published conditions seems to point at one bidder, by note code."""
    return [note for note, pattern in _POINTING.items() if re.search(pattern, text)]


def term_end(start: datetime, working_days: int, calendar: OfficialCalendar) -> datetime:
    """The end of a term of so many working days that starts on the day after."""
    return end_of_day(calendar.end_of_working_days(local_day(start), working_days).day)
