"""What goes to a Meilisearch server and what comes back: settings, documents, questions, hits."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

from meilisearch_python_sdk.models.search import SearchParams

from search.definition import Definition
from search.protocol import MAX_HITS, Document, Facet, Hit, Query, RankQuery, Sort, Spans
from search.words import folded, joined, pinyin, spans, words

MAX_FACET_VALUES = 300
PRICE_VALUES = ("price_fen", "closes_at")
Strategy = Literal["all", "frequency"]
_SORTS = {
    Sort.RELEVANCE: None,
    Sort.NEWEST: ["published_at:desc", "id:asc"],
    Sort.PRICE: ["price_fen:asc", "id:asc"],
    Sort.PRICE_DOWN: ["price_fen:desc", "id:asc"],
    Sort.CLOSING: ["closes_at:asc", "id:asc"],
}


def settings_of(definition: Definition) -> dict[str, Any]:
    """The definition as the server's settings.

    Of pairs of words the server keeps only whether one text has both, and it has no index to search
    facet values by: both cost more of its time than all else, and no question of ours reads them.
    """
    return {
        "searchableAttributes": list(definition.searchable),
        "filterableAttributes": list(definition.filterable),
        "sortableAttributes": list(definition.sortable),
        "rankingRules": list(definition.ranking_rules),
        "stopWords": sorted(definition.stop_words),
        "synonyms": {one: sorted(others) for one, others in definition.lexicon.synonyms().items()},
        "typoTolerance": {
            "enabled": definition.typo.enabled,
            "minWordSizeForTypos": {
                "oneTypo": definition.typo.one_from,
                "twoTypos": definition.typo.two_from,
            },
            "disableOnAttributes": sorted(definition.typo.not_on),
        },
        "faceting": {"maxValuesPerFacet": MAX_FACET_VALUES, "sortFacetValuesBy": {"*": "count"}},
        "pagination": {"maxTotalHits": MAX_HITS},
        "proximityPrecision": "byAttribute",
        "facetSearch": False,
        "localizedAttributes": [{"attributePatterns": ["*"], "locales": ["cmn", "eng"]}],
    }


def row(document: Document) -> dict[str, Any]:
    """A document as the server keeps it."""
    texts = [folded(part) for part in (document.title, *document.keywords, document.summary)]
    found = [word for part in texts for word in words(part)]
    made: dict[str, Any] = {
        "id": document.id,
        "version": document.version,
        "digest": document.digest,
        "kind": str(document.kind),
        "audience": str(document.audience),
        "title": texts[0],
        "keywords": texts[1:-1],
        "summary": texts[-1],
        "pinyin": pinyin(texts[0]),
        "words": " ".join(found),
        "published_at": document.published_at,
    }
    made |= {name: list(values) for name, values in document.facets.items()}
    for name in PRICE_VALUES:
        if (value := getattr(document, name)) is not None:
            made[name] = value
    return made


def narrowed(query: Query | RankQuery, without: str = "") -> list[Any]:
    """What a question is narrowed to, as the server's filter; `without` the filter of one facet."""
    conditions: list[Any] = [_one_of("audience", sorted(query.audiences))]
    for name, wanted in sorted(query.narrowed.items()):
        if name != without:
            conditions.append(_one_of(Facet(name).value, wanted))
    ids = query.pool if isinstance(query, RankQuery) else query.ids
    if ids is not None:
        conditions.append(_one_of("id", ids))
    if isinstance(query, Query):
        for name, operator, value in (
            ("price_fen", ">=", query.price_min_fen),
            ("price_fen", "<=", query.price_max_fen),
            ("published_at", ">=", query.published_after),
        ):
            if value is not None:
                conditions.append(f"{name} {operator} {value}")
    return conditions


def _one_of(name: str, values: Sequence[str]) -> str:
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return f"{name} IN [{', '.join(f'{chr(34)}{value}{chr(34)}' for value in quoted)}]"


def asked(uid: str, query: Query, strategy: Strategy) -> list[SearchParams]:
    """A person's question as the server takes it, all sent as one: the page, and for each filter
    its facet counted without it."""
    text = folded(query.text)
    page = SearchParams(
        index_uid=uid,
        q=text,
        offset=query.offset,
        limit=query.limit,
        filter=narrowed(query),
        facets=[one for one in query.facets if one not in query.narrowed] or None,
        sort=_SORTS[query.sort],
        attributes_to_retrieve=["id", "digest", "title", "summary"],
        show_matches_position=True,
        show_ranking_score=True,
        matching_strategy=strategy,
    )
    counts = [
        SearchParams(
            index_uid=uid,
            q=text,
            limit=0,
            filter=narrowed(query, without=one),
            facets=[one],
            matching_strategy=strategy,
        )
        for one in query.facets
        if one in query.narrowed
    ]
    return [page, *counts]


def hit_of(found: dict[str, Any], wanted: Sequence[str]) -> Hit:
    """A hit; where words stand the server says of the title. The words of a summary are in `words`,
    which is searched in its stead, so they are looked for here."""
    places = (found.get("_matchesPosition") or {}).get("title")
    return Hit(
        id=found["id"],
        score=found.get("_rankingScore") or 0.0,
        digest=found["digest"],
        spans={
            "title": _spans(found.get("title") or "", places),
            "summary": spans(found.get("summary") or "", wanted),
        },
    )


def _spans(shown: str, places: list[dict[str, Any]] | None) -> Spans:
    """Places in bytes as places in characters."""
    if not places:
        return ()
    raw = shown.encode()
    marked = []
    for place in places:
        start = len(raw[: place["start"]].decode(errors="ignore"))
        length = len(raw[place["start"] : place["start"] + place["length"]].decode(errors="ignore"))
        marked.append((start, start + length))
    return joined(marked)


def parts_of(
    weights: dict[str, float], held: list[str], average: float
) -> tuple[tuple[str, float], ...]:
    """What each word adds by BM25: for being there, less for every further time, and less in a
    long document, which has many words by chance."""
    times = Counter(word for word in held if word in weights)
    longer = 1.2 * (0.25 + 0.75 * len(held) / max(average, 1.0))
    parts = [(word, weights[word] * 2.2 * n / (n + longer)) for word, n in times.items()]
    return tuple(sorted(parts, key=lambda one: (-one[1], one[0])))


def equal(present: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return (
            isinstance(present, dict)
            and all(equal(present.get(name), value) for name, value in wanted.items())
            and (not wanted or set(present) <= set(wanted) | _OPTIONAL)
        )
    if isinstance(wanted, list) and wanted and isinstance(wanted[0], str):
        return isinstance(present, list) and (
            present == wanted or sorted(map(str, present)) == sorted(wanted)
        )
    return bool(present == wanted)


_OPTIONAL = {"disableOnWords", "disableOnNumbers"}
