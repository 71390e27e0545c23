"""Search: the embedded index, the changes that wait for an index, and saved searches."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0025"
down_revision = "0018"

INDEX = """
CREATE SCHEMA search;
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
"""A rebuild replaces both tables by new ones of the same shape."""

CHANGED = """
CREATE FUNCTION search_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed uuid;
BEGIN
    IF TG_OP = 'DELETE' THEN changed := OLD.id; ELSE changed := NEW.id; END IF;
    INSERT INTO search_change (target, kind, object_id)
    VALUES ('embedded', TG_ARGV[0], changed);
    IF TG_ARGV[0] = 'achievement' THEN
        INSERT INTO search_change (target, kind, object_id)
        SELECT 'embedded', 'listing', l.id FROM listing l
        WHERE l.achievement_id = changed AND l.published_at IS NOT NULL;
    END IF;
    RETURN NULL;
END
$$
"""
"""A listing shows its achievement's maturity and industry, so it changes with it. Every change is a
row of its own: writers never wait for one another here, nor for the indexer."""


def upgrade() -> None:
    """Make the tables, and note what is there already."""
    op.execute(INDEX)
    op.create_table(
        "search_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("attempts", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('achievement','listing','demand')", name="ck_search_change_kind"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_search_change"),
    )
    op.create_index("ix_search_change_target_id", "search_change", ["target", "id"])
    op.create_table(
        "search_target",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("rebuilding", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("definition_version", sa.BigInteger(), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_search_target"),
    )
    op.execute("INSERT INTO search_target (name) VALUES ('embedded'), ('meilisearch')")
    op.execute(
        "UPDATE search_target SET definition_version = 1, applied_at = clock_timestamp()"
        " WHERE name = 'embedded'"
    )
    op.create_table(
        "saved_search",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("question", JSONB(), nullable=False),
        sa.Column("mail", sa.String(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("market_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_saved_search_person_id"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name="fk_saved_search_organisation_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_saved_search"),
    )
    op.create_index("ix_saved_search_person", "saved_search", ["person_id", "id"])
    op.create_index(
        "ix_saved_search_active", "saved_search", ["id"], postgresql_where=sa.text("active")
    )
    op.create_table(
        "saved_search_match",
        sa.Column("saved_search_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column(
            "found_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("market_now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["saved_search_id"],
            ["saved_search.id"],
            name="fk_saved_search_match_saved_search_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("saved_search_id", "document_id", name="pk_saved_search_match"),
    )
    op.execute(CHANGED)
    for kind in ("achievement", "listing", "demand"):
        op.execute(
            f"CREATE TRIGGER search_changed AFTER INSERT OR UPDATE OR DELETE ON {kind}"
            f" FOR EACH ROW EXECUTE FUNCTION search_changed('{kind}')"
        )
    for kind, public in (
        ("achievement", "state = 'published'"),
        ("listing", "published_at IS NOT NULL"),
        ("demand", "published_at IS NOT NULL"),
    ):
        op.execute(
            "INSERT INTO search_change (target, kind, object_id)"
            f" SELECT 'embedded', '{kind}', id FROM {kind} WHERE {public}"
        )


def downgrade() -> None:
    """Take it all away; nothing of it is a fact of the market but the saved searches."""
    for kind in ("achievement", "listing", "demand"):
        op.execute(f"DROP TRIGGER search_changed ON {kind}")
    op.execute("DROP FUNCTION search_changed()")
    for table in ("saved_search_match", "saved_search", "search_target", "search_change"):
        op.drop_table(table)
    op.execute("DROP SCHEMA search CASCADE")
