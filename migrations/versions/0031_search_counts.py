"""The embedded index anew: sets of facet values and bits to count by; regions of achievements."""

from alembic import op

revision = "0031"
down_revision = "0033"

INDEX = """
CREATE TABLE search.document (
    id text STORAGE PLAIN COLLATE "C" PRIMARY KEY,
    n bigint GENERATED ALWAYS AS IDENTITY,
    version bigint NOT NULL,
    audience text STORAGE PLAIN NOT NULL,
    digest text STORAGE PLAIN NOT NULL,
    title text STORAGE EXTERNAL NOT NULL,
    summary text STORAGE EXTERNAL NOT NULL,
    sets bigint[] STORAGE PLAIN NOT NULL,
    price_fen bigint,
    published_at bigint NOT NULL,
    closes_at bigint,
    length integer NOT NULL,
    terms tsvector STORAGE EXTERNAL NOT NULL
) WITH (toast_tuple_target = 128);
CREATE INDEX ON search.document USING gin (terms) WITH (fastupdate = off);
CREATE INDEX ON search.document USING gin (sets) WITH (fastupdate = off);
CREATE INDEX ON search.document (published_at DESC, id);
CREATE INDEX ON search.document (price_fen, id);
CREATE INDEX ON search.document (price_fen DESC NULLS LAST, id);
CREATE INDEX ON search.document (closes_at, id);
COMMENT ON TABLE search.document IS '{"version": 3}';
CREATE TABLE search.term (word text COLLATE "C" PRIMARY KEY, documents bigint NOT NULL);
CREATE TABLE search.facet_set (
    number bigint PRIMARY KEY,
    name text NOT NULL,
    content text[] NOT NULL,
    counted text[] NOT NULL
);
CREATE INDEX ON search.facet_set USING gin (content);
CREATE TABLE search.bits (
    facet text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    chunk bigint NOT NULL,
    bits bit(8192) NOT NULL,
    PRIMARY KEY (facet, value, chunk)
);
"""
"""A rebuild replaces the tables by new ones of the same shape."""

BEFORE = """
CREATE TABLE search.document (
    id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    audience text NOT NULL,
    digest text NOT NULL,
    title text NOT NULL,
    summary text NOT NULL,
    facets text[] NOT NULL,
    price_fen bigint,
    published_at bigint NOT NULL,
    closes_at bigint,
    length integer NOT NULL,
    terms tsvector NOT NULL
);
CREATE INDEX ON search.document USING gin (terms) WITH (fastupdate = off);
CREATE INDEX ON search.document USING gin (facets) WITH (fastupdate = off);
CREATE INDEX ON search.document (published_at DESC, id);
COMMENT ON TABLE search.document IS '{"version": 1}';
CREATE TABLE search.term (word text COLLATE "C" PRIMARY KEY, documents bigint NOT NULL);
"""

REGION = """
CREATE FUNCTION search_region_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search_change (target, kind, object_id)
    SELECT 'embedded', 'achievement', id FROM achievement WHERE lead_party_id = NEW.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER search_region_changed AFTER UPDATE OF region_code ON organisation
FOR EACH ROW WHEN (OLD.region_code IS DISTINCT FROM NEW.region_code)
EXECUTE FUNCTION search_region_changed();
"""
"""An achievement is found by the region of the organisation that posted it."""


def upgrade() -> None:
    """Make the tables, and note everything that is public for the index."""
    op.execute("DROP TABLE search.document")
    op.execute("DROP TABLE search.term")
    op.execute(INDEX)
    op.execute(REGION)
    _note_everything()
    op.execute(
        "UPDATE search_target SET definition_version = 3, applied_at = clock_timestamp()"
        " WHERE name = 'embedded'"
    )


def downgrade() -> None:
    """Make the tables as they were, and note everything that is public."""
    op.execute("DROP TRIGGER search_region_changed ON organisation")
    op.execute("DROP FUNCTION search_region_changed()")
    for table in ("document", "term", "facet_set", "bits"):
        op.execute(f"DROP TABLE search.{table}")
    op.execute(BEFORE)
    _note_everything()
    op.execute("UPDATE search_target SET definition_version = 1 WHERE name = 'embedded'")


def _note_everything() -> None:
    for kind, public in (
        ("achievement", "state = 'published'"),
        ("listing", "published_at IS NOT NULL"),
        ("demand", "published_at IS NOT NULL"),
    ):
        op.execute(
            "INSERT INTO search_change (target, kind, object_id)"
            f" SELECT 'embedded', '{kind}', id FROM {kind} WHERE {public}"
        )
