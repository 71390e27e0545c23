"""Listing profiles: the rules for each kind of sale, as dated data."""

from dataclasses import dataclass
from datetime import date

WAN = 10_000 * 100
"""10,000 yuan (万元) in fen."""


@dataclass(frozen=True)
class Profile:
    """The listing rules for one kind of sale, in force from a day on.

    A family is told apart by price: a band takes prices from `price_from_fen` up to, but without,
    `price_below_fen`. `verify` names the parameters that were not read at their source.

    Attributes:
        prolong_min_wd: working days of each prolongation at least (C-8).
        prolongations_max: how many prolongations may be announced.
        resume_min_wd: working days that are left at least after a suspension (C-11).
        suspension_months: months after which a suspended disclosure goes on by itself (C-11).
        floor_bp: share of the appraisal below which a relisting needs approval (C-9); the first
            listing needs it below the whole. None: the price is the owner's own matter.
        redo_after_months: months after the first disclosure when appraisal and disclosure start
            anew (C-10). None: never.
        relist_cut_bp: how far below the price before a relisting may go (法释〔2016〕18号 26).
        relist_within_days: days after a failure within which it is relisted (the same).
        first_instalment_bp: share of the price that is paid first at least (C-17).
        qualification_wd: working days for a decision on an application.
        correction_wd: working days for completing an application.
        appeal_wd: working days for an appeal against a refusal.
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
    prolong_min_wd: int = 5
    prolongations_max: int = 10
    resume_min_wd: int = 1
    suspension_months: int = 1
    floor_bp: int | None = None
    redo_after_months: int | None = None
    relist_cut_bp: int = 2_000
    relist_within_days: int = 30
    first_instalment_bp: int = 3_000
    qualification_wd: int = 5
    correction_wd: int = 3
    appeal_wd: int = 3

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


_OWN = (
    "prolong_min_wd",
    "prolongations_max",
    "resume_min_wd",
    "suspension_months",
    "relist_cut_bp",
    "relist_within_days",
    "first_instalment_bp",
    "qualification_wd",
    "correction_wd",
    "appeal_wd",
)
"""Parameters that this market sets itself, or takes from the rules for another kind of sale."""

PUBLIC_UNITS = frozenset({"university", "institute"})
_STATE_OWNED = frozenset({"enterprise", "institute"})
NEGOTIABLE = frozenset({"UNIVERSITY_LISTING", "PRIVATE"})
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
        seller_kinds=PUBLIC_UNITS,
        min_disclosure_wd=5,
        effective_from=date(2015, 10, 1),
        effective_until=None,
        price_from_fen=0,
        price_below_fen=None,
        deposit_usual_max_bp=3000,
        source="行政事业性国有资产管理条例 23: the exchange's own rules; rules.md 4.1, default",
        verify=("min_disclosure_wd", "deposit_usual_max_bp", "effective_from", *_OWN),
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
        verify=("min_disclosure_wd", "deposit_usual_max_bp", "effective_from", *_OWN),
        resume_min_wd=5,
        floor_bp=9_000,
        redo_after_months=12,
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
        verify=("deposit_usual_max_bp", "effective_from", *_OWN),
        resume_min_wd=10,
        floor_bp=9_000,
        redo_after_months=12,
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
        verify=("deposit_usual_max_bp", "effective_from", *_OWN),
        resume_min_wd=10,
        floor_bp=9_000,
        redo_after_months=12,
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
        verify=("deposit_usual_max_bp", "effective_from", *_OWN),
        resume_min_wd=10,
        floor_bp=9_000,
        redo_after_months=12,
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
        verify=("min_disclosure_wd", "deposit_usual_max_bp", "effective_from", *_OWN),
    ),
)
PROFILE_CODES = tuple(found.code for found in PROFILES)


def profile(code: str) -> Profile:
    """The profile of a record."""
    return next(found for found in PROFILES if found.code == code)
