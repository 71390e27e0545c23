"""Documents of the market, made from the facts that its modules give."""

from collections.abc import AsyncIterator, Iterable, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.achievements import service as achievements
from app.demands import service as demands
from app.finding import rules
from app.kit.db import Sessions
from app.listings import service as listings
from app.parties import service as parties
from search.protocol import Document, Kind

BATCH = 500
_PUBLISHED = {
    Kind.ACHIEVEMENT: achievements.published_ids,
    Kind.DEMAND: demands.published_ids,
    Kind.LISTING: listings.published_ids,
}
"""In the byte order of the documents' ids."""


async def documents(
    session: AsyncSession, wanted: Iterable[tuple[str, UUID]]
) -> dict[str, Document]:
    """The documents of these objects by id; what may not be found is left out."""
    ids: dict[str, list[UUID]] = {kind: [] for kind in Kind}
    for kind, object_id in wanted:
        ids[kind].append(object_id)
    found: list[Document | None] = []
    if ids[Kind.ACHIEVEMENT]:
        facts = await achievements.facts_of(session, ids[Kind.ACHIEVEMENT])
        owners = await parties.facts_of(session, [one.lead_party_id for one in facts.values()])
        found += [
            rules.of_achievement(one, owners[one.lead_party_id].region_code)
            for one in facts.values()
        ]
    if ids[Kind.DEMAND]:
        found += map(rules.of_demand, (await demands.facts_of(session, ids[Kind.DEMAND])).values())
    if ids[Kind.LISTING]:
        offers = await listings.facts_of(session, ids[Kind.LISTING])
        behind = await achievements.facts_of(
            session, list({one.achievement_id for one in offers.values()})
        )
        found += [rules.of_listing(one, behind.get(one.achievement_id)) for one in offers.values()]
    return {one.id: one for one in found if one is not None}


async def everything(sessions: Sessions) -> AsyncIterator[Sequence[Document]]:
    """All documents, some at a time, by id in byte order; each batch in its own transaction."""
    for kind, published_ids in _PUBLISHED.items():
        after: UUID | None = None
        while True:
            async with sessions() as session:
                ids = await published_ids(session, after, BATCH)
                batch = await documents(session, ((kind, one) for one in ids))
            if batch:
                yield [batch[one] for one in sorted(batch)]
            if len(ids) < BATCH:
                break
            after = ids[-1]
