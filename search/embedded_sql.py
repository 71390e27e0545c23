"""The tables of the embedded engine: making, filling and replacing them.

Names of tables end in a suffix of the caller's, never input. `document` has a number `n` for each
document, and `bits` for each value of a facet one bit for each number, in chunks: what is asked
without words is counted by them.
"""

from functools import lru_cache

from sqlalchemy import TextClause, text

CHUNK = 13
"""A chunk of bits has 2 ** CHUNK documents."""
BITS = 1 << CHUNK
NO_BITS = f"CAST(repeat('0', {BITS}) AS bit({BITS}))"
TABLES = ("document", "term", "facet_set", "bits")
_KEYS = {
    "document": "id",
    "term": "word",
    "facet_set": "number",
    "bits": "facet, value, chunk",
}
_OPTIONS = {"document": " WITH (toast_tuple_target = 128)"}
"""Texts and words of a document stand aside, so that a scan of many documents reads few pages."""
_CHUNKS = f"d.n >> {CHUNK}"
_MASK = f"set_bit({NO_BITS}, CAST(d.n & {BITS - 1} AS integer), 1)"


def create(suffix: str) -> list[TextClause]:
    """New, empty tables without the indexes that are made when they are full."""
    return [
        text(
            f"CREATE TABLE search.{name}{suffix} (LIKE search.{name} INCLUDING DEFAULTS"
            f" INCLUDING IDENTITY INCLUDING STORAGE, PRIMARY KEY ({_KEYS[name]}))"
            + _OPTIONS.get(name, "")
        )
        for name in TABLES
    ]


def drop(suffix: str) -> list[TextClause]:
    """Take the tables away."""
    return [text(f"DROP TABLE IF EXISTS search.{name}{suffix}") for name in TABLES]


def indexes(suffix: str) -> list[TextClause]:
    """The indexes of full tables."""
    table = f"search.document{suffix}"
    return [
        text("SELECT set_config('maintenance_work_mem', '256MB', true)"),
        text(f"CREATE INDEX ON {table} USING gin (terms) WITH (fastupdate = off)"),
        text(f"CREATE INDEX ON {table} USING gin (sets) WITH (fastupdate = off)"),
        text(f"CREATE INDEX ON {table} (published_at DESC, id)"),
        text(f"CREATE INDEX ON {table} (price_fen, id)"),
        text(f"CREATE INDEX ON {table} (price_fen DESC NULLS LAST, id)"),
        text(f"CREATE INDEX ON {table} (closes_at, id)"),
        text(f"CREATE INDEX ON search.facet_set{suffix} USING gin (content)"),
    ]


def finish(suffix: str) -> list[TextClause]:
    """The indexes and counts of full tables; the empty word is in all documents."""
    table = f"search.document{suffix}"
    return [
        *indexes(suffix),
        text(
            f"INSERT INTO search.term{suffix} (word, documents) SELECT word, ndoc"
            f" FROM ts_stat('SELECT terms FROM {table}') WHERE word NOT LIKE '~%'"
            f" UNION ALL SELECT '', count(*) FROM {table}"
        ),
        text(_toggled(suffix, "")),
        *analyze(suffix),
    ]


def analyze(suffix: str) -> list[TextClause]:
    """Let the planner know what is in the tables."""
    return [text(f"ANALYZE search.{name}{suffix}") for name in TABLES]


def swap(suffix: str) -> list[TextClause]:
    """Put the new tables in the place of those that answer."""
    return [
        *drop(""),
        *(text(f"ALTER TABLE search.{name}{suffix} RENAME TO {name}") for name in TABLES),
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
        "id, version, audience, digest, title, summary, sets, price_fen, published_at,"
        " closes_at, length, terms"
    )
    updates = ", ".join(f"{name} = excluded.{name}" for name in names.split(", ")[1:])
    return text(
        f"INSERT INTO search.document{suffix} AS d ({names}) SELECT id, version, audience, digest,"
        " title, summary, CAST(sets AS bigint[]), price_fen, published_at, closes_at,"
        " length, CAST(terms AS tsvector) FROM unnest(CAST(:id AS text[]),"
        " CAST(:version AS bigint[]), CAST(:audience AS text[]), CAST(:digest AS text[]),"
        " CAST(:title AS text[]), CAST(:summary AS text[]), CAST(:sets AS text[]),"
        " CAST(:price_fen AS bigint[]), CAST(:published_at AS bigint[]),"
        " CAST(:closes_at AS bigint[]), CAST(:length AS integer[]), CAST(:terms AS text[]))"
        f" AS n({names}) ON CONFLICT (id) DO UPDATE SET {updates}"
        " WHERE d.version <= excluded.version"
    )


@lru_cache
def write_sets(suffix: str) -> TextClause:
    """Add sets of values that are new."""
    return text(
        f"INSERT INTO search.facet_set{suffix} (number, name, content, counted)"
        " SELECT number, name, string_to_array(content, E'\\n'), string_to_array(counted, E'\\n')"
        " FROM unnest(CAST(:number AS bigint[]), CAST(:name AS text[]), CAST(:content AS text[]),"
        " CAST(:counted AS text[])) AS n(number, name, content, counted)"
        " ON CONFLICT (number) DO NOTHING"
    )


@lru_cache
def delete(suffix: str) -> TextClause:
    """Take rows away."""
    return text(f"DELETE FROM search.document{suffix} WHERE id = ANY(CAST(:ids AS text[]))")


def _counted(suffix: str, sign: str) -> str:
    return (
        f"INSERT INTO search.term{suffix} AS t (word, documents)"
        f" SELECT word, {sign}count(*) FROM search.document{suffix} d,"
        " unnest(array_append(tsvector_to_array(d.terms), '')) word"
        " WHERE d.id = ANY(CAST(:ids AS text[])) AND NOT starts_with(word, '~')"
        " GROUP BY word ORDER BY word"
        " ON CONFLICT (word) DO UPDATE SET documents = t.documents + excluded.documents"
    )


def _toggled(suffix: str, condition: str) -> str:
    """Turn the bits of documents over: set where they were not, cleared where they were."""
    return (
        f"INSERT INTO search.bits{suffix} AS b (facet, value, chunk, bits)"
        " SELECT facet, value, chunk, bit_xor(mask) FROM ("
        f"SELECT s.name AS facet, value, {_CHUNKS} AS chunk, {_MASK} AS mask"
        f" FROM search.document{suffix} d CROSS JOIN LATERAL unnest(d.sets) number"
        f" JOIN search.facet_set{suffix} s USING (number)"
        " CROSS JOIN LATERAL unnest(s.counted) value"
        f" {condition} UNION ALL SELECT 'audience', d.audience, {_CHUNKS}, {_MASK}"
        f" FROM search.document{suffix} d {condition}) turned"
        " GROUP BY facet, value, chunk ORDER BY facet, value, chunk"
        " ON CONFLICT (facet, value, chunk) DO UPDATE SET bits = b.bits # excluded.bits"
    )


@lru_cache
def count_out(suffix: str) -> list[TextClause]:
    """Count rows that will be replaced or taken away out."""
    return [text(_counted(suffix, "-")), text(_toggled(suffix, _GIVEN))]


@lru_cache
def count_in(suffix: str) -> list[TextClause]:
    """Count rows that are new in."""
    return [text(_counted(suffix, "")), text(_toggled(suffix, _GIVEN))]


_GIVEN = "WHERE d.id = ANY(CAST(:ids AS text[]))"


def counted_documents() -> TextClause:
    """How many documents there are, and how many the counts of facets and of words say."""
    return text(
        "SELECT (SELECT count(*) FROM search.document) AS documents, (SELECT"
        " CAST(coalesce(sum(bit_count(bits)), 0) AS bigint) FROM search.bits"
        " WHERE facet = 'audience') AS by_facets, coalesce((SELECT documents FROM search.term"
        " WHERE word = ''), 0) AS by_words"
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
