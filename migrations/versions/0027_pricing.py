"""Comparable prices, valuations with their signatures, and portfolios of valuations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0027"
down_revision = "0029"

MOMENT = sa.DateTime(timezone=True)

# What a valuation says never changes. Its state only moves on, an appraiser is named before the
# issue, and the document is made anew when the signatures are complete.
VALUATION_STANDS = """
CREATE FUNCTION valuation_stands() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moving text[] := ARRAY['state', 'version', 'document', 'signed_at'];
    before_issue text[] := ARRAY['content', 'content_sha256', 'issued_at', 'issued_by',
                                 'explanation', 'appraiser_id', 'signatures_needed'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'valuation % stays on record', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state = 'draft' THEN
        moving := moving || before_issue;
    END IF;
    IF OLD.state IN ('signed', 'discarded') OR to_jsonb(NEW) - moving <> to_jsonb(OLD) - moving THEN
        RAISE EXCEPTION 'what valuation % says stands', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER valuation_stands BEFORE UPDATE OR DELETE ON valuation
    FOR EACH ROW EXECUTE FUNCTION valuation_stands();
CREATE FUNCTION valuation_signature_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM valuation v
    WHERE v.id = NEW.valuation_id AND v.state = 'issued' AND v.appraiser_id = NEW.organisation_id
      AND v.content_sha256 = NEW.content_sha256;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a signature of valuation % is its appraiser''s, over what was issued',
            NEW.valuation_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER valuation_signature_fits BEFORE INSERT ON valuation_signature
    FOR EACH ROW EXECUTE FUNCTION valuation_signature_fits();
CREATE TRIGGER valuation_signature_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
    ON valuation_signature FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

COMPARABLE_CHECKS = {
    "source": "source IN ('contract','auction','imported')",
    "price": "price_fen > 0",
    "currency": "currency = 'CNY'",
    "trl": "trl BETWEEN 1 AND 9",
    "origin": "(source = 'imported') = (deal_id IS NULL)"
    " AND (source = 'imported') = (imported_by IS NOT NULL)"
    " AND (source = 'contract') = (registration_id IS NOT NULL)",
}
VALUATION_CHECKS = {
    "state": "state IN ('draft','issued','signed','discarded')",
    "purpose": "purpose IN ('trade','finance','reporting','remedy','management')",
    "range": "0 <= low_fen AND low_fen <= value_fen AND value_fen <= high_fen",
    "issued": "(state IN ('issued','signed')) = (issued_at IS NOT NULL)"
    " AND (issued_at IS NULL) = (content IS NULL)"
    " AND (issued_at IS NULL) = (content_sha256 IS NULL)"
    " AND (issued_at IS NULL) = (document IS NULL)",
    "signed": "(state = 'signed') = (signed_at IS NOT NULL)",
    "appraiser": "appraiser_id <> party_id",
    "signatures_needed": "signatures_needed BETWEEN 1 AND 9",
}


def identified(*, versioned: bool = True) -> list[sa.Column]:
    columns = [
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("created_at", MOMENT, server_default=sa.text("market_now()"), nullable=False),
    ]
    if versioned:
        columns.append(sa.Column("version", sa.BigInteger, server_default="1", nullable=False))
    return columns


def reference(table: str, name: str, target: str, *, nullable: bool = False) -> sa.Column:
    key = sa.ForeignKey(f"{target}.id", name=f"fk_{table}_{name}")
    return sa.Column(name, sa.Uuid, key, nullable=nullable)


def required(name: str, kind, **options) -> sa.Column:
    return sa.Column(name, kind, nullable=False, **options)


def checks(conditions: dict[str, str]) -> list[sa.CheckConstraint]:
    return [sa.CheckConstraint(condition, name=name) for name, condition in conditions.items()]


def upgrade() -> None:
    comparables()
    valuations()
    portfolios()
    op.execute(VALUATION_STANDS)


def comparables() -> None:
    table = "comparable_price"
    op.create_table(
        table,
        *identified(versioned=False),
        required("source", sa.String),
        required("source_key", sa.String),
        reference(table, "deal_id", "deal", nullable=True),
        reference(table, "registration_id", "registration", nullable=True),
        reference(table, "achievement_id", "achievement", nullable=True),
        reference(table, "imported_by", "organisation", nullable=True),
        required("reference", sa.String, server_default=""),
        required("title", sa.String),
        required("body", sa.String, server_default=""),
        required("technical_field", sa.String),
        required("ipc", ARRAY(sa.Text)),
        sa.Column("trl", sa.BigInteger),
        required("transfer_mode", sa.String),
        required("exclusive", sa.Boolean),
        required("region", sa.String),
        sa.Column("seller_kind", sa.String),
        required("traded_on", sa.Date),
        required("currency", sa.String, server_default="CNY"),
        required("price_fen", sa.BigInteger),
        required("payment", JSONB),
        sa.Column("voided_at", MOMENT),
        sa.UniqueConstraint("source_key", name="uq_comparable_price_source_key"),
        *checks(COMPARABLE_CHECKS),
    )
    op.create_index(
        "ix_comparable_price_field",
        table,
        ["technical_field", "traded_on"],
        postgresql_where=sa.text("voided_at IS NULL"),
    )
    op.create_index("ix_comparable_price_deal", table, ["deal_id"])


def valuations() -> None:
    table = "valuation"
    op.create_table(
        table,
        *identified(),
        reference(table, "achievement_id", "achievement"),
        required("achievement_version", sa.BigInteger),
        required("title", sa.String),
        reference(table, "party_id", "organisation"),
        reference(table, "asked_by", "person", nullable=True),
        required("purpose", sa.String),
        required("statutory", sa.Boolean),
        required("valued_on", sa.Date),
        required("subject", JSONB),
        required("plan", JSONB),
        required("comparables", JSONB),
        required("result", JSONB),
        required("low_fen", sa.BigInteger),
        required("value_fen", sa.BigInteger),
        required("high_fen", sa.BigInteger),
        required("rule_set", sa.String),
        required("method_version", sa.String),
        required("data_cut", MOMENT),
        required("seed", sa.BigInteger),
        required("explanation", sa.String, server_default=""),
        required("state", sa.String, server_default="draft"),
        reference(table, "appraiser_id", "organisation", nullable=True),
        required("signatures_needed", sa.BigInteger, server_default="1"),
        sa.Column("content", JSONB),
        sa.Column("content_sha256", sa.LargeBinary),
        sa.Column("document", sa.LargeBinary),
        sa.Column("issued_at", MOMENT),
        reference(table, "issued_by", "person", nullable=True),
        sa.Column("signed_at", MOMENT),
        *checks(VALUATION_CHECKS),
    )
    op.create_index("ix_valuation_party", table, ["party_id", "id"])
    op.create_index("ix_valuation_achievement", table, ["achievement_id", "id"])
    op.create_index("ix_valuation_appraiser", table, ["appraiser_id", "id"])
    signature = "valuation_signature"
    op.create_table(
        signature,
        *identified(versioned=False),
        reference(signature, "valuation_id", table),
        reference(signature, "organisation_id", "organisation"),
        reference(signature, "person_id", "person"),
        required("name", sa.String),
        required("licence_number", sa.String),
        required("content_sha256", sa.LargeBinary),
        required("signed_at", MOMENT),
        sa.UniqueConstraint(
            "valuation_id", "person_id", name="uq_valuation_signature_valuation_id_person_id"
        ),
    )


def portfolios() -> None:
    table = "valuation_portfolio"
    op.create_table(
        table,
        *identified(),
        reference(table, "party_id", "organisation"),
        reference(table, "asked_by", "person", nullable=True),
        required("title", sa.String),
        required("purpose", sa.String),
        required("valued_on", sa.Date),
        required("plan", JSONB),
        required("seed", sa.BigInteger),
        required("state", sa.String, server_default="running"),
        sa.Column("ended_at", MOMENT),
        sa.CheckConstraint("state IN ('running','done','stopped')", name="state"),
        sa.CheckConstraint("(state = 'running') = (ended_at IS NULL)", name="ended"),
    )
    op.create_index("ix_valuation_portfolio_party", table, ["party_id", "id"])
    item = "valuation_portfolio_item"
    key = sa.ForeignKey("valuation_portfolio.id", name=f"fk_{item}_portfolio_id")
    op.create_table(
        item,
        sa.Column("portfolio_id", sa.Uuid, key, primary_key=True),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        required("achievement_id", sa.Uuid),
        sa.Column("plan", JSONB),
        required("state", sa.String, server_default="waiting"),
        reference(item, "valuation_id", "valuation", nullable=True),
        sa.Column("error", JSONB),
        sa.CheckConstraint("state IN ('waiting','valued','failed')", name="state"),
        sa.CheckConstraint("(state = 'valued') = (valuation_id IS NOT NULL)", name="valued"),
        sa.CheckConstraint("(state = 'failed') = (error IS NOT NULL)", name="failed"),
        sa.UniqueConstraint(
            "portfolio_id", "achievement_id", name=f"uq_{item}_portfolio_id_achievement_id"
        ),
    )
    op.create_index(
        f"ix_{item}_waiting",
        item,
        ["portfolio_id", "position"],
        postgresql_where=sa.text("state = 'waiting'"),
    )


def downgrade() -> None:
    for table in (
        "valuation_portfolio_item",
        "valuation_portfolio",
        "valuation_signature",
        "valuation",
        "comparable_price",
    ):
        op.drop_table(table)
    op.execute("DROP FUNCTION valuation_signature_fits()")
    op.execute("DROP FUNCTION valuation_stands()")
