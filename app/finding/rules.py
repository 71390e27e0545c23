"""What of an object is found, by which codes; pure."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from app.achievements.facts import AchievementFacts
from app.achievements.states import AchievementState, Secrecy
from app.demands.facts import DemandFacts
from app.demands.states import PUBLIC, DemandState
from app.kit import codes
from app.listings.facts import ListingFacts
from search.protocol import Audience, Document, Facet, Kind

WAN = 1_000_000
"""Ten thousand yuan in fen."""
PRICE_BANDS: tuple[tuple[str, int], ...] = (
    ("under_10w", 10 * WAN),
    ("10w_50w", 50 * WAN),
    ("50w_100w", 100 * WAN),
    ("100w_500w", 500 * WAN),
    ("500w_1000w", 1000 * WAN),
)
"""Each band and the price that is above it; the last, `from_1000w`, has none."""
HIGHEST_BAND = "from_1000w"
_AUDIENCES = {Secrecy.PUBLIC.value: Audience.PUBLIC, Secrecy.INTERNAL.value: Audience.MEMBERS}


def document_id(kind: str, object_id: UUID) -> str:
    """The document's id; ids in byte order are by kind, then in the order of the UUIDs."""
    return f"{kind}-{object_id}"


def object_of(document: str) -> tuple[Kind, UUID]:
    """The kind and id behind a document's id."""
    kind, _, object_id = document.partition("-")
    return Kind(kind), UUID(object_id)


def price_band(price_fen: int | None) -> tuple[str, ...]:
    """The band that a price lies in; none without a price."""
    if price_fen is None:
        return ()
    return (next((name for name, above in PRICE_BANDS if price_fen < above), HIGHEST_BAND),)


def ipc_levels(symbols: Iterable[str]) -> tuple[str, ...]:
    """Section, class, subclass and main group of each symbol: H, H01, H01M, H01M10."""
    found: dict[str, None] = {}
    for symbol in symbols:
        main = symbol.replace(" ", "").partition("/")[0]
        for length in (1, 3, 4, len(main)):
            if len(main) >= length:
                found[main[:length]] = None
    return tuple(found)


def region_levels(code: str | None) -> tuple[str, ...]:
    """Province, city and county of a division code."""
    if code is None:
        return ()
    return tuple(dict.fromkeys((code[:2] + "0000", code[:4] + "00", code)))


def industry_levels(code: str | None) -> tuple[str, ...]:
    """An industry and what it is part of, the widest first."""
    found: list[str] = []
    while code and code not in found:
        found.append(code)
        entry = codes.industries().get(code)
        code = entry.parent if entry is not None else None
    return tuple(reversed(found))


def of_achievement(one: AchievementFacts, region_code: str | None) -> Document | None:
    """An achievement that is published, by its summary alone; the details are in no index.

    `region_code` is of the organisation that posted it; of an anonymous one no more than the
    province is told (rules.md 9.5).
    """
    if one.state != AchievementState.PUBLISHED or one.secrecy not in _AUDIENCES:
        return None
    regions = region_levels(region_code)[: 1 if one.anonymous else None]
    return Document(
        id=document_id(Kind.ACHIEVEMENT, one.id),
        version=one.version,
        kind=Kind.ACHIEVEMENT,
        audience=_AUDIENCES[one.secrecy],
        title=one.title,
        summary=one.summary,
        facets=_kept(
            {
                Facet.FIELD: (one.technical_field,),
                Facet.IPC: ipc_levels(one.ipc),
                Facet.REGION: regions,
                Facet.INDUSTRY: industry_levels(one.industry_code),
                Facet.MATURITY: _maturity(one),
                Facet.TRANSFER_MODE: one.transfer_modes,
                Facet.STAGE: (str(one.state),),
            }
        ),
        published_at=_seconds(one.public_from) or 0,
    )


def of_listing(one: ListingFacts, achievement: AchievementFacts | None) -> Document | None:
    """A listing that was published; it has the industry and maturity of its achievement."""
    if one.published_at is None:
        return None
    return Document(
        id=document_id(Kind.LISTING, one.id),
        version=one.version,
        kind=Kind.LISTING,
        title=one.title,
        summary=one.summary,
        facets=_kept(
            {
                Facet.FIELD: (one.technical_field,),
                Facet.IPC: ipc_levels(one.ipc),
                Facet.REGION: region_levels(one.region_code),
                Facet.INDUSTRY: industry_levels(achievement.industry_code if achievement else None),
                Facet.MATURITY: _maturity(achievement),
                Facet.TRANSFER_MODE: (one.transfer_mode,),
                Facet.PRICE_BAND: price_band(one.price_fen),
                Facet.STAGE: (str(one.state),),
            }
        ),
        price_fen=one.price_fen,
        published_at=_seconds(one.published_at) or 0,
        closes_at=_seconds(one.closes_at),
    )


def of_demand(one: DemandFacts) -> Document | None:
    """A demand that is public; whose it is, is in no index."""
    if one.published_at is None or DemandState(one.state) not in PUBLIC:
        return None
    return Document(
        id=document_id(Kind.DEMAND, one.id),
        version=one.version,
        kind=Kind.DEMAND,
        audience=Audience.MEMBERS if one.internal else Audience.PUBLIC,
        title=one.title,
        summary=one.summary,
        keywords=one.keywords,
        facets=_kept(
            {
                Facet.FIELD: one.technical_fields,
                Facet.REGION: region_levels(one.province),
                Facet.PRICE_BAND: price_band(one.budget_fen),
                Facet.STAGE: (str(one.state),),
            }
        ),
        price_fen=one.budget_fen,
        published_at=_seconds(one.published_at) or 0,
        closes_at=_seconds(one.expires_at),
    )


def _maturity(achievement: AchievementFacts | None) -> tuple[str, ...]:
    return () if achievement is None or achievement.trl is None else (str(achievement.trl),)


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


def _kept(facets: dict[Facet, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {name.value: tuple(values) for name, values in facets.items() if values}
