"""The SQL of questions to the embedded engine, and their values.

A question with words is answered by one statement: what answers is gathered once, with a mask of
the filters that it fails, and read for the page and for the counts. ts_rank gives how often a word
occurs, levelled off and weighed by field; how rare the word is and how long the document, is ours.

A question without words is counted by bits: a value's documents that pass the filters are the ones
of two strings of bits that both are 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import TextClause, text

from search.embedded_rows import FACETS
from search.embedded_sql import BITS, CHUNK, NO_BITS
from search.protocol import Facet, Query, RankQuery, Sort

B = 0.75
K1 = 1.2
SCORED = 2000
"""Of more documents that answer a person's question, the newest so many are ranked."""
SHORTLIST = 300
"""Of the candidates for a long text, so many are compared word by word."""
TUNED = text(
    "SELECT set_config('work_mem', '64MB', true), set_config('jit', 'off', true),"
    " set_config('max_parallel_workers_per_gather', '0', true)"
)
_ORDERS = {
    Sort.RELEVANCE: "published_at DESC, id",
    Sort.NEWEST: "published_at DESC, id",
    Sort.PRICE: "price_fen, id",
    Sort.PRICE_DOWN: "price_fen DESC NULLS LAST, id",
    Sort.CLOSING: "closes_at, id",
}
_BY_LENGTH = f"{K1 + 1} / (1 + {K1} * ({1 - B} + {B} * length / greatest(average, 1)))"
_SHOWN = "id, digest, title, summary"


@dataclass(frozen=True)
class Weighed:
    """A word as a tsquery, and what it weighs."""

    word: str
    asked: str
    weight: float


@dataclass
class Narrowed:
    """Conditions with their values, and the filters by facets apart: numbers of sets by name."""

    conditions: tuple[str, ...] = ()
    values: dict[str, Any] = field(default_factory=dict)
    filters: tuple[str, ...] = ()

    @property
    def passing(self) -> tuple[str, ...]:
        """All conditions, those of the filters too."""
        return (
            *self.conditions,
            *(f"sets && CAST(:sets_{name} AS bigint[])" for name in self.filters),
        )


def narrowed(query: Query | RankQuery, sets: Mapping[str, Sequence[int]]) -> Narrowed:
    """What a question is narrowed to; `sets` by `set_numbers`."""
    conditions = ["audience = ANY(CAST(:audiences AS text[]))"]
    values: dict[str, Any] = {"audiences": sorted(query.audiences)}
    filters = tuple(sorted(Facet(name).value for name in query.narrowed))
    for name in filters:
        values[f"sets_{name}"] = list(sets.get(name, ()))
        values[f"values_{name}"] = list(query.narrowed[name])
    ids = query.pool if isinstance(query, RankQuery) else query.ids
    if ids is not None:
        conditions.append("id = ANY(CAST(:ids AS text[]))")
        values["ids"] = list(ids)
    if isinstance(query, Query):
        for name, condition in (
            ("price_min_fen", "price_fen >= :price_min_fen"),
            ("price_max_fen", "price_fen <= :price_max_fen"),
            ("published_after", "published_at >= :published_after"),
        ):
            if getattr(query, name) is not None:
                conditions.append(condition)
                values[name] = getattr(query, name)
    return Narrowed(tuple(conditions), values, filters)


@lru_cache
def set_numbers(suffix: str) -> TextClause:
    """The sets that have one of the wanted values, by facet."""
    return text(
        f"SELECT DISTINCT s.name, s.number FROM search.facet_set{suffix} s,"
        " unnest(CAST(:names AS text[]), CAST(:wanted AS text[])) w(name, value)"
        " WHERE s.name = w.name AND s.content @> ARRAY[w.value]"
    )


@lru_cache
def known(suffix: str) -> TextClause:
    """In how many documents each word is; the empty word is in all."""
    return text(
        f"SELECT word, documents FROM search.term{suffix}"
        " WHERE word = ANY(CAST(:words AS text[])) AND documents > 0"
    )


@lru_cache
def beginning(suffix: str) -> TextClause:
    """Words that begin so, of lengths that a slip may come from."""
    return text(
        f"SELECT word, documents FROM search.term{suffix} WHERE word >= :start AND word < :end"
        " AND length(word) BETWEEN :shortest AND :longest AND documents > 0"
        " ORDER BY word LIMIT :most"
    )


def _where(conditions: Sequence[str]) -> str:
    return " AND ".join(conditions)


def _mask(filters: Sequence[str]) -> str:
    """A bit for each filter that a document fails."""
    parts = [
        f"CASE WHEN sets[{FACETS.index(name) + 1}] = ANY(CAST(:sets_{name} AS bigint[]))"
        f" THEN 0 ELSE {1 << at} END"
        for at, name in enumerate(filters)
    ]
    return " + ".join(parts) or "0"


def _score(words: int) -> str:
    parts = [
        f":weight_{at} * ts_rank(CAST(:fields AS real[]), t, CAST(:word_{at} AS tsquery))"
        for at in range(words)
    ]
    return f"({' + '.join(parts)}) * {_BY_LENGTH}"


def scoring(words: Sequence[Weighed], fields: Mapping[str, float]) -> dict[str, Any]:
    """The values of a score."""
    values: dict[str, Any] = {"fields": weights_of(fields)}
    for at, one in enumerate(words):
        values |= {f"weight_{at}": one.weight, f"word_{at}": one.asked}
    return values


def weights_of(fields: Mapping[str, float]) -> list[float]:
    """Weights of pinyin, summary, keywords and title, as ts_rank takes them."""
    return [fields["summary"], fields["summary"], fields["keywords"], fields["title"]]


@lru_cache(maxsize=512)
def search(
    suffix: str,
    conditions: tuple[str, ...],
    filters: tuple[str, ...],
    facets: tuple[str, ...],
    sort: Sort,
    words: int,
) -> TextClause:
    """Hits, counts and total of a question with words or ranges, as one row.

    `words`: how many are scored; 0 where another order is asked for. A document that fails one
    filter alone is counted for that filter's facet: what a person may choose there besides.
    """
    if words:
        page = (
            f"SELECT place, id, digest, title, summary, score FROM (SELECT id, digest, title,"
            " summary, score, row_number() OVER (ORDER BY score DESC, published_at DESC, id)"
            f" AS place FROM (SELECT *, {_score(words)} AS score FROM (SELECT d.*, c.average,"
            " d.terms || CAST('' AS tsvector) AS t FROM (SELECT at, avg(length) OVER () AS average"
            " FROM (SELECT * FROM m WHERE mask = 0"
            f" ORDER BY published_at DESC, id LIMIT {SCORED}) n) c"
            f" JOIN search.document{suffix} d ON d.ctid = c.at OFFSET 0) s) r) p"
            " ORDER BY place LIMIT :limit OFFSET :offset"
        )
    else:
        page = (
            "SELECT row_number() OVER (ORDER BY p.place) AS place, id, digest, title, summary,"
            " 0.0::float8 AS score FROM (SELECT at, row_number() OVER (ORDER BY"
            f" {_ORDERS[sort]}) AS place FROM m WHERE mask = 0 ORDER BY place LIMIT :limit"
            f" OFFSET :offset) p JOIN search.document{suffix} d ON d.ctid = p.at"
        )
    return text(
        "WITH m AS MATERIALIZED (SELECT ctid AS at, id, sets, length, published_at, price_fen,"
        f" closes_at, {_mask(filters)} AS mask FROM search.document{suffix}"
        f" WHERE {_where(conditions)}), page AS ({page})"
        f" SELECT ({_hits()}), ({_counts(suffix, filters, facets)}),"
        " (SELECT count(*) FROM m WHERE mask = 0)"
    )


def _hits() -> str:
    return (
        "SELECT coalesce(json_agg(json_build_array(id, digest, title, summary, score)"
        " ORDER BY place), '[]') FROM page"
    )


def _counts(suffix: str, filters: Sequence[str], facets: Sequence[str]) -> str:
    if not facets:
        return "SELECT CAST('[]' AS json)"
    columns = [FACETS.index(name) + 1 for name in facets]
    shown = ", ".join(f"sets[{at}] AS s{at}" for at in columns)
    grouping = ", ".join(f"(mask, s{at})" for at in columns)
    number = ", ".join(f"s{at}" for at in columns)
    own = "".join(f" WHEN '{name}' THEN {1 << at}" for at, name in enumerate(filters))
    failed = f"c.mask = CASE s.name{own} END" if own else "false"
    return (
        "SELECT coalesce(json_agg(json_build_array(name, value, n) ORDER BY n DESC, value), '[]')"
        " FROM (SELECT s.name, value, CAST(sum(n) AS bigint) AS n FROM"
        f" (SELECT coalesce({number}) AS number, mask, count(*) AS n FROM"
        f" (SELECT mask, {shown} FROM m WHERE mask & (mask - 1) = 0) v"
        f" GROUP BY GROUPING SETS ({grouping})) c JOIN search.facet_set{suffix} s USING (number)"
        f" CROSS JOIN LATERAL unnest(s.counted) value WHERE c.mask = 0 OR {failed}"
        " GROUP BY s.name, value) f"
    )


@lru_cache(maxsize=512)
def browse(suffix: str, conditions: tuple[str, ...], sort: Sort) -> TextClause:
    """A page of a question without words."""
    return text(
        f"SELECT {_SHOWN}, 0.0::float8 AS score FROM search.document{suffix}"
        f" WHERE {_where(conditions)} ORDER BY {_ORDERS[sort]} LIMIT :limit OFFSET :offset"
    )


@lru_cache(maxsize=512)
def browse_counts(
    suffix: str, filters: tuple[str, ...], stored: frozenset[str], facets: tuple[str, ...]
) -> TextClause:
    """Counts and total of a question without words, by bits.

    `stored`: filters whose values all have bits; those of the others are made from documents.
    """
    tables = [
        "passed AS MATERIALIZED (SELECT chunk, bit_or(bits) AS bits"
        f" FROM search.bits{suffix} WHERE facet = 'audience'"
        " AND value = ANY(CAST(:audiences AS text[])) GROUP BY chunk)"
    ]
    for name in filters:
        if name in stored:
            source = (
                f"SELECT chunk, bit_or(bits) AS bits FROM search.bits{suffix}"
                f" WHERE facet = '{name}' AND value = ANY(CAST(:values_{name} AS text[]))"
            )
        else:
            source = (
                f"SELECT n >> {CHUNK} AS chunk, bit_or(set_bit({NO_BITS},"
                f" CAST(n & {BITS - 1} AS integer), 1)) AS bits"
                f" FROM search.document{suffix} WHERE sets && CAST(:sets_{name} AS bigint[])"
            )
        tables.append(f"f_{name} AS ({source} GROUP BY chunk)")
    joined = "".join(f" LEFT JOIN f_{name} USING (chunk)" for name in filters)

    def bits(without: str = "") -> str:
        return "passed.bits" + "".join(
            f" & coalesce(f_{one}.bits, {NO_BITS})" for one in filters if one != without
        )

    others = "".join(f", {bits(name)} AS but_{name}" for name in filters)
    tables.append(
        f"s AS MATERIALIZED (SELECT chunk, {bits()} AS every{others} FROM passed{joined})"
    )
    own = "".join(f" WHEN '{name}' THEN s.but_{name}" for name in filters)
    chosen = f"CASE b.facet{own} ELSE s.every END" if own else "s.every"
    wanted = ", ".join(f"'{name}'" for name in facets) or "NULL"
    return text(
        f"WITH {', '.join(tables)}"
        " SELECT '' AS facet, '' AS value, coalesce(CAST(sum(bit_count(every)) AS bigint), 0) AS n"
        f" FROM s UNION ALL (SELECT b.facet, b.value, CAST(sum(bit_count(b.bits & {chosen}))"
        f" AS bigint) AS n FROM search.bits{suffix} b JOIN s USING (chunk)"
        f" WHERE b.facet IN ({wanted}) GROUP BY b.facet, b.value"
        f" HAVING sum(bit_count(b.bits & {chosen})) > 0 ORDER BY n DESC, b.value)"
    )


@lru_cache(maxsize=512)
def rank(suffix: str, conditions: tuple[str, ...], coarse: int) -> TextClause:
    """Documents by their resemblance, with the words that made it.

    `coarse`: by so many groups of words of about one weight the candidates are compared first.
    """
    limit, first = "", "0.0"
    if coarse:
        limit, first = " LIMIT :candidates", _score(coarse)
    return text(
        f"WITH candidate AS MATERIALIZED (SELECT id, length, avg(length) OVER () AS average, t FROM"
        f" (SELECT id, length, terms || CAST('' AS tsvector) AS t FROM search.document{suffix}"
        f" WHERE {_where(conditions)}{limit} OFFSET 0) c),"
        f" shortlist AS MATERIALIZED (SELECT * FROM candidate"
        + (f" ORDER BY {first} DESC, id LIMIT :shortlist" if coarse else "")
        + "), word AS MATERIALIZED (SELECT word, CAST(asked AS tsquery) AS asked, weight FROM"
        " unnest(CAST(:words AS text[]), CAST(:asked_words AS text[]), CAST(:weights AS float8[]))"
        " AS w(word, asked, weight)),"
        f" part AS (SELECT id, word, weight * ts_rank(CAST(:fields AS real[]), t, asked) *"
        f" {_BY_LENGTH} AS part FROM shortlist CROSS JOIN word)"
        " SELECT id, sum(part) AS score, array_agg(word) AS words, array_agg(part) AS parts"
        " FROM part WHERE part > 0 GROUP BY id ORDER BY score DESC, id LIMIT :limit"
    )


@lru_cache(maxsize=512)
def suggest(suffix: str, conditions: tuple[str, ...]) -> TextClause:
    """Of titles that have what was typed, those that begin with it first."""
    return text(
        f"SELECT id FROM (SELECT title, min(id) AS id, max(published_at) AS newest FROM"
        f" (SELECT id, title, published_at FROM search.document{suffix} WHERE {_where(conditions)}"
        f" AND terms @@ CAST(:asked AS tsquery) LIMIT {SCORED}) GROUP BY title)"
        " ORDER BY NOT starts_with(lower(title), :start), length(title), newest DESC, title"
        " LIMIT :limit"
    )
