"""Searches of people: asked of the engine, shown from the database.

An index gives ids, places of words, and counts. Titles and texts come from the database, through
the same rules that decide what may be found: what has ceased to be public since it was indexed is
left out of the hits, however stale the index is.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.finding import access, rules, sources
from app.finding.engines import Engines
from app.finding.schemas import (
    SHOWN_VALUES,
    FacetValue,
    FoundView,
    Question,
    SearchView,
    SuggestionsView,
)
from app.kit.actor import Actor
from app.kit.errors import NotFound
from app.kit.http import API
from search.definition import definition
from search.protocol import (
    MAX_HITS,
    Document,
    Facet,
    Hit,
    Kind,
    Query,
    RankQuery,
    Sort,
    Spans,
)
from search.words import folded, spans

SNIPPET = 160
BEFORE = 40
SUGGESTIONS = 8
SIMILAR = 10


def query_of(
    question: Question,
    actor: Actor | None,
    sort: Sort = Sort.RELEVANCE,
    offset: int = 0,
    limit: int = 20,
) -> Query:
    """A question as the engines take it, with all that counts."""
    return Query(
        audiences=access.audiences(actor),
        text=question.q.replace("\x00", ""),
        narrowed=question.narrowed(),
        price_min_fen=question.price_min_fen,
        price_max_fen=question.price_max_fen,
        sort=sort,
        offset=offset,
        limit=limit,
        facets=tuple(one.value for one in Facet),
    )


async def find(session: AsyncSession, engines: Engines, query: Query) -> SearchView:
    """An answer to a question, from what the asker may see."""
    answer, engine = await engines.ask(lambda index: index.search(query))
    shown = await _shown(session, query.audiences, answer.hits, query.text)
    after = query.offset + len(answer.hits)
    more = len(answer.hits) == query.limit and after < min(answer.total, MAX_HITS)
    return SearchView(
        items=shown,
        total=answer.total,
        next_offset=after if more else None,
        facets={
            name: [FacetValue(value=value, count=count) for value, count in _telling(name, counts)]
            for name, counts in answer.facets.items()
        },
        engine=engine,
        degraded=engine != engines.chosen,
    )


async def suggest(
    session: AsyncSession, engines: Engines, actor: Actor | None, text: str
) -> SuggestionsView:
    """Titles that what was typed so far may become; of what may be seen now."""
    query = Query(
        audiences=access.audiences(actor), text=text.replace("\x00", ""), limit=SUGGESTIONS
    )
    ids, engine = await engines.ask(lambda index: index.suggest(query))
    documents = await sources.documents(session, [rules.object_of(one) for one in ids])
    titles = dict.fromkeys(
        documents[one].title
        for one in ids
        if one in documents and documents[one].audience in query.audiences
    )
    return SuggestionsView(
        suggestions=list(titles), engine=engine, degraded=engine != engines.chosen
    )


async def similar(
    session: AsyncSession, engines: Engines, actor: Actor | None, kind: Kind, object_id: UUID
) -> SearchView:
    """Achievements that resemble this object by their words; raises NotFound."""
    audiences = access.audiences(actor)
    found = await sources.documents(session, [(kind, object_id)])
    document = found.get(rules.document_id(kind, object_id))
    if document is None or document.audience not in audiences:
        raise NotFound
    query = RankQuery(
        audiences=audiences,
        title=document.title,
        text="\n".join((*document.keywords, document.summary)),
        narrowed={Facet.KIND.value: (Kind.ACHIEVEMENT.value,)},
        limit=SIMILAR + 1,
    )
    ranked, engine = await engines.ask(lambda index: index.rank(query))
    hits = [
        Hit(one.id, one.score, "", {"title": (), "summary": ()})
        for one in ranked
        if one.id != document.id
    ][:SIMILAR]
    shown = await _shown(session, audiences, hits, "")
    return SearchView(
        items=shown,
        total=len(shown),
        next_offset=None,
        facets={},
        engine=engine,
        degraded=engine != engines.chosen,
    )


async def _shown(
    session: AsyncSession, audiences: frozenset[str], hits: Sequence[Hit], text: str
) -> list[FoundView]:
    documents = await sources.documents(session, [rules.object_of(one.id) for one in hits])
    return [
        view(documents[one.id], _places(documents[one.id], one, text))
        for one in hits
        if one.id in documents and documents[one.id].audience in audiences
    ]


def _places(document: Document, hit: Hit, text: str) -> dict[str, Spans]:
    """Where the words stand; looked for anew in a text that has changed since it was indexed."""
    if not hit.digest or hit.digest == document.digest:
        return dict(hit.spans)
    slots = definition().lexicon.slots(folded(text))
    wanted = [word for slot in slots for way in slot.alternatives for word in way]
    return {name: spans(getattr(document, name), wanted) for name in ("title", "summary")}


def view(document: Document, places: dict[str, Spans]) -> FoundView:
    """A document as it is shown, with the part of its summary that has the words."""
    kind, object_id = rules.object_of(document.id)
    in_summary = places.get("summary", ())
    start = 0
    if in_summary and in_summary[0][1] > SNIPPET:
        start = max(in_summary[0][0] - BEFORE, 0)
    summary = document.summary[start : start + SNIPPET]
    facets = document.facets
    return FoundView(
        id=object_id,
        kind=kind,
        title=document.title,
        summary=summary,
        highlights={
            "title": list(places.get("title", ())),
            "summary": [
                (max(one - start, 0), min(end - start, len(summary)))
                for one, end in in_summary
                if one - start < len(summary) and end > start
            ],
        },
        technical_fields=list(facets.get(Facet.FIELD, ())),
        ipc=[one for one in facets.get(Facet.IPC, ()) if len(one) >= 4],
        region_code=next(reversed(facets.get(Facet.REGION, ())), None),
        transfer_modes=list(facets.get(Facet.TRANSFER_MODE, ())),
        maturity=next((int(one) for one in facets.get(Facet.MATURITY, ())), None),
        stage=next(iter(facets.get(Facet.STAGE, ())), ""),
        price_fen=document.price_fen,
        published_at=datetime.fromtimestamp(document.published_at, UTC),
        closes_at=(
            None if document.closes_at is None else datetime.fromtimestamp(document.closes_at, UTC)
        ),
        links={"self": f"{API}/{kind}s/{object_id}", "page": f"/{kind}s/{object_id}"},
    )


def _telling(name: str, counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """The counts that are shown: the most frequent, or those of a scale in its order."""
    found = list(counts.items())
    if name in {Facet.MATURITY, Facet.PRICE_BAND}:
        order = [*map(str, range(10)), *(band for band, _ in rules.PRICE_BANDS), rules.HIGHEST_BAND]
        found.sort(key=lambda pair: order.index(pair[0]))
    return found[:SHOWN_VALUES]
