"""Decisions about listings, without I/O: profiles, periods, who excludes whom, search terms."""

import re
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
    ProfileNotForSeller,
    ReasonRequired,
    TransferModeNotOffered,
)
from app.listings.states import ListingState, Negotiation

WAN = 10_000 * 100
"""10,000 yuan (万元) in fen."""


@dataclass(frozen=True)
class Profile:
    """The listing rules for one kind of sale, in force from a day on.

    A family is told apart by price: a band takes prices from `price_from_fen` up to, but without,
    `price_below_fen`. `verify` names the parameters that were not read at their source.
    """

    code: str
    family: str
    rule_set: str
    zh: str
    en: str
    seller_kinds: frozenset[str]
    min_disclosure_wd: int
    effective_from: date
    effective_until: date | None
    price_from_fen: int
    price_below_fen: int | None
    deposit_usual_max_bp: int
    source: str
    verify: tuple[str, ...]

    def in_force(self, day: date) -> bool:
        """Whether the profile is in force on that day."""
        return self.effective_from <= day and (
            self.effective_until is None or day <= self.effective_until
        )

    def takes(self, price_fen: int) -> bool:
        """Whether the price lies in this band."""
        return self.price_from_fen <= price_fen and (
            self.price_below_fen is None or price_fen < self.price_below_fen
        )


_PUBLIC_UNITS = frozenset({"university", "institute"})
_STATE_OWNED = frozenset({"enterprise", "institute"})
_NEGOTIABLE = frozenset({"UNIVERSITY_LISTING", "PRIVATE"})
"""Families whose sellers may agree on a price (促进科技成果转化法 18); what the state owns in an
enterprise is sold in public (企业国有资产法 54), or to the one bidder who came (C-16)."""
_SOE = "Order 32 on transactions of state-owned assets (32号令, 2016), articles 48-52; "

# Rules.md 4.2. The source leaves a price of exactly 1 or 10 million yuan undefined; TV-C3 takes
# the longer period there, so every band starts at its lower limit.
PROFILES: tuple[Profile, ...] = (
    Profile(
        code="UNIVERSITY_LISTING",
        family="UNIVERSITY_LISTING",
        rule_set="LISTING_UNIVERSITY_2015",
        zh="高校院所成果挂牌",
        en="Achievement of a university or institute",
        seller_kinds=_PUBLIC_UNITS,
        min_disclosure_wd=5,
        effective_from=date(2015, 10, 1),
        effective_until=None,
        price_from_fen=0,
        price_below_fen=None,
        deposit_usual_max_bp=3000,
        source="行政事业性国有资产管理条例 23: the exchange's own rules; rules.md 4.1, default",
        verify=("min_disclosure_wd", "deposit_usual_max_bp", "effective_from"),
    ),
    Profile(
        code="SOE_ASSET_LT_100",
        family="SOE_ASSET",
        rule_set="LISTING_SOE_2016",
        zh="国有企业资产转让(100万元以下)",
        en="Asset of a state-owned enterprise below 1 million yuan",
        seller_kinds=_STATE_OWNED,
        min_disclosure_wd=5,
        effective_from=date(2016, 6, 24),
        effective_until=None,
        price_from_fen=0,
        price_below_fen=100 * WAN,
        deposit_usual_max_bp=3000,
        source=_SOE + "no period is set below 1 million yuan; default",
        verify=("min_disclosure_wd", "deposit_usual_max_bp", "effective_from"),
    ),
    Profile(
        code="SOE_ASSET_100_1000",
        family="SOE_ASSET",
        rule_set="LISTING_SOE_2016",
        zh="国有企业资产转让(100万元至1000万元)",
        en="Asset of a state-owned enterprise, 1 to 10 million yuan",
        seller_kinds=_STATE_OWNED,
        min_disclosure_wd=10,
        effective_from=date(2016, 6, 24),
        effective_until=None,
        price_from_fen=100 * WAN,
        price_below_fen=1000 * WAN,
        deposit_usual_max_bp=3000,
        source=_SOE + "rules.md C-6",
        verify=("deposit_usual_max_bp", "effective_from"),
    ),
    Profile(
        code="SOE_ASSET_GT_1000",
        family="SOE_ASSET",
        rule_set="LISTING_SOE_2016",
        zh="国有企业资产转让(1000万元以上)",
        en="Asset of a state-owned enterprise over 10 million yuan",
        seller_kinds=_STATE_OWNED,
        min_disclosure_wd=20,
        effective_from=date(2016, 6, 24),
        effective_until=None,
        price_from_fen=1000 * WAN,
        price_below_fen=None,
        deposit_usual_max_bp=3000,
        source=_SOE + "rules.md C-6",
        verify=("deposit_usual_max_bp", "effective_from"),
    ),
    Profile(
        code="SOE_EQUITY",
        family="SOE_EQUITY",
        rule_set="LISTING_SOE_2016",
        zh="国有产权转让",
        en="Equity held by the state",
        seller_kinds=_STATE_OWNED,
        min_disclosure_wd=20,
        effective_from=date(2016, 6, 24),
        effective_until=None,
        price_from_fen=0,
        price_below_fen=None,
        deposit_usual_max_bp=3000,
        source="32号令 (2016); rules.md C-5",
        verify=("deposit_usual_max_bp", "effective_from"),
    ),
    Profile(
        code="PRIVATE",
        family="PRIVATE",
        rule_set="LISTING_PRIVATE_2015",
        zh="非国有成果挂牌",
        en="Achievement that is not state-owned",
        seller_kinds=frozenset({"enterprise", "broker"}),
        min_disclosure_wd=5,
        effective_from=date(2015, 10, 1),
        effective_until=None,
        price_from_fen=0,
        price_below_fen=None,
        deposit_usual_max_bp=3000,
        source="The exchange's own rules; rules.md 4.2, default",
        verify=("min_disclosure_wd", "deposit_usual_max_bp", "effective_from"),
    ),
)
PROFILE_CODES = tuple(profile.code for profile in PROFILES)

NOTE_BOUNDARY = "price_on_band_boundary"
NOTE_BAND = "profile_by_price"
NOTE_DEPOSIT = "deposit_above_usual"


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


@dataclass(frozen=True)
class Judgement:
    """The profile that decides, and what is to be recorded beside it."""

    profile: Profile
    notes: tuple[str, ...]


def judge(terms: Terms, day: date) -> Judgement:
    """The profile in force on `day` that decides about these terms.

    The price decides the band within the family that was asked for; the disclosure period must
    reach its minimum (rules.md C-5, C-6, TV-C3). Raises NotAnOffer, LicenceMannerMismatch,
    ProfileNotForSeller, NegotiationNotForProfile, DepositTooHigh and DisclosureTooShort.
    """
    if terms.transfer_mode == "self_implement":
        raise NotAnOffer(field="body.transfer_mode", transfer_mode=terms.transfer_mode)
    if (terms.transfer_mode == "license") != (terms.license_manner is not None):
        raise LicenceMannerMismatch(field="body.license_manner")
    profile = _profile(terms, day)
    if terms.negotiation == Negotiation.OPEN and profile.family not in _NEGOTIABLE:
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
        "UNIVERSITY_LISTING" if terms.seller_kind in _PUBLIC_UNITS else "PRIVATE"
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
