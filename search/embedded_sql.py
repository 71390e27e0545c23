"""The SQL of the embedded engine. Names of tables end in a suffix of the caller's, never input."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import TextClause, text

from search.protocol import Query, RankQuery, Sort

K1 = 1.2
B = 0.75
SCORED = 2000
"""Of more documents that answer a person's question, the newest so many are ranked."""
TUNED = text(
    "SELECT set_config('work_mem', '64MB', true), set_config('jit', 'off', true),"
    " set_config('max_parallel_workers_per_gather', '0', true)"
)
_ORDERS = {
    Sort.RELEVANCE: "published_at DESC, id",
    Sort.NEWEST: "published_at DESC, id",
    Sort.PRICE: "price_fen NULLS LAST, id",
    Sort.PRICE_DOWN: "price_fen DESC NULLS LAST, id",
    Sort.CLOSING: "closes_at NULLS LAST, id",
}
_BOOST = (
    "CASE u.weights[1] WHEN 'A' THEN CAST(:title AS float8) WHEN 'B' THEN CAST(:keywords AS float8)"
    " ELSE CAST(:summary AS float8) END"
)


@dataclass
class Narrowed:
    """Conditions and their values."""

    conditions: tuple[str, ...] = ()
    values: dict[str, Any] = field(default_factory=dict)


def narrowed(query: Query | RankQuery) -> Narrowed:
    """What a question is narrowed to."""
    conditions = ["audience = ANY(CAST(:audiences AS text[]))"]
    values: dict[str, Any] = {"audiences": sorted(query.audiences)}
    for at, (name, wanted) in enumerate(sorted(query.narrowed.items())):
        conditions.append(f"facets && CAST(:facet_{at} AS text[])")
        values[f"facet_{at}"] = [f"{name}:{value}" for value in wanted]
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
    return Narrowed(tuple(conditions), values)


def create(suffix: str) -> list[TextClause]:
    """New, empty tables without the indexes that are made when they are full."""
    return [
        text(
            f"CREATE TABLE search.document{suffix} (LIKE search.document INCLUDING DEFAULTS"
            f" INCLUDING STORAGE, PRIMARY KEY (id))"
        ),
        text(f"CREATE TABLE search.term{suffix} (LIKE search.term, PRIMARY KEY (word))"),
    ]


def drop(suffix: str) -> list[TextClause]:
    """Take both tables away."""
    return [text(f"DROP TABLE IF EXISTS search.{name}{suffix}") for name in ("document", "term")]


def recount(suffix: str) -> list[TextClause]:
    """Count in how many documents each word is; the empty word is in all of them."""
    return [
        text(f"TRUNCATE search.term{suffix}"),
        text(
            f"INSERT INTO search.term{suffix} (word, documents) SELECT word, ndoc"
            f" FROM ts_stat('SELECT terms FROM search.document{suffix}')"
            " WHERE word NOT LIKE '~%' UNION ALL"
            f" SELECT '', count(*) FROM search.document{suffix}"
        ),
        text(f"ANALYZE search.document{suffix}"),
    ]


def finish(suffix: str) -> list[TextClause]:
    """The indexes and counts of full tables."""
    table = f"search.document{suffix}"
    return [
        text("SELECT set_config('maintenance_work_mem', '256MB', true)"),
        text(f"CREATE INDEX ON {table} USING gin (terms) WITH (fastupdate = off)"),
        text(f"CREATE INDEX ON {table} USING gin (facets) WITH (fastupdate = off)"),
        text(f"CREATE INDEX ON {table} (published_at DESC, id)"),
        *recount(suffix),
    ]


def swap(suffix: str) -> list[TextClause]:
    """Put the new tables in the place of those that answer."""
    return [
        text("DROP TABLE search.document"),
        text("DROP TABLE search.term"),
        text(f"ALTER TABLE search.document{suffix} RENAME TO document"),
        text(f"ALTER TABLE search.term{suffix} RENAME TO term"),
    ]


def describe(suffix: str, comment: str) -> TextClause:
    """Store what the tables were made by."""
    quoted = comment.replace("'", "''").replace(":", r"\:")
    return text(f"COMMENT ON TABLE search.document{suffix} IS '{quoted}'")


def comment() -> TextClause:
    """What the tables that answer were made by."""
    return text("SELECT obj_description('search.document'::regclass, 'pg_class')")


@lru_cache
def write(suffix: str) -> TextClause:
    """Add or replace rows, unless a newer version is there."""
    names = (
        "id, version, audience, digest, title, summary, facets, price_fen, published_at,"
        " closes_at, length, terms"
    )
    updates = ", ".join(f"{name} = excluded.{name}" for name in names.split(", ")[1:])
    return text(
        f"INSERT INTO search.document{suffix} AS d ({names}) SELECT id, version, audience, digest,"
        " title, summary, string_to_array(facets, E'\\n'), price_fen, published_at, closes_at,"
        " length, CAST(terms AS tsvector) FROM unnest(CAST(:id AS text[]),"
        " CAST(:version AS bigint[]), CAST(:audience AS text[]), CAST(:digest AS text[]),"
        " CAST(:title AS text[]), CAST(:summary AS text[]), CAST(:facets AS text[]),"
        " CAST(:price_fen AS bigint[]), CAST(:published_at AS bigint[]),"
        " CAST(:closes_at AS bigint[]), CAST(:length AS integer[]), CAST(:terms AS text[]))"
        f" AS n({names}) ON CONFLICT (id) DO UPDATE SET {updates}"
        " WHERE d.version <= excluded.version"
    )


@lru_cache
def delete(suffix: str) -> TextClause:
    """Take rows away."""
    return text(f"DELETE FROM search.document{suffix} WHERE id = ANY(CAST(:ids AS text[]))")


def _counted(suffix: str, sign: str) -> TextClause:
    return text(
        f"INSERT INTO search.term{suffix} AS t (word, documents)"
        f" SELECT word, {sign}count(*) FROM search.document{suffix} d,"
        " unnest(array_append(tsvector_to_array(d.terms), '')) word"
        " WHERE d.id = ANY(CAST(:ids AS text[])) AND NOT starts_with(word, '~')"
        " GROUP BY word ORDER BY word"
        " ON CONFLICT (word) DO UPDATE SET documents = t.documents + excluded.documents"
    )


@lru_cache
def count_out(suffix: str) -> TextClause:
    """Count the words of rows that will be replaced or taken away out."""
    return _counted(suffix, "-")


@lru_cache
def count_in(suffix: str) -> TextClause:
    """Count the words of rows that are new."""
    return _counted(suffix, "")


def _where(conditions: tuple[str, ...]) -> str:
    return " AND ".join(conditions)


def _scores(suffix: str) -> str:
    """BM25 of the documents in `candidate` by the words in `asked`; a word's part by its field."""
    return (
        " total AS (SELECT greatest(sum(length), 1)::float8 / greatest(count(*), 1) AS average"
        " FROM candidate),"
        " scored AS (SELECT c.id, u.lexeme,"
        f" w.weight * {_BOOST} * f.n * {K1 + 1} / (f.n + {K1} * ({1 - B} + {B} * c.length"
        " / total.average)) AS part"
        " FROM total, candidate c JOIN"
        f" search.document{suffix} d ON d.id = c.id CROSS JOIN LATERAL unnest(d.terms) u"
        " JOIN weighted w ON w.word = u.lexeme"
        " CROSS JOIN LATERAL (SELECT cardinality(u.positions)::float8 AS n) f)"
    )


def _weighted(suffix: str) -> str:
    """The asked words with their weights: how often asked times how rare."""
    return (
        f" everything AS (SELECT documents::float8 AS documents FROM search.term{suffix}"
        " WHERE word = ''),"
        " weighted AS MATERIALIZED (SELECT word, max(weight) AS weight FROM (SELECT a.word,"
        " a.count * ln(1 + greatest(e.documents - t.documents + 0.5, 0.1)"
        " / (greatest(t.documents, 0) + 0.5)) AS weight"
        " FROM everything e, unnest(CAST(:words AS text[]), CAST(:counts AS float8[]))"
        f" AS a(word, count) JOIN search.term{suffix} t ON t.word = a.word) GROUP BY word)"
    )


@lru_cache(maxsize=512)
def search(suffix: str, conditions: tuple[str, ...], sort: Sort, relevance: bool) -> TextClause:
    """A page of what answers, in order."""
    shown = "id, digest, title, summary"
    if not relevance:
        return text(
            f"SELECT {shown}, 0.0::float8 AS score FROM search.document{suffix}"
            f" WHERE {_where(conditions)} ORDER BY {_ORDERS[sort]} LIMIT :limit OFFSET :offset"
        )
    return text(
        f"WITH candidate AS MATERIALIZED (SELECT id, length, published_at"
        f" FROM search.document{suffix}"
        f" WHERE {_where(conditions)} ORDER BY published_at DESC, id LIMIT {SCORED}),"
        + _weighted(suffix)
        + ","
        + _scores(suffix)
        + ", page AS (SELECT c.id, c.published_at, coalesce(sum(s.part), 0) AS score"
        " FROM candidate c LEFT JOIN scored s ON s.id = c.id GROUP BY c.id, c.published_at"
        " ORDER BY score DESC, c.published_at DESC, c.id LIMIT :limit OFFSET :offset)"
        f" SELECT d.id, digest, title, summary, score FROM page JOIN search.document{suffix} d"
        " ON d.id = page.id ORDER BY score DESC, page.published_at DESC, d.id"
    )


@lru_cache(maxsize=512)
def total(suffix: str, conditions: tuple[str, ...]) -> TextClause:
    """How many answer."""
    return text(f"SELECT count(*) FROM search.document{suffix} WHERE {_where(conditions)}")


@lru_cache(maxsize=512)
def facets(suffix: str, conditions: tuple[str, ...]) -> TextClause:
    """How many of what answers has each value of the asked facets."""
    return text(
        "SELECT split_part(f, ':', 1), substr(f, strpos(f, ':') + 1), count(*)"
        f" FROM search.document{suffix}, unnest(facets) f WHERE {_where(conditions)}"
        " AND split_part(f, ':', 1) = ANY(CAST(:facets AS text[])) GROUP BY f"
        " ORDER BY count(*) DESC, f"
    )


@lru_cache
def telling(suffix: str) -> TextClause:
    """The asked words that weigh most, and in how many documents each is."""
    return text(
        "WITH" + _weighted(suffix) + " SELECT a.word, a.count, t.documents"
        " FROM unnest(CAST(:words AS text[]), CAST(:counts AS float8[])) AS a(word, count)"
        f" JOIN weighted w ON w.word = a.word JOIN search.term{suffix} t ON t.word = a.word"
        " WHERE t.documents > 0 ORDER BY w.weight DESC, a.word LIMIT :most"
    )


@lru_cache(maxsize=512)
def rank(suffix: str, conditions: tuple[str, ...], *, limited: bool) -> TextClause:
    """Documents by their resemblance, with the words that made it."""
    limit = " LIMIT :candidates" if limited else ""
    return text(
        "WITH candidate AS MATERIALIZED (SELECT id, length"
        f" FROM search.document{suffix} WHERE {_where(conditions)}{limit}),"
        + _weighted(suffix)
        + ","
        + _scores(suffix)
        + " SELECT id, sum(part) AS score, array_agg(lexeme) AS words, array_agg(part) AS parts"
        " FROM scored GROUP BY id ORDER BY score DESC, id LIMIT :limit"
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


@lru_cache
def digests(suffix: str) -> TextClause:
    """Ids and digests in byte order."""
    return text(
        f"SELECT id, digest FROM search.document{suffix} WHERE id > :after ORDER BY id LIMIT :limit"
    )


@lru_cache
def count(suffix: str) -> TextClause:
    """How many rows there are."""
    return text(f"SELECT count(*) FROM search.document{suffix}")
